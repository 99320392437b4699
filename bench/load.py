#!/usr/bin/python3
"""Loads zones of a million records into understudyd, Knot and NSD from one primary, and prints side by side what
that costs: memory, CPU, wall time, and the time from a restart (after kill -9) to the first right answer.

usage: bench/load.py [--records N] [--zones delegations,hosts] [--servers understudy,knot,nsd] [--json]
The build is found as the functional tests find it (UNDERSTUDY_BUILD, or UNDERSTUDYD)."""
import argparse
import json
import subprocess
import time

from peers import settle
from servers import SECONDARIES, ZONES, laboratory, make_secondary, start_primary, table, wait_served, write_questions

import dns.rcode

from lib import ask, measure
from lib.bigzones import some_names

MIB = 1 << 20


def load(server, kinds):
    """Start with nothing saved, until all zones are served: figures of the process when it has come to rest."""
    begin = time.monotonic()
    server.start()
    wait_served(server, kinds)
    wall_s = time.monotonic() - begin
    settle(server)
    figures = measure.memory(server.process.pid)
    return {"wall": wall_s, "cpu": measure.cpu_seconds(server.process.pid), **figures}


def ask_around(server, kinds, records):
    """100,000 random questions a zone: pages of mapped files count only when they have been read."""
    for kind in kinds:
        path = server.folder / f"{kind}.questions"
        write_questions(path, kind, records)
        subprocess.run(["dnsperf", "-s", server.endpoint.address, "-p", str(server.endpoint.port), "-d", str(path),
                        "-n", "1", "-c", "8", "-q", "100"], capture_output=True, timeout=300, check=True)
    return measure.memory(server.process.pid)


def octets_on_disk(server):
    return sum(p.stat().st_blocks * 512 for p in server.folder.rglob("*") if p.is_file())


def restart(server, kinds, records):
    """From the start of the process to the first right answer from the last of the zones asked."""
    names = [some_names(ZONES[kind], kind, records, 1)[0] for kind in kinds]
    server.kill9()
    begin = time.monotonic()
    server.process.start()
    for name in names:
        took_s = first_right_answer(server, name) - begin
    settle(server)
    return took_s, measure.memory(server.process.pid)


def first_right_answer(server, name):
    """A server may say SERVFAIL or REFUSED before it has its zones: asked until it does not."""
    while True:
        answer, came = ask.first_answer(server.endpoint, name, seconds=600)
        if answer.rcode() in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN):
            return came
        time.sleep(0.001)


def bench(kinds, records, names):
    figures = {}
    with laboratory() as lab:
        primary = start_primary(lab, records, kinds)
        servers = {name: make_secondary(lab, name, primary, kinds) for name in names}
        for name, server in servers.items():  # one at a time: they would share two cores otherwise
            figures[name] = load(server, kinds)
            figures[name]["disk"] = octets_on_disk(server)
            figures[name].update({f"asked {k}": v for k, v in ask_around(server, kinds, records).items()})
            figures[name]["restart"], after = restart(server, kinds, records)
            figures[name].update({f"restarted {k}": v for k, v in after.items()})
            server.stop()
    return figures


ROWS = [("CPU of load, s", "cpu", "{:.2f}", 1), ("wall time of load, s", "wall", "{:.2f}", 1),
        ("RSS after load, MiB", "rss", "{:.0f}", MIB), ("PSS after load, MiB", "pss", "{:.0f}", MIB),
        ("of it anonymous, MiB", "anonymous", "{:.0f}", MIB), ("peak RSS, MiB", "peak", "{:.0f}", MIB),
        ("RSS after 100,000 questions a zone, MiB", "asked rss", "{:.0f}", MIB),
        ("of it anonymous, MiB", "asked anonymous", "{:.0f}", MIB), ("on disk, MiB", "disk", "{:.0f}", MIB),
        ("restart to first answer, s", "restart", "{:.3f}", 1),
        ("RSS after restart, MiB", "restarted rss", "{:.0f}", MIB),
        ("of it anonymous, MiB", "restarted anonymous", "{:.0f}", MIB)]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, default=1000000)
    parser.add_argument("--zones", default=",".join(ZONES))
    parser.add_argument("--servers", default=",".join(SECONDARIES))
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    names, kinds = options.servers.split(","), options.zones.split(",")
    for each in [[kind] for kind in kinds] + ([kinds] if len(kinds) > 1 else []):
        figures = bench(each, options.records, names)
        if options.json:
            print(json.dumps({"zones": each, "records": options.records, "figures": figures}))
            continue
        print(f"\n{' + '.join(each)}: {options.records} records each")
        rows = [(text, {n: figures[n][key] / unit for n in names}, form) for text, key, form, unit in ROWS]
        print("\n".join(table(rows, names)), flush=True)


if __name__ == "__main__":
    main()
