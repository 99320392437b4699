#!/usr/bin/python3
"""What the service costs with many zones: importing them by the command line and by the HTTP API, reading pages of them,
adding one more.

usage: bench/service.py [--zones N] [--among N,N,...] [--adds N] [--reads N] [--json FILE] [--quick]
The primary of every zone is 127.0.0.1@9, where nobody listens: the kernel refuses each question at once, so that what is
measured is the service and not transfers; asking all those primaries, again and again, is part of it.  CPU is that of
understudyd and of understudy-web, until the import is acknowledged and until the daemon is at rest after it (idle: less
than a tenth of a second of CPU in a second); memory is PSS at rest.  A page is 100 zones; times are those of a client
that keeps its connection."""
import argparse
import json
import random
import statistics
import subprocess
import time

from servers import laboratory

from lib import measure
from lib.understudy import program
from lib.wait import wait_until
from service.stand import Service

MIB = 1 << 20
PRIMARY = "127.0.0.1@9"
BATCH = 1000


def name_of(n):
    return f"z{n:07}.bench.example"


def cpu(service):
    daemon, web = service.pids
    in_web = measure.cpu_seconds(web)
    return measure.cpu_seconds(daemon) - in_web, in_web


def settle(service, seconds=900):
    last = [sum(cpu(service)), time.monotonic()]

    def idle():
        now, at = sum(cpu(service)), time.monotonic()
        if at - last[1] < 1:
            return False
        spent, last[:] = (now - last[0]) / (at - last[1]), [now, at]
        return spent < 0.1
    try:
        wait_until(idle, seconds, "at rest", poll_s=0.2)
    except AssertionError:
        print("  (not at rest: it goes on asking primaries)", flush=True)


def by_command_line(service, count):
    path = service.ours.write("zones.import", "".join(f"{name_of(n)} {PRIMARY}\n" for n in range(count)))
    begin = time.monotonic()
    service.run("zone", "import", str(path))
    return time.monotonic() - begin


def by_api(service, count):
    key, connection = service.token("bench", "write"), service.connect(600)
    begin = time.monotonic()
    for start in range(0, count, BATCH):
        zones = [{"name": name_of(n), "primaries": [{"address": "127.0.0.1", "port": 9}]}
                 for n in range(start, min(start + BATCH, count))]
        reply = service.call("POST", "/api/zones:batch", {"zones": zones}, key=key, connection=connection)
        assert reply.status == 200 and reply.json["added"] == len(zones), reply
    return time.monotonic() - begin


class Measured(Service):
    def __init__(self, lab):
        super().__init__(lab)
        write = self.ours.write_configuration

        def without_debug():
            write()
            path = self.ours.configuration
            path.write_text(path.read_text(encoding="utf-8").replace("level: debug", "level: info"), encoding="utf-8")
        self.ours.write_configuration = without_debug

    def run(self, *words):
        """As done(), with the patience that a hundred thousand zones need."""
        return subprocess.run([program("understudy"), "--socket", str(self.ours.socket), *words], capture_output=True,
                              text=True, timeout=3600, check=True).stdout


def load(service, count, how):
    before = cpu(service)
    wall = how(service, count)
    acknowledged = cpu(service)
    settle(service)
    rest = cpu(service)
    daemon, web = service.pids
    in_web = measure.memory(web)["pss"]
    return {"zones": count, "wall s": wall, "cpu understudyd s": acknowledged[0] - before[0],
            "cpu understudy-web s": acknowledged[1] - before[1], "cpu understudyd at rest s": rest[0] - before[0],
            "pss understudyd MiB": (measure.memory(daemon)["pss"] - in_web) / MIB, "pss understudy-web MiB": in_web / MIB,
            "database MiB": sum(p.stat().st_size for p in service.ours.state.glob("inventory.db*")) / MIB}


def times(reads, ask):
    took = []
    for n in range(reads):
        begin = time.perf_counter()
        ask(n)
        took.append(1000 * (time.perf_counter() - begin))
    took.sort()
    return {"median ms": statistics.median(took), "p99 ms": took[int(0.99 * (len(took) - 1))], "max ms": took[-1]}


def with_cpu(service, count, ask):
    """Times, and the CPU that one costs in both processes, beside what they use anyway."""
    before, begin = cpu(service), time.monotonic()
    time.sleep(2)
    between, middle = cpu(service), time.monotonic()
    figures = times(count, ask)
    after, end = cpu(service), time.monotonic()
    for n, name in enumerate(("understudyd", "understudy-web")):
        anyway = (between[n] - before[n]) / (middle - begin) * (end - middle)
        figures[f"cpu {name} ms"] = 1000 * max(0, after[n] - between[n] - anyway) / count
    return figures


def read(service, count, reads):
    draw, connection = random.Random(1), service.connect(60)

    def get(form):
        def ask(_):
            n = draw.randrange(count)
            path = form.format(name=name_of(n), some=f"{n:07}"[:5], most=f"{n:07}"[-1])
            reply = service.call("GET", path, key=service.admin, connection=connection)
            assert reply.status == 200, reply
        return with_cpu(service, reads, ask)
    forms = {"a page": "/api/zones?limit=100&cursor={name}", "a page of 1,000": "/api/zones?limit=1000&cursor={name}",
             "search, 100 found": "/api/zones?limit=100&q=z{some}", "search, one found": "/api/zones?limit=100&q={name}",
             "search, a tenth found": "/api/zones?limit=100&q={most}.bench", "search, none": "/api/zones?limit=100&q=nowhere",
             "those pending": "/api/zones?limit=100&status=pending&cursor={name}",
             "those active (none)": "/api/zones?limit=100&status=active",
             "health, a page": "/api/health/zones?limit=100&cursor={name}", "health of one": "/api/health/zones/{name}",
             "one by its name": "/api/zones/by-name/{name}"}
    return {what: get(form) for what, form in forms.items()}


def add(service, count, adds):
    """One zone after the other among so many, all of them new."""
    connection = service.connect(60)

    def post(n):
        body = {"name": f"one{n}-of-{count}.bench.example", "primaries": [{"address": "127.0.0.1", "port": 9}]}
        reply = service.call("POST", "/api/zones", body, key=service.admin, connection=connection)
        assert reply.status == 201, reply
    return with_cpu(service, adds, post)


def show(title, figures):
    print(title)
    for key, value in figures.items():
        text = ", ".join(f"{k} {v:.2f}" for k, v in value.items()) if isinstance(value, dict) else f"{value:.2f}"
        print(f"  {key}: {text}", flush=True)


def one(count, how, options, then):
    with laboratory() as lab:
        service = Measured(lab).start()
        figures = load(service, count, how) if count else {}
        if count:
            show(f"\n{count} zones {how.__name__.replace('_', ' ')}", figures)
        more = then(service, count, options)
        return {**figures, **more}


def reads_and_adds(service, count, options):
    figures = {"read": read(service, count, options.reads), "add": add(service, count, options.adds)}
    show(f"reads among {count} zones", figures["read"])
    show(f"adding one zone among {count}", {"add": figures["add"]})
    return figures


def adds_only(service, count, options):
    figures = {"add": add(service, count, options.adds)}
    show(f"adding one zone among {count}", figures)
    return figures


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--zones", type=int, default=100000)
    parser.add_argument("--among", default="10", help="numbers of zones that one is added to, beside --zones")
    parser.add_argument("--adds", type=int, default=200)
    parser.add_argument("--reads", type=int, default=200)
    parser.add_argument("--json", metavar="FILE")
    parser.add_argument("--quick", action="store_true", help="5,000 zones, 50 reads and adds")
    options = parser.parse_args()
    if options.quick:
        options.zones, options.adds, options.reads = 5000, 50, 50
    figures = {f"among {n}": one(int(n), by_command_line, options, adds_only) for n in options.among.split(",") if n}
    figures["by the command line"] = one(options.zones, by_command_line, options, reads_and_adds)
    figures["by the API"] = one(options.zones, by_api, options, adds_only)
    if options.json:
        with open(options.json, "w", encoding="ascii") as file:
            json.dump({"options": vars(options), "figures": figures}, file, indent=1)


if __name__ == "__main__":
    main()
