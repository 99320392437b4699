"""Questions on their way to all servers of a world at once: a window of them at a time, told apart by their IDs."""
import select
import socket
import struct
import time

from lib.wait import PATIENCE

WINDOW = 100
TRIES, TRY_S = 4, 0.5


def _id(index):
    return struct.pack("!H", index + 1)


def _receive(udp, answers, missing):
    """Takes what has come until nothing is missing or nothing comes within the time of a try."""
    end = time.monotonic() + TRY_S * PATIENCE
    poll = select.poll()
    poll.register(udp, select.POLLIN)
    while missing:
        left = end - time.monotonic()
        if left <= 0 or not poll.poll(left * 1000):
            return
        octets = udp.recv(65535)
        index = (octets[0] << 8 | octets[1]) - 1 if len(octets) >= 2 else -1
        if index in missing:
            missing.discard(index)
            answers[index] = b"\0\0" + octets[2:]


class Flight:
    """Sockets to the endpoints {server: endpoint}; close() ends it. Not to be shared between processes."""

    def __init__(self, endpoints):
        self.endpoints, self.sockets, self.turn = endpoints, {}, 0
        for name, endpoint in endpoints.items():
            udp = socket.socket(endpoint.family, socket.SOCK_DGRAM)
            udp.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
            udp.connect(tuple(endpoint))
            self.sockets[name] = udp

    def close(self):
        for udp in self.sockets.values():
            udp.close()

    def ask(self, questions):
        """{server: answers}, an answer with its ID made zero, or None where none came; for a window of questions."""
        answers = {name: [None] * len(questions) for name in self.sockets}
        self._udp(questions, answers)
        self._tcp(questions, answers)
        return answers

    def _udp(self, questions, answers):
        """IDs go on from window to window, so that a late answer is nobody's."""
        base = self.turn = (self.turn + WINDOW) % 60000
        missing = {name: {base + i for i, q in enumerate(questions) if not q.tcp} for name in self.sockets}
        for _ in range(TRIES):
            for name, udp in self.sockets.items():
                for index in missing[name]:
                    udp.send(_id(index) + questions[index - base].octets[2:])
            for name, udp in self.sockets.items():
                found = dict.fromkeys(missing[name])
                _receive(udp, found, missing[name])
                for index, octets in found.items():
                    answers[name][index - base] = octets
            if not any(missing.values()):
                return

    def _tcp(self, questions, answers):
        indexes = [i for i, q in enumerate(questions) if q.tcp]
        if indexes:
            for name, endpoint in self.endpoints.items():
                _tcp_all(endpoint, questions, indexes, answers[name])


def read_message(stream):
    head = stream.read(2)
    if len(head) < 2:
        return None
    return stream.read(head[0] << 8 | head[1])


def _tcp_all(endpoint, questions, indexes, answers):
    """All over one connection; what a server leaves unanswered by closing it gets a connection of its own."""
    left = _tcp_once(endpoint, questions, indexes, answers)
    for index in left:
        for _ in range(2):
            if not _tcp_once(endpoint, questions, [index], answers):
                break


def _tcp_once(endpoint, questions, indexes, answers):
    left = set(indexes)
    try:
        with socket.create_connection(tuple(endpoint), 5 * PATIENCE) as connection, \
                connection.makefile("rb") as stream:
            connection.sendall(b"".join(struct.pack("!H", len(questions[i].octets)) + _id(i) + questions[i].octets[2:]
                                        for i in indexes))
            while left and (octets := read_message(stream)) is not None:
                index = (octets[0] << 8 | octets[1]) - 1
                if index in left:
                    left.discard(index)
                    answers[index] = b"\0\0" + octets[2:]
    except (ConnectionError, socket.timeout):
        pass
    return left


def silence(endpoints, requests, seconds=1.0):
    """{server: answers} to requests as they are, where silence is what is hoped for; all wait together."""
    answers, sockets = {name: [None] * len(requests) for name in endpoints}, {}
    poll = select.poll()
    for name, endpoint in endpoints.items():
        for index, octets in enumerate(requests):
            udp = socket.socket(endpoint.family, socket.SOCK_DGRAM)
            udp.connect(tuple(endpoint))
            udp.send(octets)
            poll.register(udp, select.POLLIN)
            sockets[udp.fileno()] = udp, name, index
    end = time.monotonic() + seconds * PATIENCE
    while (left := end - time.monotonic()) > 0:
        for descriptor, _ in poll.poll(left * 1000):
            udp, name, index = sockets[descriptor]
            answers[name][index] = udp.recv(65535)
            poll.unregister(udp)
    for udp, _, _ in sockets.values():
        udp.close()
    return answers
