"""The search of RFC 1034 section 4.3.2 written down once more, slowly and from the zones' records.

It says nothing about proofs (proofs.py) and additional data (laws.py)."""
from typing import NamedTuple

from judge import wire
from judge.normal import CNAME, DNAME, NS, RRSIG, SOA, covered, cuts_of

DS, NSEC3, ANY = 43, 50, 255
NOERROR, NXDOMAIN, YXDOMAIN = 0, 3, 6
AA_DIFFERS = "AA is wrong"
LINKS_MOST = 17  # aliases that we follow


class Expected(NamedTuple):
    """records: the answer without signatures, in order. soa: zone whose SOA says no, cut: delegation referred to.

    one_of: RRsets (owner, {type: records}) of which one is to be given, for ANY and RRSIG."""

    rcode: int
    aa: bool
    records: list
    soa: object = None
    cut: object = None
    one_of: object = None


def zone_for(held, name, qtype):
    """The zone that is to answer; DS of an apex is the parent's, if that is held (RFC 4035 section 3.1.4.1)."""
    zone = held.zone_of(name)
    if zone and qtype == DS and name == zone.apex and name != b"\0":
        return held.zone_of(wire.parent(name)) or zone
    return zone


def _is_name(zone, name):
    return name in zone.types and zone.types[name] - {RRSIG} != {NSEC3} or name in zone.empty_set


def _dname_above(zone, name):
    """The uppermost DNAME above the name, or None."""
    found = None
    while len(name) > len(zone.apex):
        name = wire.parent(name)
        if DNAME in zone.types.get(name, ()):
            found = name
    return found


def _node(zone, name):
    """The name itself, the wildcard that stands for it, or None."""
    if _is_name(zone, name):
        return name
    above = wire.parent(name)
    while not _is_name(zone, above):
        above = wire.parent(above)
    star = b"\x01*" + above
    return star if _is_name(zone, star) else None


def _records(zone, node, rdtype, owner):
    return [(owner, rdtype, 1, zone.ttls[node, rdtype], rdata) for rdata in sorted(zone.rrsets[node, rdtype])]


def expect(held, qname, qtype):
    """The Expected answer to an ordinary question of class IN; None where no zone is held for it."""
    zone, name = zone_for(held, qname, qtype), qname
    if zone is None:
        return None
    records, aa = [], False
    for _ in range(LINKS_MOST):
        cut = zone.cut_above(name)
        if cut is not None and not (qtype == DS and cut == name):
            return Expected(NOERROR, aa, records, cut=cut)
        aa = True
        dname = _dname_above(zone, name)
        if dname is not None:
            new, target, is_too_long = _through_dname(zone, dname, name)
            records += [r for r in new if r not in records[:-1] or r[1] != DNAME]
            if is_too_long:
                return Expected(YXDOMAIN, True, _unique(records))
            if qtype == CNAME:
                return Expected(NOERROR, True, _unique(records))
        else:
            node = _node(zone, name)
            if node is None:
                return Expected(NXDOMAIN, True, records, soa=zone)
            types = zone.types.get(node, set())
            if qtype in (ANY, RRSIG) and types & ({RRSIG} if qtype == RRSIG else types):
                return Expected(NOERROR, True, records, one_of=(name, node, zone))
            if qtype in types:
                return Expected(NOERROR, True, _unique(records + _records(zone, node, qtype, name)))
            if CNAME not in types:
                return Expected(NOERROR, True, records, soa=zone)
            new = _records(zone, node, CNAME, name)
            target = new[0][4]
        if dname is None:
            if new[0] in records:
                return Expected(NOERROR, True, records)
            records += new
        elif records.count(records[-1]) > 1:
            return Expected(NOERROR, True, _unique(records))
        zone, name = zone_for(held, target, qtype), target
        if zone is None:
            break
    return Expected(NOERROR, True, _unique(records))


def _unique(records):
    return list(dict.fromkeys(records))


def _through_dname(zone, dname, name):
    """(records, the new name, is it too long) of RFC 6672 section 2.2."""
    found = _records(zone, dname, DNAME, dname)
    target = name[:len(name) - len(dname)] + found[0][4]
    if len(target) > 255:
        return found, None, True
    return found + [(name, CNAME, 1, found[0][3], target)], target, False


def _negative_soa(zone):
    """The SOA of a negative answer: its TTL is the lower of its own and its last field (RFC 2308 section 3)."""
    owner, rdtype, rdclass, ttl, rdata = _records(zone, zone.apex, SOA, zone.apex)[0]
    return owner, rdtype, rdclass, min(ttl, int.from_bytes(rdata[-4:], "big")), rdata


def _is_one_rrset(given, expected):
    """After the aliases: one whole RRset (ANY), or signatures of one (RRSIG), of the node."""
    name, node, zone = expected.one_of
    types = {(r[4][0] << 8 | r[4][1]) if r[1] == RRSIG else r[1] for r in given}
    if len(types) != 1 or {r[0] for r in given} != {name}:
        return False
    rdtype = types.pop()
    plain = [r for r in given if r[1] != RRSIG]
    return not plain or sorted(plain) == _records(zone, node, rdtype, name)


def difference(case, message):
    """Why our answer to an ordinary question is not the expected one; None: it is."""
    held, request = case.held, case.request
    expected = expect(held, request.qname, request.qtype)
    if expected is None:
        return None if message.rcode == 5 and not message.answer else "no zone is held, but REFUSED is not the answer"
    if message.rcode != expected.rcode:
        return f"RCODE {expected.rcode} was expected"
    if bool(message.flags & 0x0400) != expected.aa:
        return AA_DIFFERS
    if message.flags & 0x0200:
        return None
    return _answer_difference(message, expected, request.qtype) or _authority_difference(message, expected, held)


def _answer_difference(message, expected, qtype):
    """Signatures count only where they are what was asked for."""
    asked = expected.one_of[0] if expected.one_of and qtype == RRSIG else None
    given = [r for r in message.answer if r[1] != RRSIG or r[0] == asked]
    came = [r for r in given if r[1] == RRSIG and (r[0], covered(r)) in {s[:2] for s in expected.records}]
    if came and [r for r in given if r not in came] == expected.records:
        return None  # the signatures that are asked for have come with a DNAME
    if expected.one_of:
        first, rest = given[:len(expected.records)], given[len(expected.records):]
        if first == expected.records and _is_one_rrset(rest, expected):
            return None
        return "one RRset was expected"
    if [r for r in given if r[1] in (CNAME, DNAME)] != [r for r in expected.records if r[1] in (CNAME, DNAME)]:
        return "another chain was expected"
    return None if sorted(given) == sorted(expected.records) else "another answer was expected"


def _authority_difference(message, expected, held):
    soas = [r for r in message.authority if r[1] == SOA]
    if soas != ([_negative_soa(expected.soa)] if expected.soa else []):
        return "another SOA was expected in the authority section"
    if cuts_of(message, held.apexes) != ({expected.cut} if expected.cut else set()):
        return "another referral was expected"
    if expected.cut:
        zone = held.zone_of(wire.parent(expected.cut))
        given = sorted(r for r in message.authority if r[1] == NS)
        if given != _records(zone, expected.cut, NS, expected.cut):
            return "other name servers were expected"
    return None
