"""Endpoints on loopback. Ports lie below Linux' ephemeral range and are tried for UDP and TCP before use."""
import os
import random
import socket
from typing import NamedTuple

FIRST_PORT, LAST_PORT, SLICES = 10240, 32000, 16


class Endpoint(NamedTuple):
    address: str
    port: int

    @property
    def family(self):
        return socket.AF_INET6 if ":" in self.address else socket.AF_INET

    @property
    def text(self):
        """As our configuration, NSD's and Knot's write it."""
        return f"{self.address}@{self.port}"


def _slice_of_worker():
    """Parallel workers of one run draw from different slices, so that they cannot meet."""
    width = (LAST_PORT - FIRST_PORT) // SLICES
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0")[2:] or 0) % SLICES
    return range(FIRST_PORT + worker * width, FIRST_PORT + (worker + 1) * width)


_random = random.Random(os.urandom(8))
_given = set()


def _is_free(address, port):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
        with socket.socket(family, kind) as s:
            if kind == socket.SOCK_STREAM:
                s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                s.bind((address, port))
            except OSError:
                return False
    return True


def new_port(*addresses):
    """A port free on all the addresses, never given twice by this process."""
    for _ in range(1000):
        port = _random.choice(_slice_of_worker())
        if port not in _given and all(_is_free(a, port) for a in addresses):
            _given.add(port)
            return port
    raise RuntimeError("no free port found")


def new_endpoint(address="127.0.0.1"):
    return Endpoint(address, new_port(address))
