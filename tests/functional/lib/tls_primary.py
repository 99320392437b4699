"""A primary over TLS that behaves as a test says, and writes down whatever comes to it in clear."""
import contextlib
import socket
import ssl
import struct

import dns.exception

from lib.ports import new_endpoint
from lib.scripted import CLOSE, STALL, ScriptedPrimary

HANDSHAKE = 0x16  # first octet of a TLS connection


def server_context(certificate, version=None, alpn=("dot",), clients=None):
    """clients: path of authorities of clients, whose certificates are then required."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain(certificate.certificate, certificate.key)
    if version:
        made.minimum_version = made.maximum_version = version
    if alpn:
        made.set_alpn_protocols(list(alpn))
    if clients:
        made.load_verify_locations(clients)
        made.verify_mode = ssl.CERT_REQUIRED
    return made


class TlsPrimary(ScriptedPrimary):
    """behaviour: serve; close or stall, in the handshake; http, which speaks that in clear; mute, which takes everything
    and says nothing.  `clear`: what was not TLS; `connections`: handshakes done."""

    def __init__(self, zone, certificate, key=None, **how):
        super().__init__(zone, key)
        self.context, self.behaviour = server_context(certificate, **how), "serve"
        self.clear, self.connections, self.sizes = [], 0, []

    def moved(self):
        """To another port, as a server that is not there yet."""
        self.endpoint = new_endpoint()
        return self

    def _serve_udp(self):
        with self._udp as udp:
            while not self._halt.is_set():
                with contextlib.suppress(socket.timeout):
                    self.clear.append(("udp", udp.recvfrom(65535)[0]))

    def _serve_stream(self, stream):
        with stream, contextlib.suppress(OSError, dns.exception.DNSException, EOFError):
            stream.settimeout(0.1)
            first = self._wait(lambda: stream.recv(1, socket.MSG_PEEK))
            if first and first[0] != HANDSHAKE:
                self.clear.append(("tcp", stream.recv(4096)))
                return
            getattr(self, "_" + self.behaviour)(stream)

    def _wait(self, read):
        while not self._halt.is_set():
            try:
                return read()
            except (TimeoutError, ssl.SSLWantReadError):
                continue
        raise EOFError

    def _close(self, stream):
        stream.recv(100)

    def _stall(self, stream):
        stream.recv(65535)
        self._halt.wait()

    def _http(self, stream):
        stream.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        stream.recv(65535)

    def _serve(self, stream):
        stream.settimeout(5)
        with self.context.wrap_socket(stream, server_side=True, suppress_ragged_eofs=False) as secure:
            self.connections += 1
            secure.settimeout(0.1)
            while self._exchange(secure):
                pass

    def _read(self, secure, length):
        data = b""
        while len(data) < length:
            part = self._wait(lambda: secure.recv(length - len(data)))
            if not part:
                raise EOFError
            data += part
        return data

    def _exchange(self, secure):
        wire = self._read(secure, struct.unpack("!H", self._read(secure, 2))[0])
        self.sizes.append(len(wire))
        secure.settimeout(5)
        goes_on = self._answer(secure, self._parse(wire))
        secure.settimeout(0.1)
        return goes_on


__all__ = ["CLOSE", "STALL", "TlsPrimary", "server_context"]
