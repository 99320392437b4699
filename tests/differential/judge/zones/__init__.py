"""The zones that are asked about, as master file text, and the worlds that hold them.

A world is one set of servers with the zones that they hold together: whether a server holds the root changes its
answers to everything else, so the root has a world of its own."""
from judge.zones import chains, cuts, kinds, sizes, wildcards
from judge.zones.spec import ZoneSpec

WORLDS = {
    "main": chains.ZONES + wildcards.ZONES + cuts.ZONES + kinds.ZONES + sizes.ZONES,
    "root": cuts.ROOT_ZONES,
}

__all__ = ["WORLDS", "ZoneSpec"]
