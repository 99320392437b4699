"""What a zone is before it is signed."""
from typing import NamedTuple, Optional

DENIALS = {"nsec": [], "nsec3": ["-3", "-", "-H", "0"], "optout": ["-3", "-", "-H", "0", "-A"],
           "iterations": ["-3", "c0ffee15", "-H", "12"]}


class ZoneSpec(NamedTuple):
    """name: without a last dot, save the root's. denial: how it is signed, a key of DENIALS; None: it is not."""

    name: str
    text: str
    denial: Optional[str] = None


def zone(name, body, denial=None, soa_ttl=3600, minimum=300):
    """A zone with SOA, two name servers and the lines of body, which are relative to it."""
    dotted = "." if name == "." else name + "."
    under = "" if name == "." else "." + dotted
    head = (f"$ORIGIN {dotted}\n$TTL 3600\n"
            f"@ {soa_ttl} IN SOA ns1{under or '.'} hostmaster{under or '.'} 2026010101 7200 900 1209600 {minimum}\n")
    return ZoneSpec(name, head + body, denial)


SERVERS = """\
@       IN NS    ns1
@       IN NS    ns2
ns1     IN A     192.0.2.53
ns1     IN AAAA  2001:db8::53
ns2     IN A     198.51.100.53
"""

DIGEST = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
