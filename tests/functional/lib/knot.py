"""Knot DNS as primary and as secondary."""
import subprocess

from lib.server import Server


class Knot(Server):
    modules = ()     # (id, lines) of modules for all zones
    zone_lines = ()  # further options of each zone
    ready_s = 60

    def argv(self):
        return ["knotd", "-c", self.folder / "knot.conf"]

    def write_configuration(self):
        lines = ["server:", f"    listen: {self.endpoint.text}", f"    rundir: {self.folder}",
                 "    udp-workers: 2", "    tcp-workers: 2", "    background-workers: 4", '    version: ""',
                 "    tcp-idle-timeout: 10", "    tcp-io-timeout: 60000", "    udp-max-payload: 1232",
                 "control:", f"    listen: {self.folder}/knot.sock",
                 "database:", f"    storage: {self.folder}", "    journal-db-max-size: 2G",
                 "log:", "  - target: stderr", "    any: info"]
        if self.key:
            lines += ["key:", f"  - id: {self.key.name}", f"    algorithm: {self.key.algorithm}",
                      f"    secret: {self.key.secret}"]
        peers = {e for z in self.zones.values() for e in z.notify + z.primaries}
        if peers:
            lines.append("remote:")
        for peer in sorted(peers):
            lines += [f"  - id: {self._id(peer)}", f"    address: {peer.text}"] + self._key_line()
        lines += ["acl:", "  - id: loopback", "    address: [127.0.0.0/8, ::1]",
                  "    action: [transfer, notify]"] + self._key_line()
        for name, options in self.modules:
            lines += [f"{name}:", "  - id: all"] + [f"    {line}" for line in options]
        lines += ["template:", "  - id: default", f"    storage: {self.folder}", "    semantic-checks: off",
                  "    acl: loopback"]
        if self.modules:
            lines.append(f"    global-module: [{', '.join(name + '/all' for name, _ in self.modules)}]")
        lines.append("zone:")
        for zone in self.zones.values():
            lines += self._zone(zone)
        self.write("knot.conf", "\n".join(lines) + "\n")

    @staticmethod
    def _id(endpoint):
        return "r" + endpoint.text.replace(":", "-").replace("@", "_").replace(".", "-")

    def _key_line(self):
        return [f"    key: {self.key.name}"] if self.key else []

    def _zone(self, zone):
        lines = [f"  - domain: {zone.name}", f"    file: {zone.file_name}"]
        lines += [f"    {line}" for line in self.zone_lines]
        if zone.text is not None:
            lines += ["    zonefile-sync: -1"]
            lines += ["    zonefile-load: difference", "    journal-content: changes"] if self.ixfr else [
                "    journal-content: none"]
        if zone.notify:
            lines.append(f"    notify: [{', '.join(self._id(e) for e in zone.notify)}]")
        if zone.primaries:
            if not self.ixfr:
                lines.append("    journal-content: none")  # what is fetched is kept as zone file, at once
            lines.append(f"    master: [{', '.join(self._id(e) for e in zone.primaries)}]")
        for ours, option in (("refresh_min", "refresh-min-interval"), ("refresh_max", "refresh-max-interval"),
                             ("retry_min", "retry-min-interval"), ("retry_max", "retry-max-interval"),
                             ("expire_min", "expire-min-interval"), ("expire_max", "expire-max-interval")):
            if ours in zone.options:
                lines.append(f"    {option}: {max(zone.options[ours], 3 if 'expire' in ours else 2)}")  # its least
        return lines

    def control(self, *words):
        return subprocess.run(["/usr/sbin/knotc", "-s", str(self.folder / "knot.sock"), *words], check=True,
                              capture_output=True, text=True, timeout=60).stdout

    def reload_zone(self, zone):
        self.control("-b", "zone-reload", zone.name)
