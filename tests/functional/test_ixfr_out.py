"""IXFR from us to BIND, Knot, NSD and dnspython: it flows through, also after a restart of ours; signed, by UDP and TCP."""
import dns.query
import dns.rdatatype
import dns.xfr
import dns.zone
import pytest

from ixfr.follow import ZONE
from lib.changing import ChangingZone
from lib.keys import make_key
from lib.records import canonical, difference
from lib.wait import wait_until

CLIENTS = ("bind", "knot", "nsd")
CHANGES = 6


class Chain:
    """A primary that gives IXFR, ours behind it, and a client of ours."""

    def __init__(self, lab, kind, key=None):
        self.zone = ChangingZone(ZONE, 4711, 80, (None,))
        self.primary, self.ours = lab.make("knot", key=key), lab.make("understudy", key=key)
        self.client = lab.make(kind) if kind else None
        self.primary.ixfr = True
        self.primary.add_primary_zone(ZONE, self.zone.text(), notify=[self.ours.endpoint])
        notify = {"notify": [self.client.endpoint.text]} if kind else {}
        self.ours.add_secondary_zone(ZONE, self.primary.endpoint, **notify)
        self.primary.start()
        self.ours.start()
        self.ours.wait_serves(ZONE, self.zone.serial, 20)
        if kind:
            self.client.ixfr = True
            self.client.add_secondary_zone(ZONE, self.ours.endpoint)
            self.client.start()
            self.wait_client()

    def change(self, size=10):
        self.zone.change(size)
        self.primary.set_zone(ZONE, self.zone.text())
        self.ours.wait_serves(ZONE, self.zone.serial, 30)

    def wait_client(self):
        """It has what the primary has."""
        self.client.wait_serves(ZONE, self.zone.serial, 60)
        problem = difference(canonical(self.client.axfr(ZONE)), canonical(self.primary.axfr(ZONE)), "client", "primary")
        assert not problem, problem

    def sent(self, kind):
        """Transfers of this kind that ours has sent to their end."""
        return sum("peer.transfer-out" in line and f"kind={kind}" in line and "result=done" in line
                   for line in self.ours.process.log_text().splitlines())


@pytest.mark.parametrize("kind", CLIENTS)
def test_differences_flow_through_to_a_client(lab, kind):
    chain = Chain(lab, kind)
    before = chain.sent("IXFR")
    for _ in range(CHANGES):
        chain.change()
        chain.wait_client()
    assert chain.sent("IXFR") >= before + CHANGES


# NSD 4.6 writes its zone file later than it notes the serial, and asks for differences that do not fit what it reads.
@pytest.mark.parametrize("kind", ("bind", "knot"))
def test_differences_flow_through_after_a_restart_of_ours(lab, kind):
    chain = Chain(lab, kind)
    chain.change()
    chain.wait_client()
    before = chain.sent("IXFR")
    chain.client.stop()
    for _ in range(3):
        chain.change()
    chain.ours.kill9()
    chain.ours.start()
    chain.client.start()
    whole = chain.sent("AXFR")
    chain.change()  # the client is told of this one; it is four versions behind
    chain.wait_client()
    wait_until(lambda: chain.sent("IXFR") > before, 20, "the differences of before the restart were sent")
    assert chain.sent("AXFR") == whole


def ixfr(chain, zone, udp):
    """dnspython takes what comes into a zone that it has, and fails where it does not fit."""
    query, _ = dns.xfr.make_query(zone)
    if chain.ours.key:
        query.use_tsig(chain.ours.key.dnspython)
    assert query.question[0].rdtype == dns.rdatatype.IXFR
    mode = dns.query.UDPMode.TRY_FIRST if udp else dns.query.UDPMode.NEVER
    address, port = chain.ours.endpoint
    dns.query.inbound_xfr(address, zone, query, port=port, timeout=10, lifetime=20, udp_mode=mode)


def held(server):
    zone = dns.zone.Zone(ZONE + ".", relativize=False)
    with zone.writer() as writer:
        for rrset in server.axfr(ZONE)[:-1]:
            writer.add(rrset.name, rrset.to_rdataset())
    return zone


@pytest.mark.parametrize("udp", (False, True), ids=("tcp", "udp"))
@pytest.mark.parametrize("key", (None, make_key()), ids=("unsigned", "signed"))
def test_dnspython_applies_what_we_send(lab, key, udp):
    chain = Chain(lab, None, key)
    zone = held(chain.ours)
    for steps in (1, 1, 3):
        for _ in range(steps):
            chain.change(3)
        ixfr(chain, zone, udp)
        assert zone == held(chain.ours)
    assert chain.sent("IXFR") >= 3
