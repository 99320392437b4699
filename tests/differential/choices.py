#!/usr/bin/env python3
"""What the RFCs leave free, and what we chose where peers disagree.

FREEDOMS are left out of every comparison.  CHOICES are kinds of questions that the peers themselves answer differently:
each says which parts of the answer may differ, whom we then side with, and which section of which RFC speaks for it.
A difference that no choice covers is a failure, and so is an answer of ours that is not as the choice says.

Run as a program it prints both as markdown."""
import pathlib
import sys
from typing import Callable, NamedTuple, Tuple

if __name__ == "__main__":
    HERE = pathlib.Path(__file__).resolve().parent
    sys.path[:0] = [str(HERE), str(HERE.parent / "functional")]

from judge import compare, laws, model, normal, wire  # noqa: E402
from judge.normal import CNAME, DNAME, covered  # noqa: E402
from judge.servers import OURS, PEERS  # noqa: E402

NOERROR, FORMERR, SERVFAIL, NXDOMAIN, NOTIMP, REFUSED, YXDOMAIN = range(7)
SIG, KEY, NXT, RRSIG, NSEC, DS, DNSKEY, NSEC3 = 24, 25, 30, 46, 47, 43, 48, 50
IXFR, AXFR, ANY = 251, 252, 255
NSID, ECS, COOKIE = 3, 8, 10


class Freedom(NamedTuple):
    what: str
    why: str
    rfc: str


FREEDOMS = (
    Freedom("NS of the zone in the authority section of an answer or of a denial, with its signatures",
            "It helps nobody who got here; minimal answers leave it out.", "RFC 1034 section 4.3.2; RFC 2308 "
            "section 2.1"),
    Freedom("additional data that is no glue: addresses of mail and name servers that the zone is authoritative "
            "for, and their signatures", "An optimisation that a server may leave out; what we give is checked "
            "against the zone.", "RFC 1034 section 4.3.2 step 6; RFC 2181 section 9"),
    Freedom("order of the records of an RRset, and of RRsets in a section", "RRsets are sets. The order of aliases "
            "in the answer is compared.", "RFC 2181 section 5; RFC 1034 section 4.3.2"),
    Freedom("case of names in records", "Names are equal whatever their case. The question must come back as it was "
            "asked, octet by octet.", "RFC 4343 section 4"),
    Freedom("compression of names in the types of RFC 1035", "A matter of size only. In our answers compression in "
            "a newer type is a failure.", "RFC 1035 section 4.1.4; RFC 3597 section 4"),
    Freedom("records of an answer with TC", "They are not to be used; the question is asked again over TCP and "
            "compared there.", "RFC 2181 section 9"),
    Freedom("the UDP payload size that the OPT record tells", "A property of the server, not of the answer.",
            "RFC 6891 section 6.2.3"),
    Freedom("Extended DNS Errors", "They may go with any answer and nothing depends on them.", "RFC 8914 section 3"),
    Freedom("EDNS options other than NSID", "Each server has some and lacks others. Of ours it is checked that they "
            "were asked for and are of the right form.", "RFC 6891 section 6.1.2"),
)


class Choice(NamedTuple):
    """parts: what may differ. when(case): is it this kind? like: peers we may agree with, part by part.

    check(case): replaces like where agreeing with a peer is not what counts.
    alone: even where the three peers agree we differ, because the RFC says so in as many words."""

    name: str
    what: str
    ours: str
    rfc: str
    parts: Tuple[str, ...]
    when: Callable
    like: Tuple[str, ...] = PEERS
    check: Callable = None
    alone: bool = False

    def holds(self, case, parts):
        if self.check:
            return self.check(case)
        return all(case.equals(part, *self.like) for part in parts)


# -- kinds of questions -----------------------------------------------------------------------------------------------

def plain(*types):
    return lambda case: case.request.is_plain and (not types or case.request.qtype in types)


def both(*tests):
    return lambda case: all(test(case) for test in tests)


def has_option(*codes):
    def test(case):
        opt = case.request.opt
        return opt is not None and any(not codes or code in codes for code, _ in opt.options)
    return test


def _aliases(case):
    """{owner: target} of every CNAME in any of the answers."""
    return {r[0]: r[4] for m in case.answers() for r in m.answer if r[1] == CNAME}


def leaves_its_zone(case):
    """An alias points from one held zone into another; the DS of a zone's own name is in the zone above."""
    if not case.request.readable:
        return False
    held = case.held
    return any(held.zone_of(target) not in (None, held.zone_of(owner)) or
               target in held.apexes and case.request.qtype == DS for owner, target in _aliases(case).items())


def is_long_chain(case):
    """Five aliases or more, or a loop."""
    steps = _aliases(case)
    for start in steps:
        name, seen = start, 0
        while name in steps and seen < 5:
            name, seen = steps[name], seen + 1
        if seen >= 5:
            return True
    return False


def _above(case, test):
    """Is there a name at or above the one asked for, within its zone, that passes the test?"""
    zone, name = case.zone, case.request.qname
    while zone and name and len(name) > len(zone.apex):
        if test(zone.types.get(name, ()), name):
            return True
        name = wire.parent(name)
    return False


def is_at_or_below_hash(case):
    return _above(case, lambda types, _: NSEC3 in types)


def below_wildcard_dname(case):
    return _above(case, lambda types, name: DNAME in types and name[:2] == b"\x01*")


def is_cut(case):
    return case.zone is not None and case.request.qname in case.zone.cuts


def is_referral(case):
    return case.request.readable and any(normal.cuts_of(m, case.held.apexes) for m in case.answers())


def is_meta(case):
    qtype = case.request.qtype
    return qtype is not None and (qtype in (0, 41) or 128 <= qtype <= 255)


def is_faulty(case):
    r = case.request
    return not r.readable or bool(r.faults) or r.counts[1:3] != [0, 0] or r.counts[3] > (r.opt is not None)


def has_wrong_opt(case):
    """Nothing but the options of the OPT record is wrong, or that there are two."""
    return case.request.problem in wire.OPTION_PROBLEMS or wire.TWO_OPTS in case.request.faults


def differs_in_proofs_only(case):
    """What the authority sections do not have in common are NSEC and NSEC3 records and their signatures."""
    sections = [set(form["authority"]) for form in case.forms.values() if form["authority"] is not None]
    odd = set().union(*sections) - set.intersection(*sections)
    return case.request.is_plain and case.request.dnssec and all(covered(r) in (NSEC, NSEC3) for r in odd)


def nsd_is_unreadable(case):
    return case.forms["nsd"]["arrival"] == "malformed"


def peer_repeats(case):
    return any(len(set(m.answer)) != len(m.answer) for m in case.answers())


def truncates(case):
    return len({form["tc"] for form in case.forms.values()}) > 1


# -- what we say ------------------------------------------------------------------------------------------------------

def lawful(_):
    """laws.py has judged it: the model has one answer only, the zones' records decide about the rest."""
    return True


def as_model(case):
    """The question by itself, as if it were an ordinary one, is answered as the model has it, AA apart."""
    message = case.messages[OURS]
    return case.request.readable and isinstance(message, wire.Message) and \
        model.difference(case, message) in (None, model.AA_DIFFERS)


def like_a_peer(case):
    return all(case.equals(part, *PEERS) for part in case.differing)


def formerr_or_answer(case):
    """Nothing else will do: what is wrong is said, or is of no consequence."""
    return case.ours["rcode"] == FORMERR or as_model(case) or like_a_peer(case)


def as_class_in_or_like_a_peer(case):
    return like_a_peer(case) or case.request.qclass == ANY and as_model(case) and not case.ours["aa"]


SECTIONS = ("answer", "order", "authority", "glue", "siblings")
BODY = ("rcode", "aa", *SECTIONS)
ALL = ("arrival", "tc", "question", "edns", "nsid", "tsig", *BODY)

# Parts that laws.py judges by itself, by what fits and what is there: agreeing peers may be less careful with room.
LAWFUL = ("tc", "siblings")

CHOICES = (
    # What is no ordinary question
    Choice("opcodes", "opcodes that are not implemented: question, OPT, RD and CD come back or not; UPDATE is "
           "refused", "NOTIMP, the header alone with its RD and CD", "RFC 8906 section 3.1.4",
           (*ALL, "rd", "cd", "ad"), lambda case: case.request.opcode != 0),
    Choice("wrong opt", "an OPT record with a broken option, or two of them: the peers say FORMERR without an OPT "
           "record, as servers do that know no EDNS", "FORMERR with OPT", "RFC 6891 section 6.1.1", ("edns", "nsid"),
           has_wrong_opt, check=lambda case: case.ours["rcode"] == FORMERR, alone=True),
    Choice("faults", "requests with something wrong: Knot is silent to some, NSD and BIND take no notice of others; "
           "the question comes back or not", "FORMERR", "RFC 1035 section 4.1.1; RFC 6891 sections 6.1.1 and 7; RFC "
           "9619 section 4", (*ALL, "opcode", "rd", "cd"), is_faulty, check=formerr_or_answer),
    Choice("class", "classes other than IN: REFUSED, NOTIMP (BIND) or FORMERR; class ANY with AA (Knot) or without "
           "(NSD), with SOA (Knot) or without; class CH: BIND has a zone of its own for it",
           "REFUSED; CH as far as it is configured; ANY is answered as IN, without AA", "RFC 1035 section 3.2.5",
           ALL, lambda case: case.request.qclass not in (None, 1), check=as_class_in_or_like_a_peer),
    # Room
    Choice("glue", "glue that does not fit: of name servers inside the delegated zone NSD and BIND leave some out "
           "without TC; what room is left for other addresses is used differently", "TC when in-domain glue does "
           "not fit; other addresses as far as they fit", "RFC 9471 sections 3.1 and 3.2",
           ("tc", "glue", "siblings"), is_referral, check=lawful),
    Choice("room", "an answer that just fits, or just does not, by compression, by what proofs it has, or because "
           "Knot leaves the SOA out", "whole, else TC", "RFC 2181 section 9", ("tc", *SECTIONS),
           both(plain(), truncates), check=lawful),
    # Types that are no data
    Choice("transfers", "AXFR over UDP, IXFR, and both for what is no zone of the server: each its own error; NSD's "
           "answer to an IXFR without SOA can't be read", "AXFR over UDP: NOTIMP; IXFR over UDP: our SOA; no zone "
           "of ours: NOTAUTH", "RFC 5936 section 4.2; RFC 1995 section 2", ALL,
           lambda case: case.request.qtype in (IXFR, AXFR)),
    Choice("any", "QTYPE ANY: BIND gives the RRset that it finds first, NSD and Knot one of their own choosing; "
           "BIND does not follow an alias made from a DNAME", "one RRset, not of the kind that only DNSSEC needs",
           "RFC 8482 section 4.1", BODY, plain(ANY), check=lawful),
    Choice("rrsig", "QTYPE RRSIG: NSD gives all signatures of the name, Knot and BIND those of one RRset",
           "the signatures of one RRset", "RFC 8482 section 7", BODY, plain(RRSIG), check=lawful),
    Choice("meta types", "types that are no data (0, OPT, 128 to 255): BIND says FORMERR or NOTIMP to some, Knot to "
           "others", "there is no record of that type", "RFC 6895 section 3.1; RFC 8906 section 3.1.2", ALL,
           both(plain(), is_meta), check=lawful),
    Choice("nsec at a cut", "QTYPE NSEC at a delegation: BIND answers with the parent's NSEC, NSD and Knot refer",
           "a referral, which has that NSEC as proof under DO", "RFC 4035 section 3.1.4", BODY,
           both(plain(NSEC), is_cut), ("nsd", "knot")),
    # Aliases
    Choice("alias and dnssec types", "QTYPE NSEC, RRSIG, KEY or SIG at a CNAME, where there is no such record: Knot "
           "and BIND say so, NSD follows the CNAME; QTYPE NSEC3: the other way round",
           "the CNAME is followed, as for any type", "RFC 1034 section 4.3.2 step 3a", BODY,
           both(plain(SIG, KEY, NXT, RRSIG, NSEC, NSEC3), _aliases), check=lawful),
    Choice("into another zone", "an alias that leads into another zone of the same server: NSD goes on there, Knot "
           "and BIND stop at it, or refer to a child although they hold it", "the search goes on in the other zone, "
           "with its SOA and proofs", "RFC 1034 section 4.3.2 step 3a; RFC 6604 section 3", BODY, leaves_its_zone,
           check=lawful),
    Choice("long chains and loops", "chains of more than 5 (Knot) or 11 (BIND) aliases end early, loops are "
           "SERVFAIL (BIND) or NOERROR; NSD and Knot may repeat an alias of a loop", "up to 17 aliases, none twice, "
           "NOERROR", "RFC 1034 section 3.6.2; RFC 2181 section 5", BODY, is_long_chain, check=lawful),
    Choice("too long through a dname", "a DNAME whose result is longer than 255 octets: Knot adds the SOA, proofs "
           "or what the target has, or says NXDOMAIN", "YXDOMAIN and the DNAME alone", "RFC 6672 section 2.2", BODY,
           lambda case: case.ours["rcode"] == YXDOMAIN, ("nsd", "bind")),
    Choice("dname of a wildcard", "below a wildcard that owns a DNAME: Knot takes it for a wildcard to be expanded",
           "the asterisk is a label as any other", "RFC 6672 section 3.3; RFC 4592 section 4.4", ALL,
           both(plain(), below_wildcard_dname), ("nsd", "bind")),
    Choice("code of a truncated chain", "a chain that truncation cuts: Knot gives the code as far as it came",
           "the code of the last name", "RFC 6604 section 3", ("rcode",),
           both(plain(), lambda case: case.ours["tc"]), check=lawful),
    Choice("a record twice", "a DNAME or alias that is met a second time: NSD and Knot may give it twice", "once",
           "RFC 2181 section 5", BODY, both(plain(), peer_repeats), check=lawful),
    # Denial
    Choice("names that are hashes", "a name that owns an NSEC3 record and nothing else, and names below it: NSD "
           "takes it for a name of the zone", "there is no such name", "RFC 5155 section 7.2.8", BODY,
           is_at_or_below_hash, ("knot", "bind")),
    Choice("proofs", "more NSEC or NSEC3 records than are needed, or fewer: NSD adds the closest encloser for the "
           "asterisk asked for by name and leaves a proof out below a DNAME; Knot and BIND give one NSEC where a "
           "wildcard is an empty non-terminal; Knot leaves the proof out where it is the answer; BIND for QTYPE SIG",
           "what the RFC lists, no more", "RFC 4035 section 3.1.3; RFC 5155 section 7.2", ("authority",),
           differs_in_proofs_only, check=lawful),
    # Header and EDNS
    Choice("cd and ad", "CD of the question: BIND copies it, NSD and Knot clear it; AD: BIND copies it into a "
           "truncated answer", "CD copied, though it should be cleared; AD clear", "RFC 4035 section 3.1.6",
           ("cd", "ad"), lambda case: case.request.flags & 0x30 or case.forms["bind"]["ad"],
           check=lambda case: not case.ours["ad"]),
    Choice("flags", "TC or an RCODE set in a question: NSD says FORMERR", "no notice is taken",
           "RFC 1035 section 4.1.1", ALL, lambda case: case.request.flags & 0x020F, ("knot", "bind")),
    Choice("small sizes", "an OPT record that says less than 512 octets: Knot says FORMERR", "taken as 512",
           "RFC 6891 section 6.2.3", ALL, lambda case: case.request.opt is not None and case.request.opt.size < 512,
           ("nsd", "bind")),
    Choice("version and do", "EDNS of a higher version: NSD clears DO in its BADVERS, Knot alone answers NSID",
           "DO is copied, NSID answered", "RFC 6891 section 6.1.3", ("edns", "nsid"),
           lambda case: case.request.opt is not None and case.request.opt.version > 0),
    Choice("option twice", "NSID asked for twice: NSD's answer can't be read", "answered once",
           "RFC 5001 section 2.1", ALL, both(has_option(NSID), nsd_is_unreadable), ("knot", "bind")),
    Choice("options that can't be read", "a cookie of a wrong length, a client subnet that makes no sense: BIND "
           "says FORMERR", "options that we do not use are not looked into", "RFC 7873 section 5.2.2; RFC 7871 "
           "section 7.1.2", ALL, has_option(COOKIE, ECS)),
)


def judge_case(case, report):
    """Says of one case whether it is right, and counts it."""
    broken = laws.broken(case)
    for law in broken:
        report.fail(f"law: {law}", case)
    if not case.differing:
        report.equal += not broken
        return
    used, left = apply(case)
    alone = unexcused(case, used, left)
    if alone:
        report.fail(f"three peers agree on {' '.join(alone)}, {case.question.kind} | {compare.pattern(case)}", case)
        return
    if left:
        report.fail(f"no choice covers {' '.join(left)}, {case.question.kind} | {compare.pattern(case)}", case)
        return
    wrong = [choice.name for choice, parts in used if not choice.holds(case, parts)]
    for name in wrong:
        report.fail(f"not as the choice says, {name}: {compare.pattern(case)}", case)
    if not wrong and not broken:
        report.chosen += 1
        report.choices.update(choice.name for choice, _ in used)


def unexcused(case, used, left):
    """Parts where we differ from three peers that agree, and may not."""
    if not case.peers_agree:  # then the rest follows from what they disagree in
        return [part for part in case.against if part in left]
    excused = {part for choice, parts in used if choice.alone for part in parts}
    if case.whole:  # it takes the whole answer to judge these
        excused.update(LAWFUL)
    return [part for part in case.against if part in left or part not in excused]


def apply(case):
    """[(choice, the parts that it covers)], each part covered by the first choice that can; and the parts left."""
    used, left = [], list(case.differing)
    for choice in CHOICES:
        parts = [part for part in left if part in choice.parts]
        if parts and choice.when(case):
            used.append((choice, parts))
            left = [part for part in left if part not in parts]
    return used, left


def markdown():
    lines = ["| free | why | section |", "|---|---|---|"]
    lines += [f"| {f.what} | {f.why} | {f.rfc} |" for f in FREEDOMS]
    lines += ["", "| where peers disagree | what we do | section |", "|---|---|---|"]
    lines += [f"| {c.what} | {c.ours} | {c.rfc} |" for c in CHOICES if not c.alone]
    lines += ["", "| where we differ from all three | what we do | section |", "|---|---|---|"]
    lines += [f"| {c.what} | {c.ours} | {c.rfc} |" for c in CHOICES if c.alone]
    return "\n".join(lines)


if __name__ == "__main__":
    print(markdown())
