"""Servers set up to be as good at IXFR as they can: what the functional tests' configurations leave out."""
import socket
import sqlite3
import struct
import time

import dns.flags
import dns.message
import dns.name
import dns.opcode
import dns.rdatatype
import dns.rrset

from servers import lab_kinds
import release

from lib import measure
from lib.bind import Bind
from lib.knot import Knot
from lib.nsd import Nsd
from lib.pdns import SCHEMA, Pdns
from lib.wait import Deadline, wait_until

SERIAL_FROM_END = 20  # of a SOA record's data


class IxfrKnot(Knot):
    """As primary it takes UPDATE and keeps a journal of changes; as secondary it keeps zones in its journal, not in a file
    that would be written as a whole each time."""

    def write_configuration(self):
        super().write_configuration()
        path = self.folder / "knot.conf"
        path.write_text(path.read_text().replace("action: [transfer, notify]", "action: [transfer, notify, update]")
                        .replace("journal-db-max-size: 2G", "journal-db-max-size: 20G"))

    def _zone(self, zone):
        lines = [line for line in super()._zone(zone) if "journal-content" not in line]
        if zone.text is not None:
            return lines + ["    zonefile-load: difference", "    journal-content: changes"]
        return lines + ["    zonefile-sync: -1", "    zonefile-load: none", "    journal-content: all"]


class IxfrNsd(Nsd):
    extra_server = ("zonefiles-write: 3600",)

    reload_timeout_s = 0  # each change at once

    def write_configuration(self):
        super().write_configuration()
        path = self.folder / "nsd.conf"
        path.write_text(path.read_text().replace("xfrd-reload-timeout: 0",
                                                 f"xfrd-reload-timeout: {self.reload_timeout_s}"))

    def _zone(self, zone):
        return [line.replace("request-xfr: AXFR ", "request-xfr: ") for line in super()._zone(zone)]


class IxfrBind(Bind):
    def write_configuration(self):
        super().write_configuration()
        path = self.folder / "named.conf"
        path.write_text(path.read_text().replace("request-ixfr no;", "request-ixfr yes;"))

    def _zone(self, zone):
        text = super()._zone(zone)
        return text.replace("ixfr-from-differences no;", "allow-update { 127.0.0.0/8; };")


class SecondaryPdns(Pdns):
    """PowerDNS as secondary; zones are rows of its database, which is written as its documents advise for speed."""

    rest_s = 60  # it asks its database every second, and may never be quiet for one

    def write_configuration(self):
        super().write_configuration()
        path = self.folder / "pdns.conf"
        path.write_text(path.read_text().replace("primary=yes", "secondary=yes\nxfr-cycle-interval=1")
                        .replace("retrieval-threads=1", "retrieval-threads=2"))

    def _create_database(self):
        with open(SCHEMA, encoding="utf-8") as schema, sqlite3.connect(self.folder / "pdns.sqlite3") as database:
            database.executescript(schema.read())
            database.executemany("INSERT INTO domains (name, master, type) VALUES (?, ?, 'SLAVE')",
                                 [(z.name, z.primaries[0].text.replace("@", ":")) for z in self.zones.values()])
            database.execute("PRAGMA journal_mode = WAL")


lab_kinds.update({"knot": IxfrKnot, "nsd": IxfrNsd, "bind": IxfrBind, "powerdns": SecondaryPdns})


def notify_message(zone, serial):
    message = dns.message.make_query(zone, "SOA")
    message.set_opcode(dns.opcode.NOTIFY)
    message.flags = (message.flags | dns.flags.AA) & ~dns.flags.RD
    message.answer.append(dns.rrset.from_text(dns.name.from_text(zone), 0, "IN", "SOA", f". . {serial} 0 0 0 0"))
    return message.to_wire()


def soa_question(zone, number):
    message = dns.message.make_query(zone, "SOA")
    message.id, message.flags = number, 0
    return message.to_wire()


def serial_in(answer):
    """The serial in the first record of an answer, None if it has none: parsed by hand, ten thousands of them are."""
    if len(answer) < 12 or answer[7] + answer[6] == 0:
        return None
    at = _after_name(answer, 12) + 4
    at = _after_name(answer, at)
    rdtype, _, _, length = struct.unpack_from("!HHIH", answer, at)
    if rdtype != dns.rdatatype.SOA:
        return None
    return struct.unpack_from("!I", answer, at + 10 + length - SERIAL_FROM_END)[0]


def _after_name(wire, at):
    while wire[at] not in (0,) and wire[at] < 0xC0:
        at += wire[at] + 1
    return at + (2 if wire[at] >= 0xC0 else 1)


def udp_to(server, timeout):
    connection = socket.socket(server.endpoint.family, socket.SOCK_DGRAM)
    connection.connect(server.endpoint)
    connection.settimeout(timeout)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
    return connection


def settle(server, quiet_s=0.5):
    """Until the processes have used no CPU for a while: what is done after publishing belongs to the work.  A server that always has
    something to do (rest_s of its kind) is taken as it is then."""
    last = [measure.cpu_seconds(server.process.pid), time.monotonic()]

    def quiet():
        now = measure.cpu_seconds(server.process.pid)
        if now > last[0]:
            last[:] = [now, time.monotonic()]
        return time.monotonic() - last[1] > quiet_s
    try:
        wait_until(quiet, getattr(server, "rest_s", 300), f"{server.kind} at rest", poll_s=0.05)
    except Deadline as never:
        release.say(f"{never}; what it has used until now is counted")
    return last[0]
