"""What is answered: each kind of answer as the RFCs have it, then everything compared with Knot and NSD."""
import dns.flags
import dns.name
import dns.rcode
import dns.rdatatype
import pytest

from lib.answers import assert_same_answers
from lib.questions import TYPES, every_question, owners, random_questions
from lib.signing import DENIALS, delv, sign
from lib.zonetext import EVERY_TYPE_NAMES, every_type_zone, shapes_zone

ZONE = "example.com"


def serve(lab, zones, **settings):
    """A primary with the zones {name: text}, and the server under test behind it."""
    primary, secondary = lab.make("knot"), lab.secondary(**settings)
    for name, text in zones.items():
        primary.add_primary_zone(name, text, notify=[secondary.endpoint])
        secondary.add_secondary_zone(name, primary.endpoint)
    primary.start()
    secondary.start()
    wait_held(secondary, zones)
    return primary, secondary


def wait_held(server, zones):
    for name in zones:
        server.wait_serves(name)


@pytest.fixture
def served(lab):
    return serve(lab, {ZONE: shapes_zone(ZONE, 1)})[1]


def section(rrsets):
    return {(str(r.name), dns.rdatatype.to_text(r.rdtype)): {d.to_text() for d in r} for r in rrsets}


def has(message, *flags):
    return all(message.flags & flag for flag in flags)


def test_existing_name_is_answered_with_authority(served):
    answer = served.query(f"www.{ZONE}")
    assert answer.rcode() == dns.rcode.NOERROR and has(answer, dns.flags.AA) and not has(answer, dns.flags.RA)
    assert section(answer.answer) == {(f"www.{ZONE}.", "A"): {"192.0.2.5"}}


def test_question_comes_back_in_the_case_it_was_asked(served):
    answer = served.query("wWw.eXample.COM")
    assert str(answer.question[0].name) == "wWw.eXample.COM."
    assert answer.answer


@pytest.mark.parametrize("name,rcode", ((f"www.{ZONE}", dns.rcode.NOERROR), (f"c.ent.{ZONE}", dns.rcode.NOERROR),
                                        (f"ent.{ZONE}", dns.rcode.NOERROR), (f"nowhere.{ZONE}", dns.rcode.NXDOMAIN),
                                        (f"x.www.{ZONE}", dns.rcode.NXDOMAIN)))
def test_negative_answer_has_the_soa_with_the_negative_ttl(served, name, rcode):
    answer = served.query(name, "CAA")
    assert answer.rcode() == rcode and has(answer, dns.flags.AA) and not answer.answer
    (soa,) = answer.authority
    # RFC 2308 section 3: the lower of the SOA's TTL (3600) and its MINIMUM (300).
    assert soa.rdtype == dns.rdatatype.SOA and soa.ttl == 300


def test_cname_chain_is_followed_within_the_zone(served):
    answer = served.query(f"c1.{ZONE}")
    assert section(answer.answer) == {
        (f"c1.{ZONE}.", "CNAME"): {f"c2.{ZONE}."}, (f"c2.{ZONE}.", "CNAME"): {f"c3.{ZONE}."},
        (f"c3.{ZONE}.", "CNAME"): {f"c4.{ZONE}."}, (f"c4.{ZONE}.", "A"): {"192.0.2.14"}}


def test_cname_to_a_missing_name_says_nxdomain(served):
    answer = served.query(f"cnx.{ZONE}")
    assert answer.rcode() == dns.rcode.NXDOMAIN  # RFC 6604 section 3: of the last name of the chain
    assert section(answer.answer) == {(f"cnx.{ZONE}.", "CNAME"): {f"nowhere.{ZONE}."}}


def test_cname_loop_ends(served):
    answer = served.query(f"loop1.{ZONE}")
    assert answer.rcode() == dns.rcode.NOERROR and (f"loop1.{ZONE}.", "CNAME") in section(answer.answer)


def test_wildcard_answers_for_names_that_do_not_exist_only(served):
    assert section(served.query(f"any.thing.wild.{ZONE}").answer) == {(f"any.thing.wild.{ZONE}.", "A"): {"192.0.2.10"}}
    assert served.query(f"there.wild.{ZONE}").rcode() == dns.rcode.NOERROR
    assert not served.query(f"there.wild.{ZONE}").answer
    # RFC 4592 section 2.2.2: under.wild exists, if only as an empty non-terminal, and so stops the wildcard.
    assert served.query(f"x.under.wild.{ZONE}").rcode() == dns.rcode.NXDOMAIN
    assert not served.query(f"under.wild.{ZONE}").answer
    alias = served.query(f"q.wildalias.{ZONE}")
    assert section(alias.answer)[(f"q.wildalias.{ZONE}.", "CNAME")] == {f"www.{ZONE}."}
    assert (f"www.{ZONE}.", "A") in section(alias.answer)


def test_dname_is_given_with_a_cname_made_from_it(served):
    answer = served.query(f"host.dname.{ZONE}")
    assert section(answer.answer) == {
        (f"dname.{ZONE}.", "DNAME"): {f"target.{ZONE}."},
        (f"host.dname.{ZONE}.", "CNAME"): {f"host.target.{ZONE}."}, (f"host.target.{ZONE}.", "A"): {"192.0.2.13"}}
    assert answer.find_rrset(answer.answer, dns.name.from_text(f"host.dname.{ZONE}."), 1, 5).ttl == 3600
    assert section(served.query(f"dname.{ZONE}", "TXT").answer)  # the owner itself is not redirected


def test_dname_whose_result_is_too_long_says_yxdomain(lab):
    zone, long_label = "example.com", "t" * 60
    text = shapes_zone(zone, 1, extra=f"long IN DNAME {'.'.join([long_label] * 3)}.example.net.\n")
    served = serve(lab, {zone: text})[1]
    answer = served.query(f"{'q' * 60}.{'q' * 60}.long.{zone}")
    assert answer.rcode() == dns.rcode.YXDOMAIN  # RFC 6672 section 2.2
    assert (f"long.{zone}.", "DNAME") in section(answer.answer)


def test_referral_has_the_name_servers_and_their_glue_without_authority(served):
    for name, rdtype in ((f"sub.{ZONE}", "A"), (f"x.y.sub.{ZONE}", "MX"), (f"sub.{ZONE}", "NS"),
                         (f"occluded.sub.{ZONE}", "TXT")):
        answer = served.query(name, rdtype)
        assert answer.rcode() == dns.rcode.NOERROR and not has(answer, dns.flags.AA) and not answer.answer
        assert section(answer.authority) == {(f"sub.{ZONE}.", "NS"): {f"ns.sub.{ZONE}.", "ns.elsewhere.example."}}
        glue = section(answer.additional)
        assert glue == {(f"ns.sub.{ZONE}.", "A"): {"192.0.2.20"}, (f"ns.sub.{ZONE}.", "AAAA"): {"2001:db8::20"}}


def test_ds_is_answered_by_the_parent_side(served):
    answer = served.query(f"signed.{ZONE}", "DS")
    assert has(answer, dns.flags.AA) and (f"signed.{ZONE}.", "DS") in section(answer.answer)
    nothing = served.query(f"sub.{ZONE}", "DS")
    assert has(nothing, dns.flags.AA) and nothing.rcode() == dns.rcode.NOERROR and not nothing.answer
    assert nothing.authority[0].rdtype == dns.rdatatype.SOA


def test_cname_into_a_delegation_ends_in_a_referral_or_at_the_cname(served):
    answer = served.query(f"cdeleg.{ZONE}")
    assert section(answer.answer) == {(f"cdeleg.{ZONE}.", "CNAME"): {f"www.sub.{ZONE}."}}
    assert answer.rcode() == dns.rcode.NOERROR


def test_any_is_answered_with_something_that_exists(served):
    answer = served.query(f"www.{ZONE}", "ANY")
    assert answer.rcode() == dns.rcode.NOERROR and has(answer, dns.flags.AA)
    assert len(answer.answer) == 1  # RFC 8482 section 4.1: one RRset is enough


def test_each_type_is_answered_as_the_primary_has_it(lab):
    zone = "types.example"
    primary, secondary = serve(lab, {zone: every_type_zone(zone, 1)})
    nsd = lab.make("nsd")
    nsd.add_secondary_zone(zone, primary.endpoint)
    nsd.start()
    wait_held(nsd, [zone])
    questions = every_question(primary.axfr(zone), types=["A"])
    questions += [(name, rdtype, False) for name in owners(primary.axfr(zone)) for rdtype in EVERY_TYPE_NAMES]
    assert_same_answers([secondary, primary, nsd], questions)


def compare_with_others(lab, zone, text, seed):
    primary, secondary = serve(lab, {zone: text})
    knot, nsd = lab.make("knot"), lab.make("nsd")
    for server in (knot, nsd):
        server.add_secondary_zone(zone, primary.endpoint)
        server.start()
        wait_held(server, [zone])
    records = primary.axfr(zone)
    # NSEC3 owners are no names of the zone (RFC 5155 section 7.2.8): servers differ when asked for them.
    hashed = {r.name for r in records if r.rdtype == dns.rdatatype.NSEC3}
    records = [r for r in records if r.name not in hashed]
    questions = every_question(records, TYPES) + random_questions(owners(records), f"{zone}.", 1500, seed)
    assert_same_answers([secondary, knot, nsd], questions)


def test_answers_equal_those_of_knot_and_nsd(lab):
    compare_with_others(lab, ZONE, shapes_zone(ZONE, 1), seed=11)


@pytest.mark.parametrize("denial", DENIALS)
def test_answers_of_a_signed_zone_equal_those_of_knot_and_nsd(lab, denial):
    signed = sign(lab.folder, ZONE, shapes_zone(ZONE, 1), denial)
    compare_with_others(lab, ZONE, signed.text, seed=12)


@pytest.mark.parametrize("denial", DENIALS)
def test_answers_of_a_signed_zone_validate(lab, denial):
    signed = sign(lab.folder, ZONE, shapes_zone(ZONE, 1), denial)
    _, secondary = serve(lab, {ZONE: signed.text})
    asked = {"www A": "fully validated", "www MX": "negative response, fully validated",
             "nowhere A": "negative response, fully validated", "a.b.nowhere A": "negative response, fully validated",
             "x.www A": "negative response, fully validated", "c.ent A": "negative response, fully validated",
             "q.wild A": "fully validated", "q.wild MX": "negative response, fully validated",
             "x.y.wild TXT": "fully validated", "x.under.wild A": "negative response, fully validated",
             "c1 A": "fully validated", "ftp A": "fully validated", "host.dname A": "fully validated",
             "q.wildalias A": "fully validated", "signed DS": "fully validated",
             "cnx A": "fully validated", "@ DNSKEY": "fully validated"}
    if denial == "nsec3-optout":
        # RFC 5155 section 9.2: under opt-out nothing proves that the name asked for is not an insecure delegation.
        asked.update({"q.wild A": "unsigned answer", "x.y.wild TXT": "unsigned answer"})
    else:
        asked["sub DS"] = "negative response, fully validated"
    wrong = {}
    for question, expected in asked.items():
        label, rdtype = question.split()
        output = delv(lab.folder, secondary.endpoint, signed, ZONE if label == "@" else f"{label}.{ZONE}", rdtype)
        if f"; {expected}" not in output:
            wrong[question] = output
    assert not wrong, "\n".join(f"{q}: {output}" for q, output in wrong.items())
