"""Requests as wire format, their ID zero: whoever sends them puts an ID in."""
import struct

QUERY, NOTIFY, UPDATE = 0, 4, 5
IN = 1
RD, CD, AD, Z, RA, TC, AA, QR = 0x0100, 0x0010, 0x0020, 0x0040, 0x0080, 0x0200, 0x0400, 0x8000
DO = 0x8000
ROOT = b"\0"


def option(code, data=b""):
    return struct.pack("!HH", code, len(data)) + data


def record(owner, rdtype, rdclass, ttl, rdata=b""):
    return owner + struct.pack("!HHIH", rdtype, rdclass, ttl, len(rdata)) + rdata


def opt(size=1232, flags=0, version=0, rcode_high=0, options=b"", owner=ROOT):
    return record(owner, 41, size, rcode_high << 24 | version << 16 | flags, options)


def header(flags=0, opcode=QUERY, counts=(1, 0, 0, 0), rcode=0):
    return struct.pack("!6H", 0, flags | opcode << 11 | rcode, *counts)


def question(qname, qtype, qclass=IN):
    return qname + struct.pack("!HH", qtype, qclass)


def request(qname, qtype, qclass=IN, flags=0, opcode=QUERY, edns=b"", answer=(), authority=(), additional=()):
    """One question, the records given, and an OPT record (or none: b'')."""
    counts = (1, len(answer), len(authority), len(additional) + bool(edns))
    return (header(flags, opcode, counts) + question(qname, qtype, qclass) + b"".join(answer) + b"".join(authority)
            + b"".join(additional) + edns)
