"""Delegations: glue of every kind, parents and children held together, a top-level domain, the root."""
import random

from judge.zones.spec import DIGEST, SERVERS, zone

DS = f"12345 13 2 {DIGEST}"

DEEP = SERVERS + f"""\
www             IN A     192.0.2.80
; name servers inside the delegated zone, at its apex, deep below it
in              IN NS    ns1.in
in              IN NS    ns2.in
ns1.in          IN A     192.0.2.11
ns1.in          IN AAAA  2001:db8::11
ns2.in          IN AAAA  2001:db8::12
self            IN NS    self
self            IN A     192.0.2.13
far.below       IN NS    a.b.c.d.ns.far.below
a.b.c.d.ns.far.below IN A 192.0.2.14
; sibling glue, one way and in a circle (RFC 9471 section 2.2)
sibling         IN NS    ns1.in
sibling         IN NS    ns.sibling
ns.sibling      IN A     192.0.2.15
circle1         IN NS    ns.circle2
ns.circle1      IN A     192.0.2.16
circle2         IN NS    ns.circle1
ns.circle2      IN A     192.0.2.17
onlysibling     IN NS    ns2.in
; glue missing, names outside, names of the zone itself, aliases, wildcards
noglue          IN NS    ns.noglue
out             IN NS    ns.elsewhere.example.com.
out             IN NS    ns.elsewhere.example.net.
ofzone          IN NS    ns1
ofzone          IN NS    ns2
mixed           IN NS    ns1
mixed           IN NS    ns.mixed
mixed           IN NS    ns1.in
mixed           IN NS    ns.elsewhere.example.com.
mixed           IN NS    ns.far.test.
ns.mixed        IN A     192.0.2.18
towild          IN NS    q.wild
*.wild          IN A     192.0.2.19
toalias         IN NS    alias
alias           IN CNAME www
toapex          IN NS    @
@               IN A     192.0.2.20
; what lies below a cut is not ours
occluded        IN NS    ns1
occluded        IN TXT   "not to be seen"
occluded        IN A     192.0.2.21
x.occluded      IN TXT   "nor this"
*.occluded      IN A     192.0.2.22
sub.occluded    IN NS    ns.sub.occluded
ns.sub.occluded IN A     192.0.2.23
c.occluded      IN CNAME www
d.occluded      IN DNAME www
; deep down, below empty non-terminals
a.b.c           IN NS    ns1
z.y.x           IN NS    ns.z.y.x
ns.z.y.x        IN A     192.0.2.24
z.y.x           IN DS    {DS}
; signed and unsigned
secure          IN NS    ns.secure
ns.secure       IN A     192.0.2.25
secure          IN DS    {DS}
secure          IN DS    12345 13 4 {DIGEST}00112233445566778899aabbccddeeff
secure2         IN NS    ns1
secure2         IN DS    {DS}
insecure        IN NS    ns1
; a cut below a DNAME's neighbour, and a DNAME below a cut
dn              IN DNAME in
; many servers, few of them known
many            IN NS    ns1.many
many            IN NS    ns2.many
many            IN NS    ns3.many
many            IN NS    ns4.many
ns1.many        IN A     192.0.2.31
ns2.many        IN A     192.0.2.32
ns2.many        IN A     192.0.2.33
ns2.many        IN AAAA  2001:db8::32
mx              IN MX    10 ns1.in
mx              IN MX    20 in
mx              IN MX    30 www
srv             IN SRV   0 0 53 ns.sub.occluded
"""

ENTS = SERVERS + f"""\
i.e1            IN NS    ns1
s.e2            IN NS    ns1
s.e2            IN DS    {DS}
i.e3            IN NS    ns1
s.e3            IN NS    ns1
s.e3            IN DS    {DS}
i.x.y.e4        IN NS    ns1
a.i.x.y.e4      IN A     192.0.2.1
i.x.e5          IN NS    ns1
www.e5          IN A     192.0.2.2
*.e6            IN A     192.0.2.3
i.e6            IN NS    ns1
www             IN A     192.0.2.80
"""

PARENT = SERVERS + f"""\
www             IN A     192.0.2.80
child           IN NS    ns.child
child           IN NS    ns1
child           IN DS    {DS}
ns.child        IN A     192.0.2.40
plainchild      IN NS    ns.plainchild
ns.plainchild   IN A     192.0.2.41
lost            IN NS    ns1
hidden          IN A     192.0.2.42
tochild         IN CNAME www.child
tochildnx       IN CNAME nothing.child
tochildwild     IN CNAME a.wild.child
dchild          IN DNAME child
mx              IN MX    10 www.child
grand.child     IN NS    ns1
"""

CHILD = """\
@               IN NS    ns
@               IN NS    ns1.parent.test.
@               IN MX    10 www
ns              IN A     192.0.2.40
ns              IN AAAA  2001:db8::40
www             IN A     192.0.2.43
*.wild          IN A     192.0.2.44
up              IN CNAME www.parent.test.
upds            IN CNAME @
grand           IN NS    ns.grand
ns.grand        IN A     192.0.2.45
"""


def _domain_lines(chance, number, suffix, has_ds):
    """One delegation of a registry: a name, two to four servers, glue where they lie inside."""
    name = f"{chance.choice(('shop', 'my', 'the', 'web', 'x'))}{number}{chance.choice(('', '-online', 'a', '0'))}"
    lines = []
    kind = chance.random()
    if kind < 0.55:
        hoster = chance.randrange(20)
        lines += [f"{name} IN NS ns{i}.hoster{hoster}.example.net.\n" for i in (1, 2)]
    elif kind < 0.75:
        hoster = chance.randrange(5)
        lines += [f"{name} IN NS ns{i}.hoster-{hoster}\n" for i in (1, 2)]
    else:
        for i in range(1, chance.randrange(2, 5)):
            lines += [f"{name} IN NS ns{i}.{name}\n", f"ns{i}.{name} IN A 198.51.100.{chance.randrange(1, 255)}\n"]
            if chance.random() < 0.5:
                lines.append(f"ns{i}.{name} IN AAAA 2001:db8:{number:x}::{i}\n")
    if has_ds:
        lines.append(f"{name} IN DS {chance.randrange(65536)} 13 2 {chance.getrandbits(256):064x}\n")
    if suffix and chance.random() < 0.1:
        lines = [line.replace(name, f"{name}.{suffix}") for line in lines]
    return "".join(lines)


def registry(domains, seed):
    """A top-level domain: delegations and little else."""
    chance = random.Random(seed)
    text = SERVERS
    for hoster in range(5):
        text += f"hoster-{hoster} IN NS ns1.hoster-{hoster}\nhoster-{hoster} IN NS ns2.hoster-{hoster}\n"
        text += f"ns1.hoster-{hoster} IN A 203.0.113.{hoster}\nns2.hoster-{hoster} IN A 203.0.113.{hoster + 100}\n"
        text += f"ns1.hoster-{hoster} IN AAAA 2001:db8:5::{hoster}\n"
    return text + "".join(_domain_lines(chance, number, "co", chance.random() < 0.3) for number in range(domains))


def root(domains, seed):
    """The shape of the root: every name a delegation, glue for most, DS for nearly all."""
    chance = random.Random(seed)
    letters = "abcdefghijklm"
    text = "".join(f"@ 518400 IN NS {letter}.root-servers.net.\n" for letter in letters)
    text += "".join(f"{letter}.root-servers.net. 518400 IN A 192.0.2.{i + 1}\n"
                    f"{letter}.root-servers.net. 518400 IN AAAA 2001:db8:100::{i + 1:x}\n"
                    for i, letter in enumerate(letters))
    for name in ["net", "com", "arpa", "xn--p1ai", "museum"] + [f"tld{i}" for i in range(domains)]:
        servers = chance.randrange(2, 14)
        for i in range(servers):
            host = f"{letters[i]}.{chance.choice(('nic.' + name, 'nic.' + name, 'gtld-servers.net', 'dns.museum'))}."
            text += f"{name} 172800 IN NS {host}\n"
            if host.endswith(f".{name}.") or chance.random() < 0.7:
                text += f"{host} 172800 IN A 198.51.100.{chance.randrange(1, 255)}\n" if host not in text or \
                    f"{host} 172800 IN A" not in text else ""
                text += f"{host} 172800 IN AAAA 2001:db8:{chance.randrange(65536):x}::1\n" \
                    if f"{host} 172800 IN AAAA" not in text else ""
        if chance.random() < 0.9:
            text += f"{name} 86400 IN DS {chance.randrange(65536)} 8 2 {chance.getrandbits(256):064x}\n"
    text += f"xx 172800 IN NS ns1.xx.\nxx 86400 IN DS {DS}\nns1.xx. 172800 IN A 192.0.2.53\n"
    return text


XX = registry(60, 7) + f"""\
child           IN NS    ns.child
ns.child        IN A     192.0.2.40
child           IN DS    {DS}
"""

XX_CHILD = """\
@               IN NS    ns
ns              IN A     192.0.2.40
www             IN A     192.0.2.41
up              IN CNAME www.xx.
away            IN CNAME www.com.
rootward        IN CNAME .
nowhere         IN CNAME not-a-tld.
"""

ZONES = [
    zone("deep.test", DEEP),
    zone("deep-nsec.test", DEEP, "nsec"),
    zone("deep-optout.test", DEEP, "optout"),
    zone("ents.test", ENTS, "optout"),
    zone("ents-nsec3.test", ENTS, "nsec3"),
    zone("parent.test", PARENT, "nsec"),
    zone("child.parent.test", CHILD, "nsec3"),
    zone("plainchild.parent.test", CHILD),
    zone("hidden.parent.test", CHILD),
    zone("zz", registry(1500, 5), "optout", soa_ttl=900, minimum=900),
]

ROOT_ZONES = [
    zone(".", root(60, 3), "nsec", soa_ttl=86400, minimum=86400),
    zone("xx", XX, "optout"),
    zone("child.xx", XX_CHILD, "nsec"),
]
