"""A zone that changes from serial to serial in all the ways that zones do, drawn from a seed.

`ChangingZone(name, seed).change(size)` makes the next version, some `size` records away; `text()` is its master file.
Each way to change is a function of CHANGES and takes the zone; it may do nothing where it does not fit."""
import random

from lib.chains import Chains, parents

SIGNINGS = (None, ("nsec",), ("nsec3", "-", 0, False), ("nsec3", "c0ffee", 3, False), ("nsec3", "-", 0, True),
            ("nsec3", "beef", 1, True))


class RRsets(dict):
    """(owner, type) -> (TTL, texts); types: owner -> types, kept in step."""

    def __init__(self):
        super().__init__()
        self.types = {}

    def __setitem__(self, key, value):
        super().__setitem__(key, value)
        self.types.setdefault(key[0], set()).add(key[1])

    def __delitem__(self, key):
        super().__delitem__(key)
        self.types[key[0]].discard(key[1])
        if not self.types[key[0]]:
            del self.types[key[0]]

    def pop(self, key, default=None):
        value = self.get(key, default)
        if key in self:
            del self[key]
        return value


class ChangingZone:
    def __init__(self, name, seed, hosts=150, signings=SIGNINGS):
        self.name, self.apex = name, name + "."
        self.random = random.Random(seed)
        self.serial = self.random.choice((1, 2**31 - 5, 2**32 - 3, 2026010100))
        self.refresh = 3600
        self.signings = signings  # those that may come
        self.rrsets, self.ages, self.denial = RRsets(), {}, self.random.choice(signings)
        self.spelling = {}  # of owners that are not written in small letters
        self.counter = 0
        self.done = []  # names of the changes that led here
        for owner, rdtype, text in (("ns1", "A", "192.0.2.2"), ("ns1", "AAAA", "2001:db8::2"), ("ns2", "A", "192.0.2.3")):
            self.put(self.at(owner), rdtype, [text])
        self.put(self.apex, "NS", [self.at("ns1"), self.at("ns2")])
        for _ in range(hosts):
            self.random.choice((add_host, add_host, add_host, add_deep, add_cut, add_wildcard, add_alias))(self)

    # --- what changes use

    def at(self, prefix):
        return f"{prefix}.{self.apex}" if prefix else self.apex

    def new_label(self, prefix="h"):
        self.counter += 1
        return f"{prefix}{self.counter}"

    def put(self, owner, rdtype, texts, ttl=None):
        """Sets an RRset; an alias stays alone at its name."""
        if rdtype == "CNAME":
            self.drop(owner)
        else:
            self.rrsets.pop((owner, "CNAME"), None)
        ttl = self.random.choice((60, 300, 3600, 86400)) if ttl is None else ttl
        self.rrsets[(owner, rdtype)] = (ttl, sorted(set(texts)))

    def owners(self):
        return sorted(self.rrsets.types)

    def inner(self):
        """Names that have others below them."""
        return {p for o in self.owners() for p in parents(o, self.apex)}

    def pick(self, fits=lambda owner, types: True):
        """An owner but the apex and its name servers for which fits(owner, types) holds, or None."""
        kept = {self.apex, self.at("ns1"), self.at("ns2")}
        found = sorted(o for o, t in self.rrsets.types.items() if o not in kept and fits(o, t))
        return self.random.choice(found) if found else None

    def types_at(self, owner):
        return set(self.rrsets.types.get(owner, ()))

    def drop(self, owner):
        for rdtype in self.types_at(owner):
            del self.rrsets[(owner, rdtype)]

    def drop_below(self, owner):
        for key in [k for k in self.rrsets if k[0].endswith("." + owner)]:
            del self.rrsets[key]

    def is_below_dname(self, owner):
        return any((p, "DNAME") in self.rrsets for p in parents(owner, self.apex))

    # --- versions

    def text(self):
        lines = [f"{self.apex} 3600 IN SOA {self.at('ns1')} hostmaster.{self.apex} {self.serial} {self.refresh} 600 "
                 f"864000 300"]
        lines += [f"{self.spelling.get(owner, owner)} {ttl} IN {rdtype} {text}" for (owner, rdtype), (ttl, texts) in self.rrsets.items()
                  for text in texts]
        if self.denial:
            soa = {(self.apex, "SOA"): (3600, [lines[0].split(" SOA ")[1]])}
            lines += Chains(self.apex, {**soa, **self.rrsets}, self.denial, self.ages).records()
        return "\n".join(lines) + "\n"

    def change(self, size, ways=None):
        """The next version; returns (records removed, records added), the SOA, chains and what is signed anew left out."""
        before, self.done = self._records(), []
        table = ways or CHANGES
        while True:
            way = self.random.choice(table)
            way(self)
            self.done.append(way.__name__)
            is_look = size < 20 or len(self.done) % 8 == 0
            if is_look and sum(self._difference(before)) >= (size if len(self.done) < 100 + 20 * size else 1):
                break  # what is added and what is removed may balance below the size
        self.serial = (self.serial + self.random.choice((1, 1, 1, 2, 1000))) % 2**32
        return self._difference(before)

    def _records(self):
        """What counts as a change when it differs."""
        records = {(self.spelling.get(owner, owner), rdtype, ttl, text)
                   for (owner, rdtype), (ttl, texts) in self.rrsets.items() for text in texts}
        return records | set(self.ages.items()) if self.denial else records

    def _difference(self, before):
        after = self._records()
        return len(before - after), len(after - before)


# --- ways to change

def _address(zone):
    return f"198.51.{zone.random.randrange(256)}.{zone.random.randrange(256)}"


def _some_rdata(zone):
    kind = zone.random.choice(("A", "A", "AAAA", "MX", "TXT", "SRV", "CAA", "TYPE65400", "PTR", "NAPTR"))
    n = zone.random.randrange(65536)
    return kind, {"A": _address(zone), "AAAA": f"2001:db8::{n:x}", "MX": f"10 mx{n % 50}.{zone.apex}",
                  "TXT": f'"{n} {"x" * (n % 200)}"', "SRV": f"1 2 {n} srv{n % 9}.{zone.apex}", "CAA": f'0 issue "ca{n}.test"',
                  "TYPE65400": f"\\# 3 01{n:04x}", "PTR": f"host{n}.example.net.",
                  "NAPTR": f'{n} 1 "s" "x" "" _a{n}.example.net.'}[kind]


def add_host(zone):
    owner = zone.at(zone.new_label())
    for _ in range(zone.random.choice((1, 1, 2, 3))):
        rdtype, text = _some_rdata(zone)
        zone.put(owner, rdtype, [text])


def add_deep(zone):
    """A name below empty non-terminals."""
    labels = [zone.new_label("e") for _ in range(zone.random.choice((2, 3, 4)))]
    rdtype, text = _some_rdata(zone)
    zone.put(zone.at(".".join(labels)), rdtype, [text])


def add_below(zone):
    """A name below one that is there: also below cuts, where it is occluded."""
    parent = zone.pick(lambda o, t: "DNAME" not in t and not zone.is_below_dname(o) and not o.startswith("*."))
    if parent and len(parent) < 150:
        rdtype, text = _some_rdata(zone)
        zone.put(f"{zone.new_label('b')}.{parent}", rdtype, [text])


def add_subtree(zone):
    top = zone.at(zone.new_label("tree"))
    for number in range(zone.random.randrange(3, 20)):
        rdtype, text = _some_rdata(zone)
        zone.put(f"s{number}.{'x.' * (number % 3)}{top}", rdtype, [text])


def remove_subtree(zone):
    owner = zone.pick()
    if owner:
        zone.drop(owner)
        zone.drop_below(owner)


def remove_name(zone):
    owner = zone.pick()
    if owner:
        zone.drop(owner)


def remove_rrset(zone):
    owner = zone.pick()
    if owner:
        rdtype = zone.random.choice(sorted(zone.types_at(owner)))
        del zone.rrsets[(owner, rdtype)]
        if rdtype == "NS":
            zone.rrsets.pop((owner, "DS"), None)


def _plain(owner, types):
    return not types & {"CNAME", "DNAME", "NS"}


def add_record(zone):
    """One more record in an RRset, or a new RRset at a name."""
    owner = zone.pick(_plain)
    if owner:
        rdtype, text = _some_rdata(zone)
        ttl, texts = zone.rrsets.get((owner, rdtype), (None, []))
        zone.put(owner, rdtype, texts + [text], ttl)


def remove_record(zone):
    """One record of an RRset of several."""
    found = [k for k, (_, texts) in sorted(zone.rrsets.items()) if len(texts) > 1 and k[0] != zone.apex]
    if found:
        key = zone.random.choice(found)
        ttl, texts = zone.rrsets[key]
        gone = zone.random.choice(texts)
        zone.put(*key, [t for t in texts if t != gone], ttl)


def replace_rrset(zone):
    owner = zone.pick(_plain)
    if owner:
        rdtype = zone.random.choice(sorted(zone.types_at(owner)))
        zone.put(owner, "A", [_address(zone) for _ in range(zone.random.randrange(1, 6))])
        if rdtype != "A":
            del zone.rrsets[(owner, rdtype)]


def change_ttl(zone):
    key = zone.random.choice(sorted(zone.rrsets))
    zone.put(*key, zone.rrsets[key][1], zone.random.randrange(1, 100000))


def add_cut(zone, owner=None):
    owner = owner or zone.at(zone.new_label("cut"))
    zone.drop(owner)
    zone.put(owner, "NS", [f"ns.{owner}", "ns.example.net."])
    zone.put(f"ns.{owner}", "A", [_address(zone)])
    if zone.random.random() < 0.5:
        zone.put(owner, "DS", [f"{zone.random.randrange(65536)} 13 2 " + "%064x" % zone.random.getrandbits(256)])


def cut_appears(zone):
    """At a name with names below it, which are no longer seen."""
    inner = zone.inner()
    owner = zone.pick(lambda o, t: "*" not in o and o in inner and not zone.is_below_dname(o))
    if owner:
        add_cut(zone, owner)


def cut_over_nothing(zone):
    """At an empty non-terminal."""
    ents = [e for e in sorted(zone.inner() - set(zone.owners())) if "*" not in e and not zone.is_below_dname(e)]
    if ents:
        add_cut(zone, zone.random.choice(ents))


def cut_vanishes(zone):
    """What was below it is part of the zone again."""
    owner = zone.pick(lambda o, t: "NS" in t)
    if owner:
        zone.drop(owner)
        if zone.random.random() < 0.5:
            zone.put(owner, "A", [_address(zone)])


def change_ds(zone):
    owner = zone.pick(lambda o, t: "NS" in t)
    if owner and (owner, "DS") in zone.rrsets:
        del zone.rrsets[(owner, "DS")]
    elif owner:
        zone.put(owner, "DS", [f"{zone.random.randrange(65536)} 13 2 " + "%064x" % zone.random.getrandbits(256)])


def add_wildcard(zone):
    below = zone.random.choice(("", zone.new_label("w") + "."))
    owner = zone.at(f"*.{below}".rstrip("."))
    if not zone.types_at(owner) & {"CNAME"}:
        zone.put(owner, *(lambda kind, text: (kind, [text]))(*_some_rdata(zone)))


def remove_wildcard(zone):
    owner = zone.pick(lambda o, t: o.startswith("*."))
    if owner:
        zone.drop(owner)


def add_alias(zone):
    # Knot 3.2 proves nothing where an alias leads to the asterisk itself
    target = zone.pick(lambda o, t: "*" not in o) or zone.at("ns1")
    zone.put(zone.at(zone.new_label("c")), "CNAME", [target])


def alias_or_data(zone):
    """A CNAME becomes data, or data a CNAME."""
    owner = zone.pick(lambda o, t: not t & {"NS", "DNAME"})
    if not owner:
        return
    was_alias = "CNAME" in zone.types_at(owner)
    zone.drop(owner)
    if was_alias:
        zone.put(owner, *(lambda kind, text: (kind, [text]))(*_some_rdata(zone)))
    else:
        # an asterisk that leads to a name it matches itself is a loop, which BIND answers with SERVFAIL
        inner = () if owner.startswith("*.") else (zone.at("nowhere"),)
        zone.put(owner, "CNAME", [zone.random.choice((zone.at("ns1"), "www.example.net.", *inner))])


def add_dname(zone):
    owner = zone.at(zone.new_label("d"))
    if zone.random.random() < 0.5:
        owner = zone.pick(lambda o, t: not t & {"CNAME", "NS", "DNAME"} and "*" not in o) or owner
    zone.drop_below(owner)
    zone.put(owner, "DNAME", [zone.random.choice((zone.at("ns1"), "example.net.", zone.at(f"d{zone.counter}x")))])


def remove_dname(zone):
    owner = zone.pick(lambda o, t: "DNAME" in t)
    if owner:
        del zone.rrsets[(owner, "DNAME")]


def change_apex(zone):
    roll = zone.random.randrange(4)
    if roll == 0:
        servers = [zone.at("ns1"), zone.at("ns2"), "ns.example.net.", "ns.example.org."]
        zone.put(zone.apex, "NS", zone.random.sample(servers, zone.random.randrange(1, 4)))
    elif roll == 1:
        zone.put(zone.apex, "TXT", [f'"{zone.random.random()}"' for _ in range(zone.random.randrange(1, 4))])
    elif roll == 2:
        zone.put(zone.apex, "MX", [f"{zone.random.randrange(99)} mail{zone.random.randrange(9)}"])
        ttl, texts = zone.rrsets[(zone.apex, "MX")]
        zone.put(zone.apex, "MX", [t + "." + zone.apex for t in texts], ttl)
    else:
        zone.refresh = zone.random.randrange(3600, 7200)
        zone.rrsets.pop((zone.apex, "MX"), None)


def change_case(zone):
    """The same name with other letters: no change at all to many, another spelling to others."""
    if zone.spelling and zone.random.random() < 0.5:
        zone.spelling.popitem()
    owner = zone.pick()
    if owner:
        zone.spelling[owner] = owner.upper()


def resign_some(zone):
    if zone.denial:
        for key in zone.random.sample(sorted(zone.rrsets), min(20, len(zone.rrsets))):
            zone.ages[key] = zone.ages.get(key, 0) + 1


def resign_soa(zone):
    zone.ages[(zone.apex, "SOA")] = zone.ages.get((zone.apex, "SOA"), 0) + 1


SMALL = [add_host, add_deep, add_below, remove_name, remove_name, remove_name, remove_rrset, add_record, add_record,
         remove_record, replace_rrset, change_ttl, change_ttl, alias_or_data, change_case]
SHAPES = [add_subtree, remove_subtree, add_cut, cut_appears, cut_appears, cut_over_nothing, cut_vanishes, cut_vanishes,
          change_ds, add_wildcard, remove_wildcard, add_alias, add_dname, remove_dname, change_apex, resign_some, resign_soa]
CHANGES = SMALL + SHAPES


def sign_anew(zone):
    """Unsigned, NSEC, NSEC3, another salt: from any to any other. The whole chain changes."""
    zone.denial = zone.random.choice([s for s in zone.signings if s != zone.denial])
