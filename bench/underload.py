#!/usr/bin/python3
"""How long answers take while zones change: IXFRs come at a steady rate to ten zones, and questions are asked all the time.

usage: bench/underload.py [--zones N] [--records N] [--updates N] [--changes N] [--rate N] [--seconds S] [--rounds N]
                          [--servers ...] [--json FILE] [--quick]
All servers are secondaries of one bench_steady, whose updates cost next to nothing; it sends a NOTIFY for each, and counts the
IXFRs that it is asked for.  In a round each server in its turn has questions from bench_pace in three parts, of which another
one is first each time: quiet; updates of which only somebody else is told; and updates that the server follows.  At the end
of each round it must have come to the newest serials, and serve what they have.  Each part is told as it ends, then lost
questions, IXFRs and percentiles."""
import argparse
import contextlib
import json
import random
import socket
import statistics
import subprocess

from servers import laboratory, table
import peers

from lib import ask as one_question, measure
from lib.bigzones import host_name, some_names
from lib.ports import new_endpoint
from lib.understudy import program
from lib.wait import wait_until

KINDS = ("quiet", "primary", "followed")
PERCENTILES = (("p50", "50 %"), ("p90", "90 %"), ("p999", "99.9 %"), ("p99", "99 %"), ("typical99", "99 % of a fifth of a second"))


def mix(number):
    number = number * 2654435761 & 0xffffffff
    number = (number ^ number >> 15) * 2246822519 & 0xffffffff
    return number ^ number >> 13


def change(zone, serial, number):
    """Name and address of one of a serial's own records: as bench_steady makes them."""
    drawn = mix(serial * 64 + number)
    return f"n{drawn // 1000 % 1000000}-{number}.{host_name(drawn % 1000)}.{zone}", f"203.0.113.{drawn & 255}"


class Primary:
    """bench_steady, which holds all zones."""

    def __init__(self, zones, options):
        self.zones, self.options, self.endpoint = zones, options, new_endpoint()
        words = [program("bench_steady"), self.endpoint.address, self.endpoint.port, len(zones), options.records, options.changes]
        self.process = subprocess.Popen([str(word) for word in words], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        wait_until(lambda: self.serial(zones[0]), 10, "the primary answers")

    def serial(self, zone):
        return one_question.soa_serial(self.endpoint, zone, timeout=0.2)

    def _say(self, words):
        self.process.stdin.write(words + "\n")
        self.process.stdin.flush()

    def go(self, endpoint):
        self._say(f"go {endpoint.address} {endpoint.port} {self.options.updates}")

    def halt(self):
        self._say("halt")
        return json.loads(self.process.stdout.readline())

    def settle(self, server):
        """Until the server has all, and is at rest; what it serves is what the serial has."""
        serials = {zone: self.serial(zone) for zone in self.zones}
        wait_until(lambda: not self._remind(server, serials), 120, f"{server.kind} serves the newest serials", 0.3)
        for zone in self.zones:
            server.wait_serves(zone, serials[zone], 120)
            self.check(server, zone, serials[zone])
        peers.settle(server)

    def _remind(self, server, serials):
        """Zones that are behind: their NOTIFYs are sent again, as a busy server may have lost one."""
        behind = [zone for zone in self.zones if server.soa_serial(zone) != serials[zone]]
        with peers.udp_to(server, 1) as connection:
            for zone in behind:
                connection.send(peers.notify_message(zone, serials[zone]))
        return behind

    def check(self, server, zone, serial):
        for number in range(self.options.changes // 2):
            name, address = change(zone, serial, number)
            got = [record.to_text() for rrset in server.query(name).answer for record in rrset]
            assert got == [address], f"{server.kind} has {got} at {name}, which is {address} in {serial}"
            former, _ = change(zone, serial - 1, number)
            assert not server.query(former).answer, f"{server.kind} serves {former} yet, which {serial} has not"

    def close(self):
        self.process.stdin.close()
        self.process.wait(10)


@contextlib.contextmanager
def somebody_else():
    """The endpoint of a socket that nobody reads."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as unread:
        endpoint = new_endpoint()
        unread.bind(endpoint)
        yield endpoint


def ask(server, path, options):
    words = [program("bench_pace"), server.endpoint.address, str(server.endpoint.port), str(path), str(options.rate),
             str(options.seconds)]
    done = subprocess.run(words, capture_output=True, text=True, check=True, timeout=options.seconds + 60)
    return json.loads(done.stdout)


def one_part(name, server, primary, path, options, kind):
    before = measure.cpu_seconds(server.process.pid)
    with somebody_else() as unread:
        if kind != "quiet":
            primary.go(unread if kind == "primary" else server.endpoint)
        found = ask(server, path, options)
        counted = primary.halt() if kind != "quiet" else {}
    found.update({key: counted.get(key, 0) for key in ("updates", "ixfrs", "steps", "axfrs", "updating_s", "primary_cpu_s")})
    primary.settle(server)
    found["cpu_s"] = measure.cpu_seconds(server.process.pid) - before
    print(f"{name}, {kind}: {found['sent']} asked, {found['lost']} lost, 99 % {found['p99']} us, typically "
          f"{found['typical99']} us; {found['updates']} updates, {found['steps']} of them taken by {found['ixfrs']} IXFRs", flush=True)
    return found


def start(lab, kind, primary):
    server = lab.make(kind, **({"processes": 2} if kind == "nsd" else {}))
    server.log_level = "info"  # as users have it; the tests' own is ours alone
    for zone in primary.zones:
        server.add_secondary_zone(zone, primary.endpoint)
    server.start()
    for zone in primary.zones:
        wait_until(lambda z=zone: server.soa_serial(z, timeout=0.2), 600, f"{kind} serves {zone}", 0.05)
    primary.settle(server)
    return server


def measure_all(servers, primary, path, options):
    found = {name: {kind: [] for kind in KINDS} for name in servers}
    for name, server in servers.items():
        one_part(name, server, primary, path, options, "followed")  # warm-up
    for number in range(options.rounds):
        for name, server in servers.items():
            primary.settle(server)  # the others have had their updates since
            for kind in KINDS[number % 3:] + KINDS[:number % 3]:
                found[name][kind].append(one_part(name, server, primary, path, options, kind))
    return found


def report(options, figures):
    names = list(figures)
    print(f"{options.zones} zones of {options.records} records, {options.updates} updates a second of {options.changes} changes, "
          f"{options.rate} questions a second; medians of {options.rounds} rounds of {options.seconds} s")

    def row(text, kind, key, form="{:.0f}", each=lambda part: 1):
        return text, {n: statistics.median(r[key] / each(r) for r in figures[n][kind]) for n in names}, form
    rows = [row("asked a round", "followed", "sent"),
            ("lost, all rounds", {n: sum(r["lost"] for k in KINDS for r in figures[n][k]) for n in names}, "{:.0f}"),
            row("IXFRs a second", "followed", "ixfrs", "{:.1f}", lambda part: part["updating_s"]),
            row("updates in them a second", "followed", "steps", "{:.1f}", lambda part: part["updating_s"]),
            row("CPU, quiet, ms a second", "quiet", "cpu_s", "{:.0f}", lambda part: options.seconds / 1000),
            row("CPU, followed, ms a second", "followed", "cpu_s", "{:.0f}", lambda part: options.seconds / 1000),
            row("CPU of the primary, ms a second", "followed", "primary_cpu_s", "{:.0f}", lambda part: options.seconds / 1000)]
    rows += [row(f"{text}, {kind}, us", kind, key) for key, text in PERCENTILES for kind in KINDS]
    for key, text in PERCENTILES[-2:]:
        rows.append((f"{text}, followed of quiet, median of rounds", {n: statistics.median(
            f[key] / max(q[key], 1) for f, q in zip(figures[n]["followed"], figures[n]["quiet"])) for n in names}, "{:.2f}"))
    print("\n".join(table(rows, names)))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--zones", type=int, default=10)
    parser.add_argument("--records", type=int, default=100000)
    parser.add_argument("--updates", type=int, default=50, help="a second, over all zones")
    parser.add_argument("--changes", type=int, default=20, help="of one update, at most 128")
    parser.add_argument("--rate", type=int, default=20000, help="questions a second")
    parser.add_argument("--seconds", type=int, default=3)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--servers", default="understudy,knot,nsd,bind")
    parser.add_argument("--json", metavar="FILE")
    parser.add_argument("--quick", action="store_true", help="10,000 records a zone, 5 rounds of 2 s")
    options = parser.parse_args()
    if options.quick:
        options.records, options.rounds, options.seconds = 10000, 5, 2
    zones = [f"h{number}.example" for number in range(options.zones)]
    with laboratory() as lab, contextlib.closing(Primary(zones, options)) as primary:
        path = lab.folder / "questions"
        with open(path, "w", encoding="ascii") as file:
            names = [name for zone in zones for name in some_names(zone, "hosts", options.records, 10000)]
            random.Random(6).shuffle(names)
            file.writelines(f"{name} A\n" for name in names)
        servers = {kind: start(lab, kind, primary) for kind in options.servers.split(",")}
        figures = measure_all(servers, primary, path, options)
    report(options, figures)
    if options.json:
        with open(options.json, "w", encoding="ascii") as file:
            json.dump({"options": vars(options), "figures": figures}, file, indent=1)


if __name__ == "__main__":
    main()
