"""Small zones as master file text."""
import dns.rdata
import dns.rdataclass
import dns.rdatatype

from lib.oldtypes import teach_dnspython

teach_dnspython()


def soa(name, serial, refresh=3600, retry=600, expire=86400, minimum=300):
    return f"{name}. 3600 IN SOA ns1.{name}. hostmaster.{name}. {serial} {refresh} {retry} {expire} {minimum}\n"


def small_zone(name, serial, extra="", **timers):
    """A score of ordinary records; `version.NAME TXT` carries the serial, so content can be told from its age."""
    return soa(name, serial, **timers) + f"""\
$ORIGIN {name}.
$TTL 3600
@       IN NS    ns1
@       IN NS    ns2
@       IN A     192.0.2.1
@       IN MX    10 mail
@       IN TXT   "v=spf1 mx -all"
ns1     IN A     192.0.2.2
ns1     IN AAAA  2001:db8::2
ns2     IN A     192.0.2.3
mail    IN A     192.0.2.4
www     IN A     192.0.2.5
www     IN AAAA  2001:db8::5
ftp     IN CNAME www
alias   IN CNAME ftp
_sip._tcp IN SRV 10 20 5060 mail
version IN TXT   "{serial}"
{extra}"""


# Wildcards, DNAME, empty non-terminals, delegations with and without glue, CNAME chains and a loop.
SHAPES = """\
*.wild          IN A     192.0.2.10
*.wild          IN TXT   "from the wildcard"
there.wild      IN MX    10 mail
deep.under.wild IN A     192.0.2.11
*.wildalias     IN CNAME www
*.wildaway      IN CNAME target.example.net.
a.b.c.ent       IN A     192.0.2.12
dname           IN DNAME target
dname           IN TXT   "beside a DNAME"
host.target     IN A     192.0.2.13
deep.host.target IN TXT  "deep"
dout            IN DNAME example.net.
c1              IN CNAME c2
c2              IN CNAME c3
c3              IN CNAME c4
c4              IN A     192.0.2.14
cnx             IN CNAME nowhere
cout            IN CNAME www.example.net.
cdname          IN CNAME host.dname
cdeleg          IN CNAME www.sub
loop1           IN CNAME loop2
loop2           IN CNAME loop1
sub             IN NS    ns.sub
sub             IN NS    ns.elsewhere.example.
ns.sub          IN A     192.0.2.20
ns.sub          IN AAAA  2001:db8::20
occluded.sub    IN TXT   "below the cut"
signed          IN NS    ns1
signed          IN DS    12345 13 2 00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff
far             IN NS    ns1.example.net.
sibling         IN NS    ns.sub
big             IN TXT   "0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789"
"""


def big_txt(owner, records, size=200):
    """Enough TXT records at one name to exceed a UDP answer."""
    return "".join(f'{owner} IN TXT "{i:04d}{"x" * (size - 4)}"\n' for i in range(records))


def shapes_zone(name, serial, extra="", **timers):
    return small_zone(name, serial, SHAPES + big_txt("many", 20) + extra, **timers)


EVERY_TYPE = r"""
a       IN A      192.0.2.1
aaaa    IN AAAA   2001:db8::1
afsdb   IN AFSDB  1 host.example.com.
apl     IN APL    1:192.168.32.0/21 !1:192.168.38.0/28
caa     IN CAA    0 issue "ca.example.net"
cdnskey IN CDNSKEY 257 3 13 mdsswUyr3DPW132mOi8V9xESWE8jTo0dxCjjnopKl+GqJxpVXckHAeF+KkxLbxILfDLUT0rAK9iUzy1L53eKGQ==
cds     IN CDS    12345 13 2 00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff
cert    IN CERT   1 0 0 AQIDBA==
cname   IN CNAME  a
csync   IN CSYNC  66 3 A NS AAAA
dhcid   IN DHCID  AAIBY2/AuCccgoJbsaxcQc9TUapptP69lOjxfNuVAA2kjEA=
dname   IN DNAME  a
deleg   IN NS     ns.example.net.
deleg   IN DS     12345 13 2 00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff
dnskey  IN DNSKEY 256 3 13 mdsswUyr3DPW132mOi8V9xESWE8jTo0dxCjjnopKl+GqJxpVXckHAeF+KkxLbxILfDLUT0rAK9iUzy1L53eKGQ==
eui48   IN EUI48  00-00-5e-00-53-2a
eui64   IN EUI64  00-00-5e-ef-10-00-00-2a
hinfo   IN HINFO  "PDP-11" "UNIX"
hip     IN HIP    2 200100107B1A74DF365639CC39F1D578 AwEAAbdxyhNuSutc5EMzxTs9LBPCIkOFH8cIvM4p9+LrV4e19WzK00+CI6zBCQTdtWsuxKbWIy87UOoJTwkUs7lBu+Upr1gsNrut79ryra+bSRGQb1slImA8YVJyuIDsj7kwzG7jnERNqnWxZ48AWkskmdHaVDP4BcelrTI3rMXdXF5D rvs1.example.com. rvs2.example.com.
https   IN HTTPS  1 . alpn="h2,h3" ipv4hint=192.0.2.1
https0  IN HTTPS  0 www.example.net.
ipseckey IN IPSECKEY 10 1 2 192.0.2.38 AQNRU3mG7TVTO2BkR47usntb102uFJtugbo6BSGvgqt4AQ==
isdn    IN ISDN   "150862028003217" "004"
key     IN KEY    512 255 1 AQMFD5raczCJHViKtLYhWGz8hMY9UGRuniJDBzC7w0aR
kx      IN KX     10 mail.example.com.
l32     IN L32    10 10.1.2.0
l64     IN L64    10 2001:0db8:1140:1000
loc     IN LOC    60 9 0.000 N 24 39 0.000 E 10.00m 20.00m 2000.00m 20.00m
lp      IN LP     10 l64.example.com.
mb      IN MB     madname.example.com.
mg      IN MG     mgmname.example.com.
minfo   IN MINFO  rmailbx.example.com. emailbx.example.com.
mr      IN MR     mrname.example.com.
mx      IN MX     10 mail.example.com.
naptr   IN NAPTR  100 50 "s" "z3950+I2L+I2C" "" _z3950._tcp.gatech.edu.
nid     IN NID    10 0014:4fff:ff20:ee64
nsap    IN NSAP   0x47.0005.80.005a00.0000.0001.e133.ffffff000161.00
openpgp IN OPENPGPKEY AQIDBAUGBwg=
ptr     IN PTR    host.example.com.
px      IN PX     10 map822.example.com. mapx400.example.com.
rp      IN RP     mbox.example.com. txt.example.com.
rt      IN RT     10 relay.example.com.
smimea  IN SMIMEA 3 0 1 00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff
spf     IN SPF    "v=spf1 -all"
srv     IN SRV    0 5 5060 sip.example.com.
sshfp   IN SSHFP  4 2 00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff
svcb    IN SVCB   16 foo.example.com. alpn=h2 port=8443 ipv6hint=2001:db8::1 key667=hello
tlsa    IN TLSA   3 1 1 00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff
txt     IN TXT    "one" "two" "with \"quotes\" and \\ and \200"
txt0    IN TXT    ""
uri     IN URI    10 1 "ftp://ftp.example.com/public"
x25     IN X25    "311061700956"
zonemd  IN ZONEMD 2018031500 1 1 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
t65400  IN TYPE65400 \# 5 0102030405
t65480  IN TYPE65480 \# 0
t32800  IN TYPE32800 \# 10 00010203040506070809
odd\.dot IN TXT   "a dot in the label"
sp\032ace\000 IN TXT "space and zero in the label"
"""

EVERY_TYPE_NAMES = ("A AAAA AFSDB APL CAA CDNSKEY CDS CERT CNAME CSYNC DHCID DNAME DS DNSKEY EUI48 EUI64 HINFO HIP "
                    "HTTPS IPSECKEY ISDN KEY KX L32 L64 LOC LP MB MG MINFO MR MX NAPTR NID NS NSAP OPENPGPKEY PTR "
                    "PX RP RT SMIMEA SOA SPF SRV SSHFP SVCB TLSA TXT URI X25 ZONEMD TYPE65400 TYPE65480 "
                    "TYPE32800").split()


# Types whose own form some server's zone parser does not know: written in the general form of RFC 3597.
RARE = ("HIP", "ISDN", "NSAP", "PX", "RT", "X25", "MB", "MG", "MR")


def _general_form(line):
    fields = line.split(None, 3)
    if len(fields) < 4 or fields[2] not in RARE:
        return line
    wire = dns.rdata.from_text(dns.rdataclass.IN, fields[2], fields[3]).to_wire()
    return f"{fields[0]} IN TYPE{int(dns.rdatatype.from_text(fields[2]))} \\# {len(wire)} {wire.hex()}\n"


def every_type_zone(name, serial, **timers):
    extra = "".join(_general_form(line) for line in EVERY_TYPE.splitlines(True))
    return small_zone(name, serial, extra, **timers)
