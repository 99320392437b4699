"""Rubbish by the hundred thousand: the server lives, stays small, answers no more than it may, and as its peers do."""
import os
import random
import socket

import pytest

from abuse.flood import UdpFlood, client_hello, flood_stream, send_in_pieces, tls_context
from abuse.generate import Generator
from abuse.limits import Watch
from hostile.world import memory_kib
from lib import ask
from lib.certificate import self_signed
from lib.keys import make_key
from lib.ports import new_endpoint
from lib.wait import PATIENCE, wait_until
from lib.zonetext import big_txt, shapes_zone

ZONE = "example.com"
KEY = make_key()
QUICK, BIG = 30_000, 1_000_000
PART = 1000
CONTEXT = tls_context()
GROWTH_KIB = 8 << 10  # once warm; what a sanitizer keeps of freed memory is held small by its option


@pytest.fixture
def server(lab, monkeypatch):
    monkeypatch.setenv("ASAN_OPTIONS", os.environ.get("ASAN_OPTIONS", "") + ":quarantine_size_mb=4")
    primary = lab.make("nsd")
    primary.add_primary_zone(ZONE, shapes_zone(ZONE, 1, extra="".join(big_txt(f"big{n}", 100) for n in range(60))))
    primary.start()
    ours, certificate = lab.make("understudy"), self_signed(lab.folder)
    ours.tls = new_endpoint()
    ours.settings["tls"] = {"listen": [ours.tls.text], **dict(zip(("certificate", "key"), map(str, certificate)))}
    ours.keys = [KEY]
    ours.template["allow-transfer"] = ["127.0.0.0/8"]
    ours.add_secondary_zone(ZONE, primary.endpoint)
    ours.start()
    wait_until(lambda: ours.soa_serial(ZONE, timeout=1), 20, "transferred")
    return ours


def new_seed(usual=0):
    """HOSTILE_SEED, else the usual one of the test, else (0) a new one each time."""
    seed = int(os.environ.get("HOSTILE_SEED", "0")) or usual or random.SystemRandom().randrange(1, 1 << 30)
    print("HOSTILE_SEED", seed)
    return seed


def signed_requests():
    return [ask.make(ZONE, rdtype, key=KEY).to_wire() for rdtype in ("A", "SOA", "AXFR", "IXFR")]


def flood(server, count, record_figure):
    """Of a hundred requests ninety by UDP and ten over TCP and TLS; memory is looked at ten times."""
    seed = new_seed()
    generator, chance = Generator(ZONE, seed, signed_requests()), random.Random(seed)
    watch, memory = Watch(), []
    with UdpFlood(server.endpoint, ZONE, watch) as udp:
        for part in range(count // PART):
            udp.send(generator.many(PART * 9 // 10))
            over_streams(server, generator, chance, watch, PART // 10)
            if part % (count // PART // 10) == 0:
                memory.append(memory_kib(server))
    print(watch.summary(), "memory KiB", memory)
    record_figure("growth of memory under rubbish", memory[-1] - memory[2], "KiB")
    assert watch.answers > count / 4
    counters = server.cli("stats", "--json").json["serve"]
    assert all(counters[f"queries_{way}"] > count / 100 for way in ("udp", "tcp", "tls")), counters
    assert memory[-1] - memory[2] < GROWTH_KIB, memory
    assert server.query(f"www.{ZONE}").answer and server.process.running


def over_streams(server, generator, chance, watch, count):
    """Over connections of up to 40 requests, by TCP and TLS, and to the port of TLS what is no TLS."""
    while count > 0:
        requests = generator.many(chance.randrange(1, 40))
        count -= len(requests)
        kind = chance.randrange(8)
        with connect(server.endpoint if kind < 4 else server.tls) as stream:
            if kind < 4:
                flood_stream(stream, requests, chance, watch)
            elif kind < 7:
                with CONTEXT.wrap_socket(stream) as secured:
                    flood_stream(secured, requests, chance, watch)
            else:
                disturb_handshake(stream, generator, chance)


def disturb_handshake(stream, generator, chance):
    """A question in clear, a damaged greeting, or one that is cut."""
    hello = bytearray(client_hello())
    for _ in range(chance.randrange(4)):
        hello[chance.randrange(len(hello))] = chance.randrange(256)
    data = chance.choice((bytes(hello), bytes(hello[:chance.randrange(len(hello))]), generator.one(),
                          b"\x16\x03\x01\xff\xff" + chance.randbytes(chance.randrange(2000))))
    try:
        send_in_pieces(stream, data, chance)
        stream.shutdown(socket.SHUT_WR)
        while stream.recv(1 << 16):
            pass
    except OSError:
        pass  # closed at once is well done


def connect(endpoint):
    stream = socket.create_connection(tuple(endpoint), 10 * PATIENCE)
    stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return stream


def test_rubbish_is_survived(server, record_figure):
    flood(server, QUICK, record_figure)


@pytest.mark.big
def test_a_million_packets_of_rubbish_are_survived(server, record_figure):
    flood(server, BIG, record_figure)
