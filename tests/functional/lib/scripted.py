"""A primary that does what a test tells it to, also what no real one does: cuts, lies, odd packing, odd signatures.

Answers SOA by UDP and TCP, and AXFR by TCP with the messages that `self.script` yields."""
import selectors
import socket
import struct
import threading

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rdatatype
import dns.rrset
import dns.zone

from lib.ports import new_endpoint
from lib.zonetext import small_zone


class Answer:
    """Builds the messages of one transfer; each yield of a script is one of them as wire octets."""

    def __init__(self, request):
        self.request, self._context = request, None

    def message(self, rrsets, question=True):
        message = dns.message.make_response(self.request)
        message.flags |= dns.flags.AA
        if not question:
            message.question = []
        message.answer = list(rrsets)
        return message

    def wire(self, rrsets, question=True, sign=True):
        """Next message of the chain, signed (RFC 8945 section 5.3.1) when the request was and sign is true."""
        message = self.message(rrsets, question)
        if not self.request.had_tsig:
            return message.to_wire(max_size=65535)
        if sign:
            wire = message.to_wire(max_size=65535, multi=True, tsig_ctx=self._context)
            self._context = message.tsig_ctx
            return wire
        message.tsig = None
        wire = message.to_wire(max_size=65535)
        if self._context:
            self._context.update(wire)
        return wire


class ScriptedPrimary:
    """Use as `with`. script(answer, rrsets) yields wire messages; rrsets are single records between two SOAs."""

    def __init__(self, zone, key=None, tcp=True, udp=True):
        self.zone, self.key = dns.name.from_text(zone), key
        self.endpoint = new_endpoint()
        self.tcp, self.udp = tcp, udp
        self.script = plain
        self.truncate_udp = False
        self.asked = []  # (type, by TCP) of each question
        self.set_text(small_zone(zone, 1))
        self._halt = threading.Event()
        self._threads = []

    def set_text(self, text):
        self.rrsets = records_of(text, self.zone)
        self.soa_serial = self.rrsets[0][0].serial  # what is told by SOA; a test may set it apart

    def __enter__(self):
        if self.udp:
            self._udp = self._bound(socket.SOCK_DGRAM)
            self._go(self._serve_udp)
        if self.tcp:
            self._listener = self._bound(socket.SOCK_STREAM)
            self._listener.listen(50)
            self._go(self._serve_tcp)
        return self

    def _bound(self, kind):
        s = socket.socket(self.endpoint.family, kind)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        s.bind(tuple(self.endpoint))
        s.settimeout(0.1)
        return s

    def _go(self, function, *arguments):
        thread = threading.Thread(target=function, args=arguments, daemon=True)
        thread.start()
        self._threads.append(thread)

    def __exit__(self, *_):
        self._halt.set()
        for thread in self._threads:
            thread.join()

    def _parse(self, wire):
        return dns.message.from_wire(wire, keyring=self.key.dnspython if self.key else None)

    def _soa_answer(self, request):
        message = dns.message.make_response(request)
        message.flags |= dns.flags.AA
        soa = self.rrsets[0][0].replace(serial=self.soa_serial)
        message.answer = [dns.rrset.from_rdata(self.zone, 3600, soa)]
        return message

    def _serve_udp(self):
        with self._udp as udp:
            while not self._halt.is_set():
                try:
                    wire, peer = udp.recvfrom(65535)
                    request = self._parse(wire)
                except (socket.timeout, dns.exception.DNSException):
                    continue
                self.asked.append((request.question[0].rdtype, False))
                message = self._soa_answer(request)
                if self.truncate_udp:
                    message.answer, message.flags = [], message.flags | dns.flags.TC
                udp.sendto(message.to_wire(), peer)

    def _serve_tcp(self):
        with self._listener as listener:
            while not self._halt.is_set():
                try:
                    stream, _ = listener.accept()
                except socket.timeout:
                    continue
                self._go(self._serve_stream, stream)

    def _serve_stream(self, stream):
        with stream, selectors.DefaultSelector() as selector:
            stream.settimeout(5)
            selector.register(stream, selectors.EVENT_READ)
            while not self._halt.is_set():
                if not selector.select(0.1):
                    continue
                try:
                    head = stream.recv(2, socket.MSG_WAITALL)
                    if len(head) < 2:
                        return
                    request = self._parse(stream.recv(struct.unpack("!H", head)[0], socket.MSG_WAITALL))
                    if not self._answer(stream, request):
                        return
                except (OSError, dns.exception.DNSException):
                    return

    def _answer(self, stream, request):
        """False when the script ended the connection."""
        rdtype = request.question[0].rdtype
        self.asked.append((rdtype, True))
        if rdtype == dns.rdatatype.SOA:
            wires = [self._soa_answer(request).to_wire()]
        else:
            wires = self.script(Answer(request), self.rrsets)
        for wire in wires:
            if wire is CLOSE:
                return False
            if wire is STALL:
                self._halt.wait()
                return False
            stream.sendall(struct.pack("!H", len(wire)) + wire)
        return True


CLOSE, STALL = object(), object()


def records_of(text, zone):
    """The zone's records as RRsets of one record: SOA first and last, as a transfer has them."""
    parsed = dns.zone.from_text(text, zone, relativize=False, check_origin=False)
    single = [dns.rrset.from_rdata(name, ttl, rdata) for name, ttl, rdata in parsed.iterate_rdatas()]
    soa = [r for r in single if r.rdtype == dns.rdatatype.SOA]
    return soa + [r for r in single if r.rdtype != dns.rdatatype.SOA] + soa


def plain(answer, rrsets):
    """All in one message, as the small zones of tests fit."""
    yield answer.wire(rrsets)
