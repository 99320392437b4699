"""Questions and answers as text, for reports: a line, short enough to read."""
import dns.exception
import dns.name
import dns.rdata
import dns.rdataclass
import dns.rdatatype

from judge import wire

MOST = 8  # records of a section that are shown
OPCODES = {0: "QUERY", 1: "IQUERY", 2: "STATUS", 4: "NOTIFY", 5: "UPDATE", 6: "DSO"}
RCODES = dict(enumerate("NOERROR FORMERR SERVFAIL NXDOMAIN NOTIMP REFUSED YXDOMAIN YXRRSET NXRRSET NOTAUTH".split()))
RCODES.update({16: "BADVERS", 23: "BADCOOKIE"})
FLAGS = ((0x0400, "aa"), (0x0200, "tc"), (0x0100, "rd"), (0x0080, "ra"), (0x0040, "z"), (0x0020, "ad"), (0x0010, "cd"))
OPTIONS = {3: "NSID", 8: "ECS", 9: "EXPIRE", 10: "COOKIE", 11: "KEEPALIVE", 12: "PADDING", 15: "EDE", 19: "ZONEVERSION"}


def name(octets):
    return dns.name.Name(wire.labels_of(octets) + [b""]).to_text()


def short(text, most=90):
    return text if len(text) <= most else f"{text[:most - 12]}...({len(text)})"


def record(fields):
    owner, rdtype, rdclass, ttl, rdata = fields
    try:
        shown = dns.rdata.from_wire(dns.rdataclass.IN, rdtype, rdata, 0, len(rdata)).to_text()
    except (dns.exception.DNSException, ValueError, IndexError):
        shown = rdata.hex()
    class_text = "" if rdclass == 1 else f" class{rdclass}"
    return f"{short(name(owner), 60)} {ttl}{class_text} {dns.rdatatype.to_text(rdtype)} {short(shown)}"


def flags(bits):
    return "+".join(text for bit, text in FLAGS if bits & bit)


def rcode(number):
    return RCODES.get(number, f"RCODE{number}")


def options(opt):
    return ",".join(f"{OPTIONS.get(code, code)}:{data.hex()[:40]}" for code, data in opt.options)


def edns(opt):
    if opt is None:
        return "no EDNS"
    do = " do" if opt.flags & 0x8000 else ""
    z = f" z={opt.flags & 0x7FFF:x}" if opt.flags & 0x7FFF else ""
    version = f" version={opt.version}" if opt.version else ""
    more = f" [{options(opt)}]" if opt.options else ""
    return f"EDNS {opt.size}{version}{do}{z}{more}"


def question(octets):
    """A request in words; hex where it can't be taken apart."""
    try:
        m = wire.parse(octets)
        qname, pos, _ = wire.name_at(octets, 12, {})
    except (wire.Malformed, IndexError) as error:
        return f"{octets.hex()[:160]} ({error})"
    qtype, qclass = octets[pos] << 8 | octets[pos + 1], octets[pos + 2] << 8 | octets[pos + 3]
    opcode = m.flags >> 11 & 15
    parts = [short(name(qname), 140), dns.rdatatype.to_text(qtype) if qtype else "TYPE0"]
    if qclass != 1:
        parts.append(f"class={dns.rdataclass.to_text(qclass)}")
    if opcode:
        parts.append(f"opcode={OPCODES.get(opcode, opcode)}")
    if m.flags & 0x07FF:
        parts.append(f"flags={flags(m.flags)}" + (f" rcode={m.flags & 15}" if m.flags & 15 else ""))
    if m.counts[:3] != [1, 0, 0]:
        parts.append(f"counts={m.counts}")
    return " ".join(parts + [edns(m.opt)] + m.faults)


def answer(message):
    """An answer as lines."""
    if message is None:
        return ["(silence)"]
    if isinstance(message, str):
        return [f"(not to be read: {message})"]
    head = f"{rcode(message.rcode)} {flags(message.flags)} {len(message.wire)} octets, {edns(message.opt)}"
    lines = [head]
    for title, records in (("answer", message.answer), ("authority", message.authority),
                           ("additional", message.additional)):
        lines += [f"{title}: {record(r)}" for r in records[:MOST]]
        if len(records) > MOST:
            lines.append(f"{title}: ... {len(records) - MOST} more")
    return lines
