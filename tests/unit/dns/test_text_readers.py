#!/usr/bin/python3
"""What we write as text must load in BIND, Knot and NSD, and in dnspython, to the same octets.

usage: test_text_readers.py SHOW_RECORDS RRTYPE_DEF
Every type of rrtype.def has a sample here; those that no zone may hold are left out.
"""
import base64
import os
import re
import select
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import time
import unittest

import dns.exception
import dns.name
import dns.query
import dns.rdata
import dns.rdatatype

SHOW, DEF = sys.argv[1:3]
ORIGIN = "example."
SHA256 = "ab" * 32
KEY = base64.b64encode(bytes(range(27))).decode()
KEY64 = base64.b64encode(bytes(range(64))).decode()
SIG = base64.b64encode(bytes(range(191, 255))).decode()


def name(text):
    return dns.name.from_text(text).to_wire().hex()


def string(octets):
    octets = octets if isinstance(octets, bytes) else octets.encode()
    return bytes([len(octets)]).hex() + octets.hex()


def param(key, value):
    return f"{key:04x}{len(value) // 2:04x}{value}"


EVERY_OCTET = bytes(range(256))
# MD and MF, in every form.
BIND_REFUSES = (3, 4)
# Type number: rdata of samples, as text for dnspython or as "hex:...".
SAMPLES = {
    1: ["192.0.2.1", "255.255.255.255", "0.0.0.0"],
    2: ["ns1.example.", r"n\.s\\1.exam\"ple\;\(\)\@\$.\000\032\255.example.net."],
    3: ["hex:" + name("md.example.")],
    4: ["hex:" + name("mf.example.")],
    5: ["target.example.net."],
    6: [],  # at the apex of the zone
    7: ["hex:" + name("mb.example.")],
    8: ["hex:" + name("mg.example.")],
    9: ["hex:" + name("mr.example.")],
    10: ["hex:00ff01", "hex:" + "ab" * 700],
    11: ["hex:c000020106" + "0000004001"],
    12: ["ptr.example."],
    13: ['"RFC8482" ""', 'hex:' + string('say "hi"; \\ ok') + string(EVERY_OCTET[:127])],
    14: ["hex:" + name("r.example.") + name("e.example.")],
    15: ["0 .", "65535 mail.example."],
    16: ['"v=spf1 -all"', '""', '"" "a" ""', "hex:" + string(EVERY_OCTET[:255]) + string(EVERY_OCTET[1:]),
         "hex:" + string("$ORIGIN . ; ( ) @ \\# 4 \n\t\r"), "hex:" + string(b"\xff" * 255) * 20],
    17: ["admin.example. text.example."],
    18: ["1 afs.example."],
    19: ["hex:" + string("311061700956")],
    20: ["hex:" + string("150862028003217"), "hex:" + string("150862028003217") + string("004")],
    21: ["10 relay.example."],
    22: ["hex:47000580ffe1000000000000000000000000000000000000"[:44]],
    23: ["hex:" + name("foo.example.")],
    24: [],  # not in a zone since RFC 3755: BIND does not load it beside ordinary data
    25: ["hex:0200030801020304"],
    26: ["hex:0032" + name("map822.example.") + name("mapx400.example.")],
    27: ["hex:" + string("-32.6882") + string("116.8652") + string("10.0")],
    28: ["2001:db8::1", "::", "::ffff:192.0.2.1", "ff02::1:0:0:1"],
    29: ["42 21 54.000 N 71 6 18.000 W -24.00m 30.00m 10000.00m 10.00m", "90 0 0 S 180 0 0 E 42849672.95m 0m 0m 0m",
         "0 0 0.001 N 0 59 59.999 W -100000.00m 90000000.00m 0.01m 0.09m",
         "hex:00121212" + "80000000" * 2 + "00989680"],
    30: [],  # as SIG
    31: ["hex:e32c6f78163a9348"],
    32: ["hex:32251a030067"],
    33: ["0 0 0 .", "1 2 5060 sip.example."],
    34: ["hex:013136313231"],
    35: [r'100 50 "s" "http+E2U" "!^.*\\.(x)$!h\"\\\\1!" .', '0 0 "" "" "" r.example.'],
    36: ["hex:000a" + name("kx.example.")],
    37: ["1 65535 3 " + KEY, "254 0 0 " + KEY],
    38: ["hex:0020010db8000000000000000000000001", "hex:4000000000000000 01".replace(" ", "") + name("a6.example.")],
    39: ["dname.example.net."],
    40: ["hex:010203"],
    42: ["1:192.168.32.0/21 !1:192.168.38.0/28", "2:ff00::/8", "1:0.0.0.0/0 2:::/0", "1:192.0.2.1/32 !2:2001:db8::1/128",
         "hex:"],
    43: ["60485 13 2 " + SHA256, "1 8 1 " + "cd" * 20],
    44: ["4 2 " + SHA256, "1 1 " + "12" * 20],
    45: ["10 0 2 . " + KEY, "10 1 2 192.0.2.38 " + KEY, "10 2 2 2001:db8::8002 " + KEY, "10 3 2 gw.example. " + KEY],
    46: [f"A 13 2 3600 20300101000000 20200101000000 12345 example. {SIG}",
         f"TYPE65400 8 2 0 19700101000000 21060207062815 65535 . {SIG}",
         f"TYPE31 8 2 0 20300101000000 20200101000000 1 a.example. {SIG}"],
    47: ["next.example. A NS SOA TYPE31 TXT RRSIG NSEC TYPE65280", "hex:" + name("a.example.") + "0001400801ff"],
    48: ["257 3 13 " + KEY64],
    49: ["AAIBY2/AuCccgoJbsaxcQc9TUapptP69lOjxfNuVAA2kjEA="],
    50: ["1 1 12 aabbccdd 2t7b4g4vsa5smi47k61mv5bv1a22bojr MX DNSKEY NS SOA NSEC3PARAM RRSIG",
         "1 0 0 - 2vptu5timamqttgl4luu9kg21e0aor3s TYPE31 A", "1 0 0 - 2vptu5timamqttgl4luu9kg21e0aor3s"],
    51: ["1 0 0 -", "1 0 12 aabbccdd"],
    52: ["3 1 1 " + SHA256],
    53: ["3 0 0 308201a2300d06092a864886f70d01010b0500"],
    55: ["hex:10020042" + "20" * 16 + "aa" * 66 + name("rvs.example."), "hex:10020042" + "20" * 16 + "aa" * 66],
    56: ["hex:" + string("status")],
    57: ["hex:00000108aabb"],
    58: ["hex:" + name("a.example.") + name("b.example.")],
    59: ["60485 13 2 " + SHA256, "0 0 0 00"],
    60: ["257 3 13 " + KEY64, "0 3 0 AA=="],
    61: [KEY],
    62: ["66 3 A NS AAAA", "4294967295 0 NS TYPE31", "hex:0000004200 03".replace(" ", "")],
    63: ["2018031900 1 1 " + "f0" * 48, "1 240 255 " + "aa" * 12],
    64: ["0 alias.example.", "1 ."],
    65: ["1 . alpn=h2,h3 port=8443 ipv4hint=192.0.2.1,192.0.2.2 ipv6hint=2001:db8::1,2001:db8::2 ech=AEP+DQA/",
         '1 svc.example. mandatory=alpn,port alpn="h2" no-default-alpn port=0', "16 foo.example. key667",
         'hex:0010' + name("foo.example.") + param(667, EVERY_OCTET.hex()),
         "hex:0001" + name(".") + param(1, string(EVERY_OCTET[:44])),
         "hex:0001" + name(".") + param(1, string(EVERY_OCTET[45:92])),
         "hex:0001" + name(".") + param(1, string(EVERY_OCTET[129:])),
         "hex:0001" + name(".") + param(1, string("h2")) + param(7, "/q{?dns}".encode().hex()),
         "hex:0001" + name(".") + param(0, "00010008029b") + param(1, string("h2")) + param(8, "")
         + param(0x29b, "61"),
         "hex:0001" + name(".") + param(9, "001d0017"), "hex:0001" + name(".") + param(65280, "")],
    66: ["hex:003b0114eb" + name("scan.example.")],
    67: ["hex:0102"],
    68: ["hex:0102"],
    99: ['"v=spf1 -all"'],
    100: ["hex:0102"],
    101: ["hex:0102"],
    102: ["hex:0102"],
    103: ["hex:0102"],
    104: ["hex:000a00144fffff20ee64"],
    105: ["hex:000a0a010200"],
    106: ["hex:000a20010db811401000"],
    107: ["hex:000a" + name("l64.example.")],
    108: ["00-00-5e-00-53-2a"],
    109: ["00-00-5e-ef-10-00-00-2a"],
    256: ['10 1 "ftp://ftp.example/public"', r'0 0 "a\"b\\c\;d"', "hex:00000000ff", "hex:00010001" + ("61" * 300)],
    257: ['0 issue "ca.example; account=\\"1\\""', '128 tbs ""', '0 iodef "mailto:a@example"',
          "hex:" + "0005" + "issue".encode().hex() + EVERY_OCTET.hex() + "61" * 300],
    258: ["hex:" + string("app-name:WOLFGANG|app-class:OAM")],
    259: ["hex:0000000000000001" + "02" + string("a/b") + "0102"],
    260: ["hex:0a02" + "20010db8" + "00" * 12, "hex:8a03" + name("relay.example."), "hex:0a00"],
    261: ["hex:" + string("qnamemin") + string("exterr=15,16,17")],
    262: ["hex:" + string("BTC") + string("wxEDDxz")],
    263: ["hex:" + string("cla")],
    264: ["hex:00000000000000ff"],
    32768: ["hex:ec450501" + "2b" * 20],
    32769: ["hex:ec450501" + "2b" * 20],
    54: ["hex:", "hex:00"],  # types without a row
    4660: ["hex:" + EVERY_OCTET.hex()],
    65280: ["hex:", "hex:ff"],
    65534: ["hex:0a0b0c0d0e"],
}
# What no reader loads from any text, or not as the same octets: (type, rdata); they must come out in RFC 3597 form.
WITHOUT_TEXT = [
    (29, "01" + "00" * 3),  # LOC of another version
    (29, "00" + "ff" * 3 + "80000000" * 2 + "00989680"),  # sizes with a mantissa of 15
    (29, "00" + "05" * 3 + "80000000" * 2 + "00989680"),  # zero with a power of ten
    (29, "00121212" + "ffffffff" * 2 + "00989680"),  # more than 180 degrees
    (42, "0001" + "08" + "04" + "0a000001"),  # bits behind the prefix
    (42, "0001" + "20" + "04" + "0a000000"),  # zero octets at the end
    (42, "0003" + "08" + "01" + "0a"),  # another family
    (43, "ec450d02"),  # empty digest
    # comma and backslash inside of an ALPN identifier (RFC 9460 appendix D.2)
    (65, "0010" + name("foo.example.") + param(1, string("f\\oo,bar") + string("h2"))),
    (65, "0001" + name(".") + param(1, string("\\)$'"))),
    (45, "0a0402" + "010203"),  # another gateway type
    (45, "0a0100" + "c0000201"),  # no key
    (47, name("a.example.") + "000180"),  # type 0
    (47, name("a.example.") + "".join(f"{w:02x}20" + "ff" * 32 for w in range(1, 256))),  # all the types
    (65, "0001" + "00" + param(0, "")), (65, "0001" + "00" + param(0, "00030001")), (65, "0001" + "00" + param(0, "00")),
    (65, "0001" + "00" + param(1, "80" + "61" * 128)), (65, "0001" + "00" + param(1, "")), (65, "0001" + "00" + param(1, "00")), (65, "0001" + "00" + param(1, "0561")),
    (65, "0001" + "00" + param(2, "00")), (65, "0001" + "00" + param(3, "00")), (65, "0001" + "00" + param(4, "c00002")),
    (65, "0001" + "00" + param(4, "")), (65, "0001" + "00" + param(6, "")), (65, "0001" + "00" + param(5, "")),
    (65, "0001" + "00" + param(6, "20010db8")), (65, "0001" + "00" + param(8, "00")),
    (48, "01010308"), (61, ""), (49, ""),
]


def rows():
    pattern = re.compile(r'^RRTYPE\((\d+), (\w+), "[^"]*", ([^)]*)\)', re.M)
    with open(DEF, encoding="ascii") as f:
        return [(int(number), mnemonic, flags) for number, mnemonic, flags in pattern.findall(f.read())]


def octets(number, sample):
    if sample.startswith("hex:"):
        return bytes.fromhex(sample[4:])
    try:
        return dns.rdata.from_text("IN", number, sample, origin=dns.name.root, relativize=False).to_wire()
    except dns.exception.DNSException as problem:
        raise ValueError(f"sample of type {number}: {sample}") from problem


def show(records):
    lines = "".join(f"{owner} {number} {rdata.hex() or '-'}\n" for owner, number, rdata in records)
    done = subprocess.run([SHOW], input=lines, capture_output=True, text=True, check=True, errors="surrogateescape")
    shown = done.stdout.split("\n")[:-1]
    assert len(shown) == len(records), (len(shown), len(records))
    return shown


def zone_records():
    """(owner, type, rdata) of one zone that holds every sample at an owner of its own."""
    soa = dns.rdata.from_text("IN", "SOA", "ns1.example. admin\\.x.example. 2026112201 3600 900 1209600 300").to_wire()
    records = [(ORIGIN, 6, soa), (ORIGIN, 2, octets(2, "ns1.example.")), ("ns1.example.", 1, octets(1, "192.0.2.53"))]
    for number, samples in SAMPLES.items():
        for i, sample in enumerate(samples):
            owner = f"s{i}-t{number}.{ORIGIN}"
            if number == 50:
                owner = f"{'0123456789abcdefghijklmnopqrstu'}{i}.{ORIGIN}"
            records.append((owner, number, octets(number, sample)))
    return records


def key(owner, number, rdata):
    return dns.name.from_text(owner).canonicalize().to_text(), number, rdata.hex()


def records_of_raw(data):
    """Records of BIND's raw format: a header, then RRsets with their rdata in wire form."""
    pos = 24 if struct.unpack(">I", data[4:8])[0] == 1 else 12
    found = set()
    while pos < len(data):
        total, _, number, _, _, count, length = struct.unpack(">IHHHIIH", data[pos:pos + 20])
        owner, end = dns.name.from_wire(data, pos + 20)[0], pos + total
        pos += 20 + length
        for _ in range(count):
            size = struct.unpack(">H", data[pos:pos + 2])[0]
            found.add(key(owner.to_text(), number, data[pos + 2:pos + 2 + size]))
            pos += 2 + size
        assert pos == end
    return found


def records_of_lines(lines):
    found = set()
    for line in lines:
        owner, _, _, mnemonic, rdata = line.split("\t", maxsplit=4)
        number = dns.rdatatype.from_text(mnemonic)
        layout = {25: 48, 14: 17}.get(number, number)  # dnspython lacks KEY and MINFO: as DNSKEY and RP
        found.add(key(owner, number, dns.rdata.from_text("IN", layout, rdata).to_wire()))
    return found


class Readers(unittest.TestCase):
    maxDiff = 4000

    @classmethod
    def setUpClass(cls):
        cls.records = zone_records()
        cls.lines = show(cls.records)
        cls.wanted = {key(*r) for r in cls.records}
        cls.directory = tempfile.mkdtemp(prefix="text-readers-")
        cls.path = os.path.join(cls.directory, "example.zone")
        with open(cls.path, "w", encoding="ascii") as f:
            f.write("\n".join(cls.lines) + "\n")

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.directory)

    def load(self, *command):
        if not shutil.which(command[0], path=os.environ["PATH"] + ":/usr/sbin:/sbin"):
            self.skipTest(command[0] + " is not installed")
        env = dict(os.environ, PATH=os.environ["PATH"] + ":/usr/sbin:/sbin")
        done = subprocess.run(command, capture_output=True, env=env, errors="surrogateescape", text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stdout[-3000:] + done.stderr[-3000:])
        return done.stdout

    def transfer_from_knot(self):
        """kzonecheck prints nothing, so the server itself has to say what it read."""
        knotd = shutil.which("knotd", path=os.environ["PATH"] + ":/usr/sbin:/sbin")
        if not knotd:
            self.skipTest("knotd is not installed")
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
        path = os.path.join(self.directory, "knot.conf")
        with open(path, "w", encoding="ascii") as f:
            f.write(f"""server:
    listen: 127.0.0.1@{port}
    rundir: "{self.directory}"
database:
    storage: "{self.directory}"
acl:
  - id: all
    address: 127.0.0.1
    action: transfer
template:
  - id: default
    journal-content: none
    zonefile-sync: -1
    semantic-checks: off
zone:
  - domain: {ORIGIN}
    file: "{self.path}"
    acl: all
""")
        with open(os.path.join(self.directory, "knot.log"), "w+", encoding="utf-8") as log, \
                subprocess.Popen([knotd, "-c", path], stdout=log, stderr=log) as process:
            try:
                return self.transfer(port, log)
            finally:
                process.terminate()

    def transfer(self, port, log):
        end, trouble = time.monotonic() + 20, None
        while time.monotonic() < end:
            try:
                found = set()
                for message in dns.query.xfr("127.0.0.1", ORIGIN, port=port, relativize=False, lifetime=10):
                    for rrset in message.answer:
                        found |= {key(rrset.name.to_text(), rrset.rdtype, rdata.to_wire()) for rdata in rrset}
                return found
            except (OSError, EOFError, dns.exception.DNSException) as problem:
                trouble = problem
                select.select([], [], [], 0.02)  # the server has no other sign of being ready
        log.seek(0)
        return self.fail(f"no transfer from Knot: {trouble!r}\n{log.read()[-2000:]}")

    def test_every_type_has_a_sample(self):
        for number, mnemonic, flags in rows():
            if "RRF_META" not in flags:
                self.assertIn(number, SAMPLES, mnemonic)

    def test_no_sample_is_refused(self):
        for record, line in zip(self.records, self.lines):
            self.assertNotIn(line, ("refused", "failed"), record)

    def read_by_bind(self, lines):
        path, raw = os.path.join(self.directory, "bind.zone"), os.path.join(self.directory, "bind.raw")
        with open(path, "w", encoding="ascii") as f:
            f.writelines(lines)
        self.load("named-compilezone", "-k", "ignore", "-i", "none", "-F", "raw", "-o", raw, ORIGIN, path)
        with open(raw, "rb") as f:
            return records_of_raw(f.read())

    def test_bind_reads_the_same_octets(self):
        lines = [line + "\n" for line, r in zip(self.lines, self.records) if r[1] not in BIND_REFUSES]
        self.assertEqual({r for r in self.wanted if r[1] not in BIND_REFUSES}, self.read_by_bind(lines))

    def test_knot_reads_the_same_octets(self):
        # dnspython, which asks Knot here, does not decompress the names of MINFO.
        self.assertEqual({r for r in self.wanted if r[1] != 14}, {r for r in self.transfer_from_knot() if r[1] != 14})

    def test_knot_accepts_the_zone(self):
        self.load("kzonecheck", "-d", "off", "-o", ORIGIN, self.path)

    def test_nsd_reads_the_same_octets(self):
        printed = self.load("nsd-checkzone", "-p", ORIGIN, self.path).split("\n")
        lines = [line + "\n" for line in printed if not re.search(r"\tM[DF]\t|^zone .* is ok$", line)]
        self.assertEqual({r for r in self.wanted if r[1] not in BIND_REFUSES}, self.read_by_bind(lines))

    def test_dnspython_reads_the_same_octets(self):
        # It takes octets above 127 of URI and CAA for characters.
        lines = [line for line in self.lines if not re.search(r"\t(URI|CAA)\t.*\\255", line)]
        self.assertEqual(records_of_lines(lines) - self.wanted, set())
        self.assertGreater(len(lines), len(self.lines) - 5)

    def test_structured_types_are_not_written_as_hex(self):
        hexed = {number for number, _, flags in rows() if "RRF_HEXTYPE" in flags}
        for (_, number, rdata), line in zip(self.records, self.lines):
            if number in hexed or number in (54, 4660, 65280, 65534):
                self.assertIn(f"\tTYPE{number}\t\\# {len(rdata)}", line)
            elif rdata:
                self.assertNotIn("\\#", line.replace("@ \\\\#", ""))

    def test_rdata_without_text_is_written_as_hex(self):
        records = [("a.example.", number, bytes.fromhex(rdata)) for number, rdata in WITHOUT_TEXT]
        for (_, number, rdata), line in zip(records, show(records)):
            self.assertIn(f"\\# {len(rdata)}", line, number)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
