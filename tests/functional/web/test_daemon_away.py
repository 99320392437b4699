"""The daemon is away, comes back, breaks its word: HTTP says so and goes on."""
import json
import signal
import subprocess
import threading

import pytest

from lib.ports import new_endpoint
from lib.wait import wait_until

from .raw import Raw, request
from .server import WRITE, program
from .test_events import Stream


def test_while_the_daemon_is_away_answers_are_503(web):
    web.add("example.com")
    web.daemon.close()
    reply = web.get("/api/zones")
    assert reply.status == 503 and reply.headers["Retry-After"] and "error" in reply.json
    assert web.get("/readyz", key=None).json == {"ready": False, "zones": None}
    assert web.get("/healthz", key=None).status == 200
    web.daemon.open()
    wait_until(lambda: web.get("/api/zones").status == 200, 5, "the daemon is asked again")
    assert web.get("/readyz", key=None).json["ready"] is True


@pytest.mark.parametrize("answer", [b"\n", b"[]\n", b"nonsense\n", b'{"ok":true\n', b"\xff\n", b"x" * (5 << 20), b"",
                                    b'{"more":true}\n', b'{"ok":false}\n', b'{"ok":false,"code":"new-code","error":"e"}\n'],
                         ids=range(10))
def test_what_the_daemon_should_never_say_is_an_error(web, answer):
    def say(_):
        yield answer
        raise OSError
    web.daemon.overrides["zone.page"] = say
    assert web.get("/api/zones").status in (502, 503)
    del web.daemon.overrides["zone.page"]
    wait_until(lambda: web.get("/api/zones").status == 200, 5, "the daemon is asked over another connection")


@pytest.mark.parametrize("code, status", [
    ("bad-request", 400), ("unauthorized", 401), ("forbidden", 403), ("quota", 403), ("not-found", 404),
    ("conflict", 409), ("failed", 409), ("refused", 409), ("stale", 412), ("too-big", 413), ("invalid", 422),
    ("limit", 429), ("unavailable", 503), ("busy", 503)])
def test_refusals_have_their_status(web, code, status):
    web.daemon.overrides["zone.page"] = lambda _: [{"ok": False, "code": code, "error": "because"}]
    reply = web.get("/api/zones")
    assert reply.status == status and reply.json["error"]
    assert ("Retry-After" in reply.headers) == (status in (429, 503))


def closing(web, request, times):
    """The daemon closes the connection so many times instead of answering."""
    def say(asked):
        if sum(r["request"] == request for r in web.daemon.asked) > times:
            del web.daemon.overrides[request]
            return web.daemon.answer(asked)
        raise OSError
    assert web.get("/api/zones").status == 200  # its connection is kept
    web.daemon.asked.clear()
    web.daemon.overrides[request] = say


def times_asked(web, request):
    return sum(r["request"] == request for r in web.daemon.asked)


def test_a_read_over_a_connection_that_the_daemon_closes_is_asked_again(web):
    web.add("example.com")
    closing(web, "zone.page", 1)
    assert [zone["name"] for zone in web.get("/api/zones").json] == ["example.com"]


def test_a_read_is_asked_again_once_and_only_if_its_connection_was_kept(web):
    closing(web, "zone.page", 1000)
    assert web.get("/api/zones").status == 503 and times_asked(web, "zone.page") == 2
    assert web.get("/api/zones").status == 503 and times_asked(web, "zone.page") == 3


def test_a_change_is_never_asked_again(web):
    closing(web, "zone.add", 1000)
    reply = web.post("/api/zones", {"name": "example.org", "masterIp": "192.0.2.1"})
    assert reply.status == 503 and times_asked(web, "zone.add") == 1


def test_what_has_begun_to_be_answered_is_not_asked_again(web):
    def say(_):
        yield b'{"ok":true,'
        raise OSError
    closing(web, "zone.page", 1000)
    web.daemon.overrides["zone.page"] = say
    assert web.get("/api/zones").status == 503 and times_asked(web, "zone.page") == 1


def test_a_daemon_that_dies_while_it_answers_breaks_the_answer(web):
    def say(_):
        yield json.dumps({"ok": True, "result": "x" * 100, "more": True}).encode() + b"\n"
        raise OSError
    zone = web.add("example.com")
    web.daemon.overrides["zone.export"] = say
    with pytest.raises(Exception):
        web.get(f"/api/zones/{zone['id']}/export")


def test_it_waits_for_the_daemon_at_the_start(make_web, tmp_path):
    socket = tmp_path / "late.sock"
    endpoint = new_endpoint()
    child = subprocess.Popen([program(), "--socket", socket], stderr=subprocess.PIPE)
    try:
        from .scripted_daemon import Daemon
        daemon = Daemon(socket, {"listen": [endpoint.text], "tls": None})
        wait_until(lambda: b"web.listen" in child.stderr.readline(), 10, "it listens")
        daemon.close()
    finally:
        child.send_signal(signal.SIGTERM)
        child.stderr.read()
        assert child.wait(10) == 0


def test_an_address_that_is_taken_ends_it_with_a_reason(web, tmp_path):
    run = subprocess.run([program(), "--socket", web.socket], capture_output=True, timeout=20, text=True)
    assert run.returncode == 1 and "web.fail" in run.stderr and str(web.endpoint.port) in run.stderr


def test_it_ends_at_once_whatever_is_under_way(web):
    web.daemon.overrides["zone.page"] = lambda _: never()
    streams = [Stream(web), Stream(web)]
    with Raw(web) as waiting, Raw(web) as half:
        waiting.send(request("GET", "/api/zones", f"X-API-Key: {WRITE}"))
        half.send(request("POST", "/api/zones", f"X-API-Key: {WRITE}", "Content-Length: 100") + b"{")
        wait_until(lambda: any(r["request"] == "zone.page" for r in web.daemon.asked), 5, "it is asked")
        assert web.process.stop(10) == 0
        assert waiting.reply()[0] == 503
    for stream in streams:
        assert stream.ended()


def never():
    threading.Event().wait(20)
    return []


def test_sighup_takes_another_configuration(web):
    web.config["requests_per_minute"] = 3
    web.process.signal(signal.SIGHUP)
    wait_until(lambda: 429 in [web.get("/api/zones").status for _ in range(5)], 10, "the new rate holds")


@pytest.mark.parametrize("args", [[], ["--socket"], ["--colour", "red"], ["--socket", "x", "y"],
                                  ["--socket", "x", "--log-level", "loud"]])
def test_wrong_command_lines_are_told(args):
    run = subprocess.run([program(), *args], capture_output=True, timeout=20, text=True)
    assert run.returncode == 2 and run.stderr
