"""kill -9 at random instants and at every named fault point, while zones are transferred, merged, saved and published:
after each restart every zone is served in one whole version, never older than one that was served or announced.

KILLS=1000 makes a thousand of them in place of a sample; KILLS_SEED repeats a run."""
import os
import random

from hostile.primary import HostileWorld
from hostile.world import follow, wait_all_serve
from lib import ask
from lib.wait import Deadline, wait_until
from survival.moving import Listener, Ticker, fault_points, instant, make_moving, served_zone

KILLS = int(os.environ.get("KILLS", "24"))
SEED = int(os.environ.get("KILLS_SEED", random.randrange(10**6)))
ZONES, LARGE = 8, 2500
BUSY = 6000, 20  # hosts and moves of a zone whose layers are merged and whose image is saved anew every few dozen versions
# How all zones move on until the daemon dies at a point: (as whole zones, versions that the busy one leaps at least). Two
# small differences in a row are merged at once, many of them in the background.
WAYS = ((False, 1), (True, 1), (False, 1), (False, 1), *[(False, 4)] * 20)


# Passed when others have come before it: a commit of what was told, whichever that is, finds the database full, twice.
NEEDS = {"ahead-renewed": [f"store-full:{n},store-full:{n + 1}," for n in range(2, 9)]}


class Killed:
    """A daemon that is killed again and again, and what it may not go back behind."""

    def __init__(self, lab, world, listener, seed):
        self.random = random.Random(seed)
        self.listener = listener
        self.cases = [world.add(make_moving(f"z{n}.test", 30)) for n in range(ZONES)]
        self.cases.append(world.add(make_moving("large.test", LARGE)))
        self.cases.append(world.add(make_moving("busy.test", *BUSY)))
        self.daemon = follow(lab, self.cases, healthy=False, options={"notify": [listener.endpoint.text]})
        wait_all_serve(self.daemon, self.cases)
        self.ticker = Ticker(self.cases, self.daemon.endpoint, seed)
        self.floor = {case.zone: 1 for case in self.cases}  # served or announced
        self.points, self.came = fault_points(), 0

    def note(self, case):
        """What a client sees now may not be lost later."""
        try:
            serial = ask.soa_serial(self.daemon.endpoint, case.zone, timeout=0.3)
        except Exception:  # killed meanwhile
            return
        if serial is not None:
            self.floor[case.zone] = max(self.floor[case.zone], serial)

    def move(self, seconds):
        """Zones move on for about so long, or until the daemon has died."""
        rounds = self.random.randrange(1, 4)
        for _ in range(rounds):
            for case in self.ticker.tick():
                if self.random.random() < 0.3:
                    self.note(case)
            instant(seconds * self.random.random() / rounds)
            if not self.daemon.process.running:
                return

    def start(self, fault=None):
        self.daemon.process.env.pop("UNDERSTUDY_FAULT", None)
        if fault:
            self.daemon.process.env["UNDERSTUDY_FAULT"] = fault
        try:
            self.daemon.start()
        except (AssertionError, Deadline):
            assert fault and not self.daemon.process.running, "it does not start"  # died of the fault while starting

    def judge(self, what):
        for zone, serial in self.listener.announced.items():
            self.floor[zone] = max(self.floor[zone], serial)
        for case in self.cases:
            serial, texts = served_zone(self.daemon.endpoint, case.zone)
            assert serial >= self.floor[case.zone], f"{what}: {case.zone} went from {self.floor[case.zone]} to {serial}"
            assert texts == case.expected(serial), (
                f"{what}: {case.zone} {serial} is a mix: {sorted(texts ^ case.expected(serial))[:6]}")
            self.floor[case.zone] = serial

    def wait_died(self, seconds):
        """False when the point was not passed so often."""
        try:
            return wait_until(lambda: not self.daemon.process.running, seconds, "dies at its point")
        except Deadline:
            return False

    def dies_of(self, whole, leap):
        """All zones move on once, by whole zones or by differences."""
        for case in self.cases:
            case.ixfr, case.asked = case.axfr if whole else case.differences, 0
        self.cases[-1].serial += leap - 1
        if self.daemon.process.running:
            for _ in self.ticker.tick(every=True):
                pass
        return self.wait_died(2)

    def can_die_at(self, point, needs):
        self.kill()
        self.start(f"{needs}{point}:1:kill")
        return any(self.dies_of(*way) for way in WAYS)

    def kill(self):
        self.daemon.kill9()


def rounds(killed, count, record_figure):
    at_points = 0
    for number in range(count):
        fault = None
        if number % 3 == 2:  # at a point, by its turn; else at an instant
            fault = f"{killed.points[number // 3 % len(killed.points)]}:{killed.random.choice((1, 1, 1, 2, 3, 5, 9))}:kill"
        killed.kill()
        killed.start(fault)
        if killed.daemon.process.running:
            killed.move(0.06)
        if fault:
            killed.wait_died(0.4)
        died = not killed.daemon.process.running
        at_points += died and fault is not None
        killed.kill()
        killed.start()
        killed.judge(f"kill {number} ({fault or 'instant'}{', there' if died else ''})")
    record_figure("kill -9 that fault points made", at_points, f"of {count}")


def test_whatever_a_kill_leaves_is_one_whole_version_that_is_not_older(lab, record_figure):
    print(f"KILLS_SEED={SEED}")
    with HostileWorld() as world, Listener() as listener:
        killed = Killed(lab, world, listener, SEED)
        rounds(killed, KILLS, record_figure)
        for case in killed.cases:
            killed.daemon.refresh(case.zone)
        wait_all_serve(killed.daemon, killed.cases)
        killed.judge("in the end")
        assert not world.strange, world.strange[:3]
        got = [a["got"] for case in killed.cases for a in killed.daemon.status(case.zone)["attempts"]]
        record_figure("the last transfers that came by IXFR", got.count("ixfr"), f"of {len(got)}")


def test_each_named_fault_point_can_be_died_at(lab):
    """The point of the list that is never passed would be tested by nobody."""
    with HostileWorld() as world, Listener() as listener:
        killed = Killed(lab, world, listener, 1)
        never = []
        for point in killed.points:
            if not any(killed.can_die_at(point, needs) for needs in NEEDS.get(point, [""])):
                never.append(point)
            killed.kill()
            killed.start()
            killed.judge(point)
        assert not never, f"never passed: {never}"
