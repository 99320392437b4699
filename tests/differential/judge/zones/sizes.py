"""What is large: RRsets that do not fit, referrals whose glue does not fit, names at the limits of RFC 1035."""
from judge.zones.spec import SERVERS, zone


def _texts(owner, count, size):
    return "".join(f'{owner} IN TXT "{i:03d}{"x" * (size - 3)}"\n' for i in range(count))


def _delegation(name, servers, families=("A", "AAAA"), host="ns{i}.{name}"):
    """A delegation to so many servers with glue of the families named."""
    lines = []
    for i in range(servers):
        target = host.format(i=i, name=name)
        lines.append(f"{name} IN NS {target}\n")
        if "A" in families:
            lines.append(f"{target} IN A 192.0.{2 + (i + 1) // 256}.{(i + 1) % 256}\n")
        if "AAAA" in families:
            lines.append(f"{target} IN AAAA 2001:db8::{i + 1:x}\n")
    return "".join(lines)


# Sizes on both sides of 512 and 1232.
BIG = SERVERS + "".join(_texts(f"t{total}", 1, 240) + _texts(f"t{total}", total // 100 - 2, 88)
                        for total in range(300, 1700, 100)) + "".join([
    _texts("huge", 60, 250), _texts("enormous", 200, 250), _texts("*.wildbig", 20, 100),
    "".join(f"addresses IN A 10.0.{i}.1\n" for i in range(120)),
    "".join(f"exchange IN MX {i} mail{i}\nmail{i} IN A 192.0.2.{i}\nmail{i} IN AAAA 2001:db8::{i:x}\n"
            for i in range(1, 25)),
    "".join(f"service IN SRV {i} 0 1 mail{i}\n" for i in range(1, 25)),
    "tobig IN CNAME huge\ntobig2 IN CNAME tobig\ndbig IN DNAME wildbig\ntot500 IN CNAME t500\n",
    _delegation("glue4", 4), _delegation("glue8", 8), _delegation("glue9", 9), _delegation("glue13", 13),
    _delegation("glue30", 30), _delegation("glue4only", 25, ("A",)), _delegation("glue6only", 14, ("AAAA",)),
    _delegation("long", 6, host="a-rather-long-name-of-a-server-number-{i}.in-a-rather-long-zone.{name}"),
    "sibs IN NS ns0.glue30\n", "".join(f"sibs IN NS ns{i}.glue13\n" for i in range(13)),
    "mixed IN NS ns.mixed\nns.mixed IN A 192.0.2.99\n", "".join(f"mixed IN NS ns{i}.glue30\n" for i in range(30)),
    "".join(f"foreign IN NS ns{i}.example.net.\n" for i in range(40)),
    "".join(f"signed IN DS {i} 13 2 {i:064x}\n" for i in range(1, 20)), _delegation("signed", 5),
    "".join(f"own IN NS mail{i}\n" for i in range(1, 20)),
])

# Answers beyond the reach of a pointer, which is 16 KiB.
WIDE = SERVERS + "".join([
    "".join(f"exchange IN MX {i} m{i}.{'ab'[i % 2]}\n" for i in range(1500)), "m1.b IN A 192.0.2.1\nm1499.b IN A 192.0.2.2\n",
    "".join(f"pointer IN PTR x{i}.exchange.elsewhere.example.\n" for i in range(1000)),
    "".join(f"*.wild IN MX {i} m{i}.wild\n" for i in range(1200)),
    _delegation("reach", 500, ("A",)), _delegation("both", 900), _texts("large", 240, 250),
    "".join(f"siblings IN NS ns{i}.reach\n" for i in range(400)), "".join(f"foreign IN NS n{i}.example.net.\n" for i in range(1500)),
    "alias IN CNAME exchange\nalias2 IN CNAME large\ndn IN DNAME wild\n",
    "".join(f"service IN SRV {i} 0 1 m{i}.a\n" for i in range(900)),
])

LABEL63 = "l" * 63
TOP = "long.test"  # 11 octets on the wire: 1+4 1+4 and the root's 1


def _labels_to(length):
    """Labels in front of TOP that make a name of so many octets on the wire, the longest first."""
    left, labels = length - 11, []
    while left > 64:
        take = 64 if left - 64 != 1 else 63
        labels.append("l" * (take - 1))
        left -= take
    return ".".join(labels + ["k" * (left - 1)])


def _many_labels(count):
    return ".".join(["a"] * (count - 2))


LONG = SERVERS + f"""\
{LABEL63}       IN A     192.0.2.1
{LABEL63}.b     IN TXT   "a label of 63"
{_labels_to(255)} IN A     192.0.2.2
{_labels_to(254)} IN TXT   "one octet less"
{_labels_to(253)} IN TXT   "two octets less"
{_many_labels(124)} IN A   192.0.2.3
{_many_labels(100)} IN TXT "a hundred labels"
*.{_labels_to(250)} IN TXT "a wildcard under a long name"
*.w             IN TXT   "wildcard"
c               IN CNAME {_labels_to(255)}
d               IN DNAME {_labels_to(240)}
e               IN DNAME {_labels_to(200)}
m               IN MX    10 {_labels_to(255)}
*.cw            IN CNAME {_labels_to(255)}
{_labels_to(200)} IN NS  ns.{_labels_to(200)}
ns.{_labels_to(200)} IN A 192.0.2.4
"""

# 127 labels take 255 octets only below the root: 127 times two and one.
TINY = SERVERS + f"""\
{".".join(["b"] * 126)} IN A 192.0.2.1
{".".join(["b"] * 60)} IN TXT "half way"
*.{".".join(["c"] * 125)} IN A 192.0.2.2
dn IN DNAME {".".join(["d"] * 120)}
"""

ZONES = [
    zone("big.test", BIG),
    zone("big-nsec.test", BIG, "nsec"),
    zone("big-nsec3.test", BIG, "iterations"),
    zone("wide.test", WIDE),
    zone("long.test", LONG),
    zone("t", TINY, "nsec"),
]
