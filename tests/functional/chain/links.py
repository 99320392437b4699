"""A chain of servers: Knot, understudyd behind it, and behind that understudyd, BIND, Knot and NSD."""
import re

from ixfr.follow import ZONE
from lib.changing import ChangingZone
from lib.records import canonical, difference
from lib.wait import wait_until

SENT = re.compile(r"peer\.transfer-out zone=(\S+) peer=\S+ serial=(\d+) kind=(\w+) result=done")
BEHIND = ("understudy", "bind", "knot", "nsd")


class Chain:
    def __init__(self, lab, seed, behind=BEHIND, **middle_options):
        self.zone = ChangingZone(ZONE, seed, 60)
        self.origin, self.middle = lab.make("knot"), lab.make("understudy")
        self.origin.ixfr = True
        self.origin.add_primary_zone(ZONE, self.zone.text(), notify=[self.middle.endpoint])
        self.behind = [lab.make(kind) for kind in behind]
        self.middle.add_secondary_zone(ZONE, self.origin.endpoint, notify=[s.endpoint.text for s in self.behind],
                                       retry_max=2, **middle_options)
        for server in self.behind:
            server.ixfr = True
            server.add_secondary_zone(ZONE, self.middle.endpoint, **({"retry_max": 2} if server.kind == "understudy" else {}))
        for server in (self.origin, self.middle, *self.behind):
            server.start()
        self.wait_served()

    def change(self, size=8):
        self.zone.change(size)
        self.origin.set_zone(ZONE, self.zone.text())

    def wait_served(self, seconds=30):
        for server in (self.middle, *self.behind):
            server.wait_serves(ZONE, self.zone.serial, seconds)

    def assert_all_equal(self):
        truth = canonical(self.origin.axfr(ZONE))
        for server in (self.middle, *self.behind):
            # NSD ends processes, and their connections, after a reload: its side may need a second try.
            records = wait_until(lambda s=server: s.axfr(ZONE), 5, f"AXFR from {server.kind}")
            problem = difference(canonical(records), truth, server.folder.name, "the primary")
            assert not problem, problem

    def sent(self):
        """Kinds of the transfers that the middle has given, in their order: "AXFR", "IXFR"; those of the tests are in it."""
        return [kind for _, _, kind in SENT.findall(self.middle.process.log_text())]

    def differences_sent(self):
        """How many transfers were differences; the log leaves lines out when many come within a second."""
        return self.middle.cli("stats", "--json").json["serve"]["ixfrs_out"]


def got(server, zone=ZONE):
    """What an understudyd got, newest first."""
    return [a["got"] for a in server.status(zone)["attempts"] if a["ok"] and a["asked"] != "SOA"]
