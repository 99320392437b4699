"""Random questions about a zone: names that are there, near misses, names below and beside, many types."""
import random

TYPES = ["A", "AAAA", "NS", "MX", "TXT", "SOA", "CNAME", "DS", "DNSKEY", "SRV", "CAA", "TYPE65400", "HTTPS", "NSEC"]


def _variant(name, zone, chance):
    """The name itself mostly; else something that is likely not there."""
    roll = chance.random()
    if roll < 0.55:
        return name
    if roll < 0.70:
        return f"x{chance.randrange(1000)}.{name}"
    if roll < 0.78:
        return f"a.b{chance.randrange(100)}.{name}"
    if roll < 0.86:
        parent = name.split(".", 1)[1]
        return parent if parent.endswith(zone) else name
    if roll < 0.94:
        label, rest = name.split(".", 1) if name != zone else ("q", zone)
        return f"{label}0.{rest}"
    return f"nx{chance.randrange(10**6)}.{zone}"


def random_questions(names, zone, count, seed=1, with_do=True, types=None):
    """count (name, type, DO) triples; the same seed gives the same list. Names are absolute, with last dot."""
    chance = random.Random(seed)
    names = list(names)
    return [(_variant(chance.choice(names), zone, chance), chance.choice(types or TYPES),
             with_do and chance.random() < 0.5) for _ in range(count)]


def owners(rrsets):
    """Owner names of a transferred zone, without wildcards' asterisks being special: they are names too."""
    return sorted({str(r.name).lower() for r in rrsets})


def every_question(rrsets, types=None):
    """Each owner of the zone with each type, with and without DO: for small zones."""
    return [(name, rdtype, do) for name in owners(rrsets) for rdtype in types or TYPES for do in (False, True)]
