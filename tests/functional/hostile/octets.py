"""Messages taken apart octet by octet, letters in the case in which they come, by a reader that forgives nothing: what
RFC 1035 section 4.1.4 and RFC 3597 section 4 do not let a sender do is an error here."""
import socket
import struct
from typing import NamedTuple

from lib.wait import PATIENCE

SOA, OPT, TSIG, IXFR, AXFR = 6, 41, 250, 251, 252
POINTER_REACH = 0x4000
# Names in RDATA: a number is so many octets, "n" a name that may be compressed, "u" one that must not be, "s" a string.
LAYOUTS = {2: "n", 3: "n", 4: "n", 5: "n", SOA: "nn", 7: "n", 8: "n", 9: "n", 12: "n", 14: "nn", 15: "2n", 17: "uu",
           18: "2u", 21: "2u", 26: "2uu", 33: "222u", 35: "22sssu", 36: "2u", 39: "u", 46: "2248222u", 47: "u"}


class Record(NamedTuple):
    owner: bytes
    type: int
    ttl: int
    rdata: bytes


class Reader:
    """Of one message; names: where a label of a name that was read begins, the only places to point to."""

    def __init__(self, wire):
        self.wire, self.at, self.names = wire, 0, set()

    def take(self, count):
        assert self.at + count <= len(self.wire), "it ends early"
        self.at += count
        return self.wire[self.at - count:self.at]

    def number(self, octets=2):
        return int.from_bytes(self.take(octets), "big")

    def name(self, may_point=True):
        labels, place, end = [], self.at, None
        begun = []
        while self.wire[place]:
            length = self.wire[place]
            if length >= 0xC0:
                target = (length & 0x3F) << 8 | self.wire[place + 1]
                assert may_point, f"compressed at {place}, where it must not be"
                assert target in self.names, f"the pointer at {place} leads to {target}, where no label of a name is"
                end = end or place + 2
                place = target
                continue
            assert length < 64, f"label of kind {length >> 6} at {place}"
            labels.append(self.wire[place:place + 1 + length])
            if end is None:
                begun.append(place)
            place += 1 + length
        self.at = end or place + 1
        self.names.update(begun)
        name = b"".join(labels) + b"\0"
        assert len(name) <= 255, "a name of more than 255 octets"
        return name

    def rdata(self, rdtype, length):
        begin, parts = self.at, []
        for kind in LAYOUTS.get(rdtype, "") if length else "":
            if kind in "nu":
                parts.append(self.name(may_point=kind == "n"))
            elif kind == "s":
                parts.append(self.take(1 + self.wire[self.at]))
            else:
                parts.append(self.take(int(kind)))
        assert self.at <= begin + length, "names beyond the end of RDATA"
        return b"".join(parts) + self.take(begin + length - self.at)

    def record(self):
        owner = self.name()
        rdtype, rdclass, ttl, length = self.number(), self.number(), self.number(4), self.number()
        assert rdclass == 1 or rdtype in (OPT, TSIG), f"class {rdclass}"
        return Record(owner, rdtype, ttl, self.rdata(rdtype, length))


class Message:
    def __init__(self, wire):
        reader = Reader(wire)
        self.wire, self.id, self.flags = wire, reader.number(), reader.number()
        counts = [reader.number() for _ in range(4)]
        begin = reader.at
        for _ in range(counts[0]):
            reader.name(may_point=False)
            reader.take(4)
        self.question = wire[begin:reader.at]
        self.sections = [[reader.record() for _ in range(count)] for count in counts[1:]]
        assert reader.at == len(wire), f"{len(wire) - reader.at} octets after the end"

    @property
    def answer(self):
        return self.sections[0]

    @property
    def rcode(self):
        return self.flags & 15

    @property
    def is_truncated(self):
        return bool(self.flags & 0x0200)


def request(name, rdtype, soa=None, size=None, do=False, identifier=0x1234):
    """A question; soa: a record for the authority section; size: with EDNS, for so many octets."""
    opt = b"" if size is None else b"\0" + struct.pack("!HHIH", OPT, size, 0x8000 if do else 0, 0)
    return (struct.pack("!6H", identifier, 0, 1, 0, 1 if soa else 0, 1 if opt else 0) + name +
            struct.pack("!2H", rdtype, 1) + (soa or b"") + opt)


def _exactly(stream, count):
    octets = stream.read(count)
    assert len(octets) == count, "the connection was closed"
    return octets


def by_tcp(endpoint, wire, is_over):
    """Messages until is_over(all of them)."""
    messages = []
    with socket.create_connection(tuple(endpoint), 20 * PATIENCE) as connection, connection.makefile("rb") as stream:
        connection.sendall(struct.pack("!H", len(wire)) + wire)
        while not messages or not is_over(messages):
            length = struct.unpack("!H", _exactly(stream, 2))[0]
            messages.append(Message(_exactly(stream, length)))
    return messages


def by_udp(endpoint, wire, timeout=5):
    with socket.socket(endpoint.family, socket.SOCK_DGRAM) as udp:
        udp.settimeout(timeout * PATIENCE)
        udp.connect(tuple(endpoint))
        udp.send(wire)
        return Message(udp.recv(65535))


def records_of(messages):
    return [record for message in messages for record in message.answer]


def is_transferred(messages):
    """A stream of a transfer is at its end: an error, the zone's end, or that of differences."""
    records = records_of(messages)
    if messages[-1].rcode or not records:
        return True
    last_serial = records[0].rdata[-20:-16]
    newest = sum(r.type == SOA and r.rdata[-20:-16] == last_serial for r in records)
    is_zone = len(records) > 1 and records[1].type != SOA
    return len(records) > 1 and records[-1].type == SOA and newest == (2 if is_zone else 3)
