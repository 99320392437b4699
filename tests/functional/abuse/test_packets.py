"""Rubbish by the hundred thousand: the server lives, stays small, answers no more than it may, and as its peers do."""
import os
import random
import socket

import pytest

from abuse.flood import UdpFlood, flood_stream
from abuse.generate import Generator
from abuse.limits import Watch
from hostile.world import memory_kib
from lib import ask
from lib.keys import make_key
from lib.wait import PATIENCE, wait_until
from lib.zonetext import big_txt, shapes_zone

ZONE = "example.com"
KEY = make_key()
QUICK, BIG = 30_000, 1_000_000
PART = 1000
GROWTH_KIB = 8 << 10  # once warm; what a sanitizer keeps of freed memory is held small by its option


@pytest.fixture
def server(lab, monkeypatch):
    monkeypatch.setenv("ASAN_OPTIONS", os.environ.get("ASAN_OPTIONS", "") + ":quarantine_size_mb=4")
    primary = lab.make("nsd")
    primary.add_primary_zone(ZONE, shapes_zone(ZONE, 1, extra="".join(big_txt(f"big{n}", 100) for n in range(60))))
    primary.start()
    ours = lab.make("understudy")
    ours.keys = [KEY]
    ours.template["allow-transfer"] = ["127.0.0.0/8"]
    ours.add_secondary_zone(ZONE, primary.endpoint)
    ours.start()
    wait_until(lambda: ours.soa_serial(ZONE, timeout=1), 20, "transferred")
    return ours


def new_seed():
    seed = int(os.environ.get("HOSTILE_SEED", "0")) or random.SystemRandom().randrange(1, 1 << 30)
    print("HOSTILE_SEED", seed)
    return seed


def signed_requests():
    return [ask.make(ZONE, rdtype, key=KEY).to_wire() for rdtype in ("A", "SOA", "AXFR", "IXFR")]


def flood(server, count, record_figure):
    """Of a hundred requests ninety by UDP and ten over TCP; memory is looked at ten times."""
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
    assert memory[-1] - memory[2] < GROWTH_KIB, memory
    assert server.query(f"www.{ZONE}").answer and server.process.running


def over_streams(server, generator, chance, watch, count):
    """Over connections of up to 40 requests."""
    while count > 0:
        requests = generator.many(chance.randrange(1, 40))
        count -= len(requests)
        with connect(server) as stream:
            flood_stream(stream, requests, chance, watch)


def connect(server):
    stream = socket.create_connection(tuple(server.endpoint), 10 * PATIENCE)
    stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return stream


def test_rubbish_is_survived(server, record_figure):
    flood(server, QUICK, record_figure)


@pytest.mark.big
def test_a_million_packets_of_rubbish_are_survived(server, record_figure):
    flood(server, BIG, record_figure)
