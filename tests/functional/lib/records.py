"""Whole zones as sets of records, and a readable difference of two of them."""
from collections import Counter

import dns.rdatatype

from lib.wait import wait_until


def record_set(rrsets):
    """Counter of (owner, TTL, type, rdata) texts; the SOA that closes a transfer is left out."""
    records = Counter()
    for rrset in rrsets[:-1]:
        for rdata in rrset:
            records[(str(rrset.name).lower(), rrset.ttl, rdata.rdtype, rdata.to_text())] += 1
    return records


def canonical(rrsets):
    """Counter of records of a transfer, names in lower case where DNSSEC has them so; the closing SOA is left out."""
    return Counter((str(r.name).lower(), r.ttl, dns.rdatatype.to_text(r.rdtype), r[0].to_digestable().hex())
                   for r in rrsets[:-1])


def difference(left, right, left_name, right_name, most=15):
    """Empty when equal, else the records that one side alone has."""
    lines = []
    for only, whose in ((left - right, left_name), (right - left, right_name)):
        lines += [f"  only {whose}: {' '.join(str(field) for field in record)}" for record in sorted(only)[:most]]
        if len(only) > most:
            lines.append(f"  ... and {len(only) - most} more only at {whose}")
    return "\n".join(lines)


def assert_same_zone(secondary, primary, zone):
    """An AXFR from the one equals an AXFR from the other, record by record."""
    ours = record_set(secondary.axfr(zone))
    # NSD ends processes, and their connections, after a reload: its side may need a second try.
    theirs = record_set(wait_until(lambda: primary.axfr(zone), 5, f"AXFR from {primary.kind}"))
    problem = difference(ours, theirs, secondary.kind, primary.kind)
    assert not problem, f"zone {zone} differs:\n{problem}"
    return sum(ours.values())
