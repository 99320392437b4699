"""Primaries that pack oddly, which must be taken, and those that lie or break off, which must be refused by name.

After each failure the version served before is still served, whole; after it the next good transfer is taken."""
import dns.rcode
import dns.rdata
import dns.rdatatype
import dns.rrset
import pytest

from lib.keys import make_key
from lib.records import difference, record_set
from lib.scripted import CLOSE, ScriptedPrimary, plain
from lib.wait import wait_until
from lib.zonetext import big_txt, small_zone

ZONE = "example.com"
KEY = make_key()


def follow(lab, primary, key=None):
    """understudyd behind the scripted primary; a refresh every hour, so that tests ask for each."""
    secondary = lab.make("understudy", key=key)
    secondary.add_secondary_zone(ZONE, primary.endpoint, retry_min=1, retry_max=2)
    secondary.start()
    return secondary


def assert_has(secondary, primary):
    wait_until(lambda: secondary.soa_serial(ZONE, timeout=1) == primary.rrsets[0][0].serial, 20, "transferred")
    assert not difference(record_set(secondary.axfr(ZONE, key=None)), record_set(primary.rrsets), "us", "primary")


# --- good: any packing of messages (RFC 5936 section 2.2)

def one_record_a_message(answer, rrsets):
    for rrset in rrsets:
        yield answer.wire([rrset])


def question_in_the_first_only(answer, rrsets):
    for number, rrset in enumerate(rrsets):
        yield answer.wire([rrset], question=number == 0)


def empty_messages_between(answer, rrsets):
    yield answer.wire(rrsets[:1])
    yield answer.wire([])
    yield answer.wire(rrsets[1:-1])
    yield answer.wire([])
    yield answer.wire(rrsets[-1:])


def near_64_kib(answer, rrsets):
    half = len(rrsets) // 2
    yield answer.wire(rrsets[:half])
    yield answer.wire(rrsets[half:])


def shuffled_by_owner(answer, rrsets):
    yield answer.wire(rrsets[:1] + rrsets[-2:0:-1] + rrsets[-1:])


GOOD = [plain, one_record_a_message, question_in_the_first_only, empty_messages_between, shuffled_by_owner,
        near_64_kib]


@pytest.mark.parametrize("key", (None, KEY), ids=("plain", "tsig"))
@pytest.mark.parametrize("script", GOOD, ids=lambda s: s.__name__)
def test_any_packing_is_taken(lab, script, key):
    with ScriptedPrimary(ZONE, key) as primary:
        if script is near_64_kib:
            primary.set_text(small_zone(ZONE, 1, extra=big_txt("many", 500)))
        primary.script = script
        assert_has(follow(lab, primary, key), primary)


def test_records_given_twice_are_one_and_unequal_ttls_become_the_lowest(lab):
    with ScriptedPrimary(ZONE) as primary:
        www = dns.rrset.from_text(f"www.{ZONE}.", 60, "IN", "A", "192.0.2.77")
        primary.script = lambda answer, rrsets: [answer.wire(rrsets[:-1] + rrsets[1:-1] + [www] + rrsets[-1:])]
        secondary = follow(lab, primary)
        wait_until(lambda: secondary.soa_serial(ZONE, timeout=1) == 1, 10, "transferred")
        (answer,) = secondary.query(f"www.{ZONE}").answer
        # RFC 2181 section 5.2: unequal TTLs in one RRset are an error; the lowest is the safe one.
        assert {r.address for r in answer} == {"192.0.2.5", "192.0.2.77"} and answer.ttl == 60
        assert len(secondary.query(f"mail.{ZONE}").answer[0]) == 1


def test_case_of_owner_names_is_kept(lab):
    with ScriptedPrimary(ZONE) as primary:
        primary.set_text(small_zone(ZONE, 1, extra="MixedCase IN A 192.0.2.9\n"))
        secondary = follow(lab, primary)
        wait_until(lambda: secondary.soa_serial(ZONE, timeout=1) == 1, 10, "transferred")
        assert f"MixedCase.{ZONE}." in {str(r.name) for r in secondary.axfr(ZONE)}


# --- bad: each has its reason

def different_closing_soa(answer, rrsets):
    soa = rrsets[0][0].replace(serial=rrsets[0][0].serial + 1)
    yield answer.wire(rrsets[:-1] + [dns.rrset.from_rdata(rrsets[0].name, 3600, soa)])


def cut_in_the_middle(answer, rrsets):
    yield answer.wire(rrsets[:5])
    yield CLOSE


def closed_without_an_answer(answer, rrsets):
    yield CLOSE


def record_of_another_zone(answer, rrsets):
    yield answer.wire(rrsets[:-1] + [dns.rrset.from_text("www.example.net.", 60, "IN", "A", "192.0.2.1")] + rrsets[-1:])


def address_of_three_octets(answer, rrsets):
    broken = dns.rdata.GenericRdata(1, dns.rdatatype.A, b"\x01\x02\x03")
    yield answer.wire(rrsets[:-1] + [dns.rrset.from_rdata(f"x.{ZONE}.", 60, broken)] + rrsets[-1:])


def record_of_another_class(answer, rrsets):
    yield answer.wire(rrsets[:-1] + [dns.rrset.from_text(f"x.{ZONE}.", 60, "CH", "TXT", "x")] + rrsets[-1:])


def no_name_servers(answer, rrsets):
    yield answer.wire([r for r in rrsets if r.rdtype != dns.rdatatype.NS])


def no_soa_first(answer, rrsets):
    yield answer.wire(rrsets[1:])


def another_id(answer, rrsets):
    wire = answer.wire(rrsets)
    yield bytes([wire[0] ^ 1]) + wire[1:]


def no_answer_bit(answer, rrsets):
    wire = answer.wire(rrsets)
    yield wire[:2] + bytes([wire[2] & 0x7F]) + wire[3:]


def cut_inside_a_message(answer, rrsets):
    yield answer.wire(rrsets)[:-7]


def servfail(answer, rrsets):
    message = answer.message([])
    message.set_rcode(dns.rcode.SERVFAIL)
    yield message.to_wire()


def refused(answer, rrsets):
    message = answer.message([])
    message.set_rcode(dns.rcode.REFUSED)
    yield message.to_wire()


def refused_in_the_middle(answer, rrsets):
    yield answer.wire(rrsets[:5])
    yield from refused(answer, rrsets)


def older_than_the_soa_said(answer, rrsets):
    soa = dns.rrset.from_rdata(rrsets[0].name, 3600, rrsets[0][0].replace(serial=rrsets[0][0].serial - 1))
    yield answer.wire([soa] + rrsets[1:-1] + [soa])


def records_after_the_end(answer, rrsets):
    yield answer.wire(rrsets + rrsets[1:3])


BAD = {different_closing_soa: ("soa-mismatch",), cut_in_the_middle: ("truncated-stream", "closed"),
       closed_without_an_answer: ("closed", "refused"), record_of_another_zone: ("out-of-zone",),
       address_of_three_octets: ("bad-record",), record_of_another_class: ("bad-record", "out-of-zone"),
       no_name_servers: ("bad-zone",), no_soa_first: ("bad-message", "bad-zone"), another_id: ("bad-message", "timeout"),
       no_answer_bit: ("bad-message",), cut_inside_a_message: ("bad-message", "bad-record"), servfail: ("servfail",),
       refused: ("refused",), refused_in_the_middle: ("refused", "rcode", "truncated-stream"),
       older_than_the_soa_said: ("serial-behind",), records_after_the_end: ("bad-message", "bad-record")}


@pytest.mark.parametrize("script", BAD, ids=lambda s: s.__name__)
def test_bad_transfer_has_its_reason_and_leaves_the_version_served(lab, script):
    fails_with_reason(lab, script, BAD[script])


def fails_with_reason(lab, script, reasons, key=None):
    with ScriptedPrimary(ZONE, key) as primary:
        secondary = follow(lab, primary, key)
        assert_has(secondary, primary)
        before = record_set(secondary.axfr(ZONE, key=None))

        primary.set_text(small_zone(ZONE, 5))
        primary.script = script
        assert secondary.cli("zone", "refresh", ZONE).status == 0
        wait_until(lambda: secondary.status(ZONE)["reason"] in reasons, 20, f"reason {' or '.join(reasons)}")
        assert secondary.soa_serial(ZONE) == 1
        assert not difference(record_set(secondary.axfr(ZONE, key=None)), before, "now", "before")

        primary.script = plain
        assert secondary.cli("zone", "refresh", ZONE).status == 0
        assert_has(secondary, primary)
        assert secondary.status(ZONE)["state"] == "active"


# --- chains of TSIG (RFC 8945 section 5.3.1)

def every_hundredth_signed(answer, rrsets):
    """99 unsigned messages between two signed ones: the most there may be."""
    records = rrsets[1:-1] * 20
    for number, rrset in enumerate([rrsets[0]] + records):
        yield answer.wire([rrset], sign=number % 100 == 0)
    yield answer.wire(rrsets[-1:])


def hundred_unsigned(answer, rrsets):
    records = rrsets[1:-1] * 20
    for number, rrset in enumerate([rrsets[0]] + records):
        yield answer.wire([rrset], sign=number == 0)
    yield answer.wire(rrsets[-1:])


def last_unsigned(answer, rrsets):
    yield answer.wire(rrsets[:5])
    yield answer.wire(rrsets[5:], sign=False)


def nothing_signed(answer, rrsets):
    yield answer.wire(rrsets, sign=False)


def changed_on_the_way(answer, rrsets):
    wire = bytearray(answer.wire(rrsets))
    place = bytes(wire).index(b"\xc0\x00\x02\x05")  # www's address
    wire[place + 3] ^= 1
    yield bytes(wire)


def changed_while_unsigned(answer, rrsets):
    yield answer.wire(rrsets[:1])
    wire = bytearray(answer.wire(rrsets[1:-1], sign=False))
    wire[bytes(wire).index(b"\xc0\x00\x02\x05") + 3] ^= 1
    yield bytes(wire)
    yield answer.wire(rrsets[-1:])


def test_99_unsigned_messages_between_signed_ones_are_taken(lab):
    with ScriptedPrimary(ZONE, KEY) as primary:
        primary.script = every_hundredth_signed
        assert_has(follow(lab, primary, KEY), primary)


TSIG_BAD = {hundred_unsigned: ("tsig-missing", "tsig-bad-signature"),
            last_unsigned: ("tsig-missing", "tsig-bad-signature"), nothing_signed: ("tsig-missing",),
            changed_on_the_way: ("tsig-bad-signature",), changed_while_unsigned: ("tsig-bad-signature",)}


@pytest.mark.parametrize("script", TSIG_BAD, ids=lambda s: s.__name__)
def test_bad_chain_of_signatures_is_refused(lab, script):
    fails_with_reason(lab, script, TSIG_BAD[script], KEY)


@pytest.mark.parametrize("algorithm", ("hmac-md5", "hmac-sha1", "hmac-sha224", "hmac-sha256", "hmac-sha384",
                                       "hmac-sha512"))
def test_each_algorithm_works_both_ways(lab, algorithm):
    key = make_key("k1", algorithm)
    with ScriptedPrimary(ZONE, key) as primary:
        primary.script = one_record_a_message
        secondary = follow(lab, primary, key)
        secondary.template["allow-transfer"] = ["key:k1"]
        secondary.reload()
        wait_until(lambda: secondary.soa_serial(ZONE, timeout=1) == 1, 10, "transferred")
        assert not difference(record_set(secondary.axfr(ZONE, key=key)), record_set(primary.rrsets), "us", "primary")


# --- half-reachable primaries

def test_tcp_blocked_is_told_from_unreachable(lab):
    with ScriptedPrimary(ZONE, tcp=False) as primary:
        secondary = follow(lab, primary)
        wait_until(lambda: secondary.status(ZONE)["reason"] == "tcp-blocked", 30, "reason tcp-blocked")


def test_primary_without_udp_is_followed_by_tcp(lab):
    with ScriptedPrimary(ZONE, udp=False) as primary:
        secondary = follow(lab, primary)
        assert_has(secondary, primary)
        primary.set_text(small_zone(ZONE, 2))
        assert secondary.cli("zone", "refresh", ZONE).status == 0
        assert_has(secondary, primary)


def test_truncated_soa_answer_is_asked_again_by_tcp(lab):
    with ScriptedPrimary(ZONE) as primary:
        secondary = follow(lab, primary)
        assert_has(secondary, primary)
        primary.truncate_udp = True
        primary.set_text(small_zone(ZONE, 2))
        assert secondary.cli("zone", "refresh", ZONE).status == 0
        assert_has(secondary, primary)
        assert (dns.rdatatype.SOA, True) in primary.asked


def test_serial_wraps_around(lab):
    """RFC 1982: from 2^32 - 2 over 0 to 3 is forward."""
    with ScriptedPrimary(ZONE) as primary:
        primary.set_text(small_zone(ZONE, 2**32 - 2))
        secondary = follow(lab, primary)
        assert_has(secondary, primary)
        for serial in (0, 3, 2**31):
            primary.set_text(small_zone(ZONE, serial))
            assert secondary.cli("zone", "refresh", ZONE).status == 0
            assert_has(secondary, primary)
