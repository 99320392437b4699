"""Requests as octets and answers taken apart octet by octet: nothing that a library would forgive is forgiven."""
import select
import socket
import struct
import time

from hostile.packets import packet, question
from lib.wait import PATIENCE

OPT, TSIG = 41, 250


class BadAnswer(AssertionError):
    """The answer is no DNS message."""


class Rr:
    def __init__(self, owner, rdtype, rdclass, ttl, rdata):
        self.owner, self.type, self.rdclass, self.ttl, self.rdata = owner, rdtype, rdclass, ttl, rdata


class Answer:
    """Header bits as attributes, sections as lists of Rr without OPT; the OPT's fields, edns None: there is none."""

    def __init__(self, data):
        if len(data) < 12:
            raise BadAnswer(f"{len(data)} octets")
        self.data, self.at = data, 12
        self.id, bits, *counts = struct.unpack("!6H", data[:12])
        self.counts = counts
        self.qr, self.opcode = bits >> 15, bits >> 11 & 15
        self.aa, self.tc, self.rd, self.ra = (bits >> shift & 1 for shift in (10, 9, 8, 7))
        self.z, self.ad, self.cd, self.rcode = bits >> 6 & 1, bits >> 5 & 1, bits >> 4 & 1, bits & 15
        self.edns, self.edns_flags, self.udp_size, self.options = None, 0, 0, {}
        start = self.at
        for _ in range(counts[0]):
            self._name()
            self._take(4)
        self.question = data[start:self.at]
        self.answer, self.authority, additional = ([self._record() for _ in range(n)] for n in counts[1:])
        if self.at != len(data):
            raise BadAnswer(f"{len(data) - self.at} octets behind the last record")
        self.additional = [rr for rr in additional if rr.type != OPT]
        self._edns([rr for rr in additional if rr.type == OPT])
        if any(rr.type == OPT for rr in self.answer + self.authority):
            raise BadAnswer("an OPT outside of the additional section")

    def _take(self, length):
        if self.at + length > len(self.data):
            raise BadAnswer("cut")
        self.at += length
        return self.data[self.at - length:self.at]

    def _name(self):
        """The name in wire form, its pointers followed; they must lead backwards."""
        name, limit = self._labels(), len(self.data)
        while name[-1:] != b"\0":
            target = struct.unpack("!H", name[-2:])[0] & 0x3FFF
            if target >= limit or target < 12:
                raise BadAnswer("a pointer that does not lead back")
            limit, came_from, self.at = target, self.at, target
            name = name[:-2] + self._labels()
            self.at = came_from
        if len(name) > 255:
            raise BadAnswer("a name of more than 255 octets")
        return name

    def _labels(self):
        """Labels up to and with the root's or a pointer."""
        start = self.at
        while True:
            length = self._take(1)[0]
            if length == 0:
                return self.data[start:self.at]
            if length >= 0xC0:
                self._take(1)
                return self.data[start:self.at]
            if length > 63:
                raise BadAnswer(f"a label of type {length:#x}")
            self._take(length)

    def _record(self):
        owner = self._name()
        rdtype, rdclass, ttl, length = struct.unpack("!HHIH", self._take(10))
        return Rr(owner, rdtype, rdclass, ttl, self._take(length))

    def _edns(self, opts):
        if len(opts) > 1 or any(rr.owner != b"\0" for rr in opts):
            raise BadAnswer("more than one OPT, or one that is not the root's")
        for rr in opts:
            self.rcode |= rr.ttl >> 24 << 4
            self.edns, self.edns_flags, self.udp_size = rr.ttl >> 16 & 255, rr.ttl & 0xFFFF, rr.rdclass
            rest = rr.rdata
            while rest:
                if len(rest) < 4 or len(rest) < 4 + struct.unpack("!H", rest[2:4])[0]:
                    raise BadAnswer("an option that is cut")
                code, length = struct.unpack("!HH", rest[:4])
                self.options.setdefault(code, []).append(rest[4:4 + length])
                rest = rest[4 + length:]

    @property
    def do(self):
        return self.edns_flags >> 15

    def has(self, rdtype):
        return any(rr.type == rdtype for rr in self.answer)

    def covered(self, section):
        """Types of the section's RRsets, those of signatures as ("RRSIG", type)."""
        return {("RRSIG", struct.unpack("!H", rr.rdata[:2])[0]) if rr.type == 46 else rr.type for rr in section}


MARKER_ID = 0xBEEF


def marker(zone):
    """A good question that is answered behind all that went before it on the same socket."""
    return packet([question(f"marker.{zone}", 16)], identifier=MARKER_ID)


def is_marker(data):
    return data[:2] == struct.pack("!H", MARKER_ID)


def by_udp(endpoint, request, zone, source=None):
    """What was answered to the request, as octets: a list of none or one, unless the server is odd."""
    with socket.socket(endpoint.family, socket.SOCK_DGRAM) as udp:
        if source:
            udp.bind((source, 0))
        udp.connect(tuple(endpoint))
        udp.send(request)
        udp.send(marker(zone))
        answers, end = [], time.monotonic() + 5 * PATIENCE
        while True:
            if not select.select([udp], [], [], max(0, end - time.monotonic()))[0]:
                raise AssertionError(f"not even a good question is answered behind {request.hex()}")
            data = udp.recv(65535)
            if is_marker(data):
                return answers
            answers.append(data)


def framed(request):
    return struct.pack("!H", len(request)) + request


def by_tcp(endpoint, request, zone, source=None):
    """The same over a TCP connection of its own; one that the server closes has no more answers."""
    with socket.create_connection(tuple(endpoint), 5 * PATIENCE,
                                  source_address=(source, 0) if source else None) as stream:
        stream.sendall(framed(request) + framed(marker(zone)))
        return read_frames(stream, is_marker)


def read_frames(stream, is_last, seconds=5):
    """Messages up to the one that is_last names, which is left out, or to the end of the connection."""
    stream.settimeout(seconds * PATIENCE)
    data, answers = b"", []
    while True:
        part = stream.recv(65535)
        if not part:
            assert not data, "closed inside of a message"
            return answers
        data += part
        while len(data) >= 2 and len(data) - 2 >= struct.unpack("!H", data[:2])[0]:
            length = struct.unpack("!H", data[:2])[0]
            message, data = data[2:2 + length], data[2 + length:]
            if is_last(message):
                return answers
            answers.append(message)


WAYS = {"udp": by_udp, "tcp": by_tcp}


def ask(way, endpoint, request, zone, source=None):
    """The one answer, taken apart; None: there is none."""
    answers = WAYS[way](endpoint, request, zone, source)
    assert len(answers) <= 1, [a.hex() for a in answers]
    return Answer(answers[0]) if answers else None
