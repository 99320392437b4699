"""Sets of changes on one primary, and how long a secondary takes from NOTIFY to serving them."""
import random
import socket
import time

from servers import ZONES
import peers

import dns.query
import dns.rcode
import dns.update

from lib.bigzones import host_name

ZONE = ZONES["hosts"]
POLL_S = 0.0002  # some 0.3 ms with what the kernel adds: so much may be added to a time


class Changes:
    """Sets of changes: half of the records are removed again by the next set."""

    def __init__(self, primary, count, records):
        self.primary, self.count, self.records = primary, count, records
        self.chance, self.present, self.serial = random.Random(4), [], primary.soa_serial(ZONE)

    def make(self):
        update = dns.update.UpdateMessage(f"{ZONE}.")
        removed, self.present = self.present, []
        for name, address in removed:
            update.delete(name, "A", address)
        for _ in range(self.count - len(removed) if removed else self.count):
            number = self.chance.randrange(self.records // 2)
            name = f"{host_name(number)}.x{self.chance.randrange(10 ** 6)}" if self.chance.random() < 0.5 else \
                f"n{self.chance.randrange(10 ** 9)}"
            address = f"203.0.113.{self.chance.randrange(256)}"
            update.add(name, 300, "A", address)
            self.present.append((name, address))
        self.present = self.present[:self.count // 2]
        answer = dns.query.tcp(update, self.primary.endpoint.address, port=self.primary.endpoint.port, timeout=120)
        assert answer.rcode() == dns.rcode.NOERROR, answer
        before, self.serial = self.serial, self.primary.soa_serial(ZONE)
        assert self.serial != before, "the primary has made no new version"

    def settle(self):
        """Until the primary is at rest, and has answered: the first question after an update, of whatever kind, keeps a
        Knot with ten million records for 10 to 25 ms, which are not the secondary's."""
        peers.settle(self.primary)
        assert self.primary.soa_serial(ZONE) == self.serial


def notify_and_wait(server, serial):
    """Seconds from NOTIFY to the first answer with the serial, and after it never an older one for NSD's processes."""
    question, trusted = peers.soa_question(ZONE, 1), 0
    with peers.udp_to(server, 0.5) as connection:
        begin = time.monotonic()
        connection.send(peers.notify_message(ZONE, serial))
        while True:
            connection.send(question)
            try:
                answer = connection.recv(4096)
                while answer[2] & 0x78:  # the NOTIFY's
                    answer = connection.recv(4096)
            except socket.timeout:
                continue
            if peers.serial_in(answer) == serial:
                first = time.monotonic() - begin if trusted == 0 else first
                trusted += 1
                if trusted >= server.answers_to_trust:
                    return first
            else:
                trusted = 0
            if time.monotonic() - begin > 600:
                raise AssertionError(f"{server.kind} does not serve {serial} within 600 s")
            time.sleep(POLL_S)
