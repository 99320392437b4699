"""What both benches share: the functional tests' servers, in a temporary folder, one primary for all."""
import contextlib
import pathlib
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tests" / "functional"))

from lib.bigzones import KINDS, some_names  # noqa: E402
from lib.lab import KINDS as lab_kinds, Lab  # noqa: E402
from lib.questions import random_questions  # noqa: E402
from lib.wait import wait_until  # noqa: E402

SECONDARIES = ("understudy", "knot", "nsd")
ZONES = {"delegations": "tld", "hosts": "hosts.example"}


@contextlib.contextmanager
def laboratory():
    """A Lab whose servers and files are gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="understudy-bench-") as folder:
        lab = Lab(folder)
        try:
            yield lab
        finally:
            lab.close()


def start_primary(lab, records, kinds=ZONES):
    primary = lab.make("nsd")
    for kind in kinds:
        primary.add_primary_zone(ZONES[kind], KINDS[kind](ZONES[kind], records))
    primary.ready_s = 600
    primary.start()
    wait_served(primary, kinds)
    return primary


def make_secondary(lab, kind, primary, kinds=ZONES):
    server = lab.make(kind, **({"processes": 2} if kind == "nsd" else {}))
    for each in kinds:
        server.add_secondary_zone(ZONES[each], primary.endpoint)
    return server


def wait_served(server, kinds=ZONES, poll_s=0.005):
    for kind in kinds:
        wait_until(lambda z=ZONES[kind]: server.soa_serial(z, timeout=0.1), 900, f"{server.kind} serves {ZONES[kind]}",
                   poll_s)


def write_questions(path, kind, records):
    """100,000 questions as dnsperf reads them."""
    names = some_names(ZONES[kind], kind, records, 50000)
    types = ["A", "AAAA", "NS", "MX", "DS"]
    with open(path, "w", encoding="ascii") as file:
        file.writelines(f"{name} {rdtype}\n" for name, rdtype, _ in
                        random_questions(names, f"{ZONES[kind]}.", 100000, with_do=False, types=types))


def table(rows, columns, first="understudy"):
    """Text lines: one row a figure, one column a server, and the ratio of ours to each other one's."""
    others = [c for c in columns if c != first]
    width = max(len(name) for name, _, _ in rows)
    yield f"{'':{width}} " + " ".join(f"{c:>12}" for c in columns) + "".join(
        f" {'of ' + c:>12}" for c in others if first in columns)
    for name, values, form in rows:
        line = f"{name:{width}} " + " ".join(f"{form.format(values[c]):>12}" for c in columns)
        if first in columns:
            line += "".join(f" {values[first] / values[c]:>12.2f}" if values[c] else f" {'-':>12}" for c in others)
        yield line
