"""What a validating resolver finds in an answer, in two steps that do not trust each other's code.

Signatures are verified by dnspython.  Proofs are judged here: RFC 4035 section 5.4 with RFC 6840 section 4.1 for NSEC,
RFC 5155 section 8 for NSEC3.  The verdict is SECURE or INSECURE (an unsigned zone, or opt-out); what is wrong raises
Bogus.  The outcome of an answer is judged from what it holds alone: a proof that holds proves the answer right."""
import base64
import hashlib
import time

import dns.dnssec
import dns.exception
import dns.flags
import dns.name
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rrset

SECURE, INSECURE = "secure", "insecure"
A, NS, CNAME, SOA, DNAME, DS, RRSIG, NSEC, NSEC3, ANY = (dns.rdatatype.from_text(t) for t in (
    "A", "NS", "CNAME", "SOA", "DNAME", "DS", "RRSIG", "NSEC", "NSEC3", "ANY"))
LINKS_AT_LEAST = 16  # so many aliases are followed before a server may leave the rest to the client


class Bogus(AssertionError):
    """A resolver would answer SERVFAIL."""


def require(condition, text):
    if not condition:
        raise Bogus(text)


# --- signatures

class Keyring:
    """The zones that are held: apex -> DNSKEY RRset, None for an unsigned zone.  Verifies a signature once."""

    def __init__(self, keysets):
        self.keysets, self._verified, self.cryptographic = keysets, set(), 0

    def zone_of(self, name, rdtype=A):
        """The apex of the zone whose business the name is; None: not ours.  DS is the parent's."""
        if rdtype == DS and name in self.keysets and len(name) > 1 and self.zone_of(name.parent()):
            name = name.parent()
        while name not in self.keysets:
            if len(name) == 1:
                return None
            name = name.parent()
        return name

    def verify(self, rrset, signatures):
        """The apex that signed the RRset, and how many labels of its owner were signed."""
        require(signatures is not None and len(signatures) > 0, f"no signature on {rrset.name} {rrset.rdtype}")
        for signature in signatures:
            require(self.keysets.get(signature.signer), f"signed by {signature.signer}")
            require(rrset.name.is_subdomain(signature.signer), f"{rrset.name} signed by {signature.signer}")
            require(signature.labels <= _labels(rrset.name), f"{rrset.name}: labels {signature.labels}")
            require(signatures.ttl == rrset.ttl, f"{rrset.name}: TTL {rrset.ttl}, of its signature {signatures.ttl}")
            require(rrset.ttl <= signature.original_ttl, f"{rrset.name}: TTL above the signed one")
            self._verify_once(rrset, signature)
        return signatures[0].signer, signatures[0].labels

    def _verify_once(self, rrset, signature):
        key = (rrset.name, rrset.rdtype, frozenset(r.to_digestable() for r in rrset), signature.signature)
        if key not in self._verified:
            try:
                dns.dnssec.validate_rrsig(rrset, signature, self.keysets)
            except dns.exception.DNSException as error:
                raise Bogus(f"{rrset.name} {dns.rdatatype.to_text(rrset.rdtype)}: {error}") from None
            self._verified.add(key)
            self.cryptographic += 1


def trusted_keys(keyset, signatures, trusted):
    """The zone's keys, when the trusted one is among them and signed them."""
    require(trusted in keyset, f"{keyset.name}: the trusted key is not among the keys")
    dns.dnssec.validate(keyset, signatures, {keyset.name: dns.rrset.from_rdata(keyset.name, keyset.ttl, trusted)},
                        now=time.time())
    return keyset


def _labels(name):
    """As RRSIG counts them: neither the root's nor a leading asterisk."""
    return len(name) - 1 - (name[0] == b"*")


def _below(name, labels):
    """The ancestor of the name with so many labels beside the root's."""
    return dns.name.Name(name.labels[len(name) - 1 - labels:])


def _star(name):
    """The wildcard below the name; None: it would be too long, so there is none."""
    try:
        return dns.name.Name((b"*",) + name.labels)
    except dns.name.NameTooLong:
        return None


def _common(one, other):
    labels = 0
    while labels < min(len(one), len(other)) and one[-1 - labels].lower() == other[-1 - labels].lower():
        labels += 1
    return _below(one, labels - 1)


def _types(rdata):
    return {window * 256 + octet * 8 + bit for window, bitmap in rdata.windows
            for octet, value in enumerate(bitmap) for bit in range(8) if value & 0x80 >> bit}


# --- NSEC

class NsecProofs:
    def __init__(self, apex, rrsets):
        self.apex = apex
        self.records = [(rrset.name, rdata.next, _types(rdata)) for rrset in rrsets for rdata in rrset]

    def _match(self, name):
        return next((types for owner, _, types in self.records if owner == name), None)

    def _cover(self, name):
        """(owner, next) of an NSEC that says that nothing is at the name."""
        for owner, next_name, types in self.records:
            if owner < name and (name < next_name or next_name == self.apex):
                # RFC 6840 section 4.1: the upper side of a cut, and a DNAME, say nothing of what is below.
                if name.is_subdomain(owner) and (NS in types and SOA not in types or DNAME in types):
                    continue
                return owner, next_name
        return None

    def _is_empty_non_terminal(self, name):
        cover = self._cover(name)
        return cover is not None and cover[1] != name and cover[1].is_subdomain(name)

    def _encloser(self, name):
        """The closest encloser, from an NSEC that proves that the name itself does not exist."""
        cover = self._cover(name)
        require(cover and not cover[1].is_subdomain(name), f"no NSEC proves that {name} does not exist")
        return max(_common(name, cover[0]), _common(name, cover[1]), key=len)

    def no_name(self, name):
        wildcard = _star(self._encloser(name))
        require(wildcard is None or self._cover(wildcard) and not self._is_empty_non_terminal(wildcard),
                f"{wildcard} is not denied")
        return SECURE

    def no_type(self, name, rdtype):
        types = self._match(name)
        if types is None:
            if self._is_empty_non_terminal(name):
                return SECURE
            wildcard = _star(self._encloser(name))
            types = wildcard and self._match(wildcard)
            if types is None:
                require(wildcard and self._is_empty_non_terminal(wildcard), f"{wildcard} is not shown to lack the type")
                return SECURE
        _lacks(types, name, rdtype, name == self.apex)
        return SECURE

    def no_closer(self, name, labels):
        require(len(self._encloser(name)) - 1 == labels, f"{name}: the wildcard's place is not its closest encloser")
        return SECURE

    def no_ds(self, cut):
        types = self._match(cut)
        require(types is not None and NS in types and DS not in types and SOA not in types, f"{cut}: DS not denied")
        return SECURE


def _lacks(types, name, rdtype, at_apex):
    require(rdtype not in types, f"{name} has the type")
    require(CNAME not in types, f"{name} has a CNAME")
    if rdtype == DS:
        require(at_apex or SOA not in types, f"{name}: DS denied by the child")
    else:
        require(NS not in types or SOA in types, f"{name}: denied by the parent")


# --- NSEC3

_hash_cache = {}


def nsec3_hash(name, salt, iterations):
    key = (name, salt, iterations)
    if key not in _hash_cache:
        digest = hashlib.sha1(name.to_digestable() + salt).digest()
        for _ in range(iterations):
            digest = hashlib.sha1(digest + salt).digest()
        _hash_cache[key] = digest
    return _hash_cache[key]


_TO_HEX_ALPHABET = bytes.maketrans(b"0123456789ABCDEFGHIJKLMNOPQRSTUV", b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567")


class Nsec3Proofs:
    def __init__(self, apex, rrsets, may_opt_out):
        self.apex, self.may_opt_out, self.records = apex, may_opt_out, []
        parameters = {(r.algorithm, r.salt, r.iterations) for rrset in rrsets for r in rrset}
        require(len(parameters) == 1, f"NSEC3 parameters {parameters}")  # RFC 5155 section 8.2
        ((algorithm, self.salt, self.iterations),) = parameters
        require(algorithm == 1, f"NSEC3 hash algorithm {algorithm}")
        for rrset in rrsets:
            require(rrset.name.parent() == apex, f"NSEC3 at {rrset.name}")
            owner = base64.b32decode(rrset.name[0].upper().translate(_TO_HEX_ALPHABET))
            self.records += [(owner, r.next, _types(r), r.flags) for r in rrset]

    def _hash(self, name):
        return nsec3_hash(name, self.salt, self.iterations)

    def _match(self, name):
        digest = self._hash(name)
        return next((types for owner, _, types, _ in self.records if owner == digest), None)

    def _cover(self, name):
        """The flags of an NSEC3 that covers the name, None: there is none."""
        digest = self._hash(name)
        for owner, next_hash, _, flags in self.records:
            if owner < digest < next_hash or owner >= next_hash and (digest > owner or digest < next_hash):
                require(not flags & 1 or self.may_opt_out, "opt-out in a zone without it")
                return flags
        return None

    def _encloser(self, name):
        """Section 8.3: the closest encloser that is proved, and the verdict on the name one label longer."""
        for labels in range(len(name) - 2, len(self.apex) - 2, -1):
            encloser = _below(name, labels)
            types = self._match(encloser)
            if types is not None:
                flags = self._cover(_below(name, labels + 1))
                require(flags is not None, f"{name}: nothing covers the next closer name below {encloser}")
                require(DNAME not in types and (NS not in types or SOA in types), f"{encloser} is a cut or a DNAME")
                return encloser, INSECURE if flags & 1 else SECURE
        raise Bogus(f"{name}: no closest encloser")

    def no_name(self, name):  # section 8.4
        encloser, verdict = self._encloser(name)
        wildcard = _star(encloser)
        require(wildcard is None or self._cover(wildcard) is not None, f"*.{encloser} is not denied")
        return verdict

    def no_type(self, name, rdtype):  # sections 8.5 to 8.7
        types = self._match(name)
        if types is not None:
            _lacks(types, name, rdtype, name == self.apex)
            return SECURE
        encloser, verdict = self._encloser(name)
        wildcard = _star(encloser)
        types = wildcard and self._match(wildcard)
        if types is not None:
            _lacks(types, name, rdtype, False)
            return verdict
        # An insecure delegation, or a name above such ones only, that opt-out left without an NSEC3.
        require(verdict == INSECURE, f"{name} is not shown to lack the type")
        return INSECURE

    def no_closer(self, name, labels):  # section 8.8
        flags = self._cover(_below(name, labels + 1))
        require(flags is not None, f"{name}: nothing covers the next closer name")
        return INSECURE if flags & 1 else SECURE

    def no_ds(self, cut):  # section 8.9
        types = self._match(cut)
        if types is not None:
            require(NS in types and DS not in types and SOA not in types, f"{cut}: DS not denied")
            return SECURE
        _, verdict = self._encloser(cut)
        require(verdict == INSECURE, f"{cut}: neither an NSEC3 nor opt-out")
        return INSECURE


# --- an answer

class Judge:
    """One answer to one question."""

    def __init__(self, keyring, opt_out, qname, qtype, message):
        self.keyring, self.opt_out, self.qname, self.qtype, self.message = keyring, opt_out, qname, qtype, message
        self.answer, self.signatures = _by_key(message.answer)
        self.authority, self.authority_signatures = _by_key(message.authority)
        self.verdict = SECURE
        self.signed_by = {}  # (name, type) -> (apex, labels)
        self.links = 0       # aliases followed
        self.kind = None     # positive, nodata, nxdomain, referral, outside, loop, cut short, yxdomain

    def judge(self):
        flags = self.message.flags
        require(flags & dns.flags.QR and not flags & (dns.flags.AD | dns.flags.TC), "flags")
        self._verify_all()
        name, visited = self.qname, []
        while True:
            visited.append(name)
            target = self._step(name)
            if target is None:
                break
            name, self.links = target, self.links + 1
            if name in visited:
                self._end("loop", dns.rcode.NOERROR)
                break
        return self.verdict

    # -- signatures

    def _verify_all(self):
        synthesized = self._synthesized()
        for key, rrset in self.answer.items():
            if key not in synthesized:
                self._verify(key, rrset, self.signatures.get(key))
        cut = self._cut()
        for key, rrset in self.authority.items():
            if key != (cut, NS):
                self._verify(key, rrset, self.authority_signatures.get(key))
        for sections, signatures in ((self.answer, self.signatures), (self.authority, self.authority_signatures)):
            require(set(signatures) <= set(sections), "signatures of what is not there")

    def _verify(self, key, rrset, signatures):
        apex = self.keyring.zone_of(rrset.name, rrset.rdtype)
        require(apex is not None, f"{rrset.name} is of no zone of ours")
        if rrset.rdtype == NSEC and signatures:
            apex = signatures[0].signer  # at a cut each side has one
        if self.keyring.keysets[apex] is None:
            require(signatures is None, "a signature in an unsigned zone")
            self.verdict = INSECURE
            self.signed_by[key] = (apex, _labels(rrset.name))
            return
        self.signed_by[key] = self.keyring.verify(rrset, signatures)
        if rrset.rdtype != NSEC:
            require(self.signed_by[key][0] == apex, f"{rrset.name}: signed by {self.signed_by[key][0]}, not {apex}")

    def _dname_above(self, name):
        found = [n for n, rdtype in self.answer if rdtype == DNAME and name != n and name.is_subdomain(n)]
        return max(found, key=len) if found else None

    def _synthesized(self):
        """CNAMEs made from a DNAME of the answer: they have no signature of their own (RFC 6672 section 5.3.1)."""
        return {key for key in self.answer if key[1] == CNAME and self._dname_above(key[0])
                and key not in self.signatures}

    def _cut(self):
        """The delegation that the answer refers to, or None.  To a zone that we hold nobody is referred."""
        found = [n for n, rdtype in self.authority if rdtype == NS and n not in self.keyring.keysets]
        require(len(found) <= 1, "more than one delegation")
        return found[0] if found else None

    # -- the chain

    def _step(self, name):
        """The target of the alias at the name; None: the chain ends here, and how it ends is judged."""
        dname = self._dname_above(name)
        if dname:
            return self._dname_step(name, dname)
        here = [rdtype for n, rdtype in self.answer if n == name]
        if self.qtype in here or self.qtype == ANY and here:
            for rdtype in here:
                self._no_closer(name, rdtype)
            return self._end("positive", dns.rcode.NOERROR)
        if CNAME in here:
            self._no_closer(name, CNAME)
            return self.answer[name, CNAME][0].target
        return self._negative(name)

    def _dname_step(self, name, dname):
        rdata = self.answer[dname, DNAME][0]
        try:
            target = name.relativize(dname).concatenate(rdata.target)
        except dns.name.NameTooLong:
            require(not [1 for n, _ in self.answer if n == name], "an alias with a name too long")
            return self._end("yxdomain", dns.rcode.YXDOMAIN)
        require((name, CNAME) in self.answer, f"no CNAME made from the DNAME of {dname}")
        cname = self.answer[name, CNAME]
        require(cname[0].target == target, f"CNAME to {cname[0].target}, by the DNAME to {target}")
        require(cname.ttl == self.answer[dname, DNAME].ttl, "TTL of the CNAME of a DNAME")  # RFC 6672 section 3.1
        return self._end("positive", dns.rcode.NOERROR) if self.qtype == CNAME else target

    def _no_closer(self, name, rdtype):
        apex, labels = self.signed_by[name, rdtype]
        if labels < _labels(name) and self.keyring.keysets[apex]:
            self._and(self._proofs(apex).no_closer(name, labels))

    def _and(self, verdict):
        if verdict == INSECURE:
            self.verdict = INSECURE

    def _end(self, kind, rcode):
        self.kind = kind
        require(self.message.rcode() == rcode, f"{kind} with rcode {self.message.rcode()}")

    # -- the end of the chain

    def _negative(self, name):
        apex = self.keyring.zone_of(name, self.qtype)
        if apex is None:
            require(self.answer, "a question that is not ours has no answer")
            return self._end("outside", dns.rcode.NOERROR)
        cut = self._cut()
        if cut:
            return self._referral(name, cut)
        if (apex, SOA) not in self.authority and len(self.answer) >= LINKS_AT_LEAST:
            return self._end("cut short", dns.rcode.NOERROR)
        require((apex, SOA) in self.authority, f"no SOA of {apex} for {name}")
        soa = self.authority[apex, SOA]
        require(soa.ttl <= soa[0].minimum, f"negative TTL {soa.ttl}")  # RFC 2308 section 3
        is_nxdomain = self.message.rcode() == dns.rcode.NXDOMAIN
        if self.keyring.keysets[apex] is None:
            self.verdict = INSECURE
        else:
            proofs = self._proofs(apex)
            self._and(proofs.no_name(name) if is_nxdomain else proofs.no_type(name, self.qtype))
        return self._end("nxdomain" if is_nxdomain else "nodata", dns.rcode.NXDOMAIN if is_nxdomain else 0)

    def _referral(self, name, cut):
        apex = self.keyring.zone_of(cut, DS) or cut
        require(name.is_subdomain(cut) and cut != apex, f"{name} referred to {cut}")
        require(self.qtype != DS or name != cut, "DS is the parent's")
        require(self.answer or not self.message.flags & dns.flags.AA, "AA in a referral")
        if self.keyring.keysets[apex] is None:
            self.verdict = INSECURE
        elif (cut, DS) not in self.authority:
            self._and(self._proofs(apex).no_ds(cut))
        return self._end("referral", dns.rcode.NOERROR)

    def _proofs(self, apex):
        """What the NSEC or NSEC3 records of the zone prove; one that a wildcard was expanded to proves nothing."""
        usable = {NSEC: [], NSEC3: []}
        for key, rrset in self.authority.items():
            if key[1] in usable and self.signed_by[key] == (apex, _labels(key[0])):
                usable[key[1]].append(rrset)
        require(not usable[NSEC] or not usable[NSEC3], "both NSEC and NSEC3")
        require(usable[NSEC] or usable[NSEC3], f"no proof of {apex}")
        return (NsecProofs(apex, usable[NSEC]) if usable[NSEC] else
                Nsec3Proofs(apex, usable[NSEC3], self.opt_out))


def _by_key(section):
    """RRsets and signatures of a section, each once, by (owner, type)."""
    rrsets, signatures = {}, {}
    for rrset in section:
        where, key = (signatures, (rrset.name, rrset.covers)) if rrset.rdtype == RRSIG else (
            rrsets, (rrset.name, rrset.rdtype))
        require(key not in where, f"{rrset.name} twice")
        where[key] = rrset
    return rrsets, signatures
