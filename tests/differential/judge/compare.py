"""Ours against the peers', part by part."""
from functools import cached_property

from judge import normal, wire
from judge.servers import OURS, PEERS

# Parts that decide about the others: where peers disagree in one of these, the rest follows from it.
ROOTS = ("arrival", "rcode", "tc", "order")


class Request:
    """A request as its receiver may read it; readable is False, and problem says why, where it can't be taken apart."""

    def __init__(self, octets):
        self.readable, self.qname, self.qtype, self.qclass, self.opt = False, None, None, None, None
        self.flags = octets[2] << 8 | octets[3] if len(octets) > 3 else 0
        self.opcode = self.flags >> 11 & 15
        self.faults, self.counts, self.problem = [], None, None
        try:
            message = wire.parse(octets)
        except (wire.Malformed, IndexError) as error:
            self.problem = str(error) or "ends too soon"
            return
        self.faults, self.counts, self.opt = message.faults, message.counts, message.opt
        if message.counts[0] == 1:
            self.readable = True
            self.qname, pos, _ = wire.name_at(octets, 12, {})
            self.qtype, self.qclass = octets[pos] << 8 | octets[pos + 1], octets[pos + 2] << 8 | octets[pos + 3]

    @property
    def is_plain(self):
        """An ordinary question: opcode QUERY, class IN, one question and at most an OPT record of version 0."""
        return (self.readable and self.opcode == 0 and self.qclass == 1 and not self.faults
                and self.counts[1:3] == [0, 0] and self.counts[3] == (self.opt is not None)
                and not (self.opt and self.opt.version))

    @property
    def dnssec(self):
        return self.opt is not None and self.opt.flags & 0x8000 != 0


class Case:
    """One question with all answers: as they came, taken apart, and in normal form; each {server: ...}.

    whole: the same question over TCP, where an answer was truncated; else None."""

    def __init__(self, question, octets, held):
        self.question, self.octets, self.held, self.whole = question, octets, held, None
        self.messages, self.forms, known = {}, {}, {}
        for server, answer in octets.items():
            if answer not in known:  # answers of equal octets are taken apart once
                message = normal.read(answer)
                known[answer] = message, normal.normal_form(message, held)
            self.messages[server], self.forms[server] = known[answer]

    @cached_property
    def request(self):
        return Request(self.question.octets)

    @cached_property
    def zone(self):
        """Content of the zone asked about, or None."""
        return self.held.zone_of(self.request.qname) if self.request.qname else None

    @property
    def ours(self):
        return self.forms[OURS]

    def values(self, part):
        """{peer: value}, without the peers of which nothing can be said."""
        return {peer: self.forms[peer][part] for peer in PEERS if self.forms[peer][part] is not None}

    @cached_property
    def split(self):
        """Parts where the peers disagree."""
        return tuple(part for part in normal.PARTS if len(set(self.values(part).values())) > 1)

    @cached_property
    def against(self):
        """Parts where we differ from the three peers, who agree."""
        found = []
        for part in normal.PARTS:
            values = self.values(part)
            if len(values) == len(PEERS) and len(set(values.values())) == 1 and self.ours[part] is not None \
                    and self.ours[part] not in values.values():
                found.append(part)
        return tuple(found)

    @cached_property
    def differing(self):
        """All parts where not everybody says the same."""
        return tuple(part for part in normal.PARTS if part in self.split or part in self.against)

    @property
    def peers_agree(self):
        """The peers agree in what decides about the rest."""
        return not any(part in ROOTS for part in self.split)

    def equals(self, part, *peers):
        """Do we say in this part what one of the peers says?"""
        return any(self.ours[part] is None or self.ours[part] == self.forms[peer][part] for peer in peers)

    def answers(self):
        """The answers of all servers that can be taken apart."""
        return [m for m in self.messages.values() if isinstance(m, wire.Message)]


def partition(case, part):
    """Who says the same: "understudy=nsd knot=bind"."""
    groups = {}
    for server in (OURS, *PEERS):
        groups.setdefault(case.forms[server][part], []).append(server)
    return " ".join("=".join(names) for names in groups.values())


def pattern(case):
    """The partitions of all parts that differ, as a line to group cases by."""
    return "; ".join(f"{part}: {partition(case, part)}" for part in normal.PARTS if part in case.differing)
