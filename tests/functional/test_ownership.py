"""A service for strangers (server.mode: public): zones wait until it is shown whose they are.  A root, net and org, a
hoster and a primary on loopback are NSD and Knot (lib/tree.py)."""
import pytest

from lib.control import Control
from lib.tree import EVIL, HOSTER, OURS, PRIMARY, ROOT, Tree
from lib.wait import wait_until


class Service:
    """Our daemon in public mode, and accounts on it."""

    def __init__(self, lab, tree):
        self.server = lab.make("understudy", address=OURS, mode="public", root_servers=[f"{ROOT}@{tree.port}"],
                               allow_inner_primaries=["127.0.0.0/8"], public_addresses=[OURS], name_servers=["ns1.understudy.net", "ns2.understudy.net"])

    def start(self):
        self.server.start()
        self.operator = Control(self.server.socket)

    def account(self, name):
        account = self.operator.ask("account.add", name=name)
        token = self.operator.ask("token.add", name="all", scope="write", account=account["id"])["token"]
        control = Control(self.server.socket, key=token)
        control.account = self.operator.ask("account.get", id=account["id"])
        return control


def add(control, zone, *primaries):
    return control.ask("zone.add", zone=zone, settings={"primaries": list(primaries)})


def wait_for_proof(control, zone, text=""):
    """Until the last look has said so; "" is: until it is proven."""
    def seen():
        proof = control.ask("zone.get", zone=zone)["proof"]
        return proof is None if not text else proof is not None and text in proof["text"]
    wait_until(seen, 30, f"the proof of {zone} says {text or 'nothing any more'}")


@pytest.fixture(scope="module")
def world(module_lab):
    tree = Tree(module_lab)
    service = Service(module_lab, tree)
    service.start()
    alice, bob = service.account("alice"), service.account("bob")
    token = alice.account["proof_token"]
    tree.delegate("net", "proven", "ns.proven.net", "ns1.understudy.net", **{"ns.proven.net": PRIMARY})
    tree.delegate("net", "lame", "ns1.understudy.net")
    tree.delegate("net", "text", "ns1.hoster.org")
    tree.delegate("net", "mine", f"{alice.account['id']}.ns1.understudy.net")
    tree.delegate("net", "taken", "ns.taken.net", "ns1.understudy.net", **{"ns.taken.net": PRIMARY})
    tree.add(tree.primary, "taken.net", f'@ NS ns\nns A {PRIMARY}\n'
                                        f'_understudy-challenge TXT "understudy-proof={token}"\n')
    for name, extra in (("proven.net", f"ns A {PRIMARY}\n"), ("mine.net", ""), ("lame.net", ""), ("sub.text.net", "")):
        tree.add(tree.primary, name, f"@ NS ns1.understudy.net.\n{extra}")
    tree.add(tree.hoster, "text.net", f'@ NS ns1.hoster.org.\n_understudy-challenge TXT "understudy-proof={token}"\n')
    tree.start()
    yield tree, service, alice, bob
    for control in (alice, bob, service.operator):
        control.close()


@pytest.mark.parametrize("zone, primary", [("proven.net", PRIMARY), ("mine.net", PRIMARY), ("text.net", HOSTER)])
def test_each_proof_brings_the_zone_into_service(world, zone, primary):
    tree, service, alice, _ = world
    added = add(alice, zone, f"{primary}@{tree.port}")
    assert added["proof"]["state"] == "pending"
    assert f"understudy-proof={alice.account['proof_token']}" in added["proof"]["text"]
    wait_for_proof(alice, zone)
    service.server.wait_serves(zone, 1, 20)


def test_a_lame_delegation_is_not_served_for_who_asks_first(world):
    tree, service, _, bob = world
    add(bob, "lame.net", f"{EVIL}@{tree.port}")
    wait_for_proof(bob, "lame.net", "not every primary")
    assert service.server.soa_serial("lame.net") is None
    assert bob.refusal("zone.prove", zone="lame.net") == "busy"  # not so soon again
    bob.ask("zone.remove", zone="lame.net")


def test_another_accounts_zone_and_names_below_it_are_not_had(world):
    tree, service, alice, bob = world
    if alice.ask("zone.page", text="text.net")["total"] == 0:
        add(alice, "text.net", f"{HOSTER}@{tree.port}")
    wait_for_proof(alice, "text.net")
    assert bob.refusal("zone.add", zone="text.net", settings={}) == "conflict"
    add(bob, "sub.text.net", f"{PRIMARY}@{tree.port}")
    wait_for_proof(bob, "sub.text.net", "not delegated")
    assert service.server.query("sub.text.net", "SOA").rcode() != 0 or service.server.soa_serial("sub.text.net") is None


def test_the_owner_takes_a_zone_back_from_who_only_named_its_primary(world):
    """bob has named the true primary of a zone that is delegated to us; the token in it is alice's."""
    tree, service, alice, bob = world
    settings = {"primaries": [f"{PRIMARY}@{tree.port}"]}
    bob.ask("zone.add", zone="taken.net", settings=settings)
    wait_for_proof(bob, "taken.net")
    assert alice.refusal("zone.add", zone="taken.net", settings=settings) == "conflict"
    wait_until(lambda: bob.ask("zone.page", text="taken.net")["total"] == 0, 30, "the zone leaves bob")
    assert bob.refusal("zone.add", zone="taken.net", settings=settings) == "conflict"
    alice.ask("zone.add", zone="taken.net", settings=settings)
    wait_for_proof(alice, "taken.net")
    service.server.wait_serves("taken.net", 1, 20)


def test_another_primary_ends_the_proof_that_was_the_primary(world):
    tree, service, alice, _ = world
    if alice.ask("zone.page", text="proven.net")["total"] == 0:
        add(alice, "proven.net", f"{PRIMARY}@{tree.port}")
    wait_for_proof(alice, "proven.net")
    alice.ask("zone.set", zone="proven.net", settings={"primaries": [f"{EVIL}@{tree.port}"]})
    wait_for_proof(alice, "proven.net", "not every primary")
    assert service.server.soa_serial("proven.net") is None
    alice.ask("zone.remove", zone="proven.net")


def test_what_is_nobodys_is_refused_but_to_the_operator(world):
    _, service, _, bob = world
    for zone in ("net", "co.uk", "168.192.in-addr.arpa", "understudy.net", "ns1.understudy.net"):
        assert bob.refusal("zone.add", zone=zone, settings={"primaries": ["192.0.2.1"]}) == "invalid", zone
    service.operator.ask("zone.add", zone="co.uk", settings={"primaries": ["192.0.2.1"]})
    service.operator.ask("zone.remove", zone="co.uk")
