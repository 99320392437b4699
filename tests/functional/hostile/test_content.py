"""Zones whose content is odd or broken: rdata of every type cut and grown, odd owners, contradictions.

What dnspython cannot read must be refused by reason; what is taken must come out of us as it came in, and be asked for
without harm."""
import struct

import dns.exception
import dns.message
import dns.name
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.zone
import pytest

from hostile.primary import A, CLOSE, CNAME, NS, SOA, STALL, TXT, Case, HostileWorld, Octets, name, record
from hostile.test_streams import long_owner
from hostile.world import follow, is_healthy, show, wait_all_end
from lib.oldtypes import teach_dnspython
from lib.zonetext import EVERY_TYPE

teach_dnspython()

# Where dnspython judges what the RFCs leave to the reader: LOC versions, digest lengths (DS, CDS, ZONEMD, TA), gateway
# types to come (IPSECKEY, AMTRELAY), letters of a CAA tag.  A secondary hands such records on.
FOR_READERS_TO_JUDGE = {29, 43, 45, 59, 63, 257, 260, 32769}
NO_STRING_AT_ALL = {(16, b""), (99, b"")}  # RFC 1035 section 3.3.14: one or more character-strings

NSEC, RRSIG, NSEC3, NSEC3PARAM, DNSKEY, DS = 47, 46, 50, 51, 48, 43


def samples():
    """(type, rdata) of one record of each type, in uncompressed wire form."""
    seen = {}
    for line in EVERY_TYPE.splitlines():
        fields = line.split(None, 3)
        if len(fields) == 4 and fields[1] == "IN":
            rdtype = dns.rdatatype.from_text(fields[2])
            try:
                rdata = dns.rdata.from_text(dns.rdataclass.IN, rdtype, fields[3], origin=dns.name.root)
            except dns.exception.SyntaxError:
                continue  # MB, MG and the like: dnspython knows only their octets; they are added below
            seen.setdefault(int(rdtype), rdata.to_wire(origin=dns.name.root))
    zone = name("z.test")
    seen.setdefault(NSEC, zone + b"\0\1\x40")
    seen.setdefault(RRSIG, struct.pack("!HBBIIIH", 1, 8, 2, 3600, 2**31, 1, 7) + zone + b"sig")
    seen.setdefault(NSEC3, b"\1\0\0\1\2ab\x14" + bytes(20) + b"\0\1\x40")
    seen.setdefault(NSEC3PARAM, b"\1\0\0\1\2ab")
    for rdtype in (3, 4, 7, 8, 9, 23, 30):
        seen.setdefault(rdtype, zone)
    seen.setdefault(14, zone * 2)
    seen.setdefault(58, zone * 2)
    for rdtype, rdata in ((20, b"\3abc\3def"), (24, seen[RRSIG]), (26, b"\0\1" + zone * 2), (38, b"\0" + bytes(16)),
                          (38, b"\x40" + bytes(8) + zone), (66, b"\0\1\1\0\x35" + zone), (259, bytes(10) + b"\1a"),
                          (260, b"\1\3" + zone), (261, b"\1a"), (264, bytes(8)), (32769, bytes(24))):
        seen.setdefault(rdtype, rdata)
    return sorted(seen.items())


def mutations(rdata):
    yield "empty", b""
    yield "cut", rdata[:-1]
    yield "half", rdata[:len(rdata) // 2]
    yield "grown", rdata + b"\0"
    yield "pointer", b"\xc0\x0c" + rdata[2:]
    yield "ones", b"\xff" * len(rdata)
    yield "label", rdata[:-1] + b"\x41"


def can_be_read(rdtype, rdata):
    try:
        parsed = dns.rdata.from_wire(dns.rdataclass.IN, rdtype, rdata, 0, len(rdata))
    except (dns.exception.DNSException, ValueError, struct.error, AssertionError, IndexError, OverflowError):
        return False
    return not isinstance(parsed, dns.rdata.GenericRdata) or "unknown"


def with_record(rdtype, rdata):
    def script(case, ask_):
        return [ask_.answer([case.soa_record(), *case.records(), record(f"r.{case.zone}", rdtype, rdata),
                             case.soa_record()])]
    return script


def transferred_rdata(daemon, zone, rdtype):
    """Octets of the record at r.ZONE as we send them in a transfer; its type's names come uncompressed."""
    found = [r for r in daemon.axfr(zone, key=None) if int(r.rdtype) == rdtype and str(r.name) == f"r.{zone}."]
    return found[0][0].to_wire() if found else None


def test_rdata_of_every_type_cut_grown_and_mangled(lab):
    with HostileWorld() as world:
        cases = []
        for rdtype, rdata in samples():
            if rdtype == SOA:
                continue
            for what, mutated in mutations(rdata):
                case = Case(f"{what}{rdtype}.test", with_record(rdtype, mutated))
                case.rdtype, case.rdata = rdtype, mutated
                cases.append(world.add(case))
        daemon = follow(lab, cases, retry_max=3600, transfers=200)
        ends = wait_all_end(daemon, cases, served=None, seconds=60)
        problems = []
        for case in cases:
            status, readable = ends[case.zone], can_be_read(case.rdtype, case.rdata)
            taken = status["serial"] == 1
            if not taken and status["reason"] not in ("bad-record", "bad-message"):
                problems.append(f"{case.zone}: {show(status)}")
            if taken and readable is False and case.rdtype not in FOR_READERS_TO_JUDGE:
                problems.append(f"{case.zone}: taken, though dnspython cannot read {case.rdata.hex()}")
            if not taken and readable is True and (case.rdtype, case.rdata) not in NO_STRING_AT_ALL:
                problems.append(f"{case.zone}: refused, though dnspython reads {case.rdata.hex()}: "
                                + status["evidence"])
            if taken:
                if readable is True and transferred_rdata(daemon, case.zone, case.rdtype) != case.rdata:
                    problems.append(f"{case.zone}: {case.rdata.hex()} comes out changed")
                daemon.ask_control("zone.export", zone=case.zone)
        assert is_healthy(daemon)
        assert not world.strange, world.strange[:5]
        assert not problems, f"{len(problems)} of {len(cases)}:\n" + "\n".join(problems)


def cut_at(place, then=CLOSE):
    """A transfer in three messages whose first `place` octets come."""
    def script(case, ask_):
        records = case.all_records()
        parts = [ask_.answer(records[:2]), ask_.answer(records[2:4]), ask_.answer(records[4:])]
        stream = b"".join(struct.pack("!H", len(p)) + p for p in parts)
        assert place < len(stream), "past the end"
        return [Octets(stream[:place]), then]
    return script


@pytest.mark.slow
def test_stream_stalled_at_any_octet(lab):
    """Nothing more comes from some octet on: all are given up in their time, with nobody in between held up."""
    with HostileWorld() as world:
        cases = [world.add(Case(f"cut{place:03}.test", cut_at(place, STALL))) for place in range(0, 378, 3)]
        daemon = follow(lab, cases, retry_max=3600, transfers=200)
        ends = wait_all_end(daemon, cases, served=None, seconds=90)
        wrong = [show(ends[c.zone]) for c in cases
                 if ends[c.zone]["serial"] is not None or ends[c.zone]["reason"] not in ("timeout", "stalled", "tcp-blocked")]
        assert is_healthy(daemon) and not world.strange, world.strange[:3]
        assert not wrong, wrong[:5]


def test_stream_cut_at_every_octet(lab):
    """First transfers, each cut one octet later: none may be taken for whole."""
    with HostileWorld() as world:
        length = 470  # of the whole stream for a zone of this name; the last case shows that it is all of it
        cases = [world.add(Case(f"cut{place:03}.test", cut_at(place))) for place in range(length)]
        daemon = follow(lab, cases, retry_max=3600, transfers=200)
        ends = wait_all_end(daemon, cases, served=None, seconds=90)
        late = [s for s in world.strange if "past the end" in s]
        assert len(world.strange) == len(late), world.strange[:3]
        assert len(late) < 2 * (length - 300), "the zones are shorter than was thought"
        for case in cases:
            status = ends[case.zone]
            assert status["serial"] is None and status["reason"] in ("closed", "truncated-stream"), show(status)
        assert is_healthy(daemon)


GUARDED = {"cname-and-other": "cname-and-other", "two-cnames": "several-of-one", "cname-at-apex": "cname-and-other",
           "two-dnames": "several-of-one"}


def odd_zones():
    """label -> records beside the ordinary ones; all of them must be taken or refused by name, and asked for."""
    def at(prefix, rdtype, rdata):
        return lambda zone: record(f"{prefix}.{zone}" if prefix else zone, rdtype, rdata)
    nsec3 = b"\1\0\0\1\0\x14" + bytes(20) + b"\0\1\x40"
    return {
        "owner-255": [lambda z: record(long_owner(z, 255), TXT, b"\1x")],
        "owner-255-and-nsec3": [lambda z: record(long_owner(z, 255), TXT, b"\1x"), at("", 51, b"\1\0\0\1\0"),
                                at("0" * 32, NSEC3, nsec3)],
        "cname-and-other": [at("r", CNAME, name("x.test")), at("r", A, b"\1\2\3\4")],
        "two-cnames": [at("r", CNAME, name("x.test")), at("r", CNAME, name("y.test"))],
        "cname-at-apex": [at("", CNAME, name("x.test"))],
        "cname-to-itself": [lambda z: record(f"r.{z}", CNAME, name(f"r.{z}"))],
        "two-dnames": [at("r", 39, name("x.test")), at("r", 39, name("y.test"))],
        "dname-at-apex": [at("", 39, name("x.test"))],
        "dname-and-below": [at("r", 39, name("x.test")), at("a.r", A, b"\1\2\3\4")],
        "dname-to-itself": [lambda z: record(f"r.{z}", 39, name(f"r.{z}"))],
        "dname-below-itself": [lambda z: record(f"r.{z}", 39, name(f"a.r.{z}"))],
        "dname-of-root": [at("r", 39, b"\0")],
        "wildcard-ns": [lambda z: record(f"*.r.{z}", NS, name(f"ns1.{z}"))],
        "wildcard-dname": [at("*.r", 39, name("x.test"))],
        "wildcard-of-wildcard": [at("*.*.r", A, b"\1\2\3\4")],
        "wildcard-in-the-middle": [at("a.*.r", A, b"\1\2\3\4")],
        "below-a-cut": [lambda z: record(f"r.{z}", NS, name(f"ns.r.{z}")), at("a.b.r", TXT, b"\1x"),
                        lambda z: record(f"c.r.{z}", NS, name(f"ns.c.r.{z}"))],
        "nsec3-owner-not-base32": [at("z" * 32, NSEC3, nsec3), at("", 51, b"\1\0\0\1\0")],
        "nsec3-owner-short": [at("abc", NSEC3, nsec3), at("", 51, b"\1\0\0\1\0")],
        "nsec3-owner-deep": [at("0" * 32 + ".r", NSEC3, nsec3), at("", 51, b"\1\0\0\1\0")],
        "nsec3-owner-wildcard": [at("*", NSEC3, nsec3), at("", 51, b"\1\0\0\1\0")],
        "nsec3-beside-data": [at("0" * 32, NSEC3, nsec3), at("0" * 32, TXT, b"\1x"), at("", 51, b"\1\0\0\1\0")],
        "nsec3-only-one": [at("0" * 32, NSEC3, nsec3), at("", 51, b"\1\0\0\1\0")],
        "nsec3-other-parameters": [at("0" * 32, NSEC3, nsec3), at("", 51, b"\1\0\xff\xff\4abcd")],
        "nsec3-many-iterations": [at("0" * 32, NSEC3, b"\1\0\xff\xff\0\x14" + bytes(20) + b"\0\1\x40"),
                                  at("", 51, b"\1\0\xff\xff\0")],
        "nsec3-unknown-hash": [at("0" * 32, NSEC3, b"\7\0\0\1\0\x14" + bytes(20)), at("", 51, b"\7\0\0\1\0")],
        "nsec3param-alone": [at("", 51, b"\1\0\0\1\0")],
        "nsec3-hash-of-1": [at("0" * 32, NSEC3, b"\1\0\0\1\0\1\0"), at("", 51, b"\1\0\0\1\0")],
        "nsec-and-nsec3": [lambda z: record(z, NSEC, name(f"www.{z}") + b"\0\1\x40"), at("0" * 32, NSEC3, nsec3),
                           at("", 51, b"\1\0\0\1\0")],
        "nsec-one-only": [lambda z: record(f"www.{z}", NSEC, name("x.test") + b"\0\1\x40")],
        "rrsig-of-nothing": [at("r", RRSIG, struct.pack("!HBBIIIH", 99, 8, 2, 1, 1, 1, 1) + b"\0s")],
        "rrsig-of-rrsig": [at("r", RRSIG, struct.pack("!HBBIIIH", 46, 8, 2, 1, 1, 1, 1) + b"\0s")],
        "rrsig-of-soa-by-root": [at("", RRSIG, struct.pack("!HBBIIIH", 6, 8, 255, 2**32 - 1, 0, 1, 1) + b"\0")],
        "ds-at-apex": [at("", DS, b"\0\1\x08\2" + bytes(32))],
        "ttl-over-2-31": [lambda z: record(f"r.{z}", A, b"\1\2\3\4", ttl=0xFFFFFFFF)],
        "type-65535": [at("r", 65535, b"\1")],
        "type-128-meta": [at("r", 127, b"")],
        "rdata-64k": [lambda z: record(f"r.{z}", TXT, (b"\xff" + b"t" * 255) * 250)],
        "rrset-over-64k": [(lambda i: lambda z: record(f"r.{z}", TXT, b"\xfe" + struct.pack("!H", i) + b"t" * 252))(i)
                           for i in range(220)],
        "ns-is-an-address": [lambda z: record(z, NS, name("192.0.2.1"))],
        "ns-is-root": [lambda z: record(z, NS, b"\0")],
        "mx-is-root": [at("r", 15, b"\0\0\0")],
        "srv-to-cname": [lambda z: record(f"r.{z}", 33, b"\0\1\0\1\0\1" + name(f"c.{z}")),
                         lambda z: record(f"c.{z}", CNAME, name(f"www.{z}"))],
    }


def odd_script(makers):
    def script(case, ask_):
        messages, size = [[case.soa_record()]], 0
        for item in case.records() + [maker(case.zone) for maker in makers]:
            size += len(item)
            if size > 60000:
                messages.append([])
                size = len(item)
            messages[-1].append(item)
        messages[-1].append(case.soa_record())
        return [ask_.answer(m) for m in messages]
    return script


def poke(daemon, owner, rdtype, do):
    """A question that must get an answer that can be read."""
    try:
        return daemon.query(owner, rdtype, do=do, timeout=5)
    except dns.name.PointerChainTooLong:
        return None  # long chains of DNAMEs: dnspython follows sixteen pointers, RFC 1035 sets no bound


def test_odd_zones_are_served_without_harm(lab):
    with HostileWorld() as world:
        odd = odd_zones()
        cases = {label: world.add(Case(f"{label}.test", odd_script(makers))) for label, makers in odd.items()}
        daemon = follow(lab, cases.values(), retry_max=3600, transfers=100)
        ends = wait_all_end(daemon, cases.values(), served=None, seconds=60)
        refused = {label: ends[case.zone] for label, case in cases.items() if ends[case.zone]["serial"] is None}
        # Then once more, let through by the operator: those to which a guard objected.
        assert {label: status["reason"] for label, status in refused.items()} == GUARDED
        for label in GUARDED:
            daemon.cli("zone", "accept", cases[label].zone)
        for label, case in cases.items():
            zone = case.zone
            daemon.wait_serves(zone)
            for prefix in ("", "r.", "a.r.", "b.a.r.", "*.r.", "*.", "www.", "nx.", "abc.", "0" * 32 + ".",
                           "a." + "0" * 32 + ".", "z" * 32 + "."):
                for rdtype in ("A", "NS", "CNAME", "DS", "ANY", "RRSIG", "NSEC", "NSEC3", "SOA", "TXT", "DNAME", "MX"):
                    for do in (False, True):
                        poke(daemon, prefix + zone, rdtype, do)
            owner = dns.name.from_wire(long_owner(zone, 255), 0)[0]
            for rdtype in ("A", "TXT", "DS"):
                poke(daemon, owner, rdtype, True)
            if not daemon.axfr(zone, key=None):
                raise AssertionError(f"{label}: no transfer out")
        assert is_healthy(daemon) and daemon.process.running
