#!/usr/bin/python3
"""Answers per second and CPU per answer of understudyd, Knot and NSD behind one primary, measured by dnsperf.

usage: bench/query.py [--records N] [--zone delegations|hosts|mix] [--rounds N] [--seconds S] [--servers ...] [--json]
mix: both zones, by the questions of bench/mix.py.
Rounds go from server to server, so that what the machine does otherwise touches all alike; each ratio is of two
figures of the same round, and the median of the rounds is printed."""
import argparse
import json
import re
import statistics
import subprocess

from mix import write_mix
from servers import SECONDARIES, ZONES, laboratory, make_secondary, start_primary, table, wait_served, write_questions

from lib import measure


def one_round(server, path, seconds):
    before = measure.cpu_times(server.process.pid)
    done = subprocess.run(["dnsperf", "-s", server.endpoint.address, "-p", str(server.endpoint.port), "-d", str(path),
                           "-l", str(seconds), "-c", "16", "-T", "1", "-q", "200", "-e"], capture_output=True,
                          text=True, timeout=seconds + 60, check=True)
    completed = int(re.search(r"Queries completed:\s+(\d+)", done.stdout).group(1))
    lost = int(re.search(r"Queries lost:\s+(\d+)", done.stdout).group(1))
    user_s, system_s = (now - then for now, then in zip(measure.cpu_times(server.process.pid), before))
    return {"qps": float(re.search(r"Queries per second:\s+([\d.]+)", done.stdout).group(1)),
            "user_us": user_s / completed * 1e6, "system_us": system_s / completed * 1e6,
            "cpu_us": (user_s + system_s) / completed * 1e6, "lost": lost}


def write(path, zone, records):
    if zone == "mix":
        write_mix(path, records)
    else:
        write_questions(path, zone, records)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, default=1000000)
    parser.add_argument("--zone", default="delegations", choices=[*ZONES, "mix"])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=3)
    parser.add_argument("--servers", default=",".join(SECONDARIES))
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    names = options.servers.split(",")
    with laboratory() as lab:
        path = lab.folder / "questions"
        kinds = list(ZONES) if options.zone == "mix" else [options.zone]
        write(path, options.zone, options.records)
        primary = start_primary(lab, options.records, kinds)
        servers = {name: make_secondary(lab, name, primary, kinds) for name in names}
        for server in servers.values():
            server.start()
            wait_served(server, kinds)
            one_round(server, path, 1)  # warm-up
        rounds = [{name: one_round(server, path, options.seconds) for name, server in servers.items()}
                  for _ in range(options.rounds)]
    report(options, names, rounds)


def report(options, names, rounds):
    if options.json:
        print(json.dumps({"zone": options.zone, "records": options.records, "rounds": rounds}))
        return
    print(f"{options.zone}, {options.records} records, {len(rounds)} rounds of {options.seconds} s; medians")
    rows = [(text, {n: statistics.median(r[n][key] for r in rounds) for n in names}, form) for text, key, form in (
        ("answers per second", "qps", "{:.0f}"), ("user CPU per answer, us", "user_us", "{:.2f}"),
        ("system CPU per answer, us", "system_us", "{:.2f}"), ("both, us", "cpu_us", "{:.2f}"), ("lost", "lost", "{:.0f}"))]
    print("\n".join(table(rows, names)))
    for other in names[1:]:
        for key, text in (("qps", "answers per second"), ("user_us", "user CPU per answer"), ("cpu_us", "CPU per answer")):
            ratios = [r[names[0]][key] / r[other][key] for r in rounds]
            print(f"{text}, {names[0]}/{other}, round by round: median {statistics.median(ratios):.2f}, "
                  f"{min(ratios):.2f} to {max(ratios):.2f}")


if __name__ == "__main__":
    main()
