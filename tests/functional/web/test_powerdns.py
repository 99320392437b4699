"""Calls of PowerDNS's clients for secondary zones, in their order: Terraform's provider and PowerDNS-Admin."""
import pytest

from .server import OTHER, WRITE

SERVER = "/api/v1/servers/localhost"
ZONES = f"{SERVER}/zones"
TERRAFORM = {"Accept": "application/json"}


def test_terraform_makes_reads_changes_and_destroys_a_zone(web):
    # detectApiVersion, ZoneExists, CreateZone
    assert web.get("/api/v1/servers", headers=TERRAFORM).status == 200
    assert web.get(f"{ZONES}/example.com.", headers=TERRAFORM).status == 404
    body = {"id": "", "name": "example.com.", "url": "", "kind": "Slave", "dnsssec": False, "serial": 0,
            "masters": ["192.0.2.1", "192.0.2.2:5300", "[2001:db8::1]:5300"], "soa_edit_api": "", "account": "admin"}
    made = web.post(ZONES, body, headers=TERRAFORM)
    assert made.status == 201 and made.json["id"] == "example.com." and made.json["kind"] == "Slave"
    assert web.daemon.zones["example.com"]["settings"] == {
        "primaries": ["192.0.2.1", "192.0.2.2@5300", "2001:db8::1@5300"]}
    # Read: GetZone; the provider looks at name, kind, account and masters of a Slave
    zone = web.get(f"{ZONES}/{made.json['id']}", headers=TERRAFORM).json
    assert zone["name"] == "example.com." and zone["masters"] == body["masters"] and isinstance(zone["serial"], int)
    # Update: UpdateZone
    assert web.put(f"{ZONES}/example.com.", {"name": "example.com.", "kind": "Slave", "masters": ["192.0.2.9"]},
                   headers=TERRAFORM).status == 204
    assert web.get(f"{ZONES}/example.com.").json["masters"] == ["192.0.2.9"]
    # Delete: DeleteZone, ZoneExists
    assert web.delete(f"{ZONES}/example.com.", headers=TERRAFORM).status == 204
    assert web.get(f"{ZONES}/example.com.", headers=TERRAFORM).status == 404


def test_powerdns_admin_adds_lists_and_updates_a_zone(web):
    # Domain.add
    body = {"name": "example.com.", "kind": "Slave", "masters": ["192.0.2.1"], "nameservers": [],
            "soa_edit_api": "DEFAULT", "account": None}
    assert web.post(ZONES, body).status == 201
    again = web.post(ZONES, body)
    assert again.status == 409 and "error" in again.json
    # Domain.update: every zone with the fields that it keeps
    zone, = web.get(ZONES).json
    for field in ("name", "masters", "kind", "serial", "notified_serial", "last_check", "dnssec", "account"):
        assert field in zone, field
    # add_domain_to_powerdns_admin, update_kind, update_from_master
    assert web.get(f"{ZONES}/example.com.").json["account"] == "one"
    assert web.put(f"{ZONES}/example.com.", {"kind": "Slave", "masters": ["192.0.2.3"]}).status == 204
    assert web.put(f"{ZONES}/example.com.", {"soa_edit_api": "DEFAULT", "kind": "Slave"}).status == 204
    assert web.daemon.zones["example.com"]["settings"] == {"primaries": ["192.0.2.3"]}
    assert "result" in web.put(f"{ZONES}/example.com./axfr-retrieve").json
    # get_domain_dnssec, dashboard, configuration page
    assert web.get(f"{ZONES}/example.com./cryptokeys").json == []
    statistics = {s["name"]: s["value"] for s in web.get(f"{SERVER}/statistics").json}
    assert int(statistics["uptime"]) >= 0
    assert {"name", "value"} <= set(web.get(f"{SERVER}/config").json[0])
    assert web.delete(f"{ZONES}/example.com.").status == 204


def test_the_server_is_described_as_clients_expect(web):
    server = web.get(SERVER).json
    assert server["id"] == "localhost" and server["daemon_type"] == "authoritative"
    assert [int(p) for p in server["version"].split(".")] >= [4, 0, 0] and server["zones_url"].startswith(ZONES)
    assert web.get("/api/v1/servers").json == [server]
    assert web.get("/api/v1/servers/other").status == 404


def test_one_zone_is_asked_for_by_name(web):
    web.add("example.com")
    assert [z["id"] for z in web.get(f"{ZONES}?zone=example.com.&dnssec=false").json] == ["example.com."]
    assert web.get(f"{ZONES}?zone=other.example.").json == []
    assert web.get(f"{ZONES}/example.com.?rrsets=false").json["name"] == "example.com."


def test_ids_escape_what_may_not_stand_in_paths(web):
    made = web.post(ZONES, {"name": "0/25.2.0.192.in-addr.arpa.", "kind": "Secondary", "masters": ["192.0.2.1"]})
    assert made.json["id"] == "0=2F25.2.0.192.in-addr.arpa." and "0/25.2.0.192.in-addr.arpa" in web.daemon.zones
    assert web.get(f"{ZONES}/{made.json['id']}").json["name"] == "0/25.2.0.192.in-addr.arpa."


@pytest.mark.parametrize("change, field", [({"kind": "Native"}, "kind"), ({"kind": "Master"}, "kind"),
                                           ({"masters": []}, "masters"), ({"masters": ["x"]}, "masters"),
                                           ({"masters": ["[::1]"]}, "masters"), ({"name": ""}, "name")])
def test_what_a_secondary_cannot_be_is_422(web, change, field):
    reply = web.post(ZONES, {"name": "example.com.", "kind": "Slave", "masters": ["192.0.2.1"], **change})
    assert reply.status == 422 and reply.json["faults"][0]["field"] == field, reply.text


def test_records_are_not_written_here(web):
    web.add("example.com")
    patch = {"rrsets": [{"name": "www.example.com.", "type": "A", "changetype": "DELETE"}]}
    reply = web.patch(f"{ZONES}/example.com.", patch)
    assert reply.status == 422 and "secondary" in reply.json["error"]
    assert web.patch(f"{ZONES}/other.example.", patch).status == 404
    assert web.put(f"{ZONES}/example.com./notify").status == 422
    assert web.put(f"{ZONES}/example.com./rectify").status == 422


def test_a_zone_is_exported_as_text(web):
    web.add("example.com")
    web.daemon.zones["example.com"]["status"]["serial"] = 7
    assert web.get(f"{ZONES}/example.com./export", timeout=60).text.startswith("; example.com\n")


def test_tsig_keys_are_kept_and_used(web):
    made = web.post(f"{SERVER}/tsigkeys", {"name": "k1", "algorithm": "hmac-sha256", "key": "c2VjcmV0"})
    assert made.status == 201 and made.json == {"id": "k1.", "name": "k1", "algorithm": "hmac-sha256", "key": "c2VjcmV0",
                                                "type": "TSIGKey"}
    assert web.post(f"{SERVER}/tsigkeys", {"name": "k1"}).status == 409
    assert web.get(f"{SERVER}/tsigkeys").json[0]["key"] == "" and web.get(f"{SERVER}/tsigkeys/k1.").json["id"] == "k1."
    zone = web.post(ZONES, {"name": "example.com.", "kind": "Slave", "masters": ["192.0.2.1"], "slave_tsig_key_ids": ["k1."]})
    assert zone.json["slave_tsig_key_ids"] == ["k1."]
    assert web.daemon.zones["example.com"]["settings"] == {"primaries": [{"address": "192.0.2.1", "key": "k1"}]}
    assert web.delete(f"{SERVER}/tsigkeys/k1.").status == 204 and web.get(f"{SERVER}/tsigkeys/k1.").status == 404


def test_what_is_not_here_is_empty(web):
    web.add("example.com")
    for path in (f"{SERVER}/search-data?q=x&max=10", f"{SERVER}/autoprimaries", f"{ZONES}/example.com./metadata"):
        assert web.get(path).json == [], path
    assert web.put(f"{SERVER}/cache/flush?domain=example.com.").json["count"] == 0


def test_zones_of_others_are_not_there(web):
    web.add("example.com")
    assert web.get(ZONES, key=OTHER).json == [] and web.get(f"{ZONES}/example.com.", key=OTHER).status == 404
    assert web.get(ZONES, key="wrong").status == 401 and web.get(ZONES, key=WRITE).status == 200
