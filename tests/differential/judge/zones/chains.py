"""Aliases: chains of CNAME and DNAME, loops, ways out of the zone and into another zone that is held."""
from judge.zones.spec import DIGEST, SERVERS, zone


def _line(name, length):
    """A chain of so many CNAMEs that ends in an address: NAME1 is its beginning."""
    links = "".join(f"{name}{i} IN CNAME {name}{i + 1}\n" for i in range(1, length + 1))
    return links + f"{name}{length + 1} IN A 192.0.2.{length}\n"


LONG = ".".join(["t" * 60] * 3)

CHAINS = SERVERS + f"""\
www             IN A     192.0.2.80
www             IN TXT   "www"
mail            IN A     192.0.2.25
mail            IN MX    10 mail
ent.a           IN TXT   "the end of an empty non-terminal"
*.wild          IN A     192.0.2.7
*.wildalias     IN CNAME www
sub             IN NS    ns.sub
ns.sub          IN A     192.0.2.2
secure          IN NS    ns1
secure          IN DS    12345 13 2 {DIGEST}
{_line("three-", 3)}{_line("seven-", 7)}{_line("eight-", 8)}{_line("nine-", 9)}{_line("eleven-", 11)}\
{_line("sixteen-", 16)}{_line("twenty-", 20)}\
self            IN CNAME self
loop1           IN CNAME loop2
loop2           IN CNAME loop1
ring1           IN CNAME ring2
ring2           IN CNAME ring3
ring3           IN CNAME ring1
toring          IN CNAME ring1
tonx            IN CNAME nothing
tonx2           IN CNAME tonx
tonodata        IN CNAME ent.a
toent           IN CNAME a
towild          IN CNAME q.wild
towildalias     IN CNAME q.wildalias
tocut           IN CNAME sub
tobelow         IN CNAME x.y.sub
toglue          IN CNAME ns.sub
tosecure        IN CNAME x.secure
toapex          IN CNAME @
toout           IN CNAME www.elsewhere.example.com.
toout2          IN CNAME toout
toroot          IN CNAME .
toparent        IN CNAME test.
toupper         IN CNAME WWW
tofar           IN CNAME www.far.test.
tofar2          IN CNAME tofar
tofarnx         IN CNAME nothing.far.test.
tofarnodata     IN CNAME txt.far.test.
tofarapex       IN CNAME far.test.
tofarcut        IN CNAME x.sub.far.test.
tofardname      IN CNAME x.d.far.test.
tofarback       IN CNAME back.far.test.
tofarloop       IN CNAME loop.far.test.
tofarwild       IN CNAME q.wild.far.test.
tofarsigned     IN CNAME www.farsigned.test.
tofarsignednx   IN CNAME nothing.farsigned.test.
tofarsignedno   IN CNAME txt.farsigned.test.
tochildds       IN CNAME child.parent.test.
todname         IN CNAME d
tobelowdname    IN CNAME www.d
d               IN DNAME target
d               IN TXT   "beside a DNAME"
www.target      IN A     192.0.2.8
target          IN MX    10 mail
alias.target    IN CNAME www
out.target      IN CNAME www.elsewhere.example.com.
d1              IN DNAME d2
d2              IN DNAME d3
d3              IN DNAME d4
d4              IN DNAME target
dloop1          IN DNAME dloop2
dloop2          IN DNAME dloop1
dself           IN DNAME dself
dgrow           IN DNAME x.dgrow
dshort.x        IN DNAME x
dout            IN DNAME elsewhere.example.com.
dfar            IN DNAME far.test.
dfarsigned      IN DNAME farsigned.test.
droot           IN DNAME .
dapex           IN DNAME @
dwild           IN DNAME wild
dcut            IN DNAME sub
dnx             IN DNAME nothing
dent            IN DNAME a
dalias          IN DNAME three-1
dlong           IN DNAME {LONG}
dlonger         IN DNAME {LONG}.{'u' * 40}
dcase           IN DNAME TarGet
dup.d5          IN DNAME target
{"x." * 40}deep IN A     192.0.2.9
ddeep           IN DNAME {"x." * 40}deep
mx              IN MX    10 three-1
mx              IN MX    20 www.d
mx              IN MX    30 www.far.test.
"""

FAR = SERVERS + """\
@               IN A     203.0.113.1
www             IN A     203.0.113.80
www             IN TXT   "far away"
txt             IN TXT   "no address here"
back            IN CNAME www.chains.test.
loop            IN CNAME tofarloop.chains.test.
out             IN CNAME www.elsewhere.example.com.
*.wild          IN A     203.0.113.7
sub             IN NS    ns.sub
ns.sub          IN A     203.0.113.2
d               IN DNAME target.chains.test.
"""

ZONES = [
    zone("chains.test", CHAINS),
    zone("chains-nsec.test", CHAINS, "nsec"),
    zone("chains-nsec3.test", CHAINS, "nsec3"),
    zone("far.test", FAR, soa_ttl=120, minimum=600),
    zone("farsigned.test", FAR, "nsec3"),
]
