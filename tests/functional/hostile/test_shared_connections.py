"""Many zones of one primary whose SOA questions go over TCP, many at once on a connection (RFC 7766 section 6.2.1.1):
primaries that answer in any order, or few questions a connection, are right, and no zone fails by it."""
import asyncio
import random
import struct

import pytest

from hostile.primary import Ask, Case, HostileWorld
from hostile.world import follow, wait_all_serve
from lib.wait import wait_until

ZONES = 200


class Pipelined(HostileWorld):
    """Answers what has come on a connection in an order of its own, and closes it after so many answers."""

    def __init__(self, order=None, answers=None):
        super().__init__()
        self.order, self.answers = order or (lambda asked: asked), answers
        self.streams = self.deepest = 0

    async def _on_stream(self, reader, writer):
        self.streams += 1
        left = self.answers
        try:
            while left is None or left > 0:
                asked = await self._all_there_are(reader)
                self.deepest = max(self.deepest, len(asked))
                for ask in self.order(asked)[:left]:
                    await self._answer(ask, reader, writer)
                left = None if left is None else left - len(asked)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        writer.close()

    @staticmethod
    async def _all_there_are(reader):
        asked = [await Pipelined._one(reader)]
        while True:
            try:
                asked.append(await asyncio.wait_for(Pipelined._one(reader), 0.01))
            except asyncio.TimeoutError:
                return asked

    @staticmethod
    async def _one(reader):
        length = struct.unpack("!H", await reader.readexactly(2))[0]
        return Ask(await reader.readexactly(length), tcp=True)


def too_long_for_udp(case, ask):
    return [ask.answer([case.soa_record()] if ask.tcp else [], flags=0x8400 if ask.tcp else 0x8600)]


def shuffled(asked):
    return random.Random(len(asked)).sample(asked, len(asked))


SHAPES = {"in-any-order": {"order": shuffled}, "backwards": {"order": lambda asked: asked[::-1]},
          "one-a-connection": {"answers": 1}, "two-a-connection": {"answers": 2}, "five-a-connection": {"answers": 5},
          "twenty-in-any-order": {"order": shuffled, "answers": 20}}


@pytest.mark.parametrize("shape", SHAPES)
def test_questions_that_share_connections_are_all_answered(lab, shape):
    with Pipelined(**SHAPES[shape]) as world:
        first = world.add(Case("zone000.test", soa=too_long_for_udp))
        cases = [first] + [world.add(Case(f"zone{n:03}.test", soa=too_long_for_udp), at=first) for n in range(1, ZONES)]
        daemon = follow(lab, cases, healthy=False, retry_max=3600)
        wait_all_serve(daemon, cases)
        before = {case.zone: case.asked_tcp for case in cases}
        for case in cases:
            daemon.refresh(case.zone)
        wait_until(lambda: all(case.asked_tcp > before[case.zone] for case in cases), 30, "all are asked about")

        def at_rest():
            found = [daemon.status(case.zone) for case in cases]
            failed = [a["evidence"] for s in found for a in s["attempts"] if a["reason"] != "none"]
            return failed or all(s["state"] == "active" for s in found)
        failed = wait_until(at_rest, 30, "all are answered")
        assert failed is True, f"{len(failed)} of {ZONES} failed: {failed[:2]}"
        assert "answers" in SHAPES[shape] or world.deepest > 20
        assert not world.strange
