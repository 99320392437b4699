"""The servers of bench/compare, each with a single worker and set up as an operator would who cares for speed: no rate
limits, no query log, IXFR kept, changes taken at once."""
import os
import pathlib
import re
import subprocess

import peers
from servers import lab_kinds

from lib.understudy import Understudy, program

PROGRAMS = {"nsd": "nsd", "knot": "knotd", "bind": "named", "powerdns": "pdns_server"}
NAMES = {"understudy": "Understudy", "nsd": "NSD", "knot": "Knot", "bind": "BIND", "powerdns": "PowerDNS"}
given_programs = {}  # kind -> path, when not the one that PATH finds


class _Contender:
    """argv[0] may be another build's; what prepare_restart() leaves is what a restart finds."""

    def argv(self):
        argv = super().argv()
        return [given_programs.get(self.kind, argv[0]), *argv[1:]]

    def prepare_restart(self):
        """To be called while it runs: everything is on disk afterwards."""

    def _replace(self, file, *pairs):
        path = self.folder / file
        text = path.read_text()
        for old, new in pairs:
            assert old in text, f"{path} has no {old}"
            text = text.replace(old, new)
        path.write_text(text)


class ContenderUnderstudy(_Contender, Understudy):
    kind = "understudy"

    def __init__(self, folder, **options):
        super().__init__(folder, workers=1, **options)

    def write_configuration(self):
        super().write_configuration()
        self._replace(self.configuration.name, ("level: debug", "level: info"))


class ContenderKnot(_Contender, peers.IxfrKnot):
    kind = "knot"

    def write_configuration(self):
        super().write_configuration()
        self._replace("knot.conf", ("udp-workers: 2", "udp-workers: 1"), ("tcp-workers: 2", "tcp-workers: 1"),
                      ("background-workers: 4", "background-workers: 1"))


class ContenderNsd(_Contender, peers.IxfrNsd):
    kind = "nsd"
    extra_server = ("zonefiles-write: 3600",)

    def write_configuration(self):
        super().write_configuration()
        self._replace("nsd.conf", ("verbosity: 2", "verbosity: 0"))

    def prepare_restart(self):
        """It writes zone files once an hour: this one does it now, by a process that has the option so."""
        self.process.stop(120)
        self.extra_server = ("zonefiles-write: 1",)
        self.start()
        peers.settle(self, 3)


class ContenderBind(_Contender, peers.IxfrBind):
    kind = "bind"

    def argv(self):
        argv = super().argv()
        argv[argv.index("-n") + 1] = "1"
        return argv

    def write_configuration(self):
        super().write_configuration()
        self._replace("named.conf", ("masterfile-format text;", "masterfile-format raw;"))


class ContenderPowerdns(_Contender, peers.SecondaryPdns):
    kind = "powerdns"


CONTENDERS = {"understudy": ContenderUnderstudy, "nsd": ContenderNsd, "knot": ContenderKnot, "bind": ContenderBind,
              "powerdns": ContenderPowerdns}


def enter_contenders():
    """Their kinds in the laboratory, as "compared-KIND"."""
    lab_kinds.update({f"compared-{kind}": contender for kind, contender in CONTENDERS.items()})


def version_of(kind):
    """What a program says of its version, as short as possible."""
    path = given_programs.get(kind) or (program("understudyd") if kind == "understudy" else PROGRAMS[kind])
    env = dict(os.environ, PATH=os.environ["PATH"] + ":/usr/sbin:/sbin")
    flag = {"nsd": "-v", "bind": "-v"}.get(kind, "--version")
    done = subprocess.run([path, flag], capture_output=True, text=True, env=env, timeout=20, check=False)
    found = re.search(r"\d+\.\d+(\.\d+)?", re.sub(r"\d\d:\d\d:\d\d", "", done.stdout + done.stderr))
    return found.group(0) if found else "?"


def is_installed(kind):
    path = given_programs.get(kind) or (program("understudyd") if kind == "understudy" else PROGRAMS[kind])
    return any((pathlib.Path(folder) / path).exists() for folder in (os.environ["PATH"] + ":/usr/sbin:/sbin").split(":"))
