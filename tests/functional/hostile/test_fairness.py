"""A zone that is served is not kept from its news by thousands of others that are fetched for the first time."""
import socket

import pytest

from hostile.primary import Case, HostileWorld, Pause, whole
from hostile.test_soa import notify
from hostile.world import follow, wait_all_serve
from lib.wait import PATIENCE, wait_until

COUNT = 3000
SERVED = "served.test"


def slow(case, ask):
    """Two milliseconds an answer: the transfers of the mass take longer than anything else does."""
    return [Pause(0.002), *whole(case, ask)]


def tell(daemon, case, serial=None):
    """A NOTIFY from the primary, which must be answered."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        udp.settimeout(3 * PATIENCE)
        udp.bind((case.endpoint.address, 0))
        udp.connect(tuple(daemon.endpoint))
        udp.send(notify(case.zone, 4711, serial))
        assert udp.recv(512)[3] & 15 == 0


class Mass:
    """Zones of one primary, of which `of` is served before the others come."""

    def __init__(self, world, of):
        self.cases = [world.add(Case(f"m{i:04}.test", axfr=slow), at=of) for i in range(COUNT)]

    def come(self, daemon):
        for case in self.cases:
            daemon.add_secondary_zone(case.zone, case.endpoint)
        daemon.reload()

    @property
    def fetched(self):
        return sum(case.transfers > 0 for case in self.cases)


@pytest.mark.parametrize("told", (False, True), ids=("serial-to-be-asked", "serial-told"))
@pytest.mark.parametrize("same", (True, False), ids=("same-primary", "another-primary"))
def test_news_of_a_served_zone_pass_a_mass_of_new_ones(lab, told, same):
    with HostileWorld() as world:
        served, other = world.add(Case(SERVED)), world.add(Case("other.test"))
        daemon = follow(lab, [served, other], healthy=False)
        wait_all_serve(daemon, [served, other])
        mass = Mass(world, served if same else other)
        mass.come(daemon)
        wait_until(lambda: mass.fetched >= COUNT / 10, 60, "a tenth of the mass has come")
        for serial in (2, 3):
            served.serial = serial
            before = mass.fetched
            tell(daemon, served, serial if told else None)
            wait_until(lambda s=serial: daemon.soa_serial(SERVED) == s, 20, "the change is served")
            passed = mass.fetched - before
            assert before < COUNT * 0.8, "there was no mass left to wait behind"
            assert passed < COUNT / 4, f"{passed} of {COUNT} others came first"
        assert mass.fetched < COUNT
        wait_until(lambda: mass.fetched == COUNT, 60, "and the mass comes all the same")
        assert not world.strange
