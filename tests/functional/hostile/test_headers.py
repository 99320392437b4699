"""Headers that nobody sends: answered as NSD, Knot and BIND do, wherever the three agree."""
import select
import socket
import struct

import dns.exception
import dns.rcode
import pytest

from hostile.packets import odd_headers
from lib import ask
from lib.keys import make_key
from lib.wait import PATIENCE, wait_until
from lib.zonetext import shapes_zone

ZONE = "example.com"



def outcome(wire):
    """What counts: silence, or rcode and the flags and sections that a client acts on."""
    if wire is None:
        return "silence"
    if len(wire) < 12:
        return f"{len(wire)} octets"
    flags, qd, an, ns, ar = struct.unpack("!5H", wire[2:12])
    rcode = flags & 15
    if flags & 0x00C0:
        return "RA or Z is set"
    if rcode == 0:
        return f"rcode 0{' AA' if flags & 0x400 else ''}{' TC' if flags & 0x200 else ''} answers {min(an, 1)}"
    return f"rcode {rcode}"


def ask_all(endpoint, table):
    """label -> answer octets or None.  Silence is known by the answer to a later question on the same socket."""
    answers = {}
    with socket.socket(endpoint.family, socket.SOCK_DGRAM) as udp:
        udp.connect(tuple(endpoint))
        for number, (label, wire) in enumerate(table.items()):
            marker = struct.pack("!H", 0x8000 + number)
            answers[label] = None
            udp.send(wire)
            for _ in range(3):
                udp.send(marker + table["plain"][2:])
                found = receive_until(udp, marker)
                if found is not None:
                    answers[label] = found[-1] if found else None
                    break
    return answers


def receive_until(udp, marker):
    """Answers that came before the one with the marker's ID, or None if that never came."""
    before = []
    while select.select([udp], [], [], 1.0 * PATIENCE)[0]:
        wire = udp.recv(65535)
        if wire[:2] == marker:
            # several threads of a server may answer out of order: what is late is still taken
            while not before and select.select([udp], [], [], 0.03)[0]:
                late = udp.recv(65535)
                if late[:2] != marker:
                    before.append(late)
            return before
        before.append(wire)
    return None


@pytest.fixture
def four(lab):
    """Ours and three peers, all primaries or secondaries of the same zone."""
    text = shapes_zone(ZONE, 1)
    servers = {kind: lab.make(kind) for kind in ("nsd", "knot", "bind")}
    for server in servers.values():
        server.add_primary_zone(ZONE, text)
        server.start()
    ours = lab.make("understudy")
    ours.add_secondary_zone(ZONE, servers["nsd"].endpoint)
    ours.start()
    wait_until(lambda: ours.soa_serial(ZONE, timeout=1), 20, "transferred")
    return {"ours": ours, **servers}


def test_odd_headers_are_answered_as_others_do(four):
    table = odd_headers(ZONE)
    answers = {kind: ask_all(server.endpoint, table) for kind, server in four.items()}
    problems, differences = [], []
    for label in table:
        outcomes = {kind: outcome(answers[kind][label]) for kind in four}
        peers = {outcomes[k] for k in four if k != "ours"}
        line = f"{label:28} " + "  ".join(f"{k}: {o}" for k, o in outcomes.items())
        if len(peers) == 1 and outcomes["ours"] not in peers:
            problems.append(line)
        elif outcomes["ours"] not in peers:
            differences.append(line)
    print("\n".join(["ours is not any of the peers', who differ:"] + differences))
    assert not problems, f"{len(problems)} of {len(table)} differ from all peers:\n" + "\n".join(problems)


def test_signed_questions_about_zones_not_held_are_answered_signed(lab):
    """RFC 8945 section 5.2: a key is known or not, whatever the question is about."""
    key = make_key()
    servers = {kind: lab.make(kind, key=key) for kind in ("nsd", "knot", "bind")}
    for server in servers.values():
        server.add_primary_zone(ZONE, shapes_zone(ZONE, 1))
        server.start()
    ours = lab.make("understudy", key=key)
    ours.add_secondary_zone(ZONE, servers["nsd"].endpoint)
    ours.start()
    wait_until(lambda: ours.soa_serial(ZONE, timeout=1), 20, "transferred")
    problems = []
    for rdclass, rdtype, owner in (("IN", "A", "www.other.test"), ("CH", "TXT", f"www.{ZONE}"),
                                   ("IN", "A", f"www.{ZONE}"), ("IN", "AXFR", "other.test")):
        seen = {kind: signed_outcome(server.endpoint, owner, rdtype, rdclass, key)
                for kind, server in {**servers, "ours": ours}.items()}
        print(owner, rdclass, rdtype, seen)
        if seen["ours"] not in [seen[kind] for kind in servers]:
            problems.append((owner, rdclass, rdtype, seen))
    assert not problems, problems


def signed_outcome(endpoint, owner, rdtype, rdclass, key):
    """rcode, and whether the answer is signed with the key."""
    try:
        answer = ask.query(endpoint, owner, rdtype, rdclass=rdclass, key=key, tcp=True)
    except dns.exception.DNSException as error:
        return type(error).__name__
    return dns.rcode.to_text(answer.rcode()), answer.had_tsig
