"""What holds of every answer, whatever was asked, above all its size: nobody is to be flooded through us by a forged
source address (RFC 5358, RFC 6891 section 6.2.5)."""
import struct

from compliance.wire import Answer

PLAIN, OURS = 512, 1232   # RFC 1035 section 4.2.1; server's own limit
OPTIONS_OF_ERRORS = 128   # octets by which EDE, NSID and cookie may make an error longer than what was asked
OPT, TSIG = 41, 250
NOERROR, NXDOMAIN, YXDOMAIN, BADVERS = 0, 3, 6, 16


def skip_name(data, at):
    """Behind the name at the offset; past the end when it is cut."""
    while at < len(data):
        length = data[at]
        if length == 0:
            return at + 1
        if length >= 0xC0:
            return at + 2
        if length > 63:
            break
        at += 1 + length
    return len(data) + 1


def allowed_size(request):
    """How large an answer by UDP may be: what the first OPT says, when a reader gets that far."""
    qdcount, *counts = struct.unpack("!4H", request[4:12])
    at = 12
    for _ in range(qdcount):
        at = skip_name(request, at) + 4
        if at > len(request):
            return PLAIN
    for _ in range(sum(counts)):
        at = skip_name(request, at)
        if at + 10 > len(request):
            return PLAIN
        rdtype, size = struct.unpack("!HH", request[at:at + 4])
        if rdtype == OPT:
            return max(PLAIN, min(size, OURS))
        at += 10 + struct.unpack("!H", request[at + 8:at + 10])[0]
    return PLAIN


class Watch:
    """Checks answers, and remembers how large they got."""

    def __init__(self, parse_each=16):
        self.parse_each, self.answers = parse_each, 0
        self.rcodes, self.largest_error, self.largest_excess = {}, 0, 0

    def udp(self, request, answer):
        self._always(request, answer)
        if len(answer) > PLAIN:
            least = allowed_size(request)
            assert len(answer) <= least, f"{len(answer)} octets, {least} allowed: {request.hex()} {answer.hex()}"
        rcode = answer[3] & 15
        if rcode not in (NOERROR, NXDOMAIN, YXDOMAIN) or not answer[2] & 0x04 and len(answer) > len(request):
            self._error(request, answer)

    def tcp(self, request, answer):
        self._always(request, answer)

    def _always(self, request, answer):
        self.answers += 1
        assert len(answer) >= 12 and answer[2] & 0x80, f"no answer: {answer.hex()}"
        assert not answer[2] & 0x80 & request[2], f"an answer answered: {request.hex()}"
        assert (answer[2] ^ request[2]) & 0x78 == 0, f"opcode: {request.hex()} {answer.hex()}"
        assert not answer[3] & 0xE0, f"RA, Z or AD set: {request.hex()} {answer.hex()}"
        rcode = answer[3] & 15
        self.rcodes[rcode] = self.rcodes.get(rcode, 0) + 1
        if self.answers % self.parse_each == 0:
            Answer(answer)

    def _error(self, request, answer):
        """Errors tell nothing that is worth more octets than the question had."""
        excess = len(answer) - len(request)
        if excess <= 0:
            return
        parsed = Answer(answer)
        if parsed.rcode in (NOERROR, NXDOMAIN) or parsed.answer:
            return  # a referral, or a zone's answer
        options = sum(4 + len(data) for values in parsed.options.values() for data in values)
        self.largest_excess = max(self.largest_excess, excess)
        assert excess <= options <= OPTIONS_OF_ERRORS, f"{excess} octets more: {request.hex()} {answer.hex()}"

    def summary(self):
        rcodes = dict(sorted(self.rcodes.items()))
        return f"answers {self.answers} rcodes {rcodes}, the longest error longer by {self.largest_excess}"
