"""What all name servers have in common for a test: an endpoint, zones, a process, and questions to it."""
import abc
import os

import dns.rcode

from lib import ask
from lib.ports import Endpoint, new_port
from lib.process import Process
from lib.wait import wait_until


class Zone:
    """One zone as a server is to hold it: with text it is primary, with primaries it is secondary."""

    def __init__(self, name, text=None, notify=(), primaries=(), options=None):
        self.name, self.text = name, text
        self.notify, self.primaries = list(notify), list(primaries)
        self.options = dict(options or {})

    @property
    def file_name(self):
        return self.name.replace("/", "_") + ".zone"


class Server(abc.ABC):
    """key: TSIG key that transfers need (primary) or are asked with (secondary); None is no TSIG."""

    binary = None  # argv[0]; Debian keeps most in /usr/sbin
    ready_s = 20
    ixfr = False  # whether it gives and asks for differences; set before start()
    answers_to_trust = 1  # so many in a row; more for a server whose processes switch to a new version one by one

    def __init__(self, folder, address="127.0.0.1", key=None):
        self.folder, self.key = folder, key
        self.endpoint = Endpoint(address, new_port(address))
        self.zones = {}
        self.process = None

    # --- what a test says

    def add_primary_zone(self, name, text, notify=()):
        """A zone this server is primary of; notify lists the endpoints of its secondaries."""
        self.zones[name] = Zone(name, text=text, notify=notify)
        self._write_zone(self.zones[name])

    def add_secondary_zone(self, name, *primaries, **options):
        """A zone to be fetched from the endpoints given. Options: refresh_min, expire_min and so on, in seconds."""
        self.zones[name] = Zone(name, primaries=primaries, options=options)

    def start(self):
        self.write_configuration()
        if self.process is None:
            env = {"PATH": os.environ["PATH"] + ":/usr/sbin:/sbin"}
            self.process = Process(f"{self.kind} {self.endpoint.text}", self.argv(), self.folder / "log", env)
        self.process.start()
        self.process.wait_ready(self.is_ready, self.ready_s, "no answer to the first question")
        return self

    def stop(self):
        if self.process:
            self.process.stop()

    def kill9(self):
        self.process.kill9()

    def set_zone(self, name, text):
        """New content of a zone we are primary of: written, loaded, announced by NOTIFY."""
        zone = self.zones[name]
        zone.text = text
        self._write_zone(zone)
        self.reload_zone(zone)

    # --- questions

    def soa_serial(self, zone, **how):
        return ask.soa_serial(self.endpoint, zone, **how)

    def wait_serves(self, zone, serial=None, seconds=10, poll_s=0.02):
        """Waits until the zone is served, with the serial if one is given."""
        def served():
            serials = [self.soa_serial(zone, timeout=1) for _ in range(self.answers_to_trust)]
            return None not in serials and (serial is None or set(serials) == {serial})
        wait_until(served, seconds, f"{self.kind} serves {zone} {serial or ''}", poll_s)

    def query(self, name, rdtype="A", **how):
        return ask.query(self.endpoint, name, rdtype, **how)

    def axfr(self, zone, **how):
        how.setdefault("key", self.key)
        return ask.axfr(self.endpoint, zone, **how)

    # --- what each kind of server says for itself

    @property
    def kind(self):
        return type(self).__name__.lower()

    @abc.abstractmethod
    def write_configuration(self):
        """Writes the configuration files for self.zones into self.folder."""

    @abc.abstractmethod
    def argv(self):
        """The command line that keeps the server in the foreground."""

    def reload_zone(self, zone):
        raise NotImplementedError

    def is_ready(self):
        """Ready is: every zone we are primary of answers; a secondary only needs to answer anything."""
        own = [z.name for z in self.zones.values() if z.text is not None]
        if own:
            return self.soa_serial(own[-1], timeout=0.1) is not None
        return self.query("ready.invalid", "SOA", timeout=0.1).rcode() in (dns.rcode.REFUSED, dns.rcode.SERVFAIL,
                                                                            dns.rcode.NOTAUTH)

    def _write_zone(self, zone):
        """Zone text may be a string or an iterable of strings, so that big zones can stream."""
        with open(self.folder / zone.file_name, "w", encoding="ascii") as file:
            file.writelines([zone.text] if isinstance(zone.text, str) else zone.text)

    def write(self, name, text):
        path = self.folder / name
        path.write_text(text, encoding="utf-8")
        return path
