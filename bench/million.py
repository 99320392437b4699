#!/usr/bin/python3
"""What very many small zones cost: the first sync, a restart, memory at rest, lists, a reload, an import.

usage: bench/million.py [--zones N] [--by file,inventory] [--build DIR] [--json FILE]
The zones have ten records each.  Their primary is bench_primary, which makes each of them from its name: no other could
hold a million without being what is measured.  It runs on the same machine, one thread.  The zones are configured by a zones
file, or imported by `understudy zone import`.

CPU is that of understudyd in user and system mode, memory its PSS: at rest, and as the kernel's high-water mark.  A restart
is kill -9, then a start; an answer is right when it is the address that the zone's name makes.  The wall time to the first
one counts from the start of the program."""
import argparse
import json
import os
import pathlib
import random
import socket
import statistics
import subprocess
import time

from servers import laboratory
import peers

from lib import measure
from lib.control import Control
from lib.ports import new_endpoint
from lib.understudy import program
from lib.wait import wait_until

MIB = 1 << 20
SAMPLE = 1000


def name_of(n):
    return f"z{n:07}.million.example"


def wire_of(name):
    return b"".join(bytes([len(label)]) + label.encode() for label in name.split(".")) + b"\0"


def address_of(name):
    number = 2166136261
    for octet in wire_of(name)[:-1]:
        number = (number ^ octet) * 16777619 & 0xffffffff
    return number.to_bytes(4, "big")


def question(name, number):
    return number.to_bytes(2, "big") + b"\0\0\0\1\0\0\0\0\0\0" + b"\3www" + wire_of(name) + b"\0\1\0\1"


def is_right(answer, name):
    return len(answer) > 12 and answer[3] & 15 == 0 and answer[7] == 1 and address_of(name) in answer


class Asker:
    def __init__(self, server):
        self.connection = peers.udp_to(server, 0.1)

    def one(self, name):
        try:
            self.connection.send(question(name, 1))
            return is_right(self.connection.recv(4096), name)
        except OSError:
            return False

    def right(self, names):
        """Which of the names have the right answer; each is asked once, a hundred under way."""
        right, waiting = [], {}
        names = list(names)
        while names or waiting:
            while names and len(waiting) < 100:
                name = names.pop()
                number = len(names) & 0xffff
                waiting[number.to_bytes(2, "big")] = name
                try:
                    self.connection.send(question(name, number))
                except OSError:
                    return right
            try:
                answer = self.connection.recv(4096)
            except OSError:
                break
            name = waiting.pop(answer[:2], None)
            if name and is_right(answer, name):
                right.append(name)
        return right


def cpu_of(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return [int(fields[11]) / measure.TICK, int(fields[12]) / measure.TICK]


def faults_of(pid):
    return int(pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[9])


class Bench:
    def __init__(self, lab, options, by):
        self.lab, self.options, self.by = lab, options, by
        self.names = [name_of(n) for n in range(options.zones)]
        self.draw = random.Random(7)
        self.figures = {}
        self.endpoint = new_endpoint("127.0.0.1")
        self.primary = subprocess.Popen([program("bench_primary"), self.endpoint.address, str(self.endpoint.port)])
        self.server = lab.make("understudy")
        self.server.zones_file = self.lines() if by == "file" else None
        self.quiet()

    def lines(self):
        return [f"{name} {self.endpoint.text}" for name in self.names]

    def quiet(self):
        """As in production: the log tells no more than it must."""
        write = self.server.write_configuration

        def without_debug():
            write()
            path = self.server.configuration
            path.write_text(path.read_text(encoding="utf-8").replace("level: debug", "level: warning"), encoding="utf-8")
        self.server.write_configuration = without_debug

    @property
    def pid(self):
        return self.server.process.pid

    def keep(self, what, **figures):
        self.figures[what] = figures
        print(f"  {what}: " + ", ".join(f"{k} {v:,.3f}" if isinstance(v, float) else f"{k} {v:,}"
                                        for k, v in figures.items()), flush=True)

    def memory(self):
        memory = measure.memory(self.pid)
        return {"PSS MiB": memory["pss"] / MIB, "anonymous MiB": memory["anonymous"] / MIB,
                "peak RSS MiB": memory["peak"] / MIB}

    def settle(self, quiet_s=3, seconds=600):
        """Until hardly any CPU is used."""
        def idle():
            before = sum(cpu_of(self.pid))
            time.sleep(quiet_s)
            return sum(cpu_of(self.pid)) - before < 0.05 * quiet_s
        try:
            wait_until(idle, seconds, "at rest", poll_s=0)
        except AssertionError:
            print("  (not at rest)", flush=True)

    def served(self):
        with Control(self.server.socket) as control:
            return control.ask("status")["zones"]["served"]

    # --- what is measured

    def start(self):
        self.server.ready_s = 1800
        begin = time.monotonic()
        self.server.start()
        return begin

    def first_sync(self):
        begin = self.start()
        self.keep("start", **{"wall s": time.monotonic() - begin})
        if self.by == "inventory":
            self.imports()
        wait_until(lambda: self.served() == self.options.zones, 3600, "all served", poll_s=0.5)
        wall = time.monotonic() - begin
        user, system = cpu_of(self.pid)
        self.settle()
        self.keep("first sync", **{"wall s": wall, "user s": user, "system s": system, **self.memory()},
                  **{"primary's CPU s": sum(cpu_of(self.primary.pid))})

    def imports(self):
        path = self.server.write("zones.import", "".join(line + "\n" for line in self.lines()))
        begin, before = time.monotonic(), cpu_of(self.pid)
        client = subprocess.Popen([program("understudy"), "--socket", str(self.server.socket), "zone", "import", str(path)],
                                  stdout=subprocess.DEVNULL)
        peak = 0
        while os.waitid(os.P_PID, client.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
            peak = max(peak, measure.memory(client.pid)["peak"])
            time.sleep(0.05)
        _, status, usage = os.wait4(client.pid, 0)
        assert status == 0, "the import failed"
        after = cpu_of(self.pid)
        self.keep("import", **{"wall s": time.monotonic() - begin, "user s": after[0] - before[0],
                               "system s": after[1] - before[1], "client's CPU s": usage.ru_utime + usage.ru_stime,
                               "client's peak MiB": peak / MIB})

    def sample(self):
        return [self.draw.choice(self.names) for _ in range(SAMPLE)]

    def restart(self, times):
        for n in range(times):
            self.settle()
            self.server.kill9()
            time.sleep(1)
            one, many = self.draw.choice(self.names), set(self.sample())
            begin = time.monotonic()
            self.server.process.start()
            asker = Asker(self.server)
            wait_until(lambda one=one, asker=asker: asker.one(one), 600, "an answer", poll_s=0.002)
            first = time.monotonic() - begin
            cpu_first = cpu_of(self.pid)
            wait_until(lambda many=many, asker=asker: len(asker.right(many)) == len(many), 600, "all answer", poll_s=0.01)
            all_of_sample = time.monotonic() - begin
            at_first = self.memory()
            self.settle()
            cpu = cpu_of(self.pid)
            self.keep(f"restart {n + 1}", **{"first answer s": first, "1,000 answers s": all_of_sample,
                                             "CPU to the first s": sum(cpu_first), "CPU to rest s": sum(cpu),
                                             "PSS at the first MiB": at_first["PSS MiB"], **self.memory()})

    def lists(self):
        def timed(request, **fields):
            took = []
            with Control(self.server.socket) as control:
                for _ in range(20):
                    begin = time.perf_counter()
                    control.ask(request, **fields)
                    took.append(1000 * (time.perf_counter() - begin))
            return statistics.median(took)
        self.keep("lists, ms", status=timed("status"),
                  **{"zone.page of 100": timed("zone.page", limit=100, after=self.names[len(self.names) // 2]),
                     "zone.status": timed("zone.status", zone=self.names[len(self.names) // 2])})

    def reload(self, what, change):
        self.settle()
        change()
        before, begin = cpu_of(self.pid), time.monotonic()
        with Control(self.server.socket) as control:
            control.socket.settimeout(600)
            control.ask("reload")
            acknowledged = time.monotonic() - begin
            control.ask("status")
        self.settle(1)
        after = cpu_of(self.pid)
        self.keep(what, **{"wall s": acknowledged, "user s": after[0] - before[0], "system s": after[1] - before[1],
                           "PSS MiB": self.memory()["PSS MiB"]})

    def one_more(self):
        if self.by == "file":
            self.server.zones_file.append(f"one-more.million.example {self.endpoint.text}")
        else:
            self.server.zones_file = [f"one-more.million.example {self.endpoint.text}"]
        self.server.write_configuration()

    def questions(self):
        """All zones asked once each: what is loaded then is all there is."""
        asker = Asker(self.server)
        before, begin, right = cpu_of(self.pid), time.monotonic(), 0
        for at in range(0, len(self.names), 10000):
            right += len(asker.right(self.names[at:at + 10000]))
        wall = time.monotonic() - begin
        after = cpu_of(self.pid)
        self.settle()
        self.keep("all asked once", **{"right": right, "wall s": wall, "CPU s": sum(after) - sum(before), **self.memory()})

    def run(self):
        print(f"{self.options.zones} zones by {self.by}", flush=True)
        self.first_sync()
        self.lists()
        self.reload("reload, nothing changed", lambda: None)
        self.reload("reload, one more zone", self.one_more)
        self.restart(self.options.restarts)
        self.questions()
        sizes = {p.name: p.stat().st_blocks / 2048 for p in sorted(self.server.state.iterdir()) if p.is_file()}
        self.keep("on disk, MiB", **sizes)
        return self.figures

    def close(self):
        self.primary.terminate()
        self.primary.wait()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--zones", type=int, default=100000)
    parser.add_argument("--by", default="file,inventory", help="file, inventory or both")
    parser.add_argument("--restarts", type=int, default=2)
    parser.add_argument("--json", metavar="FILE")
    options = parser.parse_args()
    figures = {}
    for by in options.by.split(","):
        with laboratory() as lab:
            bench = Bench(lab, options, by)
            try:
                figures[by] = bench.run()
            finally:
                bench.close()
    if options.json:
        with open(options.json, "w", encoding="ascii") as file:
            json.dump({"options": vars(options), "figures": figures}, file, indent=1)


if __name__ == "__main__":
    main()
