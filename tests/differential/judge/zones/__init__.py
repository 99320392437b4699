"""The zones that are asked about, as master file text, and the worlds that hold them.

A world is one set of servers with the zones that they hold together: whether a server holds the root changes its
answers to everything else, so the root has a world of its own.  Two worlds are made by chance, others for each seed."""
from judge.zones import chains, chance, cuts, kinds, sizes, wildcards
from judge.zones.spec import ZoneSpec

WORLDS = {
    "main": lambda seed: chains.ZONES + wildcards.ZONES + cuts.ZONES + kinds.ZONES + sizes.ZONES,
    "root": lambda seed: cuts.ROOT_ZONES,
    "chance": chance.zones,
    "chance-root": chance.root_zones,
}

__all__ = ["WORLDS", "ZoneSpec"]
