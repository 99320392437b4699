"""Signed transfers whose signatures are missing, wrong, late or errors: each told by its own reason (RFC 8945)."""
import hashlib
import hmac
import struct
import time

from base64 import b64decode

from hostile.primary import CLOSE, Case, HostileWorld, name
from hostile.world import follow, is_healthy, show, wait_all_end, wait_all_serve
from lib.keys import make_key

KEY = make_key()
ALGORITHM = name("hmac-sha256")
BADSIG, BADKEY, BADTIME, BADTRUNC = 16, 17, 18, 22


class Signer:
    """Signs a chain of answers to one request; every field can be made wrong."""

    def __init__(self, ask, secret=None):
        self.secret = secret or b64decode(KEY.secret)
        self.mac = request_mac(ask.wire)
        self.first, self.between = True, b""

    def unsigned(self, wire):
        self.between += wire
        return wire

    def sign(self, wire, at=None, fudge=300, error=0, other=b"", mac_len=32, key=KEY.name, no_mac=False):
        at = int(time.time()) if at is None else at
        timers = struct.pack("!HIH", at >> 32, at & 0xFFFFFFFF, fudge)
        digest = struct.pack("!H", len(self.mac)) + self.mac + self.between + wire
        if self.first:
            digest += (name(key.lower()) + struct.pack("!HI", 255, 0) + ALGORITHM + timers
                       + struct.pack("!HH", error, len(other)) + other)
        else:
            digest += timers
        mac = b"" if no_mac else hmac.new(self.secret, digest, hashlib.sha256).digest()[:mac_len]
        self.first, self.between, self.mac = False, b"", mac
        rdata = (ALGORITHM + timers + struct.pack("!H", len(mac)) + mac
                 + wire[:2] + struct.pack("!HH", error, len(other)) + other)
        counted = wire[:10] + struct.pack("!H", struct.unpack("!H", wire[10:12])[0] + 1) + wire[12:]
        return counted + name(key) + struct.pack("!HHIH", 250, 255, 0, len(rdata)) + rdata


def request_mac(wire):
    """MAC of the request: its TSIG is last, with SHA-256 and no other data."""
    return wire[-38:-6]


def strip(wire):
    return wire


def chain(*ways):
    """A transfer in as many messages as ways; each way makes one of them from (signer, wire)."""
    def script(case, ask):
        signer, records = Signer(ask), case.all_records()
        cut = [0] + [round(len(records) * (n + 1) / len(ways)) for n in range(len(ways))]
        return [way(signer, ask.answer(records[a:b])) for way, (a, b) in zip(ways, zip(cut, cut[1:]))] + [CLOSE]
    return script


def good(signer, wire):
    return signer.sign(wire)


def bare(signer, wire):
    return signer.unsigned(wire)


def way(**fields):
    return lambda signer, wire: signer.sign(wire, **fields)


def wrong_mac(signer, wire):
    signed = bytearray(signer.sign(wire))
    signed[-10] ^= 1
    return bytes(signed)


def changed_record(signer, wire):
    return bytes(b ^ (i == 40) for i, b in enumerate(signer.sign(wire)))


def early(seconds):
    return lambda signer, wire: signer.sign(wire, at=int(time.time()) + seconds)


def restarted(signer, wire):
    """As if it were the first of a chain."""
    signer.first = True
    return signer.sign(wire)


def twice_tsig(signer, wire):
    return signer.sign(signer.sign(wire))


def error(code, **fields):
    """REFUSED-like answer that carries a TSIG error; RFC 8945 section 5.2 has NOTAUTH with it."""
    def script(case, ask):
        return [Signer(ask).sign(ask.answer(flags=0x8009), error=code, **fields)]
    return script


def server_time(offset):
    at = int(time.time()) + offset
    return struct.pack("!HI", at >> 32, at & 0xFFFFFFFF)


def badtime(case, ask):
    return [Signer(ask).sign(ask.answer(flags=0x8009), error=BADTIME, other=server_time(4000))]


def refused_bare(case, ask):
    return [ask.answer(flags=0x8005)]


def refused_signed(case, ask):
    return [Signer(ask).sign(ask.answer(flags=0x8005))]


GOOD = {"one": chain(good), "three": chain(good, good, good), "bare-between": chain(good, bare, bare, good),
        "fudge": chain(early(200), early(-200)), "mac-of-16": chain(way(mac_len=16), way(mac_len=16)),
        "upper-case-key": chain(way(key="K1"))}
SIG, TIME, MISSING = {"tsig-bad-signature"}, {"tsig-bad-time"}, {"tsig-missing"}
BAD = {
    "nothing-signed": (chain(bare), MISSING),
    "first-bare": (chain(bare, good, good), MISSING | SIG),
    "last-bare": (chain(good, good, bare), MISSING),
    "middle-wrong": (chain(good, wrong_mac, good), SIG),
    "last-wrong": (chain(good, good, wrong_mac), SIG),
    "first-wrong": (chain(wrong_mac, good), SIG),
    "changed-record": (chain(changed_record), SIG | {"bad-message"}),
    "late": (chain(early(-4000)), TIME), "early": (chain(early(4000)), TIME),
    "late-in-the-middle": (chain(good, early(-4000), good), TIME),
    "fudge-of-0": (chain(way(fudge=0, at=1)), TIME),
    "restarted-in-the-middle": (chain(good, restarted, good), SIG),
    "other-key": (chain(way(key="k2")), {"tsig-bad-key"} | SIG),
    "other-key-later": (chain(good, way(key="k2")), {"tsig-bad-key"} | SIG),
    "mac-of-9": (chain(way(mac_len=9)), SIG), "mac-of-15": (chain(way(mac_len=15)), SIG),
    "mac-of-0": (chain(way(no_mac=True)), SIG),
    "tsig-twice": (chain(twice_tsig), {"bad-message"}),
    "other-data": (chain(way(other=bytes(6))), {"bad-message"} | SIG),
    "badkey": (error(BADKEY, no_mac=True), {"tsig-bad-key"}),
    "badsig": (error(BADSIG, no_mac=True), SIG),
    "badtime": (badtime, TIME), "badtrunc": (error(BADTRUNC), SIG),
    "error-of-999": (error(999), SIG | {"bad-message"}),
    "refused-bare": (refused_bare, {"refused"}), "refused-signed": (refused_signed, {"refused"}),
}


def test_signatures_that_are_right_are_taken(lab):
    with HostileWorld() as world:
        cases = [world.add(Case(f"{label}.test", script, soa=signed_soa, key=KEY)) for label, script in GOOD.items()]
        daemon = follow(lab, cases, healthy=False)
        wait_all_serve(daemon, cases)


def signed_soa(case, ask):
    return [Signer(ask).sign(ask.answer([case.soa_record()]))]


def test_signatures_that_are_wrong_have_their_reason(lab):
    with HostileWorld() as world:
        cases = {label: world.add(Case(f"{label}.test", chain(good), soa=signed_soa, key=KEY)) for label in BAD}
        daemon = follow(lab, cases.values(), retry_max=30)
        wait_all_serve(daemon, cases.values())
        for label, case in cases.items():
            case.serial, case.axfr = 2, BAD[label][0]
            daemon.refresh(case.zone)
        ends = wait_all_end(daemon, cases.values())
        problems = [f"{label}: {show(ends[case.zone])}" for label, case in cases.items()
                    if ends[case.zone]["reason"] not in BAD[label][1] or daemon.soa_serial(case.zone) != 1]
        assert is_healthy(daemon) and not world.strange, world.strange[:3]
        assert not problems, "\n".join(problems)
