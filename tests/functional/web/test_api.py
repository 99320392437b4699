"""What the API has beyond SecondDNS's: options of zones, versions, batches, pages, content, keys, accounts."""
import json

import pytest

from .server import ADMIN, OTHER, READ


def asked(web, request):
    return [r for r in web.daemon.asked if r["request"] == request]


# -- zones

def test_primaries_have_ports_keys_and_tls(web):
    primaries = [{"address": "192.0.2.1", "port": 5300, "tsigKeyId": "k1", "requestIxfr": False},
                 {"address": "2001:db8::1", "tls": {"mode": "strict", "name": "ns.example", "plainPort": 54}},
                 {"address": "192.0.2.9"}, {"name": "central"},
                 {"addresses": [{"address": "192.0.2.7"}, {"address": "192.0.2.8", "port": 53}], "source": "192.0.2.5"}]
    zone = web.post("/api/zones", {"name": "example.com", "primaries": primaries})
    assert zone.status == 201, zone.text
    assert web.daemon.zones["example.com"]["settings"]["primaries"] == [
        {"address": "192.0.2.1@5300", "key": "k1", "request-ixfr": "no"},
        {"address": "2001:db8::1", "tls": {"mode": "strict", "name": "ns.example", "plain-port": 54}},
        "192.0.2.9", "central", {"addresses": ["192.0.2.7", "192.0.2.8@53"], "source": "192.0.2.5"}]
    assert zone.json["primaries"] == primaries and zone.json["masterIp"] == "192.0.2.1"


@pytest.mark.parametrize("primary, field", [
    ({}, "primaries[0]"), ({"address": "192.0.2.1", "name": "x"}, "primaries[0]"), ({"address": "x"}, "primaries[0].address"),
    ({"address": "192.0.2.1", "port": 0}, "primaries[0].port"), ({"address": "192.0.2.1", "key": "k"}, "primaries[0].key"),
    ({"address": "192.0.2.1", "tls": {"ca": "/etc/passwd"}}, "primaries[0].tls.ca"),
    ({"address": "192.0.2.1", "tls": {"certificate": "/etc/x"}}, "primaries[0].tls.certificate"),
    ({"name": "x", "port": 53}, "primaries[0].name")])
def test_wrong_primaries_are_named(web, primary, field):
    reply = web.post("/api/zones", {"name": "example.com", "primaries": [primary]})
    assert reply.status == 422 and field in [f["field"] for f in reply.json["faults"]], reply.text


def test_options_are_those_of_the_configuration_in_camel_case(web):
    zone = web.add("example.com", maxShrink=20, allowTransfer=["192.0.2.0/24", "key:k1"], requestIxfr=False,
                   zonemd="required", refreshMin=60)
    assert web.daemon.zones["example.com"]["settings"] == {
        "primaries": ["192.0.2.1"], "max-shrink": 20, "allow-transfer": ["192.0.2.0/24", "key:k1"],
        "request-ixfr": "no", "zonemd": "required", "refresh-min": 60}
    assert zone["maxShrink"] == 20 and zone["requestIxfr"] is False and zone["allowTransfer"][1] == "key:k1"
    changed = web.patch(f"/api/zones/{zone['id']}", {"maxShrink": None, "zonemd": "off"}).json
    assert "maxShrink" not in changed and changed["zonemd"] == "off" and changed["refreshMin"] == 60


def test_commands_and_paths_of_the_server_are_no_options_here(web):
    reply = web.post("/api/zones", {"name": "a.example", "masterIp": "192.0.2.1", "checkCommand": ["/bin/sh"]})
    assert reply.status == 422 and reply.json["faults"][0]["field"] == "checkCommand"


def test_faults_of_the_daemon_name_fields_as_the_api_does(web):
    faults = [{"field": "settings.primaries[0].key", "text": "no such key"}, {"field": "settings.allow-transfer", "text": "x"},
              {"field": "zones[2].settings.max-shrink", "text": "y"}]
    web.daemon.overrides["zone.add"] = lambda _: [{"ok": False, "code": "invalid", "error": "e", "faults": faults}]
    reply = web.post("/api/zones", {"name": "a.example", "masterIp": "192.0.2.1"})
    assert reply.status == 422
    assert [f["field"] for f in reply.json["faults"]] == ["primaries[0].tsigKeyId", "allowTransfer", "zones[2].maxShrink"]


def test_put_makes_and_changes_and_does_nothing_twice(web):
    body = {"masterIp": "192.0.2.1", "maxShrink": 5}
    first = web.put("/api/zones/by-name/example.com", body)
    again = web.put("/api/zones/by-name/example.com", body)
    other = web.put("/api/zones/by-name/example.com", {"masterIp": "192.0.2.2"})
    assert [r.status for r in (first, again, other)] == [201, 200, 200]
    assert [r.json["version"] for r in (first, again, other)] == [1, 1, 2] and "maxShrink" not in other.json


def test_a_change_of_what_was_read_before_another_is_refused(web):
    zone = web.add("example.com")
    path = f"/api/zones/{zone['id']}"
    etag = web.get(path).headers["ETag"]
    assert web.patch(path, {"maxShrink": 5}, headers={"If-Match": etag}).status == 200
    assert web.patch(path, {"maxShrink": 6}, headers={"If-Match": etag}).status == 412
    assert web.delete(path, headers={"If-Match": etag}).status == 412
    assert web.put("/api/zones/by-name/example.com", {"masterIp": "1.1.1.1"}, headers={"If-Match": etag}).status == 412
    assert web.patch(path, {"maxShrink": 6}, headers={"If-Match": "W/\"2\""}).status == 412
    assert web.delete(path, headers={"If-Match": "*"}).status == 200


@pytest.mark.parametrize("verb", ["refresh", "retransfer", "hold", "release", "accept"])
def test_operations_are_asked_of_the_daemon(web, verb):
    zone = web.add("example.com")
    assert web.post(f"/api/zones/{zone['id']}/{verb}").json == {"success": True}
    assert asked(web, f"zone.{verb}")[0]["id"] == zone["id"]
    assert web.post(f"/api/zones/{zone['id']}/{verb}", key=READ).status == 403
    assert web.post(f"/api/zones/{zone['id']}/{verb}", key=OTHER).status == 404


def test_roll_back_needs_a_version_that_is_there(web):
    path = f"/api/zones/{web.add('example.com')['id']}/rollback"
    assert web.post(path, {"serial": 5}).status == 200
    assert web.post(path, {"serial": 6}).status == 409
    assert web.post(path, {"serial": -1}).status == 422 and web.post(path, {}).status == 422
    assert web.post(path).status == 400


# -- batches

def test_a_batch_is_all_or_nothing(web):
    zones = [{"name": f"z{i}.example", "masterIp": "192.0.2.1"} for i in range(10)]
    reply = web.post("/api/zones:batch", {"zones": zones})
    assert reply.status == 200 and reply.json["added"] == 10
    reply = web.post("/api/zones:batch", {"zones": [*zones, {"name": "new.example", "masterIp": "x"}]})
    assert reply.status == 422 and reply.json["faults"][0]["field"] == "zones[10].masterIp"
    assert len(web.daemon.zones) == 10


def test_a_batch_that_removes_most_needs_force(web):
    zones = [{"name": f"z{i}.example", "masterIp": "192.0.2.1"} for i in range(10)]
    web.post("/api/zones:batch", {"zones": zones})
    few = {"zones": zones[:4], "replace": True}
    assert web.post("/api/zones:batch", few).status == 409
    assert web.post("/api/zones:batch", {**few, "force": True}).json["removed"] == 6


def test_a_batch_may_be_large(web):
    zones = [{"name": f"zone-with-a-long-name-{i}.example", "masterIp": "192.0.2.1"} for i in range(20000)]
    reply = web.post("/api/zones:batch", {"zones": zones}, timeout=60)
    assert reply.status == 200 and reply.json["added"] == 20000


# -- lists

def test_pages_lead_to_each_other_and_all_zones_are_there_once(web):
    names = [f"z{i:03}.example" for i in range(25)]
    web.post("/api/zones:batch", {"zones": [{"name": n, "masterIp": "192.0.2.1"} for n in names]})
    path, found, pages = "/api/zones?limit=10&q=z", [], 0
    while path:
        reply = web.get(path)
        assert reply.status == 200 and reply.headers["X-Total-Count"] == "25"
        found += [z["name"] for z in reply.json]
        pages += 1
        link = reply.headers["Link"]
        path = link.partition("<")[2].partition(">")[0] if link else None
        assert not path or ("q=z" in path and link.endswith('; rel="next"'))
    assert found == names and pages == 3


def test_a_list_without_limit_is_sent_whole(web):
    names = [f"z{i:05}.example" for i in range(3000)]
    for name in names:
        web.daemon.make(name, {"primaries": ["192.0.2.1"]}, "one")
    assert [z["name"] for z in web.get("/api/zones", timeout=60).json] == names
    assert all(r["limit"] <= 200 for r in asked(web, "zone.page"))
    assert web.call("HEAD", "/api/zones").status == 200


def test_lists_are_filtered(web):
    web.add("a.example")
    web.add("b.example")
    web.daemon.zones["b.example"]["status"]["state"] = "active"
    assert [z["name"] for z in web.get("/api/zones?q=a.ex").json] == ["a.example"]
    assert [z["name"] for z in web.get("/api/zones?status=active").json] == ["b.example"]


@pytest.mark.parametrize("query", ["limit=0", "limit=1001", "limit=x", "limit=", "limit=-1", "status=good", "colour=red",
                                   "limit=1%202", "limit=99999999999999999999"])
def test_wrong_parameters_are_refused(web, query):
    assert web.get(f"/api/zones?{query}").status == 422


# -- content

def served(web):
    zone = web.add("example.com")
    web.daemon.zones["example.com"]["status"]["serial"] = 7
    return f"/api/zones/{zone['id']}"


def test_records_are_paged(web):
    path = served(web)
    first = web.get(f"{path}/records?limit=2")
    assert [r["name"] for r in first.json] == ["h0", "h1"]
    assert [r["name"] for r in web.get(f"{path}/records").json] == [f"h{i}" for i in range(5)]
    web.get(f"{path}/records?q=www&type=AAAA")
    assert asked(web, "zone.records")[-1]["text"] == "www" and asked(web, "zone.records")[-1]["type"] == "AAAA"


def test_versions_differences_and_transfers_are_shown(web):
    path = served(web)
    versions = web.get(f"{path}/versions").json
    assert versions == [{"serial": 5, "served": False},
                        {"serial": 7, "from": 5, "time": "2026-04-16T13:00:00Z", "served": True}]
    assert web.get(f"{path}/diff?from=5&to=7").json == [{"change": "removed", "record": "www 300 A 192.0.2.1"},
                                                        {"change": "added", "record": "www 300 A 192.0.2.2"}]
    assert asked(web, "zone.diff")[0]["from"] == 5
    assert web.get(f"{path}/diff?from=5&to=7&format=text").text == "- www 300 A 192.0.2.1\n+ www 300 A 192.0.2.2\n"
    assert web.get(f"{path}/diff?from=5").status == 422 and web.get(f"{path}/diff?from=x&to=1").status == 422
    assert web.get(f"{path}/transfers").json[0]["time"] == "2026-04-16T13:00:00Z"


def test_an_export_is_the_whole_zone_file(web):
    path = served(web)
    reply = web.get(f"{path}/export", timeout=60)
    assert reply.status == 200 and reply.headers["Content-Type"].startswith("text/plain")
    assert reply.body == b"; example.com\n" + b"x 300 A 192.0.2.1\n" * 500000
    web.daemon.zones["example.com"]["status"]["serial"] = None
    assert web.get(f"{path}/export").status == 404


def test_an_export_that_breaks_off_is_seen_to(web):
    path = served(web)
    web.daemon.overrides["zone.export"] = lambda _: iter([{"ok": True, "result": "a\n", "more": True},
                                                          {"ok": False, "code": "failed", "error": "gone"}])
    with pytest.raises(Exception):
        web.get(f"{path}/export")


# -- keys, primaries, accounts

def test_tsig_keys_show_their_secret_once(web):
    made = web.post("/api/tsig-keys", {"name": "k1", "algorithm": "hmac-sha512"})
    assert made.status == 201 and made.json["secret"]
    assert web.post("/api/tsig-keys", {"name": "k1"}).status == 409
    one = web.get(f"/api/tsig-keys/{made.json['id']}").json
    assert one["algorithm"] == "hmac-sha512" and "secret" not in one and "secret" not in web.get("/api/tsig-keys").text
    assert web.get(f"/api/tsig-keys/{made.json['id']}", key=OTHER).status == 404
    assert web.delete(f"/api/tsig-keys/{made.json['id']}").json == {"success": True}
    assert web.post("/api/tsig-keys", {"name": "k2", "algorithm": "rot13"}).status == 422


def test_api_keys_are_made_shown_once_and_ended(web):
    made = web.post("/api/keys", {"name": "panel", "scope": "read", "expiresAt": "2030-01-01T00:00:00Z",
                                  "primaryAddress": "192.0.2.1"})
    assert made.status == 201
    key = made.json["key"]
    assert asked(web, "token.add")[0]["expires_at"] == 1893456000 and asked(web, "token.add")[0]["primary"] == "192.0.2.1"
    assert web.get("/api/zones", key=key).status == 200 and web.post("/api/zones", {}, key=key).status in (403, 422)
    assert key not in web.get("/api/keys").text
    assert web.delete(f"/api/keys/{made.json['id']}").status == 200
    assert web.get("/api/account", key=READ).json == {"account": "one", "scope": "read"}


def test_primaries_are_kept_by_name(web):
    reply = web.put("/api/primaries/central", {"address": "192.0.2.1", "port": 5300, "tsigKeyId": "k"})
    assert reply.status == 201, reply.text
    assert asked(web, "primary.put")[0]["settings"] == {"address": "192.0.2.1@5300", "key": "k"}
    one = web.get("/api/primaries/central").json
    assert one["name"] == "central" and one["address"] == "192.0.2.1" and one["tsigKeyId"] == "k"
    assert [p["name"] for p in web.get("/api/primaries").json] == ["central"]
    assert web.put("/api/primaries/central", {}).status == 422
    assert web.delete("/api/primaries/central").status == 200 and web.get("/api/primaries/central").status == 404


def test_accounts_are_the_admins(web):
    body = {"name": "customer", "zonesMax": 10, "endsAt": "2030-01-01T00:00:00Z"}
    assert web.post("/api/accounts", body).status == 403
    made = web.post("/api/accounts", body, key=ADMIN)
    assert made.status == 201 and made.json["zonesMax"] == 10 and made.json["endsAt"] == "2030-01-01T00:00:00Z"
    path = f"/api/accounts/{made.json['id']}"
    assert web.patch(path, {"zonesMax": 20}, key=ADMIN).json["zonesMax"] == 20
    assert web.delete(path, key=ADMIN).status == 200 and web.get(path, key=ADMIN).status == 404


def test_changes_are_listed_the_newest_first(web):
    first = web.get("/api/audit?limit=4")
    assert [r["id"] for r in first.json] == [9, 8, 7, 6] and "cursor=6" in first.headers["Link"]
    assert [r["id"] for r in web.get("/api/audit?limit=4&cursor=6").json] == [5, 4, 3, 2]
    assert web.get("/api/audit?cursor=x").status == 422


def test_own_names_and_consents(web):
    assert web.post("/api/name-servers", {"name": "ns1.customer.example"}).status == 201
    assert [n["name"] for n in web.get("/api/name-servers").json] == ["ns1.customer.example"]
    assert web.delete("/api/name-servers/ns1.customer.example").status == 200
    consent = {"name": "example.com", "account": "two"}
    assert web.post("/api/consents", consent).status == 201 and web.get("/api/consents").json == [consent]
    assert web.delete("/api/consents/example.com/two").status == 200


def test_lines_for_the_primary_are_told(web):
    path = served(web)
    answer = web.get(f"{path}/primary-config?software=bind&previous=true").json
    assert answer == {"title": "BIND", "parts": [{"where": "named.conf", "lines": "x"}]}
    assert asked(web, "primary.config")[0]["previous"] is True and asked(web, "primary.config")[0]["software"] == "bind"
    assert web.get(f"{path}/primary-config").status == 422


# -- metrics

def test_metrics_are_prometheus_text(web):
    web.add("example.com")
    web.daemon.zones["example.com"]["status"].update(serial=7, expire_at=1800000000)
    reply = web.get("/metrics")
    lines = reply.text.splitlines()
    assert reply.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    for line in ("understudy_serve_queries_total 5", 'understudy_attempts_failed_by_total{reason="timeout"} 3',
                 'understudy_zone_serial{zone="example.com"} 7', 'understudy_zones_by_state{state="active"} 1',
                 'understudy_zone_expire_timestamp_seconds{zone="example.com"} 1800000000'):
        assert line in lines, reply.text
    assert 'understudy_zones_by_health{health="synced"} 1' in lines and "understudy_uptime 9" in lines
    assert web.get("/metrics", key=None).status == 401


def test_open_metrics_tell_little_without_a_key(make_web):
    web = make_web(metrics="open")
    web.add("example.com")
    reply = web.get("/metrics", key=None)
    assert reply.status == 200 and "understudy_zones_configured 1" in reply.text and "example.com" not in reply.text
    assert 'zone="example.com"' in web.get("/metrics").text
    assert web.get("/metrics", key="wrong").status == 401


def test_secrets_are_not_in_the_log(web):
    web.post("/api/tsig-keys", {"name": "k1", "secret": "c2VjcmV0c2VjcmV0"})
    key = web.post("/api/keys", {"name": "n", "scope": "read"}).json["key"]
    web.get("/api/zones", key=key)
    log = web.process.log_text()
    assert key not in log and "c2VjcmV0" not in log and "ust_write" not in log and json.dumps("web.request")[1:-1] in log
