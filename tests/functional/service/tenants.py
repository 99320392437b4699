"""Two accounts with all kinds of API keys, and things of the first one that others would like to see or change."""
import itertools
import random
import time

from lib.wait import wait_until

LETTERS = "abcdefghijklmnopqrstuvwxyz234567"
ZONE = {"masterIp": "127.0.0.1"}
TRIES = 8  # with a key that does not hold: some more and its holder, whoever that is, must wait


class Tenants:
    """Everything that make() gives is of account one.  requests: so many at most with each key that does not hold."""

    def __init__(self, service, requests):
        self.service, self.numbers = service, itertools.count()
        self.accounts = {n: self._post("/api/accounts", {"name": n}, service.admin)["id"] for n in ("one", "two")}
        self.keys = {"none": itertools.repeat(None), "admin": itertools.repeat(service.admin),
                     "unknown": ("ust_" + "".join(random.choices(LETTERS, k=52)) for _ in itertools.count())}
        for name, account, scope, more in (("read", "one", "read", {}), ("write", "one", "write", {}),
                                           ("other", "two", "write", {}),
                                           ("bound", "one", "write", {"zones": ["elsewhere.example"]})):
            self.keys[name] = itertools.repeat(self._key(name, account, scope, more)["key"])
        ended = range(1 + requests // TRIES)
        removed = [self._key(f"removed {n}", "one", "write", {}) for n in ended]
        self.keys["removed"] = self._each_in_turn(removed)
        for each in removed:  # the first use makes the daemon remember it; it forgets it at once
            assert self.call("removed", "GET", "/api/zones").status == 200
            assert self.call("admin", "DELETE", f"/api/keys/{each['id']}").status == 200
        soon = _moment(time.time() + 3)
        expired = [self._key(f"expired {n}", "one", "write", {"expiresAt": soon}) for n in ended]
        self.keys["expired"] = itertools.repeat(expired[0]["key"])
        wait_until(lambda: self.call("expired", "GET", "/api/zones").status == 401, 10, "a key expires", poll_s=0.5)
        self.keys["expired"] = self._each_in_turn(expired[1:])

    @staticmethod
    def _each_in_turn(keys):
        return itertools.cycle([k["key"] for k in keys])

    def _key(self, name, account, scope, more):
        return self._post("/api/keys", {"name": name, "scope": scope, "account": self.accounts[account], **more},
                          self.service.admin)

    def key(self, caller):
        return next(self.keys[caller])

    def source(self):
        """An address that nobody has come from yet: guesses of keys are limited by address."""
        n = next(self.numbers)
        return f"127.{1 + n // 60000}.{n // 240 % 250}.{1 + n % 240}"

    def call(self, caller, method, path, body=None, **how):
        return self.service.call(method, path, body, key=self.key(caller), source=self.source(), **how)

    def _post(self, path, body, key):
        reply = self.service.call("POST", path, body, key=key)
        assert reply.status == 201, f"POST {path} {body}: {reply}"
        return reply.json

    # --- things of account one: what fills the places of a path

    def make(self, kind):
        return getattr(self, f"make_{kind}")(next(self.numbers)) if kind else {}

    def make_zone(self, n):
        name = f"z{n}.one.example"
        zone = self._post("/api/zones", {"name": name, **ZONE}, self.key("write"))
        return {"id": zone["id"], "name": name, "zone": name}

    def make_key(self, n):
        return {"id": self._post("/api/tsig-keys", {"name": f"key{n}"}, self.key("write"))["id"], "label": f"key{n}"}

    def make_pdnskey(self, n):
        key = self.make_key(n)
        rows = self.service.call("GET", "/api/v1/servers/localhost/tsigkeys", key=self.key("read")).json
        return {"id": next(r["id"] for r in rows if r["name"].rstrip(".") == key["label"]), "label": key["label"]}

    def make_primary(self, n):
        reply = self.service.call("PUT", f"/api/primaries/p{n}", {"address": "192.0.2.1"}, key=self.key("write"))
        assert reply.status in (200, 201), reply
        return {"name": f"p{n}"}

    def make_token(self, n):
        return {"id": self._post("/api/keys", {"name": f"k{n}", "scope": "read"}, self.key("write"))["id"]}

    def make_account(self, n):
        return {"id": self._post("/api/accounts", {"name": f"a{n}"}, self.key("admin"))["id"]}

    def make_nameserver(self, n):
        self._post("/api/name-servers", {"name": f"ns{n}.one.example"}, self.key("write"))
        return {"name": f"ns{n}.one.example"}

    def make_consent(self, n):
        zone = self.make_zone(n)
        self._post("/api/consents", {"name": zone["name"], "account": self.accounts["two"]}, self.key("write"))
        return {"name": zone["name"], "account": self.accounts["two"]}

    def make_held(self, n):
        zone = self.make_zone(n)
        assert self.call("write", "POST", f"/api/zones/{zone['id']}/hold").status == 200
        return zone

    def nothing(self, kind):
        """The same kind of places, filled with what there is not."""
        n = next(self.numbers)
        return {"id": f"{n:06d}".translate(str.maketrans("0189", "wxyz")).ljust(26, "a"), "name": f"none{n}.example",
                "zone": f"none{n}.example", "account": self.accounts["two"], "label": f"none{n}"}


def _moment(seconds):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))
