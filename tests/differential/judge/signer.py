"""Zones signed by BIND's dnssec-signzone, always in the same way: keys from the zone's name, fixed times, a signature
algorithm without randomness (Ed25519). The same zone gives the same bytes on every machine."""
import base64
import concurrent.futures
import hashlib
import subprocess

import dns.dnssec
import dns.rdata
import dns.rdataclass
import dns.rdatatype

from judge.ed25519 import public_key
from judge.zones.spec import DENIALS

FROM, UNTIL = "20250101000000", "20371231000000"
ALGORITHM = 15
KEYS = (("KSK", 257), ("ZSK", 256))


def _dotted(name):
    return name if name == "." else name + "."


def _write_key(folder, zone_name, role, flags):
    """A key pair in dnssec-keygen's files; returns their common name and the DNSKEY record."""
    private = hashlib.sha256(f"{role} of {zone_name}".encode()).digest()
    public = base64.b64encode(public_key(private)).decode()
    text = f"{flags} 3 {ALGORITHM} {public}"
    record = f"{_dotted(zone_name)} 3600 IN DNSKEY {text}\n"
    rdata = dns.rdata.from_text(dns.rdataclass.IN, dns.rdatatype.DNSKEY, text)
    base = f"K{_dotted(zone_name)}+{ALGORITHM:03d}+{dns.dnssec.key_id(rdata):05d}"
    (folder / f"{base}.key").write_text(record, encoding="ascii")
    secret = base64.b64encode(private).decode()
    (folder / f"{base}.private").write_text(
        f"Private-key-format: v1.3\nAlgorithm: {ALGORITHM} (ED25519)\nPrivateKey: {secret}\n", encoding="ascii")
    return base, record


def sign(folder, spec):
    """The text of the signed zone; the plain one where the zone is not to be signed."""
    if spec.denial is None:
        return spec.text
    keys = [_write_key(folder, spec.name, role, flags) for role, flags in KEYS]
    stem = "root" if spec.name == "." else spec.name
    plain, signed = folder / f"{stem}.plain", folder / f"{stem}.signed"
    plain.write_text(spec.text + "".join(record for _, record in keys), encoding="ascii")
    argv = ["dnssec-signzone", "-P", "-K", str(folder), "-d", str(folder), "-o", _dotted(spec.name), "-O", "full",
            "-s", FROM, "-e", UNTIL, "-n", "1", "-f", str(signed), *DENIALS[spec.denial],
            "-k", str(folder / keys[0][0]), str(plain), str(folder / keys[1][0])]
    done = subprocess.run(argv, cwd=folder, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, f"{' '.join(argv)}: {done.stdout}{done.stderr}"
    return signed.read_text(encoding="ascii")


def sign_all(folder, specs):
    """{zone name: text} of all zones, two signed at a time."""
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        texts = pool.map(lambda spec: sign(folder, spec), specs)
        return {spec.name: text for spec, text in zip(specs, texts)}
