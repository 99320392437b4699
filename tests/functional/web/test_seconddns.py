"""SecondDNS's API as its clients use it: paths, fields, words, status codes."""
import time

from .server import OTHER, READ


def serve(web, name, state="active", serial=2024041502, primary_serial=2024041502, reason="none", since=None):
    """What the daemon says of the zone from now on."""
    web.daemon.zones[name]["status"].update(
        state=state, serial=serial, primary_serial=primary_serial, reason=reason, since=since, records=12,
        checked_at=1776344400)


def test_a_zone_is_added_and_pending(web):
    reply = web.post("/api/zones", {"name": "example.com", "masterIp": "1.2.3.4"})
    assert reply.status == 201
    zone = reply.json
    assert zone["name"] == "example.com" and zone["status"] == "pending" and zone["masterIp"] == "1.2.3.4"
    assert isinstance(zone["id"], str) and reply.headers["Location"] == f"/api/zones/{zone['id']}"
    assert web.daemon.zones["example.com"]["settings"] == {"primaries": ["1.2.3.4"]}


def test_zones_are_listed_with_their_fields(web):
    added = web.add("example.com")
    serve(web, "example.com")
    reply = web.get("/api/zones")
    assert reply.status == 200
    zone, = reply.json
    expected = {"id": added["id"], "name": "example.com", "masterIp": "192.0.2.1", "status": "active",
                "serial": 2024041502, "recordCount": 12, "healthStatus": "synced", "masterSerial": "2024041502",
                "ourSerial": "2024041502", "lastSync": "2026-04-16T13:00:00Z", "lastError": None}
    assert {k: zone[k] for k in expected} == expected


def test_a_zone_is_found_by_name_in_any_spelling(web):
    zone = web.add("xn--bcher-kva.example")
    for name in ("xn--bcher-kva.example", "XN--Bcher-KVA.Example.", "b%C3%BCcher.example", "B%C3%9CCHER.EXAMPLE."):
        reply = web.get(f"/api/zones/by-name/{name}")
        assert reply.status == 200 and reply.json["id"] == zone["id"], name
    assert web.get("/api/zones/by-name/other.example").status == 404


def test_names_are_added_as_a_labels(web):
    assert web.add("Bücher.Example.")["name"] == "xn--bcher-kva.example"
    assert web.post("/api/zones", {"name": "ü" * 70 + ".example", "masterIp": "1.2.3.4"}).status == 422


def test_another_master_is_set(web):
    zone = web.add("example.com")
    reply = web.patch(f"/api/zones/{zone['id']}", {"masterIp": "5.6.7.8"})
    assert reply.status == 200 and reply.json["id"] == zone["id"] and reply.json["masterIp"] == "5.6.7.8"
    assert reply.json["status"] == "pending"


def test_a_zone_is_removed(web):
    zone = web.add("example.com")
    reply = web.delete(f"/api/zones/{zone['id']}")
    assert (reply.status, reply.json) == (200, {"success": True})
    assert web.get(f"/api/zones/{zone['id']}").status == 404
    assert web.delete(f"/api/zones/{zone['id']}").status == 404


def test_a_name_that_is_taken_is_a_conflict_that_tells_nothing(web):
    web.add("example.com")
    mine = web.post("/api/zones", {"name": "example.com", "masterIp": "9.9.9.9"})
    other = web.post("/api/zones", {"name": "example.com", "masterIp": "9.9.9.9"}, key=OTHER)
    assert mine.status == other.status == 409 and mine.json == other.json
    assert web.get("/api/zones/by-name/example.com", key=OTHER).status == 404


def test_who_has_no_key_or_a_wrong_one_is_told_so(web):
    for headers in ({}, {"X-API-Key": "wrong"}, {"X-API-Key": "with blank"}, {"X-API-Key": "x" * 1000},
                    {"Authorization": "Basic dTpw"}, {"Authorization": "Bearer "}):
        reply = web.get("/api/zones", key=None, headers=headers)
        assert reply.status == 401 and "error" in reply.json and "WWW-Authenticate" in reply.headers


def test_a_bearer_token_is_a_key_too(web):
    assert web.get("/api/zones", key=None, headers={"Authorization": f"Bearer {READ}"}).status == 200


def test_a_read_key_changes_nothing(web):
    assert web.post("/api/zones", {"name": "example.com", "masterIp": "1.2.3.4"}, key=READ).status == 403
    assert web.daemon.zones == {}


def test_invalid_zones_are_422_with_every_fault(web):
    reply = web.post("/api/zones", {"name": 5, "masterIp": "nowhere", "colour": "red"})
    assert reply.status == 422
    assert {f["field"] for f in reply.json["faults"]} == {"name", "masterIp", "colour"}
    assert web.post("/api/zones", {"name": "example.com"}).status == 422
    reply = web.post("/api/zones", {"name": "example.com", "masterIp": "1.2.3.4", "maxShrink": 100})
    assert reply.status == 422 and reply.json["faults"] == [{"field": "maxShrink", "text": "1 to 99"}]


def test_more_requests_than_allowed_are_429(make_web):
    web = make_web(requests_per_minute=5)
    replies = [web.get("/api/zones") for _ in range(7)]
    assert [r.status for r in replies] == [200] * 5 + [429] * 2
    assert 1 <= int(replies[-1].headers["Retry-After"]) <= 60
    assert replies[1].headers["RateLimit-Remaining"] == "3" and replies[1].headers["RateLimit-Limit"] == "5"
    assert web.get("/api/zones", key=READ).status == 200


def test_guesses_of_keys_are_limited_by_address(web):
    statuses = [web.get("/api/zones", key=f"guess{i}").status for i in range(70)]
    assert statuses == [401] * 60 + [429] * 10
    assert len([r for r in web.daemon.asked if r["request"] == "zone.page"]) == 60


# -- health

def test_health_has_a_summary_and_the_zones(web):
    for name in ("a.example", "b.example"):
        web.add(name)
        serve(web, name)
    serve(web, "b.example", state="stale", primary_serial=2024041503, reason="behind", since=int(time.time()) - 8100)
    body = web.get("/api/health/zones").json
    assert body["summary"] == {"total": 2, "synced": 1, "stale": 1, "masterUnreachable": 0, "pending": 0, "error": 0}
    assert [z["healthStatus"] for z in body["zones"]] == ["synced", "stale"]
    one = web.get("/api/health/zones/b.example").json
    assert one["name"] == "b.example" and one["healthStatus"] == "stale" and one["masterSerial"] == "2024041503"
    assert web.get("/api/health/zones/c.example").status == 404


def line(web, path="/api/health/zones"):
    reply = web.get(f"{path}{'&' if '?' in path else '?'}format=nagios")
    assert reply.status == 200 and reply.headers["Content-Type"].startswith("text/plain")
    return reply.text


def test_nagios_is_told_that_all_is_well(web):
    for i in range(5):
        web.add(f"z{i}.example")
        serve(web, f"z{i}.example")
    assert line(web) == "OK - all 5 zones synced\n"


def test_nagios_is_warned_of_a_stale_zone(web):
    web.add("example.com")
    serve(web, "example.com", "stale", 2024041501, 2024041503, "behind", int(time.time()) - 135 * 60)
    text = "WARNING - example.com stale 135min master=2024041503 ours=2024041501 | stale_min=135;120;360\n"
    assert line(web) == text and line(web, "/api/health/zones/example.com") == text


def test_nagios_is_alarmed_by_a_primary_that_is_away(web):
    web.add("broken.net")
    since = int(time.time()) - 390 * 60
    serve(web, "broken.net", "stale", 1, 1, "timeout", since)
    moment = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(since))
    text = f"CRITICAL - broken.net master_unreachable since {moment} | stale_min=390;120;360\n"
    assert line(web) == text and line(web, "/api/health/zones/broken.net") == text


def test_nagios_bounds_can_be_chosen(web):
    web.add("example.com")
    serve(web, "example.com", "stale", 1, 2, "behind", int(time.time()) - 10 * 60)
    assert line(web).startswith("OK - 0 of 1 zones synced, 1 not yet late | stale_min=10;120;360")
    assert line(web, "/api/health/zones?warn=5").startswith("WARNING - example.com stale 10min")
    assert line(web, "/api/health/zones?warn=1&crit=5").startswith("CRITICAL - example.com stale 10min")


def test_server_info_is_as_installers_read_it(web):
    body = web.get("/api/server-info").json
    assert body["dnsIps"] == "192.0.2.53,2001:db8::53" and body["nameservers"] == ["ns1.example.net"]
