"""Requests out of the ordinary: classes, opcodes, EDNS options and versions, and what is no right request at all."""
import struct

from judge import make
from judge.make import option, request

CH, HS, NONE, ANY = 3, 4, 254, 255
TXT = 16
CHAOS_NAMES = (b"\x02id\x06server\0", b"\x08hostname\x04bind\0", b"\x07version\x04bind\0", b"\x07version\x06server\0",
               b"\x07authors\x04bind\0", b"\x02ID\x06Server\0")


def other_class(chance, qname, qtype, edns):
    qclass = chance.choice((CH, CH, HS, NONE, ANY, ANY, ANY, 0, 2, 65280, 65535))
    if qclass == CH:
        qname = chance.choice(CHAOS_NAMES + (qname,))
        qtype = chance.choice((TXT, TXT, TXT, 255, 1, qtype))
    return request(qname, qtype, qclass, edns=edns)


def other_opcode(chance, qname, qtype, edns, apex):
    opcode = chance.choice((1, 2, 3, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15))
    flags = chance.choice((0, 0, make.RD, make.CD | make.AD))
    if chance.random() < 0.3:  # the header alone
        return make.header(flags, opcode, (0, 0, 0, 0))
    if opcode == make.UPDATE:
        return request(apex, 6, flags=flags, opcode=opcode,
                       authority=[make.record(apex, 1, 1, 0, b"\xc0\0\2\1")])
    return request(qname, qtype, flags=flags, opcode=opcode, edns=edns)


def _cookie(chance):
    return option(10, chance.randbytes(chance.choice((8, 8, 8, 16, 24, 40))))


def with_options(chance, qname, qtype):
    """One to three options that are well formed."""
    kinds = (lambda: option(3), lambda: option(9), lambda: _cookie(chance), lambda: option(12, bytes(20)),
             lambda: option(11), lambda: option(65001, b"abc"), lambda: option(65535), lambda: option(4),
             lambda: option(8, b"\0\x01\x18\0\xc6\x33\x64"), lambda: option(8, b"\0\x01\0\0"),
             lambda: option(5, b"\x08\x0d"), lambda: option(14, b"\0\1"), lambda: option(15, b"\0\1"),
             lambda: option(19))
    options = b"".join(chance.choice(kinds)() for _ in range(chance.choice((1, 1, 1, 2, 3))))
    return request(qname, qtype, edns=make.opt(1232, chance.choice((0, make.DO)), options=options))


def odd_edns(chance, qname, qtype):
    """Versions, flags and result codes that nobody uses yet."""
    edns = chance.choice((
        make.opt(version=1), make.opt(version=1, flags=make.DO), make.opt(version=100), make.opt(version=255),
        make.opt(version=1, options=option(3)), make.opt(flags=0x4000), make.opt(flags=0x0001 | make.DO),
        make.opt(flags=0x7FFF), make.opt(rcode_high=1), make.opt(rcode_high=255, flags=make.DO)))
    return request(qname, qtype, edns=edns)


def malformed(chance, qname, qtype):
    """What is wrong is one thing each; what must not be answered at all is elsewhere (silent)."""
    question, whole = make.question(qname, qtype), request(qname, qtype, edns=make.opt())
    record = make.record(qname, 1, 1, 0, b"\xc0\0\2\1")
    opt = make.opt()
    return chance.choice((
        lambda: make.header(counts=(0, 0, 0, 0)),
        lambda: make.header(counts=(1, 0, 0, 0)),
        lambda: make.header(counts=(0, 0, 0, 1)) + opt,
        lambda: make.header(counts=(2, 0, 0, 0)) + question * 2,
        lambda: make.header(counts=(2, 0, 0, 1)) + question * 2 + opt,
        lambda: make.header(counts=(65535, 0, 0, 0)) + question,
        lambda: make.header(counts=(1, 65535, 0, 0)) + question,
        lambda: make.header(counts=(1, 1, 0, 0)) + question,
        lambda: make.header(counts=(1, 0, 0, 1)) + question,
        lambda: make.header(counts=(1, 1, 0, 0)) + question + record,
        lambda: make.header(counts=(1, 0, 1, 0)) + question + record,
        lambda: make.header(counts=(1, 0, 0, 1)) + question + record,
        lambda: make.header(counts=(1, 0, 0, 2)) + question + record + opt,
        lambda: make.header(counts=(1, 0, 0, 2)) + question + opt + record,
        lambda: make.header(counts=(1, 0, 0, 2)) + question + opt + opt,
        lambda: make.header(counts=(1, 1, 0, 0)) + question + opt,
        lambda: make.header(counts=(1, 0, 1, 0)) + question + opt,
        lambda: request(qname, qtype, edns=make.opt(owner=b"\x01x\0")),
        lambda: request(qname, qtype, edns=make.opt(options=b"\0")),
        lambda: request(qname, qtype, edns=make.opt(options=b"\0\x03\0")),
        lambda: request(qname, qtype, edns=make.opt(options=b"\0\x03\0\x05abc")),
        lambda: request(qname, qtype, edns=make.opt(options=b"\xfd\xe9\xff\xff")),
        lambda: request(qname, qtype, edns=make.opt(options=option(10, b"1234567"))),
        lambda: request(qname, qtype, edns=make.opt(options=option(10, b"123456789"))),
        lambda: request(qname, qtype, edns=make.opt(options=option(10, bytes(41)))),
        lambda: request(qname, qtype, edns=make.opt(options=option(10, b""))),
        lambda: request(qname, qtype, edns=make.opt(options=option(8, b"\0\x01\x18\0\xc6\x33"))),
        lambda: request(qname, qtype, edns=make.opt(options=option(8, b"\0\x09\0\0"))),
        lambda: whole + bytes(chance.choice((1, 2, 11, 100))),
        lambda: whole[:-chance.choice((1, 2, 5, 10))],
        lambda: (make.header() + question)[:-chance.choice((1, 2, 3, 4, 5))],
        lambda: make.header() + b"\xc0\x0c" + struct.pack("!HH", qtype, 1),
        lambda: make.header() + b"\x03abc\xc0\x0c" + struct.pack("!HH", qtype, 1),
        lambda: make.header() + b"\xc0\x10\0\0\x01a\0" + struct.pack("!HH", qtype, 1),
        lambda: make.header() + b"\x40" + b"a" * 64 + b"\0" + struct.pack("!HH", qtype, 1),
        lambda: make.header() + b"\x80abc\0" + struct.pack("!HH", qtype, 1),
        lambda: make.header() + (b"\x3f" + b"a" * 63) * 4 + b"\0" + struct.pack("!HH", qtype, 1),
        lambda: make.header() + b"\x01a" * 128 + b"\0" + struct.pack("!HH", qtype, 1),
        lambda: make.header(rcode=chance.randrange(1, 16)) + question,
        lambda: request(qname, 250, 255),
        lambda: request(qname, 41),
        lambda: make.header(flags=make.TC) + question,
    ))()


def _tsig(chance, **changed):
    """A TSIG record (RFC 8945 section 4.2) by a key that nobody has."""
    fields = {"owner": b"\x05nokey\0", "rdclass": ANY, "ttl": 0, "algorithm": b"\x0bhmac-sha256\0", "mac": 32,
              "rest": struct.pack("!HHH", 0, 0, 0), **changed}
    rdata = fields["algorithm"] + struct.pack("!HIHH", 0, 0x70000000, 300, fields["mac"])
    return make.record(fields["owner"], 250, fields["rdclass"], fields["ttl"],
                       rdata + chance.randbytes(fields["mac"]) + fields["rest"])


def with_tsig(chance, qname, qtype, edns):
    """Signed by an unknown key, or in a way that RFC 8945 section 5 forbids."""
    good = _tsig(chance)
    if chance.random() < 0.5:
        return request(qname, qtype, edns=edns, additional=[])[:10] + b"\0" + bytes([1 + bool(edns)]) + \
            make.question(qname, qtype) + edns + good
    additional = chance.choice(([good, good], [good, make.record(b"\x01x\0", 1, 1, 0, bytes(4))],
                                [_tsig(chance, rdclass=1)], [_tsig(chance, mac=0)], [_tsig(chance, rest=b"\0")],
                                [_tsig(chance, algorithm=b"\x07nothing\0")], [_tsig(chance, algorithm=b"\xc0\x0c")],
                                [_tsig(chance, mac=5)], [_tsig(chance, owner=b"\0")]))
    return request(qname, qtype, additional=additional)


def silent():
    """Requests that nobody may answer, or that are too short to be answered."""
    answer = request(b"\x04test\0", 1, flags=make.QR)
    return [answer, request(b"\x04test\0", 1, flags=make.QR, opcode=1), b"", b"\0", answer[:2], answer[:11], bytes(11)]
