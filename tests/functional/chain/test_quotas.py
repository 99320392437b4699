"""Transfers to clients: who may not have the zone takes nobody's place, and who reads slowly only his own."""
import socket
import struct

import pytest

from hostile.packets import packet, question
from hostile.primary import AXFR
from lib.bigzones import hosts_zone
from lib.wait import PATIENCE
from lib.zonetext import small_zone

ZONE = "example.com"
STRANGER, SLOW, GOOD = "127.0.0.66", "127.0.0.67", "127.0.0.68"


def serve(lab, text, **settings):
    primary, secondary = lab.make("nsd"), lab.make("understudy", **settings)
    primary.add_primary_zone(ZONE, text)
    primary.start()
    secondary.template["allow-transfer"] = [f"!{STRANGER}", "127.0.0.0/8"]
    secondary.add_secondary_zone(ZONE, primary.endpoint)
    secondary.start()
    secondary.wait_serves(ZONE, None, 60)
    return secondary


def begin_transfer(endpoint, source, buffer=None):
    """A connection that has asked for the zone and reads nothing."""
    stream = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    stream.settimeout(10 * PATIENCE)
    if buffer:
        stream.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
    stream.bind((source, 0))
    stream.connect(tuple(endpoint))
    wire = packet([question(ZONE, AXFR)])
    stream.sendall(struct.pack("!H", len(wire)) + wire)
    return stream


def rcode_of_first(stream):
    head = stream.recv(6, socket.MSG_WAITALL)
    return head[5] & 15 if len(head) == 6 else None


def test_clients_that_may_not_have_the_zone_take_nobodys_place(lab):
    """Of two hundred unauthorised requests each is refused, and none makes an authorised one wait (BIND #3589)."""
    secondary = serve(lab, small_zone(ZONE, 1), transfers_out=2)
    for _ in range(4):
        strangers = [begin_transfer(secondary.endpoint, STRANGER) for _ in range(50)]
        records = secondary.axfr(ZONE, source=GOOD, timeout=5)
        assert records[0] == records[-1]
        assert {rcode_of_first(s) for s in strangers} == {5}
        for stream in strangers:
            stream.close()
    assert secondary.cli("stats", "--json").json["serve"]["transfers_refused"] == 200


@pytest.mark.slow
def test_a_client_that_reads_slowly_takes_only_its_own_places(lab):
    secondary = serve(lab, hosts_zone(ZONE, 200000), transfers_out=8, transfers_out_per_client=4)
    slow = [begin_transfer(secondary.endpoint, SLOW, 4096) for _ in range(30)]
    try:
        records = secondary.axfr(ZONE, source=GOOD, timeout=60)
        assert len(records) > 200000
        told = [rcode_of_first(s) for s in slow]
        assert told.count(0) >= 1 and set(told) <= {0, 2, 5}, told
        assert secondary.query(f"ns1.{ZONE}").answer
    finally:
        for stream in slow:
            stream.close()
