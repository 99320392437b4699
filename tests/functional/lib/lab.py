"""A test's laboratory: makes servers in one temporary folder and ends all of them afterwards."""
import pathlib

from lib.bind import Bind
from lib.knot import Knot
from lib.nsd import Nsd
from lib.pdns import Pdns
from lib.understudy import Understudy

KINDS = {"bind": Bind, "knot": Knot, "nsd": Nsd, "pdns": Pdns, "understudy": Understudy}


class Lab:
    def __init__(self, folder, secondary_kind="understudy"):
        self.folder = pathlib.Path(folder)
        self.secondary_kind = secondary_kind
        self.servers = []

    def make(self, kind, **options):
        """A server of the kind named, not yet started: give it zones first."""
        folder = self.folder / f"{len(self.servers)}-{kind}"
        folder.mkdir()
        server = KINDS[kind](folder, **options)
        self.servers.append(server)
        return server

    def secondary(self, **options):
        """The server under test: ours, or with --secondary another one, to try the tests themselves."""
        return self.make(self.secondary_kind, **options)

    def logs(self):
        return [(s.process.name, s.process.log_tail()) for s in self.servers if s.process]

    def close(self):
        """Ends everything, then tells what went wrong while ending or under a sanitizer."""
        problems = []
        for server in reversed(self.servers):
            try:
                server.stop()
            except AssertionError as error:
                problems.append(str(error))
            if server.process and server.process.sanitizer_report():
                problems.append(f"{server.process.name}:\n{server.process.sanitizer_report()}")
        assert not problems, "\n".join(problems)
