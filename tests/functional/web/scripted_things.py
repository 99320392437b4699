"""The scripted daemon's keys, primaries, accounts and names: lists of things by kind."""
import time

COMMON = ("request", "key", "from", "secret")


class Things:
    def kind(self, name):
        return self.things.setdefault(name, {})

    def listed(self, kind, account, scope):
        return [t for t in self.kind(kind).values() if scope == "admin" or t.get("account") == account]

    def thing(self, kind, request, account, scope):
        wanted = request.get("id", request.get("name"))
        for t in self.listed(kind, account, scope):
            if wanted in (t["id"], t["name"]):
                return t
        raise self.refusal("not-found", "there is no such thing")

    def add(self, kind, request, account, **more):
        if any(t["name"] == request["name"] and t["account"] == account for t in self.kind(kind).values()):
            raise self.refusal("conflict", "this name is taken")
        fields = {k: v for k, v in request.items() if k not in COMMON}
        t = {"id": self.new_id(), "created_at": int(time.time()), **fields, "account": account, **more}
        self.kind(kind)[t["id"]] = t
        return t

    def remove(self, kind, request, account, scope):
        del self.kind(kind)[self.thing(kind, request, account, scope)["id"]]
        return {}

    def key_list(self, request, account, scope):
        return self.listed("keys", account, scope)

    def key_add(self, request, account, scope):
        return {**self.add("keys", {"algorithm": "hmac-sha256", **request}, account),
                "secret": request.get("secret", "c2VjcmV0")}

    def key_get(self, request, account, scope):
        return self.thing("keys", request, account, scope)

    def key_remove(self, request, account, scope):
        return self.remove("keys", request, account, scope)

    def primary_list(self, request, account, scope):
        return self.listed("primaries", account, scope)

    def primary_get(self, request, account, scope):
        return self.thing("primaries", request, account, scope)

    def primary_put(self, request, account, scope):
        return {"created": True, "primary": self.add("primaries", request, account)}

    def primary_remove(self, request, account, scope):
        return self.remove("primaries", request, account, scope)

    def token_self(self, request, account, scope):
        return {"account": account, "scope": scope}

    def token_list(self, request, account, scope):
        return self.listed("tokens", account, scope)

    def token_add(self, request, account, scope):
        token = "ust_" + self.new_id()
        self.keys[token] = (account, request["scope"])
        return {**self.add("tokens", request, account), "token": token}

    def token_remove(self, request, account, scope):
        return self.remove("tokens", request, account, scope)

    def account_list(self, request, account, scope):
        return self.listed("accounts", account, scope)

    def account_add(self, request, account, scope):
        return self.add("accounts", request, None)

    def account_get(self, request, account, scope):
        return self.thing("accounts", request, account, scope)

    def account_set(self, request, account, scope):
        t = self.thing("accounts", request, account, scope)
        t.update({k: v for k, v in request.items() if k not in (*COMMON, "id")})
        return t

    def account_remove(self, request, account, scope):
        return self.remove("accounts", request, account, scope)

    def vanity_list(self, request, account, scope):
        return self.listed("vanity", account, scope)

    def vanity_add(self, request, account, scope):
        return self.add("vanity", request, account)

    def vanity_remove(self, request, account, scope):
        return self.remove("vanity", request, account, scope)

    def consent_list(self, request, account, scope):
        return [{"name": t["name"], "account": t["to"]} for t in self.listed("consents", account, scope)]

    def consent_add(self, request, account, scope):
        self.add("consents", {"name": request["name"], "to": request["account"]}, account)
        return {"name": request["name"], "account": request["account"]}

    def consent_remove(self, request, account, scope):
        self.remove("consents", {"name": request["name"]}, account, scope)
        return {}

    def audit_page(self, request, account, scope):
        rows = [{"id": i, "at": 1776344400 + i, "action": "zone.add", "object": "example.com"} for i in range(9, 0, -1)]
        rows, limit = [r for r in rows if r["id"] < request.get("before", 100)], request["limit"]
        return {"rows": rows[:limit], "next": rows[limit - 1]["id"] if len(rows) > limit else None}
