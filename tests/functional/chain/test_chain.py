"""Chains of secondaries: differences flow through, all expire together, a restart in the middle costs no whole zone."""
import time

import dns.edns
import dns.message
import dns.rcode

from chain.links import Chain, got
from ixfr.follow import ZONE
from lib import ask
from lib.wait import wait_until
from lib.zonetext import small_zone

CHANGES = 6


def test_differences_flow_through_to_every_kind_of_server(lab, record_figure):
    chain = Chain(lab, 1)
    first = chain.sent()
    assert first.count("AXFR") >= 4 and "IXFR" not in first, first
    for _ in range(CHANGES):
        chain.change()
        chain.wait_served()
    sent = chain.sent()[len(first):]
    record_figure("changes given as differences", chain.differences_sent(), f"of {CHANGES} to 4")
    # NSD and Knot may ask again for what they have just got, never for the whole zone
    assert "AXFR" not in sent and chain.differences_sent() >= 4 * CHANGES, sent
    for server in (chain.middle, chain.behind[0]):
        assert set(got(server)[:3]) == {"ixfr"}, server.status(ZONE)["attempts"]
    chain.assert_all_equal()


def test_a_restart_in_the_middle_costs_no_whole_zone(lab):
    chain = Chain(lab, 2)
    for _ in range(2):
        chain.change()
        chain.wait_served()
    for end in (chain.middle.stop, chain.middle.kill9):
        end()
        chain.middle.start()
        before = len(chain.sent())
        chain.change()
        chain.middle.cli("zone", "refresh", ZONE)
        chain.wait_served()
        assert got(chain.middle)[0] == "ixfr", chain.middle.status(ZONE)["attempts"]
        assert set(chain.sent()[before:]) == {"IXFR"}, chain.sent()[before:]
    chain.behind[0].kill9()
    chain.change()
    chain.middle.wait_serves(ZONE, chain.zone.serial)
    chain.change()  # two versions behind, one of them from before
    chain.middle.wait_serves(ZONE, chain.zone.serial)
    chain.behind[0].start()
    chain.behind[0].cli("zone", "refresh", ZONE)
    chain.wait_served()
    assert got(chain.behind[0])[0] == "ixfr"
    chain.assert_all_equal()


def test_a_dead_primary_lets_the_whole_chain_expire_together(lab, record_figure):
    """RFC 7314: who refreshes from a secondary gets the time that the secondary has left, not the whole of it."""
    options = {"refresh_min": 1, "retry_min": 1, "retry_max": 1, "expire_min": 2}
    zone, timers = "expire.example", {"refresh": 1, "retry": 1, "expire": 12}
    primary = lab.make("knot")
    primary.add_primary_zone(zone, small_zone(zone, 1, **timers))
    primary.start()
    links, before = [], primary
    for kind in ("understudy", "understudy", "bind", "understudy"):
        links.append(lab.make(kind))
        links[-1].add_secondary_zone(zone, before.endpoint, **options)
        links[-1].start()
        links[-1].wait_serves(zone, 1)
        before = links[1] if kind == "bind" else links[-1]  # the last one stands behind the second too
    primary.kill9()
    died, ends = time.monotonic(), {}

    def all_expired():
        for number, link in enumerate(links):
            if number not in ends and link.query(zone, "SOA", timeout=1).rcode() == dns.rcode.SERVFAIL:
                ends[number] = time.monotonic() - died
        return len(ends) == len(links)
    wait_until(all_expired, 45, "all have expired")
    spread = max(ends.values()) - min(ends.values())
    record_figure("first to last expiry in the chain", spread, "s")
    assert min(ends.values()) > 6, ends
    assert spread < 6, f"expired after {ends} s"  # a link that counted anew would last 12 s longer


def test_an_expire_option_is_given_with_what_is_left(lab):
    """RFC 7314 section 3: in answers to SOA, AXFR and IXFR of who asks for it; an expired zone has no answer."""
    zone = "left.example"
    primary, secondary = lab.make("nsd"), lab.make("understudy")
    primary.add_primary_zone(zone, small_zone(zone, 1, refresh=3600, expire=86400))
    primary.start()
    secondary.add_secondary_zone(zone, primary.endpoint)
    secondary.start()
    secondary.wait_serves(zone, 1)
    question = dns.message.make_query(zone, "SOA", use_edns=0, options=[dns.edns.GenericOption(9, b"")])
    options = {int(o.otype): o for o in ask.send(secondary.endpoint, question).options}
    assert 9 in options, "no EXPIRE option"
    left = int.from_bytes(options[9].to_wire(), "big")
    assert 86400 - 120 < left <= 86400, left
    bare = dns.message.make_query(zone, "SOA", use_edns=0)
    assert 9 not in {int(o.otype) for o in ask.send(secondary.endpoint, bare).options}
