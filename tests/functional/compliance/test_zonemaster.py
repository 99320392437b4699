"""Zonemaster's test cases of the family Nameserver, each by its own specification's steps, on a default configuration.

Case 14 does not exist.  Every test collects the messages that the steps say to emit for the addresses of the server,
and compares them with those of a faultless one.  The cases are published in github.com/zonemaster/zonemaster, folder
docs/public/specifications/tests/Nameserver-TP."""
import random
import socket

import dns.edns
import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.query
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import pytest

from compliance.served import ZONE, default_server
from lib.ports import Endpoint
from lib.wait import PATIENCE, wait_until

APEX = dns.name.from_text(ZONE)
SAFE_SIZE = 512
UNASSIGNED_OPTION = 137


@pytest.fixture(scope="module")
def addresses(module_lab):
    """The addresses of the zone's only name server: every one of this machine, as the default is."""
    def everywhere(server):
        if server.kind == "understudy":
            server.listen = [Endpoint("0.0.0.0", server.endpoint.port), Endpoint("::", server.endpoint.port)]
            server.settings.clear()  # what the harness sets for tests that ask much
    server = default_server(module_lab, everywhere)
    port = server.endpoint.port
    if server.kind != "understudy":
        return [server.endpoint]
    found = [Endpoint("127.0.0.1", port), Endpoint("127.0.0.53", port), Endpoint("::1", port)]
    for endpoint in found:
        wait_until(lambda e=endpoint: soa(ask(e, query(ZONE, "SOA"))), 10, f"answers at {endpoint.text}")
    return found


def query(name, rdtype, rdclass="IN", edns=None, flags=0, options=(), size=SAFE_SIZE):
    """A query of the specification's defaults: by UDP, nothing set; edns is the version, flags those of EDNS."""
    message = dns.message.make_query(name, rdtype, rdclass, use_edns=False)
    message.flags = 0
    if edns is not None:
        message.use_edns(edns, flags, size, options=list(options))
    return message


def ask(endpoint, message, tcp=False):
    """The response, None when there is none; a truncated one stays so."""
    function = dns.query.tcp if tcp else dns.query.udp
    try:
        return function(message, endpoint.address, 3 * PATIENCE, endpoint.port)
    except dns.exception.Timeout:
        return None


def soa(response):
    """The SOA record of the zone in the answer section, or None."""
    return response.get_rrset(response.answer, APEX, dns.rdataclass.IN, dns.rdatatype.SOA) if response else None


def rcode(response):
    return dns.rcode.to_text(response.rcode())


def messages(addresses, case):
    """All that case(endpoint) emits for the addresses."""
    return {message for endpoint in addresses for message in case(endpoint)}


def test_nameserver01_is_no_recursor(addresses):
    names = ("xn--nameservertest.iis.se", "xn--nameservertest.icann.org", "xn--nameservertest.ripe.net")

    def case(endpoint):
        responses = [ask(endpoint, query(name, "A")) for name in names]
        found = {"NO_RESPONSE" for r in responses if not r}
        found |= {"IS_A_RECURSOR" for r in responses if r and r.flags & dns.flags.RA}
        if all(r and r.rcode() == dns.rcode.NXDOMAIN for r in responses):
            found.add("IS_A_RECURSOR")
        return found or {"NO_RECURSOR"}
    assert messages(addresses, case) == {"NO_RECURSOR"}


def test_nameserver02_edns0_is_supported(addresses):
    def case(endpoint):
        response = ask(endpoint, query(ZONE, "SOA", edns=0))
        if not response:
            return {"BREAKS_ON_EDNS" if ask(endpoint, query(ZONE, "SOA")) else "NO_RESPONSE"}
        if response.rcode() == dns.rcode.FORMERR and response.edns < 0:
            return {"NO_EDNS_SUPPORT"}
        if response.rcode() != dns.rcode.NOERROR:
            return {"NS_ERROR"}
        if response.edns == 0 and soa(response):
            return set()
        return {"EDNS_RESPONSE_WITHOUT_EDNS" if response.edns < 0 else
                "EDNS_VERSION_ERROR" if response.edns > 0 else "NS_ERROR"}
    assert messages(addresses, case) == set()


def test_nameserver03_nobody_transfers_the_zone(addresses):
    def case(endpoint):
        response = ask(endpoint, query(ZONE, "AXFR"), tcp=True)
        return {"AXFR_AVAILABLE"} if not response or response.answer else {f"AXFR_FAILURE {rcode(response)}"}
    assert messages(addresses, case) == {"AXFR_FAILURE REFUSED"}


def test_nameserver04_answers_come_from_the_address_that_was_asked(addresses):
    def case(endpoint):
        request = query(ZONE, "SOA").to_wire()
        with socket.socket(endpoint.family, socket.SOCK_DGRAM) as udp:  # not connected: answers from anywhere get in
            udp.settimeout(3 * PATIENCE)
            udp.sendto(request, tuple(endpoint))
            wire, source = udp.recvfrom(65535)
        assert wire[:2] == request[:2]
        return set() if source[:2] == tuple(endpoint) else {"DIFFERENT_SOURCE_IP"}
    assert messages(addresses, case) == set()


@pytest.mark.parametrize("name", (ZONE, f"mail.{ZONE}"), ids=("with-aaaa", "without-aaaa"))
def test_nameserver05_aaaa_is_answered_rightly(addresses, name):
    """The specification asks at the apex; a name that has an A record only is where old servers went wrong."""
    def case(endpoint):
        response = ask(endpoint, query(name, "A"))
        if not response:
            return {"NO_RESPONSE"}
        if response.rcode() != dns.rcode.NOERROR:
            return {"A_UNEXPECTED_RCODE"}
        response = ask(endpoint, query(name, "AAAA"))
        if not response:
            return {"AAAA_QUERY_DROPPED"}
        if response.rcode() != dns.rcode.NOERROR:
            return {"AAAA_UNEXPECTED_RCODE"}
        lengths = {len(rdata.to_wire()) for rrset in response.answer for rdata in rrset}
        return {"AAAA_WELL_PROCESSED" if lengths <= {16} else "AAAA_BAD_RDATA"}
    assert messages(addresses, case) == {"AAAA_WELL_PROCESSED"}


def test_nameserver06_names_of_the_name_servers_can_be_resolved(addresses):
    def case(endpoint):
        names = [rdata.target for rrset in ask(endpoint, query(ZONE, "NS")).answer for rdata in rrset]
        assert names
        unresolved = [name for name in names if not any(ask(endpoint, query(name, t)).answer for t in ("A", "AAAA"))]
        return {f"NO_RESOLUTION {name}" for name in unresolved}
    assert messages(addresses, case) == set()


def test_nameserver07_gives_no_upward_referral(addresses):
    def case(endpoint):
        response = ask(endpoint, query(".", "NS"))
        return {"UPWARD_REFERRAL"} if not response or response.authority else set()
    assert messages(addresses, case) == set()


def mixed_case(name, seed):
    chance = random.Random(seed)
    while True:
        mixed = "".join(chance.choice((c.upper(), c.lower())) for c in name)
        if mixed not in (name.upper(), name.lower()):
            return mixed


def test_nameserver08_case_of_the_query_name_is_kept(addresses):
    def case(endpoint):
        found = set()
        for seed in range(10):
            mixed = mixed_case(f"www.{ZONE}", seed)
            response = ask(endpoint, query(mixed, "SOA"))
            if not response or response.question[0].name.to_text() != f"{mixed}.":
                found.add("QNAME_CASE_INSENSITIVE")
        return found
    assert messages(addresses, case) == set()


def test_nameserver09_case_of_the_query_name_does_not_matter(addresses):
    def result(endpoint, name):
        response = ask(endpoint, query(name, "A"))
        return sorted(r.to_text() for rrset in response.answer for r in rrset) or rcode(response)

    def case(endpoint):
        results = {str(result(endpoint, mixed_case(f"www.{ZONE}", seed))) for seed in range(10)}
        results_of_none = {result(endpoint, mixed_case(f"nowhere.{ZONE}", seed)) for seed in range(10)}
        return set() if len(results) == 1 and results_of_none == {"NXDOMAIN"} else {"CASE_QUERIES_RESULTS_DIFFER"}
    assert messages(addresses, case) == set()


def test_nameserver10_unknown_version_is_badvers(addresses):
    def case(endpoint):
        first = ask(endpoint, query(ZONE, "SOA", edns=0))
        assert first and first.rcode() == dns.rcode.NOERROR
        response = ask(endpoint, query(ZONE, "SOA", edns=1))
        if not response:
            return {"N10_NO_RESPONSE_EDNS1_QUERY"}
        if response.rcode() != dns.rcode.BADVERS:
            return {f"N10_UNEXPECTED_RCODE {rcode(response)}"}
        return set() if response.edns == 0 and not response.answer else {"N10_EDNS_RESPONSE_ERROR"}
    assert messages(addresses, case) == set()


def test_nameserver11_unknown_option_is_ignored(addresses):
    def case(endpoint):
        first = ask(endpoint, query(ZONE, "SOA", edns=0))
        assert first and first.edns == 0 and first.flags & dns.flags.AA and soa(first)
        option = dns.edns.GenericOption(UNASSIGNED_OPTION, b"")
        response = ask(endpoint, query(ZONE, "SOA", edns=0, options=[option]))
        if not response:
            return {"N11_NO_RESPONSE"}
        if response.rcode() != dns.rcode.NOERROR:
            return {f"N11_UNEXPECTED_RCODE {rcode(response)}"}
        if response.edns < 0:
            return {"N11_NO_EDNS"}
        if not soa(response):
            return {"N11_UNEXPECTED_ANSWER_SECTION"}
        if not response.flags & dns.flags.AA:
            return {"N11_UNSET_AA"}
        return {"N11_RETURNS_UNKNOWN_OPTION_CODE" for o in response.options if o.otype == UNASSIGNED_OPTION}
    assert messages(addresses, case) == set()


def test_nameserver12_unknown_flags_are_cleared(addresses):
    def case(endpoint):
        found = set()
        for bit in range(15):
            response = ask(endpoint, query(ZONE, "SOA", edns=0, flags=1 << bit))
            if not response:
                found.add("NO_RESPONSE")
            elif response.rcode() == dns.rcode.FORMERR:
                found.add("NO_EDNS_SUPPORT")
            elif response.edns >= 0 and response.ednsflags & 0x7FFF:
                found.add("Z_FLAGS_NOTCLEAR")
            elif not soa(response) or response.rcode() != dns.rcode.NOERROR or response.edns != 0:
                found.add("NS_ERROR")
        return found
    assert messages(addresses, case) == set()


def test_nameserver13_truncated_answer_has_its_opt(addresses):
    def case(endpoint):
        response = ask(endpoint, query(ZONE, "DNSKEY", edns=0, flags=0x8000))
        if not response:
            return {"NO_RESPONSE"}
        if response.rcode() == dns.rcode.FORMERR:
            return {"NO_EDNS_SUPPORT"}
        assert response.flags & dns.flags.TC, "the zone's keys are too large for 512 octets, or the test tries nothing"
        if response.edns < 0:
            return {"MISSING_OPT_IN_TRUNCATED"}
        return set() if response.rcode() == dns.rcode.NOERROR and response.edns == 0 else {"NS_ERROR"}
    assert messages(addresses, case) == set()


def test_nameserver15_version_is_not_revealed(addresses):
    def case(endpoint):
        assert ask(endpoint, query(ZONE, "SOA"))
        found = set()
        for name in ("version.bind", "version.server"):
            response = ask(endpoint, query(name, "TXT", "CH"))
            if not response or response.rcode() == dns.rcode.SERVFAIL:
                found.add(f"N15_ERROR_ON_VERSION_QUERY {name}")
                continue
            texts = [rrset for rrset in response.answer if rrset.rdtype == dns.rdatatype.TXT]
            found |= {f"N15_WRONG_CLASS {name}" for rrset in texts if rrset.rdclass != dns.rdataclass.CH}
            found |= {f"N15_SOFTWARE_VERSION {name}" for rrset in texts for rdata in rrset
                      if b"".join(rdata.strings).strip(b" \t")}
        return found or {"N15_NO_VERSION_REVEALED"}
    assert messages(addresses, case) == {"N15_NO_VERSION_REVEALED"}
