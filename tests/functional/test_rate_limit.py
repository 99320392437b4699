"""Limits on answers by UDP, with real floods: what the attacked network gets, and that nobody else notices."""
import struct

import dns.edns
import dns.flags
import dns.message
import dns.rcode
import pytest

from lib import ask, flood
from lib.wait import wait_until
from lib.zonetext import small_zone

ZONE, WWW = "example.com", "www.example.com"
LIMIT, ATTACK, OTHERS, SECONDS = 200, 2000, 100, 3
ATTACKED = [f"127.0.1.{n}" for n in range(1, 9)]  # one /24
CLIENT = bytes.fromhex("2464c4abcf10c957")
COOKIE = 10


def make(lab, **limits):
    primary = lab.make("nsd")
    zone = small_zone(ZONE, 7, "*.wild IN A 192.0.2.9\nsub IN NS ns.sub\nns.sub IN A 192.0.2.10\n")
    primary.add_primary_zone(ZONE, zone)
    primary.start()
    ours = lab.make("understudy", rate_limit=limits)
    ours.add_secondary_zone(ZONE, primary.endpoint)
    ours.start()
    ours.wait_serves(ZONE, 7)
    return ours


def wires(*questions, **how):
    return [ask.make(name, rdtype, **how).to_wire() for name, rdtype in questions]


def with_cookie(cookie, name=WWW):
    message = ask.make(name, "A")
    message.use_edns(0, payload=1232, options=[dns.edns.GenericOption(COOKIE, cookie)])
    return message


def cookie_of(answer):
    return next((o.to_wire() for o in answer.options if o.otype == COOKIE), None)


def serve_stats(server):
    return server.cli("stats", "--json").json["serve"]


@pytest.fixture
def sources():
    made = []

    def source(*args):
        made.append(flood.Source(*args))
        return made[-1]
    yield source
    for s in made:
        s.close()


# Each is one kind of answer, however many names are asked for.
ATTACKS = {
    "one name": [(WWW, "A")],
    "names that do not exist": [(f"x{n}.{ZONE}", "A") for n in range(500)],
    "names of a wildcard": [(f"x{n}.wild.{ZONE}", "A") for n in range(500)],
    "types that do not exist": [(name, rdtype) for name in (WWW, ZONE) for rdtype in ("HINFO", "SRV", "CAA")],
    "names below a delegation": [(f"x{n}.sub.{ZONE}", "A") for n in range(500)],
}


def expect_cut(source, seconds, limit=LIMIT):
    """Full answers are the limit and one burst; every second other one is short, the rest are not sent."""
    most = limit * (seconds + 1)
    assert limit * (seconds - 0.5) <= source.whole <= most * 1.02 + 2
    held = source.sent - source.whole
    assert source.sent > 5 * limit, "the flood itself was too slow"
    assert abs(len(source.short) - held / 2) <= 2 + held * 0.01
    assert source.longer == 0


@pytest.mark.parametrize("attack", ATTACKS)
def test_attacked_network_is_cut_to_the_limit_and_its_neighbour_loses_nothing(lab, sources, attack):
    ours = make(lab)
    attacked = sources(ours.endpoint, ATTACKED, ATTACK, wires(*ATTACKS[attack]))
    neighbour = sources(ours.endpoint, ["127.0.2.1"], OTHERS, wires(*ATTACKS[attack]))
    seconds = flood.run(SECONDS, attacked, neighbour)
    expect_cut(attacked, seconds)
    for wire in attacked.short[:20]:
        answer = dns.message.from_wire(wire)
        assert answer.flags & dns.flags.TC and answer.question and not answer.answer and not answer.authority
    assert (neighbour.whole, neighbour.lost) == (neighbour.sent, 0)
    stats = serve_stats(ours)
    assert stats["rate_slipped"] == len(attacked.short)
    assert stats["rate_dropped"] == attacked.lost
    wait_until(lambda: "peer.rate-limited network=127.0.1.0/24" in ours.process.log_text(), 10, "the log tells")
    assert "network=127.0.2.0/24" not in ours.process.log_text()


def test_whoever_proves_the_address_is_not_limited(lab, sources):
    ours = make(lab)
    mine = "127.0.1.77"
    cookie = cookie_of(ask.send(ours.endpoint, with_cookie(CLIENT), source=mine))
    attacked = sources(ours.endpoint, ATTACKED, ATTACK, wires((WWW, "A")))
    proven = sources(ours.endpoint, [mine], OTHERS, [with_cookie(cookie).to_wire()])
    seconds = flood.run(SECONDS, attacked, proven)
    assert (proven.whole, proven.lost) == (proven.sent, 0)
    expect_cut(attacked, seconds)
    for _ in range(20):
        assert ask.query(ours.endpoint, WWW, tcp=True, source=ATTACKED[0]).answer


def test_client_that_knows_cookies_comes_back_by_udp(lab, sources):
    ours = make(lab, **{"responses-per-second": 5, "slip": 1})
    attacked = sources(ours.endpoint, ATTACKED, 200, [with_cookie(CLIENT).to_wire()])
    flood.run(2, attacked)
    answer = dns.message.from_wire(attacked.short[-1])
    assert answer.rcode() == dns.rcode.BADCOOKIE and not answer.flags & dns.flags.TC
    fresh = ask.send(ours.endpoint, with_cookie(CLIENT), source=ATTACKED[0])
    assert ask.send(ours.endpoint, with_cookie(cookie_of(fresh)), source=ATTACKED[0]).answer


def test_names_that_exist_are_limited_together_where_that_is_asked_for(lab, sources):
    together = 160
    ours = make(lab, **{"responses-per-second": 20, "all-per-second": together})
    names = [(n + ZONE, t) for n in ("", "www.", "mail.", "ns1.", "ns2.", "ftp.", "alias.", "version.")
             for t in ("A", "AAAA", "TXT", "MX", "NS", "SOA")]
    attacked = sources(ours.endpoint, ATTACKED, ATTACK, wires(*names))
    seconds = flood.run(SECONDS, attacked)
    assert together * (seconds - 0.5) <= attacked.whole <= together * (seconds + 1) * 1.02


def test_errors_are_limited_and_stay_errors(lab, sources):
    ours = make(lab, **{"errors-per-second": 50})
    attacked = sources(ours.endpoint, ATTACKED, 1000, wires(("www.example.net", "A")))
    seconds = flood.run(2, attacked)
    held = attacked.sent - 50 * (seconds + 1)
    assert abs(attacked.lost - held / 2) <= held * 0.1
    for wire in attacked.short:
        assert struct.unpack("!H", wire[2:4])[0] & flood.RCODE == dns.rcode.REFUSED
    assert len(attacked.short) == attacked.sent - attacked.lost


def test_slip_of_zero_drops_all_and_exempt_networks_are_not_limited(lab, sources):
    ours = make(lab, slip=0, exempt=["127.0.2.0/24"])
    attacked = sources(ours.endpoint, ATTACKED, ATTACK, wires((WWW, "A")))
    exempt = sources(ours.endpoint, ["127.0.2.1"], ATTACK, wires((WWW, "A")))
    seconds = flood.run(2, attacked, exempt)
    assert attacked.whole <= LIMIT * (seconds + 1) * 1.02 + 2 and not attacked.short
    assert (exempt.whole, exempt.lost) == (exempt.sent, 0)


def test_reload_changes_limits_and_zero_is_no_limit(lab, sources):
    ours = make(lab, **{"responses-per-second": 0})

    def ask_for(seconds):
        source = sources(ours.endpoint, ATTACKED, ATTACK, wires((WWW, "A")))
        return source, flood.run(seconds, source)

    free, _ = ask_for(2)
    assert (free.whole, free.lost) == (free.sent, 0)
    ours.settings["rate_limit"] = {"responses-per-second": 50}
    ours.reload()
    wait_until(lambda: "needs-restart=nothing" in ours.process.log_text().replace('"', ""), 10, "the reload is logged")
    cut, seconds = ask_for(3)
    expect_cut(cut, seconds, 50)
