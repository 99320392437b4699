"""A steady stream of questions from a thread, to see whether any goes unanswered while something else happens."""
import itertools
import socket
import struct
import threading
import time

import dns.message

from lib import ask
from lib.wait import PATIENCE


class QuestionStream:
    """One question after the other, by UDP; each must be answered within a second. Use as `with`."""

    def __init__(self, endpoint, names):
        self.endpoint, self.names = endpoint, names
        self.answered, self.slowest_s, self.problems = 0, 0.0, []
        self._halt = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._halt.set()
        self._thread.join()

    def _run(self):
        with socket.socket(self.endpoint.family, socket.SOCK_DGRAM) as udp:
            udp.settimeout(1.0 * PATIENCE)
            udp.connect(tuple(self.endpoint))
            for number, name in enumerate(itertools.cycle(self.names)):
                if self._halt.is_set():
                    return
                self._one(udp, number & 0xFFFF, name)

    def _one(self, udp, identifier, name):
        question = ask.make(name, "A")
        question.id = identifier
        begin = time.monotonic()
        try:
            udp.send(question.to_wire())
            wire = udp.recv(65535)
        except OSError as error:
            self.problems.append(f"{name}: {error}")
            return
        self.slowest_s = max(self.slowest_s, time.monotonic() - begin)
        answer = dns.message.from_wire(wire)
        if struct.unpack("!H", wire[:2])[0] != identifier or answer.rcode() != 0 or not answer.answer:
            self.problems.append(f"{name}: wrong answer {answer.to_text()}")
        self.answered += 1
