"""Zones that are added, changed and removed while the server runs, over the control sockets."""
import json
import threading
import time

import pytest

from lib.control import Control, Refused
from lib.records import record_set
from lib.signing import sign
from lib.wait import PATIENCE, wait_until
from lib.zonetext import small_zone

ZONE = "added.example"


def primaries(*servers):
    return {"primaries": [s.endpoint.text for s in servers]}


@pytest.fixture
def primary(lab):
    server = lab.make("nsd")
    server.add_primary_zone(ZONE, small_zone(ZONE, 7))
    return server


@pytest.fixture
def ours(lab):
    server = lab.make("understudy")
    server.web_socket = server.folder / "web.sock"
    return server


def test_an_added_zone_is_served_and_its_way_is_watched(primary, ours):
    primary.start()
    ours.start()
    with Control(ours.socket) as control, Control(ours.socket) as watching:
        events = watching.watch(zone=ZONE)
        ready = threading.Event()
        seen = []

        def listen():
            for event in events:
                seen.append(event)
                ready.set()
                if event["event"] == "zone.state" and event["state"] == "active":
                    return

        listener = threading.Thread(target=listen, daemon=True)
        listener.start()
        begin = time.monotonic()
        while True:  # the watcher must be there first: its own request is answered by then
            if watching.socket and control.ask("status"):
                break
        zone = control.ask("zone.add", zone=ZONE, settings=primaries(primary))
        assert zone["name"] == ZONE and zone["origin"] == "api" and zone["version"] == 1
        ours.wait_serves(ZONE, 7)
        assert time.monotonic() - begin < 1 * PATIENCE + 1
        listener.join(20 * PATIENCE)
        kinds = [event["event"] for event in seen]
        assert "zone.added" in kinds and "transfer.begin" in kinds and "zone.attempt" in kinds, kinds
        got = control.ask("zone.get", id=zone["id"])
        assert got["status"]["state"] == "active" and got["status"]["serial"] == 7
        assert control.ask("health.summary")["synced"] == 1
        records = control.ask("zone.records", zone=ZONE, type="SOA")["records"]
        assert len(records) == 1 and records[0]["name"] == ZONE
        control.ask("zone.remove", id=zone["id"])
        assert control.refusal("zone.status", zone=ZONE) == "not-found"
        assert control.ask("health.summary")["total"] == 0


def test_what_was_added_is_there_after_a_restart_without_its_primary(primary, ours):
    primary.start()
    ours.start()
    with Control(ours.socket) as control:
        control.ask("zone.add", zone=ZONE, settings=primaries(primary))
        ours.wait_serves(ZONE, 7)
    primary.stop()
    ours.stop()
    ours.start()
    ours.wait_serves(ZONE, 7)
    with Control(ours.socket) as control:
        assert control.ask("zone.get", zone=ZONE)["origin"] == "api"
        assert [row["action"] for row in control.ask("audit.page", zone=ZONE)["rows"]]


def test_every_acknowledged_zone_outlives_kill_9(ours):
    for turn in range(5):
        ours.start()
        acknowledged = []

        def add(first):
            try:
                with Control(ours.socket) as control:
                    for n in range(10000):
                        name = f"z{turn}-{first}-{n}.example"
                        control.ask("zone.add", zone=name, settings={"primaries": ["127.0.0.9@1"]})
                        acknowledged.append(name)
            except (OSError, ValueError):
                pass

        adders = [threading.Thread(target=add, args=(i,)) for i in range(3)]
        for adder in adders:
            adder.start()
        wait_until(lambda: len(acknowledged) >= 10 * (turn + 1), 60, "zones are acknowledged")
        ours.process.kill9()
        for adder in adders:
            adder.join(30 * PATIENCE)
        ours.start()
        with Control(ours.socket) as control:
            for name in acknowledged:
                assert control.ask("zone.get", zone=name)["name"] == name
        ours.stop()


def test_keys_open_the_web_socket_as_far_as_they_reach(ours, primary):
    primary.start()
    ours.start()
    with Control(ours.socket) as control:
        other = control.ask("account.add", name="other")
        keys = {scope: control.ask("token.add", name=scope, scope=scope)["token"] for scope in ("read", "write")}
        theirs = control.ask("token.add", name="theirs", scope="write", account="other")["token"]
    with Control(ours.web_socket) as nobody:
        assert nobody.refusal("zone.page") == "unauthorized"
        assert nobody.ask("ready")["ready"]
    with Control(ours.web_socket, keys["write"], "192.0.2.77") as write, Control(ours.web_socket, keys["read"]) as read, \
            Control(ours.web_socket, theirs) as their:
        assert read.refusal("zone.add", zone=ZONE, settings=primaries(primary)) == "forbidden"
        write.ask("zone.add", zone=ZONE, settings=primaries(primary))
        ours.wait_serves(ZONE, 7)
        assert read.ask("zone.status", zone=ZONE)["state"] == "active"
        assert read.ask("zone.page")["total"] == 1
        assert their.ask("zone.page")["total"] == 0
        for request in ("zone.status", "zone.get", "zone.refresh", "zone.history", "zone.hold", "zone.records"):
            assert their.refusal(request, zone=ZONE) == "not-found"
        assert their.refusal("zone.add", zone=ZONE, settings=primaries(primary)) == "conflict"
        assert their.ask("health.summary")["total"] == 0
        assert write.refusal("status") == "forbidden" and write.refusal("reload") == "forbidden"
        assert their.ask("token.self")["account"]["id"] == other["id"]
    with Control(ours.socket) as control:
        row = control.ask("audit.page", zone=ZONE)["rows"][0]
        assert row["source"] == "192.0.2.77" and row["who"].startswith("token write (ust_")
        text = ours.process.log_text()
        assert keys["write"] not in text and theirs not in text


def test_the_file_does_not_take_a_zone_that_was_added(ours, primary):
    primary.start()
    ours.start()
    with Control(ours.socket) as control:
        control.ask("zone.add", zone=ZONE, settings=primaries(primary))
        ours.wait_serves(ZONE, 7)
        ours.add_secondary_zone(ZONE, primary.endpoint)
        ours.write_configuration()
        with pytest.raises(Refused) as refused:
            control.ask("reload")
        assert ZONE in json.dumps(refused.value.reply["faults"])
        assert control.ask("zone.get", zone=ZONE)["origin"] == "api"


def test_a_zone_of_the_file_is_changed_by_the_file_only(ours, primary):
    primary.start()
    ours.add_secondary_zone(ZONE, primary.endpoint)
    ours.start()
    ours.wait_serves(ZONE, 7)
    with Control(ours.socket) as control:
        assert control.ask("zone.get", zone=ZONE)["origin"] == "file"
        assert control.refusal("zone.remove", zone=ZONE) == "conflict"
        assert control.refusal("zone.put", zone=ZONE, settings=primaries(primary)) == "conflict"
        assert control.ask("zone.page", origin="file")["total"] == 1


def test_without_its_database_the_server_goes_on_and_says_so(primary, ours):
    primary.start()
    ours.start()
    with Control(ours.socket) as control:
        control.ask("zone.add", zone=ZONE, settings=primaries(primary))
        ours.wait_serves(ZONE, 7)
    ours.stop()
    database = ours.state / "inventory.db"
    for suffix in ("-wal", "-shm"):
        (ours.state / f"inventory.db{suffix}").unlink(missing_ok=True)
    database.write_bytes(b"this is no database" * 1000)
    ours.start()
    with Control(ours.socket) as control:
        status = control.ask("status")["inventory"]
        assert status["state"] == "copy" and status["reason"]
        assert control.ask("zone.get", zone=ZONE)["origin"] == "api"
        assert control.refusal("zone.add", zone="new.example", settings=primaries(primary)) == "unavailable"
    ours.wait_serves(ZONE, 7)
    ours.stop()
    (ours.state / "inventory.db.copy").unlink()
    ours.start()
    with Control(ours.socket) as control:
        assert control.ask("status")["inventory"]["state"] == "unavailable"
    ours.stop()
    database.unlink()  # what was saved of the zone has not been thrown away meanwhile
    ours.start()
    with Control(ours.socket) as control:
        assert control.ask("status")["inventory"]["state"] == "ok"


def test_a_request_of_megabytes_and_many_clients_are_taken(ours):
    ours.start()
    zones = [{"name": f"n{i}.example", "settings": {"primaries": ["127.0.0.9@1"]}} for i in range(20000)]
    with Control(ours.socket) as control, Control(ours.socket) as other:
        control.send("zones.apply", zones=zones)
        begin = time.monotonic()
        other.ask("status")
        assert time.monotonic() - begin < 1 * PATIENCE  # nobody waits for the batch
        assert control.receive()["result"]["added"] == 20000
        begin = time.monotonic()
        page = control.ask("zone.page", after="n15", limit=100)
        assert page["total"] == 20000 and len(page["zones"]) == 100
        assert control.refusal("zones.apply", zones=zones[:10], replace=True) == "refused"


@pytest.mark.parametrize("denial", ["nsec", "nsec3"])
def test_pages_of_records_meet_whatever_their_length(lab, tmp_path, denial):
    primary, secondary = lab.make("nsd"), lab.make("understudy")
    zone = sign(tmp_path, "example.com", small_zone("example.com", 7, extra="a\\032b TXT x\n"), denial)
    primary.add_primary_zone(zone.name, zone.text)
    secondary.add_secondary_zone(zone.name, primary.endpoint)
    primary.start()
    secondary.start()
    wait_until(lambda: secondary.soa_serial(zone.name), 10, "the zone is served")
    expected = len(record_set(secondary.axfr(zone.name)))
    with Control(secondary.socket) as control:
        whole = control.ask("zone.records", zone=zone.name, limit=1000)
        assert whole["next"] is None and len(whole["records"]) == expected
        for limit in (1, 2, 7):
            records, after = [], ""
            while after is not None:
                page = control.ask("zone.records", zone=zone.name, limit=limit, after=after)
                records += page["records"]
                after = page["next"]
            assert records == whole["records"]


def test_a_strangers_zone_waits_for_its_proof(ours, primary):
    primary.start()
    ours.settings.update({"mode": "public", "root_servers": ["127.0.0.9@1"], "name_servers": ["ns1.ours.example"],
                          "allow_inner_primaries": ["127.0.0.0/8"]})
    ours.start()
    with Control(ours.socket) as control:
        control.ask("account.add", name="stranger")
        key = control.ask("token.add", name="k", scope="write", account="stranger")["token"]
        with Control(ours.web_socket, key) as stranger:
            refused = stranger.refusal("zone.add", zone="com", settings=primaries(primary))
            assert refused in ("invalid", "conflict", "forbidden", "refused")
            zone = stranger.ask("zone.add", zone="waits.ours-too.org", settings=primaries(primary))
            assert zone["proof"]["state"] == "pending" and zone["proof"]["token"] and zone["status"] is None
            wait_until(lambda: stranger.ask("zone.get", id=zone["id"])["proof"]["tried_at"], 60, "it is looked for")
            assert stranger.ask("zone.get", id=zone["id"])["proof"]["state"] == "pending"
        assert control.ask("status")["zones"]["configured"] == 0
