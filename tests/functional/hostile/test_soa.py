"""Answers to SOA questions that lie, serials that run, NOTIFYs in storms: what is served stays, attempts are few."""
import socket
import time

from hostile.packets import packet, question, rr
from hostile.primary import (A, CLOSE, NS, RESET, SOA, STALL, Case, HostileWorld, name, record, soa_answer, soa_rdata,
                             whole)
from hostile.world import HEALTHY, follow, is_healthy, show, wait_all_end, wait_all_serve
from lib.stream import QuestionStream
from lib.wait import PATIENCE, wait_until


def with_header(**fields):
    return lambda case, ask: [ask.answer([case.soa_record()], **fields)]


def rcode(code):
    return lambda case, ask: [ask.answer(flags=0x8400 | code)]


def cut(length):
    return lambda case, ask: [ask.answer([case.soa_record()])[:length]]


def flood_of_wrong_ids(case, ask):
    if ask.tcp:
        return [CLOSE]
    return [ask.answer([case.soa_record(9)], id=(ask.id + 1 + n) & 0xFFFF) for n in range(1000)]


def flood_then_right(case, ask):
    return [ask.answer([case.soa_record(9)], id=(ask.id + 1 + n) & 0xFFFF) for n in range(100)] + soa_answer(case, ask)


def from_wrong_port(case, ask):
    """The right answer, but from a socket that was not asked."""
    if ask.tcp:
        return [CLOSE]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind((case.endpoint.address, 0))
        other.sendto(ask.answer([case.soa_record(9)]), case.peer)
    return []


def referral(case, ask):
    return [ask.answer(authority=[record("test", NS, name("ns.test"))], flags=0x8000)]


def not_authoritative(case, ask):
    return [ask.answer([case.soa_record()], flags=0x8080)]


def no_data(case, ask):
    return [ask.answer(authority=[case.soa_record()])]


def soa_of_another_name(case, ask):
    return [ask.answer([record("other.test", SOA, soa_rdata(case.zone, 9))])]


def soa_short(case, ask):
    return [ask.answer([record(case.zone, SOA, soa_rdata(case.zone, 9)[:-5])])]


def soa_long(case, ask):
    return [ask.answer([record(case.zone, SOA, soa_rdata(case.zone, 9) + b"\0")])]


def a_for_soa(case, ask):
    return [ask.answer([record(case.zone, A, b"\1\2\3\4")])]


def truncated_and_no_tcp(case, ask):
    return [RESET] if ask.tcp else [ask.answer(flags=0x8600)]


def truncated_by_tcp_too(case, ask):
    return [ask.answer(flags=0x8600)]


def stall_by_tcp(case, ask):
    return [STALL] if ask.tcp else [ask.answer(flags=0x8600)]


def reset(case, ask):
    return [RESET]


BEHIND, UNUSABLE = {"serial-behind"}, {"bad-message", "bad-record", "timeout", "closed"}
LIES = {
    "header-only": (cut(12), UNUSABLE), "cut-20": (cut(20), UNUSABLE), "cut-40": (cut(40), UNUSABLE),
    "one-short": (lambda c, a: [a.answer([c.soa_record()])[:-1]], UNUSABLE),
    "trailing": (lambda c, a: [a.answer([c.soa_record()]) + b"\0"], UNUSABLE),
    "soa-short": (soa_short, {"bad-record"}), "soa-long": (soa_long, {"bad-record"}),
    "refused": (rcode(5), {"not-authoritative"}), "servfail": (rcode(2), {"servfail"}),
    "nxdomain": (rcode(3), {"not-authoritative"}), "formerr": (rcode(1), {"rcode"}), "notimp": (rcode(4), {"rcode"}),
    "notauth": (rcode(9), {"not-authoritative"}), "rcode-15": (rcode(15), {"rcode"}),
    "referral": (referral, {"not-authoritative"}), "aa-0": (not_authoritative, {"not-authoritative"}),
    "no-data": (no_data, {"not-authoritative"}), "other-name": (soa_of_another_name, {"not-authoritative"}),
    "a-for-soa": (a_for_soa, {"not-authoritative"}),
    "truncated-and-no-tcp": (truncated_and_no_tcp, {"closed", "timeout"}),
    "truncated-by-tcp": (truncated_by_tcp_too, {"bad-message", "not-authoritative"}),
    "half-space": (lambda c, a: [a.answer([c.soa_record(1 + 2**31)])], BEHIND),
    "backwards": (lambda c, a: [a.answer([c.soa_record(0)])], BEHIND),
}
# By UDP these are no answers at all, so that each costs the five seconds of silence: kept in one wave.
STRANGE = {
    "wrong-id-flood": (flood_of_wrong_ids, {"closed", "timeout"}),
    "wrong-port": (from_wrong_port, {"closed", "timeout"}),
    "qr-0": (with_header(flags=0x0400), {"bad-message", "timeout", "closed"}),
    "opcode-2": (with_header(flags=0x9400), {"bad-message", "timeout", "closed"}),
    "wrong-question": (with_header(question=name("other.test") + b"\0\6\0\1"), {"bad-message", "timeout", "closed"}),
    "wrong-class": (lambda c, a: [a.answer([c.soa_record()], question=name(c.zone) + b"\0\6\0\3")],
                    {"bad-message", "timeout", "closed"}),
}


def lie(lab, table, refresh_seconds):
    with HostileWorld() as world:
        cases = {label: world.add(Case(f"{label}.test")) for label in table}
        daemon = follow(lab, cases.values(), retry_max=30)
        wait_all_serve(daemon, cases.values())
        with QuestionStream(daemon.endpoint, [f"www.{HEALTHY}"]) as stream:
            for label, case in cases.items():
                case.soa = table[label][0]
                case.before, case.began = case.attempts, time.monotonic()
                daemon.refresh(case.zone)
            ends = wait_all_end(daemon, cases.values(), seconds=refresh_seconds)
        problems = []
        for label, case in cases.items():
            status = daemon.status(case.zone) if ends[case.zone] is None else ends[case.zone]
            rounds = daemon.status(case.zone)["failures"]
            allowed = 6 * (rounds + 1)  # a round: three by UDP, a connection, a question over it
            if status["reason"] not in table[label][1] or len(status["evidence"]) < 10:
                problems.append(f"{label}: {show(status)}")
            if daemon.soa_serial(case.zone) != 1 or case.transfers != 1:
                problems.append(f"{label}: serial {daemon.soa_serial(case.zone)}, {case.transfers} transfers")
            if case.attempts - case.before > allowed:
                problems.append(f"{label}: {case.attempts - case.before} attempts in {rounds} rounds")
            # Waits end with a second of the clock: the first one, of 1 s, may be as short as nothing.
            if rounds > 2 + (time.monotonic() - case.began) / 0.9:
                problems.append(f"{label}: {rounds} rounds")
        assert is_healthy(daemon) and not stream.problems
        assert not world.strange, world.strange[:5]
        assert not problems, "\n".join(problems)


def test_lies_about_the_serial_have_their_reason(lab):
    lie(lab, LIES, 30)


def test_what_is_no_answer_to_our_question_is_not_taken_for_one(lab):
    lie(lab, STRANGE, 60)


def test_answer_among_a_flood_of_wrong_ones_is_found(lab):
    with HostileWorld() as world:
        case = world.add(Case("flood.test", soa=flood_then_right))
        daemon = follow(lab, [case], healthy=False)
        wait_all_serve(daemon, [case])
        case.serial = 2
        daemon.refresh(case.zone)
        wait_all_serve(daemon, [case], 5)


def running_serial(case, ask):
    """Newer at each question, and older again in the transfer: a follower that insists never comes to rest."""
    case.told = getattr(case, "told", case.serial) + 1
    return [ask.answer([case.soa_record(case.told)])]


def test_serial_that_runs_ahead_of_the_zone_makes_no_loop(lab):
    """SOA says more than the transfer then brings: failed rounds with their waits between, old version kept."""
    with HostileWorld() as world:
        ahead, running = world.add(Case("ahead.test")), world.add(Case("running.test"))
        daemon = follow(lab, [ahead, running], retry_max=30)
        wait_all_serve(daemon, [ahead, running])
        began = time.monotonic()
        ahead.soa = lambda case, ask: [ask.answer([case.soa_record(100)])]
        running.soa = running_serial
        running.axfr = lambda case, ask: whole(with_serial(case, case.told), ask)
        for case in (ahead, running):
            daemon.refresh(case.zone)
        wait_until(lambda: daemon.status(ahead.zone)["failures"] >= 3, 30, "three failed rounds")
        took_s = time.monotonic() - began
        assert ahead.transfers <= 2 + took_s and daemon.status(ahead.zone)["reason"] == "serial-behind"
        assert daemon.soa_serial(ahead.zone) == 1
        assert running.transfers <= 3, f"{running.transfers} transfers of a zone that refreshes every hour"
        assert is_healthy(daemon)


def with_serial(case, serial):
    case.serial = serial
    return case


# --- NOTIFY

def notify(zone, number, serial=None):
    answer = [rr(zone, SOA, soa_rdata(zone, serial))] if serial is not None else []
    return packet([question(zone, SOA)], answer=answer, flags=0x2400, identifier=number & 0xFFFF)


def storm(daemon, zone, source, count, rate, serial=None):
    """Sends count NOTIFYs at the rate; returns how many were answered by NOERROR and by REFUSED."""
    accepted = refused = 0
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        udp.bind((source, 0))
        udp.connect(tuple(daemon.endpoint))
        udp.setblocking(False)
        begin = time.monotonic()
        for number in range(count):
            udp.send(notify(zone, number, serial(number) if serial else None))
            while time.monotonic() < begin + number / rate:  # busy for at most a millisecond
                accepted, refused = drain(udp, accepted, refused)
        end = time.monotonic() + 1 * PATIENCE
        while accepted + refused < count and time.monotonic() < end:
            accepted, refused = drain(udp, accepted, refused)
    return accepted, refused


def drain(udp, accepted, refused):
    try:
        while True:
            code = udp.recv(512)[3] & 15
            accepted, refused = accepted + (code == 0), refused + (code == 5)
    except BlockingIOError:
        return accepted, refused


def test_storms_of_notify_cost_the_primary_little(lab):
    with HostileWorld() as world:
        quiet, plain, ahead = (world.add(Case(f"{n}.test")) for n in ("quiet", "plain", "ahead"))
        daemon = follow(lab, [quiet, plain, ahead])
        wait_all_serve(daemon, [quiet, plain, ahead])
        before = {c: c.attempts for c in (quiet, plain, ahead)}
        with QuestionStream(daemon.endpoint, [f"www.{HEALTHY}"]) as stream:
            strangers = storm(daemon, quiet.zone, "127.0.0.9", 1000, 1000)
            own = storm(daemon, plain.zone, plain.endpoint.address, 1000, 1000)
            far = storm(daemon, ahead.zone, ahead.endpoint.address, 1000, 1000, serial=lambda n: 1000 + n)
        figures = {c.zone: c.attempts - before[c] for c in (quiet, plain, ahead)}
        print("attempts", figures, "answers", strangers, own, far)
        assert strangers[1] > 500 and own[0] > 500 and far[0] > 500
        assert figures["quiet.test"] == 0
        assert figures["plain.test"] <= 20 and figures["ahead.test"] <= 20, figures  # two seconds of storm
        assert not stream.problems and is_healthy(daemon)
        after = plain.attempts + ahead.attempts
        wait_until(lambda: daemon.status(ahead.zone)["state"] == "active", 30, "promises that are not kept are forgotten")
        wait_until(lambda: daemon.soa_serial(HEALTHY) == 1, 5, "alive")
        assert plain.attempts + ahead.attempts - after < 10, "it goes on after the storm"
