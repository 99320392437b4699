"""Thousands of questions as octets: by UDP, a window of them under way, and over one connection, pipelined."""
import select
import socket
import struct
import time

from lib.wait import PATIENCE

WINDOW = 100


def by_udp(endpoint, requests, tries=5):
    """The answers in the order of the requests, whose first two octets are replaced.  All must be answered."""
    answers = []
    with socket.socket(endpoint.family, socket.SOCK_DGRAM) as udp:
        udp.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        udp.connect(tuple(endpoint))
        for start in range(0, len(requests), WINDOW):
            answers += _window(udp, start, requests[start:start + WINDOW], tries)
    return answers


def _window(udp, start, requests, tries):
    found = {}
    for _ in range(tries):
        for number, request in enumerate(requests):
            if number not in found:
                udp.send(struct.pack("!H", start + number & 0xFFFF) + request[2:])
        end = time.monotonic() + 1 * PATIENCE
        while len(found) < len(requests) and select.select([udp], [], [], max(0, end - time.monotonic()))[0]:
            answer = udp.recv(65535)
            number = (struct.unpack("!H", answer[:2])[0] - start) & 0xFFFF
            if number < len(requests):
                found[number] = answer
        if len(found) == len(requests):
            return [found[number] for number in range(len(requests))]
    missing = next(n for n in range(len(requests)) if n not in found)
    raise AssertionError(f"no answer to {requests[missing].hex()} after {tries} tries")


def by_tcp(endpoint, requests, window=50):
    """The same over one connection; answers may come in any order within a window."""
    answers = []
    with socket.create_connection(tuple(endpoint), 10 * PATIENCE) as stream:
        data = b""
        for start in range(0, len(requests), window):
            part = requests[start:start + window]
            stream.sendall(b"".join(struct.pack("!HH", len(r), n) + r[2:] for n, r in enumerate(part)))
            found = {}
            while len(found) < len(part):
                received = stream.recv(1 << 18)
                assert received, "the server closed a connection with questions in it"
                data += received
                while len(data) >= 2 and len(data) - 2 >= (length := struct.unpack("!H", data[:2])[0]):
                    message, data = data[2:2 + length], data[2 + length:]
                    found[struct.unpack("!H", message[:2])[0]] = message
            answers += [found[n] for n in range(len(part))]
    return answers


def complete(endpoint, requests):
    """By UDP, and the truncated ones by TCP: what a resolver ends up with."""
    answers = by_udp(endpoint, requests)
    cut = [n for n, answer in enumerate(answers) if answer[2] & 0x02]
    for number, answer in zip(cut, by_tcp(endpoint, [requests[n] for n in cut])):
        answers[number] = answer
    return answers
