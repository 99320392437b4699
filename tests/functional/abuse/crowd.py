"""A crowd of TCP clients as a process of its own, one epoll for all: idle ones, slow ones and busy ones.

    crowd.py ADDRESS PORT ZONE IDLE SLOW BUSY [SOURCE]

Every client has a source address of its own, in 127.100.0.0 and above, unless SOURCE is given for all.  Who is closed
by the server comes back.  A line of JSON a quarter of a second goes to the standard output; ends with its standard
input.

idle: connects and says nothing, or asks once.  slow: sends an octet now and then, or asks for more than fits the
buffers and reads an octet now and then.  busy: asks, reads the answer, asks again a second later."""
import collections
import errno
import heapq
import json
import random
import select
import socket
import struct
import sys
import time

IP_BIND_ADDRESS_NO_PORT = 24
CONNECT_AGAIN_S, SLOW_TICK_S, BUSY_EACH_S, REPORT_S = 0.5, 0.4, 1.0, 0.25
CONNECTS_PER_TURN = 100


def question(name, rdtype):
    labels = b"".join(bytes([len(label)]) + label.encode() for label in name.split("."))
    wire = struct.pack("!6H", 7, 0, 1, 0, 0, 0) + labels + b"\0" + struct.pack("!HH", rdtype, 1)
    return struct.pack("!H", len(wire)) + wire


class Client:
    """kind: idle, asked (idle after one question), sender (slow), reader (slow), busy."""

    def __init__(self, crowd, kind, source):
        self.crowd, self.kind, self.source, self.socket = crowd, kind, source, None
        self.data, self.sent, self.asked_at = b"", 0, 0.0
        self.generation = 0

    def connect(self):
        self.generation += 1
        self.data, self.sent = b"", 0
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        self.socket.setsockopt(socket.IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1)
        if self.kind == "reader":
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        try:
            self.socket.bind((self.source, 0))
            self.socket.connect(self.crowd.server)
        except OSError as error:
            if error.errno != errno.EINPROGRESS:
                self.close()
                return
        self.crowd.watch(self, select.EPOLLOUT)

    def close(self):
        if self.socket:
            self.crowd.forget(self)
            self.socket.close()
            self.socket = None
        self.crowd.later(CONNECT_AGAIN_S * (0.5 + random.random()), self)

    def is_open(self):
        self.crowd.connected(self)
        self.crowd.watch(self, 0 if self.kind == "reader" else select.EPOLLIN)
        if self.kind in ("asked", "busy"):
            self.ask()
        elif self.kind == "reader":
            self.socket.send(question(f"huge.{self.crowd.zone}", 16) * 40)
        if self.kind in ("sender", "reader"):
            self.crowd.later(SLOW_TICK_S * (0.5 + random.random()), self)

    def ask(self):
        self.asked_at = time.monotonic()
        self.socket.send(self.crowd.question)

    def tick(self):
        if self.socket is None:
            self.connect()
        elif self.kind == "busy":
            self.ask()
        elif self.kind == "sender":
            self.sent += 1
            self.socket.send(self.crowd.question[self.sent % 20:][:1])
            self.crowd.later(SLOW_TICK_S, self)
        elif self.kind == "reader":
            if not self.socket.recv(1):
                self.close()
                return
            self.crowd.later(SLOW_TICK_S, self)

    def readable(self):
        part = self.socket.recv(65536)
        if not part:
            self.close()
            return
        self.data += part
        if len(self.data) >= 2 and len(self.data) - 2 >= struct.unpack("!H", self.data[:2])[0]:
            self.data = b""
            self.crowd.count["answers"] += 1
            if self.kind == "busy":
                self.crowd.slowest_s = max(self.crowd.slowest_s, time.monotonic() - self.asked_at)
                self.crowd.later(BUSY_EACH_S * (0.5 + random.random()), self)


class Crowd:
    def __init__(self, server, zone):
        self.server, self.zone, self.question = server, zone, question(f"www.{zone}", 1)
        self.epoll, self.clients, self.timers = select.epoll(), {}, []
        self.count, self.open, self.slowest_s, self.number = collections.Counter(), collections.Counter(), 0.0, 0
        self.established = set()

    def watch(self, client, events):
        fd = client.socket.fileno()
        if fd in self.clients:
            self.epoll.modify(fd, events)
        else:
            self.clients[fd] = client
            self.epoll.register(fd, events)

    def forget(self, client):
        fd = client.socket.fileno()
        if self.clients.pop(fd, None):
            self.epoll.unregister(fd)
        if client in self.established:
            self.established.discard(client)
            self.open[client.kind] -= 1
            self.count["closed"] += 1
        else:
            self.count["failed"] += 1

    def connected(self, client):
        self.established.add(client)
        self.open[client.kind] += 1
        self.count["connects"] += 1

    def later(self, seconds, client):
        self.number += 1
        heapq.heappush(self.timers, (time.monotonic() + seconds, self.number, client.generation, client))

    def run(self, clients):
        for n, client in enumerate(clients):
            self.later(n * 0.0002, client)
        report_at = time.monotonic()
        while not select.select([sys.stdin], [], [], 0)[0]:
            wait_s = max(0.0, min(report_at, self.timers[0][0] if self.timers else report_at) - time.monotonic())
            for fd, events in self.epoll.poll(wait_s, 256):
                if fd in self.clients:
                    self._guarded(self.clients[fd], self._event, events)
            self._due()
            if time.monotonic() >= report_at:
                report_at = time.monotonic() + REPORT_S
                self._report()

    def _due(self):
        for _ in range(CONNECTS_PER_TURN):
            if not self.timers or self.timers[0][0] > time.monotonic():
                return
            _, _, generation, client = heapq.heappop(self.timers)
            if generation == client.generation:
                self._guarded(client, lambda c, _: c.tick(), 0)

    def _event(self, client, events):
        if client not in self.established:
            if client.socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
                client.close()
            else:
                client.is_open()
        elif events & (select.EPOLLHUP | select.EPOLLERR) and client.kind == "reader":
            client.close()
        else:
            client.readable()

    def _guarded(self, client, function, argument):
        try:
            function(client, argument)
        except BlockingIOError:
            if client.kind == "reader":
                self.later(SLOW_TICK_S, client)
        except OSError:
            client.close()

    def _report(self):
        print(json.dumps({**self.count, "open": dict(self.open), "slowest_ms": round(self.slowest_s * 1000, 1)}),
              flush=True)
        self.slowest_s = 0.0


def main(address, port, zone, idle, slow, busy, source=None):
    crowd, clients = Crowd((address, int(port)), zone), []
    kinds = ([("idle", "asked")[n % 2] for n in range(int(idle))]
             + [("sender", "reader")[n % 2] for n in range(int(slow))] + ["busy"] * int(busy))
    for number, kind in enumerate(kinds):
        own = f"127.{100 + (number >> 14)}.{number >> 7 & 127}.{(number & 127) + 1}"
        clients.append(Client(crowd, kind, source or own))
    random.shuffle(clients)
    crowd.run(clients)


if __name__ == "__main__":
    main(*sys.argv[1:])
