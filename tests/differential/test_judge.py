"""The judge itself: it sees what is wrong, lets pass what is free, and its parser and model know the RFCs."""
import random
import struct

import dns.dnssec
import dns.message
import dns.name
import dns.rdata
import dns.rrset
import pytest

import choices
from judge import compare, make, model, odd, present, proofs, questions, wire
from judge.content import Content, Held
from judge.ed25519 import public_key
from judge.report import Report
from judge.servers import ALL
from judge.signer import sign
from judge.zones import WORLDS
from judge.zones.spec import zone

TEXT = """\
@ IN NS ns
ns IN A 192.0.2.1
www IN A 192.0.2.2
alias IN CNAME www
*.wild IN A 192.0.2.3
a.ent IN TXT "x"
sub IN NS ns.sub
ns.sub IN A 192.0.2.4
d IN DNAME wild
self IN CNAME self
"""


def octets_of(text):
    return dns.name.from_text(text).to_wire()


def records_of(text):
    """Records of master file text as wire.parse has them."""
    message = dns.message.from_text(f"id 0\nopcode QUERY\nrcode NOERROR\nflags QR\n;ANSWER\n{text}")
    return wire.parse(message.to_wire()).answer


def held_of(spec, tmp_path):
    text = sign(tmp_path, spec)
    parsed = dns.zone.from_text(text, origin=spec.name + ".", relativize=False, check_origin=False)
    records = []
    for name, rdataset in parsed.iterate_rdatasets():
        for rdata in rdataset:
            rrset = dns.rrset.from_rdata(name, rdataset.ttl, rdata)
            message = dns.message.Message(0)
            message.answer.append(rrset)
            records += wire.parse(message.to_wire(max_size=65535)).answer
    return Held({spec.name: Content(octets_of(spec.name), records)})


@pytest.fixture(scope="module", params=(None, "nsec", "nsec3", "optout"))
def held(request, tmp_path_factory):
    return held_of(zone("model.test", TEXT, request.param), tmp_path_factory.mktemp("zone"))


def expected(held, name, rdtype):
    return model.expect(held, octets_of(name), dns.rdatatype.from_text(rdtype))


def answer(rcode="NOERROR", flags="QR AA", **sections):
    """An answer to www.model.test A as octets, from text."""
    text = f"id 0\nopcode QUERY\nrcode {rcode}\nflags {flags}\n;QUESTION\nwww.model.test. IN A\n"
    text += "".join(f";{name.upper()}\n{lines}\n" for name, lines in sections.items())
    return dns.message.from_text(text).to_wire()


WWW = "www.model.test. 3600 IN A 192.0.2.2"
NS = "model.test. 3600 IN NS ns.model.test."


def verdict(held, ours, *peers, request=None):
    """The Report of one case; peers: one answer for all, or NSD's, Knot's and BIND's."""
    peers = peers * 3 if len(peers) == 1 else peers
    question = questions.Question("model.test", "test", request or make.request(octets_of("www.model.test"), 1))
    report = Report()
    report.asked = 1
    choices.judge_case(compare.Case(question, dict(zip(ALL, (ours, *peers))), held), report)
    return report


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    return held_of(zone("model.test", TEXT), tmp_path_factory.mktemp("plain"))


GOOD = answer(answer=WWW)


def test_equal_answers_are_equal(plain):
    assert verdict(plain, GOOD, GOOD).equal == 1


def test_free_additions_are_free(plain):
    full = answer(answer=WWW, authority=NS, additional="ns.model.test. 3600 IN A 192.0.2.1")
    assert verdict(plain, GOOD, full).equal == 1 and verdict(plain, full, GOOD).equal == 1


@pytest.mark.parametrize("wrong", (
    answer(answer=WWW, flags="QR"), answer(answer=WWW, flags="QR AA RA"), answer(answer=WWW, flags="QR AA AD"),
    answer(answer=WWW, rcode="NXDOMAIN"), answer(), answer(answer=WWW.replace("3600", "3599")),
    answer(answer=WWW.replace("2.2", "2.3")), answer(answer=f"{WWW}\n{WWW.replace('2.2', '2.3')}"),
    answer(answer=WWW, authority="model.test. 300 IN SOA . . 1 2 3 4 5"), GOOD[:-1], GOOD + b"\0",
    GOOD.replace(b"www", b"WWW"), answer(answer=WWW, flags="QR AA TC"), None))
def test_what_differs_from_three_peers_fails(plain, wrong):
    report = verdict(plain, wrong, GOOD)
    assert report.failed and not report.equal


def test_false_additional_data_fails_although_it_is_free(plain):
    false = answer(answer=WWW, additional="ns.model.test. 3600 IN A 192.0.2.66")
    assert verdict(plain, false, GOOD).failed


def test_peers_that_disagree_without_a_choice_fail(plain):
    other = answer(answer=WWW, flags="QR")
    assert verdict(plain, GOOD, GOOD, GOOD, other).failed


def test_a_choice_does_not_excuse_what_it_does_not_cover(plain):
    """CD may differ; RA beside it may not."""
    request = make.request(octets_of("www.model.test"), 1, flags=make.CD)
    copied = answer(answer=WWW, flags="QR AA CD")
    assert verdict(plain, copied, GOOD, GOOD, copied, request=request).choices == {"cd and ad": 1}
    wrong = answer(answer=WWW, flags="QR AA CD RA")
    assert verdict(plain, wrong, GOOD, GOOD, copied, request=request).failed


def test_failures_are_grouped_with_two_examples(plain):
    report = Report()
    for _ in range(5):
        report.fail("the same", compare.Case(questions.Question("z", "k", make.request(b"\0", 1)),
                                             dict.fromkeys(ALL, GOOD), plain))
    assert report.failures["the same"][0] == 5 and len(report.failures["the same"][1]) == 2
    assert "the same: 5" in report.text()


# -- laws

def referral(additional, flags="QR"):
    text = (f"id 0\nopcode QUERY\nrcode NOERROR\nflags {flags}\n;QUESTION\nx.sub.model.test. IN A\n;AUTHORITY\n"
            "sub.model.test. 3600 IN NS ns.sub.model.test.\n;ADDITIONAL\n" + additional)
    return dns.message.from_text(text).to_wire()


def test_glue_must_not_be_missing_without_tc(plain):
    request = make.request(octets_of("x.sub.model.test"), 1)
    whole = referral("ns.sub.model.test. 3600 IN A 192.0.2.4\n")
    assert verdict(plain, whole, whole, request=request).equal
    without = referral("")
    assert any("glue" in what for what in verdict(plain, without, without, request=request).failures)


def test_compression_in_a_new_type_is_a_fault():
    name = b"\x01a\x04test\0"
    srv = b"\xc0\x0c" + struct.pack("!HHIH", 33, 1, 60, 8) + bytes(6) + b"\xc0\x0c"
    octets = struct.pack("!6H", 0, 0x8400, 1, 1, 0, 0) + name + struct.pack("!HH", 33, 1) + srv
    assert any("RFC 3597" in fault for fault in wire.parse(octets).faults)


# -- parser

@pytest.mark.parametrize("octets", (b"", bytes(11), b"\0\0\x84\0\0\1\0\0\0\0\0\0" + b"\xc0\x0c\0\1\0\1",
                                    GOOD[:-1], GOOD[:30],
                                    b"\0\0\x84\0\0\1\0\0\0\0\0\0" + b"\x41" + b"a" * 65 + b"\0\0\1\0\1"))
def test_what_is_no_message_is_malformed(octets):
    with pytest.raises((wire.Malformed, IndexError)):
        wire.parse(octets)


def test_parser_and_dnspython_read_the_same(plain):
    text = "a.test. 60 IN MX 5 B.test.\nB.test. 60 IN SOA A.test. b.a.test. 1 2 3 4 5\nb.test. 60 IN SRV 1 2 3 C.test."
    got = records_of(text)
    assert [(r[0], r[1], r[3]) for r in got] == [(octets_of("a.test"), 15, 60), (octets_of("b.test"), 6, 60),
                                                 (octets_of("b.test"), 33, 60)]
    assert got[0][4] == b"\0\5" + octets_of("b.test") and got[2][4] == bytes((0, 1, 0, 2, 0, 3)) + octets_of("c.test")


def test_ed25519_keys_are_those_of_rfc_8032():
    private = bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
    assert public_key(private).hex() == "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"


# -- model and proofs

def test_model_knows_each_outcome(held):
    assert [r[1] for r in expected(held, "alias.model.test", "A").records] == [5, 1]
    assert expected(held, "x.wild.model.test", "A").records[0][0] == octets_of("x.wild.model.test")
    assert expected(held, "nothing.model.test", "A").rcode == 3
    assert expected(held, "x.www.model.test", "A").rcode == 3
    empty = expected(held, "ent.model.test", "A")
    assert empty.rcode == 0 and empty.soa and not empty.records
    cut = expected(held, "x.sub.model.test", "A")
    assert cut.cut == octets_of("sub.model.test") and not cut.aa
    assert expected(held, "sub.model.test", "DS").soa
    assert [r[1] for r in expected(held, "q.d.model.test", "A").records] == [39, 5, 1]
    assert len(expected(held, "self.model.test", "A").records) == 1
    assert expected(held, ".".join(["y" * 60] * 3 + ["y" * 57]) + ".d.model.test", "A").rcode == 6
    assert model.expect(held, octets_of("other.test"), 1) is None


def signed_answer(held, name, rcode, denial):
    """A case whose answer denies name A with all the zone's denial records, less those that denial drops."""
    content = next(iter(held.contents.values()))
    soa = [(content.apex, 6, 1, 300, rdata) for rdata in content.rrsets[content.apex, 6]]
    records = [(owner, rdtype, 1, 300, rdata) for (owner, rdtype), rdatas in content.rrsets.items()
               for rdata in rdatas if rdtype in (47, 50)]
    message = wire.parse(struct.pack("!6H", 0, 0x8400 | rcode, 0, 0, 0, 0))
    message.authority = soa + [r for r in records if denial(r)]
    question = questions.Question("z", "k", make.request(octets_of(name), 1, edns=make.opt(flags=make.DO)))
    return compare.Case(question, dict.fromkeys(ALL), held), message


DENIED = (("nothing.model.test", 3), ("x.www.model.test", 3), ("a.ent.model.test", 0), ("ent.model.test", 0))


@pytest.mark.parametrize("name,rcode", DENIED)
def test_proofs_are_found_and_missed(held, name, rcode):
    content = next(iter(held.contents.values()))
    if 48 not in content.types[content.apex]:
        return
    unproved = "no proof that the name is absent" if rcode else "no proof that the type is absent"
    assert unproved not in proofs.flaws(*signed_answer(held, name, rcode, lambda r: True))
    assert unproved in proofs.flaws(*signed_answer(held, name, rcode, lambda r: False))


def test_each_record_of_a_proof_of_absence_is_needed(tmp_path):
    """x.www of an NSEC3 zone takes three records: whichever is dropped, the proof fails."""
    held = held_of(zone("model.test", TEXT, "nsec3"), tmp_path)
    everything = signed_answer(held, "x.www.model.test", 3, lambda r: True)[1].authority
    spans = [r for r in everything if r[1] == 50]
    needed = [r for r in spans if proofs.flaws(*signed_answer(held, "x.www.model.test", 3, lambda o, r=r: o != r)) !=
              proofs.flaws(*signed_answer(held, "x.www.model.test", 3, lambda o: True))]
    assert 2 <= len(needed) <= 3


def test_nsec3_hash_is_that_of_rfc_5155():
    found = proofs.nsec3_hash(octets_of("a.example"), bytes.fromhex("aabbccdd"), 12)
    assert found == b"35mthgpgcu1qg68fab165klnsnk3dpvl"


def test_signatures_without_do_are_seen(plain):
    rrsig = "www.model.test. 3600 IN RRSIG A 15 3 3600 20371231000000 20250101000000 1 model.test. AAAA"
    both = answer(answer=f"{WWW}\n{rrsig}")
    assert any("without DO" in what for what in verdict(plain, both, both).failures)


# -- questions

def test_the_same_seed_asks_the_same(held):
    contents = {name: content for name, content in held.contents.items()}
    first, second = questions.plan(contents, 500, 3), questions.plan(contents, 500, 3)
    assert first == second and len(first) == 500 and first != questions.plan(contents, 500, 4)


def test_every_kind_of_question_is_asked(held):
    asked = {q.kind for q in questions.plan(dict(held.contents), 4000, 1)}
    assert {"name x type", "child", "below-cut", "below-dname", "wildcard", "empty", "size", "malformed"} <= asked


def test_complete_asks_every_name_with_every_type(held):
    content = next(iter(held.contents.values()))
    asked = set()
    for question in questions.plan(dict(held.contents), 10, 1, complete=True):
        request = compare.Request(question.octets)
        if question.kind == "name x type":
            asked.add((request.qname, request.qtype))
    assert {(o, t) for o in content.owners for t in content.all_types} <= asked


def test_requests_can_be_described():
    chance = random.Random(1)
    for _ in range(300):
        assert present.question(odd.malformed(chance, octets_of("www.model.test"), 1))


def test_names_of_zones_are_apart():
    for world in WORLDS.values():
        names = [spec.name for spec in world(1)]
        assert len(set(names)) == len(names)


def test_choices_have_names_and_sections():
    assert len({c.name for c in choices.CHOICES}) == len(choices.CHOICES)
    assert all("RFC" in c.rfc and c.parts for c in choices.CHOICES)
    assert choices.markdown().count("\n| ") == len(choices.CHOICES) + len(choices.FREEDOMS) + 2


def test_we_stand_alone_in_one_thing_only(plain):
    """To differ from three peers that agree is for RFCs that leave no doubt: a second case wants thought."""
    assert [c.name for c in choices.CHOICES if c.alone] == ["wrong opt"]
    request = make.request(octets_of("www.model.test"), 1, edns=make.opt(options=b"\0\3\0\5"))
    without = answer(rcode="FORMERR", flags="QR")
    with_opt = without[:11] + b"\1" + without[12:] + make.opt()
    assert verdict(plain, with_opt, without, request=request).choices == {"wrong opt": 1}
    assert verdict(plain, with_opt, without).failed
