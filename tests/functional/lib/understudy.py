"""understudyd, the server under test, and its command line understudy."""
import json
import os
import pathlib
import signal
import subprocess

from lib.server import Server
from lib.wait import PATIENCE

REPOSITORY = pathlib.Path(__file__).resolve().parents[3]
LOOPBACK = ["127.0.0.0/8", "::1"]
BOUNDS = ("refresh_min", "refresh_max", "retry_min", "retry_max", "expire_min", "expire_max")


def program(name):
    """Path of a built program: from $UNDERSTUDYD / $UNDERSTUDY, else found in $UNDERSTUDY_BUILD (build/)."""
    given = os.environ.get(name.upper())
    if given:
        return given
    build = pathlib.Path(os.environ.get("UNDERSTUDY_BUILD", REPOSITORY / "build"))
    for path in sorted(build.rglob(name)):
        if path.is_file() and os.access(path, os.X_OK):
            return str(path)
    raise FileNotFoundError(f"no program {name} in {build}; build first, or set {name.upper()}")


class CliResult:
    def __init__(self, done):
        self.status, self.out, self.err = done.returncode, done.stdout, done.stderr

    @property
    def json(self):
        return json.loads(self.out)


class Understudy(Server):
    """Settings that a test does not name keep the daemon's defaults, save that loopback may transfer, and that one
    network may ask as much as it likes: here all clients are in one."""

    ready_s = 20

    def __init__(self, folder, address="127.0.0.1", key=None, listen=(), **settings):
        super().__init__(folder, address, key)
        self.listen = [self.endpoint, *listen]
        self.settings = {"rate_limit": {"responses-per-second": 0}, **settings}  # further keys of "server:"
        self.template = {"name": "default", "allow-transfer": list(LOOPBACK)}
        self.keys = [key] if key else []
        self.source = None      # address to ask primaries from
        self.zones_file = None  # lines, when given
        self.primary_extra = {}  # endpoint of a primary -> further keys of it, as "tls"
        self.log_level = "debug"
        self.extra_text = ""    # appended to the configuration as it is
        self.socket = folder / "control.sock"
        self.web_socket = None  # path, when given: API keys are needed there
        self.state = folder / "state"
        self.configuration = folder / "understudy.yaml"

    def argv(self):
        return [program("understudyd"), "-c", self.configuration]

    # --- configuration

    def write_configuration(self):
        self.state.mkdir(exist_ok=True)
        server = {"listen": [e.text for e in self.listen], "workers": 2, "state-directory": str(self.state),
                  **{k.replace("_", "-"): v for k, v in self.settings.items()}}
        lines = ["server:"] + [f"  {k}: {json.dumps(v)}" for k, v in server.items()]
        control = {"socket": str(self.socket), **({"web-socket": str(self.web_socket)} if self.web_socket else {})}
        lines += [f"control: {json.dumps(control)}",
                  f"log: {{ level: {self.log_level}, format: text }}"]
        lines += self._section("keys", [k._asdict() for k in self.keys])
        primaries = {e for z in self.zones.values() for e in z.primaries}
        lines += self._section("primaries", [self._primary(e) for e in sorted(primaries)])
        lines += self._section("templates", [self.template])
        lines += self._section("zones", [self._zone(z) for z in self.zones.values()])
        if self.zones_file is not None:
            self.write("zones.list", "".join(line + "\n" for line in self.zones_file))
            lines.append(f"zones-file: {json.dumps(str(self.folder / 'zones.list'))}")
        self.configuration.write_text("\n".join(lines) + "\n" + self.extra_text, encoding="utf-8")

    @staticmethod
    def _section(name, entries):
        return [f"{name}:"] + [f"  - {json.dumps(e)}" for e in entries] if entries else []

    @staticmethod
    def _primary_name(endpoint):
        return "p-" + endpoint.text.replace(":", "-").replace("@", "-").replace(".", "-")

    def _primary(self, endpoint):
        entry = {"name": self._primary_name(endpoint), "addresses": [endpoint.text]}
        if self.key:
            entry["key"] = self.key.name
        if self.source:
            entry["source"] = self.source
        entry.update(self.primary_extra.get(endpoint, {}))
        return entry

    def _zone(self, zone):
        entry = {"name": zone.name, "primaries": [self._primary_name(e) for e in zone.primaries]}
        entry.update({k.replace("_", "-"): v for k, v in zone.options.items() if k not in BOUNDS})
        return entry

    def add_secondary_zone(self, name, *primaries, **options):
        """Bounds on timers belong to the template: the ones named here hold for all zones of this server."""
        super().add_secondary_zone(name, *primaries, **options)
        self.template.update({k.replace("_", "-"): v for k, v in options.items() if k in BOUNDS})

    # --- life

    def reload(self):
        """SIGHUP with the configuration as it now is; the caller waits for what should change."""
        self.write_configuration()
        self.process.signal(signal.SIGHUP)

    def stop(self):
        """A clean end is part of the promise: SIGTERM must give status 0."""
        if self.process and self.process.running:
            status = self.process.stop()
            assert status == 0, f"understudyd ended with {status} after SIGTERM:\n{self.process.log_tail()}"

    def restart(self):
        self.stop()
        return self.start()

    def check(self, *more):
        """understudyd -t on the configuration as written."""
        return CliResult(subprocess.run([program("understudyd"), "-c", str(self.configuration), "-t", *more],
                                        capture_output=True, text=True, timeout=20 * PATIENCE, check=False))

    def cli(self, *words):
        """understudy WORDS against this daemon's control socket."""
        return CliResult(subprocess.run([program("understudy"), "--socket", str(self.socket), *words],
                                        capture_output=True, text=True, timeout=30 * PATIENCE, check=False))

    def status(self, zone):
        """The object of `zone status --json`, which must succeed."""
        result = self.cli("zone", "status", zone, "--json")
        assert result.status == 0, result.err
        return result.json
