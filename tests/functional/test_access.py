"""Who may transfer, who may notify, and what is said of zones that are not held."""
import socket

import dns.flags
import dns.message
import dns.opcode
import dns.rcode
import dns.tsig
import pytest

from lib import ask
from lib.keys import make_key
from lib.records import difference, record_set
from lib.wait import wait_until
from lib.zonetext import small_zone

ZONE = "example.com"
KEY, OTHER_KEY = make_key("k1"), make_key("k2")
WRONG_SECRET = make_key("k1", "hmac-sha512")._replace(algorithm="hmac-sha256")


@pytest.fixture
def server(lab):
    """Transfers for 127.0.0.2, for anyone with KEY, and for 127.0.0.3 with OTHER_KEY; NOTIFY from 127.0.0.4."""
    primary, secondary = lab.make("nsd"), lab.make("understudy")
    primary.add_primary_zone(ZONE, small_zone(ZONE, 1))
    secondary.add_secondary_zone(ZONE, primary.endpoint)
    secondary.keys = [KEY, OTHER_KEY]
    secondary.template.update({"allow-transfer": ["127.0.0.2", "key:k1", "127.0.0.3 key:k2"],
                               "allow-notify": ["127.0.0.4"]})
    primary.start()
    secondary.start()
    secondary.primary = primary
    wait_until(lambda: secondary.soa_serial(ZONE, timeout=1), 10, "first transfer")
    return secondary


def refusal(server, **how):
    with pytest.raises(ask.TransferFailed) as caught:
        server.axfr(ZONE, **how)
    return caught.value.rcode


@pytest.mark.parametrize("how", ({"source": "127.0.0.2"}, {"source": "127.0.0.9", "key": KEY},
                                 {"source": "127.0.0.3", "key": OTHER_KEY}), ids=("address", "key", "both"))
def test_whom_the_list_admits_gets_the_whole_zone(server, how):
    ours, theirs = record_set(server.axfr(ZONE, **how)), record_set(server.primary.axfr(ZONE))
    assert not difference(ours, theirs, "us", "primary")


@pytest.mark.parametrize("how", ({"source": "127.0.0.9"}, {"source": "127.0.0.3"},
                                 {"source": "127.0.0.9", "key": OTHER_KEY}), ids=("nobody", "no-key", "wrong-address"))
def test_anyone_else_is_refused_the_transfer(server, how):
    assert refusal(server, **how) == dns.rcode.REFUSED


def test_wrong_secret_and_unknown_key_are_notauth_with_their_tsig_error(server):
    for key, error in ((WRONG_SECRET, dns.tsig.PeerBadSignature), (make_key("unknown"), dns.tsig.PeerBadKey)):
        request = ask.make(ZONE, "SOA", payload=None, key=key)
        # dnspython tells the error of a TSIG by the exception it raises.
        with pytest.raises(error):
            dns.message.from_wire(raw_exchange(server.endpoint, request), keyring=key.dnspython)
        assert raw_exchange(server.endpoint, request)[3] & 0xF == dns.rcode.NOTAUTH


def raw_exchange(endpoint, request):
    with socket.socket(endpoint.family, socket.SOCK_DGRAM) as udp:
        udp.settimeout(5)
        udp.connect(tuple(endpoint))
        udp.send(request.to_wire())
        return udp.recv(65535)


def test_signed_question_gets_a_signed_answer(server):
    answer = server.query(f"www.{ZONE}", key=KEY)  # dnspython verifies the answer's signature
    assert answer.had_tsig and answer.answer


def test_refused_transfer_tells_nothing_of_the_zone(server):
    answer = server.query(ZONE, "AXFR", tcp=True, source="127.0.0.9", payload=None)
    assert answer.rcode() == dns.rcode.REFUSED and not answer.answer and not answer.authority


def test_axfr_by_udp_is_not_answered_with_a_zone(server):
    answer = server.query(ZONE, "AXFR", source="127.0.0.2", payload=None)
    assert len(answer.answer) <= 1 and answer.rcode() != dns.rcode.SERVFAIL


def test_zone_not_held_is_refused(server):
    for name, rdtype in (("example.net", "SOA"), ("www.example.net", "A"), ("com", "SOA"), (".", "NS")):
        answer = server.query(name, rdtype)
        assert answer.rcode() == dns.rcode.REFUSED and not answer.flags & dns.flags.AA
        assert not answer.answer and not answer.authority
    assert refusal_of_other_zone(server) in (dns.rcode.REFUSED, dns.rcode.NOTAUTH)


def refusal_of_other_zone(server):
    with pytest.raises(ask.TransferFailed) as caught:
        server.axfr("example.net", source="127.0.0.2")
    return caught.value.rcode


def notify(server, source, zone=ZONE, key=None):
    request = dns.message.make_query(zone, "SOA")
    request.set_opcode(dns.opcode.NOTIFY)
    request.flags = request.flags & ~dns.flags.RD | dns.flags.AA
    if key:
        request.use_tsig(key.dnspython)
    return ask.send(server.endpoint, request, source=source)


def test_notify_is_taken_from_the_primary_and_the_list_and_from_nobody_else(server):
    for source in ("127.0.0.1", "127.0.0.4"):
        answer = notify(server, source)
        assert answer.rcode() == dns.rcode.NOERROR and answer.opcode() == dns.opcode.NOTIFY
        assert answer.flags & dns.flags.AA and answer.flags & dns.flags.QR
    assert notify(server, "127.0.0.9").rcode() == dns.rcode.REFUSED
    assert notify(server, "127.0.0.1", "example.net").rcode() in (dns.rcode.NOTAUTH, dns.rcode.REFUSED)


def test_notify_from_the_list_starts_a_refresh_and_a_refused_one_does_not(server):
    server.primary.set_zone(ZONE, small_zone(ZONE, 2))
    server.primary.wait_serves(ZONE, 2)
    before = len(server.status(ZONE)["attempts"])
    assert notify(server, "127.0.0.9").rcode() == dns.rcode.REFUSED
    # The control socket is served by the loop that would have started the refresh: by now it would be seen.
    status = server.status(ZONE)
    assert status["serial"] == 1 and len(status["attempts"]) == before
    notify(server, "127.0.0.4")
    wait_until(lambda: server.soa_serial(ZONE) == 2, 10, "the new serial after an allowed NOTIFY")


def test_zone_that_was_never_transferred_says_servfail(lab):
    secondary = lab.make("understudy")
    secondary.add_secondary_zone(ZONE, lab.make("nsd").endpoint)  # never started
    secondary.start()
    answer = secondary.query(f"www.{ZONE}")
    assert answer.rcode() == dns.rcode.SERVFAIL and not answer.flags & dns.flags.AA


def test_update_and_other_opcodes_are_not_done(server):
    for opcode in (dns.opcode.UPDATE, dns.opcode.STATUS, dns.opcode.IQUERY):
        request = dns.message.make_query(ZONE, "SOA")
        request.set_opcode(opcode)
        answer = dns.message.from_wire(raw_exchange(server.endpoint, request))
        assert answer.rcode() in (dns.rcode.NOTIMP, dns.rcode.REFUSED) and answer.id == request.id


def test_notify_goes_on_to_those_whom_the_zone_lists(lab):
    """A chain: primary, understudy, and NSD behind it that learns of the new serial from us alone."""
    primary, middle, last = lab.make("knot"), lab.make("understudy"), lab.make("nsd")
    primary.add_primary_zone(ZONE, small_zone(ZONE, 1), notify=[middle.endpoint])
    middle.add_secondary_zone(ZONE, primary.endpoint, notify=[last.endpoint.text])
    last.add_secondary_zone(ZONE, middle.endpoint)
    primary.start()
    middle.start()
    wait_until(lambda: middle.soa_serial(ZONE, timeout=1) == 1, 10, "first transfer")
    last.start()
    wait_until(lambda: last.soa_serial(ZONE, timeout=1) == 1, 20, "transfer from us")
    primary.set_zone(ZONE, small_zone(ZONE, 2))
    wait_until(lambda: last.soa_serial(ZONE, timeout=1) == 2, 10, "NOTIFY passed on")
    assert not difference(record_set(last.axfr(ZONE)), record_set(primary.axfr(ZONE)), "last", "primary")


def test_questions_and_transfers_leave_from_the_source_address(lab, server):
    """The server admits 127.0.0.2 and not 127.0.0.9."""
    admitted, other = lab.make("understudy"), lab.make("understudy")
    for follower, source in ((admitted, "127.0.0.2"), (other, "127.0.0.9")):
        follower.source = source
        follower.add_secondary_zone(ZONE, server.endpoint)
        follower.start()
    wait_until(lambda: admitted.soa_serial(ZONE, timeout=1) == 1, 10, "transfer from the admitted address")
    wait_until(lambda: other.status(ZONE)["reason"] == "refused", 10, "the other address is refused")
    assert not difference(record_set(admitted.axfr(ZONE)), record_set(server.primary.axfr(ZONE)), "us", "primary")
