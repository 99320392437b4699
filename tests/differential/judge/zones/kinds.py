"""Ordinary zones, and zones with records of all types."""
from judge.zones.spec import SERVERS, ZoneSpec, zone
from lib.zonetext import every_type_zone, shapes_zone

PLAIN = """\
@               86400 IN NS    ns1
@               86400 IN NS    ns2.dns-host.example.net.
@               3600  IN A     192.0.2.1
@               3600  IN AAAA  2001:db8::1
@               3600  IN MX    10 mail
@               3600  IN MX    20 mail2.backup.example.net.
@               3600  IN TXT   "v=spf1 mx include:_spf.example.net -all"
@               3600  IN TXT   "site-verification=0123456789abcdef"
@               3600  IN CAA   0 issue "ca.example.net"
@               3600  IN CAA   0 iodef "mailto:security@example.net"
@               3600  IN HTTPS 1 . alpn="h2,h3" ipv4hint=192.0.2.1 ipv6hint=2001:db8::1
ns1             86400 IN A     192.0.2.53
ns1             86400 IN AAAA  2001:db8::53
www             300   IN CNAME @
blog            300   IN CNAME hosting.example.net.
shop            300   IN A     192.0.2.2
shop            300   IN A     192.0.2.3
shop            300   IN A     192.0.2.4
mail            3600  IN A     192.0.2.25
mail            3600  IN AAAA  2001:db8::25
_25._tcp.mail   3600  IN TLSA  3 1 1 00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff
_dmarc          3600  IN TXT   "v=DMARC1; p=reject; rua=mailto:dmarc@example.net"
2026._domainkey 3600  IN TXT   "v=DKIM1; k=rsa; p=MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA" "xyz0123456789"
_sip._tcp       3600  IN SRV   10 60 5060 sip
_sip._tcp       3600  IN SRV   20 60 5060 sip.example.net.
_sips._tcp      3600  IN SRV   10 60 5061 sip
sip             3600  IN A     192.0.2.5
sip             3600  IN NAPTR 10 10 "s" "SIP+D2T" "" _sip._tcp
autodiscover    3600  IN CNAME mail
*.dev           60    IN A     192.0.2.6
api.dev         60    IN A     192.0.2.7
api.dev         60    IN AAAA  2001:db8::7
office          3600  IN LOC   52 22 23.000 N 4 53 32.000 E -2.00m 0.00m 10000m 10m
office          3600  IN SSHFP 4 2 00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff
host            3600  IN HINFO "PC" "LINUX"
partner         3600  IN NS    ns.partner
partner         3600  IN NS    ns2.dns-host.example.net.
ns.partner      3600  IN A     192.0.2.60
1.0.0           3600  IN PTR   www
Upper.Case      3600  IN MX    10 Mail
zero            0     IN A     192.0.2.9
never           2147483647 IN A 192.0.2.10
"""

SVCB = SERVERS + """\
@               IN HTTPS 0 svc
svc             IN HTTPS 1 . alpn=h2,h3 port=8443
svc             IN HTTPS 2 backup alpn=h2
svc             IN A     192.0.2.1
svc             IN AAAA  2001:db8::1
backup          IN A     192.0.2.2
a1              IN HTTPS 0 a2
a2              IN HTTPS 0 a3
a3              IN HTTPS 1 . alpn=h2
a3              IN A     192.0.2.3
self            IN HTTPS 0 self
loop1           IN SVCB  0 loop2
loop2           IN SVCB  0 loop1
tocname         IN HTTPS 0 cname
cname           IN CNAME svc
out             IN HTTPS 0 cdn.example.net.
far             IN HTTPS 1 www.far.test. alpn=h2
cut             IN HTTPS 1 www.sub alpn=h2
sub             IN NS    ns.sub
ns.sub          IN A     192.0.2.4
none            IN HTTPS 0 .
nodot           IN HTTPS 1 .
_dns            IN SVCB  1 dot alpn=dot
_dns            IN SVCB  2 doh alpn=h2 key7="/dns-query{?dns}"
dot             IN A     192.0.2.5
doh             IN AAAA  2001:db8::5
_8443._foo      IN SVCB  1 svc mandatory=port port=8443 key65333=abc
*.w             IN HTTPS 1 svc alpn=h2
missing         IN HTTPS 1 nothing alpn=h2
towild          IN HTTPS 1 q.wa alpn=h2
*.wa            IN A     192.0.2.6
"""

UNKNOWN = SERVERS + r"""
u               IN TYPE65400 \# 5 0102030405
u               IN TYPE65400 \# 5 0102030406
u               IN TYPE65401 \# 0
u               IN TYPE65279 \# 4 c00cc00c
u               IN TYPE1000 \# 12 0377777704746573740000ff
u               IN A     192.0.2.1
v               IN TYPE32770 \# 1 ff
w               IN TYPE40000 \# 300 """ + "ab" * 300 + r"""
*.x             IN TYPE65400 \# 1 00
c               IN CNAME u
low             IN TYPE99 \# 4 03616263
q               IN TYPE127 \# 2 0000
"""

BINARY = SERVERS + r"""
odd\.dot        IN TXT   "a dot in the label"
sp\032ace       IN TXT   "a space in the label"
zero\000        IN TXT   "a zero in the label"
\000            IN TXT   "nothing but zero"
\001\002\003    IN A     192.0.2.1
\255\254\253    IN A     192.0.2.2
a\255b          IN CNAME \255\254\253
\065bc          IN TXT   "an A by number"
UPPER           IN TXT   "capitals"
MiXeD.UPPER     IN CNAME upper
\@at            IN TXT   "an at sign"
\*              IN TXT   "an asterisk by escape"
\*.sub          IN TXT   "another"
x\*             IN TXT   "an asterisk not alone"
*x              IN TXT   "an asterisk first"
**              IN TXT   "two"
-               IN TXT   "a dash"
_               IN TXT   "an underline"
z\000z.\000     IN TXT   "zeros"
\200            IN NS    ns.\200
ns.\200         IN A     192.0.2.3
"""

ZONES = [
    zone("plain.test", PLAIN),
    ZoneSpec("nsec.test", shapes_zone("nsec.test", 2026010101), "nsec"),
    ZoneSpec("nsec3.test", shapes_zone("nsec3.test", 2026010101), "nsec3"),
    ZoneSpec("optout.test", shapes_zone("optout.test", 2026010101), "optout"),
    ZoneSpec("iterations.test", shapes_zone("iterations.test", 2026010101), "iterations"),
    ZoneSpec("types.test", every_type_zone("types.test", 2026010101)),
    zone("plain-nsec3.test", PLAIN, "iterations"),
    zone("svcb.test", SVCB),
    zone("svcb-nsec.test", SVCB, "nsec"),
    zone("unknown.test", UNKNOWN),
    zone("unknown-nsec3.test", UNKNOWN, "nsec3"),
    zone("binary.test", BINARY),
    zone("binary-nsec.test", BINARY, "nsec"),
]
