"""Requests that nobody should send, from a seed: random octets, damaged good ones, well-formed ones of odd parts."""
import struct

from hostile.packets import Mutator, odd_headers, opt, option, packet, question, rr, tsig
from hostile.primary import name

OWNERS = ("", "www", "a.b", "x.wild", "www.sub", "h.dname", "loop1", "nx", "c1", "many", "a.b.c.ent", "*.wild")
TYPES = (0, 1, 2, 5, 6, 12, 15, 16, 28, 33, 39, 41, 43, 46, 47, 48, 50, 64, 65, 128, 249, 250, 251, 252, 253, 254, 255,
         256, 65400, 65535)
OPTIONS = (0, 1, 3, 5, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 100, 65001, 65535)


def seeds(zone, more=()):
    """Good and odd requests to begin from."""
    table = list(odd_headers(zone).values()) + list(more)
    for owner in OWNERS:
        for qtype in (1, 6, 15, 16, 28, 43, 46, 47, 48, 50, 255):
            table.append(packet([question(_join(owner, zone), qtype)],
                                additional=[opt(flags=0x8000, options=option(3))]))
    return table


def _join(owner, zone):
    return f"{owner}.{zone}" if owner else zone


class Generator(Mutator):
    """A third each: what Mutator makes, messages of random parts, and such messages damaged."""

    def __init__(self, zone, seed, more=()):
        super().__init__(seeds(zone, more), seed)
        self.zone, self.recent = zone, [b""]

    def one(self):
        kind = self.random.randrange(3)
        if kind == 0:
            return super().one()
        if kind == 1:
            self.recent = self.recent[-63:] + [self._message()]
            return self.recent[-1]
        message = bytearray(self.random.choice(self.recent))
        self._damage(message)
        return bytes(message)

    def many(self, count):
        return [self.one() for _ in range(count)]

    def _message(self):
        r = self.random
        questions = [self._question() for _ in range(r.choice((1,) * 12 + (0, 2, 3)))]
        sections = [[self._record() for _ in range(r.choice((0,) * 9 + (1, 1, 2, 5)))] for _ in range(3)]
        for _ in range(r.choice((0, 1, 1, 1, 1, 2))):
            sections[2].insert(r.randrange(len(sections[2]) + 1), self._opt())
        if r.random() < 0.05:
            sections[r.choice((0, 1, 2, 2, 2))].append(tsig(r.choice(("k1", "nokey", ""))))
        return packet(questions, *sections, flags=self._flags(), identifier=0)

    def _flags(self):
        r = self.random
        opcode = r.choice((0,) * 10 + (4, 5, r.randrange(16)))
        return opcode << 11 | r.choice((0, 0, 0x100, 0x10, 0x20, 0x130, r.randrange(0x800))) & 0x7FF

    def _name(self):
        r, roll = self.random, self.random.random()
        if roll < 0.7:
            return name(_join(r.choice(OWNERS), self.zone))
        if roll < 0.8:
            return name("www.other.test")
        if roll < 0.85:
            return b"\0"
        if roll < 0.9:
            return struct.pack("!H", 0xC000 | r.choice((0, 12, 13, 17, r.randrange(0x4000))))
        labels = [r.randbytes(r.choice((1, 2, 8, 63))) for _ in range(r.randrange(1, 5))]
        end = r.choice((b"\0", b"\0", b"\xc0\x0c", name(self.zone)))
        return b"".join(bytes([len(label)]) + label for label in labels) + end

    def _question(self):
        r = self.random
        return question(self._name(), r.choice(TYPES), r.choice((1,) * 10 + (3, 4, 254, 255, r.randrange(65536))))

    def _record(self):
        r = self.random
        data = r.choice((b"", bytes(4), self._name(), r.randbytes(r.randrange(40))))
        rdclass = r.choice((1, 1, 1, 3, 255, r.randrange(65536)))
        return rr(self._name(), r.choice(TYPES), data, rdclass, r.getrandbits(32))

    def _opt(self):
        r = self.random
        options = b"".join(self._option() for _ in range(r.choice((0, 0, 1, 1, 2, 6))))
        return opt(r.choice((0, 512, 1232, 1232, 4096, 65535)), r.choice((0,) * 9 + (1, 255)),
                   r.choice((0, 0x8000, 0x8000, r.randrange(65536))), options,
                   r.choice((b"\0",) * 12 + (self._name(),)), r.choice((0,) * 9 + (r.randrange(256),)))

    def _option(self):
        r = self.random
        data = r.randbytes(r.choice((0, 0, 1, 2, 4, 8, 16, 24, 40)))
        return option(r.choice(OPTIONS), data, r.randrange(65536) if r.random() < 0.06 else None)
