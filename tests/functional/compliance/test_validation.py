"""Every answer of signed zones validates: signatures by dnspython, proofs by our own judge, a sample by delv."""
import collections
import os
import random

import dns.message
import dns.rdatatype
import pytest

from compliance import manyquestions
from compliance.signedzones import SPECS, SignedZones, questions
from compliance.validator import INSECURE, SECURE, Bogus, Judge, Keyring, trusted_keys
from lib import ask
from lib.signing import delv

QUICK, FULL = 500, 2500  # questions a spec; 20,000 of all in full
DELV_QUICK, DELV_FULL = 8, 40
TAKEN_APART = 0.05  # of the answers


def serve(lab, zones):
    primary, server = lab.make("nsd"), lab.secondary()
    for name, text in zones.text.items():
        primary.add_primary_zone(name, text)
        server.add_secondary_zone(name, primary.endpoint)
    primary.start()
    server.start()
    for name in zones.text:
        server.wait_serves(name)
    return server


def keyring(server, zones):
    """All keys of the zones as served, led to by the one that is trusted."""
    keysets = {}
    for apex, trusted in zones.keys.items():
        keysets[apex] = None
        if trusted:
            answer = server.query(apex, "DNSKEY", do=True, tcp=True).answer
            keyset = next(r for r in answer if r.rdtype == dns.rdatatype.DNSKEY)
            signatures = next(r for r in answer if r.rdtype == dns.rdatatype.RRSIG)
            keysets[apex] = trusted_keys(keyset, signatures, trusted)
    return Keyring(keysets)


def validate(lab, spec, count, delv_count):
    seed = int(os.environ.get("VALIDATION_SEED", "0")) or random.SystemRandom().randrange(1, 1 << 30)
    print("VALIDATION_SEED", seed)
    zones = SignedZones(lab.folder, spec)
    server = serve(lab, zones)
    ring, asked = keyring(server, zones), questions(zones, count, seed)
    wires = [ask.make(name, rdtype, do=True).to_wire() for name, rdtype in asked]
    seen, verdicts, problems = collections.Counter(), {}, []
    for (name, rdtype), wire in zip(asked, manyquestions.complete(server.endpoint, wires)):
        message = dns.message.from_wire(wire)
        judge = Judge(ring, spec.opt_out, name, rdtype, message)
        try:
            verdicts[name, rdtype] = judge.judge(), judge.kind, judge.links
            seen[judge.kind, judge.verdict] += 1
            if judge.verdict == SECURE and random.random() < TAKEN_APART:
                each_proof_is_needed(ring, spec, name, rdtype, message)
        except Bogus as error:
            problems.append(f"{name} {dns.rdatatype.to_text(rdtype)}: {error}\n{message.to_text()}")
    print(dict(seen), "signatures", ring.cryptographic)
    assert not problems, f"{len(problems)} of {count} do not validate\n" + "\n\n".join(problems[:5])
    expect_every_kind(spec, seen, count)
    second_opinion(lab, server, zones, verdicts, delv_count)


def each_proof_is_needed(ring, spec, name, rdtype, message):
    """Without any of its NSEC or NSEC3 records the answer would be bogus: the judge looks, and nothing is in vain.

    What opt-out leaves insecure may lack records and still be taken: not for here."""
    whole = list(message.authority)
    for owner in {r.name for r in whole if r.rdtype in (dns.rdatatype.NSEC, dns.rdatatype.NSEC3)}:
        message.authority = [r for r in whole if r.name != owner or r.rdtype == dns.rdatatype.SOA
                             or r.covers == dns.rdatatype.SOA]
        try:
            Judge(ring, spec.opt_out, name, rdtype, message).judge()
        except Bogus:
            continue
        finally:
            message.authority = whole
        raise Bogus(f"the proof at {owner} is not needed")


def expect_every_kind(spec, seen, count):
    """A run without some kind of answer would prove less than it says."""
    kinds = ("positive", "nodata", "nxdomain", "referral") + (("outside", "loop", "cut short") if count >= FULL else ())
    for kind in kinds:
        assert seen[kind, SECURE] or seen[kind, INSECURE], kind
    assert seen["nxdomain", SECURE] > 0 or spec.opt_out


def second_opinion(lab, server, zones, verdicts, count):
    """delv on some answers that end within the zone; where the judge says insecure, delv must not say more.

    Of an alias that leads from a signed zone to an unsigned one delv speaks link by link: left out."""
    mine = [(q, v) for q, v in sorted(verdicts.items()) if v[1] in ("positive", "nodata", "nxdomain")
            and q[1] not in (dns.rdatatype.ANY, dns.rdatatype.NSEC, dns.rdatatype.NSEC3)
            and not (v[0] == INSECURE and v[2])
            and (q[0].to_text().lower(), q[1]) != (f"{zones.spec.name}.", dns.rdatatype.DS)]  # delv asks its parent
    problems = []
    for (name, rdtype), (verdict, kind, _) in random.Random(count).sample(mine, count):
        output = delv(lab.folder, server.endpoint, zones.signed, name.to_text(), dns.rdatatype.to_text(rdtype))
        validated = "; fully validated" in output or "; negative response, fully validated" in output
        unsigned = "unsigned answer" in output
        # RFC 5155 section 9.2 forbids the AD bit where an NSEC3 with opt-out covers the name; delv sees to that in
        # positive answers only.
        may_validate = verdict == SECURE or kind != "positive" and zones.spec.opt_out
        if not (validated and may_validate or unsigned and verdict == INSECURE):
            problems.append(f"{name} {dns.rdatatype.to_text(rdtype)} {verdict} {kind}: {output}")
    assert not problems, "\n".join(problems[:5])


@pytest.mark.parametrize("spec", SPECS, ids=[spec.name for spec in SPECS])
def test_answers_of_signed_zones_validate(lab, spec):
    validate(lab, spec, QUICK, DELV_QUICK)


@pytest.mark.slow
@pytest.mark.parametrize("spec", SPECS, ids=[spec.name for spec in SPECS])
def test_many_answers_of_signed_zones_validate(lab, spec):
    validate(lab, spec, FULL, DELV_FULL)
