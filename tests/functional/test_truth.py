"""What is said of zones: states, refused NOTIFYs with what to change, holds; against real primaries."""
import dns.flags
import dns.message
import dns.opcode
import dns.rcode
import pytest

from lib import ask
from lib.keys import make_key
from lib.wait import wait_until
from lib.zonetext import small_zone

ZONE = "example.com"
KEY = make_key("k1")
WRONG_SECRET = make_key("k1", "hmac-sha512")._replace(algorithm="hmac-sha256")


@pytest.fixture(params=("bind", "knot", "nsd"))
def pair(lab, request):
    primary, secondary = lab.make(request.param), lab.make("understudy")
    primary.add_primary_zone(ZONE, small_zone(ZONE, 1), notify=[secondary.endpoint])
    secondary.add_secondary_zone(ZONE, primary.endpoint)
    secondary.keys = [KEY]
    primary.start()
    secondary.start()
    wait_until(lambda: secondary.soa_serial(ZONE, timeout=1) == 1, 10, "first transfer")
    return primary, secondary


def notify(server, source, key=None):
    request = dns.message.make_query(ZONE, "SOA")
    request.set_opcode(dns.opcode.NOTIFY)
    request.flags = request.flags & ~dns.flags.RD | dns.flags.AA
    if key:
        request.use_tsig(key.dnspython)
    return ask.send(server.endpoint, request, source=source)


def test_an_attempt_tells_what_was_asked_and_what_came(pair):
    primary, secondary = pair
    status = secondary.status(ZONE)
    assert status["state"] == "active" and status["state_since"] > 0 and not status["held"]
    assert status["next"]["action"] == "asks" and primary.endpoint.text in status["next"]["primary"]
    newest = status["attempts"][0]
    assert newest["asked"] == "AXFR" and newest["got"] == "axfr" and newest["before"] is None and newest["key"] is None
    primary.set_zone(ZONE, small_zone(ZONE, 2))
    wait_until(lambda: secondary.status(ZONE)["serial"] == 2, 10, "serial 2")
    newest = next(a for a in secondary.status(ZONE)["attempts"] if a["asked"] != "SOA")
    assert newest["before"] == 1 and newest["serial"] == 2 and newest["ok"]
    stats = secondary.cli("stats", "--json").json
    assert stats["transfer"]["axfr_ok"] >= 1 and stats["transfer"]["not_served"] == 0


def test_a_held_zone_notes_what_comes_and_follows_it_at_the_release(pair):
    primary, secondary = pair
    assert secondary.cli("zone", "hold", ZONE).status == 0
    assert secondary.cli("zone", "refresh", ZONE).status == 1
    primary.set_zone(ZONE, small_zone(ZONE, 2))
    primary.wait_serves(ZONE, 2)
    wait_until(lambda: secondary.status(ZONE)["noted"], 10, "the NOTIFY is noted")
    status = secondary.status(ZONE)
    assert status["state"] == "held" and status["reason"] == "held" and status["serial"] == 1
    assert status["next"]["action"] == "waits-for-release"
    secondary.restart()
    status = secondary.status(ZONE)
    assert status["state"] == "held" and status["serial"] == 1
    assert secondary.cli("zone", "release", ZONE, "--wait", "20").status == 0
    wait_until(lambda: secondary.soa_serial(ZONE) == 2, 10, "serial 2 after the release")
    assert secondary.status(ZONE)["state"] == "active"


def test_a_refused_notify_is_shown_with_what_to_change(pair):
    _, secondary = pair
    for _ in range(3):
        assert notify(secondary, "127.0.0.9").rcode() == dns.rcode.REFUSED
    with pytest.raises(Exception):  # dnspython's own for the TSIG error in the answer
        notify(secondary, "127.0.0.8", WRONG_SECRET)
    wait_until(lambda: len(secondary.status(ZONE)["notify_refused"]) == 2, 10, "both senders are shown")
    by_address = {s["address"]: s for s in secondary.status(ZONE)["notify_refused"]}
    stranger, wrong = by_address["127.0.0.9"], by_address["127.0.0.8"]
    assert stranger["count"] == 3 and stranger["cause"] == "not-allowed" and stranger["key"] is None
    assert "allow-notify: [127.0.0.9]" in stranger["advice"]
    assert wrong["cause"] == "bad-signature" and wrong["key"] == "k1" and "secret" in wrong["advice"]
    assert "allow-notify: [127.0.0.9]" in secondary.cli("zone", "status", ZONE).out
