#!/usr/bin/python3
"""What one IXFR of some changes on a large zone costs understudyd, Knot, NSD and BIND: from NOTIFY to served, CPU, memory.

usage: bench/ixfr.py [--records N] [--changes N] [--rounds N] [--memory N] [--primary knot|bind] [--servers ...]
                     [--json FILE] [--quick]
One primary takes each set of changes by UPDATE as one serial.  Then the secondaries are notified one after the other, by
us, so that none shares the machine with another; the SOA is asked for until the new serial is there.  CPU is that of all
processes of a server, until they are at rest.  --memory N: so many more IXFRs for understudyd alone; PSS before and
after."""
import argparse
import json
import statistics

from changes import ZONE, Changes, notify_and_wait
from servers import laboratory, table, wait_served
import peers

from lib import measure
from lib.bigzones import KINDS

MIB = 1 << 20


def one_round(servers, changes, figures):
    changes.make()
    for name, server in servers.items():
        before = measure.cpu_seconds(server.process.pid)
        took_s = notify_and_wait(server, changes.serial)
        figures[name]["ms"].append(took_s * 1000)
        figures[name]["cpu_ms"].append((peers.settle(server) - before) * 1000)


def many_for_memory(server, changes, count):
    before = measure.memory(server.process.pid)
    for _ in range(count):
        changes.make()
        notify_and_wait(server, changes.serial)
    peers.settle(server)
    return {"before": before, "after": measure.memory(server.process.pid), "ixfrs": count}


def bench(options, names):
    figures = {name: {"ms": [], "cpu_ms": []} for name in names}
    with laboratory() as lab:
        primary = lab.make(options.primary)
        primary.add_primary_zone(ZONE, KINDS["hosts"](ZONE, options.records))
        primary.ready_s = 900
        primary.start()
        servers = {name: lab.make(name, **({"processes": 2} if name == "nsd" else {})) for name in names}
        for name, server in servers.items():
            server.add_secondary_zone(ZONE, primary.endpoint)
            server.start()
            wait_served(server, ["hosts"])
            peers.settle(server)
            figures[name]["pss_before"] = measure.memory(server.process.pid)["pss"]
        changes = Changes(primary, options.changes, options.records)
        one_round(servers, changes, {name: {"ms": [], "cpu_ms": []} for name in names})  # warm-up
        for _ in range(options.rounds):
            one_round(servers, changes, figures)
        for name, server in servers.items():
            figures[name]["pss_after"] = measure.memory(server.process.pid)["pss"]
        if options.memory and "understudy" in servers:
            figures["understudy"]["memory"] = many_for_memory(servers["understudy"], changes, options.memory)
    return figures


def p90(values):
    return sorted(values)[max(0, int(len(values) * 0.9 + 0.5) - 1)]


def report(options, names, figures):
    print(f"IXFR of {options.changes} changes on {options.records} records, {options.rounds} rounds, "
          f"primary {options.primary}")
    rows = [("NOTIFY to served, ms, median", {n: statistics.median(figures[n]["ms"]) for n in names}, "{:.1f}"),
            ("the same, 90 %", {n: p90(figures[n]["ms"]) for n in names}, "{:.1f}"),
            ("CPU of one, ms", {n: statistics.mean(figures[n]["cpu_ms"]) for n in names}, "{:.1f}"),
            ("PSS before, MiB", {n: figures[n]["pss_before"] / MIB for n in names}, "{:.0f}"),
            ("PSS after, MiB", {n: figures[n]["pss_after"] / MIB for n in names}, "{:.0f}")]
    print("\n".join(table(rows, names)))
    others = [n for n in names if n != "understudy"]
    for text, values, _ in (rows[0], rows[2]) if others and "understudy" in names else ():
        best = min(others, key=lambda n: values[n])
        print(f"{text}: {values['understudy'] / max(values[best], 0.01):.2f} of the best ({best})")
    memory = figures.get("understudy", {}).get("memory")
    if memory:
        print(f"understudy after {memory['ixfrs']} more: PSS {memory['after']['pss'] / MIB:.0f} MiB, before "
              f"{memory['before']['pss'] / MIB:.0f}: {memory['after']['pss'] / memory['before']['pss']:.2f}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, default=1000000)
    parser.add_argument("--changes", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--memory", type=int, default=0)
    parser.add_argument("--primary", default="knot", choices=("knot", "bind"))
    parser.add_argument("--servers", default="understudy,knot,nsd,bind")
    parser.add_argument("--json", metavar="FILE")
    parser.add_argument("--quick", action="store_true", help="50,000 records, 5 rounds")
    options = parser.parse_args()
    if options.quick:
        options.records, options.rounds = 50000, 5
    names = options.servers.split(",")
    figures = bench(options, names)
    report(options, names, figures)
    if options.json:
        with open(options.json, "w", encoding="ascii") as file:
            json.dump({"options": vars(options), "figures": figures}, file, indent=1)


if __name__ == "__main__":
    main()
