"""DNS messages taken apart, fast and in one form: names whole and in lower case, so that two servers' records compare.

A record is (owner, type, class, TTL, rdata), all bytes or numbers.  Names are wire format without compression."""
import struct

# Names in RDATA. A number is so many octets as they are, "n" a name, "s" a character string; the rest is as it is.
# What RFC 3597 section 4 lets a sender compress comes first, then what a receiver has to take apart.
COMPRESSIBLE = {2: "n", 3: "n", 4: "n", 5: "n", 6: "nn", 7: "n", 8: "n", 9: "n", 12: "n", 14: "nn", 15: "2n"}
WITH_NAMES = {**COMPRESSIBLE, 17: "nn", 18: "2n", 21: "2n", 24: "18n", 26: "2nn", 30: "n", 33: "6n", 35: "4sssn",
              36: "2n", 39: "n", 46: "18n", 47: "n", 64: "2n", 65: "2n", 107: "2n"}
LAYOUTS = {rdtype: [int(part) if part.isdigit() else part for part in
                    layout.replace("n", " n ").replace("s", " s ").split()] for rdtype, layout in WITH_NAMES.items()}

_HEADER = struct.Struct("!6H")
_FIXED = struct.Struct("!HHIH")
_TYPE_CLASS = struct.Struct("!HH")
OPT = 41
TWO_OPTS = "two OPT records"
OPTION_PROBLEMS = ("half an option", "an option longer than its record")


class Malformed(Exception):
    """The message can't be taken apart; the text says where."""


class Opt:
    """An OPT record: what RFC 6891 section 6.1 puts into it."""

    __slots__ = ("size", "rcode_high", "version", "flags", "options")

    def __init__(self, size, ttl, rdata):
        self.size, self.rcode_high, self.version, self.flags = size, ttl >> 24, ttl >> 16 & 255, ttl & 0xFFFF
        self.options, pos = [], 0
        while pos < len(rdata):
            if pos + 4 > len(rdata):
                raise Malformed(OPTION_PROBLEMS[0])
            code, length = _TYPE_CLASS.unpack_from(rdata, pos)
            if pos + 4 + length > len(rdata):
                raise Malformed(OPTION_PROBLEMS[1])
            self.options.append((code, rdata[pos + 4:pos + 4 + length]))
            pos += 4 + length


class Message:
    """faults: texts about what a right sender would not do (compression where it must not be, octets after the end)."""

    __slots__ = ("wire", "id", "flags", "counts", "question", "answer", "authority", "additional", "opt", "faults")

    @property
    def rcode(self):
        return self.flags & 15 | (self.opt.rcode_high << 4 if self.opt else 0)


def name_at(wire, pos, memo):
    """(name in lower case, position after it, was it compressed); memo maps positions to names already read."""
    labels, start, known, length = [], pos, None, 1
    first_end = None
    while True:
        if pos >= len(wire):
            raise Malformed("a name beyond the end")
        octet = wire[pos]
        if octet == 0:
            pos += 1
            break
        if octet >= 0xC0:
            if pos + 1 >= len(wire):
                raise Malformed("half a pointer")
            target = (octet & 0x3F) << 8 | wire[pos + 1]
            if target >= start:
                raise Malformed("a pointer forward")
            pos += 2
            known = memo.get(target)
            if known is None:
                known, _, _ = name_at(wire, target, memo)
            first_end = pos
            break
        if octet > 63:
            raise Malformed("a label of a kind that is not")
        labels.append(wire[pos:pos + octet + 1])
        pos += octet + 1
        length += octet + 1
    name = b"".join(labels).lower() + (known if known is not None else b"\0")
    if len(name) > 255:
        raise Malformed("a name of more than 255 octets")
    memo[start] = name
    return name, pos, first_end is not None


def _names_of_rdata(wire, pos, end, layout, memo):
    """RDATA with its names whole and in lower case, and whether any was compressed."""
    parts, compressed = [], False
    for part in layout:
        if part == "n":
            name, pos, short = name_at(wire, pos, memo)
            compressed |= short
            parts.append(name)
            continue
        length = wire[pos] + 1 if part == "s" else part
        parts.append(wire[pos:pos + length])
        pos += length
    if pos > end:
        raise Malformed("RDATA shorter than its names")
    parts.append(wire[pos:end])
    return b"".join(parts), compressed


def _records(wire, pos, count, memo, message):
    records = []
    for _ in range(count):
        owner, pos, _ = name_at(wire, pos, memo)
        if pos + 10 > len(wire):
            raise Malformed("half a record")
        rdtype, rdclass, ttl, length = _FIXED.unpack_from(wire, pos)
        pos += 10
        end = pos + length
        if end > len(wire):
            raise Malformed("RDATA beyond the end")
        layout = LAYOUTS.get(rdtype)
        if layout and length:
            rdata, compressed = _names_of_rdata(wire, pos, end, layout, memo)
            if compressed and rdtype not in COMPRESSIBLE:
                message.faults.append(f"a compressed name in type {rdtype} (RFC 3597 section 4)")
        else:
            rdata = wire[pos:end]
        pos = end
        if rdtype == OPT:
            if message.opt:
                message.faults.append(TWO_OPTS)
            if owner != b"\0":
                message.faults.append("an OPT record below the root")
            message.opt = Opt(rdclass, ttl, rdata)
        else:
            records.append((owner, rdtype, rdclass, ttl, rdata))
    return records, pos


def parse(wire):
    """The message; Malformed when it is none."""
    if len(wire) < 12:
        raise Malformed("no whole header")
    m = Message()
    m.wire, m.opt, m.faults, memo = wire, None, [], {}
    m.id, m.flags, *m.counts = _HEADER.unpack_from(wire)
    pos = 12
    for _ in range(m.counts[0]):
        _, pos, _ = name_at(wire, pos, memo)
        pos += 4
    if pos > len(wire):
        raise Malformed("half a question")
    m.question = wire[12:pos]
    m.answer, pos = _records(wire, pos, m.counts[1], memo, m)
    m.authority, pos = _records(wire, pos, m.counts[2], memo, m)
    if m.opt:
        m.faults.append("OPT outside of the additional section")
    m.additional, pos = _records(wire, pos, m.counts[3], memo, m)
    if pos != len(wire):
        m.faults.append(f"{len(wire) - pos} octets after the end")
    return m


# -- names ------------------------------------------------------------------------------------------------------------

def labels_of(name):
    """The labels of an uncompressed name, without the root's."""
    labels, pos = [], 0
    while name[pos]:
        labels.append(name[pos + 1:pos + 1 + name[pos]])
        pos += 1 + name[pos]
    return labels


def name_from(labels):
    return b"".join(bytes([len(label)]) + label for label in labels) + b"\0"


def parent(name):
    """The name without its first label; the root has none: None."""
    return name[1 + name[0]:] if name[0] else None


def is_within(name, apex):
    """Is name at or below apex? Both in lower case."""
    while len(name) > len(apex):
        name = name[1 + name[0]:]
    return name == apex
