"""What is said to rubbish (an rcode, or nothing) is what NSD, Knot and BIND say, where these three agree."""
import collections
import select
import socket
import struct

import pytest

from abuse.generate import Generator
from abuse.limits import skip_name
from abuse.test_packets import new_seed
from compliance.wire import Answer, BadAnswer
from hostile.packets import packet, question
from lib.wait import PATIENCE
from lib.zonetext import shapes_zone

# The same rubbish each time: what peers say to new rubbish is found by HOSTILE_SEED=..., and then decided once.
USUAL_SEED = 20261126

ZONE = "example.com"
PEERS = ("nsd", "knot", "bind")
QUICK, FULL = 1_500, 20_000
SILENCE = "silence"
ALONE_S = 0.2 * PATIENCE  # before a second request goes to a server that loses errors from among others
OPT, TSIG = 41, 250


@pytest.fixture
def servers(lab):
    """One primary and four secondaries of it; none has a key."""
    primary = lab.make("nsd")
    primary.add_primary_zone(ZONE, shapes_zone(ZONE, 1))
    primary.start()
    found = {}
    for kind in ("understudy",) + PEERS:
        server = found[kind] = lab.make(kind)
        server.add_secondary_zone(ZONE, primary.endpoint)
        server.start()
        server.wait_serves(ZONE)
    return found


def outcome(answer):
    if answer is None:
        return SILENCE
    try:
        return Answer(answer).rcode
    except BadAnswer:  # a peer's own way to say it
        return answer[3] & 15


class Asker:
    """One socket to one server; alone: NSD 4.6 loses errors when it reads the request together with another one."""

    def __init__(self, endpoint, alone):
        self.socket = socket.socket(endpoint.family, socket.SOCK_DGRAM)
        self.socket.connect(tuple(endpoint))
        self.alone, self.number = alone, 0

    def ask(self, request, seconds):
        """The answer, None: none was given until a good question behind it was answered, and for the time given."""
        self.number = (self.number + 2) & 0xFFFF
        mine, marker = struct.pack("!H", self.number), struct.pack("!H", self.number + 1)
        self.socket.send(mine[:len(request)] + request[2:])
        if self.alone and select.select([self.socket], [], [], ALONE_S)[0]:
            received = self.socket.recv(65535)
            assert received[:2] == mine
            return received
        self.socket.send(marker + packet([question(f"www.{ZONE}")])[2:])
        answer, marker_came, wait_s = None, False, 2 * PATIENCE
        while not (answer and marker_came) and select.select([self.socket], [], [], wait_s)[0]:
            received = self.socket.recv(65535)
            if received[:2] == mine:
                answer = received
            elif received[:2] == marker:
                marker_came, wait_s = True, seconds
        return answer


def classify(servers, requests, seconds):
    """[{kind: outcome}] of all requests."""
    results = [{} for _ in requests]
    for kind, server in servers.items():
        asker = Asker(server.endpoint, kind == "nsd")
        with asker.socket:
            for request, result in zip(requests, results):
                result[kind] = outcome(asker.ask(request, seconds))
    return results


def records(request):
    """(type, TTL) of the records behind the question, as far as they can be read."""
    qdcount, *counts = struct.unpack("!4H", request[4:12])
    at, found = 12, []
    for _ in range(qdcount):
        at = skip_name(request, at) + 4
    for _ in range(sum(counts)):
        at = skip_name(request, at)
        if at + 10 > len(request):
            break
        rdtype, _, ttl, length = struct.unpack("!HHIH", request[at:at + 10])
        found.append((rdtype, ttl))
        at += 10 + length
    return found


def has_unknown_version(request):
    """And some other fault: the version is told first, since nobody knows what a later one may look like."""
    return any(rdtype == OPT and ttl >> 16 & 255 for rdtype, ttl in records(request))


def gives_a_version(request):
    """ZONEVERSION with a value, which is malformed in a request (RFC 9660); these peers do not know the option."""
    return any(request[i:i + 2] == b"\0\x13" and request[i + 2:i + 4] != b"\0\0" for i in range(12, len(request) - 3))


EXCUSES = (has_unknown_version, gives_a_version)


def is_alone(result):
    """The peers agree with each other and not with us."""
    peers = {result[kind] for kind in PEERS}
    return len(peers) == 1 and result["understudy"] not in peers


def compare(servers, count):
    requests = [r for r in Generator(ZONE, new_seed(USUAL_SEED)).many(count) if len(r) >= 12 and not r[2] & 0x80]
    results = classify(servers, requests, 0.001)
    print("outcomes", collections.Counter(tuple(map(str, result.values())) for result in results).most_common(30))
    suspects = [request for request, result in zip(requests, results)
                if is_alone(result) and not any(excuse(request) for excuse in EXCUSES)]
    again = classify(servers, suspects, 0.3 * PATIENCE)  # what was only late counts for nothing
    return [(request, result) for request, result in zip(suspects, again) if is_alone(result)]


def describe(found):
    return "\n".join(f"we {result['understudy']}, they {result['nsd']}: {request.hex()}"
                     for request, result in found[:20])


def test_what_is_no_request_is_not_answered(servers):
    """Too short for a header, or an answer: nobody says anything, so that two servers can not keep each other busy."""
    requests = [r for r in Generator(ZONE, new_seed(USUAL_SEED)).many(1000) if len(r) > 2 and (len(r) < 12 or r[2] & 0x80)]
    results = classify({"understudy": servers["understudy"]}, requests, 0.01)
    answered = [r.hex() for r, result in zip(requests, results) if result["understudy"] != SILENCE]
    assert len(requests) > 20 and not answered


def test_rubbish_is_classified_as_by_the_peers(servers):
    found = compare(servers, QUICK)
    assert not found, f"{len(found)} of {QUICK}\n{describe(found)}"


@pytest.mark.slow
def test_much_rubbish_is_classified_as_by_the_peers(servers):
    found = compare(servers, FULL)
    assert not found, f"{len(found)} of {FULL}\n{describe(found)}"
