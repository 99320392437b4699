"""Wildcards of every kind, plain and under each denial; the zone of RFC 4592.

None owns NS records: RFC 4592 section 4.2 leaves that undefined, and BIND takes no such zone."""
from judge.zones.spec import DIGEST, SERVERS, zone

# RFC 4592 section 2.2.1, with an SOA and SRV data of our own.
RFC4592 = """\
@               IN NS   ns.example.com.
@               IN NS   ns.example.net.
*               IN TXT  "this is a wildcard"
*               IN MX   10 host1
sub.*           IN TXT  "this is not a wildcard"
host1           IN A    192.0.2.1
_ssh._tcp.host1 IN SRV  0 1 22 host1
_ssh._tcp.host2 IN SRV  0 1 22 host2.example.net.
subdel          IN NS   ns.example.com.
subdel          IN NS   ns.example.net.
"""

WILD = SERVERS + f"""\
www             IN A     192.0.2.80
mail            IN A     192.0.2.25
mail            IN AAAA  2001:db8::25
*.a             IN A     192.0.2.1
*.a             IN TXT   "from the wildcard"
*.a             IN MX    10 mail
there.a         IN MX    10 mail
sub.a           IN NS    ns.sub.a
sub.a           IN NS    q.a
ns.sub.a        IN A     192.0.2.2
secure.a        IN NS    ns1
secure.a        IN DS    12345 13 2 {DIGEST}
dname.a         IN DNAME target
*.alias         IN CNAME www
*.aliasout      IN CNAME www.elsewhere.example.com.
*.aliasheld     IN CNAME www.far.test.
*.aliasnx       IN CNAME nothing.here
*.aliasnodata   IN CNAME there.a
*.aliaswild     IN CNAME q.a
*.aliaswild2    IN CNAME q.aliaswild
*.aliascut      IN CNAME x.sub.a
*.aliasdname    IN CNAME x.dname.a
*.aliasself     IN CNAME x.aliasself
*.aliasstar     IN CNAME *.aliasstar
*.aliasent      IN CNAME ent
*.mx            IN MX    10 mail
*.mxwild        IN MX    10 q.a
*.srv           IN SRV   1 2 25 mail
*.https         IN HTTPS 0 www
*.https2        IN HTTPS 1 . alpn=h2
*.x.ent         IN A     192.0.2.3
*.y.ent         IN CNAME www
deep.star.*.b   IN TXT   "the asterisk above is an empty non-terminal"
*.*.c           IN A     192.0.2.4
in.*.d          IN A     192.0.2.5
*.d             IN TXT   "a wildcard with a name below it"
*.blocked       IN A     192.0.2.6
x.y.blocked     IN TXT   "y is an empty non-terminal"
*.ns.only       IN A     192.0.2.7
target          IN A     192.0.2.8
one.target      IN A     192.0.2.9
*.target        IN TXT   "below the target"
*.dnstar        IN DNAME target
*.unknown       IN TYPE65400 \\# 3 010203
*.big           IN TXT   "{'x' * 200}"
*.big           IN TXT   "{'y' * 200}"
*.big           IN TXT   "{'z' * 200}"
"""

STAR = SERVERS + """\
*               IN A     192.0.2.1
*               IN MX    10 mail
*               IN TXT   "everything"
mail            IN A     192.0.2.25
www             IN AAAA  2001:db8::80
a.b.c           IN TXT   "below two empty non-terminals"
sub             IN NS    ns.sub
ns.sub          IN A     192.0.2.2
dn              IN DNAME mail
"""

STAR_ALIAS = SERVERS + """\
*               IN CNAME www
www             IN A     192.0.2.80
mail            IN MX    10 random.name
sub             IN NS    random.name
"""

ZONES = [
    zone("example", RFC4592),
    zone("wild-plain.test", WILD),
    zone("wild-nsec.test", WILD, "nsec"),
    zone("wild-nsec3.test", WILD, "nsec3"),
    zone("wild-optout.test", WILD, "optout"),
    zone("star-nsec.test", STAR, "nsec"),
    zone("star-nsec3.test", STAR, "iterations"),
    zone("star-alias.test", STAR_ALIAS, "nsec3"),
]
