"""Requests as octets: valid ones of every kind, headers that nobody sends, and their mutations."""
import random
import struct

from hostile.primary import name

OPT_PLAIN = b"\0\0\x29\x04\xd0\0\0\0\0\0\0"
TSIG_BODY = (name("hmac-sha256") + struct.pack("!HIHH", 0, 1700000000, 300, 32) + bytes(32)
             + struct.pack("!HHH", 0, 0, 0))


def opt(size=1232, version=0, flags=0, options=b"", owner=b"\0", rcode_high=0, rdlength=None):
    rdlength = len(options) if rdlength is None else rdlength
    return owner + struct.pack("!HHBBHH", 41, size, rcode_high, version, flags, rdlength) + options


def option(code, data=b"", length=None):
    return struct.pack("!HH", code, len(data) if length is None else length) + data


def tsig(key="k1", body=TSIG_BODY):
    return name(key) + struct.pack("!HHIH", 250, 255, 0, len(body)) + body


def question(qname, qtype=1, qclass=1):
    return (qname if isinstance(qname, bytes) else name(qname)) + struct.pack("!HH", qtype, qclass)


def rr(owner, rdtype, rdata=b"", rdclass=1, ttl=0):
    return (owner if isinstance(owner, bytes) else name(owner)) + struct.pack("!HHIH", rdtype, rdclass, ttl,
                                                                              len(rdata)) + rdata


def packet(questions=(), answer=(), authority=(), additional=(), flags=0, counts=None, identifier=0x1234, tail=b""):
    sections = [list(questions), list(answer), list(authority), list(additional)]
    counts = counts or [len(s) for s in sections]
    return struct.pack("!HH4H", identifier, flags, *counts) + b"".join(b"".join(s) for s in sections) + tail


def odd_headers(zone):
    """label -> packet; each is answered (or not) by a server that holds zone with www below it."""
    www, apex = f"www.{zone}", zone
    soa = name(f"ns1.{zone}") + name(f"h.{zone}") + struct.pack("!5I", 1, 1, 1, 1, 1)
    a = b"\1\2\3\4"
    good = question(www)
    table = {
        "plain": packet([good]),
        "plain-edns": packet([good], additional=[opt()]),
        "rd": packet([good], flags=0x0100),
        "all-flags": packet([good], flags=0x07F0),
        "z-bit": packet([good], flags=0x0040),
        "ad": packet([good], flags=0x0020),
        "cd": packet([good], flags=0x0010),
        "tc": packet([good], flags=0x0200),
        "aa": packet([good], flags=0x0400),
        "rcode-in-question": packet([good], flags=0x0005),
        "no-question": packet(),
        "no-question-edns": packet(additional=[opt()]),
        "no-question-cookie": packet(additional=[opt(options=option(10, b"12345678"))]),
        "two-questions": packet([good, good]),
        "two-questions-edns": packet([good, good], additional=[opt()]),
        "qdcount-2-of-1": packet([good], counts=[2, 0, 0, 0]),
        "qdcount-0-of-1": packet([good], counts=[0, 0, 0, 0]),
        "arcount-1-of-0": packet([good], counts=[1, 0, 0, 1]),
        "ancount-65535": packet([good], counts=[1, 65535, 0, 0]),
        "header-only-qd1": packet(counts=[1, 0, 0, 0]),
        "trailing-octet": packet([good], tail=b"\0"),
        "trailing-octets": packet([good], tail=bytes(40)),
        "answer-in-question": packet([good], answer=[rr(www, 1, a)]),
        "authority-in-question": packet([good], authority=[rr(www, 1, a)]),
        "a-in-additional": packet([good], additional=[rr(www, 1, a)]),
        "a-in-additional-and-opt": packet([good], additional=[rr(www, 1, a), opt()]),
        "two-opts": packet([good], additional=[opt(), opt()]),
        "opt-in-answer": packet([good], answer=[opt()]),
        "opt-in-authority": packet([good], authority=[opt()]),
        "opt-owner": packet([good], additional=[opt(owner=name("x"))]),
        "opt-version-1": packet([good], additional=[opt(version=1)]),
        "opt-version-255": packet([good], additional=[opt(version=255)]),
        "opt-version-1-unknown-zone": packet([question("www.other.test")], additional=[opt(version=1)]),
        "opt-rcode": packet([good], additional=[opt(rcode_high=3)]),
        "opt-flags": packet([good], additional=[opt(flags=0x7FFF)]),
        "opt-do": packet([good], additional=[opt(flags=0x8000)]),
        "opt-size-0": packet([good], additional=[opt(size=0)]),
        "opt-option-cut": packet([good], additional=[opt(options=option(3, b"", 5))]),
        "opt-option-half": packet([good], additional=[opt(options=b"\0\3\0")]),
        "opt-rdlength-long": packet([good], additional=[opt(rdlength=9)]),
        "opt-unknown-option": packet([good], additional=[opt(options=option(65001, b"hello"))]),
        "opt-all-options": packet([good], additional=[opt(options=b"".join(option(c) for c in (1, 2, 3, 12, 14, 99)))]),
        "opt-nsid-twice": packet([good], additional=[opt(options=option(3) + option(3))]),
        "opt-client-subnet": packet([good], additional=[opt(options=option(8, b"\0\1\x18\0\1\2\3"))]),
        "opt-client-subnet-bad": packet([good], additional=[opt(options=option(8, b"\0\1"))]),
        "opt-cookie-short": packet([good], additional=[opt(options=option(10, b"123"))]),
        "opt-keepalive-udp": packet([good], additional=[opt(options=option(11, b"\0\1"))]),
        "tsig-in-the-middle": packet([good], additional=[tsig(), opt()]),
        "tsig-twice": packet([good], additional=[tsig(), tsig()]),
        "tsig-in-answer": packet([good], answer=[tsig()]),
        "tsig-unknown-key": packet([good], additional=[tsig("nokey")]),
        "tsig-short": packet([good], additional=[tsig(body=TSIG_BODY[:20])]),
        "tsig-empty": packet([good], additional=[tsig(body=b"")]),
        "tsig-class-in": packet([good], additional=[name("k1") + struct.pack("!HHIH", 250, 1, 0, len(TSIG_BODY))
                                                    + TSIG_BODY]),
        "qname-compressed": packet([b"\xc0\x0c\0\1\0\1"]),
        "qname-pointer-forward": packet([b"\xc0\x20\0\1\0\1"]),
        "qname-label-64": packet([b"\x40" + b"a" * 64 + b"\0\0\1\0\1"]),
        "qname-256": packet([question((b"\x3f" + b"a" * 63) * 4 + b"\0")]),
        "qname-255": packet([question((b"\x3f" + b"a" * 63) * 3 + b"\x3d" + b"a" * 61 + b"\0")]),
        "qname-cut": packet([b"\3www\7exam"]),
        "qname-root": packet([question(b"\0")]),
        "question-without-class": packet([name(www) + b"\0\1"]),
        "upper-case": packet([question(www.upper())]),
        "not-held": packet([question("www.other.test")]),
        "notify-not-soa": packet([question(apex, 1)], flags=0x2400),
        "notify-no-question": packet(flags=0x2400),
        "notify-not-held": packet([question("other.test", 6)], flags=0x2400),
        "notify-soa-short": packet([question(apex, 6)], answer=[rr(apex, 6, soa[:-6])], flags=0x2400),
        "update": packet([question(apex, 6)], flags=0x2800),
        "update-not-held": packet([question("other.test", 6)], flags=0x2800),
        "axfr-udp": packet([question(apex, 252)]),
        "axfr-udp-not-held": packet([question("other.test", 252)]),
        "axfr-udp-below": packet([question(www, 252)]),
        "ixfr-udp-without-soa": packet([question(apex, 251)]),
        "ixfr-udp": packet([question(apex, 251)], authority=[rr(apex, 6, soa)]),
        "ixfr-udp-not-held": packet([question("other.test", 251)]),
        "version-bind-ch": packet([question("version.bind", 16, 3)]),
        "other-ch": packet([question(www, 16, 3)]),
        "axfr-class-ch": packet([question(apex, 252, 3)]),
    }
    for opcode in range(16):
        table[f"opcode-{opcode}"] = packet([question(apex, 6)], flags=opcode << 11)
        table[f"opcode-{opcode}-header"] = packet(flags=opcode << 11)
    for qclass in (0, 2, 3, 4, 254, 255, 65535):
        table[f"class-{qclass}"] = packet([question(www, 1, qclass)])
        table[f"class-{qclass}-not-held"] = packet([question("www.other.test", 1, qclass)])
    for qtype in (0, 41, 43, 46, 47, 50, 128, 249, 250, 253, 254, 255, 256, 65280, 65535):
        table[f"type-{qtype}"] = packet([question(www, qtype)])
        table[f"type-{qtype}-apex"] = packet([question(apex, qtype)])
        table[f"type-{qtype}-nx"] = packet([question(f"nx.{zone}", qtype)])
        table[f"type-{qtype}-not-held"] = packet([question("www.other.test", qtype)])
    for cut in (0, 1, 2, 11, 12, 13, 20, 28):
        table[f"cut-{cut}"] = packet([good], additional=[opt()])[:cut]
    for qr in ("plain", "two-questions", "update", "no-question"):
        table[f"qr-1-{qr}"] = bytes([table[qr][0], table[qr][1], table[qr][2] | 0x80]) + table[qr][3:]
    return table


class Mutator:
    """An endless supply of damaged requests; the seed makes a failure repeatable."""

    def __init__(self, seeds, seed):
        self.random = random.Random(seed)
        self.seeds = list(seeds)

    def one(self):
        r = self.random
        kind = r.randrange(20)
        if kind == 0:
            return r.randbytes(r.randrange(0, 600))
        if kind == 1:
            return r.randbytes(2) + b"\0\0\0\1\0\0\0\0\0\1" + r.randbytes(r.randrange(0, 300))
        data = bytearray(r.choice(self.seeds))
        if kind == 2:
            other = r.choice(self.seeds)
            data = data[:r.randrange(len(data) + 1)] + other[r.randrange(len(other) + 1):]
        for _ in range(r.choice((0, 1, 1, 1, 2, 3, 8))):
            self._damage(data)
        return bytes(data)

    def _damage(self, data):
        r = self.random
        if not data:
            return
        at, kind = r.randrange(len(data)), r.randrange(7)
        if kind == 0:
            data[at] ^= 1 << r.randrange(8)
        elif kind == 1:
            data[at] = r.choice((0, 1, 63, 64, 127, 128, 192, 255))
        elif kind == 2:
            del data[at:]
        elif kind == 3:
            data[at:at] = r.randbytes(r.randrange(1, 20))
        elif kind == 4:
            del data[at:at + r.randrange(1, 8)]
        elif kind == 5 and len(data) > 12:
            data[r.randrange(4, 12)] = r.choice((0, 1, 2, 255))
        else:
            data[at:at + 2] = struct.pack("!H", 0xC000 | r.randrange(0, len(data) + 4))
