"""Signed zones by BIND's dnssec-signzone, and validation of what a server answers by BIND's delv."""
import re
import subprocess

DENIALS = {"nsec": [], "nsec3": ["-3", "c0ffee", "-H", "5"], "nsec3-no-salt": ["-3", "-", "-H", "0"],
           "nsec3-optout": ["-3", "-", "-H", "0", "-A"]}


class SignedZone:
    def __init__(self, name, text, anchor):
        self.name, self.text, self.anchor = name, text, anchor


def _run(*argv, cwd=None):
    done = subprocess.run(argv, cwd=cwd, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, f"{' '.join(argv)}: {done.stdout}{done.stderr}"
    return done.stdout


def sign(folder, name, text, denial="nsec", algorithm="ECDSAP256SHA256"):
    """text signed with keys kept in folder (made on first use), so that a next serial has the same keys.

    denial: one of DENIALS, or a tuple of dnssec-signzone's own options."""
    keys = sorted(folder.glob(f"K{name}.*.key"))
    if not keys:
        for flags in ([], ["-f", "KSK"]):
            _run("dnssec-keygen", "-q", "-a", algorithm, "-K", str(folder), *flags, name)
        keys = sorted(folder.glob(f"K{name}.*.key"))
    plain, signed = folder / f"{name}.plain", folder / f"{name}.signed"
    plain.write_text(text, encoding="ascii")
    _run("dnssec-signzone", "-S", "-P", "-K", str(folder), "-d", str(folder), "-o", name, "-O", "full", "-f",
         str(signed), *DENIALS.get(denial, denial), str(plain))
    ksk = next(k for k in keys if " 257 " in k.read_text())
    fields = re.search(r"DNSKEY\s+(\d+ \d+ \d+) (.*)", ksk.read_text())
    anchor = f'trust-anchors {{ "{name}." static-key {fields.group(1)} "{fields.group(2)}"; }};\n'
    return SignedZone(name, signed.read_text(encoding="ascii"), anchor)


def delv(folder, endpoint, zone, name, rdtype="A"):
    """What delv says of an answer, validated up to the zone's own key: its output as text."""
    anchors = folder / f"{zone.name}.anchors"
    anchors.write_text(zone.anchor, encoding="ascii")
    done = subprocess.run(["delv", f"@{endpoint.address}", "-p", str(endpoint.port), "-a", str(anchors),
                           f"+root={zone.name}", "-t", rdtype, "-q", name], capture_output=True, text=True,
                          timeout=60, check=False)
    return done.stdout + done.stderr
