"""What leaves the server, octet by octet: random zones of names that nobody should have come from a primary record by
record, and go out again as AXFR, as IXFR and as answers.  Every record is the primary's, letters in their case (RFC 5936
section 3.4), and no message does what a reader may refuse."""
import random
import struct

from hostile import octets
from hostile.octets import AXFR, IXFR, SOA, Record
from hostile.primary import Case, HostileWorld
from hostile.world import follow, wait_all_serve
from lib.wait import wait_until

A, NS, CNAME, PTR, MINFO, MX, TXT, RP, AFSDB, AAAA, SRV, NAPTR, KX, DNAME = (1, 2, 5, 12, 14, 15, 16, 17, 18, 28, 33, 35,
                                                                          36, 39)
MESSAGE_MOST = 65535
LABELS = (b"a", b"A", b"b", b"B", b"*", b"\0", b"a.b", b"\x04TeSt", b"\xc0\x0c", b"x" * 63, b"\xff" * 62, b"Ns1", b"ns1",
          b"www", b"_tcp", b" ")
ELSEWHERE = (b"\0", b"\4TeSt\0", b"\x07hOsTiLe\4tEsT\0", b"\7example\3NET\0", b"\4host\7Example\3net\0")


def lower(name):
    return name.lower()  # lengths of labels are below 64, so no letters


def key_of(record):
    """What makes two records the same: names in RDATA have no case."""
    rdata = record.rdata.lower() if record.type in octets.LAYOUTS else record.rdata
    return lower(record.owner), record.type, rdata


class OddZone:
    """The primary's zone and its steps."""

    def __init__(self, label, seed, records):
        self.chance = random.Random(seed)
        self.apex = bytes([len(label)]) + bytes(self._mixed(label.encode())) + b"\4TeSt\0"
        self.records, self.case_of, self.steps, self.serial = {}, {}, [], 1
        self._add(Record(self.apex, NS, 62, b"\3Ns1" + self.apex))
        self._add(Record(b"\3Ns1" + self.apex, A, 61, b"\1\2\3\4"))
        while len(self.records) < records:
            self._add(self._random_record())
        self._add_large()

    # --- random content

    def _mixed(self, text):
        return (self.chance.choice((o, o ^ 32)) if chr(o).isalpha() else o for o in text)

    def _below(self, end, most=255):
        """A name of a few labels, now and then of as many as there may be."""
        name = end
        for _ in range(self.chance.choice((0, 1, 1, 2, 2, 3, 5, 130))):
            label = self.chance.choice(LABELS)
            if len(name) + 1 + len(label) <= most:
                name = bytes([len(label)]) + label + name
        return name

    def _target(self):
        if self.chance.random() < 0.5 and self.records:
            return self.chance.choice(list(self.records.values())).owner
        return self._below(self.apex if self.chance.random() < 0.5 else self.chance.choice(ELSEWHERE))

    def _random_record(self):
        chance = self.chance
        owner = self._below(self.apex)
        owner = self.case_of.setdefault(lower(owner), owner)
        hides = owner[:2] in (b"\3w", b"\4_")  # else little would be left to see
        rdtype = chance.choice((A, AAAA, PTR, MINFO, MX, TXT, RP, AFSDB, SRV, NAPTR, KX, 65280, MX, PTR) +
                               (NS, NS, DNAME) * hides)
        ttl = 60 + rdtype  # one for an RRset
        number = struct.pack("!H", chance.randrange(3))
        rdata = {A: chance.randbytes(4), AAAA: chance.randbytes(16), TXT: b"\5" + chance.randbytes(5),
                 MX: number + self._target(), AFSDB: number + self._target(), KX: number + self._target(),
                 SRV: number * 3 + self._target(), MINFO: self._target() + self._target(),
                 RP: self._target() + self._target(), NAPTR: number * 2 + b"\1s\0\0" + self._target(),
                 65280: chance.randbytes(chance.choice((0, 1, 300)))}.get(rdtype)
        return Record(owner, rdtype, ttl, self._target() if rdata is None else rdata)

    def _is_wanted(self, record):
        """One DNAME a name, as a guard would stop more; none at the apex, as it would hide all other names."""
        owner = lower(record.owner)
        return record.type != DNAME or owner != lower(self.apex) and not any(r.type == DNAME and lower(r.owner) == owner for r in self.records.values())

    def _add(self, record):
        key = key_of(record)
        if key in self.records or not self._is_wanted(record):
            return None
        self.case_of.setdefault(lower(record.owner), record.owner)
        self.records[key] = record
        return record

    def _add_large(self):
        """A record as large as a message may have it, and an RRset that no message can have."""
        most = MESSAGE_MOST - 12 - (len(self.apex) + 4) - 2 - 10
        self._add(Record(self.apex, 65281, 60, b"\xab" * most))
        for i in range(300):
            self._add(Record(self.apex, TXT, 76, b"\xfa" + struct.pack("!H", i) + b"t" * 248))

    # --- as the primary sends it

    def soa(self, serial=None):
        serial = self.serial if serial is None else serial
        return Record(self.apex, SOA, 3600, b"\3Ns1" + self.apex + b"\1h\0" + struct.pack("!5I", serial, 3600, 1, 86400, 5))

    def change(self, size):
        """The next version: some records go, named in other case, some come; a name that is gone may come in other case."""
        may_go = [r for r in self.records.values() if len(r.rdata) < 10000 and (r.owner, r.type) != (self.apex, NS)]
        removed = self.chance.sample(may_go, size)
        for record in removed:
            del self.records[key_of(record)]
        there = {owner for owner, _, _ in self.records}
        self.case_of = {owner: name for owner, name in self.case_of.items() if owner in there}
        added = [r for r in (self._add(self._random_record()) for _ in range(size)) if r]
        removed = [r._replace(owner=r.owner.swapcase()) if self.chance.random() < 0.3 else r for r in removed]
        self.steps.append((self.serial, removed, added))
        self.serial += 1

    def whole(self):
        return [self.soa(), *self.records.values(), self.soa()]

    def differences(self, serial):
        records = [self.soa()]
        for old, removed, added in self.steps:
            if old >= serial:
                records += [self.soa(old), *removed, self.soa(old + 1), *added]
        return records + [self.soa()]


def wire_of(record, question):
    owner = b"\xc0\x0c" if record.owner == question[:-4] else record.owner
    return owner + struct.pack("!HHIH", record.type, 1, record.ttl, len(record.rdata)) + record.rdata


def messages_of(ask, records, question):
    """As few messages as can be; the question has the zone's own letters, as one may point to it."""
    part, size = [], 12 + len(question)
    for record in records:
        wire = wire_of(record, question)
        if size + len(wire) > MESSAGE_MOST:
            yield ask.answer(part, question=question)
            part, size = [], 12 + len(question)
        part.append(wire)
        size += len(wire)
    yield ask.answer(part, question=question)


def case_of(zone, label):
    def question(ask):
        return zone.apex + ask.question[-4:]

    def soa(_, ask):
        return list(messages_of(ask, [zone.soa()], question(ask)))

    def axfr(_, ask):
        return list(messages_of(ask, zone.whole(), question(ask)))

    def ixfr(_, ask):
        return list(messages_of(ask, zone.differences(ask.serial), question(ask)))
    return Case(f"{label}.test", axfr=axfr, soa=soa, ixfr=ixfr)


# --- what comes out


def differ(got, wanted):
    got, wanted = sorted(got), sorted(wanted)
    missing, surplus = set(wanted) - set(got), set(got) - set(wanted)
    assert got == wanted, f"missing {sorted(missing)[:3]}, surplus {sorted(surplus)[:3]}, {len(got)} of {len(wanted)}"


def check_zone(daemon, zone, name, size=None):
    messages = octets.by_tcp(daemon.endpoint, octets.request(name, AXFR, size=size), octets.is_transferred)
    assert messages[0].question[:-4] == name
    records = octets.records_of(messages)
    assert records[0] == records[-1] == zone.soa()
    differ(records[1:-1], zone.records.values())
    assert all(message.flags == 0x8400 for message in messages)


def steps_of(records):
    """[(serial, removed, added)] of an answer to IXFR."""
    assert records[0] == records[-1]
    steps, side = [], None
    for record in records[1:-1]:
        if record.type == SOA:
            serial = int.from_bytes(record.rdata[-20:-16], "big")
            if side is None or side is steps[-1][2]:
                steps.append((serial, [], []))
                side = steps[-1][1]
            else:
                side = steps[-1][2]
        else:
            side.append(record)
    return steps


def apply(held, steps):
    for _, removed, added in steps:
        for record in removed:
            del held[key_of(record)]
        for record in added:
            assert key_of(record) not in held, f"{record} is there already"
            held[key_of(record)] = record


def check_differences(daemon, zone, held, serial):
    """From the version held, whose serial this is, to the newest."""
    soa = octets_of_soa(zone, serial)
    records = octets.records_of(octets.by_tcp(daemon.endpoint, octets.request(zone.apex, IXFR, soa=soa),
                                              octets.is_transferred))
    assert records[0] == zone.soa() and records[1] == zone.soa(serial), "no differences"
    apply(held, steps_of(records))
    differ(held.values(), zone.records.values())


def check_differences_by_udp(daemon, zone, held, serial):
    """All of them, or our SOA alone (RFC 1995 section 2)."""
    for size in (None, 512, 800, 1232):
        message = octets.by_udp(daemon.endpoint, octets.request(zone.apex, IXFR, octets_of_soa(zone, serial), size))
        assert len(message.wire) <= (size or 512) and not message.is_truncated
        if len(message.answer) > 1:
            after = dict(held)
            apply(after, steps_of(message.answer))
            differ(after.values(), zone.records.values())
        else:
            assert message.answer == [zone.soa()]


def octets_of_soa(zone, serial):
    soa = zone.soa(serial)
    return soa.owner + struct.pack("!HHIH", SOA, 1, soa.ttl, len(soa.rdata)) + soa.rdata


def rrsets_of(zone):
    sets = {}
    for record in zone.records.values():
        sets.setdefault((record.owner, record.type), set()).add(key_of(record))
    return sets


def check_answers(daemon, zone):
    """Each RRset is asked for; of those that nothing stands above, the answer has just it."""
    sets = rrsets_of(zone)
    hiding = {lower(owner) for owner, rdtype in sets if rdtype in (NS, DNAME)} - {lower(zone.apex)}
    seen = 0
    for (owner, rdtype), wanted in sets.items():
        question = octets.request(zone.chance.choice((owner, owner.swapcase())), rdtype, size=1232, do=True)
        message = octets.by_udp(daemon.endpoint, question)
        if message.is_truncated:
            message = octets.by_tcp(daemon.endpoint, question, lambda _: True)[0]
        above, name = set(), lower(owner)
        while len(name) > len(zone.apex):
            above.add(name)
            name = name[1 + name[0]:]
        if message.rcode == 0 and not above & hiding and not message.is_truncated:
            assert {key_of(r) for r in message.answer} == wanted, (owner, rdtype)
            seen += 1
    assert seen > 20


LABELS_AND_SEEDS = {"hostile": (1, 600), "odd": (2, 60), "q": (3, 2500)}


def test_odd_names_go_out_as_they_came_in(lab):
    zones = {label: OddZone(label, seed, size) for label, (seed, size) in LABELS_AND_SEEDS.items()}
    with HostileWorld() as world:
        cases = {label: world.add(case_of(zone, label)) for label, zone in zones.items()}
        daemon = follow(lab, cases.values(), healthy=False)
        wait_all_serve(daemon, cases.values())
        for label, zone in zones.items():
            check_zone(daemon, zone, zone.apex)
            check_zone(daemon, zone, lower(zone.apex), size=1232)
            check_zone(daemon, zone, zone.apex.swapcase())
            check_answers(daemon, zone)
            first, before = dict(zone.records), dict(zone.records)
            for size in (1, 2, 30, 1):
                before, serial = dict(zone.records), zone.serial
                zone.change(size)
                daemon.refresh(cases[label].zone)
                wait_until(lambda z=zone, c=cases[label]: daemon.soa_serial(c.zone) == z.serial, 10, "the change is served")
                check_zone(daemon, zone, zone.apex)
                check_differences_by_udp(daemon, zone, before, serial)
                check_differences(daemon, zone, before, serial)
            check_differences(daemon, zone, first, 1)
        assert not world.strange
        assert all(case.transfers == 1 for case in cases.values()), "differences were not taken"
