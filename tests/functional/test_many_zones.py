"""10,000 zones of 10 records from a zones file: all are served, and again after a restart."""
import random
import time

import pytest

from lib import ask
from lib.wait import wait_until
from lib.zonetext import soa

COUNT = 10000


def zone_text(name, serial):
    return soa(name, serial) + f"""\
$ORIGIN {name}.
$TTL 3600
@    IN NS   ns1
@    IN NS   ns2
@    IN MX   10 mail
ns1  IN A    192.0.2.1
ns2  IN A    192.0.2.2
mail IN A    192.0.2.3
www  IN A    192.0.2.4
www  IN AAAA 2001:db8::4
@    IN TXT  "{name} {serial}"
"""


def all_served(secondary, names):
    answers = ask.many(secondary.endpoint, [(name, "TXT", False) for name in names])
    return [name for name, answer in zip(names, answers)
            if not answer.answer or answer.answer[0][0].strings[0] != f"{name} 1".encode()]


@pytest.mark.slow
def test_ten_thousand_zones_are_served_and_served_again_after_a_restart(lab, record_figure):
    names = [f"z{i}.many.example" for i in range(COUNT)]
    primary, secondary = lab.make("knot"), lab.make("understudy")
    for name in names:
        primary.add_primary_zone(name, zone_text(name, 1))
    primary.start()
    wait_until(lambda: primary.soa_serial(names[0], timeout=1), 60, "the primary has them all")
    secondary.zones_file = [f"{name} {primary.endpoint.text}" for name in names]
    begin = time.monotonic()
    secondary.start()

    def complete():
        missing = [n for n in names[::250] if not secondary.soa_serial(n, timeout=1)]
        if not missing:
            missing = all_served(secondary, names)
        return not missing
    wait_until(complete, 180, "all zones served", poll_s=1)
    record_figure("10,000 zones: start to all served", time.monotonic() - begin, "s")

    primary.kill9()
    secondary.kill9()
    begin = time.monotonic()
    secondary.process.start()
    first, came = ask.first_answer(secondary.endpoint, names[COUNT // 2], "TXT")
    record_figure("10,000 zones: restart to first answer", came - begin, "s")
    assert first.answer, first.to_text()
    random.Random(1).shuffle(names)
    assert not all_served(secondary, names)
    listed = secondary.cli("zone", "list", "--json").json["zones"]
    assert len(listed) == COUNT and {z["state"] for z in listed} <= {"active", "stale"}
