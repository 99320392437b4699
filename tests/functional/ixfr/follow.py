"""A primary that gives IXFR, a zone that changes on it, and understudyd behind: what each test of this folder begins with."""
import itertools
import random
import signal
import threading
import time
from collections import Counter

from lib import questions, wirezone
from lib.answers import assert_same_answers
from lib.changing import SIGNINGS, SMALL, ChangingZone, sign_anew
from lib.questions import random_questions
from lib.records import difference
from lib.wait import wait_until

ZONE = "example.com"
NOTIFIED = "peer.notify "
TYPES = [t for t in questions.TYPES if t != "NSEC"]  # at an alias servers differ about it; DO asks for the chains


def last_life(server):
    """The log since the last start."""
    return server.process.log_text().rsplit("--- start:", 1)[1]


class Instant:
    """When to kill: anywhere in twice the time that a version usually takes to be saved, which is learnt from what the
    kills find, so that it holds on any machine. The time runs from the change, or from the NOTIFY of it."""

    def __init__(self, usual_s, from_notify=False):
        self.usual_s, self.from_notify = usual_s, from_notify

    def kill(self, server, draw):
        if self.from_notify:
            wait_until(lambda: NOTIFIED in last_life(server), 30, "a NOTIFY", poll_s=0.0005)
        time.sleep(2 * self.usual_s * draw)  # not waiting for anything: the instant of the kill is drawn
        server.process.signal(signal.SIGKILL)
        server.kill9()

    def learn(self, saved):
        self.usual_s *= 0.9 if saved else 1.1


class Pair:
    """The primary of a kind and the follower; `step()` makes the next version and has it followed and compared."""

    def __init__(self, lab, kind, seed, hosts, asked):
        self.random, self.asked, self.kind = random.Random(seed), asked, kind
        self.zone = ChangingZone(ZONE, seed, hosts)
        self.secondary = lab.make("understudy")
        self.origin, self.primary = self._make_primary(lab)
        self.secondary.add_secondary_zone(ZONE, self.primary.endpoint, retry_max=2)
        self.secondary.start()
        self.secondary.wait_serves(ZONE, self.zone.serial, 20)
        self.truth = self.primary_zone()  # records of the newest version, from the primary
        self.came = Counter()  # how versions came
        self.killed = Counter()  # when the follower was

    def primary_zone(self):
        """AXFR from the primary once it has the newest serial."""
        def transfer():
            if not self.primary.process.running:  # Knot 3.2 now and then
                self.primary.start()
            records = wirezone.axfr(self.primary.endpoint, ZONE)
            return records if wirezone.serial_of(records) == self.zone.serial else None
        return wait_until(transfer, 30, f"{self.kind} has serial {self.zone.serial}")

    def change(self, most, see=True, begun=None):
        """The next version, on the primary; sizes from 1 to most, small ones as often as large ones. begun is called when
        the primary is about to get it."""
        size = round(most ** self.random.random())
        if self.random.random() < 0.06:
            sign_anew(self.zone)
        self.what = (size, self.zone.change(size, SMALL if self.random.random() < 0.3 else None),
                     self.zone.done[:8])
        if begun:
            begun()
        self.origin.set_zone(ZONE, self.zone.text())
        if see:
            self.see_to_servers()

    def _make_primary(self, lab):
        """(where versions are made, whom we follow): NSD 4.6 makes differences of its own zone files that are wrong, but
        hands on those that it gets."""
        origin = lab.make("knot" if self.kind == "nsd" else self.kind)
        origin.ixfr = True
        if self.kind == "bind":
            origin.extra_options = "zero-no-soa-ttl no;"
        primary = lab.make("nsd") if self.kind == "nsd" else origin
        origin.add_primary_zone(ZONE, self.zone.text(), [(primary if primary != origin else self.secondary).endpoint])
        origin.start()
        if primary != origin:
            primary.ixfr = True
            primary.add_secondary_zone(ZONE, origin.endpoint)
            primary.zones[ZONE].notify = [self.secondary.endpoint]
            primary.start()
            primary.wait_serves(ZONE, self.zone.serial, 20)
        return origin, primary

    def see_to_servers(self):
        """Waits until the newest version is on the primary; one that has broken down meanwhile is started anew, and told
        again where the NOTIFY came while it loaded: Knot does not repeat it."""
        looks = itertools.count(1)

        def serves():
            for server in {self.origin, self.primary}:
                if not server.process.running:
                    server.start()
            if next(looks) % 50 == 0 and self.primary != self.origin:
                self.origin.control("zone-notify", ZONE)
            return self.primary.soa_serial(ZONE, timeout=1) == self.zone.serial
        wait_until(serves, 30, f"{self.kind} has serial {self.zone.serial}")

    def change_over_kill(self, most, instant, early):
        """The next version, and the follower killed at an instant drawn meanwhile, and started again."""
        draw = self.random.random() / (4 if early else 1)
        killer = threading.Thread(target=instant.kill, args=(self.secondary, draw))
        self.change(most, see=False, begun=killer.start)
        killer.join()
        notified = NOTIFIED in last_life(self.secondary)
        self.secondary.start()
        self.see_to_servers()
        self.assert_old_or_new()
        self.secondary.cli("zone", "refresh", ZONE)  # the NOTIFY may have died with the process
        self.wait_followed()
        self.assert_equal()
        saved = self.got() == "before"
        instant.learn(saved)
        self.killed["after it was saved" if saved else "on its way" if notified else "before the NOTIFY"] += 1

    def latency(self, most):
        """Seconds from the moment when the primary gets a version until it is served here."""
        begun = []
        self.change(most, see=False, begun=lambda: begun.append(time.monotonic()))
        self.secondary.wait_serves(ZONE, self.zone.serial, 30, poll_s=0.002)
        seconds = time.monotonic() - begun[0]
        self.wait_followed()
        self.assert_equal()
        return seconds

    def changes_at_once(self, most):
        """Two or three versions that the follower sees together."""
        self.secondary.process.signal(signal.SIGSTOP)
        try:
            for _ in range(self.random.choice((2, 3))):
                self.change(most)
        finally:
            self.secondary.process.signal(signal.SIGCONT)
        self.secondary.cli("zone", "refresh", ZONE)  # NOTIFYs of that time may have been given up

    def wait_followed(self, seconds=30):
        self.secondary.wait_serves(ZONE, self.zone.serial, seconds)
        self.came[self.got()] += 1

    def got(self):
        """How the version served came, or "before" when that was before a restart."""
        found = [a["got"] for a in self.secondary.status(ZONE)["attempts"]
                 if a["ok"] and a["got"] in ("axfr", "ixfr", "axfr-for-ixfr") and a["serial"] == self.zone.serial]
        return found[0] if found else "before"

    def assert_old_or_new(self):
        """What is served is one of the two newest versions, whole."""
        served = wirezone.axfr(self.secondary.endpoint, ZONE)
        serial = wirezone.serial_of(served)
        truth = self.truth if serial == wirezone.serial_of(self.truth) else self.primary_zone()
        assert serial == wirezone.serial_of(truth), f"serial {serial} is neither the old nor the new one"
        problem = "" if sorted(served) == sorted(truth) else difference(
            *(Counter(map(wirezone.readable, records)) for records in (served, truth)), "us", self.kind)
        assert not problem, f"after {self.what}, serial {serial}:\n{problem}"

    def assert_equal(self):
        """The zone served and answers to random questions are the primary's."""
        before, self.truth = self.truth, self.primary_zone()
        self.assert_old_or_new()
        # whether an owner of NSEC3 records exists as a name is a point of dispute (RFC 5155 section 7.2.8)
        names = sorted({r.owner for r in self.truth + before
                        if wirezone.NSEC3 not in (r.type, wirezone.covers(r))})
        # wildcards are asked for by what they match; Knot 3.2 proves nothing where an asterisk itself is asked for
        names = [n.replace("*.", "star.") for n in names]
        asked = random_questions(names, ZONE + ".", self.asked, self.random.random(), types=TYPES)
        others, anew = {self.primary, self.origin}, False
        for _ in range(4):
            try:
                assert_same_answers([self.secondary, *others], asked)
                return
            except OSError:  # Knot 3.2 breaks down now and then when it is asked
                assert self.secondary.process.running
            except AssertionError:  # or proves absence by wrong records, until it reads the zone anew
                if anew and all(s.process.running for s in others):
                    raise
                anew = True
                for server in others:
                    server.stop()
            self.see_to_servers()
        raise AssertionError("the primary breaks down again and again")
