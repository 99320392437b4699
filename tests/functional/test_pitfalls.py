"""What hurt users of other secondaries, one test each where no other file has it; PITFALLS.md says which is where."""
import pathlib
import re
import socket
import struct
import time

from hostile.packets import packet, question, rr
from hostile.primary import CLOSE, SOA, STALL, TXT, Case, HostileWorld, Pause, name, record, soa_rdata, whole
from hostile.test_tsig import KEY, chain, good, signed_soa
from hostile.world import follow, show, wait_all_serve
from lib.wait import wait_until
from lib.zonetext import small_zone

HERE = pathlib.Path(__file__).resolve().parent


def notify(daemon, case, serial=None):
    answer = [rr(case.zone, SOA, soa_rdata(case.zone, serial))] if serial is not None else []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        udp.bind((case.endpoint.address, 0))
        udp.settimeout(5)
        udp.sendto(packet([question(case.zone, SOA)], answer=answer, flags=0x2400), tuple(daemon.endpoint))
        assert udp.recv(512)[3] & 15 == 0, "NOTIFY is not taken"


# --- stuck, stale, expired

def test_version_that_can_not_be_saved_is_told_and_not_served(lab):
    with HostileWorld() as world:
        case = world.add(Case("saved.test"))
        daemon = follow(lab, [case], healthy=False)
        wait_all_serve(daemon, [case])
        daemon.stop()
        daemon.process.env["UNDERSTUDY_FAULT"] = "store-put:1"
        case.serial = 2
        daemon.start()
        daemon.refresh(case.zone)

        def failed():
            return [a for a in daemon.status(case.zone)["attempts"] if a["reason"] == "store-failed"]
        wait_until(failed, 10, "the attempt that could not be saved is told")
        wait_until(lambda: daemon.soa_serial(case.zone) == 2, 10, "saved at the next try")
        status = daemon.status(case.zone)
        assert (status["state"], status["serial"], status["reason"]) == ("active", 2, "none"), show(status)


def test_lower_serial_is_shown_and_taken_when_told_to_or_expired(lab):
    """An operator went back: the state says so, one command takes it, and an expired zone takes any serial."""
    with HostileWorld() as world:
        told, expired = world.add(Case("told.test", serial=100)), world.add(Case("expired.test", serial=100))
        expired.soa_record = lambda serial=None, **_: record(expired.zone, SOA, soa_rdata(
            expired.zone, expired.serial if serial is None else serial, refresh=1, retry=1, expire=4))
        daemon = follow(lab, [told, expired], healthy=False, options={
            "refresh_min": 1, "retry_min": 1, "expire_min": 2})
        wait_all_serve(daemon, [told, expired])
        told.serial = expired.serial = 50
        daemon.refresh(told.zone)
        wait_until(lambda: daemon.status(told.zone)["reason"] == "serial-behind", 10, "told")
        assert daemon.soa_serial(told.zone) == 100
        daemon.retransfer(told.zone)
        wait_until(lambda: daemon.soa_serial(told.zone) == 50, 10, "taken by command")
        wait_until(lambda: daemon.soa_serial(expired.zone) == 50, 20, "taken when expired")
        wait_until(lambda: daemon.status(expired.zone)["reason"] == "none", 5, "all is well")


def test_bad_primary_is_left_for_the_next_one_at_once(lab):
    with HostileWorld() as world:
        bad = world.add(Case("two.test"))
        daemon = follow(lab, [bad], healthy=False)
        wait_all_serve(daemon, [bad])
        fine = lab.make("nsd")
        fine.add_primary_zone(bad.zone, small_zone(bad.zone, 2))
        fine.start()
        daemon.zones[bad.zone].primaries.append(fine.endpoint)
        daemon.reload()
        wait_until(lambda: len(daemon.status(bad.zone)["primaries"]) == 2, 10, "both are configured")
        bad.serial, bad.axfr = 2, lambda c, a: [CLOSE]
        began = time.monotonic()
        daemon.refresh(bad.zone)
        wait_all_serve(daemon, [bad], 10)
        asked = [a["primary"] for a in reversed(daemon.status(bad.zone)["attempts"]) if a["asked"] in ("IXFR", "AXFR")]
        assert asked[-1] == fine.endpoint.text and bad.endpoint.text in asked, asked
        assert time.monotonic() - began < 5


def test_restart_transfers_nothing_anew(lab):
    with HostileWorld() as world:
        cases = [world.add(Case(f"z{n}.test")) for n in range(30)]
        daemon = follow(lab, cases, healthy=False)
        wait_all_serve(daemon, cases)
        for end in (daemon.stop, daemon.kill9):
            end()
            daemon.start()
            wait_all_serve(daemon, cases)
            for case in cases[:5]:
                daemon.refresh(case.zone)
            wait_until(lambda: all(daemon.status(c.zone)["attempts"] for c in cases[:5]), 10, "asked after the restart")
        assert {case.transfers + case.incrementals for case in cases} == {1}


def test_hung_transfers_of_one_primary_hold_nobody_up(lab):
    with HostileWorld() as world:
        first = world.add(Case("hung0.test"))
        hung = [first] + [world.add(Case(f"hung{n}.test"), at=first) for n in range(1, 60)]
        others = [world.add(Case(f"other{n}.test")) for n in range(20)]
        daemon = follow(lab, hung + others, healthy=False)
        wait_all_serve(daemon, hung + others)
        for case in hung:
            case.serial, case.axfr = 2, lambda c, a: [STALL]
            daemon.refresh(case.zone)
        wait_until(lambda: sum(c.transfers + c.incrementals for c in hung) > len(hung), 10, "transfers hang")
        for case in others:
            case.serial = 2
            notify(daemon, case)
        wait_all_serve(daemon, others, 5)


def test_notify_during_a_transfer_is_not_lost(lab):
    with HostileWorld() as world:
        case = world.add(Case("during.test"))
        daemon = follow(lab, [case], healthy=False)
        wait_all_serve(daemon, [case])

        def slowly(c, ask):
            records = c.all_records()
            yield ask.answer(records[:2])
            yield Pause(1.0)
            yield ask.answer(records[2:])
        case.serial, case.axfr = 2, slowly
        notify(daemon, case)
        wait_until(lambda: daemon.status(case.zone)["transferring"], 5, "the transfer is under way")
        case.serial = 3
        notify(daemon, case)
        wait_all_serve(daemon, [case], 10)


def test_failed_transfer_after_a_notify_is_tried_again_soon(lab):
    """By the retry time, a second here, and not by the refresh time, which is an hour."""
    with HostileWorld() as world:
        case = world.add(Case("again.test"))
        daemon = follow(lab, [case], healthy=False)
        wait_all_serve(daemon, [case])
        case.serial, case.axfr = 2, lambda c, a: [CLOSE]
        notify(daemon, case)
        wait_until(lambda: daemon.status(case.zone)["failures"], 10, "it has failed")
        case.axfr = whole
        wait_all_serve(daemon, [case], 10)


def test_zone_changed_or_removed_while_it_is_asked_about_goes_on_or_is_gone(lab):
    with HostileWorld() as world:
        moved, removed, beside = (world.add(Case(f"{n}.test")) for n in ("moved", "removed", "beside"))
        elsewhere = world.add(Case("elsewhere.test"))
        daemon = follow(lab, [moved, removed, beside], healthy=False)
        wait_all_serve(daemon, [moved, removed, beside])
        for case in (moved, removed):
            case.soa, case.serial = (lambda c, a: [STALL] if a.tcp else []), 2
            daemon.refresh(case.zone)
        wait_until(lambda: moved.asked_udp > 1 and removed.asked_udp > 1, 10, "both are being asked about")
        daemon.zones[moved.zone].primaries[:] = [elsewhere.endpoint]
        del daemon.zones[removed.zone]
        moved.soa = lambda c, a: [a.answer([c.soa_record()])]
        daemon.reload()
        wait_all_serve(daemon, [moved], 10)
        wait_until(lambda: daemon.query(removed.zone, "SOA").rcode() == 5, 5, "removed")
        transfers = removed.transfers + removed.incrementals
        beside.serial = 2
        daemon.refresh(beside.zone)
        wait_all_serve(daemon, [beside], 10)
        assert removed.transfers + removed.incrementals == transfers


# --- IXFR and signatures

def signature(zone, number):
    return record(zone, 46, struct.pack("!HBBIIIH", 6, 13, 2, 3600, 2**31 - 1, number, 7) + name(zone) + bytes(64))


def test_signatures_made_anew_without_a_new_serial_are_fetched(lab):
    """A signer that keeps the serial: a secondary that compares serials alone gives signatures that have run out."""
    with HostileWorld() as world:
        case = world.add(Case("resigned.test"))
        case.extra = [signature(case.zone, 1)]
        case.soa = lambda c, a: [a.answer([c.soa_record(), *c.extra])]
        daemon = follow(lab, [case], healthy=False)
        wait_all_serve(daemon, [case])
        case.extra = [signature(case.zone, 2)]
        daemon.refresh(case.zone)

        def served():
            return [r[0].inception for r in daemon.axfr(case.zone, key=None) if r.rdtype == 46] == [2]
        wait_until(served, 10, "the new signature is served")
        assert daemon.status(case.zone)["state"] == "active"


# --- limits

def test_message_of_65535_octets_is_taken(lab):
    def largest(case, ask):
        records, size = [case.soa_record(), *case.records()], 0
        closing = case.soa_record()
        number = 0
        while True:
            size = len(ask.answer(records + [closing]))
            left = 65535 - size
            owner = name(f"t{number:03}.{case.zone}")
            if left < len(owner) + 12 + 300:
                break
            records.append(record(owner, TXT, b"\xff" + bytes([97]) * 255))
            number += 1
        fill = left - len(owner) - 10
        records.append(record(owner, 65400, bytes(fill)))
        wire = ask.answer(records + [closing])
        assert len(wire) == 65535
        return [wire]
    with HostileWorld() as world:
        case = world.add(Case("largest.test", largest))
        daemon = follow(lab, [case], healthy=False)
        wait_all_serve(daemon, [case])
        assert not world.strange, world.strange
        assert len(daemon.axfr(case.zone, key=None)) > 200


def test_key_removed_while_a_transfer_uses_it_does_no_harm(lab):
    with HostileWorld() as world:
        case, other = world.add(Case("keyed.test", chain(good), soa=signed_soa, key=KEY)), world.add(Case("other.test"))
        daemon = follow(lab, [case, other], healthy=False)
        wait_all_serve(daemon, [case, other])

        def slowly(c, ask):
            parts = chain(good, good)(c, ask)
            return [parts[0], Pause(1.0), *parts[1:]]
        case.serial, case.axfr = 2, slowly
        daemon.refresh(case.zone)
        wait_until(lambda: daemon.status(case.zone)["transferring"], 5, "the transfer is under way")
        daemon.keys, daemon.key_of = [], {}
        daemon.reload()
        other.serial = 2
        daemon.refresh(other.zone)
        wait_all_serve(daemon, [other], 10)
        wait_until(lambda: not daemon.status(case.zone)["transferring"], 10, "the transfer has ended")
        assert daemon.process.running and daemon.soa_serial(case.zone) in (1, 2)


# --- the list itself

def test_every_test_that_the_list_names_exists():
    """PITFALLS.md: each row names a test of the suite, by its name alone or behind `file::`."""
    text = (HERE / "PITFALLS.md").read_text(encoding="utf-8")
    rows = [line for line in text.splitlines() if line.startswith("| ") and not line.startswith("| what")]
    sources = {path: path.read_text(encoding="utf-8") for kind in ("*.py", "*.c") for path in HERE.parent.rglob(kind)}
    known = set(re.findall(r"^(?:def|static void) (\w+)\(", "\n".join(sources.values()), re.M))
    missing = []
    for row in rows:
        named = re.findall(r"`(?:[\w/.]+::)?(\w+)`", row.rsplit("|", 2)[1])
        if not named:
            missing.append(f"no test in: {row}")
        missing += [f"{test} of: {row}" for test in named if test not in known]
    assert len(rows) > 50 and not missing, "\n".join(missing)
