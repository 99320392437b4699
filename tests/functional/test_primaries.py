"""Each kind of primary, with and without TSIG, over IPv4 and IPv6: the life of a zone from first transfer to expiry."""
import time

import dns.rcode
import pytest

from lib.keys import make_key
from lib.records import assert_same_zone
from lib.wait import wait_until
from lib.zonetext import every_type_zone, small_zone

PRIMARIES = ("bind", "knot", "nsd", "pdns")
pytestmark = [pytest.mark.parametrize("address", ("127.0.0.1", "::1")),
              pytest.mark.parametrize("key", (None, make_key()), ids=("plain", "tsig")),
              pytest.mark.parametrize("kind", PRIMARIES)]


def make_pair(lab, kind, key, address):
    return lab.make(kind, key=key, address=address), lab.secondary(key=key, address=address)


def wait_serial(server, zone, serial, seconds=10):
    server.wait_serves(zone, serial, seconds)


def rcode(server, name):
    return server.query(name, "TXT", timeout=1).rcode()


def test_first_transfer_gives_the_whole_zone_and_a_notify_brings_the_next_serial(
        lab, kind, key, address, record_figure):
    zone = "example.com"
    primary, secondary = make_pair(lab, kind, key, address)
    primary.add_primary_zone(zone, small_zone(zone, 1), notify=[secondary.endpoint])
    secondary.add_secondary_zone(zone, primary.endpoint)
    primary.start()
    secondary.start()
    wait_serial(secondary, zone, 1)
    assert_same_zone(secondary, primary, zone)

    for serial in (2, 3):
        begin = time.monotonic()
        primary.set_zone(zone, small_zone(zone, serial, "new IN A 192.0.2.99\n"))
        # SOA refresh is an hour, so only the NOTIFY can have brought it.
        wait_serial(secondary, zone, serial)
        record_figure("NOTIFY to new serial served", time.monotonic() - begin, "s")
        assert secondary.query(f"version.{zone}", "TXT").answer[0][0].strings == (str(serial).encode(),)
        assert_same_zone(secondary, primary, zone)


def test_new_serial_arrives_by_the_refresh_timer_alone(lab, kind, key, address):
    zone = "timer.example"
    primary, secondary = make_pair(lab, kind, key, address)
    primary.add_primary_zone(zone, small_zone(zone, 10, refresh=2, retry=1))
    secondary.add_secondary_zone(zone, primary.endpoint, refresh_min=2, retry_min=1)
    primary.start()
    secondary.start()
    wait_serial(secondary, zone, 10)
    primary.set_zone(zone, small_zone(zone, 11, refresh=2, retry=1))
    wait_serial(secondary, zone, 11)
    assert_same_zone(secondary, primary, zone)


def test_zone_outlives_its_primary_until_it_expires_and_comes_back_with_it(lab, kind, key, address):
    zone, timers = "expire.example", {"refresh": 1, "retry": 1, "expire": 5}
    primary, secondary = make_pair(lab, kind, key, address)
    primary.add_primary_zone(zone, small_zone(zone, 1, **timers))
    secondary.add_secondary_zone(zone, primary.endpoint, refresh_min=1, retry_min=1, retry_max=2, expire_min=2)
    primary.start()
    secondary.start()
    wait_serial(secondary, zone, 1)

    primary.kill9()
    died = time.monotonic()
    assert rcode(secondary, f"version.{zone}") == dns.rcode.NOERROR
    wait_until(lambda: rcode(secondary, f"version.{zone}") == dns.rcode.SERVFAIL, 15, "expired zone says SERVFAIL")
    # The last good refresh was at most about refresh (with jitter) before the death.
    assert time.monotonic() - died > 5 - 2, "expired too early"
    assert secondary.query(zone, "SOA").rcode() == dns.rcode.SERVFAIL

    primary.start()
    wait_serial(secondary, zone, 1, 20)
    assert_same_zone(secondary, primary, zone)


def test_every_record_type_arrives_unchanged(lab, kind, key, address):
    zone = "types.example"
    text = every_type_zone(zone, 1)
    if kind == "pdns":  # its SQLite backend does not keep these as they are written
        text = "".join(line for line in text.splitlines(True) if not line.startswith(
            ("apl", "csync", "mb", "mg", "mr", "hip", "isdn", "nsap", "px", "rt", "x25", "sp\\032", "odd", "zonemd", "t32800", "txt0")))
    primary, secondary = make_pair(lab, kind, key, address)
    primary.add_primary_zone(zone, text, notify=[secondary.endpoint])
    secondary.add_secondary_zone(zone, primary.endpoint)
    primary.start()
    secondary.start()
    wait_serial(secondary, zone, 1)
    assert assert_same_zone(secondary, primary, zone) > 50
