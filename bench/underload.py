#!/usr/bin/python3
"""How long answers take while zones change: IXFRs come at a steady rate to ten zones, and questions are asked all the time.

usage: bench/underload.py [--zones N] [--records N] [--updates N] [--changes N] [--rate N] [--seconds S] [--rounds N]
                          [--servers ...] [--json FILE] [--quick]
Each server in its turn is a secondary of one Knot, which takes an UPDATE for each IXFR; the NOTIFYs are ours.  Rounds of
three kinds alternate: quiet; updates at the primary alone, which shows what the machine has left; and updates that the
server follows.  bench_pace asks; each round is told as it ends, then lost questions and percentiles of what is left of it."""
import argparse
import json
import random
import select
import socket
import statistics
import subprocess
import threading
import time

from servers import laboratory, table
import peers

import dns.update

from lib import measure
from lib.bigzones import host_name, hosts_zone, some_names
from lib.understudy import program
from lib.wait import wait_until

KINDS = ("quiet", "primary", "followed")


class Updates:
    """UPDATEs to the zones in turn, at a rate; each replaces what the one before has added to the zone."""

    def __init__(self, primary, zones, options):
        self.primary, self.zones, self.options = primary, zones, options
        self.chance = random.Random(5)
        self.present = {zone: [] for zone in zones}
        self.serials = {zone: primary.soa_serial(zone) for zone in zones}
        self.made = 0
        self.waiting = set()  # zones whose update the primary has not answered
        self._to_primary = peers.udp_to(primary, 5)

    def make(self, zone):
        update = dns.update.UpdateMessage(f"{zone}.")
        for name, address in self.present[zone]:
            update.delete(name, "A", address)
        self.present[zone] = [(f"n{self.chance.randrange(10 ** 6)}.{host_name(self.chance.randrange(1000))}",
                               f"203.0.113.{self.chance.randrange(256)}") for _ in range(self.options.changes // 2)]
        for name, address in self.present[zone]:
            update.add(name, 300, "A", address)
        update.id = self.zones.index(zone)
        self._to_primary.send(update.to_wire())
        self.waiting.add(zone)

    def take(self, timeout):
        """Zones whose updates the primary has made, of those that come within the time."""
        while self.waiting and select.select([self._to_primary], [], [], timeout)[0]:
            answer = self._to_primary.recv(4096)
            assert answer[3] & 15 == 0, f"the primary refuses: RCODE {answer[3] & 15}"
            zone = self.zones[answer[0] << 8 | answer[1]]
            self.waiting.remove(zone)
            self.serials[zone] += 1
            self.made += 1
            timeout = 0
            yield zone

    def notify(self, connection, zone):
        connection.send(peers.notify_message(zone, self.serials[zone]))

    def run(self, server, halt, follows):
        """Until halt is set."""
        began, count = time.monotonic(), 0
        with peers.udp_to(server, 1) as connection:
            connection.setblocking(False)
            while not halt.is_set():
                left_s = began + count / self.options.updates - time.monotonic()
                zone = self.zones[count % len(self.zones)]
                if left_s <= 0:
                    count += 1
                    if zone not in self.waiting:
                        self.make(zone)
                elif not self.waiting:
                    halt.wait(left_s)
                for zone in self.take(max(0, left_s)):
                    if follows:
                        self.notify(connection, zone)
                drain(connection)
            while self.waiting:
                for zone in self.take(5):
                    if follows:
                        self.notify(connection, zone)

    def settle(self, server):
        """Until the server has all."""
        with peers.udp_to(server, 1) as connection:
            connection.setblocking(False)
            for zone in self.zones:
                if server.soa_serial(zone) != self.serials[zone]:
                    self.notify(connection, zone)
        for zone in self.zones:
            server.wait_serves(zone, self.serials[zone], 120)
        peers.settle(server)


def drain(connection):
    try:
        while True:
            connection.recv(512)
    except (BlockingIOError, socket.timeout):
        pass


def ask(server, path, options):
    words = [program("bench_pace"), server.endpoint.address, str(server.endpoint.port), str(path), str(options.rate),
             str(options.seconds)]
    done = subprocess.run(words, capture_output=True, text=True, check=True, timeout=options.seconds + 60)
    return json.loads(done.stdout)


def one_round(server, updates, path, options, kind):
    halt, before, cpu = threading.Event(), updates.made, measure.cpu_seconds(server.process.pid)
    thread = threading.Thread(target=updates.run, args=(server, halt, kind == "followed"))
    if kind != "quiet":
        thread.start()
    try:
        found = ask(server, path, options)
    finally:
        halt.set()
        if kind != "quiet":
            thread.join()
    found["updates"] = updates.made - before
    updates.settle(server)
    found["cpu_s"] = measure.cpu_seconds(server.process.pid) - cpu
    print(f"{server.kind}, {kind}: {found['sent']} asked, {found['lost']} lost, 99 % {found['p99']} us, "
          f"99.9 % {found['p999']} us; {found['updates']} updates", flush=True)
    return found


def measure_server(lab, kind, primary, updates, path, options):
    server = lab.make(kind, **({"processes": 2} if kind == "nsd" else {}))
    for zone in updates.zones:
        server.add_secondary_zone(zone, primary.endpoint)
    server.start()
    for zone in updates.zones:
        wait_until(lambda z=zone: server.soa_serial(z, timeout=0.2) == updates.serials[z], 600, f"{kind} serves {zone}", 0.05)
    updates.settle(server)
    one_round(server, updates, path, options, "followed")  # warm-up
    found = {each: [] for each in KINDS}
    for _ in range(options.rounds):
        for each in KINDS:
            found[each].append(one_round(server, updates, path, options, each))
    server.process.stop(120)
    return found


def report(options, figures):
    names = list(figures)
    print(f"{options.zones} zones of {options.records} records, {options.updates} IXFRs a second of {options.changes} changes, "
          f"{options.rate} questions a second; medians of {options.rounds} rounds of {options.seconds} s")

    def row(text, kind, key, form="{:.0f}"):
        return text, {n: statistics.median(r[key] for r in figures[n][kind]) for n in names}, form
    rows = [row("asked a round", "followed", "sent"),
            ("lost, all rounds", {n: sum(r["lost"] for k in KINDS for r in figures[n][k]) for n in names}, "{:.0f}"),
            row("updates a round", "followed", "updates")]
    rows += [row(f"{text}, {kind}, us", kind, key) for key, text in (("p50", "50 %"), ("p99", "99 %"), ("p999", "99.9 %"))
             for kind in KINDS]
    for base in ("quiet", "primary"):
        rows.append((f"99 %, followed of {base}, median of rounds", {n: statistics.median(
            f["p99"] / max(q["p99"], 1) for f, q in zip(figures[n]["followed"], figures[n][base])) for n in names}, "{:.2f}"))
    print("\n".join(table(rows, names)))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--zones", type=int, default=10)
    parser.add_argument("--records", type=int, default=100000)
    parser.add_argument("--updates", type=int, default=50, help="a second, over all zones")
    parser.add_argument("--changes", type=int, default=20, help="of one update")
    parser.add_argument("--rate", type=int, default=20000, help="questions a second")
    parser.add_argument("--seconds", type=int, default=10)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--servers", default="understudy,knot,nsd,bind")
    parser.add_argument("--json", metavar="FILE")
    parser.add_argument("--quick", action="store_true", help="10,000 records a zone, 3 rounds of 4 s: about a minute a server")
    options = parser.parse_args()
    if options.quick:
        options.records, options.rounds, options.seconds = 10000, 3, 4
    zones = [f"h{number}.example" for number in range(options.zones)]
    figures = {}
    with laboratory() as lab:
        path = lab.folder / "questions"
        with open(path, "w", encoding="ascii") as file:
            names = [name for zone in zones for name in some_names(zone, "hosts", options.records, 10000)]
            random.Random(6).shuffle(names)
            file.writelines(f"{name} A\n" for name in names)
        primary = lab.make("knot")
        for number, zone in enumerate(zones):
            primary.add_primary_zone(zone, hosts_zone(zone, options.records, seed=number))
        primary.ready_s = 600
        primary.start()
        wait_until(lambda: all(primary.soa_serial(z) for z in zones), 300, "the primary has all zones")
        updates = Updates(primary, zones, options)
        for kind in options.servers.split(","):
            figures[kind] = measure_server(lab, kind, primary, updates, path, options)
    report(options, figures)
    if options.json:
        with open(options.json, "w", encoding="ascii") as file:
            json.dump({"options": vars(options), "figures": figures}, file, indent=1)


if __name__ == "__main__":
    main()
