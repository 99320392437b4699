"""What is in a zone, as far as questions are made from it and answers are judged by it."""
from collections import defaultdict

from judge import wire

NS, CNAME, DNAME, NSEC3 = 2, 5, 39, 50


class Content:
    """All names are whole, in wire format and lower case."""

    def __init__(self, apex, records):
        self.apex = apex
        self.rrsets = defaultdict(set)  # (owner, type) -> {rdata}
        self.ttls = {}
        self.types = defaultdict(set)   # owner -> {type}
        for owner, rdtype, _, ttl, rdata in records:
            self.rrsets[owner, rdtype].add(rdata)
            self.ttls[owner, rdtype] = ttl
            self.types[owner].add(rdtype)
        self.hashes = sorted(o for o, types in self.types.items() if NSEC3 in types)
        hashed = set(self.hashes)
        self.owners = sorted(o for o in self.types if o not in hashed)
        self.cuts = [o for o in self.owners if NS in self.types[o] and o != apex]
        self.dnames = [o for o in self.owners if DNAME in self.types[o]]
        self.aliases = [o for o in self.owners if CNAME in self.types[o]]
        self.wildcards = [o for o in self.owners if o[:2] == b"\x01*"]
        self.empty = self._empty_non_terminals()
        self.targets = self._targets()
        self.all_types = sorted({t for types in self.types.values() for t in types})
        self._cuts = set(self.cuts)
        self.empty_set = set(self.empty)

    def _empty_non_terminals(self):
        found = set()
        for owner in self.owners:
            name = owner
            while name != self.apex and name is not None:
                name = wire.parent(name)
                if name not in self.types:
                    found.add(name)
        return sorted(found - {None})

    def _targets(self):
        """Names that records point to, in the zone or out of it."""
        found = set()
        for (_, rdtype), rdatas in self.rrsets.items():
            layout = wire.LAYOUTS.get(rdtype)
            if layout and layout[-1] == "n" and rdtype not in (46, 47):
                skip = sum(part for part in layout if isinstance(part, int))
                if "s" not in layout and layout.count("n") == 1:
                    found |= {rdata[skip:] for rdata in rdatas}
        return sorted(found)

    def cut_above(self, name):
        """The uppermost cut at or above name, or None."""
        found = None
        while name is not None and len(name) > len(self.apex):
            if name in self._cuts:
                found = name
            name = wire.parent(name)
        return found


class Held:
    """All zones of a world together: {zone: Content}."""

    def __init__(self, contents):
        self.contents = contents
        self.apexes = {c.apex: c for c in contents.values()}

    def zone_of(self, name):
        """The Content of the zone with the longest name at or above name, or None."""
        while name is not None:
            if name in self.apexes:
                return self.apexes[name]
            name = wire.parent(name)
        return None
