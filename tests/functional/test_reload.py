"""SIGHUP: zones come and go, settings change, and no question is lost meanwhile."""
import os
import re

import dns.rcode
import pytest

from lib.control import Control, Refused
from lib.ports import new_endpoint
from lib.stream import QuestionStream
from lib.wait import wait_until
from lib.zonetext import small_zone

NAMES = [f"z{i}.example" for i in range(6)]


@pytest.fixture
def pair(lab):
    primary, secondary = lab.make("nsd"), lab.make("understudy")
    for name in NAMES:
        primary.add_primary_zone(name, small_zone(name, 1))
    for name in NAMES[:3]:
        secondary.add_secondary_zone(name, primary.endpoint)
    primary.start()
    secondary.start()
    wait_served(secondary, NAMES[:3])
    return primary, secondary


def wait_served(server, names):
    for name in names:
        wait_until(lambda n=name: server.soa_serial(n, timeout=1), 10, f"{name} served")


def wait_rcode(server, name, rcode):
    wait_until(lambda: server.query(name, "SOA").rcode() == rcode, 10, f"{name} says {dns.rcode.to_text(rcode)}")


def test_reload_adds_and_removes_zones_and_loses_no_question(pair):
    primary, secondary = pair
    with QuestionStream(secondary.endpoint, [f"www.{NAMES[0]}", f"www.{NAMES[1]}"]) as stream:
        for turn in range(5):
            for name in NAMES[3:]:
                secondary.add_secondary_zone(name, primary.endpoint)
            del secondary.zones[NAMES[2]]
            secondary.reload()
            wait_served(secondary, NAMES[3:])
            wait_rcode(secondary, NAMES[2], dns.rcode.REFUSED)

            for name in NAMES[3:]:
                del secondary.zones[name]
            secondary.add_secondary_zone(NAMES[2], primary.endpoint)
            secondary.reload()
            wait_served(secondary, [NAMES[2]])
            for name in NAMES[3:]:
                wait_rcode(secondary, name, dns.rcode.REFUSED)
        wait_until(lambda: stream.answered > 500, 30, "a stream of questions")
    assert not stream.problems, stream.problems[:5]


def test_reload_with_a_fault_keeps_the_former_configuration_whole(pair):
    primary, secondary = pair
    secondary.add_secondary_zone(NAMES[3], primary.endpoint)
    secondary.extra_text = "zonez: 1\n"
    with QuestionStream(secondary.endpoint, [f"www.{NAMES[0]}"]) as stream:
        secondary.reload()
        line = secondary.configuration.read_text().count("\n")
        fault = re.compile(rf"config\.rejected .*understudy\.yaml line={line} .*zonez")
        wait_until(lambda: fault.search(secondary.process.log_text()), 10, "the fault named in the log")
        for name in NAMES[:3]:
            assert secondary.soa_serial(name) == 1
        assert secondary.query(NAMES[3], "SOA").rcode() == dns.rcode.REFUSED, "half-applied"
    assert not stream.problems, stream.problems[:5]


def test_reload_changes_who_may_transfer(pair):
    _, secondary = pair
    assert len(secondary.axfr(NAMES[0])) > 5
    secondary.template["allow-transfer"] = ["192.0.2.1"]
    secondary.reload()
    wait_until(lambda: secondary.query(NAMES[0], "AXFR", tcp=True, payload=None).rcode() == dns.rcode.REFUSED, 10,
               "the new list holds")


def test_reload_changes_the_primary_of_a_zone(lab, pair):
    _, secondary = pair
    other = lab.make("knot")
    other.add_primary_zone(NAMES[0], small_zone(NAMES[0], 7))
    other.start()
    secondary.add_secondary_zone(NAMES[0], other.endpoint)
    secondary.reload()
    wait_until(lambda: secondary.soa_serial(NAMES[0]) == 7, 15, "the other primary's serial")


def test_removed_zone_is_gone_after_a_restart_too(pair):
    primary, secondary = pair
    del secondary.zones[NAMES[2]]
    secondary.reload()
    wait_rcode(secondary, NAMES[2], dns.rcode.REFUSED)
    primary.kill9()
    secondary.restart()
    assert secondary.query(NAMES[2], "SOA").rcode() == dns.rcode.REFUSED
    assert secondary.soa_serial(NAMES[0]) == 1


def test_next_primary_is_asked_when_the_first_does_not_answer(lab):
    primary, secondary = lab.make("nsd"), lab.make("understudy")
    primary.add_primary_zone("two.example", small_zone("two.example", 4))
    secondary.add_secondary_zone("two.example", new_endpoint(), primary.endpoint)
    primary.start()
    secondary.start()
    wait_until(lambda: secondary.soa_serial("two.example", timeout=1) == 4, 30, "transfer from the second primary")


def reloaded(server):
    """Reload; what the log says of it: {added, changed, removed, unchanged, files}."""
    lines = server.process.log_text().count("config.reloaded")
    server.reload()
    wait_until(lambda: server.process.log_text().count("config.reloaded") > lines, 10, "reloaded")
    line = [x for x in server.process.log_text().splitlines() if "config.reloaded" in x][-1]
    return dict(re.findall(r"(added|changed|removed|unchanged|files)=(\w+)", line))


@pytest.fixture
def listed(lab):
    """A secondary whose zones stand in a zones file."""
    primary, secondary = lab.make("nsd"), lab.make("understudy")
    for name in NAMES:
        primary.add_primary_zone(name, small_zone(name, 1))
    secondary.zones_file = [f"{name} {primary.endpoint.text}" for name in NAMES[:4]]
    secondary.template["allow-transfer"] = ["127.0.0.1"]
    primary.start()
    secondary.start()
    wait_served(secondary, NAMES[:4])
    return primary, secondary


def test_files_with_the_same_octets_are_not_parsed_again(listed):
    _, secondary = listed
    for _ in range(3):  # written anew each time
        assert reloaded(secondary) == {"added": "0", "changed": "0", "removed": "0", "unchanged": "4", "files": "same"}
    secondary.configuration.write_text("zonez: 1\n", encoding="utf-8")
    with Control(secondary.socket) as control:
        with pytest.raises(Refused):
            control.ask("reload")
        secondary.write_configuration()
        control.ask("reload")
    assert reloaded(secondary)["files"] == "same"
    assert secondary.soa_serial(NAMES[3]) == 1


def test_another_rule_holds_at_once_though_the_zones_file_is_the_same(listed):
    _, secondary = listed
    assert len(secondary.axfr(NAMES[0])) > 5
    secondary.template["allow-transfer"] = ["192.0.2.1"]
    assert reloaded(secondary) == {"added": "0", "changed": "4", "removed": "0", "unchanged": "0", "files": "changed"}
    for name in NAMES[:4]:
        assert secondary.query(name, "AXFR", tcp=True, payload=None).rcode() == dns.rcode.REFUSED
    assert reloaded(secondary)["files"] == "same"
    assert secondary.query(NAMES[0], "AXFR", tcp=True, payload=None).rcode() == dns.rcode.REFUSED


def test_one_line_of_the_zones_file_is_another_zone(listed):
    primary, secondary = listed
    before = (secondary.folder / "zones.list").stat()
    secondary.zones_file[2] = f"{NAMES[4]} {primary.endpoint.text}"
    secondary.write_configuration()
    path = secondary.folder / "zones.list"
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert path.stat().st_size == before.st_size
    with Control(secondary.socket) as control:
        control.ask("reload")
    wait_rcode(secondary, NAMES[2], dns.rcode.REFUSED)
    wait_served(secondary, [NAMES[4]])
    assert secondary.soa_serial(NAMES[3]) == 1


def test_a_name_that_became_free_is_taken_by_the_same_file(lab):
    primary, secondary = lab.make("nsd"), lab.make("understudy")
    for name in NAMES[:2]:
        primary.add_primary_zone(name, small_zone(name, 1))
    secondary.zones_file = [f"{NAMES[0]} {primary.endpoint.text}"]
    primary.start()
    secondary.start()
    with Control(secondary.socket) as control:
        control.ask("zone.add", zone=NAMES[1], settings={"primaries": [primary.endpoint.text]})
    secondary.stop()
    secondary.zones_file.append(f"{NAMES[1]} {primary.endpoint.text}")
    secondary.start()  # the file wants a zone that the inventory has
    wait_served(secondary, NAMES[:2])
    with Control(secondary.socket) as control:
        with pytest.raises(Refused):
            control.ask("reload")
        control.ask("zone.remove", zone=NAMES[1])
    wait_rcode(secondary, NAMES[1], dns.rcode.REFUSED)
    assert reloaded(secondary)["files"] == "changed"
    wait_served(secondary, NAMES[:2])
    assert reloaded(secondary)["files"] == "same"
