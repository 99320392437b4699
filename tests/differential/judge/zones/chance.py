"""Zones that chance puts together from few labels, so that names of every kind stand above, below and beside each other:
wildcards under cuts, empty non-terminals that are asterisks, aliases and name servers at all of it."""
import random

from judge.zones.spec import DIGEST, zone

LABELS = ("a", "a", "b", "c", "*", "*", "D", r"\000", "z")
WITHOUT_ASTERISK = tuple(label for label in LABELS if label != "*")
DENIALS = (None, "nsec", "nsec3", "optout", "iterations")
DATA = ("A 192.0.2.{n}", "A 192.0.2.{n}", "AAAA 2001:db8::{n:x}", 'TXT "{n}"', "MX {n} {name}", "SRV {n} 0 53 {name}",
        "HTTPS {n} {name}", "PTR {name}", "TYPE65400 \\# 1 {n:02x}", "AFSDB {n} {name}", "KX {n} {name}",
        'NAPTR {n} 0 "" "" "" {name}', "LOC 52 22 23.000 N 4 53 32.000 E -2.00m", "APL 1:192.0.2.{n}/32",
        "CDS 0 0 0 00", 'CAA 0 issue "{n}"', "CSYNC {n} 3 A NS")


def _is_below(name, other):
    return name.lower().endswith("." + other.lower())


class _Zone:
    """The lines of one zone, all names of which are made of the labels."""

    def __init__(self, chance, labels):
        self.chance, self.labels, self.lines, self.glue = chance, labels, [], []

    def name(self):
        return ".".join(self.chance.choice(self.labels) for _ in range(self.chance.choice((1, 1, 1, 2, 2, 2, 3, 3, 4))))

    def target(self):
        """Other zones that are held are for chains.py: peers end aliases there, each in its own way."""
        return self.name() if self.chance.random() < 0.9 else self.chance.choice(("@", ".", "out.example.org."))

    def put(self, owner, text):
        ttl = self.chance.choice((0, 1, 60, 3600, 86400, 2147483647))
        self.lines.append(f"{owner} {ttl} IN {text}")

    def data(self, owner):
        for text in set(self.chance.choices(DATA, k=self.chance.choice((1, 1, 2, 4)))):
            rdtype = text.split()[0]
            ttl = self.chance.choice((0, 1, 60, 3600))
            for _ in range(self.chance.choice((1, 1, 1, 2, 3))):
                self.lines.append(f"{owner} {ttl} IN "
                                  + text.format(n=self.chance.randrange(1, 200), name=self.target()))
                if rdtype == "CSYNC":
                    break

    def cut(self, owner):
        ttl = self.chance.choice((0, 60, 3600))
        for _ in range(self.chance.choice((1, 2, 3))):
            host = self.target() if self.chance.random() < 0.5 else f"{self.name()}.{owner}"
            self.lines.append(f"{owner} {ttl} IN NS {host}")
            if not host.endswith(".") and host != "@" and self.chance.random() < 0.6:
                self.glue.append(host)
        if self.chance.random() < 0.4:
            self.put(owner, f"DS 12345 13 2 {DIGEST}")
        if self.chance.random() < 0.3:
            self.data(owner)

    def text(self, size):
        """No CNAME beside data, no NS at an asterisk, nothing below a DNAME: peers take no such zone.

        No DNAME at or below an asterisk, which Knot takes for a wildcard's."""
        owners = list({owner.lower(): owner for owner in (self.name() for _ in range(size))}.values())
        kinds = {}
        for owner in owners:
            kind = self.chance.choices(("data", "cname", "dname", "cut", "dname and data"), (40, 22, 10, 18, 5))[0]
            if kind == "cut" and owner.startswith("*") or "dname" in kind and (
                    "*" in owner or any(_is_below(o, owner) for o in owners)):
                kind = "data"
            kinds[owner.lower()] = kind
            if "data" in kind:
                self.data(owner)
            if kind == "cname":
                self.put(owner, f"CNAME {self.target()}")
            if "dname" in kind:
                self.put(owner, f"DNAME {self.target()}")
            if kind == "cut":
                self.cut(owner)
        for host in dict.fromkeys(self.glue):
            if kinds.get(host.lower()) != "cname" and not any(
                    _is_below(host, owner) for owner, kind in kinds.items() if "dname" in kind):
                self.lines.append(f"{host} 60 IN A 198.51.100.{self.chance.randrange(1, 200)}")
        return "\n".join(["@ IN NS a", "@ IN NS ns.example.net."] + self.lines) + "\n"


APEXES = ("chance1.test", "chance2", "a.b.*.a.chance3.test", "chance4.test", "chance5.test", "chance6.test")


def _made(chance, apexes):
    """With opt-out no asterisk: beside an empty non-terminal that has no NSEC3 record no proof denies it."""
    for apex in apexes:
        denial = chance.choice(DENIALS)
        body = _Zone(chance, WITHOUT_ASTERISK if denial == "optout" else LABELS)
        yield zone(apex, body.text(chance.choice((3, 12, 25, 40))), denial, soa_ttl=chance.choice((0, 60, 3600)),
                   minimum=chance.choice((0, 60, 86400)))


def zones(seed):
    """None below another: NSD takes names of one for names of the other."""
    return list(_made(random.Random(f"chance {seed}"), APEXES))


def root_zones(seed):
    return list(_made(random.Random(f"chance root {seed}"), ["."]))
