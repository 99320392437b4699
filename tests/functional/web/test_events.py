"""GET /api/events: server-sent events."""
import json
import socket

from lib.wait import wait_until

from .raw import Raw, request
from .server import READ

KEY = f"X-API-Key: {READ}"


class Stream(Raw):
    """events(n): the next n as (id, name, data)."""

    def __init__(self, web, path="/api/events", *headers):
        super().__init__(web)
        self.send(request("GET", path, KEY, *headers))
        wait_until(lambda: self._more() and b"\r\n\r\n" in self.data, 10, "the head of the answer")
        self.head, _, rest = self.data.partition(b"\r\n\r\n")
        self.data = rest

    def text(self):
        """What came of the body, out of its chunks."""
        rest, out = self.data, b""
        while b"\r\n" in rest:
            size, _, rest = rest.partition(b"\r\n")
            length = int(size, 16)
            if len(rest) < length + 2:
                break
            out, rest = out + rest[:length], rest[length + 2:]
        return out.decode()

    def events(self, count):
        def found():
            blocks = [b for b in self.text().split("\n\n")[:-1] if "data:" in b]
            return blocks if len(blocks) >= count else self._more() and None
        out = []
        for block in wait_until(found, 20, f"{count} events")[:count]:
            fields = dict(line.split(": ", 1) for line in block.splitlines())
            out.append((fields.get("id"), fields["event"], json.loads(fields["data"])))
        return out


def watching(web, count=1):
    wait_until(lambda: len(web.daemon.watchers) >= count, 10, "the daemon is watched")


def test_what_happens_is_told_as_it_happens(web):
    stream = Stream(web)
    assert b"200 OK" in stream.head and b"text/event-stream" in stream.head
    watching(web)
    web.daemon.tell("zone.state", zone="example.com", former="pending", state="active", serial=7)
    web.daemon.tell("transfer.progress", zone="example.com", records=5, bytes=99)
    first, state, progress = stream.events(3)
    assert first == ("0", "begin", {"sequence": 0})
    assert state[:2] == ("1", "zone.state") and state[2]["zone"] == "example.com" and state[2]["state"] == "active"
    assert state[2]["time"].endswith("Z") and progress[2]["records"] == 5
    assert stream.text().startswith("retry: 3000\n\n")


def test_an_event_that_failed_is_no_refusal(web):
    stream = Stream(web)
    watching(web)
    web.daemon.tell("zone.attempt", zone="example.com", ok=False, code="x", error="y")
    web.daemon.tell("zone.attempt", zone="example.com", ok=True, more=False)
    assert [e[2].get("ok") for e in stream.events(3)] == [None, False, True]


def test_quiet_streams_are_kept_alive(web):
    stream = Stream(web)
    wait_until(lambda: ": idle" in stream.text() or stream._more() and None, 20, "a comment line")


def test_who_comes_back_is_told_what_was_lost(web):
    for _ in range(5):
        web.daemon.tell("zone.added", zone="x")
    stream = Stream(web, "/api/events", "Last-Event-ID: 2")
    assert [e[1:] for e in stream.events(2)] == [("begin", {"sequence": 5}), ("lost", {"lost": 3})]
    assert web.daemon.asked[-1]["after"] == 2
    late = Stream(web, "/api/events", "Last-Event-ID: 77")  # the daemon has begun to count anew
    assert late.events(2)[1][1] == "lost"


def test_kinds_and_a_zone_are_chosen(web):
    stream = Stream(web, "/api/events?kinds=zone.state,zone.added&zone=B%C3%BCcher.example")
    watching(web)
    asked = web.daemon.asked[-1]
    assert asked["kinds"] == ["zone.state", "zone.added"] and asked["zone"] == "xn--bcher-kva.example"
    stream.close()


def test_events_need_a_key(web):
    assert web.get("/api/events", key=None).status == 401
    assert web.get("/api/events", key="wrong").status == 401


def test_listeners_have_a_bound_and_others_are_served(web):
    streams = [Stream(web) for _ in range(48)]
    watching(web, 48)
    with Raw(web) as raw:
        raw.send(request("GET", "/api/events", KEY))
        status, head, _ = raw.reply()
        assert status == 503 and b"Retry-After" in head
    assert web.get("/api/zones").status == 200
    for stream in streams:
        stream.close()
    web.daemon.tell("zone.added", zone="x")  # by which it is noticed that they are gone
    wait_until(lambda: b" 200 " in Stream(web).head, 20, "room for another")


def test_a_listener_that_reads_nothing_costs_a_bounded_amount(web):
    stream = Stream(web)
    watching(web)
    stream.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    for _ in range(40):
        for _ in range(100):
            web.daemon.tell("zone.state", zone="x" * 2000)
        assert web.get("/api/account").status == 200
    with open(f"/proc/{web.process.pid}/status", encoding="ascii") as status:
        resident = next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))
    assert resident < 100000, f"{resident} KiB"


def test_a_stream_ends_with_the_daemon(web):
    stream = Stream(web)
    watching(web)
    web.daemon.close()
    assert stream.ended()
    assert web.get("/api/events", key=READ).status == 503
