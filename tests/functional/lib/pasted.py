"""Primaries that allow no transfer and tell nobody of changes, until what understudy prints for them is pasted."""
import shlex

from lib.bind import Bind
from lib.knot import Knot
from lib.nsd import Nsd
from lib.pdns import Pdns


def lines_at(parts, *words):
    """The lines of the one part whose place has all these words."""
    found = [p["lines"] for p in parts if all(w in p["where"] for w in words)]
    assert len(found) == 1, f"{len(found)} parts for {words} among {[p['where'] for p in parts]}"
    return found[0]


class PastedBind(Bind):
    parts = ()

    def _allow(self):
        return "allow-transfer { none; };"

    def _zone(self, zone):
        return (f'zone "{zone.name}" {{ file "{zone.file_name}"; type primary;\n'
                + lines_at(self.parts, "inside zone", zone.name) + "};\n")

    def write_configuration(self):
        self.head = "".join(p["lines"] for p in self.parts if "outside of all braces" in p["where"])
        super().write_configuration()


class PastedKnot(Knot):
    parts = ()

    def write_configuration(self):
        super().write_configuration()
        text = (self.folder / "knot.conf").read_text(encoding="utf-8").replace("    acl: loopback\n", "")
        before, _, zones = text.partition("zone:\n")
        text = before + lines_at(self.parts, "before the section zone") + "zone:\n" + zones
        for zone in self.zones:
            text = text.replace(f"  - domain: {zone}\n", f"  - domain: {zone}\n" + lines_at(self.parts, "domain", zone))
        # Its own sections of these names were for nobody, and a section may stand in the file more than once.
        self.write("knot.conf", text)


class PastedNsd(Nsd):
    parts = ()

    def _zone(self, zone):
        return ["zone:", f'  name: "{zone.name}"', f'  zonefile: "{self.folder}/{zone.file_name}"',
                *lines_at(self.parts, "section zone", zone.name).splitlines()]

    def write_configuration(self):
        super().write_configuration()
        with open(self.folder / "nsd.conf", "a", encoding="utf-8") as file:
            file.writelines(p["lines"] for p in self.parts if "section of its own" in p["where"])


class PastedPdns(Pdns):
    parts = ()

    def write_configuration(self):
        super().write_configuration()
        path = self.folder / "pdns.conf"
        pasted = lines_at(self.parts, "pdns.conf")
        names = [line.partition("=")[0] for line in pasted.splitlines()]
        kept = [line for line in path.read_text(encoding="utf-8").splitlines(True)
                if line.partition("=")[0] not in [*names, "allow-axfr-ips", "primary"]]
        path.write_text("".join(kept) + pasted, encoding="utf-8")

    def start(self):
        for zone in self.zones.values():
            zone.notify = []
        super().start()
        for line in lines_at(self.parts, "in a shell").splitlines():
            program, *words = shlex.split(line)
            assert program == "pdnsutil"
            self.util(*words)
        self.stop()
        return super().start()

    def reload_zone(self, zone):
        self.util("load-zone", zone.name, str(self.folder / zone.file_name))
        self._run("/usr/bin/pdns_control", f"--config-dir={self.folder}", "notify", zone.name)


PASTED = {"bind": PastedBind, "knot": PastedKnot, "nsd": PastedNsd, "powerdns": PastedPdns}
