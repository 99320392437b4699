"""Clients that send half of something, or nothing, and those that never read: none disturbs the others.

Rubbish in quantity is the business of abuse/test_packets.py."""
import os
import socket
import struct
import time

import pytest

from hostile.packets import packet, question
from hostile.world import memory_kib
from lib import ask
from lib.stream import QuestionStream
from lib.wait import PATIENCE, wait_until
from lib.zonetext import big_txt, shapes_zone

ZONE = "example.com"


@pytest.fixture
def server(lab):
    """Ours with a zone big enough that a transfer fills any socket buffer."""
    primary = lab.make("nsd")
    primary.add_primary_zone(ZONE, shapes_zone(ZONE, 1, extra="".join(big_txt(f"big{n}", 100) for n in range(60))))
    primary.start()
    ours = lab.make("understudy", key=None, tcp_clients=400)
    ours.template["allow-transfer"] = ["127.0.0.0/8"]
    ours.add_secondary_zone(ZONE, primary.endpoint)
    ours.start()
    wait_until(lambda: ours.soa_serial(ZONE, timeout=1), 20, "transferred")
    return ours


def connect(server, source=None):
    return socket.create_connection(tuple(server.endpoint), 5 * PATIENCE,
                                    source_address=(source, 0) if source else None)


def framed(wire):
    return struct.pack("!H", len(wire)) + wire


def read_until_closed(stream, seconds):
    """Octets until the server closes (or resets), which it must within the time."""
    stream.settimeout(seconds * PATIENCE)
    data = b""
    try:
        while part := stream.recv(65535):
            data += part
    except ConnectionError:
        pass
    return data


def test_zero_length_frame_and_silence_are_closed(server):
    streams = [connect(server) for _ in range(5)]
    for stream, first in zip(streams, (b"\0\0", b"", b"\0", b"\xff\xff", struct.pack("!H", 40) + b"x" * 39)):
        stream.sendall(first)
    for stream in streams:
        with stream:
            assert read_until_closed(stream, 8) == b""
    assert server.query(f"www.{ZONE}", tcp=True).answer


def test_largest_frame_is_taken_and_answered_formerr(server):
    for body in (os.urandom(12) + bytes(65523), packet([question(f"www.{ZONE}")]).ljust(65535, b"\0")):
        wire = body[:2] + b"\0" + body[3:]
        with connect(server) as stream:
            stream.sendall(framed(wire) + framed(packet([question(f"www.{ZONE}")])))
            stream.shutdown(socket.SHUT_WR)
            assert read_until_closed(stream, 8).count(body[:2]) >= 1
    assert server.query(f"www.{ZONE}", tcp=True).answer


def transfers_never_read(server, clients):
    """Connections that ask for twenty transfers each and read nothing."""
    streams, request = [], framed(packet([question(ZONE, 252)]))
    for number in range(clients):
        stream = socket.socket()
        stream.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        stream.bind((f"127.88.0.{number + 1}", 0))
        stream.settimeout(5 * PATIENCE)
        stream.connect(tuple(server.endpoint))
        stream.sendall(request * 20)
        streams.append(stream)
    return streams


def open_connections(server):
    return server.cli("stats", "--json").json["tcp"]["open"]


def test_clients_that_never_read_cost_little(server):
    before = memory_kib(server)
    streams = transfers_never_read(server, 60)
    try:
        with QuestionStream(server.endpoint, [f"www.{ZONE}"]) as questions:
            for _ in range(20):
                assert server.query(f"www.{ZONE}", tcp=True).answer
        assert not questions.problems
        assert memory_kib(server) < before + (64 << 10)
    finally:
        for stream in streams:
            stream.close()
    wait_until(lambda: open_connections(server) == 0, 10, "those who went are forgotten")


@pytest.mark.slow
def test_clients_that_never_read_are_dropped(server):
    streams = transfers_never_read(server, 60)
    try:
        wait_until(lambda: open_connections(server) == 0, 40, "those who do not read are dropped")
    finally:
        for stream in streams:
            stream.close()


def test_slow_senders_are_closed_in_time(server):
    """An octet now and then is no progress: the whole first request has its time."""
    wire = framed(packet([question(f"www.{ZONE}")]))
    with connect(server) as stream:
        begin = time.monotonic()
        stream.settimeout(0.2)
        sent, closed = 0, False
        while not closed and time.monotonic() < begin + 8 * PATIENCE:
            try:
                if sent < len(wire) - 1:
                    stream.send(wire[sent:sent + 1])
                    sent += 1
                closed = stream.recv(1) == b""
            except socket.timeout:
                continue
            except ConnectionError:
                closed = True
        assert closed and time.monotonic() - begin < 8 * PATIENCE
    assert server.query(f"www.{ZONE}", tcp=True).answer


def test_thousands_of_connections_leave_room_for_others(server):
    """More than there is room for, from many addresses, all idle: a newcomer is served all the same."""
    streams = []
    try:
        with QuestionStream(server.endpoint, [f"www.{ZONE}"]) as questions:
            for number in range(2000):
                try:
                    streams.append(connect(server, f"127.99.{number % 50}.{number // 50 + 1}"))
                except OSError:
                    pass
                if number % 100 == 0:
                    assert ask.query(server.endpoint, f"www.{ZONE}", tcp=True, source="127.0.0.3").answer
        assert not questions.problems
        stats = server.cli("stats", "--json").json["tcp"]
        print(stats)
        assert stats["open"] <= 402
    finally:
        for stream in streams:
            stream.close()
    assert server.query(f"www.{ZONE}", tcp=True).answer


def test_one_client_cannot_take_all_connections(server):
    """From one address, all busy with a first request that does not come: others are not touched."""
    streams = []
    try:
        for _ in range(600):
            streams.append(connect(server, "127.0.0.5"))
        for number in range(20):
            assert ask.query(server.endpoint, f"www.{ZONE}", tcp=True, source=f"127.0.1.{number + 1}").answer
    finally:
        for stream in streams:
            stream.close()
