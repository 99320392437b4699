"""PowerDNS (SQLite backend) as primary."""
import sqlite3
import subprocess

from lib.server import Server

SCHEMA = "/usr/share/pdns-backend-sqlite3/schema/schema.sqlite3.sql"


class Pdns(Server):
    def argv(self):
        return ["pdns_server", f"--config-dir={self.folder}"]

    def write_configuration(self):
        # With a key the address list admits nobody, so that only TSIG opens the door.
        allow = "192.0.2.1" if self.key else "127.0.0.0/8,::1"
        self.write("pdns.conf", "\n".join([
            "launch=gsqlite3", f"gsqlite3-database={self.folder}/pdns.sqlite3", "gsqlite3-dnssec=yes",
            f"local-address={self.endpoint.address}", f"local-port={self.endpoint.port}", "daemon=no", "guardian=no",
            f"socket-dir={self.folder}", "primary=yes", "disable-axfr=no", f"allow-axfr-ips={allow}",
            "security-poll-suffix=", "cache-ttl=0", "query-cache-ttl=0", "negquery-cache-ttl=0",
            "zone-cache-refresh-interval=0", "distributor-threads=2", "receiver-threads=1", "retrieval-threads=1",
            "write-pid=no", "loglevel=5", "query-local-address=0.0.0.0 ::", ""]))
        if not (self.folder / "pdns.sqlite3").exists():
            self._create_database()

    def _create_database(self):
        with open(SCHEMA, encoding="utf-8") as schema, sqlite3.connect(self.folder / "pdns.sqlite3") as database:
            database.executescript(schema.read())
        if self.key:
            self.util("import-tsig-key", self.key.name, self.key.algorithm, self.key.secret)
        for zone in self.zones.values():
            self.util("load-zone", zone.name, str(self.folder / zone.file_name))
            self.util("set-kind", zone.name, "primary")
            notify = [f"[{e.address}]:{e.port}" if ":" in e.address else f"{e.address}:{e.port}" for e in zone.notify]
            if notify:
                self.util("set-meta", zone.name, "ALSO-NOTIFY", *notify)
            if self.key:
                self.util("activate-tsig-key", zone.name, self.key.name, "primary")

    def util(self, *words):
        return self._run("/usr/bin/pdnsutil", f"--config-dir={self.folder}", *words)

    def _run(self, *argv):
        done = subprocess.run(argv, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, f"{' '.join(argv)}: {done.stdout}{done.stderr}"
        return done.stdout

    def reload_zone(self, zone):
        self.util("load-zone", zone.name, str(self.folder / zone.file_name))
        if zone.notify:
            self._run("/usr/bin/pdns_control", f"--config-dir={self.folder}", "notify", zone.name)
