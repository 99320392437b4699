#!/usr/bin/python3
"""Writes the corpus of guards.c: zones digested by dnspython and signed by BIND's dnssec-signzone, whole and damaged.

usage: make_guards.py FOLDER
"""
import pathlib
import struct
import subprocess
import sys
import tempfile

import dns.name
import dns.rdata
import dns.rdatatype
import dns.zone

ZONE = "example"
HEAD = """$TTL 300
@ SOA ns @ 7 3600 600 864000 300
@ NS ns
"""
SIGNED = HEAD + """@ MX 10 Mail
ns A 192.0.2.1
*.wild TXT "any"
www A 192.0.2.3
www A 192.0.2.4
sub NS ns.sub
ns.sub A 192.0.2.5
tree DNAME elsewhere.example.org.
"""
DIGESTED = HEAD + """@ TXT "apex"
Ns A 192.0.2.1
srv 600 SRV 1 2 3 Target.Example.NET.
a.b.c MX 1 MAIL
a.b.c RRSIG MX 13 4 300 20300101000000 20200101000000 1 Example. AAAA
0123456789abcdefghijklmnopqrstuv TXT "has the name of a hash"
zz\\000z AAAA 2001:db8::1
"""
FIT_KEYS, NARROW, SHRINKS = 1, 2, 4
DNSKEY, RRSIG, NSEC, NSEC3, ZONEMD = 48, 46, 47, 50, 63


def run(folder, *argv):
    subprocess.run(argv, cwd=folder, check=True, capture_output=True)


def parse(text):
    return dns.zone.from_text(text, origin=ZONE, relativize=False)


def records_of(zone):
    """Of all but SOA and NS of the apex, which the harness has; keys first."""
    origin = dns.name.from_text(ZONE)
    found = []
    for name, ttl, rdata in zone.iterate_rdatas():
        if name == origin and rdata.rdtype in (dns.rdatatype.SOA, dns.rdatatype.NS):
            continue
        relative = name.relativize(origin).derelativize(dns.name.root).to_wire()
        found.append((relative, int(rdata.rdtype), ttl // 300, rdata.to_wire()))
    return sorted(found, key=lambda r: r[1] != DNSKEY)


def signed(algorithm, *options):
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        (folder / "plain").write_text(SIGNED, encoding="ascii")
        run(folder, "dnssec-keygen", "-q", "-a", algorithm, "-f", "KSK", ZONE)
        run(folder, "dnssec-signzone", "-S", "-P", "-z", "-s", "20200101000000", "-e", "20300101000000", "-o", ZONE,
            "-O", "full", "-f", "signed", *options, "plain")
        return records_of(parse((folder / "signed").read_text(encoding="ascii")))


def digested(*algorithms, more=()):
    zone = parse(DIGESTED)
    text = DIGESTED
    for algorithm in algorithms:
        rdata = zone.compute_digest(algorithm)
        text += f"@ ZONEMD {rdata.serial} {rdata.scheme} {int(rdata.hash_algorithm)} {rdata.digest.hex()}\n"
    return records_of(parse(text)) + [(b"\0", ZONEMD, 1, rdata) for rdata in more]


def edited(records, rrtype, change):
    return [(o, t, ttl, change(r) if t == rrtype else r) for o, t, ttl, r in records]


def without(records, rrtype):
    return [r for r in records if r[1] != rrtype]


def flip(at):
    return lambda rdata: rdata[:at] + bytes([rdata[at] ^ 0x40]) + rdata[at + 1:]


def key(rdata):
    return (b"\0", DNSKEY, 1, bytes.fromhex(rdata))


def main():
    folder = pathlib.Path(sys.argv[1])

    def write(name, records, options=0):
        octets = b"".join(o + struct.pack(">HBH", t, ttl, len(r)) + r for o, t, ttl, r in records)
        (folder / name).write_bytes(bytes([options]) + octets)

    zones = {
        "ecdsa256-nsec": signed("ECDSAP256SHA256"),
        "ecdsa384-nsec3": signed("ECDSAP384SHA384", "-3", "c0ffee", "-H", "2"),
        "ed25519-nsec": signed("ED25519"),
        "ed25519-nsec3-optout": signed("ED25519", "-3", "-", "-A"),
        "ed448-nsec": signed("ED448"),
        "rsasha256-nsec3": signed("RSASHA256", "-3", "-"),
        "rsasha512-nsec": signed("RSASHA512"),
    }
    for name, records in zones.items():
        write(f"signed-{name}", records)
        write(f"key-flipped-{name}", edited(records, DNSKEY, flip(12)), FIT_KEYS)
        write(f"key-cut-{name}", edited(records, DNSKEY, lambda r: r[:-1]), FIT_KEYS)
    nsec, nsec3 = zones["ed25519-nsec"], zones["ed25519-nsec3-optout"]
    rsa = zones["rsasha256-nsec3"]
    for label, modulus in (("zero", bytes(256)), ("even", b"\xff" * 255 + b"\xfe"), ("one", bytes(255) + b"\1"),
                           ("short", b"\3")):
        write(f"rsa-modulus-{label}", edited(rsa, DNSKEY, lambda r, m=modulus: r[:8] + m), FIT_KEYS)
    write("rsa-exponent-zero", edited(rsa, DNSKEY, lambda r: r[:4] + b"\3\0\0\0" + r[8:]), FIT_KEYS)
    write("rsa-exponent-long-form", edited(rsa, DNSKEY, lambda r: r[:4] + b"\0\0\3" + r[5:]), FIT_KEYS)
    write("ecdsa-point-zero", edited(zones["ecdsa256-nsec"], DNSKEY, lambda r: r[:4] + bytes(64)), FIT_KEYS)
    write("ecdsa-signature-zero", edited(zones["ecdsa256-nsec"], RRSIG, lambda r: r[:-64] + bytes(64)))
    write("signature-empty", edited(nsec, RRSIG, lambda r: r[:-64]))
    write("signature-other-signer", edited(nsec, RRSIG, lambda r: r[:18] + b"\5other\0" + r[-64:]))
    write("signature-labels", edited(nsec, RRSIG, lambda r: r[:3] + b"\xff" + r[4:]))
    write("signature-over", edited(nsec, RRSIG, lambda r: r[:8] + r[12:16] * 2 + r[16:]))
    write("signature-ends-soon", edited(nsec, RRSIG, lambda r: r[:8] + struct.pack(">I", 1800000060) + r[12:]))
    write("nsec-away", without(nsec, NSEC))
    write("nsec3-away", without(nsec3, NSEC3))
    write("nsec-bitmap-empty", edited(nsec, NSEC, lambda r: r[:r.index(b"\0") + 1]))
    write("nsec-to-itself", edited(nsec, NSEC, lambda r: b"\7example\0" + r[r.index(b"\0") + 1:]))
    write("keys-many", nsec + [key(f"010103{a:02x}" + f"{i:02x}" * 32) for i in range(40) for a in (13, 15)])
    write("keys-malformed", [key(r) for r in ("0100030d", "01000308", "0100030800", "010003080000", "01000308ff00",
                                              "018003080301000103", "010002080301000103", "010003fd0102")] + nsec)
    wrong = struct.pack(">IBB", 7, 1, 1) + bytes(48)
    write("zonemd-sha384", digested(1))
    write("zonemd-sha512", digested(2))
    write("zonemd-both", digested(1, 2))
    write("zonemd-and-private", digested(2, more=[struct.pack(">IBB", 7, 241, 1) + bytes(20)]))
    write("zonemd-one-wrong", digested(2, more=[wrong]))
    write("zonemd-doubled", digested(1, more=[wrong]))
    write("zonemd-stale", digested(more=[struct.pack(">IBB", 6, 1, 1) + bytes(48)]))
    write("zonemd-short", digested(more=[struct.pack(">IBB", 7, 1, 1) + bytes(12), b"\0\0\0\7\1"]))
    write("zonemd-unknown-only", digested(more=[struct.pack(">IBB", 7, 1, 240) + bytes(16)]))
    write("zonemd-signed-by-all", [(b"\0", RRSIG, 1, struct.pack(">HBBIIIH", 63, 15, 1, 300, 0, 0, 1) +
                                    b"\7example\0" + bytes(64))] + digested(1))
    write("names-many", [(b"\2a%c\0" % (97 + i), 1, 1, b"\xc0\0\2" + bytes([i])) for i in range(26)], SHRINKS)
    write("alias-and-other", [(b"\1a\0", 5, 1, b"\1b\0"), (b"\1a\0", 1, 1, b"\xc0\0\2\1"), (b"\1a\0", 5, 1, b"\1c\0")])
    write("sets-large", [(b"\1a\0", t, 1, bytes([i]) * 4) for t in (1, 65400, 65401, 65402) for i in range(4)], NARROW)


main()
