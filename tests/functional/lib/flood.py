"""Questions by UDP at a steady pace from several networks at once, and what came back for each."""
import itertools
import select
import socket
import struct
import time

from lib.wait import PATIENCE

QR_TC, RCODE = 0x8200, 0x000F


class Source:
    """Asks per_s questions a second from some addresses, three ports each; wires are used in turn."""

    def __init__(self, endpoint, addresses, per_s, wires):
        self.per_s, self._wires = per_s, itertools.cycle(wires)
        self.sockets = [self._socket(endpoint, a) for a in addresses for _ in range(3)]
        self._next = itertools.cycle(self.sockets)
        self.sent, self.whole, self.short = 0, 0, []  # short: answers without records or with TC
        self.longer = 0  # short answers that are longer than their questions
        self._asked_len = {}  # by message ID

    @staticmethod
    def _socket(endpoint, address):
        s = socket.socket(endpoint.family, socket.SOCK_DGRAM)
        s.bind((address, 0))
        s.connect(tuple(endpoint))
        s.setblocking(False)
        return s

    def send_due(self, elapsed_s):
        """What should have been sent by now, at most a burst of ten after a delay of this process."""
        due = min(int(elapsed_s * self.per_s) + 1 - self.sent, 10)
        for _ in range(due):
            wire = struct.pack("!H", self.sent & 0xFFFF) + next(self._wires)[2:]
            self._asked_len[self.sent & 0xFFFF] = len(wire)
            next(self._next).send(wire)
            self.sent += 1

    def take(self, readable):
        for s in readable:
            if s not in self.sockets:
                continue
            while True:
                try:
                    self._judge(s.recv(65535))
                except BlockingIOError:
                    break

    def _judge(self, wire):
        identifier, flags, _, answers, authorities = struct.unpack("!5H", wire[:10])
        if flags & QR_TC != QR_TC and (answers or authorities):
            self.whole += 1
            return
        self.short.append(wire)
        self.longer += len(wire) > self._asked_len[identifier]

    @property
    def lost(self):
        return self.sent - self.whole - len(self.short)

    def close(self):
        for s in self.sockets:
            s.close()


def run(seconds, *sources):
    """Let all ask for some seconds, and wait for the last answers; returns how many seconds the asking took."""
    sockets = [s for source in sources for s in source.sockets]
    begin = time.monotonic()
    while (elapsed_s := time.monotonic() - begin) < seconds:
        for source in sources:
            source.send_due(elapsed_s)
        readable, _, _ = select.select(sockets, [], [], 0.001)
        for source in sources:
            source.take(readable)
    _drain(sockets, sources)
    return elapsed_s


def _drain(sockets, sources):
    """Until nothing has come for a while."""
    while readable := select.select(sockets, [], [], 0.3 * PATIENCE)[0]:
        for source in sources:
            source.take(readable)
