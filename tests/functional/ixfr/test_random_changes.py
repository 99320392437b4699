"""Random changes of a zone on BIND, Knot and NSD, followed by IXFR: after each one everything is as on the primary, also
when the follower is killed at a random instant each time.

IXFR_CHANGES=500 makes 500 of them in all, in place of a sample; IXFR_SEED repeats a run."""
import os
import random

import pytest

from ixfr.follow import Instant, Pair

CHANGES = int(os.environ.get("IXFR_CHANGES", "30"))
SEED = int(os.environ.get("IXFR_SEED", random.randrange(10**6)))
SAMPLE = CHANGES < 100
HOSTS, QUESTIONS, MOST = (80, 60, 300) if SAMPLE else (300, 200, 1000)
PRIMARIES = ("bind", "knot", "nsd")


def share(kind, changes):
    """Of a primary; all make up the whole."""
    return (changes + PRIMARIES.index(kind)) // len(PRIMARIES)


@pytest.mark.parametrize("kind", PRIMARIES)
def test_every_change_arrives_as_it_is_on_the_primary(lab, kind, record_figure):
    print(f"IXFR_SEED={SEED}")
    pair = Pair(lab, kind, SEED, HOSTS, QUESTIONS)
    for _ in range(share(kind, CHANGES)):
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
    """Half of the kills are drawn from the change on, half from its NOTIFY on: many come while it is on its way."""
    print(f"IXFR_SEED={SEED}")
    pair = Pair(lab, kind, SEED + 1, HOSTS, QUESTIONS)
    instants = Instant(min(pair.latency(MOST) for _ in range(3))), Instant(0.01, from_notify=True)
    kills = share(kind, CHANGES // 2 if SAMPLE else CHANGES)
    for number in range(kills):
        pair.change_over_kill(MOST, instants[number % 2], early=number < 2)
    interrupted = kills - pair.killed["after it was saved"]
    record_figure("changes over kill -9 that came by IXFR", pair.came["ixfr"], f"of {sum(pair.came.values())}: {dict(pair.came)}")
    record_figure("changes that the kill interrupted", interrupted, f"of {kills}: {dict(pair.killed)}, usually saved "
                  f"{instants[0].usual_s * 1e3:.0f} ms after the change, {instants[1].usual_s * 1e3:.0f} ms after the NOTIFY")
    assert interrupted >= kills // 4, pair.killed
