#!/usr/bin/python3
"""Writes zonemd_vectors.h: zones with digests that others made: the examples of RFC 8976 appendix A, and one that
dnspython, an implementation that shares nothing with ours, has digested.

usage: make_zonemd_vectors.py > zonemd_vectors.h
"""
import dns.name
import dns.rdatatype
import dns.zone

SOA = "example. 86400 IN SOA ns1.example. admin.example. 2018031900 1800 900 604800 86400\n"
HEAD = SOA + """example. 86400 IN NS ns1.example.
example. 86400 IN NS ns2.example.
ns1.example. 3600 IN A 203.0.113.63
"""
SIMPLE = HEAD + """example. 86400 IN ZONEMD 2018031900 1 1 (
  c68090d90a7aed716bc459f9340e3d7c1370d4d24b7e2fc3a1ddc0b9a87153b9a9713b3c9ae5cc27777f98b8e730044c )
ns2.example. 3600 IN AAAA 2001:db8::63
"""
COMPLEX = HEAD + """example. 86400 IN ZONEMD 2018031900 1 1 (
  a3b69bad980a3504e1cffcb0fd6397f93848071c93151f552ae2f6b1711d4bd2d8b39808226d7b9db71e34b72077f8fe )
ns2.example. 3600 IN AAAA 2001:db8::63
occluded.sub.example. 7200 IN TXT "I'm occluded but must be digested"
sub.example. 7200 IN NS ns1.example.
duplicate.example. 300 IN TXT "I must be digested just once"
duplicate.example. 300 IN TXT "I must be digested just once"
UPPERCASE.example. 3600 IN TXT "canonicalize uppercase owner names"
*.example. 777 IN PTR dont-forget-about-wildcards.example.
mail.example. 3600 IN MX 20 MAIL1.example.
mail.example. 3600 IN MX 10 Mail2.Example.
sortme.example. 3600 IN AAAA 2001:db8::5:61
sortme.example. 3600 IN AAAA 2001:db8::3:62
sortme.example. 3600 IN AAAA 2001:db8::4:63
sortme.example. 3600 IN AAAA 2001:db8::1:65
sortme.example. 3600 IN AAAA 2001:db8::2:64
non-apex.example. 900 IN ZONEMD 2018031900 1 1 (
  616c6c6f776564206275742069676e6f7265642e20616c6c6f776564206275742069676e6f7265642e20616c6c6f7765 )
"""
MULTIPLE = HEAD + """example. 86400 IN ZONEMD 2018031900 1 1 (
  62e6cf51b02e54b9b5f967d547ce43136792901f9f88e637493daaf401c92c279dd10f0edb1c56f8080211f8480ee306 )
example. 86400 IN ZONEMD 2018031900 1 2 (
  08cfa1115c7b948c4163a901270395ea226a930cd2cbcf2fa9a5e6eb85f37c8a
  4e114d884e66f176eab121cb02db7d652e0cc4827e7a3204f166b47e5613fd27 )
example. 86400 IN ZONEMD 2018031900 1 240 ( e2d523f654b9422a96c5a8f44607bbee )
ns2.example. 86400 IN TXT "This example has multiple digests"
ns2.example. 3600 IN AAAA 2001:db8::63
"""
# 241 1: of a scheme for private use, which dnspython does not read
PRIVATE = ("example.", 63, 86400, "7848b91c" "f101" "e1846540e33a9e4189792d18d5d131f605fc283e")
OTHER = """Example.ORG. 300 IN SOA Ns1.example.org. Admin.example.org. 7 2 3 4 5
example.org. 300 IN NS Ns1.example.org.
example.org. 300 IN NSEC3PARAM 1 0 0 -
example.org. 300 IN RRSIG NSEC3PARAM 13 2 300 20300101000000 20200101000000 1 Example.org. AAAA
example.org. 300 IN RRSIG ZONEMD 13 2 300 20300101000000 20200101000000 1 Example.org. AAAA
ns1.example.org. 300 IN A 192.0.2.1
0123456789ABCDEFGHIJKLMNOPQRSTUV.example.org. 300 IN NSEC3 1 0 0 - 1123456789ABCDEFGHIJKLMNOPQRSTUV A RRSIG
0123456789abcdefghijklmnopqrstuv.example.org. 300 IN RRSIG NSEC3 13 3 300 20300101000000 20200101000000 1 Example.org. AAAA
0123456789abcdefghijklmnopqrstuv.example.org. 300 IN TXT "has the name of a hash"
2123456789ABCDEFGHIJKLMNOPQRSTUV.example.org. 300 IN NSEC3 1 0 0 - 1123456789ABCDEFGHIJKLMNOPQRSTUV A RRSIG
srv.example.org. 30 IN SRV 1 2 3 Target.Example.NET.
a.example.org. 30 IN NAPTR 1 2 "U" "E2U+Sip" "!X!Y!" Repl.Example.NET.
b.example.org. 30 IN HTTPS 1 Svc.Example.NET. alpn=h2
c.example.org. 30 IN NSEC D.Example.ORG. A RRSIG
c.example.org. 30 IN RP Who.Example.ORG. Txt.Example.ORG.
c.example.org. 30 IN TYPE65400 \\# 3 414243
c.example.org. 30 IN CAA 0 issue "CA.Example.NET"
d.example.org. 30 IN DNAME Elsewhere.Example.NET.
below.d.example.org. 30 IN A 192.0.2.2
zz\\000z.example.org. 30 IN A 192.0.2.2
\\200.example.org. 30 IN A 192.0.2.2
"""

def records(text, origin):
    """One a line of the text, duplicates and case of names as they stand."""
    zone = dns.zone.from_text(text, origin=origin, relativize=False, check_origin=False)
    for name, ttl, rdata in zone.iterate_rdatas():
        yield name, rdata.rdtype, ttl, rdata.to_wire()


def print_record(name, rdtype, ttl, rdata):
    print(f'\t{{ "{dns.name.from_text(str(name)).to_wire().hex()}", {int(rdtype)}, {ttl}, "{rdata}" }},')


def print_zone(label, text, origin, more=()):
    print(f"static const struct vector_record {label}[] = {{")
    for name, rdtype, ttl, wire in records(text, origin):
        print_record(name, rdtype, ttl, wire.hex())
    for record in more:
        print_record(*record)
    print("};")


def digested(text, origin, algorithm):
    zone = dns.zone.from_text(text, origin=origin, relativize=False)
    rdata = zone.compute_digest(algorithm)
    return text + f"{origin} 300 IN ZONEMD {rdata.serial} {rdata.scheme} {int(rdata.hash_algorithm)} {rdata.digest.hex()}\n"


def main():
    print("/* Written by make_zonemd_vectors.py. */")
    print("struct vector_record {\n\tconst char *owner;\n\tuint16_t type;\n\tuint32_t ttl_s;\n\tconst char *rdata;\n};")
    for label, text, origin in (("rfc_simple", SIMPLE, "example."), ("rfc_complex", COMPLEX, "example."),
                                ("rfc_multiple", MULTIPLE, "example.")):
        dns.zone.from_text(text, origin=origin, relativize=False).verify_digest()
        print_zone(label, text, origin, [PRIVATE] if label == "rfc_multiple" else [])
    print_zone("other_sha384", digested(OTHER, "example.org.", 1), "example.org.")
    print_zone("other_sha512", digested(OTHER, "example.org.", 2), "example.org.")


main()
