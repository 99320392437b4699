"""Earlier versions of a zone: listed, compared, gone back to; against real primaries."""
import pytest

from lib.wait import wait_until
from lib.zonetext import small_zone

ZONE = "example.com"


def version(serial):
    """Each version has a name that no other has, and another TXT record at "version"."""
    return small_zone(ZONE, serial) + f"only{serial}.{ZONE}. 300 IN TXT \"{serial}\"\n"


@pytest.fixture(params=("bind", "knot", "nsd"))
def pair(lab, request):
    """Versions 1, 2 and 3 came one after another."""
    primary, secondary = lab.make(request.param), lab.make("understudy")
    primary.add_primary_zone(ZONE, version(1), notify=[secondary.endpoint])
    secondary.add_secondary_zone(ZONE, primary.endpoint)
    primary.start()
    secondary.start()
    wait_until(lambda: secondary.soa_serial(ZONE, timeout=1) == 1, 10, "first transfer")
    for serial in (2, 3):
        primary.set_zone(ZONE, version(serial))
        wait_until(lambda: secondary.soa_serial(ZONE) == serial, 10, f"serial {serial}")
    return primary, secondary


def diff(secondary, a, b):
    result = secondary.cli("zone", "diff", ZONE, str(a), str(b))
    assert result.status == 0, result.err
    lines = [line.split() for line in result.out.splitlines()]
    return {line[0] for line in lines if line[3] != "SOA" and not line[0][1:].startswith("version.")}


def test_the_history_lists_what_came_and_what_is_served(pair):
    _, secondary = pair
    versions = secondary.cli("zone", "history", ZONE, "--json").json["versions"]
    assert [v["serial"] for v in versions] == [1, 2, 3]
    assert [v["served"] for v in versions] == [False, False, True]
    assert all(v["added"] == 2 and v["removed"] == 2 and v["time"] and v["bytes"] for v in versions[1:])
    assert "served" in secondary.cli("zone", "history", ZONE).out.splitlines()[1]


def test_the_difference_of_any_two_versions_is_net(pair):
    _, secondary = pair
    assert diff(secondary, 2, 3) == {f"-only2.{ZONE}.", f"+only3.{ZONE}."}
    assert diff(secondary, 3, 1) == {f"-only3.{ZONE}.", f"+only1.{ZONE}."}
    assert diff(secondary, 2, 2) == set()
    json = secondary.cli("zone", "diff", ZONE, "1", "2", "--json").json
    assert json["from"] == 1 and json["to"] == 2 and any(line.startswith("+only2") for line in json["lines"])
    assert sum(line.split("\t")[3] == "SOA" for line in json["lines"]) == 2
    unknown = secondary.cli("zone", "diff", ZONE, "1", "77")
    assert unknown.status == 1 and "77" in unknown.err


def test_a_rollback_is_served_until_it_is_released_restart_or_not(pair):
    primary, secondary = pair
    assert secondary.cli("zone", "rollback", ZONE, "1").status == 0
    assert secondary.soa_serial(ZONE) == 1
    assert secondary.query(f"only1.{ZONE}", "TXT").answer and not secondary.query(f"only3.{ZONE}", "TXT").answer
    status = secondary.status(ZONE)
    assert status["state"] == "held" and status["rolled_back"] and status["serial"] == 1
    primary.set_zone(ZONE, version(4))
    primary.wait_serves(ZONE, 4)
    secondary.restart()
    assert secondary.soa_serial(ZONE) == 1
    status = secondary.status(ZONE)
    assert status["state"] == "held" and status["rolled_back"] and status["serial"] == 1
    assert secondary.cli("zone", "release", ZONE).status == 0
    wait_until(lambda: secondary.soa_serial(ZONE) == 4, 10, "the primary's version after the release")
    status = secondary.status(ZONE)
    assert status["state"] == "active" and not status["rolled_back"]
    assert secondary.cli("zone", "rollback", ZONE, "99").status == 1
