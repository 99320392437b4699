"""understudyd behind a HostileWorld, with one zone of an honest NSD beside the hostile ones."""
import json
import re
import socket

from lib import ask
from lib.understudy import Understudy
from lib.wait import PATIENCE, wait_until
from lib.zonetext import small_zone

HEALTHY = "healthy.test"


class Follower(Understudy):
    """Keys and zone options case by case; everything else is the harness's."""

    def __init__(self, folder, keys=None, **settings):
        super().__init__(folder, **settings)
        self.key_of = dict(keys or {})  # endpoint -> key
        self.keys = sorted(set(self.key_of.values()))

    def _primary(self, endpoint):
        entry = super()._primary(endpoint)
        if endpoint in self.key_of:
            entry["key"] = self.key_of[endpoint].name
        return entry

    @property
    def kind(self):
        return "understudy"

    def ask_control(self, request, **fields):
        """One request over the control socket, without a process for each: hundreds of zones are looked at."""
        with socket.socket(socket.AF_UNIX) as control:
            control.settimeout(20 * PATIENCE)
            control.connect(str(self.socket))
            control.sendall(json.dumps({"request": request, **fields}).encode() + b"\n")
            results = []
            with control.makefile("rb") as lines:
                for line in lines:
                    reply = json.loads(line)
                    assert reply["ok"], reply
                    results.append(reply["result"])
                    if not reply["more"]:
                        return results
        raise AssertionError("the control socket was closed")

    def status(self, zone):
        return self.ask_control("zone.status", zone=zone)[0]

    def refresh(self, zone):
        self.ask_control("zone.refresh", zone=zone)

    def retransfer(self, zone):
        self.ask_control("zone.retransfer", zone=zone)


def honest_primary(lab):
    nsd = lab.make("nsd")
    nsd.add_primary_zone(HEALTHY, small_zone(HEALTHY, 1))
    nsd.start()
    return nsd


def follow(lab, cases, healthy=True, retry_max=30, options=None, **settings):
    """A running daemon that follows all cases, and the healthy zone when wanted."""
    folder = lab.folder / "follower"
    folder.mkdir()
    keys = {case.endpoint: case.key for case in cases if case.key}
    daemon = Follower(folder, keys, **settings)
    lab.servers.append(daemon)
    for case in cases:
        daemon.add_secondary_zone(case.zone, case.endpoint, retry_max=retry_max, **(options or {}))
    if healthy:
        daemon.add_secondary_zone(HEALTHY, honest_primary(lab).endpoint)
    daemon.start()
    if healthy:
        daemon.wait_serves(HEALTHY, 1)
    return daemon


def wait_all_serve(daemon, cases, seconds=30):
    """Every case's zone answers its SOA with the serial its primary now has."""
    left = {case.zone: case for case in cases}

    def done():
        for zone in list(left):
            if daemon.soa_serial(zone, timeout=1) != left[zone].serial:
                return False
            del left[zone]
        return True
    wait_until(done, seconds, "all zones are transferred")


def wait_all_end(daemon, cases, served=1, seconds=30):
    """Every case was tried: a failure with its reason, or (what the caller may not like) a new version.

    A zone that is behind and has no failure yet is being transferred.

    Returns {zone: status}."""
    found = {}

    def done():
        for case in cases:
            if case.zone not in found:
                status = daemon.status(case.zone)
                if status["reason"] in ("none", "not-tried", "behind") and status["serial"] == served:
                    return False
                found[case.zone] = status
        return True
    wait_until(done, seconds, "every bad transfer has ended")
    return found


def memory_kib(daemon):
    with open(f"/proc/{daemon.process.pid}/status", encoding="ascii") as file:
        return int(re.search(r"VmRSS:\s+(\d+)", file.read()).group(1))


def is_healthy(daemon):
    answer = ask.query(daemon.endpoint, f"www.{HEALTHY}", timeout=2)
    return bool(answer.answer)


def show(status):
    return json.dumps({k: status[k] for k in ("state", "reason", "evidence", "serial") if k in status})
