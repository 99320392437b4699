"""Proofs of control against real delegations: each proof works, and each way to get somebody else's zone is refused.

A root, net and org, a hoster and a primary on loopback are NSD and Knot (lib/tree.py); the walk and the rules are those
of the daemon, in a small program that prints what they see."""
import os
import pathlib
import subprocess

import pytest

from lib.tree import EVIL, HOSTER, OURS, PRIMARY, ROOT, Tree
from lib.understudy import REPOSITORY
from lib.wait import PATIENCE

LONG = "".join(f'@ TXT "{i:03d}{"x" * 190}"\n' for i in range(60))  # does not fit a datagram


@pytest.fixture(scope="module")
def tree(module_lab):
    t = Tree(module_lab)
    t.delegate("net", "proven", "ns.proven.net", "ns1.understudy.net", **{"ns.proven.net": PRIMARY})
    t.delegate("net", "lame", "ns1.understudy.net", "ns2.understudy.net")
    t.delegate("net", "foreign", "ns2.hoster.org")
    t.delegate("net", "hidden", "ns1.hoster.org", "ns1.understudy.net")
    t.delegate("net", "mine", "alice7.ns1.understudy.net", "ns1.hoster.org")
    t.delegate("net", "vanity", "ns1.alice.org")
    t.delegate("net", "dead", "ns.dead.net", **{"ns.dead.net": EVIL})
    t.delegate("net", "circle", "ns.circle.org")
    t.delegate("org", "circle", "ns.circle.net")
    for label in ("challenge", "apex", "alias", "other", "family"):
        t.delegate("net", label, "ns1.hoster.org")
    t.delegate("net", "_understudy-challenge", "ns1.hoster.org")
    t.add(t.primary, "proven.net", f"@ NS ns\nns A {PRIMARY}\n")
    hosted = {
        "foreign.net": "", "hidden.net": "", "mine.net": "",
        "challenge.net": '_understudy-challenge TXT "understudy-proof=tok-bob"\n'
                         '_understudy-challenge TXT "understudy-proof=" "tok-alice"\n',
        "apex.net": LONG + '@ TXT "understudy-proof=tok-alice"\n',
        "alias.net": "_understudy-challenge CNAME proof.hoster.org.\n",
        "other.net": '@ TXT "understudy-proof=tok-bob"\n',
        "_understudy-challenge.net": '@ TXT "understudy-proof=tok-mallory"\n',
        # Somebody else's, which we hold too: child is delegated, mail is not, twin is another zone at the same hoster.
        "family.net": f'_understudy-challenge TXT "understudy-proof=tok-alice"\nchild NS ns1.understudy.net.\n'
                      'mail A 192.0.2.1\n_understudy-challenge.mail TXT "understudy-proof=tok-alice"\n',
        "twin.family.net": '@ TXT "understudy-proof=tok-alice"\n',
    }
    for name, text in hosted.items():
        t.add(t.hoster, name, "@ NS ns1.hoster.org.\n" + text)
    t.add(t.hoster, "hoster.org", f'@ NS ns1\nns1 A {HOSTER}\nns2 A {HOSTER}\nns2 AAAA 2001:db8::53\n'
                                  'proof TXT "understudy-proof=tok-alice"\n')
    return t.start()


def probe(tree, zone, *claim, primary=f"{PRIMARY}"):
    """What walk and rules say to alice's claim, as a dictionary of the lines; servers: name -> addresses."""
    program = pathlib.Path(os.environ.get("UNDERSTUDY_BUILD", REPOSITORY / "build")) / "tests/unit/diagnose/probe_proof"
    words = ["root", f"{ROOT}@{tree.port}", "zone", zone, "token", "tok-alice", "our-server", "ns1.understudy.net",
             "our-server", "ns2.understudy.net", "our-address", OURS, "account", "alice7", "vanity", "ns1.alice.org",
             "primary", primary if "@" in primary else f"{primary}@{tree.port}", *claim]
    out = subprocess.run([program, *words], capture_output=True, text=True, timeout=90 * PATIENCE, check=True).stdout
    lines = [line.split(" ", 1) for line in out.splitlines()]
    result = {word: value for word, value in lines if word != "server"}
    servers = [value.split() for word, value in lines if word == "server"]
    result["servers"] = {name: addresses for name, *addresses in servers}
    return result


# --- what proves

def test_a_primary_beside_us_in_the_delegation_proves(tree):
    seen = probe(tree, "proven.net")
    assert seen["proof"] == "primary-delegated", seen
    assert seen["parent"] == "net" and seen["servers"]["ns.proven.net"] == [f"{PRIMARY}@{tree.port}"]


@pytest.mark.parametrize("zone", ["challenge.net", "apex.net", "alias.net"])
def test_the_token_in_the_zone_proves(tree, zone):
    seen = probe(tree, zone)
    assert seen["proof"] == "txt", seen


def test_the_token_in_the_zone_above_proves(tree):
    seen = probe(tree, "child.family.net")
    assert (seen["proof"], seen["above"], seen["parent"]) == ("txt", "yes", "family.net"), seen


@pytest.mark.parametrize("zone", ["mine.net", "vanity.net"])
def test_servers_that_only_the_account_has_prove(tree, zone):
    assert probe(tree, zone)["proof"] == "name-servers"


def test_a_server_without_glue_is_looked_up(tree):
    seen = probe(tree, "foreign.net")
    assert seen["servers"] == {"ns2.hoster.org": [f"{HOSTER}@{tree.port}", f"2001:db8::53@{tree.port}"]}


# --- what does not

def test_a_lame_delegation_to_our_shared_names_is_nobodys(tree):
    """Whoever opens an account must not get what another customer has left behind."""
    seen = probe(tree, "lame.net", primary=EVIL)
    assert (seen["proof"], seen["fault"]) == ("pending", "primary-not-delegated"), seen
    assert "TXT record" in seen["text"]


def test_our_own_address_as_primary_proves_nothing(tree):
    assert probe(tree, "lame.net", primary=OURS)["proof"] == "pending"


def test_a_second_primary_of_the_claimants_own_spoils_the_proof(tree):
    seen = probe(tree, "proven.net", "primary", f"{EVIL}@{tree.port}")
    assert (seen["proof"], seen["fault"]) == ("pending", "primary-not-delegated"), seen


def test_another_port_of_the_primary_proves_nothing(tree):
    seen = probe(tree, "proven.net", primary=f"{PRIMARY}@{tree.port + 1}")
    assert (seen["proof"], seen["fault"]) == ("pending", "primary-port"), seen


def test_a_hidden_primary_needs_the_token(tree):
    seen = probe(tree, "hidden.net")
    assert (seen["proof"], seen["fault"]) == ("pending", "primary-not-delegated"), seen


def test_a_zone_that_is_not_delegated_to_us_is_not_proven_by_its_primary(tree):
    seen = probe(tree, "foreign.net", primary=HOSTER)
    assert (seen["proof"], seen["fault"]) == ("pending", "not-ours"), seen


def test_another_accounts_token_proves_nothing(tree):
    seen = probe(tree, "other.net")
    assert (seen["proof"], seen["fault"]) == ("pending", "other-token"), seen


def test_a_name_registered_at_a_public_suffix_proves_nothing_for_its_neighbours(tree):
    """_understudy-challenge.net is mallory's domain."""
    seen = probe(tree, "hidden.net", "token", "tok-mallory")
    assert (seen["proof"], seen["above"]) == ("pending", "no"), seen


def test_a_name_that_nobody_has_is_not_delegated(tree):
    seen = probe(tree, "nobody.net")
    assert (seen["delegation"], seen["fault"]) == ("no-name", "not-delegated"), seen


def test_dead_servers_are_told_and_do_not_take_long(tree):
    seen = probe(tree, "dead.net", "above", "nothing")
    assert (seen["delegation"], seen["apex"]) == ("yes", "failed"), seen
    assert EVIL in seen["trouble"]


def test_a_circle_of_delegations_ends(tree):
    seen = probe(tree, "circle.net")
    assert seen["proof"] == "pending" and int(seen["questions"]) < 20, seen


# --- zones of others above and below

def test_a_name_below_anothers_zone_needs_a_delegation(tree):
    """mail.family.net would win by longest match against its owner's zone."""
    seen = probe(tree, "mail.family.net", "above", "nothing")
    assert (seen["proof"], seen["fault"]) == ("pending", "zone-above"), seen
    assert probe(tree, "mail.family.net", "above", "consents")["proof"] == "txt"
    assert probe(tree, "child.family.net", "above", "nothing")["proof"] == "txt"


def test_a_zone_of_that_name_at_the_same_hoster_is_no_delegation(tree):
    seen = probe(tree, "twin.family.net", "above", "nothing")
    assert (seen["by-child"], seen["fault"]) == ("1", "zone-above"), seen


def test_a_name_above_anothers_zone_needs_more_than_its_content(tree):
    seen = probe(tree, "proven.net", "below", "nothing")
    assert (seen["proof"], seen["fault"]) == ("pending", "zone-below"), seen
    assert probe(tree, "challenge.net", "below", "nothing")["proof"] == "txt"


# --- the walk itself

def test_a_dead_root_makes_room_for_another(tree):
    seen = probe(tree, "proven.net", "root", f"{EVIL}@{tree.port}", "root", f"{OURS}@{tree.port}")
    assert seen["proof"] == "primary-delegated", seen


def test_a_tree_that_is_not_there_says_so(tree):
    seen = probe(tree, "proven.net", "only-root", f"{EVIL}@{tree.port}")
    assert (seen["delegation"], seen["fault"]) == ("failed", "unreachable"), seen
    assert EVIL in seen["text"]
