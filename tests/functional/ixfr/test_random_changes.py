"""Random changes of a zone on BIND, Knot and NSD, followed by IXFR: after each one everything is as on the primary, also
when the follower is killed at a random instant each time.

IXFR_CHANGES=500 makes 500 of them in all, in place of a sample; IXFR_SEED repeats a run."""
import os
import random
import time

import pytest

from ixfr.follow import Pair

CHANGES = int(os.environ.get("IXFR_CHANGES", "30"))
SEED = int(os.environ.get("IXFR_SEED", random.randrange(10**6)))
SAMPLE = CHANGES < 100
HOSTS, QUESTIONS, MOST = (80, 60, 300) if SAMPLE else (300, 200, 1000)
PRIMARIES = ("bind", "knot", "nsd")


@pytest.mark.parametrize("kind", PRIMARIES)
def test_every_change_arrives_as_it_is_on_the_primary(lab, kind, record_figure):
    print(f"IXFR_SEED={SEED}")
    pair = Pair(lab, kind, SEED, HOSTS, QUESTIONS)
    for _ in range(CHANGES // 3):
        if pair.random.random() < 0.2:
            pair.changes_at_once(MOST)
        else:
            pair.change(MOST)
        pair.wait_followed()
        pair.assert_equal()
    assert pair.came["ixfr"] * 2 > sum(pair.came.values()), pair.came
    record_figure("changes that came by IXFR", pair.came["ixfr"], f"of {sum(pair.came.values())}: {dict(pair.came)}")


@pytest.mark.parametrize("kind", PRIMARIES)
def test_every_change_arrives_over_a_kill_at_a_random_instant(lab, kind, record_figure):
    print(f"IXFR_SEED={SEED}")
    pair = Pair(lab, kind, SEED + 1, HOSTS, QUESTIONS)
    for _ in range(CHANGES // 6 if SAMPLE else CHANGES // 3):
        pair.change(MOST, see=False)
        time.sleep(0.2 * pair.random.random())  # not waiting for anything: the instant of the kill is drawn
        pair.secondary.kill9()
        pair.secondary.start()
        pair.see_to_servers()
        pair.assert_old_or_new()
        pair.secondary.cli("zone", "refresh", "example.com")  # the NOTIFY may have died with the process
        pair.wait_followed()
        pair.assert_equal()
    record_figure("changes over kill -9 that came by IXFR", pair.came["ixfr"], f"of {sum(pair.came.values())}: {dict(pair.came)}")
