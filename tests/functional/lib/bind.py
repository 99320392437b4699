"""BIND 9 as primary and as secondary."""
import signal

from lib.server import Server


def _bind_endpoint(endpoint, key, tls=None):
    return (f"{endpoint.address} port {endpoint.port}" + (f' key "{key.name}"' if key else "")
            + (f' tls "{tls}"' if tls else "") + ";")


class Bind(Server):
    head = ""           # statements before "options", as they are
    primary_tls = None  # name of a "tls" block that primaries are asked by
    extra_options = ""  # statements of "options", as they are

    def argv(self):
        return ["named", "-g", "-n", "2", "-c", self.folder / "named.conf"]

    def write_configuration(self):
        address, port = self.endpoint
        listen = (f"listen-on port {port} {{ {address}; }}; listen-on-v6 {{ none; }};" if ":" not in address else
                  f"listen-on {{ none; }}; listen-on-v6 port {port} {{ {address}; }};")
        parts = [self.head, f'key "{self.key.name}" {{ algorithm {self.key.algorithm}; secret "{self.key.secret}"; }};\n'
                 if self.key else "",
                 f'options {{\n directory "{self.folder}"; pid-file "{self.folder}/named.pid";\n'
                 f' session-keyfile "{self.folder}/session.key"; lock-file none; {listen}\n'
                 " recursion no; dnssec-validation no; empty-zones-enable no; notify explicit; notify-delay 0;\n"
                 " notify-rate 10000; startup-notify-rate 10000; serial-query-rate 10000; check-names primary ignore;\n"
                 " check-integrity no; transfers-in 100; transfers-per-ns 100; tcp-clients 1000; tcp-idle-timeout 100;\n"
                 f" {self._allow()} {self.extra_options} {self._ixfr()} masterfile-format text; minimal-responses no;\n}};\n"
                 "controls { };\n"]
        parts += [self._zone(zone) for zone in self.zones.values()]
        self.write("named.conf", "".join(parts))

    def _allow(self):
        who = f'key "{self.key.name}";' if self.key else "127.0.0.0/8; ::1;"
        return f"allow-transfer {{ {who} }};"

    def _ixfr(self):
        return "request-ixfr yes; max-ixfr-ratio unlimited;" if self.ixfr else "request-ixfr no;"

    def _zone(self, zone):
        head = f'zone "{zone.name}" {{ file "{zone.file_name}"; '
        if zone.text is not None:
            notify = " ".join(_bind_endpoint(e, self.key) for e in zone.notify)
            return head + f"type primary; also-notify {{ {notify} }}; ixfr-from-differences {'yes' if self.ixfr else 'no'}; }};\n"
        primaries = " ".join(_bind_endpoint(e, self.key, self.primary_tls) for e in zone.primaries)
        limits = "".join(f"{option}-time {zone.options[ours]}; " for option, ours in (
            ("min-refresh", "refresh_min"), ("max-refresh", "refresh_max"),
            ("min-retry", "retry_min"), ("max-retry", "retry_max")) if ours in zone.options)
        return head + f"type secondary; primaries {{ {primaries} }}; {limits}}};\n"

    def reload_zone(self, zone):
        self.process.signal(signal.SIGHUP)
