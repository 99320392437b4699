"""Zones that move on all the time, with primaries that give IXFR and AXFR of any of their versions, and what each version
holds: so that whatever a killed daemon serves after its restart can be judged."""
import random
import re
import socket
import struct
import threading
import time

from hostile.packets import packet, question, rr
from hostile.primary import AXFR, NS, SOA, TXT, A, Case, name, record, soa_rdata
from lib.ports import new_endpoint
from lib.understudy import REPOSITORY
from lib.wait import PATIENCE

POINT = re.compile(r'(?:fault_fires|fails_at)\("([a-z0-9-]+)"\)')
KEPT = 200  # versions behind the newest that a primary knows by their differences


def fault_points():
    """Every named fault point on the way of a zone: not that of each small allocation, nor those of the database, which no
    transfer passes (tests/fault/test_inventory_fault.c does)."""
    found = {point for path in (REPOSITORY / "src").rglob("*.c") for point in POINT.findall(path.read_text())}
    return sorted(point for point in found if point != "alloc" and not point.startswith("inventory-"))


class Moving(Case):
    """hosts TXT records; version s gives some of them a new text: about two for each of `moves`. Every tenth question for
    differences gets the whole."""

    def __init__(self, zone, hosts, moves=1):
        super().__init__(zone, ixfr=self.differences)
        self.hosts, self.moves = hosts, moves
        self.asked = 0

    def changed(self, serial):
        """Hosts that version serial has changed."""
        return {(serial * factor + 61 * n) % self.hosts for factor in (1, 7) for n in range(self.moves)}

    def texts(self, serial):
        """For each host the serial that changed it last; all began at 0."""
        last = {}
        for s in range(serial, max(-1, serial - self.hosts - 1), -1):
            for host in self.changed(s) if s > 0 else ():
                last.setdefault(host, s)
            if len(last) == self.hosts:
                break
        return [last.get(host, 0) for host in range(self.hosts)]

    def host(self, number, text):
        data = f"{text}".encode()
        return record(f"h{number}.{self.zone}", TXT, bytes([len(data)]) + data)

    def records(self):
        return [record(self.zone, NS, name(f"ns1.{self.zone}")), record(f"ns1.{self.zone}", A, bytes([192, 0, 2, 1]))] + [
            self.host(number, text) for number, text in enumerate(self.texts(self.serial))]

    def whole_messages(self, ask):
        records = self.all_records()
        return [ask.answer(records[at:at + 200]) for at in range(0, len(records), 200)]

    def differences(self, case, ask):
        newest, held = self.serial, ask.serial
        self.asked += 1
        if self.asked % 10 == 0 or not newest - KEPT < held < newest:
            return self.whole_messages(ask)
        records = [self.soa_record(newest)]
        before = self.texts(held)
        for serial in range(held + 1, newest + 1):
            after = self.texts(serial)
            moved = [h for h in self.changed(serial) if before[h] != after[h]]
            records += [self.soa_record(serial - 1), *(self.host(h, before[h]) for h in moved),
                        self.soa_record(serial), *(self.host(h, after[h]) for h in moved)]
            before = after
        records.append(self.soa_record(newest))
        return [ask.answer(records[at:at + 50]) for at in range(0, len(records), 50)]

    def expected(self, serial):
        return {(f"h{number}", str(text)) for number, text in enumerate(self.texts(serial))}


def behind_name(wire, at):
    while wire[at] and wire[at] < 192:
        at += 1 + wire[at]
    return at + (2 if wire[at] else 1)


def first_label(wire, at):
    """Of a name that may begin with a pointer."""
    while wire[at] >= 192:
        at = struct.unpack("!H", wire[at:at + 2])[0] & 0x3FFF
    return wire[at + 1:at + 1 + wire[at]].decode("latin-1").lower()


def served_zone(endpoint, zone):
    """By AXFR: (serial, set of (first label, text) of the TXT records), without a parser that makes objects."""
    wire = packet([question(zone, AXFR)])
    with socket.create_connection(endpoint, 10 * PATIENCE) as stream, stream.makefile("rb") as messages:
        stream.sendall(struct.pack("!H", len(wire)) + wire)
        serials, texts = [], set()
        while len(serials) < 2:
            head = messages.read(2)
            assert len(head) == 2, f"{zone}: the transfer ends early"
            wire = messages.read(struct.unpack("!H", head)[0])
            assert wire[3] & 15 == 0, f"{zone}: transfer answered with rcode {wire[3] & 15}"
            serials += read_records(wire, texts)
    assert serials[0] == serials[1], f"{zone}: {serials}"
    return serials[0], texts


def read_records(wire, texts):
    """Adds the TXT records of a message to texts; returns the serials of its SOA records."""
    questions, count = struct.unpack("!HH", wire[4:8])
    at, serials = 12, []
    for _ in range(questions):
        at = behind_name(wire, at) + 4
    for _ in range(count):
        owner, at = at, behind_name(wire, at)
        rdtype, rdlength = struct.unpack("!H6xH", wire[at:at + 10])
        at += 10 + rdlength
        if rdtype == TXT:
            texts.add((first_label(wire, owner), wire[at - rdlength + 1:at].decode()))
        elif rdtype == SOA:
            serials.append(struct.unpack("!I", wire[at - 20:at - 16])[0])
    return serials


def make_moving(zone, hosts, moves=1):
    case = Moving(zone, hosts, moves)
    case.axfr = lambda c, ask: c.whole_messages(ask)
    return case


class Listener:
    """Who is notified by the daemon: notes the serial that each NOTIFY announces.  Use as `with`."""

    def __init__(self):
        self.endpoint = new_endpoint()
        self.announced = {}  # zone -> highest serial
        self._halt = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self):
        self._udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._udp.bind(tuple(self.endpoint))
        self._udp.settimeout(0.1)
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._halt.set()
        self._thread.join()
        self._udp.close()

    def _run(self):
        while not self._halt.is_set():
            try:
                wire, peer = self._udp.recvfrom(4096)
            except socket.timeout:
                continue
            self._udp.sendto(wire[:2] + bytes([wire[2] | 0x80, wire[3]]) + wire[4:], peer)
            self._note(wire)

    def _note(self, wire):
        end, labels = 12, []
        while wire[end]:
            labels.append(wire[end + 1:end + 1 + wire[end]].decode("latin-1"))
            end += 1 + wire[end]
        if struct.unpack("!H", wire[6:8])[0]:
            serial = soa_serial_of_first_answer(wire, end + 5)
            zone = ".".join(labels).lower()
            self.announced[zone] = max(serial, self.announced.get(zone, 0))


def soa_serial_of_first_answer(wire, at):
    at = behind_name(wire, at)
    rdlength = struct.unpack("!H", wire[at + 8:at + 10])[0]
    return struct.unpack("!I", wire[at + 10 + rdlength - 20:at + 10 + rdlength - 16])[0]


class Ticker:
    """Moves the zones on, a few at a time, and tells the daemon.  Not a thread: the test calls it."""

    def __init__(self, cases, endpoint, seed):
        self.cases, self.endpoint, self.random = cases, endpoint, random.Random(seed)

    def tick(self, every=False):
        count = len(self.cases) if every else self.random.randrange(1, len(self.cases) + 1)
        for case in self.random.sample(self.cases, count):
            case.serial += self.random.choice((1, 1, 2, 5))
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
                udp.bind((case.endpoint.address, 0))
                wire = packet([question(case.zone, SOA)], answer=[rr(case.zone, SOA, soa_rdata(case.zone, case.serial))],
                              flags=0x2400, identifier=self.random.randrange(65536))
                try:
                    udp.sendto(wire, tuple(self.endpoint))
                except OSError:
                    pass  # nobody listens: it has been killed
            yield case


def instant(seconds):
    """Lets a drawn time pass; nothing is waited for."""
    time.sleep(seconds)
