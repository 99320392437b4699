"""Primaries that send, but too little: the transfer is given up, what is served stays, the next primary is asked."""
import itertools
import struct
import time

from hostile.primary import A, Case, HostileWorld, Octets, Pause, STALL, record, whole
from hostile.world import follow, show, wait_all_serve

from lib.wait import wait_until


def drip_records(case, ask):
    """A record every now and then, without an end."""
    yield ask.answer(case.all_records()[:3])
    for number in itertools.count():
        yield ask.answer([record(f"d{number}.{case.zone}", A, b"\1\2\3\4")])
        yield Pause(0.1)


def drip_octets(case, ask):
    """One message that never gets whole."""
    yield Octets(struct.pack("!HH", 65535, ask.id))
    while True:
        yield Octets(b"\0")
        yield Pause(0.1)


def failed_attempts(daemon, case):
    return [a for a in daemon.status(case.zone)["attempts"] if not a["ok"]]


def ends_for(lab, reason, words, **limits):
    with HostileWorld() as world:
        records, octets, honest = (world.add(Case(f"{name}.test")) for name in ("records", "octets", "honest"))
        cases = [records, octets, honest]
        options = {"request_ixfr": "no", **limits}
        daemon = follow(lab, cases, healthy=False, retry_max=60, options=options)
        wait_all_serve(daemon, cases)
        records.axfr, octets.axfr = drip_records, drip_octets
        for case in cases:
            case.serial = 2
            daemon.refresh(case.zone)
        wait_all_serve(daemon, [honest])
        for case in (records, octets):
            wait_until(lambda: failed_attempts(daemon, case), 20, f"{case.zone} is given up")
            status = daemon.status(case.zone)
            attempt = failed_attempts(daemon, case)[0]
            assert status["reason"] == reason and attempt["reason"] == reason, show(status)
            assert words in status["evidence"] and "octets" in status["evidence"], show(status)
            assert daemon.soa_serial(case.zone) == 1, "the old version is served on"
            case.axfr = whole
            daemon.refresh(case.zone)
        wait_all_serve(daemon, cases)
        assert not world.strange, world.strange[:5]


def test_a_transfer_that_takes_too_long_is_given_up(lab):
    ends_for(lab, "too-long", "max-transfer-time is 2 s", max_transfer_time=2)


def test_a_transfer_that_brings_too_little_is_given_up(lab):
    ends_for(lab, "too-slow", "min-transfer-rate is 10000 a second", min_transfer_rate=10000, transfer_rate_window=2)


def test_the_next_primary_has_the_zone(lab):
    """The first of two drips for ever: the zone comes from the second."""
    with HostileWorld() as world:
        slow = world.add(Case("two.test", axfr=drip_records))
        good = Case("two.test")
        good.endpoint = slow.endpoint._replace(address="127.77.0.200")
        world.by_address[good.endpoint.address] = good
        dispatch(slow, good)
        daemon = follow(lab, [], healthy=False)
        daemon.add_secondary_zone("two.test", slow.endpoint, good.endpoint, max_transfer_time=2)
        daemon.reload()
        daemon.wait_serves("two.test", 1)
        attempts = daemon.status("two.test")["attempts"]
        assert [a["reason"] for a in attempts if not a["ok"]] == ["too-long"], attempts


def dispatch(slow, good):
    """Both primaries have one zone: the transfers take turns, the slow one's first."""
    turns = itertools.chain([drip_records], itertools.repeat(whole))
    slow.axfr = lambda case, ask: next(turns)(case, ask)


def test_one_newer_soa_is_no_answer_to_wait_for(lab):
    """IXFR over TCP answered by the newer SOA alone: the whole zone is asked for within seconds, not after twenty."""
    with HostileWorld() as world:
        case = world.add(Case("one.test", ixfr=lambda c, a: [a.answer([c.soa_record()]), STALL]))
        daemon = follow(lab, [case], healthy=False)
        wait_all_serve(daemon, [case])
        case.serial = 2
        begin = time.monotonic()
        daemon.refresh(case.zone)
        wait_all_serve(daemon, [case], 15)
        assert time.monotonic() - begin < 10
        assert case.incrementals == 1 and case.transfers == 2
        failed = failed_attempts(daemon, case)
        assert [a["reason"] for a in failed] == ["stalled"] and "one SOA record" in failed[0]["evidence"], failed
