"""Questions to a server: one, many at once, a serial, a whole zone. All of them have a time limit."""
import random
import select
import socket
import struct
import time

import dns.flags
import dns.message
import dns.query
import dns.rcode
import dns.rdatatype

from lib.oldtypes import teach_dnspython
from lib.wait import PATIENCE

teach_dnspython()


def make(name, rdtype="A", rdclass="IN", payload=1232, do=False, key=None):
    """A question; payload None leaves EDNS out."""
    message = dns.message.make_query(name, rdtype, rdclass, use_edns=False if payload is None else 0,
                                     payload=payload, want_dnssec=None if payload is None else do)
    message.flags &= ~dns.flags.RD
    if key:
        message.use_tsig(key.dnspython)
    return message


def query(endpoint, name, rdtype="A", tcp=False, timeout=3, source=None, **how):
    """One answer, by UDP as it comes (TC is the caller's to see) or by TCP."""
    return send(endpoint, make(name, rdtype, **how), tcp, timeout, source)


def send(endpoint, message, tcp=False, timeout=3, source=None):
    function = dns.query.tcp if tcp else dns.query.udp
    return function(message, endpoint.address, timeout=timeout * PATIENCE, port=endpoint.port, source=source,
                    one_rr_per_rrset=False)


def complete(endpoint, name, rdtype="A", **how):
    """By UDP, and by TCP when that was truncated: what a resolver ends up with."""
    answer = query(endpoint, name, rdtype, **how)
    return query(endpoint, name, rdtype, tcp=True, **how) if answer.flags & dns.flags.TC else answer


def first_answer(endpoint, name, rdtype="A", seconds=30, again_s=0.005):
    """The first answer of a server that is being started, asked again and again; a port not yet open costs nothing.

    Returns the answer and the moment (time.monotonic) it came."""
    wire, end = make(name, rdtype).to_wire(), time.monotonic() + seconds * PATIENCE
    with socket.socket(endpoint.family, socket.SOCK_DGRAM) as udp:
        udp.settimeout(again_s)
        udp.connect(tuple(endpoint))
        while time.monotonic() < end:
            try:
                udp.send(wire)
                answer = udp.recv(65535)
                return dns.message.from_wire(answer), time.monotonic()
            except socket.timeout:
                continue
            except ConnectionRefusedError:
                time.sleep(0.0005)  # the kernel says at once that nobody listens: do not ask it in a tight loop
    raise AssertionError(f"{endpoint.text} does not answer within {seconds} s")


def soa_serial(endpoint, zone, **how):
    """The serial in the answer section, or None when there is no authoritative SOA."""
    answer = query(endpoint, zone, "SOA", **how)
    if not answer.flags & dns.flags.AA:
        return None
    for rrset in answer.answer:
        if rrset.rdtype == dns.rdatatype.SOA:
            return rrset[0].serial
    return None


class TransferFailed(Exception):
    """The transfer did not give a whole zone; rcode is set when the server said so."""

    def __init__(self, text, rcode=None):
        super().__init__(text)
        self.rcode = rcode


def _read_exactly(stream, length, end):
    data = b""
    while len(data) < length:
        stream.settimeout(max(0.01, end - time.monotonic()))
        part = stream.recv(length - len(data))
        if not part:
            raise TransferFailed(f"connection closed after {len(data)} of {length} bytes")
        data += part
    return data


def _axfr_messages(endpoint, request, timeout, source):
    """Messages of one transfer until the second SOA has come; checks TSIG along the whole chain."""
    end = time.monotonic() + timeout * PATIENCE
    address = (source, 0) if source else None
    with socket.create_connection(endpoint, timeout * PATIENCE, source_address=address) as stream:
        wire = request.to_wire()
        stream.sendall(struct.pack("!H", len(wire)) + wire)
        soas, context = 0, None
        while soas < 2:
            length = struct.unpack("!H", _read_exactly(stream, 2, end))[0]
            message = dns.message.from_wire(
                _read_exactly(stream, length, end), keyring=request.keyring, request_mac=request.mac, xfr=True,
                origin=None, tsig_ctx=context, multi=True, one_rr_per_rrset=True)
            context = message.tsig_ctx
            if message.rcode() != dns.rcode.NOERROR:
                raise TransferFailed(f"rcode {dns.rcode.to_text(message.rcode())}", message.rcode())
            soas += sum(r.rdtype == dns.rdatatype.SOA for r in message.answer)
            yield message
        if request.keyring and not message.had_tsig:
            raise TransferFailed("the last message is not signed")


def axfr(endpoint, zone, key=None, timeout=30, source=None):
    """All records of the zone as dnspython RRsets of one record each; both SOAs are in the list."""
    records = []
    request = make(zone, "AXFR", payload=None, key=key)
    for message in _axfr_messages(endpoint, request, timeout, source):
        records += message.answer
    if not records or records[0].rdtype != dns.rdatatype.SOA or records[0] != records[-1]:
        raise TransferFailed("first and last record are not the same SOA")
    return records


def many(endpoint, questions, window=64, timeout=1.0, tries=5, payload=1232):
    """Answers (parsed) to many (name, type, do) questions by UDP, in their order; truncated ones again by TCP.

    Keeps a window of questions under way on one socket and repeats what gets lost."""
    answers = [None] * len(questions)
    with socket.socket(endpoint.family, socket.SOCK_DGRAM) as udp:
        udp.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        udp.connect(tuple(endpoint))
        for start in range(0, len(questions), 30000):
            _many_once(udp, questions, range(start, min(start + 30000, len(questions))), answers, window,
                       timeout * PATIENCE, tries, payload)
    for index, answer in enumerate(answers):
        if answer.flags & dns.flags.TC:
            name, rdtype, do = questions[index]
            answers[index] = query(endpoint, name, rdtype, tcp=True, do=do, payload=payload)
    return answers


def _many_once(udp, questions, indexes, answers, window, timeout, tries, payload):
    identifier_base = random.randrange(65536)
    waiting, todo, left = {}, list(reversed(indexes)), {}
    while todo or waiting:
        while todo and len(waiting) < window:
            index = todo.pop()
            left[index] = left.get(index, tries) - 1
            if left[index] < 0:
                raise AssertionError(f"no answer to {questions[index]} after {tries} tries")
            name, rdtype, do = questions[index]
            message = make(name, rdtype, do=do, payload=payload)
            message.id = (identifier_base + index) & 0xFFFF
            udp.send(message.to_wire())
            waiting[message.id] = (index, time.monotonic() + timeout)
        if select.select([udp], [], [], 0.05)[0]:
            wire = udp.recv(65535)
            index, _ = waiting.pop(struct.unpack("!H", wire[:2])[0], (None, 0))
            if index is not None:
                answers[index] = dns.message.from_wire(wire, ignore_trailing=False)
            continue
        for identifier, (index, end) in list(waiting.items()):
            if time.monotonic() > end:
                del waiting[identifier]
                todo.append(index)
