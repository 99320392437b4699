"""NSD as primary and as secondary."""
import signal

from lib.server import Server


class Nsd(Server):
    tls_auth = None     # host name that primaries over TLS must show a certificate for
    extra_server = ()  # lines of "server:", as they are
    ready_s = 60
    answers_to_trust = 15  # old processes go on answering while the new ones start

    def __init__(self, folder, processes=1, **options):
        super().__init__(folder, **options)
        self.processes = processes

    def argv(self):
        return ["nsd", "-d", "-c", self.folder / "nsd.conf"]

    def write_configuration(self):
        address, port = self.endpoint
        f = self.folder
        lines = ["server:", f"  ip-address: {address}@{port}", f"  port: {port}", '  username: ""',
                 f'  zonesdir: "{f}"', '  database: ""', f'  xfrdfile: "{f}/xfrd.state"', f'  xfrdir: "{f}"',
                 f'  pidfile: "{f}/nsd.pid"', f'  zonelistfile: "{f}/zone.list"', f"  server-count: {self.processes}",
                 "  verbosity: 2", "  tcp-count: 300", "  tcp-timeout: 10", "  xfrd-reload-timeout: 0",
                 "  rrl-ratelimit: 0", "  rrl-whitelist-ratelimit: 0", "  ipv4-edns-size: 1232",
                 "  ipv6-edns-size: 1232", "  zonefiles-write: 1", "  xfrd-tcp-max: 128",
                 *(f"  {line}" for line in self.extra_server), "remote-control:", "  control-enable: no"]
        if self.key:
            lines += ["key:", f'  name: "{self.key.name}"', f"  algorithm: {self.key.algorithm}",
                      f'  secret: "{self.key.secret}"']
        if self.tls_auth:
            lines += ["tls-auth:", "  name: t", f"  auth-domain-name: {self.tls_auth}"]
        for zone in self.zones.values():
            lines += self._zone(zone)
        self.write("nsd.conf", "\n".join(lines) + "\n")

    def _zone(self, zone):
        key = self.key.name if self.key else "NOKEY"
        lines = ["zone:", f'  name: "{zone.name}"', f'  zonefile: "{self.folder}/{zone.file_name}"',
                 f"  provide-xfr: 127.0.0.0/8 {key}", f"  provide-xfr: ::1 {key}"]
        lines += [f"  notify: {e.text} {key}" for e in zone.notify]
        for primary in zone.primaries:
            lines += [f"  request-xfr: {'' if self.ixfr else 'AXFR '}{primary.text} {key}{' t' if self.tls_auth else ''}"]
        if self.ixfr:
            lines += ["  store-ixfr: yes", "  ixfr-size: 0"] + (["  create-ixfr: yes"] if zone.text is not None else [])
        if zone.primaries:
            lines += [f"  allow-notify: 127.0.0.0/8 {key}", f"  allow-notify: ::1 {key}"]
        for ours, option in (("refresh_min", "min-refresh-time"), ("refresh_max", "max-refresh-time"),
                             ("retry_min", "min-retry-time"), ("retry_max", "max-retry-time"),
                             ("expire_min", "min-expire-time")):
            if ours in zone.options:
                lines.append(f"  {option}: {zone.options[ours]}")
        return lines

    def reload_zone(self, zone):
        self.process.signal(signal.SIGHUP)
