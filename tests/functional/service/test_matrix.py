"""Who may do what: every route x every kind of caller, with the status that each must get.

Nobody without a key that holds gets anything but what is open; another tenant's key sees what there is as if it were
not; a key that is bound to zones touches nothing else."""
import pytest

from lib.zonetext import small_zone

from .routes import routes
from .stand import Service
from .tenants import ZONE, Tenants

SERVED = "served.one.example"
REFUSED_KEYS = ("none", "unknown", "expired", "removed")
QUERIES = {"diffVersions": "?from=1&to=7", "primaryConfig": "?software=nsd"}
PDNS = {"kind": "Slave", "masters": ["127.0.0.1"]}


class Row:
    """kind: what stands in the path, of account one ("served": a zone that is).  body: of a request, or a function of
    what stands in the path and of a number, so that names are new.  ok: for who may; others by caller, where they
    differ.  hides: what is not there gets the answer that somebody else's gets."""

    def __init__(self, kind=None, body=None, ok=200, hides=None, **others):
        self.kind, self.body, self.ok, self.others = kind, body, ok, others
        self.hides = bool(kind) if hides is None else hides


def named(form, **more):
    return lambda place, n: {"name": form.format(n), **more}


def of_zone(ok=200, body=None, **others):
    """A zone by its id: others, and keys bound to other zones, do not see it."""
    return Row("zone", body, ok, **{"other": 404, "bound": 404, **others})


def of_served(ok=200, body=None, **others):
    return Row("served", body, ok, **{"other": 404, "bound": 404, **others})


ROWS = {
    "healthz": Row(), "readyz": Row(), "metrics": Row(), "openapi": Row(),
    # zones; what a key is bound to is judged before it is looked whether there is such a zone
    "listZones": Row(), "addZone": Row(body=named("n{}.new.example", **ZONE), ok=201, bound=403),
    "applyZones": Row(body=lambda place, n: {"zones": [{"name": f"b{n}.new.example", **ZONE}]}, bound=403),
    "getZoneByName": of_zone(),
    "putZoneByName": Row("zone", ZONE, hides=False, other=409, bound=403),
    "getZone": of_zone(), "changeZone": of_zone(body={"maxShrink": 50}), "removeZone": of_zone(),
    "refreshZone": of_served(), "retransferZone": of_served(), "holdZone": of_zone(),
    "releaseZone": Row("held", other=404, bound=404),
    "acceptZone": of_served(409), "rollBackZone": of_served(404, {"serial": 77}),
    "listRecords": of_served(), "listVersions": of_served(), "diffVersions": of_served(404),
    "listTransfers": of_served(), "exportZone": of_served(), "primaryConfig": of_zone(),
    "healthOfZones": Row(), "healthOfZone": of_zone(),
    "serverInfo": Row(), "events": Row(),
    # what is the account's: a key that is bound to zones leaves it alone
    "listTsigKeys": Row(), "addTsigKey": Row(body=named("new{}"), ok=201, bound=403),
    "getTsigKey": Row("key", other=404), "removeTsigKey": Row("key", other=404, bound=403),
    "listPrimaries": Row(), "getPrimary": Row("primary", other=404),
    "putPrimary": Row("primary", {"address": "192.0.2.2"}, hides=False, other=201, bound=403, admin=201),
    "removePrimary": Row("primary", other=404, bound=403, admin=404),
    "account": Row(), "listKeys": Row(bound=403), "addKey": Row(body=named("new{}", scope="read"), ok=201, bound=403),
    "removeKey": Row("token", other=404, bound=403), "audit": Row(bound=403),
    "listAccounts": Row(), "addAccount": Row(body=named("new{}"), ok=201), "getAccount": Row("account", other=404, bound=404, read=404, write=404),
    "changeAccount": Row("account", {"zonesMax": 5}), "removeAccount": Row("account"),
    "listNameServers": Row(), "addNameServer": Row(body=named("n{}.example.net"), ok=201, bound=403),
    "removeNameServer": Row("nameserver", other=404, bound=403, admin=404), "listConsents": Row(),
    "addConsent": Row("zone", lambda place, n: {"name": place["name"], "account": place["account"]}, 201, other=404,
                      bound=403, admin=404),
    "removeConsent": Row("consent", other=404, bound=403, admin=404),
    # PowerDNS: zones by name
    "pdnsServers": Row(), "pdnsServer": Row(), "pdnsConfig": Row(), "pdnsStatistics": Row(), "pdnsSearch": Row(),
    "pdnsFlush": Row(), "pdnsAutoprimaries": Row(), "pdnsKeys": Row(),
    # PowerDNS knows keys by name, and a name is an account's: for an admin's key that is its own account's
    "pdnsAddKey": Row(body=named("new{}"), ok=201, bound=403), "pdnsKey": Row("pdnskey", other=404, admin=404),
    "pdnsRemoveKey": Row("pdnskey", ok=204, other=404, bound=403, admin=404),
    "pdnsZones": Row(), "pdnsAddZone": Row(body=named("p{}.new.example.", **PDNS), ok=201, bound=403),
    "pdnsZone": of_zone(), "pdnsPutZone": of_zone(204, PDNS, bound=403), "pdnsPatchZone": of_zone(422, {"rrsets": []}),
    "pdnsRemoveZone": of_zone(204, bound=403), "pdnsRetrieve": of_served(), "pdnsNotify": of_zone(422),
    "pdnsRectify": of_zone(422), "pdnsExport": of_served(), "pdnsMetadata": of_zone(), "pdnsCryptokeys": of_zone(),
}


@pytest.fixture(scope="module")
def tenants(module_lab):
    primary = module_lab.make("nsd")
    primary.add_primary_zone(SERVED, small_zone(SERVED, 7))
    primary.start()
    service = Service(module_lab).start()
    made = Tenants(service, len(routes()))
    settings = {"name": SERVED, "primaries": [{"address": primary.endpoint.address, "port": primary.endpoint.port}]}
    reply = service.call("POST", "/api/zones", settings, key=made.key("write"))
    assert reply.status == 201, reply
    service.ours.wait_serves(SERVED, 7)
    place = {"id": reply.json["id"], "name": SERVED, "zone": SERVED}
    made.make_served = lambda n: place
    return made


def expected(row, route, caller):
    if route.access == "OPEN":
        return row.ok
    if caller in REFUSED_KEYS:
        return 401
    if caller != "admin" and route.access == "ADMIN" or caller == "read" and route.access == "WRITE":
        return 403
    return row.others.get(caller, row.ok)


class Case:
    """One route and what a request to it is made of."""

    def __init__(self, tenants, route):
        self.tenants, self.route, self.row = tenants, route, ROWS[route.id]

    def place(self):
        return {"account": self.tenants.accounts["two"], **self.tenants.make(self.row.kind)}

    def ask(self, caller, place):
        body = self.row.body
        if callable(body):
            body = body(place, next(self.tenants.numbers))
        path = self.route.path.format(**place) + QUERIES.get(self.route.id, "")
        if self.route.makes == "EVENTS":
            status, text = self.tenants.service.first_event(path, self.tenants.key(caller),
                                                             source=self.tenants.source())
            return Shown(status, text.decode())
        reply = self.tenants.call(caller, self.route.method, path, body)
        return Shown(reply.status, reply.text)


class Shown:
    def __init__(self, status, text):
        self.status, self.text = status, text


def test_every_route_has_its_row():
    assert {r.id for r in routes()} == set(ROWS), "routes.def and this table differ"


@pytest.mark.parametrize("route", routes(), ids=lambda r: r.id)
def test_each_caller_gets_what_it_may(tenants, route):
    """Who may not comes first, at one and the same thing: it is there after all of them."""
    case, problems = Case(tenants, route), []
    place = case.place()
    order = [*REFUSED_KEYS, "other", "bound", "read", "write", "admin"]
    for caller in order:
        want = expected(case.row, route, caller)
        if 200 <= want < 300 and route.method != "GET" and case.row.kind not in (None, "served"):
            place = case.place()
        shown = case.ask(caller, place)
        if shown.status != want:
            problems.append(f"{caller}: {shown.status}, expected {want}: {shown.text[:200]}")
        if want in (401, 403, 404, 409, 422) and '"error"' not in shown.text:
            problems.append(f"{caller}: {want} without words: {shown.text[:100]!r}")
    assert not problems, f"{route.method} {route.path}\n" + "\n".join(problems)


@pytest.mark.parametrize("route", [r for r in routes() if ROWS.get(r.id, Row()).hides], ids=lambda r: r.id)
def test_another_tenants_things_are_as_if_they_were_not(tenants, route):
    case = Case(tenants, route)
    mine, nothing = case.place(), tenants.nothing(case.row.kind)

    def seen(place):
        shown = case.ask("other", place)
        for name in ("id", "name", "zone", "label"):
            if place.get(name):
                shown.text = shown.text.replace(place[name], f"<{name}>")
        return shown.status, shown.text.replace("<zone>", "<name>")
    assert seen(mine) == seen(nothing)


@pytest.mark.parametrize("route", [r for r in routes() if r.method == "GET" and "{" not in r.path
                                   and r.access in ("READ", "METRICS") and r.makes != "EVENTS"], ids=lambda r: r.id)
def test_no_list_shows_anything_of_another_tenant(tenants, route):
    """Everything that is in place for account one has "one.example" or one of these labels."""
    labels = [tenants.make(kind) for kind in ("zone", "key", "primary", "token", "nameserver", "consent")]
    words = {"one.example", tenants.accounts["one"], *(v for p in labels for k, v in p.items() if k != "account")}
    reply = tenants.call("other", "GET", route.path)
    assert reply.status == 200, reply
    found = sorted(w for w in words if f'"{w}' in reply.text or w in reply.text and "." in w)
    assert not found, f"{found} in {reply.text[:500]}"


@pytest.mark.parametrize("path", ["/api/zones", "/api/health/zones", "/api/v1/servers/localhost/zones"])
def test_a_key_that_is_bound_to_zones_sees_no_others(tenants, path):
    name = tenants.make("zone")["name"]
    assert name in tenants.call("read", "GET", path).text
    assert "one.example" not in tenants.call("bound", "GET", path).text


def test_a_key_that_is_bound_to_zones_does_everything_with_them(tenants):
    for _ in range(2):
        reply = tenants.call("bound", "PUT", "/api/zones/by-name/elsewhere.example", ZONE)
        assert reply.status in (200, 201), reply
    zone = reply.json["id"]
    assert [z["id"] for z in tenants.call("bound", "GET", "/api/zones").json] == [zone]
    assert tenants.call("bound", "PATCH", f"/api/zones/{zone}", {"maxShrink": 20}).status == 200
    assert tenants.call("bound", "POST", f"/api/zones/{zone}/refresh").status == 200
    assert tenants.call("bound", "DELETE", f"/api/zones/{zone}").status == 200


def test_a_key_that_is_bound_to_zones_does_not_replace_all(tenants):
    zone = tenants.make("zone")
    body = {"zones": [{"name": "elsewhere.example", **ZONE}], "replace": True, "force": True}
    assert tenants.call("bound", "POST", "/api/zones:batch", body).status == 403
    assert tenants.call("read", "GET", f"/api/zones/{zone['id']}").status == 200


def test_a_key_that_is_bound_to_a_primary_reaches_zones_of_it_only(tenants):
    made = tenants.call("admin", "POST", "/api/keys", {"name": "of a primary", "scope": "write", "primaryAddress": "127.0.0.2",
                                                       "account": tenants.accounts["one"]})
    assert made.status == 201, made
    key, zone, settings = made.json["key"], tenants.make("zone"), {"masterIp": "127.0.0.2"}

    def call(method, path, body=None):
        return tenants.service.call(method, path, body, key=key)
    by_id, by_name = f"/api/zones/{zone['id']}", f"/api/zones/by-name/{zone['name']}"
    for method, path, body, status in (
            ("GET", by_id, None, 404), ("GET", by_name, None, 404), ("PATCH", by_id, {"maxShrink": 20}, 404),
            ("DELETE", by_id, None, 404), ("PUT", by_name, settings, 404), ("POST", f"{by_id}/hold", None, 404),
            ("GET", f"{by_id}/export", None, 404), ("POST", "/api/zones", {"name": "x.new.example", **ZONE}, 403),
            ("POST", "/api/zones:batch", {"zones": [{"name": zone["name"], **settings}]}, 403),
            ("POST", "/api/zones:batch", {"zones": [], "replace": True, "force": True}, 403)):
        reply = call(method, path, body)
        assert reply.status == status, f"{method} {path} {body}: {reply}"
    assert zone["name"] not in call("GET", "/api/zones").text
    own = call("POST", "/api/zones", {"name": "own.new.example", **settings})
    assert own.status == 201 and [z["name"] for z in call("GET", "/api/zones").json] == ["own.new.example"]
    for action in ("hold", "release", "refresh"):
        assert call("POST", f"/api/zones/{own.json['id']}/{action}").status == 200
    assert call("PATCH", f"/api/zones/{own.json['id']}", {"masterIp": "127.0.0.1"}).status == 403
    assert call("DELETE", f"/api/zones/{own.json['id']}").status == 200


def test_a_name_that_is_taken_does_not_tell_by_whom(tenants):
    name = tenants.make("zone")["name"]
    reply = tenants.call("other", "POST", "/api/zones", {"name": name, **ZONE})
    assert reply.status == 409
    for word in ("one", tenants.accounts["one"], "write"):
        assert word not in reply.text.replace(name, "").split(), reply


def test_an_account_can_not_act_for_another(tenants):
    one = tenants.accounts["one"]
    for method, path, body in (
            ("POST", "/api/zones", {"name": "new.example", **ZONE, "account": one}),
            ("POST", "/api/tsig-keys", {"name": "stolen", "account": one}),
            ("PUT", "/api/primaries/stolen", {"address": "192.0.2.1", "account": one}),
            ("POST", "/api/keys", {"name": "stolen", "scope": "read", "account": one}),
            ("POST", "/api/name-servers", {"name": "ns.stolen.example", "account": one}),
            ("GET", f"/api/zones?account={one}", None), ("GET", f"/api/audit?account={one}", None),
            ("GET", f"/api/health/zones?account={one}", None)):
        reply = tenants.call("other", method, path, body)
        assert reply.status == 404, f"{method} {path}: {reply}"
    assert tenants.call("write", "POST", "/api/keys", {"name": "more", "scope": "admin"}).status in (403, 409)
