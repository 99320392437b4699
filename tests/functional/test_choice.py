"""Several primaries, and what serials hide: who is asked, what is taken, what is told."""
import struct

import dns.rdatatype

from hostile.primary import Case, HostileWorld, record, soa_answer, whole
from hostile.world import Follower
from lib.wait import wait_until
from lib.zonetext import small_zone

ZONE = "choice.test"
OPT, RRSIG, IXFR, AXFR = 41, 46, 251, 252


def follower(lab, *cases, options=None, **settings):
    folder = lab.folder / "follower"
    folder.mkdir()
    daemon = Follower(folder, **settings)
    lab.servers.append(daemon)
    daemon.add_secondary_zone(ZONE, *(case.endpoint for case in cases), **(options or {}))
    daemon.start()
    return daemon


def attempts(daemon, **wanted):
    return [a for a in daemon.status(ZONE)["attempts"] if all(a.get(k) == v for k, v in wanted.items())]


def counted(case, ask):
    """The whole zone, whatever was asked; counted by what was asked."""
    case.asked[ask.type] = case.asked.get(ask.type, 0) + 1
    records = case.records() + getattr(case, "more", [])
    return [ask.answer([case.soa_record()] + records + [case.soa_record()])]


def make(world, serial=1, **scripts):
    case = world.add(Case(ZONE, serial=serial, **{"axfr": counted, **scripts}))
    case.asked = {}
    return case


def test_the_highest_serial_of_all_primaries_is_taken(lab):
    with HostileWorld() as one, HostileWorld() as two:
        cases = make(one, 5), make(two, 7)
        daemon = follower(lab, *cases, options={"primary_choice": "highest-serial"})
        daemon.wait_serves(ZONE, 7)
        cases[0].serial = 9
        daemon.refresh(ZONE)
        daemon.wait_serves(ZONE, 9)
        assert cases[0].asked == cases[1].asked == {AXFR: 1}


def test_a_primary_that_stands_still_does_not_hide_another(lab):
    with HostileWorld() as one, HostileWorld() as two:
        cases = make(one, 5), make(two, 5)
        daemon = follower(lab, *cases)
        daemon.wait_serves(ZONE, 5)
        cases[1].serial = 6
        daemon.refresh(ZONE)
        daemon.wait_serves(ZONE, 6)
        assert cases[1].asked == {AXFR: 1}  # its history may be another one: no differences
        cases[1].serial = 8
        daemon.refresh(ZONE)
        daemon.wait_serves(ZONE, 8)
        assert cases[1].asked == {AXFR: 1, IXFR: 1}


def test_the_giver_is_known_after_a_restart(lab):
    with HostileWorld() as one, HostileWorld() as two:
        cases = make(one, 4), make(two, 5)
        daemon = follower(lab, *cases, options={"primary_choice": "highest-serial"})
        daemon.wait_serves(ZONE, 5)
        daemon.restart()
        daemon.wait_serves(ZONE, 5)
        cases[1].serial = 6
        daemon.refresh(ZONE)
        daemon.wait_serves(ZONE, 6)
        assert cases[1].asked == {AXFR: 1, IXFR: 1} and cases[0].asked == {}


def signature(case, inception):
    fields = struct.pack("!HBBIIIH", 6, 13, 2, 3600, 2000000000, inception, 4711)
    return record(case.zone, RRSIG, fields + b"\6choice\4test\0" + b"s" * 64)


def signed_soa(case, ask):
    return [ask.answer([case.soa_record(), signature(case, case.inception)])]


def signed_zone(case, ask):
    return [ask.answer([case.soa_record(), signature(case, case.inception)] + case.records()
                       + [case.soa_record()])]


def served_inception(daemon):
    answer = daemon.query(ZONE, "SOA", do=True).answer
    return [s.inception for rrset in answer if rrset.rdtype == dns.rdatatype.RRSIG for s in rrset]


def test_new_signatures_under_the_same_serial_are_taken_and_told(lab):
    with HostileWorld() as world:
        case = world.add(Case(ZONE, axfr=signed_zone, soa=signed_soa))
        case.inception = 1500000000
        daemon = follower(lab, case)
        daemon.wait_serves(ZONE, 1)
        daemon.refresh(ZONE)
        wait_until(lambda: attempts(daemon, asked="SOA", ok=True), 10, "a SOA question")
        assert case.transfers == 1
        case.inception = 1600000000
        daemon.refresh(ZONE)
        wait_until(lambda: served_inception(daemon) == [1600000000], 10, "the new signature is served")
        assert attempts(daemon, asked="AXFR", ok=True)[0]["reason"] == "signatures-changed"
        assert daemon.status(ZONE)["state"] == "active"


def test_a_primary_that_signs_each_answer_anew_is_not_copied_each_time(lab):
    def inception(case, script):
        case.inception += 1
        return script

    with HostileWorld() as world:
        case = world.add(Case(ZONE, axfr=lambda c, ask: inception(c, signed_zone)(c, ask),
                              soa=lambda c, ask: inception(c, signed_soa)(c, ask)))
        case.inception = 1500000000
        daemon = follower(lab, case)
        daemon.wait_serves(ZONE, 1)
        for _ in range(8):
            asked = case.asked_udp
            daemon.refresh(ZONE)
            wait_until(lambda: case.asked_udp > asked, 10, "it is asked")  # pylint: disable=cell-var-from-loop
        wait_until(lambda: not daemon.status(ZONE)["transferring"], 10, "the last round's end")
        assert case.transfers <= 2


def test_other_records_under_the_same_serial_are_told(lab):
    with HostileWorld() as world:
        case = make(world)
        daemon = follower(lab, case)
        daemon.wait_serves(ZONE, 1)
        case.more = [record(f"new.{ZONE}", 1, b"\xc0\0\2\7")]
        daemon.retransfer(ZONE)
        wait_until(lambda: daemon.query(f"new.{ZONE}", "A").answer, 10, "the new record is served")
        assert attempts(daemon, asked="AXFR", ok=True)[0]["reason"] == "changed-without-serial"


def expire_option(seconds):
    return b"\0" + struct.pack("!HHIHHHI", OPT, 1232, 0, 8, 9, 4, seconds)


def test_the_primarys_own_expire_time_holds(lab):
    """RFC 7314 section 4: a copy of a copy expires no later than the copy."""
    with HostileWorld() as world:
        case = world.add(Case(ZONE, axfr=lambda c, ask: [ask.answer(c.all_records(),
                                                                    additional=[expire_option(600)])]))
        daemon = follower(lab, case)
        daemon.wait_serves(ZONE, 1)
        status = daemon.status(ZONE)
        assert 590 <= status["expire_at"] - status["checked_at"] <= 610
        daemon.restart()
        again = daemon.status(ZONE)
        assert abs(again["expire_at"] - status["expire_at"]) <= 1


def test_a_server_that_refuses_edns_is_asked_without(lab):
    def plain(script):
        def answer(case, ask):
            if ask.wire[11]:  # additional records
                return [ask.answer(flags=0x8001)]
            return script(case, ask)
        return answer

    with HostileWorld() as world:
        case = world.add(Case(ZONE, axfr=plain(whole), soa=plain(soa_answer)))
        daemon = follower(lab, case)
        daemon.wait_serves(ZONE, 1)
        case.serial = 2
        daemon.refresh(ZONE)
        daemon.wait_serves(ZONE, 2)


def test_a_chain_expires_together(lab, record_figure):
    """NSD is the primary, BIND copies it, we copy BIND: what BIND has left is what we have."""
    nsd, bind, ours = lab.make("nsd"), lab.make("bind"), lab.secondary()
    nsd.add_primary_zone(ZONE, small_zone(ZONE, 1))
    bind.add_secondary_zone(ZONE, nsd.endpoint)
    ours.add_secondary_zone(ZONE, bind.endpoint)
    nsd.start()
    bind.start()
    bind.wait_serves(ZONE, 1)
    ours.start()
    ours.wait_serves(ZONE, 1)
    status = ours.status(ZONE)
    soa_expire = ours.query(ZONE, "SOA").answer[0][0].expire
    left = status["expire_at"] - status["checked_at"]
    record_figure("expire time of the second copy", left, f"of {soa_expire} s")
    assert 0 < left <= soa_expire
