#!/usr/bin/python3
"""Writes dnssec_vectors.h: a zone signed by BIND's dnssec-signzone with keys of several algorithms.

usage: make_dnssec_vectors.py > dnssec_vectors.h
"""
import pathlib
import subprocess
import tempfile

import dns.zone

TEXT = """$TTL 300
@ SOA Ns1 Admin 7 3600 600 864000 300
@ NS Ns1
@ MX 10 Mail.Example.ORG.
ns1 A 192.0.2.1
*.wild TXT "any"
deep.empty.www A 192.0.2.2
www A 192.0.2.3
www A 192.0.2.4
srv SRV 1 2 3 Target.Example.ORG.
alias CNAME www
sub NS ns.sub
sub DS 1 13 2 0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20
ns.sub A 192.0.2.5
tree DNAME elsewhere.example.org.
"""
ZONE = "example.com"


def run(folder, *argv):
    subprocess.run(argv, cwd=folder, check=True, capture_output=True)


def sign(algorithm, *options):
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        (folder / "plain").write_text(TEXT, encoding="ascii")
        for flags in ([], ["-f", "KSK"]):
            run(folder, "dnssec-keygen", "-q", "-a", algorithm, *flags, ZONE)
        run(folder, "dnssec-signzone", "-S", "-P", "-s", "20200101000000", "-e", "20300101000000", "-o", ZONE, "-O",
            "full", "-f", "signed", *options, "plain")
        return dns.zone.from_text((folder / "signed").read_text(encoding="ascii"), origin=ZONE, relativize=False)


def print_zone(label, zone):
    print(f"static const struct vector_record {label}[] = {{")
    for name, ttl, rdata in zone.iterate_rdatas():
        print(f'\t{{ "{name.to_wire().hex()}", {int(rdata.rdtype)}, {ttl}, "{rdata.to_wire().hex()}" }},')
    print("};")


def main():
    print("/* Written by make_dnssec_vectors.py. */")
    print("struct vector_record {\n\tconst char *owner;\n\tuint16_t type;\n\tuint32_t ttl_s;\n\tconst char *rdata;\n};")
    print_zone("ecdsa256", sign("ECDSAP256SHA256"))
    print_zone("ecdsa384", sign("ECDSAP384SHA384"))
    print_zone("ed25519", sign("ED25519"))
    print_zone("ed448", sign("ED448"))
    print_zone("rsasha256", sign("RSASHA256", "-3", "-"))
    print_zone("rsasha512", sign("RSASHA512", "-3", "c0ffee", "-H", "5"))


main()
