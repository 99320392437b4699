"""Zones of a million records: transferred, served, survived, and answered as Knot and NSD answer them."""
import filecmp
import os
import subprocess
import time

import dns.rcode
import pytest

from lib import ask
from lib.answers import assert_same_answers
from lib.bigzones import KINDS, some_names
from lib.questions import TYPES, random_questions

RECORDS = int(os.environ.get("BIG_RECORDS", "1000000"))
ZONES = {"delegations": "tld", "hosts": "hosts.example"}
FIRST_ANSWER_S = 0.100


def wait_all(server, seconds=600):
    for zone in ZONES.values():
        server.wait_serves(zone, seconds=seconds)


def questions_for(kind, count):
    names = some_names(f"{ZONES[kind]}", kind, RECORDS, count)
    return random_questions(names, f"{ZONES[kind]}.", count, seed=7, types=TYPES)


def sorted_axfr(server, zone, path):
    """The zone by dig (dnspython would take minutes), a record a line, sorted; returns the number of lines."""
    subprocess.run(f"set -o pipefail; dig @{server.endpoint.address} -p {server.endpoint.port} {zone} AXFR +noall "
                   f"+answer +onesoa +nocookie | tr -s '\\t ' ' ' | LC_ALL=C sort -S 1G > '{path}'", shell=True,
                   executable="/bin/bash", check=True, timeout=300)
    with open(path, "rb") as file:
        return sum(1 for _ in file)


@pytest.mark.big
def test_million_record_zones_are_transferred_survive_kill_9_and_answer_like_knot_and_nsd(lab, record_figure):
    primary = lab.make("nsd")
    for kind, zone in ZONES.items():
        primary.add_primary_zone(zone, KINDS[kind](zone, RECORDS))
    primary.ready_s = 300
    primary.start()
    wait_all(primary)
    servers = [lab.secondary(), lab.make("knot"), lab.make("nsd")]
    for server in servers:
        for zone in ZONES.values():
            server.add_secondary_zone(zone, primary.endpoint)
        begin = time.monotonic()
        server.start()
        wait_all(server)
        record_figure(f"{server.kind}: start to both zones served", time.monotonic() - begin, "s")
    ours = servers[0]
    for zone in ZONES.values():
        records = sorted_axfr(ours, zone, lab.folder / f"{zone}.ours")
        assert records > RECORDS * 0.999
        assert records == sorted_axfr(primary, zone, lab.folder / f"{zone}.theirs")
        assert filecmp.cmp(lab.folder / f"{zone}.ours", lab.folder / f"{zone}.theirs", shallow=False), f"{zone} differs"

    primary.kill9()
    ours.kill9()
    first_answer_after_restart(ours, record_figure)
    for kind in ZONES:
        assert_same_answers(servers, questions_for(kind, 10000))


def first_answer_after_restart(server, record_figure):
    """Asks each zone in turn from the moment of the start; the first answer that comes must be a right one."""
    names = {zone: some_names(zone, kind, RECORDS, 1)[0] for kind, zone in ZONES.items()}
    questions = [(name, "NS" if zone == "tld" else "A") for zone, name in names.items()]
    begin = time.monotonic()
    server.process.start()
    for name, rdtype in questions:
        answer, came = ask.first_answer(server.endpoint, name, rdtype)
        assert answer.rcode() == dns.rcode.NOERROR, answer.to_text()
        assert answer.answer or answer.authority, answer.to_text()
        took_s = came - begin
        record_figure(f"restart to first right answer for {name}", took_s, "s")
    if server.kind == "understudy":
        assert took_s <= FIRST_ANSWER_S, f"{took_s:.3f} s"
