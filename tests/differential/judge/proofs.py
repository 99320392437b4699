"""Do the NSEC and NSEC3 records of an answer prove what it says (RFC 4035 section 3.1.3, RFC 5155 section 7.2)?

Signatures are not verified here, only that they are there: the records are compared with the zone's elsewhere."""
import base64
import functools
import hashlib

from judge import wire
from judge.model import zone_for
from judge.normal import CNAME, DNAME, NS, RRSIG, SOA, covered, cuts_of

DS, NSEC, NSEC3, DNSKEY = 43, 47, 50, 48
OPT_OUT = 1
_HEX32 = bytes.maketrans(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", b"0123456789ABCDEFGHIJKLMNOPQRSTUV")


@functools.lru_cache(65536)
def nsec3_hash(name, salt, iterations):
    """The hash as label text, in lower case (RFC 5155 section 5)."""
    digest = hashlib.sha1(name + salt).digest()
    for _ in range(iterations):
        digest = hashlib.sha1(digest + salt).digest()
    return base64.b32encode(digest).translate(_HEX32).lower()


def canonical(name):
    """A key that sorts names in canonical order (RFC 4034 section 6.1)."""
    return wire.labels_of(name)[::-1]


def _types_of(bitmap):
    types, pos = set(), 0
    while pos + 2 <= len(bitmap):
        window, length = bitmap[pos], bitmap[pos + 1]
        for i, octet in enumerate(bitmap[pos + 2:pos + 2 + length]):
            types |= {window << 8 | i * 8 + bit for bit in range(8) if octet & 0x80 >> bit}
        pos += 2 + length
    return types


class Nsec:
    def __init__(self, record):
        self.owner, rdata = record[0], record[4]
        self.next, pos, _ = wire.name_at(rdata, 0, {})
        self.types = _types_of(rdata[pos:])

    def covers(self, name):
        owner, following, at = canonical(self.owner), canonical(self.next), canonical(name)
        return owner < at and (at < following or following <= owner)

    def shows_empty(self, name):
        """name exists, but only for the sake of names below it."""
        return self.covers(name) and wire.is_within(self.next, name)


class NsecProof:
    """What the NSEC records of a message prove."""

    def __init__(self, records, apex):
        self.nsecs = [Nsec(r) for r in records if r[1] == NSEC and wire.is_within(r[0], apex)]
        self.apex = apex

    def absent(self, name):
        """No such name, and no wildcard for it."""
        encloser = self._encloser(name)
        return encloser is not None and any(n.covers(b"\x01*" + encloser) for n in self.nsecs)

    def expanded(self, name, _):
        """No such name, whatever wildcard there is."""
        return any(n.covers(name) and not wire.is_within(n.next, name) for n in self.nsecs)

    def _encloser(self, name):
        """The closest encloser that follows from a record that covers name; None: none covers it."""
        for n in self.nsecs:
            if n.covers(name) and not wire.is_within(n.next, name):
                above = wire.parent(name)
                while not (wire.is_within(n.owner, above) or wire.is_within(n.next, above)):
                    above = wire.parent(above)
                return above
        return None

    def lacks(self, name, qtype):
        """The name is there, or a wildcard for it, and has neither the type nor an alias."""
        if self._lacks_at(name, qtype):
            return True
        encloser = self._encloser(name)
        return encloser is not None and self._lacks_at(b"\x01*" + encloser, qtype)

    def _lacks_at(self, name, qtype):
        if any(n.owner == name and not n.types & {qtype, CNAME} for n in self.nsecs):
            return True
        return any(n.shows_empty(name) for n in self.nsecs)

    def unsigned_cut(self, cut):
        return any(n.owner == cut and NS in n.types and DS not in n.types for n in self.nsecs)


class Nsec3Proof:
    """What the NSEC3 records of a message prove."""

    def __init__(self, records, apex):
        self.apex, self.spans = apex, []
        for owner, rdtype, _, _, rdata in records:
            if rdtype == NSEC3 and wire.parent(owner) == apex:
                salt = rdata[5:5 + rdata[4]]
                pos = 5 + rdata[4]
                following = base64.b32encode(rdata[pos + 1:pos + 1 + rdata[pos]]).translate(_HEX32).lower()
                self.spans.append((owner[1:1 + owner[0]], following, rdata[1], _types_of(rdata[pos + 1 + rdata[pos]:])))
                self.salt, self.iterations = salt, rdata[2] << 8 | rdata[3]

    def _match(self, name):
        """Types of the record that matches name; None: there is none."""
        if not self.spans:
            return None
        at = nsec3_hash(name, self.salt, self.iterations)
        return next((types for owner, _, _, types in self.spans if owner == at), None)

    def _cover(self, name):
        """Flags of the record that covers name; None: there is none."""
        if not self.spans:
            return None
        at = nsec3_hash(name, self.salt, self.iterations)
        for owner, following, flags, _ in self.spans:
            if owner < at < following or following <= owner and (at > owner or at < following):
                return flags
        return None

    def _encloser(self, name):
        """(closest encloser, flags of the record that covers the next closer name), or None."""
        closer = name
        while len(closer) > len(self.apex):
            above = wire.parent(closer)
            types = self._match(above)
            if types is not None:
                flags = self._cover(closer)
                is_right = flags is not None and DNAME not in types and (NS not in types or SOA in types)
                return (above, flags) if is_right else None
            closer = above
        return None

    def absent(self, name):
        found = self._encloser(name)
        return found is not None and self._cover(b"\x01*" + found[0]) is not None

    def expanded(self, name, encloser):
        """The next closer name to the wildcard's parent is not there (RFC 5155 section 7.2.6)."""
        while wire.parent(name) != encloser:
            name = wire.parent(name)
        return self._cover(name) is not None

    def lacks(self, name, qtype):
        types = self._match(name)
        if types is not None:
            return not types & {qtype, CNAME}
        found = self._encloser(name)
        if found is None:
            return False
        if found[1] & OPT_OUT:  # sections 7.2.4 and 7.2.7: perhaps an insecure delegation, or empty above one
            return True
        types = self._match(b"\x01*" + found[0])
        return types is not None and not types & {qtype, CNAME}

    def unsigned_cut(self, cut):
        types = self._match(cut)
        if types is not None:
            return NS in types and DS not in types
        found = self._encloser(cut)
        return found is not None and found[1] & OPT_OUT != 0


def _proof_of(zone, message):
    """The proof that fits the zone's kind; None where the zone is not signed."""
    types = zone.types[zone.apex]
    if DNSKEY not in types:
        return None
    return (NsecProof if NSEC in types else Nsec3Proof)(message.authority + message.answer, zone.apex)


def _expansion(message, name, rdtype):
    """The wildcard's parent, where signatures say that this RRset came from a wildcard; else None."""
    for owner, kind, _, _, rdata in message.answer:
        if kind == RRSIG and owner == name and (rdata[0] << 8 | rdata[1]) == rdtype:
            labels = wire.labels_of(name)
            asterisk = labels[:1] == [b"*"]
            if rdata[3] < len(labels) - asterisk:
                return wire.name_from(labels[len(labels) - rdata[3]:])
    return None


def _unsigned(message, held):
    """RRsets of signed zones that came without signatures: neither delegations nor aliases made from a DNAME."""
    signed = {(r[0], covered(r)) for r in message.answer + message.authority if r[1] == RRSIG}
    dnames = [r[0] for r in message.answer if r[1] == DNAME]
    cuts = cuts_of(message, held.apexes)
    for owner, rdtype, *_ in message.answer + message.authority:
        zone = zone_for(held, owner, rdtype)
        if rdtype == RRSIG or zone is None or DNSKEY not in zone.types[zone.apex] or (owner, rdtype) in signed:
            continue
        if rdtype == NS and owner in cuts:
            continue
        if rdtype == CNAME and any(wire.is_within(owner, d) and owner != d for d in dnames):
            continue
        return True
    return False


def flaws(case, message):
    """What the answer to an ordinary question with DO fails to prove, as texts."""
    held, name, qtype = case.held, case.request.qname, case.request.qtype
    found = ["an RRset without its signatures"] if _unsigned(message, held) else []
    aliases = {r[0]: r[4] for r in message.answer if r[1] == CNAME}
    seen = set()
    while True:
        zone = zone_for(held, name, qtype)
        proof = _proof_of(zone, message) if zone else None
        types = {r[1] for r in message.answer if r[0] == name}
        if proof:
            for rdtype in types - {RRSIG}:
                encloser = _expansion(message, name, rdtype)
                if encloser is not None and not proof.expanded(name, encloser):
                    found.append("no proof that the wildcard may stand for the name")
        if name in aliases and name not in seen and qtype not in (CNAME, 255):
            seen.add(name)
            name = aliases[name]
            continue
        if proof and not types:
            found += _end(message, proof, name, qtype, held)
        return found


def _end(message, proof, name, qtype, held):
    """What the last name of the chain, which has no answer, lacks in proof."""
    cuts = [cut for cut in cuts_of(message, held.apexes) if wire.is_within(name, cut)]
    if cuts:
        has_ds = any(r[1] == DS and r[0] == cuts[0] for r in message.authority)
        return [] if has_ds or proof.unsigned_cut(cuts[0]) else ["no proof that the delegation is unsigned"]
    if not any(r[1] == SOA for r in message.authority):
        return []  # the chain ended at its bound, in a loop, or at a name too long
    if message.rcode == 3:
        return [] if proof.absent(name) else ["no proof that the name is absent"]
    return [] if proof.lacks(name, qtype) else ["no proof that the type is absent"]
