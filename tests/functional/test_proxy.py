"""PROXY protocol, version 2: the client that a listed proxy names is the one who asks, over UDP, TCP and TLS."""
import contextlib
import select
import socket
import ssl
import struct
import subprocess

import dns.message
import dns.rcode
import dns.rdatatype
import pytest

from lib import ask, certificates
from lib.ports import Endpoint, new_port
from lib.records import difference, record_set
from lib.wait import PATIENCE, wait_until
from lib.zonetext import small_zone

ZONE, PROXY, STRANGER = "example.com", "127.0.0.9", "127.0.0.8"
FRIEND, FOE = "192.0.2.7", "198.51.100.7"
SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"


@pytest.fixture
def server(lab, tmp_path):
    """Only FRIEND and its like may ask and transfer; nobody has these addresses here."""
    tls = Endpoint("127.0.0.1", new_port("127.0.0.1"))
    certificate = certificates.make(tmp_path, "ns.example.com")
    primary, secondary = lab.make("nsd"), lab.make("understudy", allow_proxy=[PROXY, "127.0.1.0/24"], tls={
        "listen": [tls.text], "certificate": certificate.certificate, "key": certificate.key})
    primary.add_primary_zone(ZONE, small_zone(ZONE, 1))
    secondary.add_secondary_zone(ZONE, primary.endpoint)
    secondary.template.update({"allow-query": ["192.0.2.0/24", "2001:db8::/32"], "allow-transfer": [FRIEND]})
    secondary.tls, secondary.primary = tls, primary
    primary.start()
    secondary.start()
    wait_until(lambda: secondary.status(ZONE)["serial"] == 1, 10, "first transfer")
    return secondary


def header(source, transport=1, command=1, extra=b""):
    """As proxies make it; the destination does not matter."""
    family = socket.AF_INET6 if ":" in source else socket.AF_INET
    body = socket.inet_pton(family, source) * 2 + struct.pack("!HH", 4711, 53) + extra
    kind = (0x20 if family == socket.AF_INET6 else 0x10) | transport
    return SIGNATURE + struct.pack("!BBH", 0x20 | command, kind, len(body)) + body


def by_udp(server, first, message=None, source=PROXY, seconds=5.0):
    """The answer's RCODE, or None when none came."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        udp.bind((source, 0))
        udp.connect(tuple(server.endpoint))
        udp.send(first + (message or ask.make(f"www.{ZONE}")).to_wire())
        if not select.select([udp], [], [], seconds * PATIENCE if seconds > 1 else seconds)[0]:
            return None
        return dns.message.from_wire(udp.recv(65535)).rcode()


@contextlib.contextmanager
def stream_of(server, first, source=PROXY, tls=False):
    """A connection that begins with `first`."""
    endpoint = server.tls if tls else server.endpoint
    plain = socket.create_connection(tuple(endpoint), 10 * PATIENCE, source_address=(source, 0))
    with plain:
        plain.sendall(first)
        if not tls:
            yield plain
            return
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        with context.wrap_socket(plain) as stream:
            yield stream


def read_exactly(stream, length):
    data = b""
    while len(data) < length:
        part = stream.recv(length - len(data))
        assert part, "closed"
        data += part
    return data


def read_message(stream, **how):
    return dns.message.from_wire(read_exactly(stream, struct.unpack("!H", read_exactly(stream, 2))[0]), **how)


def send(stream, message):
    wire = message.to_wire()
    stream.sendall(struct.pack("!H", len(wire)) + wire)


def by_stream(server, first, tls=False, source=PROXY):
    with stream_of(server, first, source, tls) as stream:
        send(stream, ask.make(f"www.{ZONE}"))
        return read_message(stream).rcode()


def is_closed(server, octets, source=PROXY):
    with stream_of(server, octets, source) as stream:
        with contextlib.suppress(ConnectionError):
            return stream.recv(1) == b""
        return True


def stats(server, group):
    return server.cli("stats", "--json").json[group]


WAYS = {"udp": by_udp, "tcp": by_stream, "tls": lambda *all: by_stream(*all, tls=True)}


@pytest.mark.parametrize("way", WAYS)
def test_access_list_sees_the_client_behind_the_proxy(server, way):
    transport = 2 if way == "udp" else 1
    for source in (FRIEND, "192.0.2.200", "2001:db8::7", "::ffff:192.0.2.7"):
        assert WAYS[way](server, header(source, transport)) == dns.rcode.NOERROR, source
    for source in (FOE, "2001:db9::7", "127.0.0.1"):
        assert WAYS[way](server, header(source, transport)) == dns.rcode.REFUSED, source
    assert WAYS[way](server, header(FRIEND, transport, extra=b"\x04\x03\xe8" + b"\0" * 1000)) == dns.rcode.NOERROR
    assert stats(server, "udp" if way == "udp" else "tcp")["proxied"] == 8


@pytest.mark.parametrize("way", WAYS)
def test_proxy_that_asks_for_itself_is_judged_by_its_own_address(server, way):
    local = SIGNATURE + b"\x20\0\0\0"
    for first in (b"", local, header(FRIEND, command=0), SIGNATURE + b"\x21\0\0\0"):
        assert WAYS[way](server, first) == dns.rcode.REFUSED, first


def kdig(server, source, *words):
    done = subprocess.run(["kdig", f"@{server.endpoint.address}", "-p", str(server.endpoint.port), "-b", PROXY, "+retry=0",
                           f"+proxy={source}#4711-203.0.113.1#53", *words], capture_output=True, text=True,
                          timeout=60 * PATIENCE, check=False)
    return done.stdout + done.stderr


def test_kdig_as_a_proxy_is_understood(server):
    for way in ("+notcp", "+tcp"):
        assert "status: NOERROR" in kdig(server, FRIEND, way, f"www.{ZONE}"), way
        assert "status: REFUSED" in kdig(server, FOE, way, f"www.{ZONE}"), way


@pytest.mark.parametrize("tls", (False, True), ids=("tcp", "tls"))
def test_transfer_is_admitted_by_the_headers_address(server, tls):
    records = []
    with stream_of(server, header(FRIEND), tls=tls) as stream:
        send(stream, ask.make(ZONE, "AXFR", payload=None))
        while sum(r.rdtype == dns.rdatatype.SOA for r in records) < 2:
            answer = read_message(stream, xfr=True, one_rr_per_rrset=True)
            assert answer.rcode() == dns.rcode.NOERROR
            records += answer.answer
    assert not difference(record_set(records), record_set(server.primary.axfr(ZONE)), "by the proxy", "primary")
    with stream_of(server, header("192.0.2.8"), tls=tls) as stream:
        send(stream, ask.make(ZONE, "AXFR", payload=None))
        assert read_message(stream, xfr=True).rcode() == dns.rcode.REFUSED
    log = server.process.log_text()
    assert FRIEND in log and "192.0.2.8" in log and PROXY not in log


def test_header_and_questions_may_be_cut_anywhere(server):
    with stream_of(server, b"") as stream:
        stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        wire = ask.make(f"www.{ZONE}").to_wire()
        for octet in header("2001:db8::7", extra=b"\x04\0\x01x") + struct.pack("!H", len(wire)) + wire:
            stream.sendall(bytes([octet]))
        assert read_message(stream).rcode() == dns.rcode.NOERROR


def test_strangers_cannot_say_for_whom_they_ask(server):
    assert by_udp(server, header(FRIEND, 2), source=STRANGER, seconds=0.3) is None
    assert is_closed(server, header(FRIEND), STRANGER)
    with pytest.raises((OSError, AssertionError)):
        by_stream(server, header(FRIEND), tls=True, source=STRANGER)
    assert by_udp(server, b"", source=STRANGER) == dns.rcode.REFUSED  # and are served like anybody
    assert stats(server, "udp")["proxy_refused"] == 1 and stats(server, "tcp")["proxy_refused"] == 1


def test_list_changes_with_a_reload(server):
    with stream_of(server, header(FRIEND)) as before:
        server.settings["allow_proxy"] = [STRANGER]
        server.reload()
        wait_until(lambda: by_udp(server, header(FRIEND, 2), source=STRANGER, seconds=0.3) == dns.rcode.NOERROR, 10,
                   "the new proxy is believed")
        assert by_stream(server, header(FRIEND), source=STRANGER) == dns.rcode.NOERROR
        assert by_udp(server, header(FRIEND, 2), seconds=0.3) is None and is_closed(server, header(FRIEND))
        send(before, ask.make(f"www.{ZONE}"))
        assert read_message(before).rcode() == dns.rcode.NOERROR, "who has come stays who it was"


def test_without_a_list_a_header_is_garbage_that_gains_nothing(lab):
    server = lab.make("understudy").start()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        udp.connect(tuple(server.endpoint))
        packet = header(FRIEND, 2) + ask.make(f"www.{ZONE}").to_wire()
        udp.send(packet)
        udp.settimeout(5 * PATIENCE)
        answer = udp.recv(65535)
    assert len(answer) <= len(packet) and answer[3] & 0xF == dns.rcode.NOTIMP  # the signature reads as opcode 1
    assert is_closed(server, header(FRIEND))


def test_headers_that_cannot_be_read_are_dropped_and_counted(server):
    good = header(FRIEND)
    bad = (good[:12] + b"\x11" + good[13:], good[:12] + b"\x22" + good[13:], good[:13] + b"\x51" + good[14:],
           good[:13] + b"\x13" + good[14:], good[:14] + b"\0\x0b" + good[16:], good[:14] + b"\xff\xff" + good[16:],
           b"PROXY TCP4 192.0.2.7 203.0.113.1 4711 53\r\n")
    for octets in bad:
        assert by_udp(server, octets, seconds=0.1) is None, octets
        assert is_closed(server, octets), octets
    for cut in (13, 20, 27):
        assert by_udp_raw(server, good[:cut]) is None
    assert stats(server, "udp")["proxy_malformed"] == len(bad) + 3
    assert stats(server, "tcp")["proxy_malformed"] == len(bad)
    assert by_udp(server, header(FRIEND, 2)) == dns.rcode.NOERROR


def by_udp_raw(server, packet):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        udp.bind((PROXY, 0))
        udp.connect(tuple(server.endpoint))
        udp.send(packet)
        return udp.recv(65535) if select.select([udp], [], [], 0.1)[0] else None


def test_clients_behind_a_proxy_have_a_share_of_connections_each(lab):
    """Two connections of one client at each of two workers at most, while its proxy has many."""
    server = lab.make("understudy", allow_proxy=[PROXY], tcp_clients=100, tcp_clients_per_address=4).start()
    with contextlib.ExitStack() as open_ones:
        streams = [open_ones.enter_context(stream_of(server, header(f"192.0.2.{i % 25}"))) for i in range(50)]
        for stream in streams:
            send(stream, ask.make("www.example"))
            assert read_message(stream).rcode() == dns.rcode.REFUSED
        before = stats(server, "tcp")
        many = [open_ones.enter_context(stream_of(server, header(FRIEND))) for _ in range(20)]
        for stream in many:
            with contextlib.suppress(OSError, AssertionError):
                send(stream, ask.make("www.example"))
                read_message(stream)
        after = stats(server, "tcp")
    assert before["evicted"] == before["refused"] == 0
    assert after["evicted"] + after["refused"] >= 16 and after["open"] <= before["open"] + 4
