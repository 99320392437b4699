"""What our answers must be whatever the peers say: well formed, whole or truncated, made of the zone's own records."""
from judge import model, proofs, wire
from judge.normal import A, AAAA, NS, RRSIG, SOA, cuts_of
from judge.servers import OURS

UDP_MOST, UDP_LEAST = 1232, 512
NSID, EXPIRE, COOKIE, KEEPALIVE, EDE, ZONEVERSION = 3, 9, 10, 11, 15, 19


def size_limit(case):
    """Octets that our answer to this request may have."""
    if case.question.tcp:
        return 65535
    opt = case.request.opt
    return max(UDP_LEAST, min(opt.size, UDP_MOST)) if opt else UDP_LEAST


def _is_whole_rrset(held, owner, rdtype, records):
    """Are these records all that the zones have of this name and type, with their TTL?"""
    zone = held.zone_of(owner)
    while zone is not None:
        rdatas = zone.rrsets.get((owner, rdtype))
        if rdatas == {r[4] for r in records}:
            return {r[3] for r in records} == {zone.ttls[owner, rdtype]}
        zone = held.zone_of(wire.parent(zone.apex)) if zone.apex != b"\0" else None
    return False


def _wildcard_of(held, owner):
    """The wildcard that may stand for this name, or None."""
    zone = held.zone_of(owner)
    name = owner
    while zone and len(name) > len(zone.apex):
        name = wire.parent(name)
        if b"\x01*" + name in zone.types:
            return b"\x01*" + name
    return None


def additional_is_from_the_zones(case, message):
    sets = {}
    for record in message.additional:
        if record[1] in (A, AAAA):
            sets.setdefault((record[0], record[1]), []).append(record)
    for (owner, rdtype), records in sets.items():
        star = _wildcard_of(case.held, owner)
        if not (_is_whole_rrset(case.held, owner, rdtype, records)
                or star and _is_whole_rrset(case.held, star, rdtype, records)):
            return False
    return True


def missing_glue(case, message):
    """Addresses of name servers inside the delegated zone that a referral lacks (RFC 9471 section 3.1)."""
    there = {(r[0], r[1]) for r in message.additional}
    for cut in cuts_of(message, case.held.apexes):
        zone = case.held.zone_of(wire.parent(cut))
        for target in (r[4] for r in message.authority if r[1] == NS and r[0] == cut):
            if zone and wire.is_within(target, cut):
                for rdtype in (A, AAAA):
                    if (target, rdtype) in zone.rrsets and (target, rdtype) not in there:
                        return True
    return False


def _room_left_for_siblings(case, message):
    """Is there an address of a name server below another cut that is left out and would have fit?

    RFC 9471 section 3.2 asks for all that fit.  The owner is there as a target, so a pointer is enough for it."""
    there = {(r[0], r[1]) for r in message.additional}
    for cut in cuts_of(message, case.held.apexes):
        zone = case.held.zone_of(wire.parent(cut))
        for target in (r[4] for r in message.authority if r[1] == NS and r[0] == cut):
            if not zone or not wire.is_within(target, zone.apex) or zone.cut_above(target) in (None, cut):
                continue
            for rdtype in (A, AAAA):
                rdatas = zone.rrsets.get((target, rdtype), ())
                if rdatas and (target, rdtype) not in there and \
                        len(message.wire) + sum(12 + len(rdata) for rdata in rdatas) <= size_limit(case):
                    return True
    return False


def _has_duplicates(message):
    return any(len(set(records)) != len(records)
               for records in (message.answer, message.authority, message.additional))


def _signatures_unasked(case, message):
    """RRSIG records without DO and without a question for them (RFC 4035 section 3.1)."""
    if case.request.dnssec or case.request.qtype in (RRSIG, 255, 24):
        return False
    return any(r[1] == RRSIG for records in (message.answer, message.authority, message.additional) for r in records)


def _needed(case, message):
    """Octets of a whole answer without the addresses that it may leave out, or a few more."""
    in_domain = set(case.whole.ours["glue"] or ())
    optional = [r for r in message.additional if r not in in_domain]
    return len(message.wire) - sum(2 + 10 + len(r[4]) for r in optional)


def _has_lost_siblings(case):
    """A referral to name servers below other cuts, none of whose addresses fits (RFC 9471 section 3.2: MAY)."""
    return bool(case.whole.ours["siblings"]) and not any(r[1] in (A, AAAA) for r in case.messages[OURS].additional)


def _truncated_without_need(case):
    """TC although everything that must be there would have fit (RFC 2181 section 9)."""
    if not case.ours["tc"] or case.whole is None or _has_lost_siblings(case):
        return False
    whole = case.whole.messages[OURS]
    if isinstance(whole, wire.Message) and whole.flags & 0x0200:
        return False  # more than any message holds
    return not isinstance(whole, wire.Message) or _needed(case, whole) <= size_limit(case)


def _whole_differs(case):
    """An answer that is said to be whole, and another over TCP."""
    if case.whole is None or case.ours["tc"] is not False:
        return False
    return any(case.ours[part] != case.whole.ours[part] for part in ("rcode", "answer", "order", "authority", "glue"))


def _soa_of(zone):
    """(expire, serial) of a zone."""
    (rdata,) = zone.rrsets[zone.apex, SOA]
    return int.from_bytes(rdata[-8:-4], "big"), rdata[-20:-16]


def _is_right_option(case, code, data):
    """Does this option belong into our answer, and has it the form that its RFC gives it?"""
    asked = {c for c, _ in case.request.opt.options} if case.request.opt else set()
    zone = model.zone_for(case.held, case.request.qname, case.request.qtype) if case.request.readable else None
    if code == EDE:
        return len(data) >= 2
    if code not in asked:
        return False
    if code == NSID:
        return True
    if code == EXPIRE:  # RFC 7314 section 3.2
        return zone is not None and len(data) == 4 and 0 < int.from_bytes(data, "big") <= _soa_of(zone)[0]
    if code == COOKIE:  # RFC 7873 section 4
        return 16 <= len(data) <= 40
    if code == KEEPALIVE:  # RFC 7828 section 3.1
        return case.question.tcp and len(data) == 2
    if code == ZONEVERSION:  # RFC 9660 section 2
        return zone is not None and data == bytes((len(wire.labels_of(zone.apex)), 0)) + _soa_of(zone)[1]
    return False


def _wrong_options(case, message):
    options = message.opt.options if message.opt else []
    codes = [code for code, _ in options]
    found = [f"option {code} in our answer is unasked or malformed" for code, data in options
             if not _is_right_option(case, code, data)]
    return found + ["an option twice"] * (len(set(codes)) != len(codes))


def _opt_comes_and_goes(case, message):
    r = case.request
    return r.readable and not r.faults and r.opcode == 0 and (r.opt is None) != (message.opt is None)


def is_special(case):
    """A question for what is no data: its answer is no matter of the zones' records."""
    return case.request.qtype in (251, 252)


def broken(case):
    """The laws that our answer breaks, as texts; usually none."""
    message = case.messages[OURS]
    if isinstance(message, str):
        return [f"our answer can't be read: {message}"]
    if message is None:
        return []
    found = list(message.faults)
    limit = size_limit(case)
    if len(message.wire) > max(limit, len(message.question) + 12 + 11):
        found.append("our answer is larger than asked for")
    if _opt_comes_and_goes(case, message):
        found.append("OPT in the answer if and only if one was in the request (RFC 6891 section 6.1.1)")
    if case.request.opt:
        found += _wrong_options(case, message)
    if _has_duplicates(message):
        found.append("a record twice (RFC 2181 section 5)")
    if not message.flags & 0x0200 and missing_glue(case, message):
        found.append("glue is missing without TC (RFC 9471 section 3.1)")
    if not message.flags & 0x0200 and _room_left_for_siblings(case, message):
        found.append("glue of siblings is missing although it would fit (RFC 9471 section 3.2)")
    if not additional_is_from_the_zones(case, message):
        found.append("addresses that are not the zone's RRset")
    if _signatures_unasked(case, message):
        found.append("signatures without DO (RFC 4035 section 3.1)")
    unexpected = model.difference(case, message) if case.request.is_plain and not is_special(case) else None
    if unexpected:
        found.append(f"not as the model has it: {unexpected}")
    if case.request.is_plain and case.request.dnssec and not message.flags & 0x0200:
        found += proofs.flaws(case, message)
    if _truncated_without_need(case):
        found.append("truncated although all that must be there fits (RFC 2181 section 9)")
    if _whole_differs(case):
        found.append("another answer over TCP than over UDP without TC")
    return found

