"""The tests of RFC 8906 section 8, those of ISC's compliance checker, and RFC 6891: one row, one request, one answer.

A row: label, section, request, what the answer must be.  Each is asked by UDP and by TCP."""
import socket

import pytest

from compliance import wire
from compliance.served import ZONE, default_server
from hostile.packets import OPT_PLAIN, TSIG_BODY, opt, option, packet, question, rr, tsig
from hostile.primary import name
from lib.lab import Lab
from lib.wait import PATIENCE

NOERROR, FORMERR, NXDOMAIN, NOTIMP, REFUSED, NOTAUTH, BADVERS = 0, 1, 3, 4, 5, 9, 16
A, SOA, TXT, DNSKEY, RRSIG, ANY = 1, 6, 16, 48, 46, 255
NSID, ECS, EXPIRE, COOKIE, KEEPALIVE, PADDING, UNKNOWN = 3, 8, 9, 10, 11, 12, 100
AA, TC, RD, RA, Z, AD, CD = 0x0400, 0x0200, 0x0100, 0x0080, 0x0040, 0x0020, 0x0010
DO = 0x8000
CLIENT_COOKIE = bytes(range(1, 9))
ECS_ANYBODY = b"\0\1\0\0"
ALL_OPTIONS = (option(NSID) + option(ECS, ECS_ANYBODY) + option(EXPIRE) + option(COOKIE, CLIENT_COOKIE))

APEX = question(ZONE, SOA)


def plain(flags=0, rdtype=SOA, qname=ZONE, rdclass=1):
    return packet([question(qname, rdtype, rdclass)], flags=flags)


def edns(rdtype=SOA, qname=ZONE, header=0, **opt_fields):
    opt_fields.setdefault("size", 4096)
    return packet([question(qname, rdtype)], additional=[opt(**opt_fields)], flags=header)


class Is:
    """What must hold of an answer; what is not named need not hold.  Always: it answers this request, and no bit is
    set that must be zero."""

    def __init__(self, rcode=NOERROR, has=None, aa=None, opt=None, **more):
        self.rcodes = rcode if isinstance(rcode, tuple) else (rcode,)
        self.has, self.aa, self.opt, self.more = has, aa, opt, more

    def problems(self, request, answer, way):
        flags = int.from_bytes(request[2:4], "big")
        checks = {
            "QR is set": answer.qr == 1, "ID of the request": answer.data[:2] == request[:2],
            "opcode of the request": answer.opcode == flags >> 11 & 15,
            "RD as in the request": answer.opcode != 0 or answer.rd == flags >> 8 & 1,  # RFC 1035 section 4.1.1
            "RA clear": answer.ra == 0, "Z clear": answer.z == 0, "AD clear": answer.ad == 0,
            "no EDNS flag but DO": not answer.edns_flags & 0x7FFF, "EDNS version 0": answer.edns in (None, 0),
            f"rcode {self.rcodes}, not {answer.rcode}": answer.rcode in self.rcodes,
            "no truncation over TCP": way == "udp" or not answer.tc,
            "within the size": way == "tcp" or len(answer.data) <= self.more.get("limit", 1232)}
        if self.aa is not None:
            checks["AA"] = answer.aa == self.aa
        if self.opt is not None:
            checks["OPT there" if self.opt else "no OPT"] = (answer.edns is not None) == self.opt
        checks.update(self._content(request, answer, way))
        return [text for text, holds in checks.items() if not holds]

    def _content(self, request, answer, way):
        more, checks = self.more, {}
        if self.has:
            checks[f"type {self.has} in the answer"] = answer.has(self.has) or (way == "udp" and answer.tc)
        if self.has == 0:
            checks["no answer records"] = not answer.answer
        for key in ("do", "cd", "tc"):
            if key in more and (key != "tc" or way == "udp"):
                checks[f"{key} {more[key]}"] = getattr(answer, key) == more[key]
        if more.get("echo", True) and answer.counts[0]:
            checks["the question as it was"] = request[12:].startswith(answer.question)
        for code in more.get("without", (UNKNOWN,)):
            checks[f"no option {code}"] = code not in answer.options
        if "soa" in more:
            soas = [rr for rr in answer.authority if rr.type == SOA]
            checks["one SOA in the authority section"] = len(soas) == more["soa"]
        if "signed" in more:
            checks["RRSIG only with DO"] = (("RRSIG", SOA) in answer.covered(answer.answer)) == more["signed"]
        return checks


SOA_ANSWER = {"has": SOA, "aa": 1}
PLAIN_SOA = Is(**SOA_ANSWER, opt=False, signed=False, limit=512)
EDNS_SOA = Is(**SOA_ANSWER, opt=True, do=0, signed=False)
BAD_VERSION = Is(BADVERS, has=0, aa=0, opt=True, soa=0)
NOT_IMPLEMENTED = Is(NOTIMP, has=0, aa=0, opt=False, soa=0, limit=512)
FORMAT = Is(FORMERR, has=0, aa=0)
FORMAT_OPT = Is(FORMERR, has=0, aa=0, opt=True)  # RFC 6891 section 7: tells it from a server without EDNS
SILENCE = None

BASIC = (
    ("dns", "8906 8.1.1", plain(), PLAIN_SOA),
    ("type1000", "8906 8.1.2", plain(rdtype=1000), Is(has=0, aa=1, opt=False, soa=1)),
    ("type666", "8906 8.1.2", plain(rdtype=666), Is(has=0, aa=1, opt=False, soa=1)),
    ("type65535", "8906 8.1.2", plain(rdtype=65535), Is(has=0, aa=1, soa=1)),
    ("unknown-type-of-no-name", "8906 7", plain(rdtype=1000, qname=f"nx.{ZONE}"), Is(NXDOMAIN, has=0, aa=1, soa=1)),
    ("cd", "8906 8.1.3.1, 4035 3.1.6", plain(CD), Is(**SOA_ANSWER, opt=False, cd=1)),
    ("ad", "8906 8.1.3.2", plain(AD), Is(**SOA_ANSWER, opt=False, cd=0)),
    ("z", "8906 8.1.3.3", plain(Z), PLAIN_SOA),
    ("rd", "8906 8.1.3.4", plain(RD), PLAIN_SOA),
    ("aa", "1035 4.1.1", plain(AA), PLAIN_SOA),
    ("ra", "1035 4.1.1", plain(RA), PLAIN_SOA),
    ("tc", "1035 4.1.1", plain(TC), Is(**SOA_ANSWER, opt=False, tc=0)),
    ("rcode-in-question", "1035 4.1.1", plain(9), PLAIN_SOA),
    ("all-flags", "8906 8.1.3", plain(AA | RD | RA | Z | AD | CD), Is(**SOA_ANSWER, opt=False, cd=1)),
    ("opcode15", "8906 8.1.4", packet(flags=15 << 11), NOT_IMPLEMENTED),
    ("opcodeflg", "8906 8.1.4", packet(flags=15 << 11 | AA | TC | RD | RA | Z | AD | CD), NOT_IMPLEMENTED),
    *((f"opcode{code}", "8906 3.1.4", packet([APEX], flags=code << 11), NOT_IMPLEMENTED)
      for code in (1, 2, 3, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15)),
    *((f"opcode{code}-and-rubbish", "8906 3.1.4", packet(flags=code << 11, counts=[9, 9, 9, 9], tail=b"\xff" * 9),
       NOT_IMPLEMENTED) for code in (3, 7, 15)),
    ("update", "2136 2", packet([APEX], flags=5 << 11), Is((NOTIMP, REFUSED), has=0, aa=0)),
    ("class-hs", "8906 4", plain(rdclass=4), Is((REFUSED, NOTIMP), has=0, aa=0, opt=False)),
    ("class-none", "8906 4", plain(rdclass=254), Is((REFUSED, NOTIMP, FORMERR), has=0, aa=0)),
    ("class-1000", "8906 4", plain(rdclass=1000), Is((REFUSED, NOTIMP), has=0, aa=0)),
    ("nodata", "2308 2.2", plain(rdtype=257), Is(has=0, aa=1, soa=1)),
    ("nxdomain", "2308 2.1", plain(qname=f"nx.{ZONE}", rdtype=A), Is(NXDOMAIN, has=0, aa=1, soa=1)),
    ("nodata-of-empty-non-terminal", "8020 2", plain(qname=f"c.ent.{ZONE}", rdtype=A), Is(has=0, aa=1, soa=1)),
    ("any", "8482 4", plain(rdtype=ANY), Is(aa=1, opt=False, limit=512)),
    ("no-question", "9619 4", packet(), Is(FORMERR, has=0, aa=0)),
    ("two-questions", "9619 4", packet([APEX, APEX]), Is(FORMERR, has=0, aa=0)),
    ("two-other-questions", "9619 4", packet([APEX, question(ZONE, TXT)]), Is(FORMERR, has=0, aa=0)),
    ("qdcount-65535", "9619 4", packet([APEX], counts=[65535, 0, 0, 0]), FORMAT),
    ("question-missing", "1035 4.1.1", packet(counts=[1, 0, 0, 0]), FORMAT),
    ("question-cut", "1035 4.1.2", packet([APEX])[:-3], FORMAT),
    ("response", "1035 4.1.1", plain(0x8000), SILENCE),
    ("response-with-an-error", "1035 4.1.1", plain(0x8001), SILENCE),
    ("response-of-unknown-opcode", "1035 4.1.1", plain(0x8000 | 15 << 11), SILENCE),
)

EDNS = (
    ("edns", "8906 8.2.1", edns(), EDNS_SOA),
    ("edns1", "8906 8.2.2", edns(version=1), BAD_VERSION),
    *((f"edns{version}", "6891 6.1.3", edns(version=version), BAD_VERSION) for version in (2, 127, 128, 255)),
    ("ednsopt", "8906 8.2.3", edns(options=option(UNKNOWN)), EDNS_SOA),
    ("ednsopt-with-data", "6891 6.1.2", edns(options=option(UNKNOWN, bytes(200))), EDNS_SOA),
    ("ednsopt-local", "6891 6.1.2", edns(options=option(65001, b"x")), Is(**SOA_ANSWER, opt=True, without=(65001,))),
    ("ednsopt-many", "6891 6.1.2", edns(options=option(UNKNOWN) * 50), EDNS_SOA),
    ("ednsopt-0", "6891 6.1.2", edns(options=option(0)), Is(**SOA_ANSWER, opt=True, without=(0,))),
    *((f"ednsflags-{1 << bit:#06x}", "8906 8.2.4", edns(flags=1 << bit), EDNS_SOA) for bit in range(15)),
    ("ednsflags-all", "8906 8.2.4", edns(flags=0x7FFF), EDNS_SOA),
    ("edns1flags", "8906 8.2.5", edns(version=1, flags=0x40), BAD_VERSION),
    ("edns1opt", "8906 8.2.6", edns(version=1, options=option(UNKNOWN)), BAD_VERSION),
    ("edns@512", "8906 8.2.7", edns(DNSKEY, size=512, flags=DO),
     Is(aa=1, opt=True, do=1, limit=512, tc=1, has=DNSKEY)),
    ("do", "8906 8.2.8, 3225 3", edns(flags=DO), Is(**SOA_ANSWER, opt=True, do=1, signed=True)),
    ("docd", "4035 3.1.6", edns(flags=DO, header=CD), Is(**SOA_ANSWER, opt=True, do=1, cd=1, signed=True)),
    ("edns1do", "8906 8.2.9", edns(version=1, flags=DO), BAD_VERSION),
    ("edns1-option-flag-do", "6891 6.1.3", edns(version=1, flags=DO | 0x40, options=option(UNKNOWN)), BAD_VERSION),
    ("optlist", "8906 8.2.10", edns(options=ALL_OPTIONS), EDNS_SOA),
    ("optlist-backwards", "6891 6.1.2",
     edns(options=option(COOKIE, CLIENT_COOKIE) + option(EXPIRE) + option(ECS, ECS_ANYBODY) + option(NSID)), EDNS_SOA),
    ("ednsnsid", "5001 2.1", edns(options=option(NSID)), EDNS_SOA),
    ("ednscookie", "7873 5.2", edns(options=option(COOKIE, CLIENT_COOKIE)), EDNS_SOA),
    ("ednsexpire", "7314 3", edns(options=option(EXPIRE)), EDNS_SOA),
    ("ednssubnet", "7871 7.1.2", edns(options=option(ECS, ECS_ANYBODY)), EDNS_SOA),
    ("ednspadding", "7830 4", edns(options=option(PADDING, bytes(64))), EDNS_SOA),
    *((f"edns1{label}", "6891 6.1.3", edns(version=1, options=options), BAD_VERSION)
      for label, options in (("nsid", option(NSID)), ("cookie", option(COOKIE, CLIENT_COOKIE)),
                             ("expire", option(EXPIRE)), ("subnet", option(ECS, ECS_ANYBODY)))),
    ("edns-nxdomain", "6891 6.1.1", edns(A, f"nx.{ZONE}"), Is(NXDOMAIN, has=0, aa=1, opt=True, soa=1)),
    ("edns-refused", "6891 6.1.1", edns(A, "other.example"), Is(REFUSED, has=0, aa=0, opt=True)),
    ("edns1-refused", "6891 6.1.3", edns(A, "other.example", version=1), BAD_VERSION),
    ("edns-opcode15", "8906 3.1.4", packet(additional=[OPT_PLAIN], flags=15 << 11),
     Is(NOTIMP, has=0, aa=0, soa=0)),
    ("bind11", "8906 8.2", edns(flags=DO, options=option(COOKIE, CLIENT_COOKIE)),
     Is(**SOA_ANSWER, opt=True, do=1, signed=True)),
    ("dig11", "8906 8.2", edns(header=RD | AD, options=option(COOKIE, CLIENT_COOKIE)), EDNS_SOA),
    ("rcode-in-opt", "6891 6.1.3", edns(rcode_high=255), EDNS_SOA),
)

SIZES = (
    *((f"size-{size}", "6891 6.2.3", edns(TXT, f"huge.{ZONE}", size=size, flags=DO),
       Is(aa=1, opt=True, tc=1, has=TXT, limit=max(512, min(size, 1232))))
      for size in (0, 1, 511, 512, 513, 1231, 1232)),
    *((f"size-{size}", "6891 6.2.5", edns(TXT, f"huge.{ZONE}", size=size, flags=DO),
       Is(aa=1, opt=True, has=TXT, tc=1)) for size in (4096, 65535)),
    ("no-edns-huge", "1035 4.2.1", plain(qname=f"huge.{ZONE}", rdtype=TXT), Is(aa=1, opt=False, tc=1, limit=512)),
)

MALFORMED = (
    ("two-opts", "6891 6.1.1", packet([APEX], additional=[opt(), opt()]), FORMAT),
    ("two-opts-one-version-1", "6891 6.1.1", packet([APEX], additional=[opt(), opt(version=1)]), FORMAT),
    ("opt-first-then-a-record", "6891 6.1.1", packet([APEX], additional=[opt(), rr(ZONE, A, bytes(4))]), EDNS_SOA),
    ("opt-behind-a-record", "6891 6.1.1", packet([APEX], additional=[rr(ZONE, A, bytes(4)), opt()]), EDNS_SOA),
    ("opt-owner", "6891 6.1.2", packet([APEX], additional=[opt(owner=name("x.example"))]), FORMAT),
    ("opt-in-answer", "6891 6.1.1", packet([APEX], answer=[opt()]), FORMAT),
    ("opt-in-authority", "6891 6.1.1", packet([APEX], authority=[opt()]), FORMAT),
    ("option-cut", "6891 7", edns(options=option(UNKNOWN, b"", 5)), FORMAT_OPT),
    ("option-header-cut", "6891 7", edns(options=b"\0\3\0"), FORMAT_OPT),
    ("option-one-octet", "6891 7", edns(options=b"\0"), FORMAT_OPT),
    ("option-second-cut", "6891 7", edns(options=option(NSID) + option(COOKIE, CLIENT_COOKIE, 40)), FORMAT_OPT),
    ("opt-rdlength-long", "1035 4.1.3", edns(rdlength=9), FORMAT),
    ("opt-rdlength-short", "1035 4.1.3", edns(options=option(NSID), rdlength=0), FORMAT),
    ("opt-cut", "1035 4.1.3", edns()[:-1], FORMAT),
    ("opt-cut-to-its-name", "1035 4.1.3", edns()[:-10], FORMAT),
    ("opt-cut-away", "1035 4.1.1", edns()[:-11], FORMAT),
    ("octets-behind-opt", "1035 4.1", edns() + b"\0", FORMAT),
    ("octets-behind-question", "1035 4.1", plain() + b"\0\0\0", FORMAT),
    ("cookie-of-7", "7873 5.2.2", edns(options=option(COOKIE, bytes(7))), FORMAT_OPT),
    ("cookie-of-0", "7873 5.2.2", edns(options=option(COOKIE)), FORMAT_OPT),
    ("cookie-of-12", "7873 5.2.2", edns(options=option(COOKIE, bytes(12))), FORMAT_OPT),
    ("cookie-of-41", "7873 5.2.2", edns(options=option(COOKIE, bytes(41))), FORMAT_OPT),
    ("no-question-with-cookie", "7873 5.4", packet(additional=[opt(options=option(COOKIE, CLIENT_COOKIE))]),
     Is(has=0, opt=True, aa=0)),
    ("no-question-with-edns", "9619 4", packet(additional=[opt()]), Is(FORMERR, has=0, aa=0)),
    ("dnswkk", "8945 5.2.1", packet([APEX], additional=[tsig("", TSIG_BODY)]), Is(NOTAUTH, has=0, aa=0)),
    ("opt-then-tsig", "8945 5.1", packet([APEX], additional=[opt(), tsig("nokey")]), Is(NOTAUTH, has=0, opt=True)),
    ("tsig-then-opt", "8945 5.1", packet([APEX], additional=[tsig("nokey"), opt()]), FORMAT),
)

# The checker's -t list, and MD, MF and others that no zone should have any more.
TYPES = tuple(range(1, 41)) + (42, 43, 44, 45, 46, 47, 48, 49, 50, 51, 52, 53, 55, 59, 60, 61, 62, 63, 64, 65, 99, 104,
                               105, 106, 107, 108, 109, 256, 257, 258, 259, 32768, 32769, 1000)

ROWS = BASIC + EDNS + SIZES + MALFORMED


@pytest.fixture(scope="module")
def server(module_lab: Lab):
    return default_server(module_lab)


@pytest.mark.parametrize("way", wire.WAYS)
@pytest.mark.parametrize("section,request_,expected", [row[1:] for row in ROWS], ids=[row[0] for row in ROWS])
def test_request_is_answered_as_the_section_says(server, way, section, request_, expected):
    answer = wire.ask(way, server.endpoint, request_, ZONE)
    if expected is SILENCE:
        assert answer is None, f"RFC {section}: answered {answer.data.hex()}"
        return
    assert answer, f"RFC {section}: no answer to {request_.hex()}"
    problems = expected.problems(request_, answer, way)
    assert not problems, f"RFC {section}: {problems}\nrequest {request_.hex()}\nanswer {answer.data.hex()}"


@pytest.mark.parametrize("way", wire.WAYS)
@pytest.mark.parametrize("edns_too", (False, True), ids=("plain", "edns"))
def test_any_type_is_answered_with_data_or_without(server, way, edns_too):
    """RFC 8906 section 8.1.2 and section 7: NOERROR or NXDOMAIN, never NOTIMP or REFUSED."""
    expected, problems = Is(aa=1, opt=edns_too), {}
    for rdtype in TYPES:
        request = edns(rdtype) if edns_too else plain(rdtype=rdtype)
        answer = wire.ask(way, server.endpoint, request, ZONE)
        found = expected.problems(request, answer, way) if answer else ["no answer"]
        if answer and not answer.tc and not answer.answer and len(answer.authority) != 1:
            found.append("neither data nor one SOA")
        if found:
            problems[rdtype] = found
    assert not problems


def with_id(request, number):
    return number.to_bytes(2, "big") + request[2:]


@pytest.mark.parametrize("chunk", (0, 1, 7), ids=("one-write", "octets", "sevens"))
def test_all_requests_in_one_connection_are_answered_each(server, chunk):
    """RFC 7766 section 6.2.1: pipelined, good and bad ones mixed; answers may come in any order (section 7)."""
    requests = {number: (label, with_id(request, number), expected)
                for number, (label, _, request, expected) in enumerate(ROWS)}
    data = b"".join(wire.framed(request) for _, request, _ in requests.values()) + wire.framed(wire.marker(ZONE))
    with socket.create_connection(tuple(server.endpoint), 5 * PATIENCE) as stream:
        stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for at in range(0, len(data), chunk or len(data)):
            stream.sendall(data[at:at + (chunk or len(data))])
        answers = [wire.Answer(a) for a in wire.read_frames(stream, wire.is_marker, 20)]
    problems = {}
    for number, (label, request, expected) in requests.items():
        mine = [a for a in answers if a.id == number]
        if len(mine) != (expected is not SILENCE):
            problems[label] = f"{len(mine)} answers"
        elif mine and expected.problems(request, mine[0], "tcp"):
            problems[label] = expected.problems(request, mine[0], "tcp")
    assert not problems


@pytest.mark.parametrize("label,first", (("good", plain()), ("bad", edns(options=b"\0")),
                                         ("unimplemented", plain(15 << 11)),
                                         ("refused", plain(qname="other.example"))))
def test_connection_stays_open_after_an_answer(server, label, first):
    """RFC 7766 section 6.2.1 and 6.2.3: the client decides when it has asked all."""
    with socket.create_connection(tuple(server.endpoint), 5 * PATIENCE) as stream:
        for request in (first, plain(), first):
            stream.sendall(wire.framed(request))
            assert len(wire.read_frames(stream, is_last=lambda m: True)) == 0, label
