"""Zone transfers over TLS (RFC 9103), in and out: who is believed, what is said about the others, nothing in clear."""
import contextlib
import ssl
import subprocess

import dns.rcode
import dns.rdatatype
import pytest

from lib import ask, certificates
from lib.keys import make_key
from lib.ports import Endpoint, new_port
from lib.records import difference, record_set
from lib.scripted import ScriptedPrimary, records_of
from lib.tls_primary import CLOSE, STALL, TlsPrimary, server_context
from lib.wait import PATIENCE, wait_until
from lib.zonetext import shapes_zone, small_zone

ZONE, HOST = "example.com", "ns.example.com"


@pytest.fixture
def certificate(tmp_path):
    return certificates.make(tmp_path, HOST)


def secondary_of(lab, primary, zones=(ZONE,), plain_port=None, **tls):
    """Over TLS on these terms; not yet started."""
    made = lab.make("understudy")
    if plain_port:
        tls["plain-port"] = plain_port
    made.primary_extra[primary.endpoint] = {"tls": tls}
    for zone in zones:
        made.add_secondary_zone(zone, primary.endpoint, retry_max=1)
    return made


def by_name(certificate, name=HOST):
    return {"name": name, "ca": certificate.certificate}


def by_pin(certificate):
    return {"pin": [certificate.pin]}


def attempts(server, zone=ZONE):
    return server.status(zone)["attempts"]


def wait_reason(server, reason, zone=ZONE):
    def found():
        return next((a for a in attempts(server, zone) if a["reason"] == reason), None)
    return wait_until(found, 20, f"an attempt that ended in {reason}")


# --- who is believed

@pytest.mark.parametrize("terms", (by_name, by_pin, lambda c: {**by_name(c), **by_pin(c)}), ids=("name", "pin", "both"))
def test_zone_comes_over_tls_and_nothing_in_clear(lab, certificate, terms):
    with TlsPrimary(ZONE, certificate) as primary:
        secondary = secondary_of(lab, primary, **terms(certificate)).start()
        secondary.wait_serves(ZONE, 1)
        primary.set_text(small_zone(ZONE, 2))
        assert secondary.cli("zone", "refresh", ZONE).status == 0
        secondary.wait_serves(ZONE, 2)
        assert {a["transport"] for a in attempts(secondary)} == {"tls"}
        assert {t for t, _ in primary.asked} >= {dns.rdatatype.SOA}
        assert not primary.clear
        assert all(size % 128 == 0 for size in primary.sizes), "questions are padded (RFC 8467 section 4.1)"


def test_key_signs_within_tls(lab, certificate):
    key = make_key()
    with TlsPrimary(ZONE, certificate, key=key) as primary:
        secondary = lab.make("understudy", key=key)
        secondary.primary_extra[primary.endpoint] = {"tls": by_pin(certificate)}
        secondary.add_secondary_zone(ZONE, primary.endpoint)
        secondary.start().wait_serves(ZONE, 1)
        assert all(a["tsig"] for a in attempts(secondary)) and not primary.clear
        assert all(size % 128 == 0 for size in primary.sizes), "questions are padded (RFC 8467 section 4.1)"


# --- who is not

def tls12(certificate):
    return server_context(certificate, version=ssl.TLSVersion.TLSv1_2)


def no_alpn(certificate):
    return server_context(certificate, alpn=())


CASES = {
    "wrong-name": ("tls-wrong-name", lambda o: None, "serve", "other.example"),
    "wrong-pin": ("tls-wrong-pin", lambda o: None, "serve", "pin seen"),
    "wrong-ca": ("tls-unknown-ca", lambda o: None, "serve", "signed by"),
    "expired": ("tls-expired", lambda o: None, "serve", "valid from"),
    "tls-1.2": ("tls-version", tls12, "serve", ""),
    "no-alpn": ("tls-alpn", no_alpn, "serve", "dot"),
    "clear-text": ("tls-none", lambda o: None, "http", "48 54 54 50"),
    "closes-in-handshake": ("tls-early-close", lambda o: None, "close", "handshake"),
    "stalls-in-handshake": ("tls-timeout", lambda o: None, "stall", "5 s"),
}


@pytest.mark.parametrize("case", CASES)
def test_each_fault_has_its_reason_and_the_old_version_is_served(lab, tmp_path, certificate, case):
    reason, context, behaviour, words = CASES[case]
    other = certificates.make(tmp_path, "other.example", days=-1 if case == "expired" else 1,
                              signer=certificate if case in ("wrong-name", "expired") else None,
                              host=HOST if case in ("wrong-ca", "expired") else "other.example")
    terms = by_pin(certificate) if case == "wrong-pin" else by_name(certificate)
    with TlsPrimary(ZONE, certificate) as primary:
        secondary = secondary_of(lab, primary, **terms).start()
        secondary.wait_serves(ZONE, 1)
        primary.set_text(small_zone(ZONE, 2))
        if case in ("wrong-name", "wrong-pin", "wrong-ca", "expired"):
            primary.context = server_context(other)
        primary.context = context(certificate) or primary.context
        primary.behaviour = behaviour
        wait_until(lambda: secondary.cli("zone", "refresh", ZONE).status == 0 and reason in
                   [a["reason"] for a in attempts(secondary)], 30, reason, poll_s=0.5)
        attempt = wait_reason(secondary, reason)
        assert attempt["transport"] == "tls" and words in attempt["evidence"], attempt
        if case == "wrong-pin":
            assert other.pin in attempt["evidence"] and certificate.pin in attempt["evidence"]
        assert secondary.soa_serial(ZONE) == 1
        assert not primary.clear
        primary.context, primary.behaviour = server_context(certificate), "serve"
        assert secondary.cli("zone", "refresh", ZONE).status == 0
        secondary.wait_serves(ZONE, 2, seconds=20)
        assert not primary.clear


def test_end_without_goodbye_in_the_stream_is_told_as_that(lab, certificate):
    def cut(answer, rrsets):
        yield answer.wire(rrsets[:2])
        yield CLOSE
    with TlsPrimary(ZONE, certificate) as primary:
        secondary = secondary_of(lab, primary, **by_pin(certificate)).start()
        secondary.wait_serves(ZONE, 1)
        primary.set_text(small_zone(ZONE, 2))
        whole, primary.script = primary.script, cut
        assert secondary.cli("zone", "retransfer", ZONE).status == 0
        attempt = wait_reason(secondary, "tls-early-close")
        assert attempt["asked"] == "AXFR" and secondary.soa_serial(ZONE) == 1
        primary.script = whole
        secondary.wait_serves(ZONE, 2, seconds=20)
        assert not primary.clear


def test_silence_in_the_stream_ends_the_attempt(lab, certificate):
    """A connection that has died unseen (nsd issue 262): the zone is asked for again, also over TLS."""
    def silent(answer, rrsets):
        yield answer.wire(rrsets[:2])
        yield STALL
    with TlsPrimary(ZONE, certificate) as primary:
        secondary = secondary_of(lab, primary, **by_pin(certificate)).start()
        secondary.wait_serves(ZONE, 1)
        primary.set_text(small_zone(ZONE, 2))
        whole, primary.script = primary.script, silent
        assert secondary.cli("zone", "retransfer", ZONE).status == 0
        wait_until(lambda: any(a["reason"] == "stalled" for a in attempts(secondary)), 40, "the end of the attempt")
        primary.script = whole
        secondary.wait_serves(ZONE, 2, seconds=30)


def test_files_that_are_not_there_are_the_zones_fault_and_a_reload_mends_it(lab, tmp_path, certificate):
    with TlsPrimary(ZONE, certificate) as primary:
        secondary = secondary_of(lab, primary, name=HOST, ca=str(tmp_path / "later.pem")).start()
        attempt = wait_until(lambda: secondary.status(ZONE) if secondary.status(ZONE)["reason"] == "tls-credentials"
                             else None, 20, "the reason")
        assert "later.pem" in attempt["evidence"] and "no such file" in attempt["evidence"]
        assert "tls.primary-failed" in secondary.process.log_text()
        certificate.copy_certificate(tmp_path / "later.pem")
        assert secondary.cli("reload").status == 0
        assert secondary.cli("zone", "refresh", ZONE).status == 0
        secondary.wait_serves(ZONE, 1, seconds=20)


# --- opportunistic

def test_opportunistic_takes_any_certificate(lab, certificate):
    with TlsPrimary(ZONE, certificate) as primary:
        secondary = secondary_of(lab, primary, mode="opportunistic").start()
        secondary.wait_serves(ZONE, 1)
        assert {a["transport"] for a in attempts(secondary)} == {"tls"} and not primary.clear


@pytest.mark.parametrize("behaviour", ("absent", "http", "close"))
def test_opportunistic_falls_back_to_clear_text_and_says_so(lab, certificate, behaviour):
    with contextlib.ExitStack() as stack:
        plain = stack.enter_context(ScriptedPrimary(ZONE))
        tls = TlsPrimary(ZONE, certificate)
        if behaviour != "absent":
            tls.behaviour = behaviour
            stack.enter_context(tls)
        secondary = secondary_of(lab, tls, plain_port=plain.endpoint.port, mode="opportunistic").start()
        secondary.wait_serves(ZONE, 1, seconds=20)
        assert attempts(secondary)[0]["transport"] == "tcp"
        log = secondary.process.log_text()
        assert "tls.fell-back" in log and tls.endpoint.text in log


# --- certificates of clients

def test_mutual_tls(lab, tmp_path, certificate):
    own = certificates.make(tmp_path, "secondary.example")
    with TlsPrimary(ZONE, certificate, clients=own.certificate) as primary:
        without = secondary_of(lab, primary, **by_pin(certificate)).start()
        wait_reason(without, "tls-client-certificate")
        shown = secondary_of(lab, primary, **by_pin(certificate), certificate=own.certificate, key=own.key).start()
        shown.wait_serves(ZONE, 1)
        assert not primary.clear


def test_credentials_are_read_again_at_a_reload(lab, tmp_path, certificate):
    own, refused = certificates.make(tmp_path, "secondary.example"), certificates.make(tmp_path, "former.example")
    right = certificates.make(tmp_path, "right.example")
    right.replace_by(own)
    own.replace_by(refused)
    with TlsPrimary(ZONE, certificate, clients=right.certificate) as primary:
        secondary = secondary_of(lab, primary, **by_pin(certificate), certificate=own.certificate, key=own.key).start()
        wait_reason(secondary, "tls-client-certificate")
        own.replace_by(right)
        assert secondary.cli("reload").status == 0
        assert secondary.cli("zone", "refresh", ZONE).status == 0
        secondary.wait_serves(ZONE, 1, seconds=20)


# --- many zones

def test_zones_share_connections(lab, certificate):
    zones = [f"z{i}.example.com" for i in range(20)]
    with TlsPrimary(ZONE, certificate) as primary:
        answer = primary._answer
        primary._answer = lambda stream, request: answer_for(primary, answer, stream, request)
        secondary = secondary_of(lab, primary, zones=zones, **by_pin(certificate)).start()
        for zone in zones:
            secondary.wait_serves(zone, 1, seconds=20)
        assert primary.connections <= 3, "one for questions, two for transfers"


def answer_for(primary, answer, stream, request):
    """Whatever zone is asked for is there."""
    import dns.name
    primary.zone = request.question[0].name
    text = primary.zone.to_text(omit_final_dot=True)
    primary.rrsets = records_of(small_zone(text, 1), primary.zone)
    return answer(stream, request)


# --- out: who may transfer, and to whom

def served_over_tls(lab, certificate, allow):
    """An Understudy that passes the zone on over TLS."""
    tls = Endpoint("127.0.0.1", new_port("127.0.0.1"))
    source = lab.make("nsd")
    middle = lab.make("understudy", tls={"listen": [tls.text], "certificate": certificate.certificate,
                                         "key": certificate.key})
    source.add_primary_zone(ZONE, shapes_zone(ZONE, 1))
    middle.add_secondary_zone(ZONE, source.endpoint)
    middle.template["allow-transfer"] = allow
    source.start()
    middle.start().wait_serves(ZONE)
    middle.tls, middle.source_server = tls, source
    return middle


def kdig(server, *words):
    done = subprocess.run(["kdig", f"@{server.tls.address}", "-p", str(server.tls.port), "+timeout=10", "+retry=0", *words],
                          capture_output=True, text=True, timeout=60 * PATIENCE, check=False)
    return done.stdout + done.stderr


def another(lab, middle, retry_s=1, **tls):
    made = lab.make("understudy")
    made.primary_extra[middle.tls] = {"tls": tls}
    made.add_secondary_zone(ZONE, middle.tls, retry_min=retry_s, retry_max=retry_s)
    return made.start()


def test_chain_over_tls_with_certificates_on_both_sides(lab, tmp_path, certificate):
    own, other = certificates.make(tmp_path, "secondary.example"), certificates.make(tmp_path, "other.example")
    middle = served_over_tls(lab, certificate, [f"127.0.0.0/8 cert:{own.pin}"])
    good = another(lab, middle, **by_name(certificate), certificate=own.certificate, key=own.key)
    good.wait_serves(ZONE, 1)
    assert not difference(record_set(good.axfr(ZONE)), record_set(middle.source_server.axfr(ZONE)), "ours", "source")
    for shown in ({}, {"certificate": other.certificate, "key": other.key}):
        bad = another(lab, middle, **by_name(certificate), **shown)
        assert wait_reason(bad, "refused")["transport"] == "tls"
    assert "REFUSED" in kdig(middle, "+tls", ZONE, "AXFR")
    assert ask.query(middle.endpoint, ZONE, "SOA").answer, "questions are everybody's"
    with pytest.raises(Exception):
        middle.axfr(ZONE)  # CVE-2026-12490: never over plain TCP


def test_tls_item_admits_over_tls_only(lab, certificate):
    middle = served_over_tls(lab, certificate, ["tls"])
    assert kdig(middle, "+tls", ZONE, "AXFR").count("SOA") >= 2
    with pytest.raises(Exception):
        middle.axfr(ZONE)


def test_questions_may_be_for_tls_only(lab, certificate):
    middle = served_over_tls(lab, certificate, ["tls"])
    middle.template["allow-query"] = ["tls"]
    middle.reload()
    wait_until(lambda: middle.query(ZONE, "SOA").rcode() == dns.rcode.REFUSED, 10, "no answer in clear")
    assert "NOERROR" in kdig(middle, "+tls", ZONE, "SOA")


def test_certificates_are_asked_for_as_soon_as_a_list_needs_them(lab, tmp_path, certificate):
    own = certificates.make(tmp_path, "secondary.example")
    middle = served_over_tls(lab, certificate, [])
    # Seldom enough for its connections, made without a certificate, to end of themselves in between.
    follower = another(lab, middle, retry_s=7, **by_name(certificate), certificate=own.certificate, key=own.key)
    wait_reason(follower, "refused")
    middle.template["allow-transfer"] = [f"cert:{own.pin}"]
    middle.reload()
    follower.wait_serves(ZONE, 1, seconds=30)


# --- servers of other makes

def test_bind_is_a_primary_over_tls(lab, certificate):
    tls = Endpoint("127.0.0.1", new_port("127.0.0.1"))
    bind = lab.make("bind")
    bind.head = (f'tls "t" {{ cert-file "{certificate.certificate}"; key-file "{certificate.key}"; '
                 'protocols { TLSv1.3; }; };\n')
    bind.extra_options = f'listen-on port {tls.port} tls "t" {{ {tls.address}; }};'
    bind.add_primary_zone(ZONE, shapes_zone(ZONE, 1))
    bind.start()
    secondary = lab.make("understudy")
    secondary.primary_extra[tls] = {"tls": by_name(certificate)}
    secondary.add_secondary_zone(ZONE, tls)
    secondary.start().wait_serves(ZONE, 1)
    assert {a["transport"] for a in attempts(secondary)} == {"tls"}
    assert not difference(record_set(secondary.axfr(ZONE)), record_set(bind.axfr(ZONE)), "ours", "bind")


def test_bind_transfers_from_us_over_tls(lab, certificate):
    middle = served_over_tls(lab, certificate, ["tls"])
    bind = lab.make("bind")
    bind.head = f'tls "t" {{ ca-file "{certificate.certificate}"; remote-hostname "{HOST}"; protocols {{ TLSv1.3; }}; }};\n'
    bind.add_secondary_zone(ZONE, middle.tls)
    bind.primary_tls = "t"
    bind.start()
    bind.wait_serves(ZONE, 1)
    assert not difference(record_set(bind.axfr(ZONE)), record_set(middle.source_server.axfr(ZONE)), "bind", "source")


def test_nsd_transfers_from_us_over_tls(lab, certificate):
    middle = served_over_tls(lab, certificate, ["tls"])
    nsd = lab.make("nsd")
    nsd.extra_server, nsd.tls_auth = (f'tls-cert-bundle: "{certificate.certificate}"',), HOST
    nsd.add_secondary_zone(ZONE, middle.tls)
    nsd.start()
    nsd.wait_serves(ZONE, 1, seconds=20)


def test_nsd_of_debian_is_told_apart_by_alpn(lab, certificate):
    """NSD 4.6 answers over TLS, but takes no ALPN: RFC 9103 section 7.1 has us leave it."""
    tls = Endpoint("127.0.0.1", new_port("127.0.0.1"))
    nsd = lab.make("nsd")
    nsd.extra_server = (f"ip-address: {tls.text}", f"tls-port: {tls.port}", f'tls-service-key: "{certificate.key}"',
                        f'tls-service-pem: "{certificate.certificate}"')
    nsd.add_primary_zone(ZONE, shapes_zone(ZONE, 1))
    nsd.start()
    secondary = lab.make("understudy")
    secondary.primary_extra[tls] = {"tls": by_name(certificate)}
    secondary.add_secondary_zone(ZONE, tls)
    secondary.start()
    wait_reason(secondary, "tls-alpn")
