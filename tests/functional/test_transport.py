"""UDP and TCP: truncation by payload size, pipelining, idle and broken clients, the address that was asked."""
import select
import socket
import struct

import dns.edns
import dns.flags
import dns.message
import dns.rcode
import pytest

from lib import ask
from lib.ports import Endpoint
from lib.wait import PATIENCE, wait_until
from lib.zonetext import big_txt, shapes_zone

ZONE = "example.com"


@pytest.fixture
def server(lab):
    primary, secondary = lab.make("nsd"), lab.secondary()
    text = shapes_zone(ZONE, 1, extra=big_txt("middle", 4) + big_txt("huge", 250))
    primary.add_primary_zone(ZONE, text)
    secondary.add_secondary_zone(ZONE, primary.endpoint)
    primary.start()
    secondary.start()
    secondary.wait_serves(ZONE)
    return secondary


def raw(server, packet, seconds=2.0):
    """The answer to raw bytes by UDP, or None."""
    with socket.socket(server.endpoint.family, socket.SOCK_DGRAM) as udp:
        udp.connect(tuple(server.endpoint))
        udp.send(packet)
        if not select.select([udp], [], [], seconds)[0]:
            return None
        return udp.recv(65535)


@pytest.mark.parametrize("payload,limit", ((None, 512), (512, 512), (1232, 1232), (4096, 4096)))
def test_udp_answer_keeps_to_the_payload_size_and_says_truncated(server, payload, limit):
    for name, records in ((f"www.{ZONE}", 1), (f"middle.{ZONE}", 4), (f"many.{ZONE}", 20), (f"huge.{ZONE}", 250)):
        rdtype = "A" if name.startswith("www") else "TXT"
        request = ask.make(name, rdtype, payload=payload)
        wire = raw(server, request.to_wire())
        assert len(wire) <= limit
        answer = dns.message.from_wire(wire)
        count = sum(len(r) for r in answer.answer)
        if answer.flags & dns.flags.TC:
            assert count in (0, records) or server.kind != "understudy", "an RRset cut in the middle"
            assert records > 1
        else:
            assert count == records
        assert (answer.edns >= 0) == (payload is not None)  # OPT only where there was one
        whole = server.query(name, rdtype, tcp=True, payload=payload)
        assert sum(len(r) for r in whole.answer) == records and not whole.flags & dns.flags.TC


def test_udp_answer_is_never_longer_than_1232_octets_unless_the_server_says_so(server):
    wire = raw(server, ask.make(f"many.{ZONE}", "TXT", payload=65535).to_wire())
    assert len(wire) <= 1232 and dns.message.from_wire(wire).flags & dns.flags.TC


def stream_of(wires):
    return b"".join(struct.pack("!H", len(wire)) + wire for wire in wires)


def read_answers(stream, count, seconds=10):
    stream.settimeout(seconds * PATIENCE)
    data, answers = b"", []
    while len(answers) < count:
        part = stream.recv(65535)
        assert part, f"closed after {len(answers)} of {count} answers"
        data += part
        while len(data) >= 2 and len(data) >= 2 + struct.unpack("!H", data[:2])[0]:
            length = struct.unpack("!H", data[:2])[0]
            answers.append(dns.message.from_wire(data[2:2 + length]))
            data = data[2 + length:]
    assert not data
    return answers


def test_hundred_questions_in_one_write_are_all_answered(server):
    requests = [ask.make(f"q{i}.wild.{ZONE}") for i in range(100)]
    for number, request in enumerate(requests):
        request.id = number  # random ones of sixteen bits meet in seven runs of a hundred
    with socket.create_connection(tuple(server.endpoint)) as stream:
        stream.sendall(stream_of(r.to_wire() for r in requests))
        answers = {a.id: a for a in read_answers(stream, 100)}
    for request in requests:
        assert answers[request.id].question == request.question and answers[request.id].answer


def test_questions_cut_into_single_bytes_are_put_together(server):
    with socket.create_connection(tuple(server.endpoint)) as stream:
        stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in stream_of([ask.make(f"www.{ZONE}").to_wire()] * 2):
            stream.sendall(bytes([byte]))
        assert all(a.answer for a in read_answers(stream, 2))


def test_big_answers_are_pipelined_to_a_slow_reader(server):
    """More than fits the socket buffers: the server must neither stop nor give up what was asked."""
    with socket.socket(server.endpoint.family, socket.SOCK_STREAM) as stream:
        stream.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        stream.connect(tuple(server.endpoint))
        stream.sendall(stream_of(ask.make(f"huge.{ZONE}", "TXT").to_wire() for _ in range(50)))
        assert all(sum(len(r) for r in a.answer) == 250 for a in read_answers(stream, 50, 30))


def test_answers_come_after_the_client_closed_its_half(server):
    with socket.create_connection(tuple(server.endpoint)) as stream:
        stream.sendall(stream_of([ask.make(f"www.{ZONE}").to_wire()] * 3))
        stream.shutdown(socket.SHUT_WR)
        assert len(read_answers(stream, 3)) == 3
        assert stream.recv(1) == b""


def test_idle_connection_stays_open_a_while_and_is_closed_in_the_end(server):
    with socket.create_connection(tuple(server.endpoint)) as stream:
        stream.sendall(stream_of([ask.make(f"www.{ZONE}").to_wire()]))
        assert read_answers(stream, 1)
        stream.sendall(stream_of([ask.make(f"ftp.{ZONE}").to_wire()]))  # RFC 7766 section 6.2.1: not closed after one
        assert read_answers(stream, 1)
        stream.settimeout(40 * PATIENCE)
        assert stream.recv(1) == b"", "closed by the server when idle"


def test_half_a_question_does_not_hold_others_up(server):
    with socket.create_connection(tuple(server.endpoint)) as half:
        half.sendall(b"\x00\x40partial")
        assert server.query(f"www.{ZONE}", tcp=True).answer
        assert server.query(f"www.{ZONE}").answer


def test_many_connections_at_once_are_served(server):
    streams = [socket.create_connection(tuple(server.endpoint)) for _ in range(100)]
    try:
        for stream in streams:
            stream.sendall(stream_of([ask.make(f"www.{ZONE}").to_wire()]))
        assert all(read_answers(stream, 1)[0].answer for stream in streams)
    finally:
        for stream in streams:
            stream.close()


def test_malformed_packets_get_formerr_or_silence_and_do_no_harm(server):
    good = ask.make(f"www.{ZONE}").to_wire()
    two_questions, no_question = good[:4] + b"\x00\x02" + good[6:], good[:4] + b"\x00\x00" + good[6:]
    two_opts = good[:10] + b"\x00\x02" + good[12:] + good[-11:]  # RFC 6891 section 6.1.1
    for packet in (two_questions, no_question, two_opts):
        answer = raw(server, packet)
        assert answer and answer[:2] == good[:2] and answer[3] & 0xF == dns.rcode.FORMERR, packet.hex()
    for packet in (good[:12], good[:20], good[:-5]):
        answer = raw(server, packet, 0.3)
        assert answer is None or answer[3] & 0xF == dns.rcode.FORMERR, packet.hex()
    for packet in (good[:5], b"\x00", good[:2] + b"\x80" + good[3:]):  # no header, and what claims to be an answer
        assert raw(server, packet, 0.3) is None
    assert server.query(f"www.{ZONE}").answer


def test_edns_version_1_is_badvers(server):
    request = ask.make(f"www.{ZONE}")
    request.ednsflags |= 1 << 16
    answer = ask.send(server.endpoint, request)
    assert answer.rcode() == dns.rcode.BADVERS and answer.edns == 0


def test_unknown_class_is_refused(server):
    assert server.query(f"www.{ZONE}", rdclass="HS").rcode() in (dns.rcode.REFUSED, dns.rcode.NOTIMP)


def test_answer_comes_from_the_address_that_was_asked(lab):
    """Bound to all addresses, asked at 127.0.0.7: the kernel's own choice would be 127.0.0.1."""
    primary, secondary = lab.make("nsd"), lab.make("understudy")
    primary.add_primary_zone(ZONE, shapes_zone(ZONE, 1))
    secondary.add_secondary_zone(ZONE, primary.endpoint)
    primary.start()
    port = secondary.endpoint.port
    secondary.listen = [Endpoint("0.0.0.0", port), Endpoint("::", port)]
    secondary.start()
    for address in ("127.0.0.7", "127.0.0.1", "::1"):
        # dnspython drops an answer from another address and then runs into its time limit
        wait_until(lambda a=address: ask.soa_serial(Endpoint(a, port), ZONE, timeout=1), 10, f"answer from {address}")
        assert ask.soa_serial(Endpoint(address, port), ZONE, tcp=True) == 1


def test_nsid_is_given_to_those_who_ask(lab):
    primary, secondary = lab.make("nsd"), lab.make("understudy", nsid="ns2.example.net")
    primary.add_primary_zone(ZONE, shapes_zone(ZONE, 1))
    secondary.add_secondary_zone(ZONE, primary.endpoint)
    primary.start()
    secondary.start()
    request = dns.message.make_query(f"www.{ZONE}", "A", options=[dns.edns.GenericOption(3, b"")])
    options = ask.send(secondary.endpoint, request).options
    assert [o.to_wire() for o in options if o.otype == 3] == [b"ns2.example.net"]
    assert not [o for o in secondary.query(f"www.{ZONE}").options if o.otype == 3]
