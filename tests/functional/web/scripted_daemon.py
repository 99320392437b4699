"""What understudyd says over its control socket (docs/formats/control.md), played in memory, so that the HTTP side is
tested alone: also what the daemon would hardly ever say, and at the wrong time."""
import base64
import json
import os
import socket
import threading
import time

from .scripted_things import Things

STATES = ("pending", "active", "stale", "expired", "held", "error")
ORDER = {"read": 0, "write": 1, "admin": 2}
OPEN, UNKNOWN = None, "unknown"
READS = ("zone.page zone.get zone.history zone.diff zone.export zone.records zone.attempts health.page health.get "
         "health.summary server.info watch key.list key.get primary.list primary.get token.self audit.page "
         "vanity.list consent.list metrics primary.config account.get")
WRITES = ("zone.add zone.put zone.set zone.remove zones.apply zone.refresh zone.retransfer zone.accept zone.hold "
          "zone.release zone.rollback token.list key.add key.remove primary.put primary.remove token.add token.remove vanity.add "
          "vanity.remove consent.add consent.remove")
ADMINS = "account.list account.add account.set account.remove status"
SCOPES = {**dict.fromkeys(READS.split(), "read"), **dict.fromkeys(WRITES.split(), "write"),
          **dict.fromkeys(ADMINS.split(), "admin"), "web.config": OPEN, "ready": OPEN}


class Refusal(Exception):
    def __init__(self, code, text, **more):
        super().__init__(text)
        self.reply = {"ok": False, "code": code, "error": text, **more}


class Parts:
    def __init__(self, parts):
        self.parts = parts


def new_id():
    return base64.b32encode(os.urandom(10)).decode().lower()


class Daemon(Things):
    """Listens on path until close().  keys: {key: (account, scope)}.  overrides: {request: function of it that gives
    the lines of the answer}; asked: every request that came."""

    def __init__(self, path, config):
        self.path, self.config = str(path), config
        self.keys, self.zones, self.things, self.asked, self.overrides = {}, {}, {}, [], {}
        self.lock = threading.RLock()
        self.watchers, self.sequence = [], 0
        self.open()

    def open(self):
        if os.path.exists(self.path):
            os.unlink(self.path)
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(self.path)
        self.listener.listen(64)
        self.connections = set()
        threading.Thread(target=self._accept, args=(self.listener,), daemon=True).start()

    def close(self):
        try:
            self.listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.listener.close()
        with self.lock:
            for connection in list(self.connections):
                try:
                    connection.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass
            self.connections.clear()

    def _accept(self, listener):
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with self.lock:
                self.connections.add(connection)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        try:
            with connection, connection.makefile("rb") as lines:
                for line in lines:
                    for reply in self.answer(json.loads(line)):
                        connection.sendall(reply if isinstance(reply, bytes) else json.dumps(reply).encode() + b"\n")
        except (OSError, ValueError):
            pass
        finally:
            with self.lock:
                self.connections.discard(connection)

    def answer(self, request):
        name = request["request"]
        with self.lock:
            self.asked.append(request)
            override = self.overrides.get(name)
        if override:
            return override(request)
        try:
            account, scope = self.judge(request)
            if name == "watch":
                return self.watch(request)
            with self.lock:
                result = getattr(self, name.replace(".", "_"))(request, account, scope)
            parts = result.parts if isinstance(result, Parts) else [result]
            return [{"ok": True, "result": part, "more": i + 1 < len(parts)} for i, part in enumerate(parts)]
        except Refusal as refusal:
            return [refusal.reply]

    def judge(self, request):
        needed = SCOPES.get(request["request"], UNKNOWN)
        if needed == UNKNOWN:
            raise Refusal("bad-request", f"\"{request['request']}\" is not a request")
        if needed is OPEN:
            return None, None
        if request.get("key") not in self.keys:
            raise Refusal("unauthorized", "the key is not known")
        account, scope = self.keys[request["key"]]
        if ORDER[scope] < ORDER[needed]:
            raise Refusal("forbidden", f"this needs the scope {needed}")
        return account, scope

    refusal, new_id = Refusal, staticmethod(new_id)

    # -- the server

    def web_config(self, *_):
        return self.config

    def ready(self, *_):
        return {"ready": True, "zones": {"configured": len(self.zones)}}

    def status(self, *_):
        return {"uptime": 4711, "version": "0.1.0"}

    def metrics(self, *_):
        return {"serve": {"queries": 5}, "transfer": {"axfr": 2}, "attempts_failed_by": {"timeout": 3},
                "uptime": 9, "health": {"synced": 1},
                "zones": {"configured": len(self.zones), "states": {"active": len(self.zones)}}}

    def server_info(self, *_):
        return {"addresses": ["192.0.2.53", "2001:db8::53@53"], "name_servers": ["ns1.example.net"], "mode": "private",
                "version": "0.1.0", "glue": []}

    def watch(self, request):
        yield {"ok": True, "result": {"sequence": self.sequence}, "more": True}
        if request.get("after", self.sequence) < self.sequence:
            yield {"lost": self.sequence - request["after"]}
        event, queue = threading.Event(), []
        with self.lock:
            self.watchers.append((event, queue))
        while True:
            event.wait(1)
            with self.lock:
                ready, queue[:] = list(queue), []
                event.clear()
            yield from ready or [{"idle": True}]

    def tell(self, name, **fields):
        with self.lock:
            self.sequence += 1
            for event, queue in self.watchers:
                queue.append({"sequence": self.sequence, "time": int(time.time()), "event": name, **fields})
                event.set()

    # -- zones

    def find(self, request, account, scope):
        for zone in self.zones.values():
            if zone["id"] == request.get("id") or zone["name"] == request.get("zone"):
                if scope == "admin" or zone["account"] == account:
                    return zone
        raise Refusal("not-found", "there is no such zone")

    def check(self, settings):
        if (settings.get("max-shrink") or 0) > 99:
            raise Refusal("invalid", "max-shrink: 1 to 99", faults=[{"field": "max-shrink", "text": "1 to 99"}])

    def check_version(self, zone, request):
        if request.get("if_version") not in (None, zone["version"]):
            raise Refusal("stale", "the zone was changed meanwhile")

    def make(self, name, settings, account):
        self.check(settings)
        now = int(time.time())
        zone = {"id": new_id(), "name": name, "account": account, "account_name": account, "origin": "api",
                "settings": settings, "version": 1, "created_at": now, "changed_at": now, "proof": None,
                "status": {"name": name, "state": "pending", "serial": None, "primary_serial": None, "since": now,
                           "reason": "not-tried", "bytes": 0, "records": 0, "transferring": False, "expire_at": None,
                           "checked_at": None}}
        self.zones[name] = zone
        return zone

    def zone_add(self, request, account, scope):
        if request["zone"] in self.zones:
            raise Refusal("conflict", "this name is taken")
        return self.make(request["zone"], request["settings"], request.get("account", account))

    def zone_put(self, request, account, scope):
        zone = self.zones.get(request["zone"])
        if zone and zone["account"] != account and scope != "admin":
            raise Refusal("conflict", "this name is taken")
        if not zone:
            return {"created": True, "zone": self.make(request["zone"], request["settings"], account)}
        self.check_version(zone, request)
        if zone["settings"] != request["settings"]:
            zone.update(settings=request["settings"], version=zone["version"] + 1)
        return {"created": False, "zone": zone}

    def zone_set(self, request, account, scope):
        zone = self.find(request, account, scope)
        self.check_version(zone, request)
        self.check(request["settings"])
        settings = {**zone["settings"], **request["settings"]}
        if "primary_address" in request:
            settings["primaries"] = [request["primary_address"]]
        zone.update(settings={k: v for k, v in settings.items() if v is not None}, version=zone["version"] + 1)
        return zone

    def zone_remove(self, request, account, scope):
        zone = self.find(request, account, scope)
        self.check_version(zone, request)
        del self.zones[zone["name"]]
        return {}

    def zone_get(self, request, account, scope):
        return self.find(request, account, scope)

    @staticmethod
    def health(zone):
        status = zone["status"]
        if status["state"] == "stale" and status["reason"] == "timeout":
            return "master_unreachable"
        return {"active": "synced", "held": "synced", "expired": "error"}.get(status["state"], status["state"])

    def zone_page(self, request, account, scope):
        names = sorted(z["name"] for z in self.zones.values() if scope == "admin" or z["account"] == account)
        zones = [self.zones[n] for n in names if request.get("text", "") in n]
        if "state" in request:
            if request["state"] not in STATES:
                raise Refusal("bad-request", "no such state")
            zones = [z for z in zones if z["status"]["state"] == request["state"]]
        if "health" in request:
            zones = [z for z in zones if self.health(z) == request["health"]]
        rest, limit = [z for z in zones if z["name"] > request.get("after", "")], request["limit"]
        more = len(rest) > limit
        return {"total": len(zones), "zones": rest[:limit], "next": rest[limit - 1]["name"] if more else None}

    health_page, health_get = zone_page, zone_get

    def health_summary(self, request, account, scope):
        zones = [z for z in self.zones.values() if scope == "admin" or z["account"] == account]
        count = lambda *states: sum(z["status"]["state"] in states for z in zones)
        return {"total": len(zones), "synced": count("active", "held"), "stale": count("stale"), "masterUnreachable": 0,
                "pending": count("pending"), "error": count("error", "expired")}

    def zones_apply(self, request, account, scope):
        mine = {n for n, z in self.zones.items() if z["account"] == account}
        names = [z["name"] for z in request["zones"]]
        gone = mine - set(names) if request["replace"] else set()
        if len(gone) * 2 > len(mine) and not request["force"]:
            raise Refusal("refused", f"this would remove {len(gone)} of {len(mine)} zones; say force")
        if any(n in self.zones and self.zones[n]["account"] != account for n in names):
            raise Refusal("conflict", "a name is taken")
        for zone in request["zones"]:
            self.check(zone["settings"])
        added = 0
        for zone in request["zones"]:
            added += zone["name"] not in self.zones
            self.zone_put({"zone": zone["name"], "settings": zone["settings"]}, account, scope)
        for name in gone:
            del self.zones[name]
        return {"added": added, "changed": 0, "removed": len(gone), "unchanged": len(names) - added}

    def act(self, request, account, scope):
        self.find(request, account, scope)
        return {}

    zone_refresh = zone_retransfer = zone_accept = zone_hold = zone_release = act

    def zone_rollback(self, request, account, scope):
        self.find(request, account, scope)
        if request["serial"] != 5:
            raise Refusal("failed", "there is no version with this serial")
        return {}

    def zone_history(self, request, account, scope):
        self.find(request, account, scope)
        return Parts([[{"serial": 5, "served": False}], [{"serial": 7, "from": 5, "time": 1776344400, "served": True}]])

    def zone_diff(self, request, account, scope):
        self.find(request, account, scope)
        return Parts([["- www 300 A 192.0.2.1"], ["+ www 300 A 192.0.2.2"]])

    def zone_export(self, request, account, scope):
        zone = self.find(request, account, scope)
        if zone["status"]["serial"] is None:
            raise Refusal("not-found", "it has no version to export")
        return Parts([f"; {zone['name']}\n"] + ["x 300 A 192.0.2.1\n" * 50000] * 10)

    def zone_records(self, request, account, scope):
        self.find(request, account, scope)
        records = [{"name": f"h{i}", "type": "A", "ttl": 300, "data": "192.0.2.1"} for i in range(5)]
        if not request.get("after", "0").isascii() or not request.get("after", "0").isdigit():
            raise Refusal("bad-request", "after is not what next was")
        at, limit = int(request.get("after", "0")[:9]), request["limit"]
        return {"records": records[at:at + limit], "next": str(at + limit) if at + limit < len(records) else None}

    def primary_config(self, request, account, scope):
        self.find(request, account, scope)
        return {"title": "BIND", "parts": [{"where": "named.conf", "lines": "x"}]}

    def zone_attempts(self, request, account, scope):
        self.find(request, account, scope)
        return [{"time": 1776344400, "primary": "192.0.2.1@53", "asked": "SOA", "ok": True}]
