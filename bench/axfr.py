#!/usr/bin/python3
"""Transfers out: records a second, and a second of the server's CPU, of understudyd, Knot, NSD and BIND.

usage: bench/axfr.py [--records N] [--zone delegations|hosts|both] [--rounds N] [--times N] [--steps N] [--servers ...]
                     [--json FILE] [--quick]
All are secondaries of one Knot.  Rounds go from server to server; in each, bench_pull takes the zone some times in a row
by AXFR, and, with --steps, that many steps of 200 changes some times by IXFR.  Each ratio is of figures of one round."""
import argparse
import json
import statistics
import subprocess

import changes
from servers import ZONES, laboratory, table, wait_served
import peers

from lib import measure
from lib.bigzones import KINDS
from lib.understudy import program

NAMES = ("understudy", "knot", "nsd", "bind")


def pull(server, zone, times, serial=None):
    """What `times` transfers in a row took, per record: the answer of bench_pull and the server's CPU."""
    before = measure.cpu_times(server.process.pid)
    words = [program("bench_pull"), server.endpoint.address, str(server.endpoint.port), zone, str(times)]
    done = subprocess.run(words + ([str(serial)] if serial is not None else []), capture_output=True, text=True,
                          check=False, timeout=900)
    assert done.returncode == 0, f"{server.kind}: {done.stderr}"
    found = json.loads(done.stdout)
    user, system = (b - a for a, b in zip(before, measure.cpu_times(server.process.pid)))
    records = found["records"] * times
    return {**found, "user_s": user, "system_s": system, "records_per_s": records / found["seconds"],
            "records_per_cpu_s": records / max(user + system, 1 / measure.TICK),
            "own_cpu_part": found["own_cpu"] / found["seconds"]}


def rounds(servers, zone, times, count, serial=None):
    """[{name: figures of pull}], one a round."""
    for server in servers.values():
        pull(server, zone, 1, serial)  # warm-up
    return [{name: pull(server, zone, times, serial) for name, server in servers.items()} for _ in range(count)]


def ratios_to_best(found, key="records_per_cpu_s"):
    """Of each round: ours to the best of the others."""
    return [r["understudy"][key] / max(f[key] for name, f in r.items() if name != "understudy") for r in found]


def start_servers(lab, options, kinds):
    primary = lab.make("knot")
    for kind in kinds:
        primary.add_primary_zone(ZONES[kind], KINDS[kind](ZONES[kind], options.records))
    primary.ready_s = 900
    primary.start()
    servers = {name: lab.make(name, **({"processes": 2} if name == "nsd" else {})) for name in options.names}
    for server in servers.values():
        server.ixfr = server.kind == "nsd"
        for kind in kinds:
            server.add_secondary_zone(ZONES[kind], primary.endpoint)
        server.start()
        wait_served(server, kinds)
        peers.settle(server)
    return primary, servers


def make_steps(primary, servers, options):
    """The serial from which the steps lead to the zone of hosts as it then is."""
    made = changes.Changes(primary, 200, options.records)
    first = made.serial
    for _ in range(options.steps):
        made.make()
        for server in servers.values():
            changes.notify_and_wait(server, made.serial)
    for server in servers.values():
        peers.settle(server)
    return first


def report(title, found):
    names = list(found[0])
    print(f"\n{title}; medians of {len(found)} rounds")

    def row(text, value, form="{:.0f}"):
        return text, {n: statistics.median(value(r[n]) for r in found) for n in names}, form
    print("\n".join(table([
        row("records", lambda f: f["records"]), row("octets", lambda f: f["octets"]),
        row("messages", lambda f: f["messages"]),
        row("records a second", lambda f: f["records_per_s"]), row("records a CPU second", lambda f: f["records_per_cpu_s"]),
        row("user CPU, ns a record", lambda f: 1e9 / f["records_per_cpu_s"] * f["user_s"] / max(f["user_s"] + f["system_s"], .01)),
        row("system CPU, ns a record", lambda f: 1e9 / f["records_per_cpu_s"] * f["system_s"] / max(f["user_s"] + f["system_s"], .01)),
        row("the client's own CPU, part of the time", lambda f: f["own_cpu_part"], "{:.2f}")], names)))
    if "understudy" in names and len(names) > 1:
        for key, text in (("records_per_cpu_s", "records a CPU second"), ("records_per_s", "records a second")):
            of_best = ratios_to_best(found, key)
            print(f"{text}, of the best other of the round: median {statistics.median(of_best):.2f}, "
                  f"{min(of_best):.2f} to {max(of_best):.2f}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, default=1000000)
    parser.add_argument("--zone", default="both", choices=(*ZONES, "both"))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--times", type=int, default=3)
    parser.add_argument("--steps", type=int, default=0, help="steps of the zone of hosts, to be sent by IXFR")
    parser.add_argument("--servers", default=",".join(NAMES))
    parser.add_argument("--json", metavar="FILE")
    parser.add_argument("--quick", action="store_true", help="100,000 records, 3 rounds of 10 times, 20 steps")
    options = parser.parse_args()
    if options.quick:
        options.records, options.rounds, options.times, options.steps = 100000, 3, 10, 20
    options.names = options.servers.split(",")
    kinds = list(ZONES) if options.zone == "both" else [options.zone]
    figures = {}
    with laboratory() as lab:
        primary, servers = start_servers(lab, options, kinds)
        for kind in kinds:
            figures[kind] = rounds(servers, ZONES[kind], options.times, options.rounds)
            report(f"AXFR of {kind}, {options.records} records", figures[kind])
        if options.steps and "hosts" in kinds:
            first = make_steps(primary, servers, options)
            figures["ixfr"] = rounds(servers, ZONES["hosts"], 10 * options.times, options.rounds, first)
            report(f"IXFR of {options.steps} steps of 200 changes", figures["ixfr"])
    if options.json:
        with open(options.json, "w", encoding="ascii") as file:
            json.dump({"options": vars(options), "figures": figures}, file, indent=1)


if __name__ == "__main__":
    main()
