"""The servers of a world: a primary, and behind it Understudy and its three peers with the same zones and sizes."""
from lib.bind import Bind
from lib.knot import Knot
from lib.nsd import Nsd
from lib.understudy import Understudy
from lib.wait import wait_until

OURS, PEERS = "understudy", ("nsd", "knot", "bind")
ALL = (OURS, *PEERS)
IDENTITY = "judge"  # NSID and id.server alike at all of them
VERSION = "1"

# What keeps answers comparable: no rate limit, no cookies, an identity.  Set where this build knows it.
OUR_SETTINGS = ({"rate_limit": {"responses-per-second": 0}}, {"cookies": "off"}, {"version": VERSION},
                {"tcp_clients_per_address": 100})


def _change(server, name, *changes):
    """Rewrites lines of a configuration file that is already written; each must be there."""
    path = server.folder / name
    text = path.read_text(encoding="utf-8")
    for old, new in changes:
        assert old in text, f"{name}: no {old!r}"
        text = text.replace(old, new, 1)
    path.write_text(text, encoding="utf-8")


class Answering:
    """Ready is: it answers, whatever it says; the holder of the root never refuses."""

    def is_ready(self):
        return self.query("ready.invalid", "SOA", timeout=0.1) is not None


class JudgedBind(Answering, Bind):
    def write_configuration(self):
        super().write_configuration()
        _change(self, "named.conf", (" recursion no;", f' recursion no; server-id "{IDENTITY}"; hostname "{IDENTITY}"; '
                                     f'version "{VERSION}"; answer-cookie no; max-udp-size 1232; edns-udp-size 1232; '
                                     "max-records-per-type 0; max-types-per-name 0; minimal-any yes; "
                                     "zero-no-soa-ttl no;"))


class JudgedKnot(Answering, Knot):
    def write_configuration(self):
        super().write_configuration()
        _change(self, "knot.conf", ('    version: ""', f'    version: "{VERSION}"\n    identity: "{IDENTITY}"\n'
                                    f'    nsid: "{IDENTITY}"'))


class JudgedNsd(Answering, Nsd):
    def write_configuration(self):
        super().write_configuration()
        _change(self, "nsd.conf", ("  verbosity: 2", f'  verbosity: 1\n  identity: "{IDENTITY}"\n'
                                   f'  version: "{VERSION}"\n  nsid: "ascii_{IDENTITY}"\n  hide-version: no'))


class JudgedUnderstudy(Answering, Understudy):
    def write_configuration(self):
        """A setting that this build does not know is left out."""
        self.settings = {"nsid": IDENTITY}
        for more in OUR_SETTINGS:
            known = dict(self.settings)
            self.settings.update(more)
            super().write_configuration()
            if self.check().status != 0:
                self.settings = known
        super().write_configuration()


KINDS = {"understudy": JudgedUnderstudy, "nsd": JudgedNsd, "knot": JudgedKnot, "bind": JudgedBind}


class World:
    """Servers, started by `with` and ended with it; self.servers maps their kinds to them."""

    def __init__(self, folder, texts, primary_class=Knot):
        self.folder, self.texts = folder, texts
        self.primary = self._make("primary", primary_class)
        self.servers = {kind: self._make(kind, KINDS[kind]) for kind in ALL}

    def _make(self, name, kind):
        folder = self.folder / name
        folder.mkdir()
        return kind(folder)

    def __enter__(self):
        try:
            self._start()
        except BaseException as error:
            logs = "".join(f"\nlog of {name}:\n{text}" for name, text in self._logs())
            self._stop()
            raise AssertionError(f"{error}{logs}") from error
        return self

    def __exit__(self, kind, error, trace):
        problems = self._stop()
        assert error or not problems, "\n".join(problems)

    def _start(self):
        for name, text in self.texts.items():
            self.primary.add_primary_zone(name, text)
            for server in self.servers.values():
                server.add_secondary_zone(name, self.primary.endpoint)
        self.primary.start()
        for server in self.servers.values():
            server.start()
        for server in self.servers.values():
            for name in self.texts:
                server.wait_serves(name, seconds=30)

    def _stop(self):
        """Ends all of them, then tells what went wrong while ending or under a sanitizer."""
        problems = []
        for server in [*self.servers.values(), self.primary]:
            try:
                server.stop()
            except AssertionError as error:
                problems.append(str(error))
            if server.process and server.process.sanitizer_report():
                problems.append(f"{server.process.name}:\n{server.process.sanitizer_report()}")
        return problems

    def _logs(self):
        return [(s.process.name, s.process.log_tail(30)) for s in [self.primary, *self.servers.values()] if s.process]
