"""A tree of names on loopback for proofs of control: a root, the top-level domains net and org, a hoster and a primary.
All servers have the same port and addresses of their own, as walks need it."""
from lib.ports import Endpoint, new_port
from lib.zonetext import soa

ROOT, TOP, HOSTER, PRIMARY, OURS, EVIL = (f"127.0.77.{n}" for n in range(1, 7))


def zone(name, text):
    """A zone of its text, with a SOA; NS come from the text."""
    origin = f"{name}." if name != "." else "."
    start = soa(name, 1) if name != "." else ". 3600 IN SOA a.root. host.root. 1 3600 600 86400 300\n"
    return f"$TTL 3600\n{start}$ORIGIN {origin}\n{text}"


class Tree:
    """Make it, add zones to .hoster and .primary and delegations for .net and .org, then start()."""

    def __init__(self, lab):
        self.port = new_port(ROOT, TOP, HOSTER, PRIMARY, OURS, EVIL)
        self.root, self.top = self._make(lab, "nsd", ROOT), self._make(lab, "knot", TOP)
        self.hoster, self.primary = self._make(lab, "nsd", HOSTER), self._make(lab, "nsd", PRIMARY)
        self.tops = {"net": [], "org": []}
        self.delegate("org", "hoster", "ns1.hoster.org", **{"ns1.hoster.org": HOSTER})
        self.delegate("net", "understudy", "ns1.understudy.net", **{"ns1.understudy.net": OURS})
        self.add(self.hoster, "hoster.org", f"@ NS ns1\nns1 A {HOSTER}\nns2 A {HOSTER}\nns2 AAAA 2001:db8::53\n")

    def _make(self, lab, kind, address):
        server = lab.make(kind, address=address)
        server.endpoint = Endpoint(address, self.port)
        return server

    def delegate(self, top, label, *servers, **glue):
        """NS records of label.TOP to the servers; glue: name=address."""
        lines = [f"{label} NS {server}.\n" for server in servers]
        lines += [f"{name}. A {address}\n" for name, address in glue.items()]
        self.tops[top] += lines

    @staticmethod
    def add(server, name, text):
        server.add_primary_zone(name, zone(name, text))

    def start(self):
        self.add(self.root, ".", f"@ NS a.root.\na.root. A {ROOT}\nnet NS a.top.net.\norg NS a.top.net.\n"
                                 f"a.top.net. A {TOP}\n")
        for top, lines in self.tops.items():
            self.add(self.top, top, f"@ NS a.top.net.\n{'a.top A ' + TOP if top == 'net' else ''}\n" + "".join(lines))
        for server in (self.root, self.top, self.hoster, self.primary):
            server.start()
        return self
