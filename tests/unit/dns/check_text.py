#!/usr/bin/env python3
"""What we write as a zone file, BIND, Knot and NSD read back to the same octets.

Each record is given to every server twice: as our text, and as RFC 3597 generic text, which states the octets
themselves.  Records whose generic form a server refuses can't be served by it and are left out for it; of all
others the two zones must come out equal.

Usage: check_text.py TEXT_LINES_PROGRAM [SEED [ROUNDS]]
"""
import os
import random
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time

TYPES = dict(A=1, NS=2, MD=3, MB=7, CNAME=5, NULL=10, WKS=11, PTR=12, HINFO=13, MINFO=14, MX=15, TXT=16, RP=17,
             AFSDB=18, X25=19, ISDN=20, RT=21, NSAP=22, NSAP_PTR=23, SIG=24, KEY=25, PX=26, GPOS=27, AAAA=28,
             LOC=29, SRV=33, NAPTR=35, KX=36, CERT=37, A6=38, DNAME=39, APL=42, DS=43, SSHFP=44, IPSECKEY=45,
             RRSIG=46, NSEC=47, DNSKEY=48, DHCID=49, NSEC3=50, NSEC3PARAM=51, TLSA=52, SMIMEA=53, HIP=55, CDS=59,
             CDNSKEY=60, OPENPGPKEY=61, CSYNC=62, ZONEMD=63, SVCB=64, HTTPS=65, SPF=99, NID=104, L32=105, L64=106,
             LP=107, EUI48=108, EUI64=109, URI=256, CAA=257, AVC=258, AMTRELAY=260, DLV=32769)
COMPRESSED = {2, 3, 5, 6, 7, 12, 14, 15}
TOP = "t.test."
SOA = f"{TOP} 300 IN SOA ns.example. mail.{TOP} 1 3600 600 86400 300\n{TOP} 300 IN NS ns.example.\n"


def name(rng, odd=True):
    labels = []
    for _ in range(rng.randint(0, 4)):
        if odd and rng.random() < 0.3:
            label = bytes(rng.randrange(256) for _ in range(rng.randint(1, 20)))
        else:
            label = bytes(rng.choice(b"abcXYZ019-_*") for _ in range(rng.randint(1, 12)))
        labels.append(bytes([len(label)]) + label)
    return b"".join(labels) + b"\0"


def octets(rng, low, high):
    return bytes(rng.randrange(256) for _ in range(rng.randint(low, high)))


def string(rng, low=0, high=40):
    text = octets(rng, low, high) if rng.random() < 0.5 else bytes(
        rng.choice(b'ab c"\\;()@$,=.\'') for _ in range(rng.randint(low, high)))
    return bytes([len(text)]) + text


def u16(n):
    return n.to_bytes(2, "big")


def bitmap(rng, types):
    windows = {}
    for t in types:
        windows.setdefault(t >> 8, bytearray(32))[(t & 255) >> 3] |= 0x80 >> (t & 7)
    out = b""
    for w in sorted(windows):
        bits = bytes(windows[w]).rstrip(b"\0")
        out += bytes([w, len(bits)]) + bits
    return out


def types(rng):
    known = [1, 2, 5, 6, 15, 16, 28, 46, 47, 48, 50, 51, 43, 99, 104, 256, 257]
    return rng.sample(known, rng.randint(1, 8)) + [rng.randint(1, 65535) for _ in range(rng.randint(0, 3))]


def apl(rng):
    out = b""
    for _ in range(rng.randint(0, 3)):
        family, full = rng.choice([(1, 4), (2, 16)])
        prefix = rng.randint(0, full * 8)
        data = bytearray(octets(rng, (prefix + 7) // 8, (prefix + 7) // 8))
        if prefix % 8:
            data[-1] &= 0xff00 >> (prefix % 8)
        data = bytes(data).rstrip(b"\0")
        out += u16(family) + bytes([prefix, len(data) | rng.choice([0, 128])]) + data
    return out


def loc(rng):
    def angle(degrees):
        return (2**31 + rng.randint(-degrees * 3600000, degrees * 3600000)).to_bytes(4, "big")

    def size():
        return rng.randint(1, 9) << 4 | rng.randint(0, 9) if rng.random() < 0.9 else 0
    altitude = rng.choice([0, 10000000, rng.randrange(20000000), rng.randrange(2**32)])
    return bytes([0, size(), size(), size()]) + angle(90) + angle(180) + altitude.to_bytes(4, "big")


def svcb(rng):
    if rng.random() < 0.2:
        return u16(0) + name(rng, False)
    values = {1: lambda: b"".join(rng.choice([b"\2h2", b"\2h3", b"\5a,b\\c", string(rng, 1, 9)])
                                  for _ in range(rng.randint(1, 3))),
              2: lambda: b"", 3: lambda: octets(rng, 2, 2), 4: lambda: octets(rng, 4, 4) * rng.randint(1, 2),
              5: lambda: octets(rng, 1, 60), 6: lambda: octets(rng, 16, 16), 7: lambda: b"/dns-query{?dns}",
              8: lambda: b"", 667: lambda: octets(rng, 0, 20), 65280: lambda: string(rng, 0, 30)[1:]}
    keys = sorted(rng.sample(sorted(values), rng.randint(0, 5)))
    if 2 in keys and 1 not in keys:
        keys.remove(2)
    out = b"".join(u16(k) + u16(len(v)) + v for k, v in ((k, values[k]()) for k in keys))
    if keys and rng.random() < 0.4:
        wanted = b"".join(u16(k) for k in sorted(rng.sample(keys, rng.randint(1, len(keys)))))
        out = u16(0) + u16(len(wanted)) + wanted + out
    return u16(rng.randint(1, 65535)) + name(rng, False) + out


def ipseckey(rng):
    kind = rng.randrange(4)
    gateway = [b"", octets(rng, 4, 4), octets(rng, 16, 16), name(rng)][kind]
    return bytes([rng.randrange(256), kind, rng.choice([0, 1, 2])]) + gateway + octets(rng, 0 if rng.random() < .2 else 1, 60)


def amtrelay(rng):
    kind = rng.randrange(4)
    return bytes([9, kind | rng.choice([0, 128])]) + [b"", octets(rng, 4, 4), octets(rng, 16, 16), name(rng)][kind]


def samples(rng):
    """type name -> one rdata"""
    n, o, s = (lambda: name(rng)), (lambda a, b=None: octets(rng, a, a if b is None else b)), (lambda: string(rng))
    digest = rng.choice([(1, 20), (2, 32), (4, 48), (200, 33)])
    return {
        "A": o(4), "NS": n(), "MD": n(), "MB": n(), "CNAME": n(), "NULL": o(0, 30), "WKS": o(5, 20), "PTR": n(),
        "HINFO": s() + s(), "MINFO": n() + n(), "MX": o(2) + n(),
        "TXT": b"".join(s() for _ in range(rng.randint(1, 5))), "RP": n() + n(), "AFSDB": o(2) + n(),
        "X25": string(rng, 4, 9), "ISDN": s() + s(), "RT": o(2) + n(), "NSAP": o(5, 20), "NSAP_PTR": n(),
        "SIG": o(18) + n() + o(64), "KEY": rng.choice([b"\xc0\0\3\1", o(4) + o(1, 90)]), "PX": o(2) + n() + n(),
        "GPOS": b"\x0512.25\x0512.25\x0512.25", "AAAA": o(16), "LOC": loc(rng), "SRV": o(6) + n(),
        "NAPTR": o(4) + b"\1u" + string(rng, 0, 9) + s() + n(), "KX": o(2) + n(), "CERT": o(5) + o(1, 80),
        "A6": b"\0" + o(16), "DNAME": n(), "APL": apl(rng), "DS": o(3) + bytes([digest[0]]) + o(digest[1]),
        "SSHFP": rng.choice([b"\1\1" + o(20), b"\4\2" + o(32), o(2) + o(1, 40)]), "IPSECKEY": ipseckey(rng),
        "RRSIG": u16(rng.choice(types(rng))) + o(16) + n() + o(1, 90), "NSEC": n() + bitmap(rng, types(rng)),
        "DNSKEY": o(2) + b"\3" + rng.choice([b"\x08", b"\x0d"]) + o(1, 200), "DHCID": o(3, 40),
        "NSEC3": b"\1\0" + o(2) + rng.choice([b"\0", string(rng, 1, 20)]) + b"\x14" + o(20) +
                 rng.choice([b"", bitmap(rng, types(rng))]),
        "NSEC3PARAM": b"\1\0" + o(2) + rng.choice([b"\0", string(rng, 1, 20)]), "TLSA": o(3) + o(1, 40),
        "SMIMEA": o(3) + o(1, 40), "HIP": b"\4\2\0\3" + o(7) + n(),
        "CDS": rng.choice([b"\0\0\0\0\0", o(3) + bytes([digest[0]]) + o(digest[1])]),
        "CDNSKEY": rng.choice([b"\0\0\3\0\0", o(2) + b"\3\x08" + o(1, 90)]), "OPENPGPKEY": o(1, 300),
        "CSYNC": o(4) + u16(rng.randrange(4)) + bitmap(rng, types(rng)), "ZONEMD": o(4) + b"\1\1" + o(48),
        "SVCB": svcb(rng), "HTTPS": svcb(rng), "SPF": s(), "NID": o(10), "L32": o(6), "L64": o(10),
        "LP": o(2) + n(), "EUI48": o(6), "EUI64": o(8),
        "URI": o(4) + rng.choice([o(1, 60), b"https://example.org/a;b\"c", o(300, 600)]),
        "CAA": o(1) + rng.choice([b"\5issue", b"\5ISSUE", b"\3a-b"]) + rng.choice([b"", o(0, 60), b"ca.test; a=b"]),
        "AVC": s(), "AMTRELAY": amtrelay(rng), "DLV": o(3) + b"\2" + o(32),
    }


def make_records(seed, rounds):
    rng = random.Random(seed)
    records = []  # (owner, type number, rdata)
    for _ in range(rounds):
        for kind, rdata in samples(rng).items():
            number = len(records)
            owner = f"{number:032d}.{TOP}" if kind == "NSEC3" else f"r{number}.{TOP}"
            records.append((owner, TYPES[kind], rdata))
    for number, rdata in [(65400, b""), (65400, b"\0\1\2"), (48, b"\1\1\3\x08" + bytes(range(256)) * 40),
                          (16, (b"\xff" + b"\"" * 255) * 20), (61, bytes(range(256)) * 250),
                          (65400, bytes(range(256)) * 250), (43, b"\1\1\x08\xc8" + bytes(range(256)) * 230),
                          (16, b"\0" * 20000), (16, (b"\xff" + b"\0" * 255) * 250)]:
        records.append((f"r{len(records)}.{TOP}", number, rdata))
    return records


def generic(record):
    owner, number, rdata = record
    return f"{owner} 300 IN TYPE{number} \\# {len(rdata)} {rdata.hex()}\n"


class Server:
    """load(file) -> (printed zone or None, set of numbers of the lines with faults)"""

    def __init__(self, folder):
        self.folder = folder


class Bind(Server):
    program = "named-compilezone"

    def load(self, path):
        out = path + ".bind"
        done = subprocess.run([self.program, "-i", "none", "-k", "ignore", "-n", "ignore", "-r", "ignore", "-m", "ignore",
                               "-M", "ignore", "-S", "ignore", "-T", "ignore", "-F", "text", "-s", "full", "-o", out,
                               TOP, path], capture_output=True, text=True)
        faults = {int(m) for m in re.findall(re.escape(path) + r":(\d+):", done.stdout + done.stderr)}
        if done.returncode:
            return None, faults, done.stdout + done.stderr
        with open(out) as f:
            return "".join(line for line in f if not line.startswith(";")), set(), ""


class Nsd(Server):
    program = "nsd-checkzone"

    def load(self, path):
        done = subprocess.run([self.program, "-p", TOP, path], capture_output=True, text=True)
        log = done.stdout + done.stderr
        faults = {int(m) for m in re.findall(re.escape(path) + r":(\d+):? error", log)}
        if done.returncode or faults:
            return None, faults, log
        return done.stdout, set(), ""


class Knot(Server):
    """kzonecheck judges, but does not print: a server of its own on loopback does, by AXFR."""
    program = "knotd"

    def load(self, path):
        done = subprocess.run(["kzonecheck", "-v", "-d", "off", "-o", TOP, path], capture_output=True, text=True)
        log = done.stdout + done.stderr
        faults = {int(m) for m in re.findall(r"line (\d+)", log)}
        if faults:
            return None, faults, log
        return self.transfer(path)

    def transfer(self, path):
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            port = s.getsockname()[1]
        home = tempfile.mkdtemp(dir=self.folder)
        conf = os.path.join(home, "knot.conf")
        with open(conf, "w") as f:
            f.write(f"server:\n  rundir: {home}\n  listen: 127.0.0.1@{port}\n  user: {os.environ.get('USER', 'root')}\n"
                    f"database:\n  storage: {home}\n"
                    f"acl:\n  - id: all\n    address: 127.0.0.1\n    action: transfer\n"
                    f"zone:\n  - domain: {TOP}\n    file: {path}\n    acl: all\n    semantic-checks: off\n"
                    f"    journal-content: none\n    zonefile-sync: -1\n")
        with open(os.path.join(home, "log"), "w") as log:
            server = subprocess.Popen([self.program, "-c", conf], stdout=log, stderr=log)
        try:
            return self.ask(port), set(), ""
        except Exception as e:  # whatever it is, the caller shows it with the server's log
            with open(os.path.join(home, "log")) as log:
                return None, set(), f"{e!r}\n{log.read()}"
        finally:
            server.terminate()
            server.wait()

    def ask(self, port):
        import dns.query
        import dns.rdata
        import dns.rdataclass
        import dns.rdatatype
        # Octets as they are: only types whose names Knot compresses need dnspython's knowledge of them.
        for number in TYPES.values():
            if number not in COMPRESSED:
                key = (dns.rdataclass.ANY, dns.rdatatype.RdataType.make(number))
                dns.rdata._rdata_classes[key] = dns.rdata.GenericRdata
                dns.rdata._rdata_classes[(dns.rdataclass.IN, key[1])] = dns.rdata.GenericRdata
        deadline = time.monotonic() + 30
        while True:
            try:
                lines = []
                for m in dns.query.xfr("127.0.0.1", TOP, port=port, relativize=False, timeout=10):
                    for rrset in m.answer:
                        for rd in rrset:
                            lines.append(f"{rrset.name} {rrset.rdtype} {rd.to_wire().hex()}")
                return "\n".join(sorted(lines)) + "\n"
            except (OSError, dns.query.TransferError, EOFError):
                if time.monotonic() > deadline:
                    raise
                server_up = socket.socket()
                server_up.settimeout(0.2)
                server_up.connect_ex(("127.0.0.1", port))
                server_up.close()


def write_zone(path, lines):
    with open(path, "w") as f:
        f.write(SOA + "".join(lines))


def check(server, folder, ours, stated):
    """Leave out what the server refuses to hold at all, then compare."""
    path_stated = os.path.join(folder, "stated." + server.program)
    path_ours = os.path.join(folder, "ours." + server.program)
    keep = list(range(len(stated)))
    for _ in range(60):
        write_zone(path_stated, [stated[i] for i in keep])
        wanted, faults, log = server.load(path_stated)
        if wanted is not None:
            break
        gone = {keep[line - 3] for line in faults if 3 <= line < 3 + len(keep)}
        if not gone:
            print(f"{server.program}: generic zone is refused:\n{log[-3000:]}")
            return False
        keep = [i for i in keep if i not in gone]
    refused = len(stated) - len(keep)
    write_zone(path_ours, [ours[i] for i in keep])
    got, faults, log = server.load(path_ours)
    if got is None:
        print(f"{server.program}: our text is refused:\n{log[-3000:]}")
        for line in sorted(faults)[:20]:
            if 3 <= line < 3 + len(keep):
                print("  ours:  ", ours[keep[line - 3]].strip()[:300])
                print("  stated:", stated[keep[line - 3]].strip()[:300])
        return False
    if got != wanted:
        a, b = set(wanted.splitlines()), set(got.splitlines())
        print(f"{server.program}: {len(a - b)} records come out differently")
        for x, y in list(zip(sorted(a - b), sorted(b - a)))[:20]:
            print("  stated:", x[:400], "\n  ours:  ", y[:400])
        return False
    print(f"{server.program}: {len(keep)} records equal, {refused} it refuses in any form")
    return True


def main():
    program, seed, rounds = sys.argv[1], int((sys.argv + [None, "1"])[2] or 1) if len(sys.argv) > 2 else 1, 12
    if len(sys.argv) > 3:
        rounds = int(sys.argv[3])
    records = make_records(seed, rounds)
    given = "".join(f"{o} {t} {d.hex()}\n" for o, t, d in records)
    done = subprocess.run([program], input=given, capture_output=True, text=True)
    ours = done.stdout.splitlines(keepends=True)
    if done.returncode or len(ours) != len(records):
        print(done.stderr)
        return 1
    stated = [generic(r) for r in records]
    ok, tried = True, 0
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        for kind in (Bind, Nsd, Knot):
            if shutil.which(kind.program) is None:
                print(f"{kind.program}: not installed")
                continue
            tried += 1
            ok &= check(kind(folder), folder, ours, stated)
    if tried == 0:
        return 77
    return 0 if ok else 1


if __name__ == "__main__":
    sys.exit(main())
