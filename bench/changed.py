#!/usr/bin/python3
"""Thousands of zones changed at once on one primary: how long until a secondary serves them all, and at what CPU cost.

usage: bench/changed.py [--zones N] [--rounds N] [--servers understudy,knot,nsd] [--json FILE] [--quick]
The primary (Knot) loads a new version of every zone; then each secondary in its turn gets a NOTIFY for each zone, by us, as
fast as it answers them.  Served is: every zone has the new serial.  CPU is that of all processes of a server, until they
are at rest; the questions that look for the new serials are the same for all."""
import argparse
import json
import statistics
import time

from servers import laboratory, table
import peers

from lib import measure
from lib.wait import wait_until
from lib.zonetext import soa

WINDOW = 200  # messages under way at once
MIB = 1 << 20


def zone_text(name, serial):
    return soa(name, serial) + f"""$ORIGIN {name}.
$TTL 3600
@ NS ns1
@ NS ns2
@ MX 10 mail
ns1 A 192.0.2.1
ns2 A 192.0.2.2
mail A 192.0.2.3
www A 192.0.2.4
www AAAA 2001:db8::4
@ TXT "{name} {serial}"
"""


class Asker:
    """Many small messages to one server, so many at once, each until something comes back."""

    def __init__(self, server):
        self.connection = peers.udp_to(server, 1.0)

    def exchange(self, messages):
        """{key: answer} for {key: message}; the ID of a message is its place here."""
        keys, answers, at, under_way = list(messages), {}, 0, {}
        while len(answers) < len(keys):
            while at < len(keys) and len(under_way) < WINDOW:
                self._send(at, messages[keys[at]])
                under_way[at] = keys[at]
                at += 1
            try:
                answer = self.connection.recv(4096)
            except TimeoutError:
                for place, key in under_way.items():
                    self._send(place, messages[key])
                continue
            key = under_way.pop(int.from_bytes(answer[:2], "big"), None)
            if key is not None:
                answers[key] = answer
        return answers

    def _send(self, number, message):
        self.connection.send(number.to_bytes(2, "big") + message[2:])

    def close(self):
        self.connection.close()


def behind(asker, names, questions, serial):
    answers = asker.exchange({n: questions[n] for n in names})
    return [n for n in names if peers.serial_in(answers[n]) != serial]


def wait_all(asker, names, questions, serial, seconds=600):
    """A sample is looked at until it is there, then all: the questions should cost little beside the work."""
    sample = names[::100] + names[-1:]
    wait_until(lambda: not behind(asker, sample, questions, serial), seconds, "a sample is served", poll_s=0.02)
    left = [names]

    def complete():
        left[0] = behind(asker, left[0], questions, serial)
        return not left[0]
    wait_until(complete, seconds, "all are served", poll_s=0.02)


def prepare(lab, names, kinds, serial):
    primary = lab.make("knot")
    for name in names:
        primary.add_primary_zone(name, zone_text(name, serial))
    primary.ready_s = 300
    primary.start()
    questions = {n: peers.soa_question(n, 0) for n in names}
    wait_served_all(primary, names, questions, serial)
    servers = {}
    for kind in kinds:
        server = servers[kind] = lab.make(kind, **({"processes": 2} if kind == "nsd" else {}))
        for name in names:
            server.add_secondary_zone(name, primary.endpoint)
        server.reload_timeout_s = 1  # NSD's own: it collects what changes, instead of a reload for each
        server.ready_s = 300
        server.start()
        wait_served_all(server, names, questions, serial)
        peers.settle(server)
    return primary, servers, questions


def wait_served_all(server, names, questions, serial):
    asker = Asker(server)
    wait_all(asker, names, questions, serial, 900)
    asker.close()


def change_all(primary, names, questions, serial):
    for name in names:
        primary.zones[name].text = zone_text(name, serial)
        (primary.folder / primary.zones[name].file_name).write_text(primary.zones[name].text, encoding="ascii")
    primary.control("zone-reload")
    wait_served_all(primary, names, questions, serial)
    peers.settle(primary)


def measure_one(server, names, questions, serial):
    asker = Asker(server)
    notifies = {n: peers.notify_message(n, serial) for n in names}
    before, begin = measure.cpu_seconds(server.process.pid), time.monotonic()
    asker.exchange(notifies)
    wait_all(asker, names, questions, serial)
    wall_s = time.monotonic() - begin
    asker.close()
    return {"wall": wall_s, "cpu": peers.settle(server, 1.0) - before, "pss": measure.memory(server.process.pid)["pss"]}


def bench(options, kinds):
    names = [f"z{i}.many.example" for i in range(options.zones)]
    figures = {kind: [] for kind in kinds}
    with laboratory() as lab:
        primary, servers, questions = prepare(lab, names, kinds, 1)
        for serial in range(2, 2 + options.rounds):
            change_all(primary, names, questions, serial)
            for kind, server in servers.items():
                figures[kind].append(measure_one(server, names, questions, serial))
    return figures


def report(options, kinds, figures):
    print(f"{options.zones} zones changed at once, {options.rounds} rounds, medians; primary knot")
    rows = [(text, {k: statistics.median(r[key] for r in figures[k]) / unit for k in kinds}, form)
            for text, key, form, unit in (("NOTIFYs to all served, s", "wall", "{:.2f}", 1), ("CPU, s", "cpu", "{:.2f}", 1),
                                          ("PSS after, MiB", "pss", "{:.0f}", MIB))]
    print("\n".join(table(rows, kinds)))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--zones", type=int, default=10000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--servers", default="understudy,knot,nsd")
    parser.add_argument("--json", metavar="FILE")
    parser.add_argument("--quick", action="store_true", help="1,000 zones, 2 rounds")
    options = parser.parse_args()
    if options.quick:
        options.zones, options.rounds = 1000, 2
    kinds = options.servers.split(",")
    figures = bench(options, kinds)
    report(options, kinds, figures)
    if options.json:
        with open(options.json, "w", encoding="ascii") as file:
            json.dump({"options": vars(options), "figures": figures}, file, indent=1)


if __name__ == "__main__":
    main()
