#!/usr/bin/python3
"""Writes tsig_vectors.h: messages signed by dnspython, an implementation that shares nothing with ours.

usage: make_tsig_vectors.py > tsig_vectors.h
"""
import hmac
import struct

import dns.message
import dns.name
import dns.rdatatype
import dns.rdtypes.ANY.TSIG
import dns.tsig

TIME = 1700000000
SECRET = bytes(range(1, 33))
KEY_NAME = dns.name.from_text("key.example.")
ALGORITHMS = [
    ("md5", dns.tsig.HMAC_MD5),
    ("sha1", dns.tsig.HMAC_SHA1),
    ("sha224", dns.tsig.HMAC_SHA224),
    ("sha256", dns.tsig.HMAC_SHA256),
    ("sha384", dns.tsig.HMAC_SHA384),
    ("sha512", dns.tsig.HMAC_SHA512),
]

question = dns.message.make_query("Example.com.", "SOA")
question.flags = 0
question.id = 0x1234
QUESTION = question.to_wire()


def answer(number):
    message = dns.message.make_response(question)
    message.flags |= 0x0400
    message.answer.append(
        dns.rrset.from_text("example.com.", 300, "IN", "SOA", f"ns.example.com. root.example.com. {number} 2 3 4 5")
    )
    return message.to_wire()


def record(rdata, name=KEY_NAME):
    wire = rdata.to_wire()
    return name.to_wire() + struct.pack("!HHIH", dns.rdatatype.TSIG, 255, 0, len(wire)) + wire


def append(wire, rdata):
    arcount = struct.unpack("!H", wire[10:12])[0]
    return wire[:10] + struct.pack("!H", arcount + 1) + wire[12:] + record(rdata)


def empty(algorithm, error=0, other=b"", time=TIME, mac=b""):
    return dns.rdtypes.ANY.TSIG.TSIG(
        255, dns.rdatatype.TSIG, algorithm.canonicalize(), time, 300, mac, 0x1234, error, other
    )


def sign(wire, algorithm, time=TIME, request_mac=b"", context=None, multi=False, error=0, other=b""):
    key = dns.tsig.Key(KEY_NAME, SECRET, algorithm)
    rdata, context = dns.tsig.sign(wire, key, empty(algorithm, error, other), time, request_mac, context, multi)
    return append(wire, rdata), rdata.mac, context


def show(name, data):
    print(f"static const uint8_t {name}[{len(data)}] = {{")
    for at in range(0, len(data), 16):
        print("\t" + ", ".join(f"0x{b:02x}" for b in data[at : at + 16]) + ",")
    print("};\n")


def truncated(octets):
    """A request with a shortened MAC and its answer, digested by hand: dnspython does not shorten."""
    name, algorithm = KEY_NAME.canonicalize().to_wire(), dns.tsig.HMAC_SHA256.canonicalize().to_wire()
    times = struct.pack("!HIH", TIME >> 32, TIME & 0xFFFFFFFF, 300)
    variables = name + struct.pack("!HI", 255, 0) + algorithm + times + struct.pack("!HH", 0, 0)
    mac = hmac.digest(SECRET, QUESTION + variables, "sha256")[:octets]
    request = append(QUESTION, empty(dns.tsig.HMAC_SHA256, mac=mac))
    mac = hmac.digest(SECRET, struct.pack("!H", len(mac)) + mac + answer(1) + variables, "sha256")[:octets]
    return request, append(answer(1), empty(dns.tsig.HMAC_SHA256, mac=mac))


print("/* Made by make_tsig_vectors.py with dnspython.  Do not edit. */")
print("#ifndef UNDERSTUDY_TESTS_TSIG_VECTORS_H\n#define UNDERSTUDY_TESTS_TSIG_VECTORS_H\n\n#include <stdint.h>\n")
print(f"#define VECTOR_TIME_S {TIME}\n\n/* clang-format off */\n")
show("vector_secret", SECRET)
show("vector_question", QUESTION)
for i in range(1, 8):
    show(f"vector_answer_{i}", answer(i))

for label, algorithm in ALGORITHMS:
    request, mac, _ = sign(QUESTION, algorithm)
    show(f"vector_request_{label}", request)
    show(f"vector_signed_answer_{label}", sign(answer(1), algorithm, request_mac=mac)[0])

_, request_mac, _ = sign(QUESTION, dns.tsig.HMAC_SHA256)

# A stream of seven messages: 1, 4 and 7 signed, the others not; and one of three, all signed.
signed, mac, context = sign(answer(1), dns.tsig.HMAC_SHA256, request_mac=request_mac, multi=True)
show("vector_stream_1", signed)
for i in range(2, 8):
    if i in (4, 7):
        signed, mac, context = sign(
            answer(i), dns.tsig.HMAC_SHA256, time=TIME + i, request_mac=mac, context=context, multi=True
        )
        show(f"vector_stream_{i}", signed)
    else:
        context.update(answer(i))

mac, context = request_mac, None
for i in range(1, 4):
    signed, mac, context = sign(
        answer(i), dns.tsig.HMAC_SHA256, time=TIME + i, request_mac=mac, context=context, multi=True
    )
    show(f"vector_each_signed_{i}", signed)

refusal = dns.message.make_response(question)
refusal.set_rcode(9)
REFUSAL = refusal.to_wire()
show("vector_refusal", REFUSAL)
server_time = struct.pack("!HI", (TIME + 1000) >> 32, (TIME + 1000) & 0xFFFFFFFF)
show(
    "vector_badtime",
    sign(REFUSAL, dns.tsig.HMAC_SHA256, request_mac=request_mac, error=18, other=server_time)[0],
)
show("vector_badkey", append(REFUSAL, empty(dns.tsig.HMAC_SHA256, 17)))
show("vector_badsig", append(REFUSAL, empty(dns.tsig.HMAC_SHA256, 16)))
for octets in (16, 15, 31):
    request, reply = truncated(octets)
    show(f"vector_truncated_{octets}", request)
    show(f"vector_truncated_{octets}_answer", reply)
print("/* clang-format on */\n#endif")
