"""Every route with values that are wrong in every way: a refusal each, nothing breaks, memory stays."""
import os

import pytest

from lib import measure

from . import fuzz


def resident_kib(web):
    with open(f"/proc/{web.process.pid}/status", encoding="ascii") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))


def hammer(web, seconds, record_figure):
    fuzz.run(web, 2)
    before = resident_kib(web)
    count, statuses, problems = fuzz.run(web, seconds)
    assert not problems, "\n".join(problems[:10])
    assert web.process.running and web.get("/healthz", key=None).status == 200
    record_figure("requests that were wrong in some way", count, "requests")
    record_figure("memory before and after", resident_kib(web) - before, "KiB more")
    print(statuses)
    assert measure.is_sanitized(web.process.pid) or resident_kib(web) - before < 20000


def test_nothing_breaks_in_a_few_seconds(web, record_figure):
    hammer(web, 5, record_figure)


@pytest.mark.slow
def test_nothing_breaks_for_long(web, record_figure):
    hammer(web, int(os.environ.get("WEB_FUZZ_SECONDS", "30")), record_figure)
