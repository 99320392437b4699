"""Guards: what they object to is not served, the former version is, the operator is told why and may let it through."""
import os

import dns.rrset
import dns.zone
import pytest

from lib.scripted import ScriptedPrimary
from lib.signing import sign
from lib.wait import wait_until
from lib.zonetext import small_zone

ZONE = "guarded.example"
PRIMARIES = ("bind", "knot", "nsd")


class World:
    """A primary and ours, version 1 served, guards as given."""

    def __init__(self, lab, kind, text, **guards):
        self.primary, self.ours = lab.make(kind), lab.secondary()
        self.primary.add_primary_zone(ZONE, text, notify=[self.ours.endpoint])
        self.ours.add_secondary_zone(ZONE, self.primary.endpoint, **guards)
        self.primary.start()
        self.ours.start()
        self.ours.wait_serves(ZONE, 1, 10)

    def status(self):
        return self.ours.status(ZONE)

    def wait_reason(self, reason, seconds=15):
        return wait_until(lambda: (s := self.status())["reason"] == reason and not s["transferring"] and s, seconds,
                          f"reason {reason}, not {self.status()['reason']}")

    def wait_refused(self, text, serial, reason):
        """The version comes and is refused: version 1 stays, and everything that an operator needs is told."""
        self.primary.set_zone(ZONE, text)
        status = self.wait_reason(reason)
        assert status["serial"] == 1 and self.ours.soa_serial(ZONE) == 1
        assert status["state"] == "error"
        assert status["refused_serial"] == serial and status["primary_serial"] == serial
        assert status["attempts"][0]["reason"] == reason and status["advice"] and status["since"]
        shown = self.ours.cli("zone", "status", ZONE).out
        assert reason in shown and status["evidence"] in shown
        return status["evidence"]

    def accept(self):
        result = self.ours.cli("zone", "accept", ZONE)
        assert result.status == 0, result.err

    def wait_well(self, serial):
        self.ours.wait_serves(ZONE, serial, 15)
        status = wait_until(lambda: (s := self.status())["reason"] == "none" and s, 5, "all is well")
        assert status["serial"] == serial and status["refused_serial"] is None


def names(count):
    return "".join(f"n{i} IN A 192.0.2.{i}\n" for i in range(count))


def with_digest(text, algorithm=1):
    """The zone with the ZONEMD that dnspython makes."""
    zone = dns.zone.from_text(text, origin=ZONE, relativize=False)
    digest = zone.compute_digest(algorithm)
    return text + f"{ZONE}. 300 IN ZONEMD {digest.serial} {digest.scheme} {algorithm} {digest.digest.hex()}\n"


def scripted(lab, text, **guards):
    """A primary that may hold anything, and ours with its version 1."""
    primary, ours = ScriptedPrimary(ZONE), lab.secondary()
    primary.set_text(text)
    ours.add_secondary_zone(ZONE, primary.endpoint, **guards)
    return primary, ours


def refresh(ours, reason):
    """Asks the primary; the zone's status when the outcome is there."""
    done = ours.cli("zone", "refresh", ZONE, "--wait", "10", "--json")
    assert done.json["reason"] == reason, done.json
    return done.json


def test_a_cname_beside_other_data_is_refused_until_accepted(lab):
    primary, ours = scripted(lab, small_zone(ZONE, 1))
    with primary:
        ours.start()
        ours.wait_serves(ZONE, 1, 10)
        primary.set_text(small_zone(ZONE, 2, "odd IN CNAME www\n"))
        primary.rrsets.insert(1, dns.rrset.from_text(f"odd.{ZONE}.", 300, "IN", "A", "192.0.2.1"))
        status = refresh(ours, "cname-and-other")
        assert status["evidence"].startswith(f"odd.{ZONE} A:") and status["serial"] == 1
        assert ours.soa_serial(ZONE) == 1
        accepted = ours.cli("zone", "accept", ZONE, "--wait", "10")
        assert accepted.status == 0, accepted.out + accepted.err
        assert ours.soa_serial(ZONE) == 2


def test_what_was_accepted_is_that_content_and_no_other(lab):
    primary, ours = scripted(lab, small_zone(ZONE, 1, names(60)), max_shrink=50)
    with primary:
        ours.start()
        ours.wait_serves(ZONE, 1, 10)
        primary.set_text(small_zone(ZONE, 2))
        refresh(ours, "shrunk")
        primary.set_text(small_zone(ZONE, 2, "other IN A 192.0.2.77\n"))
        accepted = ours.cli("zone", "accept", ZONE, "--wait", "10", "--json")
        assert accepted.status == 1 and accepted.json["reason"] == "shrunk" and accepted.json["serial"] == 1
        assert ours.cli("zone", "accept", ZONE, "--wait", "10").status == 0
        assert ours.soa_serial(ZONE) == 2 and ours.query(f"other.{ZONE}", "A").answer


@pytest.mark.parametrize("kind", PRIMARIES)
def test_a_version_that_shrinks_is_refused_until_accepted_and_the_next_one_is_judged_anew(lab, kind):
    world = World(lab, kind, small_zone(ZONE, 1, names(60)), max_shrink=50)
    evidence = world.wait_refused(small_zone(ZONE, 2), 2, "shrunk")
    assert ZONE in evidence and "max-shrink 50" in evidence
    assert world.ours.query(f"n7.{ZONE}", "A").answer

    world.accept()
    world.wait_well(2)
    assert not world.ours.query(f"n7.{ZONE}", "A").answer
    assert world.ours.cli("zone", "accept", ZONE).status == 1  # nothing is left to accept

    world.primary.set_zone(ZONE, small_zone(ZONE, 3, names(60)))
    world.wait_well(3)
    world.primary.set_zone(ZONE, small_zone(ZONE, 4))
    assert world.wait_reason("shrunk")["serial"] == 3  # once is once


@pytest.mark.parametrize("kind", PRIMARIES)
def test_a_version_that_passes_ends_it(lab, kind):
    world = World(lab, kind, small_zone(ZONE, 1, names(60)), max_shrink=50)
    world.wait_refused(small_zone(ZONE, 2), 2, "shrunk")
    world.primary.set_zone(ZONE, small_zone(ZONE, 3, names(59)))
    world.wait_well(3)


def test_an_rrset_beyond_its_limit_is_refused(lab):
    many = "".join(f"many IN A 192.0.2.{i}\n" for i in range(5))
    world = World(lab, "knot", small_zone(ZONE, 1), max_records_per_rrset=4)
    assert "5 records" in world.wait_refused(small_zone(ZONE, 2, many), 2, "rrset-too-large")


@pytest.mark.parametrize("algorithm", (1, 2), ids=("sha384", "sha512"))
@pytest.mark.parametrize("kind", PRIMARIES)
def test_a_digest_must_fit_when_it_is_required(lab, kind, algorithm):
    world = World(lab, kind, with_digest(small_zone(ZONE, 1), algorithm), zonemd="required")
    world.wait_refused(small_zone(ZONE, 2), 2, "zonemd-missing")
    good = with_digest(small_zone(ZONE, 3, "new IN A 192.0.2.3\n"), algorithm)
    world.wait_refused(good.replace("192.0.2.3", "192.0.2.4"), 3, "zonemd-mismatch")
    world.primary.set_zone(ZONE, with_digest(small_zone(ZONE, 4, "new IN A 192.0.2.3\n"), algorithm))
    world.wait_well(4)
    world.primary.set_zone(ZONE, small_zone(ZONE, 5))
    world.wait_reason("zonemd-missing")
    world.accept()
    world.wait_well(5)


def test_a_digest_that_knot_makes_fits(lab):
    primary, ours = lab.make("knot"), lab.secondary()
    primary.zone_lines = ("zonemd-generate: zonemd-sha384",)
    text = small_zone(ZONE, 1, "Mixed.Case IN MX 5 Mail.Example.ORG.\nsub IN NS ns.sub\nns.sub IN A 192.0.2.5\n")
    primary.add_primary_zone(ZONE, text, notify=[ours.endpoint])
    ours.add_secondary_zone(ZONE, primary.endpoint, zonemd="required")
    primary.start()
    ours.start()
    ours.wait_serves(ZONE, None, 10)
    assert ours.query(ZONE, "ZONEMD").answer


# --- signatures

@pytest.mark.parametrize("denial", ("nsec", "nsec3"))
def test_a_signed_zone_passes_and_a_damaged_one_does_not(lab, denial, tmp_path):
    def signed(serial, extra=""):
        return sign(tmp_path, ZONE, small_zone(ZONE, serial, extra), denial).text
    world = World(lab, "nsd", signed(1), dnssec="require", dnssec_check="full")
    damaged = "\n".join(line.replace("192.0.2.5", "192.0.2.6") for line in signed(2).splitlines()) + "\n"
    evidence = world.wait_refused(damaged, 2, "dnssec-bogus")
    assert evidence == f"www.{ZONE} A: its signature does not verify"
    world.primary.set_zone(ZONE, signed(3))
    world.wait_well(3)
    assert world.status()["warning"] == "none"
    world.primary.set_zone(ZONE, small_zone(ZONE, 4))
    world.wait_reason("dnssec-missing")
    world.accept()
    world.wait_well(4)


def test_signatures_whose_time_is_over_are_refused_or_warned_of(lab, tmp_path):
    past = sign(tmp_path, ZONE, small_zone(ZONE, 2), ("-s", "20200101000000", "-e", "20200201000000")).text
    now = sign(tmp_path, ZONE, small_zone(ZONE, 1), ("-e", "now+3600")).text  # the SOA's expire time is a day
    world = World(lab, "knot", now, dnssec="require")
    status = world.status()
    assert status["warning"] == "dnssec-expires-early" and "86400 s" in status["warning_evidence"]
    assert "dnssec-expires-early" in world.ours.cli("zone", "status", ZONE).out
    assert "time of its signature" in world.wait_refused(past, 2, "dnssec-expired")
    world.accept()
    world.wait_well(2)
    assert world.status()["warning"] == "dnssec-expired"


# --- the operator's own command

def command(tmp_path, text):
    path = tmp_path / "check"
    path.write_text("#!/bin/sh\n" + text, encoding="ascii")
    path.chmod(0o755)
    return [str(path), "an argument"]


def test_a_command_gets_the_zone_and_may_refuse_it(lab, tmp_path):
    text = f"""cat > {tmp_path}/zone
env > {tmp_path}/env
echo "$1" > {tmp_path}/argument
if grep -q forbidden {tmp_path}/zone; then echo "a forbidden name" >&2; echo more >&2; exit 7; fi
"""
    world = World(lab, "knot", small_zone(ZONE, 1), check_command=command(tmp_path, text))
    assert f"www.{ZONE}." in (tmp_path / "zone").read_text()
    evidence = world.wait_refused(small_zone(ZONE, 2, "forbidden IN A 192.0.2.9\n"), 2, "check-command-failed")
    assert evidence.endswith("said 7: a forbidden name")
    environment = (tmp_path / "env").read_text().splitlines()
    assert f"UNDERSTUDY_ZONE={ZONE}" in environment and "UNDERSTUDY_SERIAL=2" in environment
    assert "UNDERSTUDY_FORMER_SERIAL=1" in environment
    assert (tmp_path / "argument").read_text() == "an argument\n"
    world.accept()
    world.wait_well(2)
    world.primary.set_zone(ZONE, small_zone(ZONE, 3))
    world.wait_well(3)


def test_a_command_that_takes_too_long_is_ended_and_holds_up_nobody(lab, tmp_path):
    text = f"""[ "$UNDERSTUDY_SERIAL" = 1 ] && exit 0
echo $$ > {tmp_path}/pid
sleep 1000 &
wait
"""
    world = World(lab, "knot", small_zone(ZONE, 1), check_command=command(tmp_path, text), check_timeout=2)
    evidence = world.wait_refused(small_zone(ZONE, 2), 2, "check-command-timeout")
    assert "not done after 2 s" in evidence
    group = int((tmp_path / "pid").read_text())
    wait_until(lambda: not alive(group), 5, "the whole group is gone")


def alive(group):
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_command_that_is_not_there_refuses(lab):
    primary, ours = scripted(lab, small_zone(ZONE, 1), check_command=["/nowhere/check"])
    with primary:
        ours.start()
        status = wait_until(lambda: (s := ours.status(ZONE))["reason"] == "check-command-failed" and s, 10, "refused")
        assert status["serial"] is None and "No such file" in status["evidence"]


def test_the_daemon_ends_while_a_command_runs(lab, tmp_path):
    text = f"echo $$ > {tmp_path}/pid\nsleep 1000\n"
    primary, ours = scripted(lab, small_zone(ZONE, 1), check_command=command(tmp_path, text))
    with primary:
        ours.start()
        wait_until((tmp_path / "pid").exists, 10, "the command runs")
        ours.stop()
