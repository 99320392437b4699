"""Primaries that do anything octet by octet, hundreds of them in one thread.

Each zone of a `HostileWorld` has a primary of its own: an address 127.77.x.y, all on one port, so that what one does to
its connections is not felt by another.  A `Case` says what is answered: `soa(case, ask)` gives the UDP answers and
`axfr(case, ask)` what goes over TCP, also when IXFR is asked for, unless there is `ixfr(case, ask)`; all as lists (or generators) of wire messages and of the words below."""
import asyncio
import socket
import struct
import threading

from lib.ports import Endpoint, new_endpoint

CLOSE, RESET, STALL = "close", "reset", "stall"


class Octets(bytes):
    """To be sent as they are, without a length in front."""


class Pause(float):
    """Seconds of silence in the middle of an answer."""


IP_PKTINFO = 8  # of Linux; the socket module does not name it
A, NS, CNAME, SOA, TXT, AAAA, OPT, TSIG, IXFR, AXFR, ANY = 1, 2, 5, 6, 16, 28, 41, 250, 251, 252, 255
IN, CH = 1, 3


def name(text):
    """A name in wire form; no escapes but those of dnspython are needed by the tests."""
    labels = [label.encode("latin-1") for label in text.rstrip(".").split(".") if label]
    return b"".join(bytes([len(label)]) + label for label in labels) + b"\0"


def record(owner, rdtype, rdata, ttl=3600, rdclass=IN, rdlength=None):
    owner = name(owner) if isinstance(owner, str) else owner
    rdlength = len(rdata) if rdlength is None else rdlength
    return owner + struct.pack("!HHIH", rdtype, rdclass, ttl, rdlength) + rdata


def soa_rdata(zone, serial, refresh=3600, retry=1, expire=86400, minimum=300):
    return name(f"ns1.{zone}") + name(f"h.{zone}") + struct.pack("!5I", serial, refresh, retry, expire, minimum)


class Ask:
    """A question as it came."""

    def __init__(self, wire, tcp):
        self.wire, self.tcp = wire, tcp
        self.id = struct.unpack("!H", wire[:2])[0]
        end, labels = 12, []
        while wire[end]:
            labels.append(wire[end + 1:end + 1 + wire[end]].decode("latin-1"))
            end += 1 + wire[end]
        self.zone = ".".join(labels).lower()
        self.type = struct.unpack("!H", wire[end + 1:end + 3])[0]
        self.question = wire[12:end + 5]

    @property
    def serial(self):
        """Of an IXFR: the one that the client has, from the SOA record in the authority section."""
        at = 12 + len(self.question)
        while self.wire[at] and self.wire[at] < 192:
            at += 1 + self.wire[at]
        at += 1 if not self.wire[at] else 2
        rdlength = struct.unpack("!H", self.wire[at + 8:at + 10])[0]
        return struct.unpack("!I", self.wire[at + 10 + rdlength - 20:at + 10 + rdlength - 16])[0]

    def answer(self, answers=(), authority=(), additional=(), **header):
        """A message; header: flags, id, question (wire), counts (qd, an, ns, ar) other than the true ones."""
        question = header.get("question", self.question)
        counts = header.get("counts", (1 if question else 0, len(answers), len(authority), len(additional)))
        return (struct.pack("!HH4H", header.get("id", self.id), header.get("flags", 0x8400), *counts)
                + question + b"".join(answers) + b"".join(authority) + b"".join(additional))


class Case:
    """One zone and what its primary does; serial and scripts may be changed while it runs."""

    def __init__(self, zone, axfr=None, soa=None, serial=1, key=None, ixfr=None):
        self.zone, self.serial, self.key = zone, serial, key
        self.axfr = axfr or whole
        self.soa = soa or soa_answer
        self.ixfr = ixfr
        self.extra = []  # further records of every version
        self.endpoint = None
        self.asked_udp = self.asked_tcp = self.transfers = self.incrementals = self.connections = 0
        self.peer = None  # who asked last by UDP

    def soa_record(self, serial=None, **timers):
        return record(self.zone, SOA, soa_rdata(self.zone, self.serial if serial is None else serial, **timers))

    def records(self):
        """What a good transfer has between its two SOAs."""
        return [record(self.zone, NS, name(f"ns1.{self.zone}")),
                record(f"ns1.{self.zone}", A, bytes([192, 0, 2, 1])),
                record(f"www.{self.zone}", A, bytes([192, 0, 2, self.serial & 0xFF])),
                record(f"www.{self.zone}", TXT, b"\5hello")] + self.extra

    def all_records(self):
        return [self.soa_record()] + self.records() + [self.soa_record()]

    @property
    def attempts(self):
        return self.asked_udp + self.asked_tcp + self.transfers + self.incrementals + self.connections


def in_messages(ask, records):
    """So many to a message that they fit: all of them, as a rule."""
    return [ask.answer(records[i:i + 200]) for i in range(0, len(records), 200)]


def whole(case, ask):
    return in_messages(ask, case.all_records())


def soa_answer(case, ask):
    return [ask.answer([case.soa_record()])]


class HostileWorld:
    """Use as `with`.  add() makes a zone with a primary of its own; at=case puts it behind that one's address."""

    def __init__(self):
        self.port = new_endpoint("0.0.0.0").port
        self.cases, self.by_address = {}, {}
        self.strange = []  # questions that fit no case, and errors of scripts
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._up = threading.Event()

    def add(self, case, at=None):
        if at:
            case.endpoint = at.endpoint
        else:
            number = len(self.by_address) + 1
            case.endpoint = Endpoint(f"127.77.{number // 250}.{number % 250 + 1}", self.port)
            self.by_address[case.endpoint.address] = case
        self.cases[case.zone] = case
        return case

    # --- life

    def __enter__(self):
        self._thread.start()
        assert self._up.wait(10)
        return self

    def __exit__(self, *_):
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()

    def _run(self):
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._main())
        self._loop.close()

    async def _main(self):
        self._stop = asyncio.Event()
        self._udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._udp.setsockopt(socket.IPPROTO_IP, IP_PKTINFO, 1)
        self._udp.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        self._udp.bind(("0.0.0.0", self.port))
        self._udp.setblocking(False)
        self._loop.add_reader(self._udp, self._on_datagram)
        server = await asyncio.start_server(self._on_stream, "0.0.0.0", self.port, backlog=500)
        self._up.set()
        await self._stop.wait()
        self._loop.remove_reader(self._udp)
        self._udp.close()
        server.close()
        for task in asyncio.all_tasks():
            if task is not asyncio.current_task():
                task.cancel()
        await asyncio.sleep(0)

    # --- UDP

    def _on_datagram(self):
        wire, control, _, peer = self._udp.recvmsg(65535, 64)
        asked_at = [data for level, kind, data in control if (level, kind) == (socket.IPPROTO_IP, IP_PKTINFO)][0]
        ask = Ask(wire, tcp=False)
        case = self.cases.get(ask.zone)
        if not case:
            self.strange.append(ask.zone)
            return
        case.asked_udp += 1
        case.peer = peer
        try:
            answers = case.soa(case, ask)
            for answer in answers:
                self._send(answer, asked_at, peer)
        except Exception as error:  # shown by the test: an error here must not look like silence
            self.strange.append(f"{case.zone}: {error!r}")

    def _send(self, answer, asked_at, peer):
        source = struct.pack("=I4s4s", 0, asked_at[8:12], b"\0" * 4)
        try:
            self._udp.sendmsg([answer], [(socket.IPPROTO_IP, IP_PKTINFO, source)], 0, peer)
        except (BlockingIOError, ConnectionRefusedError):
            pass

    # --- TCP

    async def _on_stream(self, reader, writer):
        address = writer.get_extra_info("sockname")[0]
        if address in self.by_address:
            self.by_address[address].connections += 1
        try:
            while True:
                length = struct.unpack("!H", await reader.readexactly(2))[0]
                await self._answer(Ask(await reader.readexactly(length), tcp=True), reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError, _Ended):
            pass
        except asyncio.CancelledError:
            pass
        finally:
            writer.close()

    async def _answer(self, ask, reader, writer):
        case = self.cases.get(ask.zone)
        if not case:
            self.strange.append(ask.zone)
            raise _Ended
        if ask.type == SOA:
            case.asked_tcp += 1
            script = case.soa
        elif ask.type == IXFR:
            case.incrementals += 1
            script = case.ixfr or case.axfr
        else:
            case.transfers += 1
            script = case.axfr
        try:
            parts = script(case, ask)
        except Exception as error:
            self.strange.append(f"{case.zone}: {error!r}")
            raise _Ended from error
        for part in parts:
            await self._write(part, reader, writer)

    @staticmethod
    async def _write(part, reader, writer):
        if isinstance(part, Octets):
            writer.write(part)
        elif isinstance(part, bytes):
            writer.write(struct.pack("!H", len(part)) + part)
        elif isinstance(part, Pause):
            await asyncio.sleep(part)
        elif part == STALL:
            await reader.read()  # until the other side is tired of it
            raise _Ended
        else:
            await writer.drain()
            if part == RESET:
                linger = struct.pack("ii", 1, 0)
                writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                writer.transport.abort()
            raise _Ended
        await writer.drain()


class _Ended(Exception):
    """The connection is done with."""
