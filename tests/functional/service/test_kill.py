"""kill -9 of understudy-web and of understudyd while clients write: what was acknowledged is there, nothing is half done,
and each change stands in the log of changes once.  KILLS_SERVICE=200 for that many; KILLS_SERVICE_SEED repeats a run."""
import os
import random
import signal
import threading

import pytest

from lib import ask
from lib.wait import wait_until
from lib.zonetext import small_zone

from .stand import Service
from .writers import Crowd, Writer

KILLS = int(os.environ.get("KILLS_SERVICE", "10"))
SEED = int(os.environ.get("KILLS_SERVICE_SEED", random.randrange(10**6)))
WRITERS, ZONES_EACH = 3, 18


class Killed:
    def __init__(self, lab, seed):
        self.random = random.Random(seed)
        names = [f"z{n}.kill.example" for n in range(WRITERS * ZONES_EACH)]
        primary = lab.make("nsd")
        for name in names:
            primary.add_primary_zone(name, small_zone(name, 1))
        primary.start()
        self.service = Service(lab).start()
        self.key = self.service.token("writer", "write")
        given = iter(names)
        self.crowd = Crowd([Writer(self.service, self.key, n, given, primary.endpoint, seed + n) for n in range(WRITERS)])
        self.names, self.web = names, None

    @property
    def writers(self):
        return self.crowd.writers

    @property
    def zones(self):
        return [t for w in self.writers for t in w.zones]

    def kill(self, what):
        daemon, web = self.service.pids
        self.crowd.begin()
        threading.Event().wait(0.02 + 0.5 * self.random.random())  # an instant among their changes
        if what == "web":
            os.kill(web, signal.SIGKILL)
        elif what == "daemon":
            os.kill(daemon, signal.SIGKILL)
        else:
            self.service.ours.kill9()
        self.crowd.end()
        if what == "web":
            wait_until(lambda: self.service.pids[1] not in (None, web), 30, "understudy-web is started again")
            self.service.wait_web()
        else:
            self.service.ours.process.kill9()
            self.service.restart()

    def seen(self):
        """{zone: its number}, {TSIG key: True} when nothing is under way any more: what a dead client asked for may
        still have been done after it died."""
        def read():
            return ({z["name"]: (z["maxZoneRecords"], z["id"]) for z in self.service.rows("/api/zones")},
                    {k["name"]: (True, k["id"]) for k in self.service.call("GET", "/api/tsig-keys", key=self.service.admin).json})
        last = [read()]

        def quiet():
            now = read()
            same, last[0] = now == last[0], now
            return same
        wait_until(quiet, 20, "nothing changes any more", poll_s=0.1)
        return last[0]

    def judge(self, what):
        zones, keys = self.seen()
        assert set(zones) <= set(self.names), f"{what}: zones that nobody added: {set(zones) - set(self.names)}"
        for thing, found in [(t, zones) for t in self.zones] + [(t, keys) for w in self.writers for t in w.keys]:
            state, thing.id = found.get(thing.name, (None, None))
            thing.settle(state, what)
        for group in (g for w in self.writers for g in w.groups):
            assert len({t.state for t in group}) == 1, f"{what}: half a batch: {[(t.name, t.state) for t in group]}"
        self.judge_dns(what)

    def judge_dns(self, what):
        def all_as_they_should():
            answers = ask.many(self.service.ours.endpoint, [(t.name, "SOA", False) for t in self.zones])
            self.unlike = [f"{t.name} {'there' if t.state else 'gone'}: {a.rcode().name}"
                           for t, a in zip(self.zones, answers)
                           if a.rcode().name != ("REFUSED" if t.state is None else "NOERROR")]
            return not self.unlike
        self.unlike = []
        try:
            wait_until(all_as_they_should, 30, "DNS answers for what is there, and for nothing else")
        except AssertionError as error:
            raise AssertionError(f"{what}: {error}: {self.unlike[:5]}") from None

    def judge_audit(self):
        """One row for each change that was made, and none more."""
        rows = self.service.rows("/api/audit", limit=1000)
        for thing in [t for w in self.writers for t in w.zones + w.keys]:
            found = [r for r in rows if r["object"] == thing.name]
            assert len(found) == thing.changes, f"{thing.name}: {thing.changes} changes, {len(found)} rows: {found[:3]}"
            assert all("writer" in r["who"] and r["source"] == "127.0.0.1" for r in found), found[:3]


def test_whatever_was_acknowledged_is_there_after_a_kill(lab, record_figure):
    print(f"KILLS_SERVICE_SEED={SEED}")
    killed = Killed(lab, SEED)
    for number in range(KILLS):
        what = killed.random.choice(("web", "daemon", "both"))
        killed.kill(what)
        killed.judge(f"kill {number} of {what}")
    killed.judge_audit()
    acknowledged, unanswered = (sum(getattr(w, a) for w in killed.writers) for a in ("acknowledged", "unanswered"))
    record_figure(f"changes acknowledged in {KILLS} kills", acknowledged, f"({unanswered} unanswered)")
    assert acknowledged > KILLS


# --- the database away or damaged, the disk full

DAMAGES = {
    "no database at all": lambda data: b"this was a database once " * 400,
    "a page in the middle": lambda data: data[:4096] + os.urandom(len(data) // 2) + data[4096 + len(data) // 2:],
    "half of it": lambda data: data[:len(data) // 2 + 100],
    "the header": lambda data: os.urandom(100) + data[100:],
}
SERVED = [f"s{n}.served.example" for n in range(5)]


@pytest.fixture
def served(lab):
    """A service with zones that came over the API and are served."""
    primary = lab.make("nsd")
    for name in SERVED + ["late.served.example"]:
        primary.add_primary_zone(name, small_zone(name, 1))
    primary.start()
    service = Service(lab)
    service.server, service.endpoint_of_primary = primary, primary.endpoint
    service.primary = {"primaries": [{"address": primary.endpoint.address, "port": primary.endpoint.port}]}
    return service


def add_served(service):
    service.start()
    for name in SERVED:
        reply = service.call("POST", "/api/zones", {"name": name, **service.primary}, key=service.admin)
        assert reply.status == 201, reply
    for name in SERVED:
        service.ours.wait_serves(name, 1)


def change_is_refused(service, name="late.served.example"):
    """A clear error: a status that says "later", and why in words."""
    reply = service.call("POST", "/api/zones", {"name": name, **service.primary}, key=service.admin)
    assert reply.status == 503 and len(reply.json["error"].split()) > 4, reply
    result = service.ours.cli("zone", "add", name, "127.0.0.1")
    assert result.status != 0 and len(result.err.split()) > 4, result.err
    return reply.json["error"]


def damage_file(path, damage):
    data = path.read_bytes()
    for other in path.parent.glob(f"{path.name}-*"):
        other.unlink()
    path.write_bytes(DAMAGES[damage](data))
    return data


def start_damaged(served):
    served.ours.process.start()
    served.ours.process.wait_ready(served.ours.is_ready, 20, "no answer with a damaged database")
    served.wait_web()
    state = served.ours.cli("--json", "status").json["inventory"]
    assert state["state"] in ("copy", "unavailable") and state["reason"], state
    return state["state"]


@pytest.mark.parametrize("damage", DAMAGES)
def test_dns_goes_on_when_the_database_is_damaged(served, damage):
    add_served(served)
    served.ours.stop()
    path = served.ours.state / "inventory.db"
    data = damage_file(path, damage)
    assert start_damaged(served) == "copy"
    for name in SERVED:
        served.ours.wait_serves(name, 1)
    change_is_refused(served)
    assert {z["name"] for z in served.rows("/api/zones")} == set(SERVED)
    served.ours.stop()
    path.write_bytes(data)
    served.restart()
    assert {z["name"] for z in served.rows("/api/zones")} == set(SERVED)
    for name in SERVED:
        served.ours.wait_serves(name, 1)
    reply = served.call("POST", "/api/zones", {"name": "late.served.example", **served.primary}, key=served.admin)
    assert reply.status == 201, reply


def test_what_is_saved_outlives_that_neither_the_database_nor_its_copy_can_be_read(served):
    """Zones of the configuration file are served on; those of the database at once when it is back, without primary."""
    served.ours.add_secondary_zone("late.served.example", served.endpoint_of_primary)
    add_served(served)
    served.ours.wait_serves("late.served.example", 1)
    served.ours.stop()
    path = served.ours.state / "inventory.db"
    data = damage_file(path, "no database at all")
    damage_file(served.ours.state / "inventory.db.copy", "no database at all")
    assert start_damaged(served) == "unavailable"
    served.ours.wait_serves("late.served.example", 1)
    change_is_refused(served, "new.served.example")
    served.ours.stop()
    served.server.stop()
    path.write_bytes(data)
    served.restart()
    for name in SERVED:
        served.ours.wait_serves(name, 1)


def on_small_disk(service, mib):
    """The state directory on a disk of its own, in a mount namespace that nobody else sees."""
    ours, plain = service.ours, service.ours.argv()
    words = " ".join(f"'{w}'" for w in plain)
    ours.argv = lambda: ["unshare", "-m", "--propagation", "private", "sh", "-c",
                         f"mount -t tmpfs -o size={mib}m tmpfs '{ours.state}' && exec {words}"]


def fill(service):
    """All the room that there is; the path of what takes it."""
    path = f"/proc/{service.ours.process.pid}/root{service.ours.state}/filler"
    with open(path, "wb", buffering=0) as file:
        for size in (1 << 20, 1 << 12, 1):
            try:
                while file.write(bytes(size)) == size:
                    pass
            except OSError:
                continue
    return path


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount")
def test_dns_goes_on_when_the_disk_is_full(served):
    on_small_disk(served, 64)
    add_served(served)
    before = len(served.rows("/api/audit"))
    path = fill(served)
    answered = 0
    for n in range(30):  # what fits into pages that are there already may still be taken
        reply = served.call("POST", "/api/zones", {"name": f"n{n}.full.example", "masterIp": "127.0.0.1"},
                            key=served.admin)
        assert reply.status in (201, 503), reply
        answered += reply.status == 201
        assert served.ours.soa_serial(SERVED[0]) == 1
    assert answered < 30, "the disk was not full"
    change_is_refused(served)
    for name in SERVED:
        assert served.ours.soa_serial(name) == 1
    assert len(served.rows("/api/zones")) == len(SERVED) + answered
    os.unlink(path)
    wait_until(lambda: served.call("PUT", "/api/zones/by-name/late.served.example", served.primary,
                                   key=served.admin).status == 201, 20, "changes are taken again")
    served.ours.wait_serves("late.served.example", 1)
    assert len(served.rows("/api/audit")) == before + answered + 1
