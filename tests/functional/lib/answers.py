"""Two servers' answers to one question, compared as far as the RFCs say they must agree.

Free choice of a server, and so left out: NS of the zone in the authority section of a positive answer, and the
additional section of anything but a referral."""
import dns.flags
import dns.rcode
import dns.rdatatype

from lib import ask

NEGATIVE_TYPES = (dns.rdatatype.SOA, dns.rdatatype.NSEC, dns.rdatatype.NSEC3)


def _section(rrsets, keep=lambda rrset: True):
    return sorted((str(r.name).lower(), r.ttl, dns.rdatatype.to_text(r.rdtype), rdata.to_text().lower())
                  for r in rrsets if keep(r) for rdata in r)


def _covered(rrset):
    return rrset.covers if rrset.rdtype == dns.rdatatype.RRSIG else rrset.rdtype


def is_referral(message):
    return (not message.flags & dns.flags.AA and not message.answer and message.rcode() == dns.rcode.NOERROR
            and any(r.rdtype == dns.rdatatype.NS for r in message.authority))


def normal_form(message):
    """What must be equal between right servers, as a dictionary of plain lists."""
    form = {"rcode": dns.rcode.to_text(message.rcode()),
            "AA": bool(message.flags & dns.flags.AA), "TC": bool(message.flags & dns.flags.TC),
            "answer": _section(message.answer)}
    if is_referral(message):
        form["authority"] = _section(message.authority)
        form["additional"] = _section(message.additional)
    elif message.answer and not any(_covered(r) == dns.rdatatype.SOA for r in message.authority):
        # Positive: proofs that go with a wildcard expansion count, the NS of the zone does not.
        form["authority"] = _section(message.authority, lambda r: _covered(r) in NEGATIVE_TYPES)
    else:
        form["authority"] = _section(message.authority, lambda r: _covered(r) != dns.rdatatype.NS)
    return form


def _only(left, right):
    """Records (or flags) that left has and right has not, short enough to read."""
    if not isinstance(left, list):
        return str(left)
    return "; ".join(f"{owner} {rdtype} {rdata[:60]}" for owner, _, rdtype, rdata in left if
                     (owner, _, rdtype, rdata) not in right) or "-"


def _describe(name, form, ours):
    parts = [f"{part}: {_only(form.get(part, []), ours.get(part, []))} | ours: "
             f"{_only(ours.get(part, []), form.get(part, []))}"
             for part in sorted(form.keys() | ours.keys()) if form.get(part) != ours.get(part)]
    return "\n".join(f"    {name} {part}" for part in parts)


def assert_same_answers(servers, questions, payload=1232):
    """The first server, the one under test, answers the (name, type, do) questions as the others do.

    Where the others do not agree with each other the RFCs leave a choice: then one of them must be met."""
    ours, *others = [[normal_form(m) for m in ask.many(s.endpoint, questions, payload=payload)] for s in servers]
    problems = []
    for index, question in enumerate(questions):
        if ours[index] not in [form[index] for form in others]:
            problems.append("\n".join([str(question)] + [
                _describe(server.folder.name, form[index], ours[index])
                for server, form in zip(servers[1:], others)]))
    assert not problems, f"{len(problems)} differences in {len(questions)} questions:\n" + "\n".join(problems[:12])
