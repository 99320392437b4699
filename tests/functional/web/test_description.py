"""The description of the API and the server say the same, both ways; and who may what, route by route."""
import pathlib
import re

import pytest

from .description import Description, fill
from .server import ADMIN, OTHER, READ, WRITE

ROOT = pathlib.Path(__file__).resolve().parents[3]
SCOPES = {"read": 0, "write": 1, "admin": 2}
BODIES = {  # of each route with a body, one that is right
    "addZone": {"name": "new.example", "masterIp": "192.0.2.1"},
    "applyZones": {"zones": [{"name": "new.example", "masterIp": "192.0.2.1"}]},
    "putZoneByName": {"masterIp": "192.0.2.1"}, "changeZone": {"maxShrink": 5}, "rollBackZone": {"serial": 5},
    "addTsigKey": {"name": "new"}, "putPrimary": {"address": "192.0.2.1"}, "addKey": {"name": "new", "scope": "read"},
    "addAccount": {"name": "new"}, "changeAccount": {"plan": "x"}, "addNameServer": {"name": "new.example"},
    "addConsent": {"name": "new.example", "account": "two"}, "pdnsAddKey": {"name": "newer"},
    "pdnsAddZone": {"name": "newer.example.", "kind": "Slave", "masters": ["192.0.2.1"]},
    "pdnsPutZone": {"masters": ["192.0.2.2"]}, "pdnsPatchZone": {"rrsets": []},
}
QUERIES = {"diffVersions": "?from=5&to=7", "primaryConfig": "?software=bind", "pdnsSearch": "?q=x"}


@pytest.fixture
def stocked(web):
    """One thing of each kind, of account one; the values that paths need."""
    zone = web.add("example.com")
    web.daemon.zones["example.com"]["status"].update(state="active", serial=7, primary_serial=7, reason="none")
    key = web.post("/api/tsig-keys", {"name": "k1"}).json
    token = web.post("/api/keys", {"name": "t1", "scope": "read"}).json
    account = web.post("/api/accounts", {"name": "customer"}, key=ADMIN).json
    web.put("/api/primaries/example.com", {"address": "192.0.2.1"})
    web.post("/api/name-servers", {"name": "example.com"})
    web.post("/api/consents", {"name": "example.com", "account": "two"})
    ids = {"/api/tsig-keys": key["id"], "/api/keys": token["id"], "/api/accounts": account["id"],
           "/api/v1/servers/localhost/tsigkeys": "k1."}

    def path_of(path):
        own = next((v for p, v in ids.items() if path.startswith(p + "/")), zone["id"])
        return fill(path, {"id": own, "name": "example.com", "zone": "example.com.", "account": "two"})
    web.path_of = path_of
    return web


def describe(web):
    return Description(web.get("/api/openapi.json", key=None).json)


def call(web, method, path, operation, key):
    name = operation["operationId"]
    return web.call(method, web.path_of(path) + QUERIES.get(name, ""), BODIES.get(name), key=key, timeout=30)


def test_the_server_gives_the_description_that_is_documented(web):
    text = (ROOT / "docs/formats/api.yaml").read_text()
    document = web.get("/api/openapi.json", key=None).json
    assert document["openapi"] == "3.1.0"
    paths = re.findall(r'^  "(/[^"]*)":$', text, re.M)
    assert set(paths) == set(document["paths"])
    names = re.findall(r'operationId: "(\w+)"', text)
    assert sorted(names) == sorted(o["operationId"] for _, _, o in Description(document).operations())


def test_every_described_operation_is_served_as_described(stocked):
    description = describe(stocked)
    removals = [o for o in description.operations() if o[0] == "DELETE"]
    others = [o for o in description.operations() if o[0] != "DELETE"]
    for method, path, operation in others + removals:
        if operation["operationId"] == "events":
            continue
        reply = call(stocked, method, path, operation, ADMIN)
        refused = operation["operationId"] in ("pdnsNotify", "pdnsRectify", "pdnsPatchZone")
        assert reply.status == 422 if refused else reply.status in (200, 201, 204) or method == "DELETE", \
            (method, path, reply.status, reply.text)
        json = reply.json if reply.headers.get_content_type() == "application/json" and reply.body else None
        description.check(operation, reply.status, reply.headers, json)


def test_every_row_of_the_table_is_described_and_nothing_else_is_served(web):
    document = web.get("/api/openapi.json", key=None).json
    rows = re.findall(r'^ROUTE\((\w+), "([^"]+)"', (ROOT / "src/web/routes.def").read_text(), re.M)
    described = {(m.upper(), p) for p, methods in document["paths"].items() for m in methods}
    assert set(rows) == described
    for path, methods in document["paths"].items():
        reply = web.call("OPTIONS", fill(path, {}))
        allowed = {m for m in reply.headers["Allow"].split(", ") if m != "HEAD"}
        assert reply.status == 204 and allowed == {m.upper() for m in methods}, path


def test_who_may_what_route_by_route(stocked):
    """Every route × no key, a wrong one, another account's, read, write."""
    checked = 0
    for method, path, operation in describe(stocked).operations():
        scope, name = operation.get("x-scope"), operation["operationId"]
        if name in ("healthz", "readyz", "openapi"):
            assert call(stocked, method, path, operation, None).status == 200
            continue
        if name == "events":
            scope = "admin"  # it does not end: only refusals are looked at here
        assert call(stocked, method, path, operation, None).status == 401, path
        assert call(stocked, method, path, operation, "ust_unknown").status in (401, 429), path
        stocked.daemon.asked.clear()
        if scope and name != "events" and SCOPES[scope] > SCOPES["read"]:
            assert call(stocked, method, path, operation, READ).status == 403, path
        if scope == "admin" and name != "events":
            assert call(stocked, method, path, operation, WRITE).status == 403, path
        own = "{id}" in path or "{zone}" in path or "{name}" in path
        if own and scope != "admin" and method != "PUT" and "/primaries" not in path:
            assert call(stocked, method, path, operation, OTHER).status == 404, (method, path)
        checked += 1
    assert checked > 60


def test_another_accounts_things_are_not_in_any_list(stocked):
    for path in ("/api/zones", "/api/health/zones", "/api/tsig-keys", "/api/keys", "/api/primaries", "/api/name-servers",
                 "/api/consents", "/api/v1/servers/localhost/zones", "/api/v1/servers/localhost/tsigkeys"):
        body = stocked.get(path, key=OTHER).json
        assert (body["zones"] if isinstance(body, dict) else body) == [], path
