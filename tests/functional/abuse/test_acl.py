"""Who may ask: `server.refuse` for the whole server, `allow-query` zone by zone.  Others must not notice either."""
import dns.flags
import dns.message
import dns.opcode
import dns.rcode
import pytest

from lib import ask
from lib.keys import make_key
from lib.ports import Endpoint
from lib.wait import wait_until
from lib.zonetext import small_zone

OPEN, CLOSED, BELOW = "open.test", "closed.test", "below.closed.test"
KEY, OTHER_KEY = make_key("k1"), make_key("k2")
EDE, PROHIBITED = 15, 18
REFUSED_NET = ("127.0.7.1", "127.0.7.255")
ADMITTED = ("127.0.4.1", "127.0.5.1", "127.0.6.6")
KEPT_OUT = ("127.0.0.1", "127.0.5.9", "127.0.6.7", "127.0.3.255")


@pytest.fixture(scope="module")
def server(module_lab):
    """One primary at 127.0.0.1, which may itself ask of the open zone only, and not of what the list admits."""
    primary, ours = module_lab.make("knot"), module_lab.make("understudy", refuse=["127.0.7.0/24"])
    ours.keys = [KEY, OTHER_KEY]
    ours.listen.append(Endpoint("::1", ours.endpoint.port))
    ours.template["allow-transfer"] = ["127.0.0.0/8"]
    for zone in (OPEN, CLOSED, BELOW):
        extra = f"into IN CNAME www.{CLOSED}.\nback IN CNAME www.{OPEN}.\n"
        primary.add_primary_zone(zone, small_zone(zone, 1, extra), notify=[ours.endpoint])
        ours.add_secondary_zone(zone, primary.endpoint)
    ours.zones[CLOSED].options["allow_query"] = ["127.0.4.0/24", "!127.0.5.9", "127.0.5.0/24", "127.0.6.6", "key:k1"]
    primary.start()
    ours.start()
    ours.primary = primary
    ours.wait_serves(OPEN)
    wait_until(lambda: ours.soa_serial(CLOSED, source="127.0.4.1", timeout=1), 10, "first transfer")
    ours.wait_serves(BELOW)
    return ours


def ede_codes(answer):
    return [int.from_bytes(o.to_wire()[:2], "big") for o in answer.options if o.otype == EDE]


def is_refused(answer):
    """Nothing but the refusal and why."""
    return (answer.rcode() == dns.rcode.REFUSED and not answer.flags & dns.flags.AA
            and not answer.answer and not answer.authority and not answer.additional)


@pytest.mark.parametrize("tcp", (False, True), ids=("udp", "tcp"))
@pytest.mark.parametrize("source", REFUSED_NET)
def test_refused_network_gets_refused_and_the_reason_whatever_it_asks(server, source, tcp):
    for name, rdtype, rdclass in ((OPEN, "SOA", "IN"), (f"www.{OPEN}", "A", "IN"), (f"nowhere.{OPEN}", "A", "IN"),
                                  ("not.held", "A", "IN"), ("id.server", "TXT", "CH"), (OPEN, "IXFR", "IN")):
        answer = server.query(name, rdtype, rdclass=rdclass, tcp=tcp, source=source)
        assert is_refused(answer) and ede_codes(answer) == [PROHIBITED], f"{name} {rdtype}"


def test_refused_network_gets_no_ede_without_edns(server):
    answer = server.query(f"www.{OPEN}", payload=None, source=REFUSED_NET[0])
    assert is_refused(answer) and answer.edns < 0


def test_refused_network_gets_no_transfer_and_no_notify_through(server):
    with pytest.raises(ask.TransferFailed) as caught:
        server.axfr(OPEN, source=REFUSED_NET[0])
    assert caught.value.rcode == dns.rcode.REFUSED
    assert notify(server, OPEN, REFUSED_NET[0]).rcode() == dns.rcode.REFUSED


def test_refused_network_is_refused_with_a_good_signature_too(server):
    """Whatever the question: a key admits to zones, not to the server."""
    assert is_refused(server.query(f"www.{OPEN}", key=KEY, source=REFUSED_NET[0]))


@pytest.mark.parametrize("source", ("127.0.0.1", "127.0.6.255", "127.0.8.0", "127.0.8.1"))
def test_other_networks_do_not_notice(server, source):
    for tcp in (False, True):
        answer = server.query(f"www.{OPEN}", tcp=tcp, source=source)
        assert answer.rcode() == dns.rcode.NOERROR and answer.answer and not ede_codes(answer)
    assert ask.soa_serial(Endpoint("::1", server.endpoint.port), OPEN) == 1


@pytest.mark.parametrize("tcp", (False, True), ids=("udp", "tcp"))
@pytest.mark.parametrize("source", KEPT_OUT)
def test_who_may_not_ask_is_refused_for_this_zone_only(server, source, tcp):
    for name in (CLOSED, f"www.{CLOSED}", f"nowhere.{CLOSED}", f"x.www.{CLOSED}"):
        for rdtype in ("A", "SOA", "NS", "ANY", "DNSKEY"):
            answer = server.query(name, rdtype, tcp=tcp, source=source, do=True)
            assert is_refused(answer) and ede_codes(answer) == [PROHIBITED], f"{name} {rdtype}"
    for name in (f"www.{OPEN}", f"www.{BELOW}"):
        assert server.query(name, tcp=tcp, source=source).answer, name


@pytest.mark.parametrize("tcp", (False, True), ids=("udp", "tcp"))
@pytest.mark.parametrize("source", ADMITTED)
def test_who_may_ask_is_answered(server, source, tcp):
    answer = server.query(f"www.{CLOSED}", tcp=tcp, source=source)
    assert answer.answer and answer.flags & dns.flags.AA and not ede_codes(answer)
    assert server.query(f"nowhere.{CLOSED}", tcp=tcp, source=source).rcode() == dns.rcode.NXDOMAIN


def test_a_key_admits_from_anywhere_and_another_key_does_not(server):
    assert server.query(f"www.{CLOSED}", key=KEY, source="127.0.9.9").answer
    answer = server.query(f"www.{CLOSED}", key=OTHER_KEY, source="127.0.9.9")
    assert is_refused(answer) and answer.had_tsig


def test_who_may_transfer_a_zone_need_not_be_one_who_may_ask(server):
    assert is_refused(server.query(f"www.{CLOSED}", source="127.0.9.9"))
    assert len(server.axfr(CLOSED, source="127.0.9.9")) > 10


def test_an_alias_into_a_zone_that_is_not_for_the_client_ends_there(server):
    def names(source):
        answer = server.query(f"into.{OPEN}", source=source)
        assert answer.rcode() == dns.rcode.NOERROR
        return [str(r.name) for r in answer.answer]
    assert names("127.0.0.1") == [f"into.{OPEN}."]
    assert names("127.0.4.1") == [f"into.{OPEN}.", f"www.{CLOSED}."]
    answer = server.query(f"back.{CLOSED}", source="127.0.4.1")
    assert [str(r.name) for r in answer.answer] == [f"back.{CLOSED}.", f"www.{OPEN}."]


def test_ds_of_the_zone_below_is_asked_of_the_zone_above(server):
    """RFC 4035 section 3.1.4.1: the parent's list holds for it, though the zone below is open."""
    assert is_refused(server.query(BELOW, "DS", source="127.0.0.1"))
    assert server.query(BELOW, "DS", source="127.0.4.1").flags & dns.flags.AA


def notify(server, zone, source):
    request = dns.message.make_query(zone, "SOA")
    request.set_opcode(dns.opcode.NOTIFY)
    request.flags = request.flags & ~dns.flags.RD | dns.flags.AA
    return ask.send(server.endpoint, request, source=source)


def test_primary_that_may_not_ask_may_notify(server):
    assert is_refused(server.query(CLOSED, "SOA", source="127.0.0.1"))
    assert notify(server, CLOSED, "127.0.0.1").rcode() == dns.rcode.NOERROR
    serial = 2
    server.primary.set_zone(CLOSED, small_zone(CLOSED, serial))
    wait_until(lambda: server.soa_serial(CLOSED, source="127.0.4.1") == serial, 10, "new version after its NOTIFY")


def test_lists_change_with_a_reload(lab):
    primary, ours = lab.make("nsd"), lab.make("understudy", refuse=["127.0.7.0/24"])
    primary.add_primary_zone(OPEN, small_zone(OPEN, 1))
    primary.start()
    ours.add_secondary_zone(OPEN, primary.endpoint)
    ours.template["allow-query"] = ["127.0.0.1", "127.0.7.0/24"]
    ours.start()
    ours.wait_serves(OPEN)
    rcodes = {s: ours.query(OPEN, "SOA", source=s).rcode() for s in ("127.0.0.1", "127.0.7.1", "127.0.8.1")}
    assert rcodes == {"127.0.0.1": 0, "127.0.7.1": 5, "127.0.8.1": 5}
    ours.settings["refuse"] = ["127.0.8.0/24"]
    ours.template["allow-query"] = ["127.0.0.0/8"]
    ours.reload()
    wait_until(lambda: ours.query(OPEN, "SOA", source="127.0.7.1").rcode() == 0, 10, "the new lists")
    assert ours.query(OPEN, "SOA", source="127.0.8.1").rcode() == dns.rcode.REFUSED
    assert ours.query(OPEN, "SOA", source="127.0.9.1").rcode() == dns.rcode.NOERROR
