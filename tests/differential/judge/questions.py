"""Which questions are asked: of every zone each name with each type, and many more from names that are nearly there.

The same seed gives the same questions."""
import itertools
import random
from typing import NamedTuple

from judge import make, odd, wire
from judge.compare import Request

ORDINARY_TYPES = (1, 2, 5, 6, 12, 15, 16, 28, 33, 35, 39, 43, 46, 47, 48, 50, 51, 52, 59, 60, 64, 65, 99, 255, 256, 257,
                  65400)
# Pseudo-types and types that mean something to servers, besides numbers that mean nothing.
META_TYPES = (0, 24, 25, 30, 38, 41, 100, 127, 128, 200, 249, 250, 251, 252, 253, 254, 32768, 32769, 65279, 65535)
# Parts of the questions of a zone; what the product of names and types leaves over is shared out by these weights.
WEIGHTS = {"child": 10, "beside": 8, "below-cut": 8, "below-dname": 8, "wildcard": 10, "below-wildcard": 6,
           "empty": 6, "neighbour": 6, "asterisk": 4, "case": 5, "long": 3, "meta-type": 6, "target": 4, "size": 8,
           "flags": 3, "hash": 1, "outside": 2, "class": 2, "option": 5, "edns": 3, "opcode": 1, "malformed": 2,
           "tsig": 1}

COMPLETE_MOST = 20000  # of a zone's product: only that of the large top-level domain is a sample then


class Question(NamedTuple):
    """octets: the request with ID 0. kind: why it is asked. tcp: how."""

    zone: str
    kind: str
    octets: bytes
    tcp: bool = False


SHAPES = (b"", make.opt(1232), make.opt(1232, make.DO), make.opt(1232, make.DO), make.opt(4096, make.DO),
          make.opt(512, make.DO), make.opt(512))


class Maker:
    """Questions about one zone."""

    def __init__(self, zone, content, chance):
        self.zone, self.content, self.chance = zone, content, chance
        self.kinds = {kind: getattr(self, "_" + kind.replace("-", "_")) for kind in WEIGHTS}

    # -- every name with every type

    def product(self, most):
        """Each owner and empty non-terminal with each type and five shapes of EDNS, or a sample of that."""
        c = self.content
        names = c.owners + c.empty + c.hashes[:3]
        types = sorted({*c.all_types, *ORDINARY_TYPES})
        total = len(names) * len(types) * 2
        chosen = range(total) if total <= most else sorted(self.chance.sample(range(total), most))
        for index in chosen:
            shape, rest = index % 2, index // 2
            name, qtype = names[rest // len(types)], types[rest % len(types)]
            edns = self.chance.choice(SHAPES[2:6] if shape else SHAPES[:2])
            yield Question(self.zone, "name x type", make.request(name, qtype, edns=edns))

    def others(self, count):
        """Questions of all other kinds; a kind that this zone has nothing for leaves its share to the rest."""
        kinds, weights = zip(*WEIGHTS.items())
        made = 0
        for _ in range(count * 20):
            if made == count:
                return
            kind = self.chance.choices(kinds, weights)[0]
            question = self.kinds[kind]()
            if question is not None:
                made += 1
                yield Question(self.zone, kind, question, self._goes_by_tcp(question))

    def _goes_by_tcp(self, octets):
        """One in thirty; no transfers, whose answers are many messages, and nothing that can't be taken apart."""
        if self.chance.random() > 1 / 30:
            return False
        request = Request(octets)
        return request.readable and not request.faults and request.qtype not in (251, 252)

    # -- parts

    def _type(self, name=None):
        there = self.content.types.get(name)
        if there and self.chance.random() < 0.5:
            return self.chance.choice(sorted(there))
        return self.chance.choice(ORDINARY_TYPES if self.chance.random() < 0.7 else (1, 28, 15, 16, 43))

    def _shape(self):
        return self.chance.choice(SHAPES)

    def _ask(self, name, qtype=None, **more):
        more.setdefault("edns", self._shape())
        if len(name) > 255:
            return None
        return make.request(name, self._type(name) if qtype is None else qtype, **more)

    def _label(self):
        return self.chance.choice((b"x", b"a", b"0", b"zzz", b"nx%d" % self.chance.randrange(1000), b"*", b"_tcp",
                                   b"-"))

    def _under(self, name):
        """A name one to three labels below the one given."""
        labels = [self._label() for _ in range(self.chance.choice((1, 1, 1, 2, 3)))]
        return wire.name_from(labels)[:-1] + name

    def _pick(self, names):
        return self.chance.choice(names) if names else None

    # -- kinds: a request, or None where the zone has no such thing

    def _child(self):
        return self._ask(self._under(self._pick(self.content.owners)))

    def _beside(self):
        """The name with its first label changed."""
        name = self._pick(self.content.owners)
        if name == self.content.apex:
            return self._ask(self._under(name))
        label = name[1:1 + name[0]]
        changed = self.chance.choice((label + b"0", label[:-1], label[1:], b"0" + label, label[::-1]))[:63]
        above = wire.parent(name)
        return self._ask(wire.name_from([changed])[:-1] + above if changed else above)

    def _below_cut(self):
        cut = self._pick(self.content.cuts)
        return cut and self._ask(self.chance.choice((cut, self._under(cut), self._under(cut))))

    def _below_dname(self):
        owner = self._pick(self.content.dnames)
        if not owner:
            return None
        kind = self.chance.random()
        if kind < 0.2:
            return self._ask(owner)
        if kind < 0.5:  # a name that the target has
            rdata = next(iter(self.content.rrsets[owner, 39]))
            below = [o for o in self.content.owners if wire.is_within(o, rdata) and o != rdata]
            if below:
                other = self.chance.choice(below)
                return self._ask(other[:len(other) - len(rdata)] + owner)
        if kind < 0.6:
            return self._ask(self._stretched(owner))
        return self._ask(self._under(owner))

    def _wildcard(self):
        star = self._pick(self.content.wildcards)
        return star and self._ask(self._under(wire.parent(star)), self._type(star))

    def _below_wildcard(self):
        """Below a name that exists under a wildcard's parent: the wildcard must not answer."""
        star = self._pick(self.content.wildcards)
        if not star:
            return None
        above = wire.parent(star)
        there = [o for o in self.content.owners + self.content.empty if wire.is_within(o, above) and o != above]
        return self._ask(self._under(self.chance.choice(there)) if there else star, self._type(star))

    def _empty(self):
        name = self._pick(self.content.empty)
        return name and self._ask(name if self.chance.random() < 0.5 else self._under(name))

    def _neighbour(self):
        """A name just before or after one that is there, in canonical order."""
        name = self._pick(self.content.owners)
        if self.chance.random() < 0.4:
            return self._ask(b"\x01\x00" + name)
        labels = wire.labels_of(name)
        if len(name) == len(self.content.apex):
            return self._ask(b"\x01\xff" + name)
        first = labels[0]
        changed = first + b"\0" if self.chance.random() < 0.5 else first[:-1] + bytes([max(first[-1] - 1, 0)])
        return self._ask(wire.name_from([changed[:63], *labels[1:]]))

    def _asterisk(self):
        return self._ask(b"\x01*" + self._pick(self.content.owners + self.content.empty))

    def _case(self):
        name = self._pick(self.content.owners)
        if self.chance.random() < 0.4:
            name = self._under(name)
        mixed = bytes(self.chance.choice((ord(chr(o).upper()), o)) if 97 <= o <= 122 else o for o in name)
        return self._ask(mixed, self._type(name))

    def _stretched(self, name):
        """A name below with as many octets, or labels, as there may be."""
        room = self.chance.choice((255, 255, 254, 253)) - len(name)
        labels = []
        size = self.chance.choice((1, 7, 63))
        while room >= 2:
            take = min(size, room - 1)
            if room - take - 1 == 1:
                take -= 1
            if take < 1:
                break
            labels.append(b"y" * take)
            room -= take + 1
        return wire.name_from(labels)[:-1] + name

    def _long(self):
        return self._ask(self._stretched(self._pick(self.content.owners)))

    def _meta_type(self):
        name = self._pick(self.content.owners)
        if self.chance.random() < 0.5:
            name = self.content.apex
        qtype = self.chance.choice(META_TYPES + (self.chance.randrange(65536),))
        if qtype == 251 and self.chance.random() < 0.8:  # IXFR wants to know where to begin
            serial = self.chance.choice((2026010100, 2026010101, 2026010102, 0))
            rdata = make.ROOT * 2 + serial.to_bytes(4, "big") + bytes(16)
            return self._ask(name, qtype, authority=[make.record(name, 6, 1, 0, rdata)])
        return self._ask(name, qtype)

    def _target(self):
        name = self._pick(self.content.targets)
        return name and self._ask(name)

    def _size(self):
        """Sizes on both sides of what answers need."""
        name = self._pick(self.content.owners)
        if self.content.cuts and self.chance.random() < 0.3:
            name = self._under(self._pick(self.content.cuts))
        size = self.chance.choice((0, 1, 511, 512, 513, 1231, 1232, 1233, 1400, 4096, 65535,
                                   self.chance.randrange(512, 4097), self.chance.randrange(512, 1400)))
        return self._ask(name, edns=make.opt(size, self.chance.choice((0, make.DO, make.DO))))

    def _flags(self):
        bits = sum(bit for bit in (make.RD, make.CD, make.AD, make.Z, make.RA, make.TC, make.AA)
                   if self.chance.random() < 0.3)
        name = self._pick(self.content.owners)
        return self._ask(self.chance.choice((name, self._under(name))), flags=bits)

    def _hash(self):
        """An NSEC3 owner is no name of the zone (RFC 5155 section 7.2.8)."""
        name = self._pick(self.content.hashes)
        return name and self._ask(self.chance.choice((name, self._under(name))))

    def _outside(self):
        labels = wire.labels_of(self.content.apex)
        names = [wire.name_from(labels[1:]), b"\x07example\x03com\0", make.ROOT, b"\x03www\x05other\0"]
        if labels:
            names.append(wire.name_from([labels[0] + b"x", *labels[1:]]))
        return self._ask(self.chance.choice(names))

    def _name(self):
        name = self._pick(self.content.owners)
        return self.chance.choice((name, name, self._under(name), self.content.apex))

    def _class(self):
        return odd.other_class(self.chance, self._name(), self._type(), self._shape())

    def _option(self):
        return odd.with_options(self.chance, self._name(), self._type())

    def _edns(self):
        return odd.odd_edns(self.chance, self._name(), self._type())

    def _opcode(self):
        return odd.other_opcode(self.chance, self._name(), self._type(), self._shape(), self.content.apex)

    def _tsig(self):
        return odd.with_tsig(self.chance, self._name(), self._type(), self._shape())

    def _malformed(self):
        return odd.malformed(self.chance, self._name(), self._type())


def plan(contents, count, seed, complete=False):
    """Questions about the zones {name: Content}, about as many for each, in random order: count of them.

    complete: besides those, every name of every zone with every type."""
    chance = random.Random(seed)
    share = -(-count // len(contents))
    made = []
    for zone, content in contents.items():
        maker = Maker(zone, content, random.Random(f"{seed} {zone}"))
        product = list(maker.product(COMPLETE_MOST if complete else share // 2))
        made += product
        made += itertools.islice(maker.others(share), share if complete else share - len(product))
    chance.shuffle(made)
    return made if complete else made[:count]
