"""understudy, the command line: each request, its JSON, its exit status, its words for people."""
import subprocess
import time

import pytest

from lib.keys import make_key
from lib.ports import new_endpoint
from lib.records import difference, record_set
from lib.understudy import program
from lib.wait import wait_until
from lib.zonetext import every_type_zone, shapes_zone, small_zone

ZONE, DEAD, WRONG = "example.com", "dead.example", "refused.example"


@pytest.fixture
def pair(lab):
    """One zone in step, one whose primary is dead, one that the primary does not hold."""
    primary, secondary = lab.make("knot"), lab.make("understudy")
    primary.add_primary_zone(ZONE, shapes_zone(ZONE, 1), notify=[secondary.endpoint])
    secondary.add_secondary_zone(ZONE, primary.endpoint)
    secondary.add_secondary_zone(DEAD, new_endpoint())
    secondary.add_secondary_zone(WRONG, primary.endpoint)
    primary.start()
    secondary.start()
    wait_until(lambda: secondary.soa_serial(ZONE, timeout=1), 10, "first transfer")
    return primary, secondary


def test_status_and_stats_give_json_objects_and_words(pair):
    _, secondary = pair
    for words in (("status",), ("stats",)):
        json = secondary.cli(*words, "--json")
        assert json.status == 0 and isinstance(json.json, dict) and json.json
        people = secondary.cli(*words)
        assert people.status == 0 and people.out.strip() and not people.out.startswith("{")


def test_stats_count_what_was_answered(pair):
    def numbers(value):
        if isinstance(value, dict):
            return sum(numbers(v) for v in value.values())
        return value if isinstance(value, int) else 0
    _, secondary = pair
    before = secondary.cli("stats", "--json").json
    for _ in range(50):
        secondary.query(f"www.{ZONE}")
    wait_until(lambda: numbers(secondary.cli("stats", "--json").json) >= numbers(before) + 50, 5, "50 more counted")


def test_zone_list_names_each_zone_with_its_state(pair):
    _, secondary = pair
    wait_until(lambda: secondary.status(DEAD)["attempts"], 20, "an attempt at the dead primary")
    zones = {z["name"].rstrip("."): z for z in secondary.cli("zone", "list", "--json").json["zones"]}
    assert set(zones) == {ZONE, DEAD, WRONG}
    assert zones[ZONE]["state"] == "active" and zones[ZONE]["serial"] == 1
    assert zones[DEAD]["state"] in ("pending", "error") and zones[DEAD]["serial"] is None
    people = secondary.cli("zone", "list")
    assert people.status == 0 and all(name in people.out for name in zones)


def test_zone_status_tells_what_is_served_and_when_it_is_due(pair):
    primary, secondary = pair
    now, status = time.time(), secondary.status(ZONE)
    assert status["name"].rstrip(".") == ZONE and status["state"] == "active" and status["serial"] == 1
    assert now < status["refresh_at"] < now + 3600 + 400
    assert now + 86400 - 60 < status["expire_at"] <= now + 86400 + 60
    assert status["primary_serial"] == 1
    done = status["attempts"][0]
    assert set(done) >= {"time", "primary", "transport", "asked", "got", "reason", "evidence"}
    assert primary.endpoint.address in done["primary"] and abs(done["time"] - now) < 60

    primary.set_zone(ZONE, shapes_zone(ZONE, 2))
    wait_until(lambda: secondary.soa_serial(ZONE) == 2, 10, "serial 2")
    assert secondary.status(ZONE)["serial"] == 2
    people = secondary.cli("zone", "status", ZONE)
    assert people.status == 0 and ZONE in people.out


def wait_reason(server, zone, *reasons):
    """Waits until the zone's status gives one of the reasons; returns the status."""
    def status():
        now = server.status(zone)
        return now if now["reason"] in reasons else None
    return wait_until(status, 20, f"{zone}: reason {' or '.join(reasons)}")


def test_failures_have_the_reason_and_its_evidence(pair):
    _, secondary = pair
    for zone, reasons in ((DEAD, ("unreachable", "timeout")), (WRONG, ("refused", "not-authoritative"))):
        status = wait_reason(secondary, zone, *reasons)
        assert status["evidence"] and status["advice"] and status["state"] in ("pending", "error")
        failed = [attempt for attempt in status["attempts"] if attempt["reason"] in reasons]
        assert failed and failed[0]["evidence"], status
        people = secondary.cli("zone", "status", zone)
        assert people.status == 0 and any(reason in people.out for reason in reasons)


@pytest.mark.parametrize("ours,reason", ((make_key("unknown"), "tsig-bad-key"),
                                         (make_key("k1", "hmac-sha512")._replace(algorithm="hmac-sha256"),
                                          "tsig-bad-signature")))
@pytest.mark.parametrize("kind", ("bind", "knot", "nsd"))
def test_tsig_faults_are_told_apart(lab, kind, ours, reason):
    primary = lab.make(kind, key=make_key("k1"))
    secondary = lab.make("understudy", key=ours)
    primary.add_primary_zone(ZONE, small_zone(ZONE, 1))
    secondary.add_secondary_zone(ZONE, primary.endpoint)
    primary.start()
    secondary.start()
    wait_reason(secondary, ZONE, reason)


def test_refused_transfer_is_named(lab):
    """The primary answers the SOA question to anyone and transfers with a key only."""
    primary, secondary = lab.make("knot", key=make_key()), lab.make("understudy")
    primary.add_primary_zone(ZONE, small_zone(ZONE, 1))
    secondary.add_secondary_zone(ZONE, primary.endpoint)
    primary.start()
    secondary.start()
    assert wait_reason(secondary, ZONE, "refused")["state"] in ("pending", "error")


def test_refresh_asks_the_primary_now(lab):
    primary, secondary = lab.make("nsd"), lab.make("understudy")
    primary.add_primary_zone(ZONE, small_zone(ZONE, 1))  # sends no NOTIFY
    secondary.add_secondary_zone(ZONE, primary.endpoint)
    primary.start()
    secondary.start()
    wait_until(lambda: secondary.soa_serial(ZONE, timeout=1) == 1, 10, "first transfer")
    primary.set_zone(ZONE, small_zone(ZONE, 2))
    primary.wait_serves(ZONE, 2)
    result = secondary.cli("zone", "refresh", ZONE, "--json")
    assert result.status == 0 and isinstance(result.json, dict)
    wait_until(lambda: secondary.soa_serial(ZONE) == 2, 10, "serial 2 after zone refresh")

    # The serial goes back: refresh must not take it, retransfer must.
    primary.set_zone(ZONE, small_zone(ZONE, 1))
    primary.kill9()
    primary.start()
    assert primary.soa_serial(ZONE) == 1
    assert secondary.cli("zone", "refresh", ZONE).status == 0
    wait_reason(secondary, ZONE, "serial-behind")
    assert secondary.soa_serial(ZONE) == 2
    assert secondary.cli("zone", "retransfer", ZONE).status == 0
    wait_until(lambda: secondary.soa_serial(ZONE) == 1, 10, "the older serial after zone retransfer")


@pytest.mark.parametrize("text", (shapes_zone(ZONE, 1), every_type_zone(ZONE, 1)), ids=("shapes", "types"))
def test_export_is_a_zone_file_that_other_servers_load(lab, text):
    primary, secondary = lab.make("knot"), lab.make("understudy")
    primary.add_primary_zone(ZONE, text)
    secondary.add_secondary_zone(ZONE, primary.endpoint)
    primary.start()
    secondary.start()
    wait_until(lambda: secondary.soa_serial(ZONE, timeout=1), 10, "first transfer")
    result = secondary.cli("zone", "export", ZONE)
    assert result.status == 0, result.err
    path = lab.folder / "exported.zone"
    path.write_text(result.out)
    for checker in (["named-checkzone", "-k", "ignore", "-i", "none", ZONE, str(path)],
                    ["/usr/sbin/nsd-checkzone", ZONE, str(path)]):
        done = subprocess.run(checker, capture_output=True, text=True, timeout=30, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
    again = lab.make("nsd")
    again.add_primary_zone(ZONE, result.out)
    again.start()
    assert not difference(record_set(again.axfr(ZONE)), record_set(primary.axfr(ZONE)), "exported", "primary")


def test_exit_statuses_tell_no_such_zone_usage_and_no_daemon_apart(pair):
    _, secondary = pair
    for request in ("status", "refresh", "retransfer", "export"):
        result = secondary.cli("zone", request, "nosuch.example")
        assert result.status == 1 and "nosuch.example" in result.err, request
    assert secondary.cli("zone", "export", DEAD).status == 1
    for words in ((), ("nonsense",), ("zone",), ("zone", "nonsense"), ("zone", "status"), ("--nonsense", "status"),
                  ("zone", "status", ZONE, "more")):
        result = secondary.cli(*words)
        assert result.status == 2 and result.err.strip(), words
    for name in ("a..b", "x" * 64, ""):  # no name at all: the command line or the daemon may be the one to say so
        result = secondary.cli("zone", "status", name)
        assert result.status in (1, 2) and result.err.strip(), name
    secondary.stop()
    result = secondary.cli("status")
    assert result.status == 3 and str(secondary.socket) in result.err


def test_help_and_version_are_given_on_request(lab):
    secondary = lab.make("understudy")
    assert secondary.cli("--help").status == 0 and "zone" in secondary.cli("--help").out
    assert secondary.cli("--version").status == 0


@pytest.mark.parametrize("typed, words", [
    ("understudy token cr", "create"), ("understudy st", "status stats"),
    ("understudy --socket x zone ro", "rollback"), ("understudy zone add a --te", "--template")])
def test_bash_completes_commands_and_options(tmp_path, typed, words):
    """The script that the command prints is given to bash, which completes the last word by it."""
    script = subprocess.run([program("understudy"), "completion", "bash"], capture_output=True, text=True, check=True)
    given = typed.split()
    (tmp_path / "try").write_text(f"{script.stdout}\nCOMP_WORDS=({typed}); COMP_CWORD={len(given) - 1}; _understudy\n"
                                  'echo "${COMPREPLY[@]}"\n', encoding="utf-8")
    done = subprocess.run(["bash", str(tmp_path / "try")], capture_output=True, text=True, check=True, timeout=20)
    assert done.stdout.strip() == words and not done.stderr


def test_a_mistyped_command_is_answered_by_what_was_meant():
    done = subprocess.run([program("understudy"), "zone", "stauts", "a"], capture_output=True, text=True, check=False)
    assert done.returncode == 2 and 'did you mean "zone status"' in done.stderr
    done = subprocess.run([program("understudy"), "help", "token"], capture_output=True, text=True, check=False)
    assert done.returncode == 0 and "token create LABEL" in done.stdout
