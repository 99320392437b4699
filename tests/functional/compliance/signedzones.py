"""Signed zones with every shape that a proof can have, and questions about them.

A spec is one way to sign; its zone comes with two zones below it that are held too: child (signed, with DS in the
parent) and plain (not signed)."""
import random
import re
from typing import NamedTuple

import dns.dnssec
import dns.name
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.zone

from lib.signing import sign
from lib.zonetext import soa


class Spec(NamedTuple):
    name: str
    denial: object  # for lib.signing.sign
    algorithm: str
    opt_out: bool = False
    extra: str = ""


APEX_WILDCARD = '* TXT "for every name that is not there"\n'
SPECS = (Spec("n8.test", "nsec", "RSASHA256"), Spec("n13.test", "nsec", "ECDSAP256SHA256"),
         Spec("n15.test", "nsec", "ED25519", extra=APEX_WILDCARD),
         Spec("h8.test", ("-3", "c0ffee00c0ffee", "-H", "50"), "RSASHA256"),
         Spec("h13.test", "nsec3-no-salt", "ECDSAP256SHA256"),
         Spec("h15.test", "nsec3", "ED25519", extra=APEX_WILDCARD),
         Spec("o13.test", "nsec3-optout", "ECDSAP256SHA256", True),
         Spec("o15.test", ("-3", "beef", "-H", "10", "-A"), "ED25519", True))

HAND_MADE = """\
*.wild          A     192.0.2.10
*.wild          TXT   "from the wildcard"
there.wild      MX    10 host1
deep.under.wild A     192.0.2.11
*.wildalias     CNAME host1
*.wildaway      CNAME target.example.net.
*.wildnx        CNAME nowhere
*.wildchild     CNAME www.child
*.wildwild      CNAME x.wild
x.*.went        A     192.0.2.15
*.a.wdeep       TXT   "deeper"
*.wdeep         A     192.0.2.16
*.mixed.wcut    A     192.0.2.17
secure.wcut     NS    ns1.example.net.
secure.wcut     DS    1 13 2 0011223344556677889900112233445566778899001122334455667788990011
insecure.wcut   NS    ns1.example.net.
a.b.c.ent       A     192.0.2.12
a.b.d.ent       TXT   "twins"
Mixed.CASE.Up   A     192.0.2.18
_sip._tcp       SRV   1 2 5060 host1
\\000            TXT   "zero"
\\000.\\000       TXT   "two zeros"
\\255\\255        TXT   "last"
a\\.dot          TXT   "a dot in a label"
*x              TXT   "no wildcard"
x*              TXT   "none either"
dname           DNAME target
dname           TXT   "beside a DNAME"
host.target     A     192.0.2.13
deep.host.target TXT  "deep"
dout            DNAME example.net.
dchain          DNAME dname
dchild          DNAME child
dplain          DNAME plain
dnx             DNAME nowhere.at.all
dwild           DNAME wild
dcut            DNAME cut1
dlong           DNAME {long}
chain1          CNAME chain2
chain2          CNAME chain3
chain3          CNAME chain4
chain4          CNAME host2
cnx             CNAME nowhere
cent            CNAME b.c.ent
cwild           CNAME q.wild
cwildnx         CNAME q.under.wild
cout            CNAME www.example.net.
cdname          CNAME host.dname
cdnx            CNAME nx.dname
ccut            CNAME www.cut1
csecurecut      CNAME www.cut2
cchild          CNAME www.child
cchildnx        CNAME nx.child
cplain          CNAME www.plain
loop1           CNAME loop2
loop2           CNAME loop1
self            CNAME self
plain           NS    ns1.plain
ns1.plain       A     192.0.2.30
child           NS    ns1.child
ns1.child       A     192.0.2.31
in.cut1         A     192.0.2.32
a.deep.cutbelow NS    ns1.example.net.
b.deep.cutbelow NS    ns1.example.net.
ns.a.deep.cutbelow A  192.0.2.33
"""


def _random_part(chance):
    """Hosts at one to four labels, so that there are empty non-terminals, and delegations between them."""
    lines = []
    for number in range(1, 81):
        owner = ".".join([f"host{number}"] + [f"{chance.choice('abcdefgh')}{chance.randrange(4)}"
                                              for _ in range(chance.choice((0, 0, 0, 1, 2, 3)))])
        owner = f"host{number}" if number <= 10 else owner
        for rdtype, rdata in (("A", f"192.0.2.{number}"), ("AAAA", f"2001:db8::{number}"), ("MX", "10 host1"),
                              ("TXT", f'"text {number}"'), ("CAA", '0 issue "ca.example"'),
                              ("TYPE65400", "\\# 2 0102")):
            if number <= 10 or chance.random() < 0.4:
                lines.append(f"{owner} {rdtype} {rdata}\n")
    for number in range(1, 61):
        owner = ".".join([f"cut{number}"] + [f"z{chance.randrange(9)}"] * chance.choice((0, 0, 1)))
        owner = f"cut{number}" if number <= 4 else owner
        lines.append(f"{owner} NS ns1.{owner if chance.random() < 0.3 else 'example.net.'}\n")
        if number % 2 == 0:
            lines.append(f"{owner} DS {number} 13 2 {number:064x}\n")
    return "".join(lines)


def _long_chain(links):
    return "".join(f"long{n} CNAME long{n + 1}\n" for n in range(links)) + f"long{links} A 192.0.2.99\n"


def zone_text(name, seed):
    long = ".".join(["l" * 60] * 3)
    head = soa(name, 1, minimum=900) + f"$ORIGIN {name}.\n$TTL 3600\n@ NS ns1\n@ NS ns2\n@ MX 10 host1\n@ A 192.0.2.1\n"
    return (head + "ns1 A 192.0.2.2\nns2 A 192.0.2.3\n" + HAND_MADE.format(long=long) + _long_chain(20)
            + _random_part(random.Random(seed)))


def child_text(name):
    return (soa(name, 1, minimum=60) + f"$ORIGIN {name}.\n$TTL 600\n@ NS ns1\n@ TXT \"child\"\nns1 A 192.0.2.31\n"
            f"www A 192.0.2.40\n*.wild A 192.0.2.41\nup CNAME host1.{name.split('.', 1)[1]}.\n"
            f"upnx CNAME nowhere.{name.split('.', 1)[1]}.\nhost.target A 192.0.2.42\n")


class SignedZones:
    """text: what a primary is to hold; keys: apex -> DNSKEY rdata of the key to trust, None for an unsigned zone;
    anchor: for delv."""

    def __init__(self, folder, spec):
        child, plain = f"child.{spec.name}", f"plain.{spec.name}"
        signed_child = sign(folder, child, child_text(child), spec.denial, spec.algorithm)
        ds = dns.dnssec.make_ds(dns.name.from_text(child), _key(signed_child), "SHA256")
        text = zone_text(spec.name, spec.name) + spec.extra + f"child DS {ds}\n"
        signed = sign(folder, spec.name, text, spec.denial, spec.algorithm)
        self.spec, self.signed = spec, signed
        self.text = {spec.name: signed.text, child: signed_child.text, plain: child_text(plain)}
        self.keys = {dns.name.from_text(spec.name): _key(signed), dns.name.from_text(child): _key(signed_child),
                     dns.name.from_text(plain): None}


def _key(signed):
    fields = re.search(r'static-key (\d+ \d+ \d+) "([^"]*)"', signed.anchor)
    return dns.rdata.from_text(dns.rdataclass.IN, dns.rdatatype.DNSKEY, f"{fields.group(1)} {fields.group(2)}")


# --- questions

TYPES = [dns.rdatatype.from_text(t) for t in (
    "A", "A", "AAAA", "TXT", "MX", "NS", "SOA", "DS", "DNSKEY", "CNAME", "DNAME", "NSEC", "NSEC3", "NSEC3PARAM", "CAA",
    "TYPE65400", "ANY", "HTTPS")]


def names_of(apex, text):
    """Name -> types of the zone, empty non-terminals too; NSEC3 owners are no names of it."""
    apex, found = dns.name.from_text(apex), {}
    for name, node in dns.zone.from_text(text, apex, relativize=False).items():
        types = [rdataset.rdtype for rdataset in node if rdataset.rdtype != dns.rdatatype.RRSIG]
        if types != [dns.rdatatype.NSEC3]:
            found[name] = types
    for name in list(found):
        while name != apex:
            name = name.parent()
            found.setdefault(name, [])
    return found


def questions(zones, count, seed):
    """count (name, type) pairs: every owner and empty non-terminal, names beside, below and between them; each alias
    for certain, since only few of them are loops or too long to follow."""
    chance, names = random.Random(seed), {}
    for apex in zones.text:
        names.update(names_of(apex, zones.text[apex]))
    order = sorted(names)
    found = [(name, dns.rdatatype.A) for name in order if dns.rdatatype.CNAME in names[name]]
    while len(found) < count:
        owner = chance.choice(order)
        name = _variant(chance, owner, dns.name.from_text(zones.spec.name))
        if name is not None:
            rdtype = chance.choice(names[owner] if names[owner] and chance.random() < 0.3 else TYPES)
            found.append((_some_case(chance, name), rdtype))
    return found


def _variant(chance, name, apex):
    try:
        roll = chance.random()
        if roll < 0.35 or name == apex:
            return name
        if roll < 0.55:
            return dns.name.Name((b"q%d" % chance.randrange(1000),) + name.labels)
        if roll < 0.65:
            return dns.name.Name((b"a", b"b%d" % chance.randrange(100)) + name.labels)
        if roll < 0.75:  # the next name there could be, and one close before
            return dns.name.Name((name.labels[0] + b"\0",) + name.labels[1:])
        if roll < 0.80:
            return dns.name.Name((name.labels[0][:-1] or b"-",) + name.labels[1:])
        if roll < 0.85:
            return dns.name.Name((b"*",) + name.labels)
        if roll < 0.90:
            return name.parent()
        if roll < 0.93:
            return dns.name.Name((b"x",) * chance.randrange(1, 110) + name.labels)
        return dns.name.Name((b"nx%d" % chance.randrange(10**6),) + apex.labels)
    except (dns.name.NameTooLong, dns.name.LabelTooLong):
        return None


def _some_case(chance, name):
    if chance.random() < 0.8:
        return name
    return dns.name.Name(tuple(bytes(b ^ 0x20 if chr(b).isalpha() and b < 128 and chance.random() < 0.5 else b
                                     for b in label) for label in name.labels))
