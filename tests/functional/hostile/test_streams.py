"""Transfers that lie, break off or never end: each has its reason, the version before is served on, and the zone
beside it feels nothing."""
import itertools
import struct

import pytest

from hostile.primary import (A, CH, CLOSE, NS, OPT, RESET, SOA, STALL, TSIG, TXT, Case, HostileWorld, Octets, Pause,
                             name, record, soa_rdata, whole)
from hostile.world import HEALTHY, follow, is_healthy, memory_kib, show, wait_all_end, wait_all_serve
from lib.stream import QuestionStream
from lib.wait import wait_until

# --- scripts: the whole transfer with one thing wrong. Each gets (case, ask) and gives what goes over the wire.


def with_records(*records):
    """The zone with these among its records; a callable is given the zone's name."""
    def script(case, ask):
        more = [r(case.zone) if callable(r) else r for r in records]
        return [ask.answer([case.soa_record(), *case.records(), *more, case.soa_record()])]
    return script


def header(**fields):
    return lambda case, ask: [ask.answer(case.all_records(), **fields)]


def other_id(case, ask):
    return [ask.answer(case.all_records(), id=ask.id ^ 1)]


def later_id(case, ask):
    records = case.all_records()
    return [ask.answer(records[:2]), ask.answer(records[2:], id=ask.id ^ 0x5555)]


def other_question(case, ask):
    return [ask.answer(case.all_records(), question=name("other.test") + b"\0\xfc\0\1")]


def later_other_question(case, ask):
    records = case.all_records()
    return [ask.answer(records[:2]), ask.answer(records[2:], question=name("other.test") + b"\0\xfc\0\1")]


def question_of_type_a(case, ask):
    return [ask.answer(case.all_records(), question=name(case.zone) + b"\0\1\0\1")]


def soa_in_the_middle(case, ask):
    records = case.all_records()
    return [ask.answer(records[:3] + [case.soa_record(case.serial + 1)] + records[3:])]


def soa_in_the_middle_a_message_each(case, ask):
    records = case.all_records()
    return [ask.answer([r]) for r in records[:3] + [case.soa_record(case.serial + 1)] + records[3:]]


def closing_soa_with_other_timers(case, ask):
    return [ask.answer(case.all_records()[:-1] + [case.soa_record(minimum=301)])]


def no_closing_soa(case, ask):
    return [ask.answer(case.all_records()[:-1]), CLOSE]


def records_in_the_same_message_after_the_end(case, ask):
    return [ask.answer(case.all_records() + case.records())]


def only_one_soa(case, ask):
    return [ask.answer([case.soa_record()]), CLOSE]


def two_soas_and_nothing_else(case, ask):
    return [ask.answer([case.soa_record()] * 2)]


def no_name_server(case, ask):
    records = case.all_records()
    return [ask.answer(records[:1] + records[2:])]


def empty_answer(case, ask):
    return [ask.answer()]


def empty_messages_for_ever(case, ask):
    return itertools.chain([ask.answer([case.soa_record()])], (ask.answer() for _ in range(100000)))


def short_message(length):
    return lambda case, ask: [ask.answer(case.all_records())[:length]]


def zero_frame(case, ask):
    return [b""]


def header_of_length_one(case, ask):
    return [ask.wire[:1]]


def cut_frame(case, ask):
    wire = ask.answer(case.all_records())
    return [Octets(struct.pack("!H", len(wire)) + wire[:len(wire) // 2]), CLOSE]


def long_frame(case, ask):
    wire = ask.answer(case.all_records())
    return [Octets(struct.pack("!H", len(wire) + 9) + wire), CLOSE]


def trailing_octets(case, ask):
    return [ask.answer(case.all_records()) + b"\0"]


def counts_too_high(case, ask):
    return [ask.answer(case.all_records(), counts=(1, 65535, 0, 0))]


def counts_in_other_sections(case, ask):
    return [ask.answer(case.all_records(), counts=(1, 0, 6, 0))]


def no_questions_first(case, ask):
    return [ask.answer(case.all_records(), question=b"")]


def two_questions(case, ask):
    return [ask.answer(case.all_records(), question=ask.question * 2, counts=(2, 6, 0, 0))]


def reset_after(messages):
    return lambda case, ask: [ask.answer([r]) for r in case.all_records()[:messages]] + [RESET]


def close_after(messages):
    return lambda case, ask: [ask.answer([r]) for r in case.all_records()[:messages]] + [CLOSE]


def rcode(code, messages=0):
    def script(case, ask):
        return [ask.answer([r]) for r in case.all_records()[:messages]] + [ask.answer(flags=0x8400 | code)]
    return script


def endless(case, ask):
    """Until the follower has enough."""
    yield ask.answer([case.soa_record()] + case.records())
    for number in itertools.count():
        yield ask.answer([record(f"a{number}-{i}.{case.zone}", A, b"\1\2\3\4") for i in range(500)])


def endless_of_one_owner(case, ask):
    yield ask.answer([case.soa_record()] + case.records())
    for number in itertools.count():
        yield ask.answer([record(f"x.{case.zone}", TXT, bytes([250]) + struct.pack("!Q", number * 200 + i) + bytes(242))
                          for i in range(200)])


def pointer(case, ask, owner, rdata=b"\1\2\3\4", rdtype=A):
    """A record whose owner (or rdata) is given raw, as the first after the SOA."""
    records = case.all_records()
    return [ask.answer(records[:-1] + [record(owner, rdtype, rdata)] + records[-1:])]


def place_of_last(case, ask):
    return len(ask.answer(case.all_records()[:-1]))


def pointer_to_itself(case, ask):
    return pointer(case, ask, struct.pack("!H", 0xC000 | place_of_last(case, ask)))


def pointer_loop_of_two(case, ask):
    at = place_of_last(case, ask)
    return pointer(case, ask, b"\1a" + struct.pack("!H", 0xC000 | at))


def pointer_forward(case, ask):
    return pointer(case, ask, struct.pack("!H", 0xC000 | (place_of_last(case, ask) + 20)))


def pointer_behind_the_end(case, ask):
    return pointer(case, ask, b"\xff\xff")


def pointer_into_the_header(case, ask):
    return pointer(case, ask, b"\xc0\x00")


def label_type_01(case, ask):
    return pointer(case, ask, b"\x41a" + name(case.zone))


def name_of_300_octets(case, ask):
    return pointer(case, ask, (b"\x3f" + b"a" * 63) * 5 + b"\0")


def name_of_256_octets(case, ask):
    return pointer(case, ask, long_owner(case.zone, 256))


def long_owner(zone, octets):
    left, labels = octets - len(name(zone)), b""
    while left > 0:
        take = min(left - 1, 63)
        if left - 1 - take == 1:
            take -= 1
        labels += bytes([take]) + b"l" * take
        left -= 1 + take
    return labels + name(zone)


def pointer_in_ns(case, ask):
    return pointer(case, ask, name(f"sub.{case.zone}"), b"\xff\xf0", NS)


def mx_beyond_its_rdata(case, ask):
    return pointer(case, ask, name(f"m.{case.zone}"), b"\0\1\5ab", 15)


FAIL_FAST = {
    # name: (script, reasons that fit)
    "other-id": (other_id, {"bad-message"}),
    "later-id": (later_id, {"bad-message"}),
    "other-question": (other_question, {"bad-message"}),
    "later-other-question": (later_other_question, {"bad-message"}),
    "question-of-type-a": (question_of_type_a, {"bad-message"}),
    "no-question-first": (no_questions_first, {"bad-message"}),
    "two-questions": (two_questions, {"bad-message"}),
    "qr-0": (header(flags=0x0400), {"bad-message"}),
    "truncated-bit": (header(flags=0x8600), {"bad-message"}),
    "opcode-4": (header(flags=0xA400), {"bad-message"}),
    "opcode-15": (header(flags=0xFC00), {"bad-message"}),
    "class-ch": (with_records(lambda z: record(f"c.{z}", TXT, b"\1x", rdclass=CH)), {"bad-record"}),
    "class-any": (with_records(lambda z: record(f"c.{z}", TXT, b"\1x", rdclass=255)), {"bad-record"}),
    "class-0": (with_records(lambda z: record(f"c.{z}", TXT, b"\1x", rdclass=0)), {"bad-record"}),
    "soa-in-the-middle": (soa_in_the_middle, {"soa-mismatch"}),
    "soa-in-the-middle-a-message-each": (soa_in_the_middle_a_message_each, {"soa-mismatch"}),
    "closing-soa-with-other-timers": (closing_soa_with_other_timers, {"soa-mismatch"}),
    "no-closing-soa": (no_closing_soa, {"truncated-stream"}),
    "only-one-soa": (only_one_soa, {"truncated-stream"}),
    "two-soas-and-nothing-else": (two_soas_and_nothing_else, {"bad-zone"}),
    "after-the-end": (records_in_the_same_message_after_the_end, {"bad-message"}),
    "no-name-server": (no_name_server, {"bad-zone"}),
    "empty-answer": (empty_answer, {"bad-message"}),
    "empty-messages-for-ever": (empty_messages_for_ever, {"bad-message"}),
    "out-of-zone": (with_records(lambda z: record("www.other.test", A, b"\1\2\3\4")), {"out-of-zone"}),
    "out-of-zone-parent": (with_records(lambda z: record("test", NS, name("ns.test"))), {"out-of-zone"}),
    "out-of-zone-root": (with_records(lambda z: record(".", NS, name("ns.test"))), {"out-of-zone"}),
    "out-of-zone-same-end": (with_records(lambda z: record("x" + z, A, b"\1\2\3\4")), {"out-of-zone"}),
    "soa-of-another-zone": (with_records(lambda z: record("other.test", SOA, soa_rdata(z, 1))), {"out-of-zone"}),
    "soa-below-the-apex": (with_records(lambda z: record(f"b.{z}", SOA, soa_rdata(z, 1))), {"bad-record", "bad-zone"}),
    "type-0": (with_records(lambda z: record(f"t.{z}", 0, b"x")), {"bad-record"}),
    "type-any": (with_records(lambda z: record(f"t.{z}", 255, b"")), {"bad-record"}),
    "type-axfr": (with_records(lambda z: record(f"t.{z}", 252, b"")), {"bad-record"}),
    "opt-among-answers": (with_records(lambda z: record(".", OPT, b"")), {"bad-message"}),
    "opt-of-the-zone": (with_records(lambda z: record(z, OPT, b"")), {"bad-message"}),
    "tsig-among-answers": (with_records(lambda z: record(z, TSIG, bytes(30), ttl=0, rdclass=255)), {"bad-message"}),
    "a-of-3": (with_records(lambda z: record(f"r.{z}", A, b"\1\2\3")), {"bad-record"}),
    "a-of-5": (with_records(lambda z: record(f"r.{z}", A, b"\1\2\3\4\5")), {"bad-record"}),
    "a-of-0": (with_records(lambda z: record(f"r.{z}", A, b"")), {"bad-record"}),
    "txt-empty": (with_records(lambda z: record(f"r.{z}", TXT, b"")), {"bad-record"}),
    "txt-over-its-end": (with_records(lambda z: record(f"r.{z}", TXT, b"\5abc")), {"bad-record"}),
    "rrsig-short": (with_records(lambda z: record(f"r.{z}", 46, bytes(17))), {"bad-record"}),
    "rrsig-without-name": (with_records(lambda z: record(f"r.{z}", 46, bytes(18))), {"bad-record"}),
    "soa-short": (with_records(lambda z: record(z, SOA, soa_rdata(z, 2)[:-1])), {"bad-record"}),
    "soa-first-short": (lambda c, a: [a.answer([record(c.zone, SOA, soa_rdata(c.zone, 2)[:-5])])], {"bad-record"}),
    "begins-with-ns": (lambda c, a: [a.answer(c.records() + c.all_records())], {"bad-message"}),
    "pointer-to-itself": (pointer_to_itself, {"bad-record", "bad-message"}),
    "pointer-loop": (pointer_loop_of_two, {"bad-record", "bad-message"}),
    "pointer-forward": (pointer_forward, {"bad-record", "bad-message"}),
    "pointer-behind-the-end": (pointer_behind_the_end, {"bad-record", "bad-message"}),
    "pointer-into-the-header": (pointer_into_the_header, {"bad-record", "bad-message"}),
    "pointer-in-ns": (pointer_in_ns, {"bad-record", "bad-message"}),
    "label-type-01": (label_type_01, {"bad-record", "bad-message"}),
    "name-of-300-octets": (name_of_300_octets, {"bad-record", "bad-message"}),
    "name-of-256-octets": (name_of_256_octets, {"bad-record", "bad-message"}),
    "mx-beyond-its-rdata": (mx_beyond_its_rdata, {"bad-record"}),
    "zero-frame": (zero_frame, {"bad-message"}),
    "frame-of-1": (header_of_length_one, {"bad-message"}),
    "frame-of-11": (short_message(11), {"bad-message"}),
    "frame-of-12": (short_message(12), {"bad-message"}),
    "frame-of-40": (short_message(40), {"bad-message"}),
    "cut-frame": (cut_frame, {"closed", "truncated-stream"}),
    "long-frame": (long_frame, {"closed", "truncated-stream"}),
    "trailing-octets": (trailing_octets, {"bad-message"}),
    "counts-too-high": (counts_too_high, {"bad-message"}),
    "counts-in-other-sections": (counts_in_other_sections, {"bad-message"}),
    "formerr": (rcode(1), {"rcode"}),
    "servfail": (rcode(2), {"servfail"}),
    "nxdomain": (rcode(3), {"refused"}),
    "notimp": (rcode(4), {"rcode"}),
    "refused": (rcode(5), {"refused"}),
    "notauth": (rcode(9), {"refused"}),
    "rcode-15": (rcode(15), {"rcode"}),
    "servfail-later": (rcode(2, 3), {"servfail"}),
    "close-at-once": (close_after(0), {"closed"}),
    "reset-at-once": (reset_after(0), {"closed"}),
    **{f"close-after-{n}": (close_after(n), {"truncated-stream"}) for n in range(1, 6)},
    **{f"reset-after-{n}": (reset_after(n), {"truncated-stream", "closed"}) for n in range(1, 6)},
    "endless": (endless, {"too-large"}),
    "endless-of-one-owner": (endless_of_one_owner, {"too-large"}),
}
LIMITS = {"max_zone_records": 200000, "max_zone_bytes": 8 << 20}


def judge(case, status, reasons, daemon):
    """What is wrong with how this case ended, as text; nothing when all is well."""
    problems = []
    if status["reason"] not in reasons:
        problems.append(f"reason is none of {sorted(reasons)}")
    if len(status["evidence"]) < 10:
        problems.append("no evidence")
    if daemon.soa_serial(case.zone) != 1 or status["serial"] != 1:
        problems.append("the version before is not served")
    return [f"{case.zone}: {'; '.join(problems)}: {show(status)}"] if problems else []


def test_bad_transfers_fail_by_name_and_change_nothing(lab):
    with HostileWorld() as world:
        cases = {label: world.add(Case(f"{label}.test")) for label in FAIL_FAST}
        daemon = follow(lab, cases.values(), options=LIMITS)
        wait_all_serve(daemon, cases.values())
        before_kib = memory_kib(daemon)
        with QuestionStream(daemon.endpoint, [f"www.{HEALTHY}"]) as stream:
            for label, case in cases.items():
                case.serial, case.axfr = 2, FAIL_FAST[label][0]
                daemon.refresh(case.zone)
            ends = wait_all_end(daemon, cases.values(), seconds=60)
            wait_until(lambda: all(daemon.status(c.zone)["failures"] != 1 for c in cases.values()), 60,
                       "each was tried again by its retry time")
        problems = [p for label, case in cases.items()
                    for p in judge(case, ends[case.zone], FAIL_FAST[label][1], daemon)]
        for case in cases.values():
            rounds = daemon.status(case.zone)["failures"]
            if case.transfers > 2 * rounds + 2:  # differences, and at once the whole zone
                problems.append(f"{case.zone}: {case.transfers} transfers asked for in {rounds} rounds")
        assert not stream.problems and is_healthy(daemon)
        assert memory_kib(daemon) < before_kib + (250 << 10)
        assert not world.strange, world.strange[:5]
        assert not problems, f"{len(problems)} of {len(cases)}:\n" + "\n".join(problems)

        for case in cases.values():  # and all of it is forgotten once the primary behaves
            case.axfr = whole
            daemon.refresh(case.zone)
        wait_all_serve(daemon, cases.values())


# --- one connection for many zones

def test_a_zone_that_breaks_a_shared_connection_is_blamed_alone(lab):
    """Fifty zones of one address: what one of them does to the connection must not fail the others."""
    with HostileWorld() as world:
        first = world.add(Case("zone00.test"))
        cases = [first] + [world.add(Case(f"zone{number:02}.test"), at=first) for number in range(1, 50)]
        bad = cases[20:25]
        daemon = follow(lab, cases, retry_max=30)
        wait_all_serve(daemon, cases)
        for case, script in zip(bad, (reset_after(2), cut_frame, other_id, trailing_octets, close_after(0))):
            case.axfr = script
        for case in cases:
            case.serial = 2
            daemon.refresh(case.zone)
        good = [case for case in cases if case not in bad]
        wait_all_serve(daemon, good, 30)
        ends = wait_all_end(daemon, bad, seconds=30)
        assert all(status["serial"] == 1 and status["reason"] != "none" for status in ends.values()), ends
        blamed = {case.zone: show(daemon.status(case.zone)) for case in good
                  if daemon.status(case.zone)["reason"] != "none" or daemon.status(case.zone)["failures"]}
        assert not blamed, blamed
        assert is_healthy(daemon)


# --- time

def stall_in_the_middle(case, ask):
    return [ask.answer(case.all_records()[:3]), STALL]


def stall_inside_a_frame(case, ask):
    return [Octets(struct.pack("!H", 500) + bytes(50)), STALL]


def never_answers(case, ask):
    return [STALL]


def drip(case, ask):
    """One octet at a time, slowly enough that it takes long, and in the end it is all there."""
    wire = ask.answer(case.all_records())
    for octet in struct.pack("!H", len(wire)) + wire:
        yield Octets(bytes([octet]))
        yield Pause(0.02)


def drip_for_ever(case, ask):
    yield ask.answer(case.all_records()[:3])
    for number in itertools.count():
        yield ask.answer([record(f"d{number}.{case.zone}", A, b"\1\2\3\4")])
        yield Pause(0.5)


@pytest.mark.slow
def test_stalled_and_dripping_primaries(lab):
    with HostileWorld() as world:
        scripts = {"stall": (stall_in_the_middle, {"stalled"}), "never": (never_answers, {"timeout"}),
                   "stall-in-frame": (stall_inside_a_frame, {"timeout", "stalled"})}
        cases = {label: world.add(Case(f"{label}.test")) for label in scripts}
        slow, forever = world.add(Case("drip.test")), world.add(Case("forever.test"))
        every = [*cases.values(), slow, forever]
        daemon = follow(lab, every, retry_max=30)
        wait_all_serve(daemon, every)
        slow.axfr, forever.axfr = drip, drip_for_ever
        for label, case in cases.items():
            case.axfr = scripts[label][0]
        for case in every:
            case.serial = 2
            daemon.refresh(case.zone)
        with QuestionStream(daemon.endpoint, [f"www.{HEALTHY}"]) as stream:
            wait_all_serve(daemon, [slow], 30)
            ends = wait_all_end(daemon, cases.values(), seconds=60)
        for label, case in cases.items():
            assert ends[case.zone]["reason"] in scripts[label][1], show(ends[case.zone])
            assert daemon.soa_serial(case.zone) == 1 and case.transfers <= 4
        assert daemon.soa_serial(forever.zone) == 1 and daemon.status(forever.zone)["transferring"]
        assert not stream.problems and is_healthy(daemon)
        assert len(every) == 5  # and the stop at the end of the test must not wait for the one that drips
