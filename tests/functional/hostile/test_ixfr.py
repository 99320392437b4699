"""IXFR in every form that is right (RFC 1995 section 4), which must be taken, and in those that are wrong: each of these
becomes an AXFR at once, is counted and told by its reason, and leaves no trace in the zone."""
import itertools
import struct

import pytest

from hostile.primary import (A, CH, CLOSE, NS, RESET, SOA, STALL, TXT, Case, HostileWorld, Octets, in_messages, name, record,
                             soa_rdata, whole)
from hostile.test_streams import LIMITS
from hostile.world import HEALTHY, follow, is_healthy, memory_kib, show, wait_all_serve
from lib.stream import QuestionStream
from lib.wait import wait_until

# --- pieces; www's address is 192.0.2.SERIAL, all else stays


def www(case, serial, ttl=3600, owner="www"):
    return record(f"{owner}.{case.zone}", A, bytes([192, 0, 2, serial & 0xFF]), ttl=ttl)


def step(case, old, new, removed=None, added=None):
    removed = [www(case, old)] if removed is None else removed
    added = [www(case, new)] if added is None else added
    return [case.soa_record(old), *removed, case.soa_record(new), *added]


def answer(*makers, closing=True):
    """The answer's one message: SOA, what the makers give for (case), SOA."""
    def script(case, ask):
        middle = [r for maker in makers for r in maker(case)]
        return [ask.answer([case.soa_record(), *middle] + ([case.soa_record()] if closing else []))]
    return script


def steps(*serials):
    """A step from each serial to the next."""
    return answer(*[(lambda old, new: lambda c: step(c, old, new))(o, n) for o, n in zip(serials, serials[1:])])


def changes(removed, added):
    """One step from 1 to 2; removed and added get (case)."""
    return answer(lambda c: step(c, 1, 2, removed(c), added(c)))


def split(script, at=None):
    """The same records, a message for each, or cut behind the first `at`."""
    def cut(case, ask):
        held = []
        ask_all = type("Held", (), {"answer": lambda self, records: held.extend(records), "serial": ask.serial})()
        script(case, ask_all)
        parts = [held[:at], held[at:]] if at else [[r] for r in held]
        return [ask.answer(part) for part in parts]
    return cut


def old_www(case):
    return [www(case, 1)]


def new_www(case):
    return [www(case, 2)]


def but_first(script):
    """Only the first message has the question (RFC 5936 section 2.2.1 for AXFR; IXFR answers do it too)."""
    def cut(case, ask):
        held = []
        ask_all = type("Held", (), {"answer": lambda self, records: held.extend(records), "serial": ask.serial})()
        script(case, ask_all)
        return [ask.answer(held[:1])] + [ask.answer([r], question=b"") for r in held[1:]]
    return cut


GOOD = {
    # name: (script, how it is told, newest serial)
    "one-step": (steps(1, 2), "ixfr", 2),
    "three-steps": (steps(1, 2, 3, 4), "ixfr", 4),
    "condensed": (steps(1, 4), "ixfr", 4),
    "a-message-a-record": (split(steps(1, 2, 3)), "ixfr", 3),
    "question-in-the-first-alone": (but_first(steps(1, 2)), "ixfr", 2),
    "soa-alone-in-the-first-message": (split(steps(1, 2), 1), "ixfr", 2),
    "two-soas-in-the-first-message": (split(steps(1, 2), 2), "ixfr", 2),
    "all-but-the-last-soa": (split(steps(1, 2), 5), "ixfr", 2),
    "empty-message-between": (lambda c, a: [a.answer([c.soa_record()]), a.answer(), *split(steps(1, 2))(c, a)[1:]],
                              "ixfr", 2),
    "whole": (whole, "axfr-for-ixfr", 2),
    "whole-a-message-a-record": (lambda c, a: [a.answer([r]) for r in c.all_records()], "axfr-for-ixfr", 2),
    "whole-soa-alone-first": (lambda c, a: [a.answer(c.all_records()[:1]), *in_messages(a, c.all_records()[1:])],
                              "axfr-for-ixfr", 2),
    "other-case-removed": (changes(lambda c: [www(c, 1, owner="WwW")], new_www), "ixfr", 2),
    "removed-and-added-again": (answer(lambda c: step(c, 1, 2, [www(c, 1)], []), lambda c: step(c, 2, 3, [], [www(c, 1)]),
                                       lambda c: step(c, 3, 4, [www(c, 1)], [www(c, 4)])), "ixfr", 4),
    "steps-over-the-wrap": (None, "ixfr", 3),  # made below: its first serial is 2^32 - 2
    "many-steps": (steps(*range(1, 202)), "ixfr", 201),
}
GOOD["steps-over-the-wrap"] = (steps(2**32 - 2, 2**32 - 1, 0, 3), "ixfr", 3)


def content(case):
    """What a follower should hold: whole() of the case, as set of (owner, type, rdata)."""
    return {(f"www.{case.zone}.", A, bytes([192, 0, 2, case.serial & 0xFF])),
            (f"www.{case.zone}.", TXT, b"\5hello"), (f"{case.zone}.", NS, name(f"ns1.{case.zone}")),
            (f"ns1.{case.zone}.", A, bytes([192, 0, 2, 1]))}


FILLER = "filler"


def held(daemon, case):
    return {(str(r.name).lower(), int(r.rdtype), r[0].to_wire()) for r in daemon.axfr(case.zone, key=None)
            if r.rdtype != SOA and not str(r.name).startswith(FILLER)}


def fill(case):
    """To a size at which differences are laid over what is there; smaller zones are made anew."""
    case.extra = [record(f"{FILLER}{i}.{case.zone}", TXT, bytes([200]) + b"%0200d" % j) for i in range(10) for j in range(40)]
    case.extra += [record(f"{FILLER}{i}.{case.zone}", A, bytes([10, 0, 0, i])) for i in range(10, 100)]


def leave(case):
    pass


SIZES = pytest.mark.parametrize("size", [leave, fill])


def transfers_told(daemon, case, serial):
    """Attempts at the new version, oldest first, without the questions for the SOA."""
    return [a for a in reversed(daemon.status(case.zone)["attempts"])
            if a["asked"] in ("IXFR", "AXFR") and a["before"] is not None]


@SIZES
def test_every_right_form_is_taken(lab, size):
    with HostileWorld() as world:
        cases = {label: world.add(Case(f"{label}.test", serial=2**32 - 2 if "wrap" in label else 1)) for label in GOOD}
        for case in cases.values():
            size(case)
        daemon = follow(lab, cases.values())
        wait_all_serve(daemon, cases.values())
        for label, case in cases.items():
            script, _, serial = GOOD[label]
            case.ixfr, case.serial, case.axfr = script, serial, lambda c, a: [CLOSE]
            daemon.refresh(case.zone)
        problems = []
        for label, case in cases.items():
            try:
                wait_all_serve(daemon, [case], 10)
            except AssertionError:
                problems.append(f"{label}: not taken: {show(daemon.status(case.zone))}")
                continue
            if held(daemon, case) != content(case):
                problems.append(f"{label}: {sorted(held(daemon, case) ^ content(case))}")
            (told,) = transfers_told(daemon, case, case.serial)
            if (told["asked"], told["got"]) != ("IXFR", GOOD[label][1]):
                problems.append(f"{label}: {told}")
        assert not world.strange, world.strange[:3]
        assert not problems, f"{len(problems)} of {len(cases)}:\n" + "\n".join(problems)


# --- wrong ones

def nothing(case):
    return []


def rcode(code):
    return lambda case, ask: [ask.answer(flags=0x8400 | code)]


def end_then(*parts):
    """The right differences without their closing SOA, then something else."""
    return lambda case, ask: answer(lambda c: step(c, 1, 2), closing=False)(case, ask) + [
        part(case, ask) if callable(part) else part for part in parts]


def endless_differences(case, ask):
    yield ask.answer([case.soa_record(), *step(case, 1, 2)])
    for number in itertools.count():
        yield ask.answer([record(f"a{number}-{i}.{case.zone}", A, b"\1\2\3\4") for i in range(500)])


def endless_steps(case, ask):
    """Serials that come ever nearer and never arrive."""
    yield ask.answer([case.soa_record()])
    for number in itertools.count():
        serials = range(1 + number * 500, 1 + (number + 1) * 500)
        yield ask.answer([r for s in serials for r in (case.soa_record(s), case.soa_record(s + 1))])


def cut_frame(case, ask):
    (wire,) = steps(1, 2)(case, ask)
    return [Octets(struct.pack("!H", len(wire)) + wire[:len(wire) // 2]), CLOSE]


def with_added(make):
    return changes(old_www, lambda c: [www(c, 2), make(c)])


MISMATCH, RECORD, MESSAGE = {"ixfr-mismatch"}, {"bad-record"}, {"bad-message"}
ANY_FORM = {"ixfr-mismatch", "soa-mismatch", "bad-message", "truncated-stream", "closed", "bad-zone", "timeout"}
BAD = {
    # name: (script, reasons that fit)
    "removes-what-is-not-there": (changes(lambda c: [www(c, 77)], new_www), MISMATCH),
    "removes-a-name-not-there": (changes(lambda c: [www(c, 1, owner="nx")], new_www), MISMATCH),
    "removes-another-type": (changes(lambda c: [record(f"www.{c.zone}", 28, bytes(16))], new_www), MISMATCH),
    "removes-twice": (changes(lambda c: [www(c, 1)] * 2, new_www), MISMATCH),
    "adds-what-is-there": (changes(old_www, lambda c: [www(c, 2), record(f"www.{c.zone}", TXT, b"\5hello")]), MISMATCH),
    "adds-twice": (changes(old_www, lambda c: [www(c, 2)] * 2), MISMATCH),
    "begins-before-ours": (steps(0, 1, 2), MISMATCH),
    "begins-after-ours": (steps(2, 3), ANY_FORM),
    "begins-elsewhere": (steps(2000, 2001), ANY_FORM),
    "does-not-chain": (lambda c, a: [a.answer([c.soa_record(4), *step(c, 1, 2), *step(c, 3, 4), c.soa_record(4)])], MISMATCH),
    "goes-backwards": (answer(lambda c: step(c, 1, 3), lambda c: step(c, 3, 2)), ANY_FORM),
    "stands-still": (answer(lambda c: step(c, 1, 1, [], []), lambda c: step(c, 1, 2)), ANY_FORM),
    "overshoots": (answer(lambda c: step(c, 1, 9)), ANY_FORM),
    "added-before-removed": (answer(lambda c: [c.soa_record(2), www(c, 2), c.soa_record(1), www(c, 1)]), ANY_FORM),
    "removal-alone": (lambda c, a: answer(lambda c: [c.soa_record(1), www(c, 1)])(c, a) + [CLOSE], ANY_FORM),
    "addition-alone": (answer(lambda c: [www(c, 2)]), ANY_FORM),
    "no-closing-soa": (end_then(CLOSE), {"truncated-stream"}),
    "no-closing-soa-reset": (end_then(RESET), {"truncated-stream", "closed"}),
    "other-closing-soa": (lambda c, a: [a.answer([c.soa_record(), *step(c, 1, 2), c.soa_record(minimum=301)])], ANY_FORM),
    "closing-soa-of-other-serial": (end_then(lambda c, a: a.answer([c.soa_record(3)])), ANY_FORM),
    "newer-than-the-opening": (end_then(lambda c, a: a.answer([*step(c, 2, 3), c.soa_record(3)])), ANY_FORM),
    "records-after-the-end": (lambda c, a: [a.answer([c.soa_record(), *step(c, 1, 2), c.soa_record(), www(c, 9)])],
                              MESSAGE | MISMATCH),
    "soa-alone-and-close": (lambda c, a: [a.answer([c.soa_record()]), CLOSE], ANY_FORM),
    "two-soas-alone": (lambda c, a: [a.answer([c.soa_record()] * 2)], ANY_FORM),
    "new-and-old-soa-and-close": (lambda c, a: [a.answer([c.soa_record(), c.soa_record(1)]), CLOSE], ANY_FORM),
    "no-records": (lambda c, a: [a.answer()], MESSAGE),
    "begins-with-the-old-soa": (lambda c, a: [a.answer([c.soa_record(1), *step(c, 1, 2), c.soa_record()])], ANY_FORM | {
        "serial-behind"}),
    "begins-with-a-record": (lambda c, a: [a.answer([www(c, 1), c.soa_record(), *step(c, 1, 2), c.soa_record()])], MESSAGE),
    "removes-all-name-servers": (changes(lambda c: old_www(c) + [record(c.zone, NS, name(f"ns1.{c.zone}"))], new_www),
                                 {"bad-zone"}),
    "soa-below-the-apex": (with_added(lambda c: record(f"b.{c.zone}", SOA, soa_rdata(c.zone, 1))), RECORD),
    "out-of-zone-added": (with_added(lambda c: record("www.other.test", A, b"\1\2\3\4")), {"out-of-zone"}),
    "out-of-zone-removed": (changes(lambda c: [www(c, 1), record("www.other.test", A, b"\1\2\3\4")], new_www),
                            {"out-of-zone"}),
    "soa-of-another-zone": (with_added(lambda c: record("other.test", SOA, soa_rdata(c.zone, 2))), {"out-of-zone"}),
    "class-ch": (with_added(lambda c: record(f"c.{c.zone}", TXT, b"\1x", rdclass=CH)), RECORD),
    "a-of-3": (with_added(lambda c: record(f"c.{c.zone}", A, b"\1\2\3")), RECORD),
    "a-of-3-removed": (changes(lambda c: [record(f"www.{c.zone}", A, b"\1\2\3")], new_www), RECORD),
    "soa-short": (answer(lambda c: [record(c.zone, SOA, soa_rdata(c.zone, 1)[:-3])]), RECORD | ANY_FORM),
    "type-any": (with_added(lambda c: record(f"t.{c.zone}", 255, b"")), RECORD),
    "pointer-behind-the-end": (with_added(lambda c: record(b"\xff\xff", A, b"\1\2\3\4")), RECORD | MESSAGE),
    "other-id": (lambda c, a: [a.answer([c.soa_record(), *step(c, 1, 2), c.soa_record()], id=a.id ^ 1)], MESSAGE),
    "other-question": (lambda c, a: [a.answer([c.soa_record(), *step(c, 1, 2), c.soa_record()],
                                              question=name("other.test") + b"\0\xfb\0\1")], MESSAGE),
    "question-axfr": (lambda c, a: [a.answer([c.soa_record(), *step(c, 1, 2), c.soa_record()],
                                             question=name(c.zone) + b"\0\xfc\0\1")], MESSAGE),
    "truncated-bit": (lambda c, a: [a.answer([c.soa_record()], flags=0x8600)], MESSAGE),
    "trailing-octets": (lambda c, a: [steps(1, 2)(c, a)[0] + b"\0"], MESSAGE),
    "counts-too-high": (lambda c, a: [a.answer([c.soa_record(), *step(c, 1, 2)], counts=(1, 99, 0, 0))], MESSAGE),
    "cut-frame": (cut_frame, {"closed", "truncated-stream"}),
    "zero-frame": (lambda c, a: [b""], MESSAGE),
    "formerr": (rcode(1), {"rcode"}), "servfail": (rcode(2), {"servfail"}), "notimp": (rcode(4), {"rcode"}),
    "refused": (rcode(5), {"refused"}), "notauth": (rcode(9), {"refused", "rcode", "not-authoritative"}),
    "servfail-later": (lambda c, a: [a.answer([c.soa_record()]), a.answer(flags=0x8402)], {"servfail"}),
    "close-at-once": (lambda c, a: [CLOSE], {"closed"}),
    "reset-at-once": (lambda c, a: [RESET], {"closed"}),
    **{f"close-after-{n}": ((lambda n: lambda c, a: split(steps(1, 2))(c, a)[:n] + [CLOSE])(n),
                            {"truncated-stream", "closed", "ixfr-mismatch"}) for n in range(1, 5)},
    "endless-differences": (endless_differences, {"too-large"}),
    "endless-steps": (endless_steps, ANY_FORM | {"too-large"}),
}


def judge(daemon, case, reasons):
    """What is wrong with how a bad IXFR ended, as text; nothing when an AXFR mended it at once."""
    told = transfers_told(daemon, case, 2)
    problems = []
    if [(a["asked"], a["ok"]) for a in told] != [("IXFR", False), ("AXFR", True)]:
        problems.append(f"attempts {[(a['asked'], a['got'], a['ok'], a['reason']) for a in told]}")
    elif told[0]["reason"] not in reasons or len(told[0]["evidence"]) < 10:
        problems.append(f"reason {told[0]['reason']} ({told[0]['evidence']}) is none of {sorted(reasons)}")
    if held(daemon, case) != content(case):
        problems.append(f"content {sorted(held(daemon, case) ^ content(case))}")
    if case.incrementals > 2:  # once more without EDNS, or over a connection of its own
        problems.append(f"IXFR asked for {case.incrementals} times")
    return [f"{case.zone}: {p}" for p in problems]


@SIZES
def test_every_wrong_form_becomes_an_axfr_at_once(lab, size):
    with HostileWorld() as world:
        cases = {label: world.add(Case(f"{label}.test")) for label in BAD}
        for case in cases.values():
            size(case)
        daemon = follow(lab, cases.values(), options=LIMITS, retry_max=3600)
        wait_all_serve(daemon, cases.values())
        before_kib = memory_kib(daemon)
        failed = daemon.ask_control("stats")[0]["transfer"]["ixfr_failed"]
        with QuestionStream(daemon.endpoint, [f"www.{HEALTHY}"]) as stream:
            for label, case in cases.items():
                case.serial, case.ixfr = 2, BAD[label][0]
                daemon.refresh(case.zone)
            late = []
            for case in cases.values():
                try:
                    wait_all_serve(daemon, [case], 15)
                except AssertionError:
                    late.append(f"{case.zone}: no AXFR came: {show(daemon.status(case.zone))}")
        problems = late + [p for label, case in cases.items() for p in judge(daemon, case, BAD[label][1])]
        assert not stream.problems and is_healthy(daemon)
        assert memory_kib(daemon) < before_kib + (250 << 10)
        assert not world.strange, world.strange[:5]
        assert not problems, f"{len(problems)} problems of {len(cases)} cases:\n" + "\n".join(problems)
        assert daemon.ask_control("stats")[0]["transfer"]["ixfr_failed"] == failed + len(cases)


def test_up_to_date_is_no_failure_and_moves_the_timers(lab):
    """An IXFR answered by the SOA that we have: the primary spoke of a newer one and thought better of it."""
    with HostileWorld() as world:
        case = world.add(Case("current.test"))
        daemon = follow(lab, [case], healthy=False)
        wait_all_serve(daemon, [case])
        case.soa = lambda c, a: [a.answer([c.soa_record(2)])]
        case.ixfr = lambda c, a: [a.answer([c.soa_record(1)])]
        case.axfr = lambda c, a: [CLOSE]
        daemon.refresh(case.zone)
        wait_until(lambda: case.incrementals == 1, 10, "IXFR was asked for")
        wait_until(lambda: any(a["asked"] == "IXFR" for a in daemon.status(case.zone)["attempts"]), 5, "told")
        assert daemon.soa_serial(case.zone) == 1 and held(daemon, case) == content(case)


@pytest.mark.slow
def test_a_silent_ixfr_becomes_an_axfr(lab):
    with HostileWorld() as world:
        scripts = {"stall": lambda c, a: [STALL], "stall-after-the-soa": lambda c, a: [a.answer([c.soa_record()]), STALL],
                   "stall-in-the-step": lambda c, a: split(steps(1, 2))(c, a)[:3] + [STALL],
                   "stall-before-the-end": end_then(STALL)}
        cases = {label: world.add(Case(f"{label}.test", ixfr=whole)) for label in scripts}
        daemon = follow(lab, cases.values())
        wait_all_serve(daemon, cases.values())
        for label, case in cases.items():
            case.serial, case.ixfr = 2, scripts[label]
            daemon.refresh(case.zone)
        with QuestionStream(daemon.endpoint, [f"www.{HEALTHY}"]) as stream:
            wait_all_serve(daemon, cases.values(), 60)
        problems = [p for case in cases.values() for p in judge(daemon, case, {"timeout", "stalled"})]
        assert not stream.problems and is_healthy(daemon) and not problems, "\n".join(problems)


def test_a_signature_of_the_dnskey_set_may_go_and_come(lab):
    """NSD 4.14 crashed on an IXFR that removes the signature of DNSKEY."""
    dnskey = struct.pack("!HBB", 257, 3, 13) + bytes(range(64))

    def signature(zone, covered, serial=0):
        return record(zone, 46, struct.pack("!HBBIIIH", covered, 13, 2, 3600, 2**31 - 1, serial, 7) + name(zone) + bytes(64))
    with HostileWorld() as world:
        case = world.add(Case("dnskey.test"))
        zone = case.zone
        key, of_key, of_soa = record(zone, 48, dnskey), signature(zone, 48), signature(zone, 6)
        case.extra = [key, of_key, of_soa]
        daemon = follow(lab, [case], healthy=False)
        wait_all_serve(daemon, [case])
        for serial, removed, added in ((2, [of_key], []), (3, [], [of_key]), (4, [of_key, key], []), (5, [of_soa], []),
                                       (6, [], [of_soa, key, of_key])):
            case.extra = [r for r in case.extra if r not in removed] + added
            case.ixfr = answer(lambda c, n=serial, r=removed, a=added: step(c, n - 1, n, r + [www(c, n - 1)], a + [www(c, n)]))
            case.serial = serial
            daemon.refresh(zone)
            wait_all_serve(daemon, [case], 10)
            got = {(int(r.rdtype), r[0].to_wire()) for r in daemon.axfr(zone, key=None) if r.rdtype in (46, 48)}
            assert got == {(46 if r in (of_key, of_soa) else 48, r[len(name(zone)) + 10:]) for r in case.extra}
            for rdtype in ("DNSKEY", "RRSIG", "SOA", "ANY"):
                daemon.query(zone, rdtype, do=True)
        assert all(a["ok"] for a in transfers_told(daemon, case, 6))
