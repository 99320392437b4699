"""An answer as the parts of it that must be equal between right servers.

What is left out here is left out for every question: the freedoms of choices.py.  A part of which nothing can be said,
such as the records of a truncated answer (RFC 2181 section 9), is None and equals everything."""
from judge import wire

A, NS, CNAME, SOA, AAAA, DNAME, RRSIG = 1, 2, 5, 6, 28, 39, 46
TSIG = 250
NSID = 3

PARTS = ("arrival", "opcode", "rcode", "aa", "tc", "rd", "ra", "z", "ad", "cd", "question", "answer", "order",
         "authority", "glue", "siblings", "edns", "nsid", "tsig")
_FLAGS = (("aa", 0x0400), ("tc", 0x0200), ("rd", 0x0100), ("ra", 0x0080), ("z", 0x0040), ("ad", 0x0020), ("cd", 0x0010))


def read(octets):
    """The answer as Message, None for silence, a text when it is no message."""
    if octets is None:
        return None
    try:
        return wire.parse(octets)
    except (wire.Malformed, IndexError) as error:
        return str(error) or "ends too soon"


def covered(record):
    """The type of a record, or the type that a signature covers."""
    return record[4][0] << 8 | record[4][1] if record[1] == RRSIG and len(record[4]) > 1 else record[1]


def _order(records):
    """The aliases of the answer in the order they are given."""
    return tuple(dict.fromkeys((r[0], r[1]) for r in records if r[1] in (CNAME, DNAME)))


def cuts_of(message, apexes):
    """Owners of NS in the authority section that are no zones' own names: the message refers to them."""
    return {r[0] for r in message.authority if r[1] == NS and r[0] not in apexes}


def _glue(message, cuts, held):
    """Glue of a referral: of name servers at or below the cut, and of those below other cuts of the zone (siblings).

    Addresses that the zone itself has are no glue (RFC 9499 section 7) and left out."""
    targets = {r[4]: r[0] for r in message.authority if r[1] == NS and r[0] in cuts}
    inside, beside = [], []
    for r in message.additional:
        if r[1] in (A, AAAA) and r[0] in targets:
            cut = targets[r[0]]
            zone = held.zone_of(wire.parent(cut))
            if wire.is_within(r[0], cut):
                inside.append(r)
            elif zone and wire.is_within(r[0], zone.apex) and zone.cut_above(r[0]):
                beside.append(r)
    return tuple(sorted(inside)), tuple(sorted(beside))


def _authority(message, apexes):
    return tuple(sorted(r for r in message.authority if covered(r) != NS or r[0] not in apexes))


def _tsig(message):
    """The error of a TSIG record, or a text."""
    for _, rdtype, _, _, rdata in message.additional:
        if rdtype == TSIG:
            _, pos, _ = wire.name_at(rdata, 0, {})
            pos += 10 + (rdata[pos + 8] << 8 | rdata[pos + 9])
            return rdata[pos + 2] << 8 | rdata[pos + 3]
    return "unsigned"


def _edns(opt):
    return None if opt is None else (opt.version, opt.flags)


def normal_form(message, held):
    """{part: value} of a read() answer; held: the zones of the world (Held)."""
    form = dict.fromkeys(PARTS)
    if not isinstance(message, wire.Message):
        form["arrival"] = "silence" if message is None else "malformed"
        return form
    form["arrival"] = "answer"
    bits = message.flags
    form["opcode"], form["rcode"] = bits >> 11 & 15 | (bits & 0x8000), message.rcode
    for part, bit in _FLAGS:
        form[part] = bits & bit != 0
    form["question"] = message.question
    form["edns"] = ("EDNS", _edns(message.opt))
    form["tsig"] = _tsig(message)
    if message.opt:
        form["nsid"] = tuple(data for code, data in message.opt.options if code == NSID)
    if bits & 0x0200:
        return form
    cuts = cuts_of(message, held.apexes)
    form["answer"], form["order"] = tuple(sorted(message.answer)), _order(message.answer)
    form["authority"] = _authority(message, held.apexes)
    form["glue"], form["siblings"] = _glue(message, cuts, held)
    return form
