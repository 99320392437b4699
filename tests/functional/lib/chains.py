"""DNSSEC chains over a zone in text form, with signatures that are only shaped like ones.

A zone with a few changes gets new signatures, NSEC and NSEC3 records at the few names that they touch, as from a signer
that works incrementally; nothing is costly.  Nobody in these tests validates."""
import base64
import functools
import hashlib

import dns.dnssec
import dns.name

KEY = "257 3 13 mdsswUyr3DPW132mOi8V9xESWE8jTo0dxCjjnopKl+GqJxpVXckHAeF+KkxLbxILfDLUT0rAK9iUzy1L53eKGQ=="
DENIAL_TTL = 300


@functools.lru_cache(100000)
def name_of(text):
    return dns.name.from_text(text)


@functools.lru_cache(100000)
def _sort_key(text):
    return tuple(label.lower() for label in reversed(name_of(text).labels))


@functools.lru_cache(100000)
def _hash(text, salt, iterations):
    return dns.dnssec.nsec3_hash(text, "" if salt == "-" else salt, iterations, 1).lower()


def parents(owner, apex):
    """Names between owner and apex, both left out."""
    while owner != apex:
        owner = owner.split(".", 1)[1]
        if owner == apex:
            return
        yield owner


class Chains:
    """What a zone's signer adds. rrsets: {(owner, type): (ttl, texts)}; ages: {(owner, type): n}, how often re-signed."""

    def __init__(self, apex, rrsets, denial, ages):
        self.apex, self.rrsets, self.denial, self.ages = apex, rrsets, denial, ages
        self.types = {}
        for owner, rdtype in rrsets:
            self.types.setdefault(owner, set()).add(rdtype)
        # below a cut or a DNAME nothing is signed
        self.cuts = {o for o, t in self.types.items() if o != apex and "NS" in t}
        self.tops = self.cuts | {o for o, t in self.types.items() if "DNAME" in t}

    def records(self):
        """Lines of text: DNSKEY, the chain, and a signature for each RRset that has one."""
        more = {(self.apex, "DNSKEY"): (3600, [KEY])}
        if self.denial[0] == "nsec3":
            more[(self.apex, "NSEC3PARAM")] = (0, [f"1 0 {self.denial[2]} {self.denial[1]}"])
        for (owner, rdtype) in more:
            self.types[owner].add(rdtype)
        seen = {o for o in self.types if not any(p in self.tops for p in parents(o, self.apex))}
        signed = {key: value for key, value in self.rrsets.items()
                  if key[0] in seen and (key[0] not in self.cuts or key[1] == "DS")}
        signed.update(more)
        chain = self._nsec(seen) if self.denial[0] == "nsec" else self._nsec3(seen)
        lines = [f"{o} {ttl} IN {t} {text}" for part in (more, chain) for (o, t), (ttl, texts) in part.items()
                 for text in texts]
        signed.update(chain)
        return lines + [self._rrsig(o, t, ttl, texts) for (o, t), (ttl, texts) in signed.items()]

    def _bitmap(self, owner, more):
        types = self.types.get(owner, set())
        if owner in self.cuts:
            types = types & {"NS", "DS"}
        has_signature = owner not in self.cuts or "DS" in types
        return " ".join(sorted(types | more | ({"RRSIG"} if types and has_signature else set())))

    def _nsec(self, seen):
        order = sorted(seen, key=_sort_key)
        return {(owner, "NSEC"): (DENIAL_TTL, [f"{after} {self._bitmap(owner, {'NSEC', 'RRSIG'})}"])
                for owner, after in zip(order, order[1:] + order[:1])}

    def _nsec3(self, seen):
        _, salt, iterations, opt_out = self.denial
        names = {o for o in seen if not (opt_out and o in self.cuts and "DS" not in self.types[o])}
        for owner in seen:  # empty non-terminals are in this chain, also those above what opts out: servers differ without
            names.update(parents(owner, self.apex))
        hashed = sorted((_hash(owner, salt, iterations), owner) for owner in names)
        after = hashed[1:] + hashed[:1]
        return {(f"{digest}.{self.apex}", "NSEC3"): (DENIAL_TTL, [
            f"1 {int(opt_out)} {iterations} {salt} {following} {self._bitmap(owner, set())}"])
                for (digest, owner), (following, _) in zip(hashed, after)}

    def _rrsig(self, owner, rdtype, ttl, texts):
        age = self.ages.get((owner, rdtype), 0)
        labels = len(name_of(owner).labels) - 1 - owner.startswith("*.")
        digest = hashlib.sha512(f"{owner}/{rdtype}/{ttl}/{sorted(texts)}/{age}".lower().encode()).digest()
        return (f"{owner} {ttl} IN RRSIG {rdtype} 13 {labels} {ttl} 20400101000000 {20250101000000 + age % 50} 12345 "
                f"{self.apex} {base64.b64encode(digest).decode()}")
