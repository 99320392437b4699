"""Packets as fast as they are answered or ignored, by UDP, TCP and TLS; each answer is checked against its request."""
import select
import socket
import ssl
import struct

from hostile.packets import packet, question
from lib.wait import PATIENCE

BATCH = 96
MARKER_IDS = 0xF000  # requests have IDs below
TRIES = 5
TLS_LINGER_S = 0.01


class UdpFlood:
    """Use as `with`.  Not faster than the server: behind each batch a good question has to be answered."""

    def __init__(self, endpoint, zone, watch):
        self.endpoint, self.zone, self.watch = endpoint, zone, watch
        self.sent, self.marker = 0, 0

    def __enter__(self):
        self.socket = socket.socket(self.endpoint.family, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        self.socket.connect(tuple(self.endpoint))
        self.poll = select.poll()
        self.poll.register(self.socket, select.POLLIN)
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, requests):
        """All the requests, in batches."""
        for start in range(0, len(requests), BATCH):
            self._batch(requests[start:start + BATCH])

    def _batch(self, requests):
        """Requests get IDs of their own, where they are long enough to have one."""
        under_way = {}
        for request in requests:
            identifier = self.sent % MARKER_IDS
            self.sent += 1
            request = struct.pack("!H", identifier)[:len(request)] + request[2:]
            under_way[identifier] = request
            self.socket.send(request)
        self._until_marker(under_way)

    def _until_marker(self, under_way):
        self.marker = (self.marker + 1) % (0x10000 - MARKER_IDS)
        identifier = MARKER_IDS + self.marker
        wire = packet([question(f"marker.{self.zone}")], identifier=identifier)
        for _ in range(TRIES):
            self.socket.send(wire)
            while self.poll.poll(1000 * PATIENCE):
                answer = self.socket.recv(65535)
                number = int.from_bytes(answer[:2], "big")
                if number == identifier:
                    return
                request = under_way.pop(number, None)
                if request is not None:
                    self.watch.udp(request, answer)
                else:
                    assert number >= MARKER_IDS, f"answered twice, or not asked: {answer.hex()}"
        raise AssertionError(f"no answer any more after {self.sent} packets")


def stream_of(requests, chance):
    """Frames with a good length mostly, else a wrong one, after which everything is out of step.

    Returns the octets and the requests that are still in step, each with its number as its ID."""
    data, in_step = b"", {}
    for number, request in enumerate(requests):
        request = struct.pack("!H", number)[:len(request)] + request[2:]
        length = chance.choice((len(request),) * 200 + (0, 1, 65535, len(request) + 1, max(0, len(request) - 1)))
        data += struct.pack("!H", length) + request
        if length != len(request):
            break
        in_step[number] = request
    return data, in_step


def flood_stream(stream, requests, chance, watch):
    """Over a connected stream (TCP or TLS), in writes of odd sizes; read to the end."""
    data, in_step = stream_of(requests, chance)
    received = b""
    try:
        send_in_pieces(stream, data, chance)
        end_writing(stream)
        while part := stream.recv(1 << 16):
            received += part
    except OSError:
        pass  # the server may have had enough of it, or (TLS) said all it had to say
    check_frames(received, in_step, watch)


def send_in_pieces(stream, data, chance):
    at = 0
    while at < len(data):
        size = chance.choice((1, 3, 100, len(data)))
        stream.sendall(data[at:at + size])
        at += size


def end_writing(stream):
    """TLS closes both ways at once: then what comes in a while is read."""
    if isinstance(stream, ssl.SSLSocket):
        stream.settimeout(TLS_LINGER_S)
    else:
        stream.shutdown(socket.SHUT_WR)


def client_hello():
    """The first octets of a client that speaks TLS."""
    sends = ssl.MemoryBIO()
    client = tls_context().wrap_bio(ssl.MemoryBIO(), sends)
    try:
        client.do_handshake()
    except ssl.SSLWantReadError:
        return sends.read()
    raise AssertionError("a handshake with nobody")


def tls_context():
    """Of a client that asks no questions about the server, and speaks DNS (RFC 7858)."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_alpn_protocols(["dot"])
    return context


def check_frames(received, in_step, watch):
    while len(received) >= 2 and len(received) - 2 >= (length := struct.unpack("!H", received[:2])[0]):
        answer, received = received[2:2 + length], received[2 + length:]
        request = in_step.pop(int.from_bytes(answer[:2], "big"), None) if len(answer) >= 2 else None
        if request is not None:
            watch.tcp(request, answer)
