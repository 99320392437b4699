#!/usr/bin/python3
"""Many small zones of one primary: what the first sync, rest and a restart of each secondary cost.

usage: bench/zones.py [--zones N] [--records N] [--rounds N] [--servers understudy,knot,nsd,bind,powerdns] [--json FILE]
                      [--quick]
The primary (Knot) has all zones.  Each secondary in its turn starts with nothing, until every zone has its SOA; comes to
rest; is stopped by SIGTERM and started again, until every zone has its SOA once more.  Served is found out by asking: a
zone that has answered is not asked again, and the questions cost the same for all.  CPU is that of all processes of a
server, until they are at rest.  Every server answers with one worker."""
import argparse
import json
import random
import statistics
import subprocess
import tempfile
import time

from servers import laboratory, table
import peers

from lib import measure
from lib.understudy import program
from lib.zonetext import soa

MIB = 1 << 20
SERVERS = ("understudy", "knot", "nsd", "bind", "powerdns")

# What the functional tests' configurations have otherwise: one worker that answers, and a log as operators have it.
EDITS = {"understudy": ("understudy.yaml", [("  workers: 2", "  workers: 1"), ("level: debug", "level: info")]),
         "knot": ("knot.conf", [("udp-workers: 2", "udp-workers: 1"), ("tcp-workers: 2", "tcp-workers: 1")])}


def zone_text(name, records, serial=1):
    """SOA, two NS, MX, TXT and hosts: so many records in all, at least 5."""
    hosts = "".join(f"h{i} A 192.0.2.{i % 250 + 1}\n" for i in range(records - 5))
    return f"{soa(name, serial)}$ORIGIN {name}.\n$TTL 3600\n@ NS h0\n@ NS ns.example.net.\n@ MX 10 h1\n@ TXT x\n{hosts}"


class Watch:
    """Asks a server for the SOA of zones, in an order of its own, until each has answered with one.  All that can be done before the
    server starts is done when it is made; what asks is gone behind its `with`, whatever happened."""

    def __init__(self, server, names, seconds=900):
        self.names, self.seconds = random.Random(1).sample(names, len(names)), seconds
        with tempfile.NamedTemporaryFile("w", suffix=".names", encoding="ascii") as file:
            file.write("\n".join(self.names))
            file.flush()
            endpoint = server.endpoint
            self.asker = subprocess.Popen([program("bench_sweep"), endpoint.address, str(endpoint.port), file.name, str(seconds)],
                                          stdout=subprocess.PIPE, text=True)
            assert self.asker.stdout.readline() == "ready\n", "bench_sweep did not begin"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.asker.kill()
        self.asker.wait()
        self.asker.stdout.close()

    def wait(self):
        """Seconds on the clock when the last one had answered."""
        told, _ = self.asker.communicate(timeout=self.seconds + 60)
        result = json.loads(told)
        assert result["missing"] == 0, f"{result['missing']} zones are not served within {self.seconds} s"
        return result["end"]


def start_primary(lab, zones, records):
    primary = lab.make("knot")
    for i in range(zones):
        name = f"z{i}.many.example"
        primary.add_primary_zone(name, zone_text(name, records))
    primary.ready_s = 300
    primary.start()
    with Watch(primary, list(primary.zones)) as watch:
        watch.wait()
    peers.settle(primary)
    return primary


def make_secondary(lab, kind, primary):
    """Configured; a zones file where there is such a thing, as whoever has thousands of zones would use."""
    server = lab.make(kind)
    server.reload_timeout_s = 1  # NSD's own default
    if server.kind == "understudy":
        server.zones_file = [f"{name} {primary.endpoint.text}" for name in primary.zones]
    else:
        for name in primary.zones:
            server.add_secondary_zone(name, primary.endpoint)
    server.write_configuration()
    server.write_configuration = lambda: None
    file, edits = EDITS.get(kind, (None, []))
    for before, after in edits:
        text = (server.folder / file).read_text()
        assert before in text
        (server.folder / file).write_text(text.replace(before, after))
    return server


def start(server):
    """The clock when its process began: everything else was done before."""
    server.is_ready = lambda: True
    begin = time.monotonic()
    server.start()
    return begin


def run_until_served(server, names, prefix):
    with Watch(server, names) as watch:
        begin = start(server)
        wall_s = watch.wait() - begin
    peers.settle(server, 1.0)
    user_s, system_s = measure.cpu_times(server.process.pid)
    memory = measure.memory(server.process.pid)
    return {f"{prefix} wall": wall_s, f"{prefix} cpu": user_s + system_s, f"{prefix} user": user_s,
            f"{prefix} system": system_s, f"{prefix} pss": memory["pss"], f"{prefix} anonymous": memory["anonymous"]}


def measure_zones(lab, kind, primary):
    """Figures of one secondary of this kind that gets all zones of the primary: seconds and octets."""
    server = make_secondary(lab, kind, primary)
    names = list(primary.zones)
    figures = run_until_served(server, names, "sync")
    server.stop()
    figures.update(run_until_served(server, names, "restart"))
    server.stop()
    return figures


def bench(options, kinds):
    figures = {kind: [] for kind in kinds}
    with laboratory() as lab:
        primary = start_primary(lab, options.zones, options.records)
        for _ in range(options.rounds):
            for kind in kinds:
                figures[kind].append(measure_zones(lab, kind, primary))
    return figures


ROWS = [("first sync, s", "sync wall", "{:.2f}", 1), ("CPU of it, s", "sync cpu", "{:.2f}", 1),
        ("of it user, s", "sync user", "{:.2f}", 1), ("of it system, s", "sync system", "{:.2f}", 1),
        ("PSS at rest, MiB", "sync pss", "{:.1f}", MIB), ("of it anonymous, MiB", "sync anonymous", "{:.1f}", MIB),
        ("restart, s", "restart wall", "{:.2f}", 1), ("CPU of it, s", "restart cpu", "{:.2f}", 1),
        ("PSS after restart, MiB", "restart pss", "{:.1f}", MIB)]


def report(options, kinds, figures):
    print(f"{options.zones} zones of {options.records} records, {options.rounds} rounds, medians; primary knot")
    rows = [(text, {k: statistics.median(r[key] for r in figures[k]) / unit for k in kinds}, form)
            for text, key, form, unit in ROWS]
    print("\n".join(table(rows, kinds)))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--zones", type=int, default=10000)
    parser.add_argument("--records", type=int, default=10)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--servers", default=",".join(SERVERS))
    parser.add_argument("--json", metavar="FILE")
    parser.add_argument("--quick", action="store_true", help="1,000 zones, 1 round")
    options = parser.parse_args()
    if options.quick:
        options.zones, options.rounds = 1000, 1
    kinds = options.servers.split(",")
    figures = bench(options, kinds)
    report(options, kinds, figures)
    if options.json:
        with open(options.json, "w", encoding="ascii") as file:
            json.dump({"options": vars(options), "figures": figures}, file, indent=1)


if __name__ == "__main__":
    main()
