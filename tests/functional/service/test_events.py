"""What happens, as it happens: for whoever listens over HTTP, and for `understudy watch`."""
import http.client
import json
import subprocess

import pytest

from lib.understudy import program
from lib.wait import PATIENCE

from .stand import Service
from .tenants import ZONE


@pytest.fixture
def service(lab):
    return Service(lab).start()


class Listener:
    """A stream of server-sent events."""

    def __init__(self, service, path="/api/events", key=None):
        self.connection = service.connect(timeout=20)
        self.connection.request("GET", path, headers={"X-API-Key": key or service.admin})
        self.response = self.connection.getresponse()
        assert self.response.status == 200, self.response.read()

    def until(self, name, **fields):
        """Events up to the first of this name with these fields."""
        seen = []
        while True:
            line = self.response.readline().decode().rstrip("\n")
            if not line.startswith("data: "):
                continue
            event = json.loads(line[6:])
            seen.append(event)
            if event.get("event") == name and all(event.get(k) == v for k, v in fields.items()):
                return seen


def test_a_failed_attempt_is_an_event_among_others(service):
    """It says ok: false of itself; the stream goes on."""
    events = Listener(service)
    assert service.call("POST", "/api/zones", {"name": "a.example", **ZONE}, key=service.admin).status == 201
    events.until("zone.attempt", zone="a.example", ok=False)
    assert service.call("POST", "/api/zones", {"name": "b.example", **ZONE}, key=service.admin).status == 201
    events.until("zone.attempt", zone="b.example", ok=False)
    events.connection.close()


def test_who_listens_next_gets_nothing_of_the_one_before(service):
    first = Listener(service)
    assert service.call("POST", "/api/zones", {"name": "a.example", **ZONE}, key=service.admin).status == 201
    first.until("zone.attempt", zone="a.example")
    for _ in range(5):
        second = Listener(service, "/api/events?zone=b.example")
        assert service.call("PUT", "/api/zones/by-name/b.example", {**ZONE, "maxShrink": 40 + _}, key=service.admin).status in (
            200, 201)
        assert {e.get("zone") for e in second.until("zone.attempt", zone="b.example")} <= {None, "b.example"}
        second.connection.close()
    first.connection.close()


def test_one_account_leaves_places_for_others(service):
    service.done("account", "add", "greedy")
    service.done("account", "add", "modest")
    greedy, modest = (service.token(f"k-{a}", "read", "--account", a) for a in ("greedy", "modest"))
    streams = [Listener(service, key=greedy) for _ in range(16)]
    refused = service.call("GET", "/api/events", key=greedy)
    assert refused.status == 429 and "too many watch already" in refused.json["error"], refused
    assert int(refused.headers["Retry-After"]) > 0
    streams.append(Listener(service, key=modest))
    streams.append(Listener(service))
    for stream in streams:
        stream.connection.close()


def test_keys_of_others_that_go_end_no_stream(service):
    service.done("account", "add", "other")
    for n in range(2):
        service.token(f"other{n}", "read", "--account", "other")
    listener = Listener(service)
    rows = json.loads(service.done("--json", "token", "list", "--account", "other"))
    service.done("token", "remove", rows[0]["id"])
    assert service.call("POST", "/api/zones", {"name": "a.example", **ZONE}, key=service.admin).status == 201
    listener.until("zone.attempt", zone="a.example", ok=False)
    listener.connection.close()


def test_the_command_line_shows_them(service):
    argv = [program("understudy"), "--socket", str(service.ours.socket), "--json", "watch"]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as watch:
        try:
            begin = Listener(service)  # it is there at the latest when this one, asked later, is
            for n in range(3):
                name = f"w{n}.example"
                assert service.call("POST", "/api/zones", {"name": name, **ZONE}, key=service.admin).status == 201
                begin.until("zone.attempt", zone=name, ok=False)
            seen = []
            while not any(e.get("event") == "zone.attempt" and e.get("zone") == "w2.example" for e in seen):
                line = watch.stdout.readline()
                assert line.startswith("{"), line
                seen.append(json.loads(line))
        finally:
            watch.terminate()
            watch.wait(10 * PATIENCE)


def test_a_key_that_is_removed_hears_nothing_any_more(service):
    key = service.token("listener", "read")
    row = next(r for r in service.call("GET", "/api/keys", key=service.admin).json if r["name"] == "listener")
    events = Listener(service, key=key)
    events.response.readline()
    assert service.call("DELETE", f"/api/keys/{row['id']}", key=service.admin).status in (200, 204)
    assert service.call("POST", "/api/zones", {"name": "a.example", **ZONE}, key=service.admin).status == 201
    try:
        rest = events.response.read()  # to its end, which comes
    except http.client.IncompleteRead as cut:
        rest = cut.partial
    assert b"a.example" not in rest
    assert service.call("GET", "/api/events", key=key).status == 401
