"""HTTP as strangers speak it: wrong, big, slow, many; and over TLS."""
import socket
import threading
import time

import pytest

from lib.certificate import self_signed
from lib.wait import wait_until

from .raw import Raw, request
from .server import WRITE

KEY = f"X-API-Key: {WRITE}"
JSON = "Content-Type: application/json"


def alive(web):
    return web.get("/healthz", key=None).status == 200


# -- methods, paths, types

def test_every_answer_has_the_headers_that_protect(web):
    for reply in (web.get("/healthz", key=None), web.get("/nothing"), web.get("/api/zones"), web.post("/api/zones", {})):
        assert reply.headers["Cache-Control"] == "no-store" and reply.headers["X-Content-Type-Options"] == "nosniff"
        assert "default-src 'none'" in reply.headers["Content-Security-Policy"]
        assert "Access-Control-Allow-Origin" not in reply.headers


def test_other_methods_are_refused_by_name(web):
    reply = web.call("PUT", "/api/zones", {})
    assert reply.status == 405 and reply.headers["Allow"] == "GET, HEAD, POST"
    assert web.call("OPTIONS", "/api/zones").status == 204
    assert web.call("BREW", "/healthz").status == 405


@pytest.mark.parametrize("path", ["/", "/api", "/api/zones/", "/api//zones", "/API/zones", "/api/zones/x/y", "/..%2f"])
def test_other_paths_are_not_found(web, path):
    assert web.get(path).status == 404


@pytest.mark.parametrize("path, status", [("/api/zones/%00", 400), ("/api/zones/%ff", 400), ("/api/zones/%4", 400),
                                          ("/api/zones?q=%0a", 400), ("/api/zones?q=1&q=2", 400), ("/" + "a" * 9000, 414)],
                         ids=range(6))
def test_malformed_targets_are_refused(web, path, status):
    assert web.get(path).status == status


def test_types_are_negotiated(web):
    assert web.get("/api/zones", headers={"Accept": "text/html"}).status == 406
    assert web.get("/api/zones", headers={"Accept": "text/html, */*;q=0.1"}).status == 200
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    assert web.post("/api/zones", b"name=x", headers=form).status == 415


def test_head_has_no_body(web):
    with Raw(web) as raw:
        raw.send(request("HEAD", "/healthz"))
        head = raw.socket.recv(65536)
        assert b"200 OK" in head and b"Content-Length: 34" in head and head.endswith(b"\r\n\r\n")
        raw.send(request("GET", "/healthz"))
        assert raw.reply()[0] == 200


def test_a_connection_serves_many_requests_also_refused_ones(web):
    with Raw(web) as raw:
        raw.send(b"".join(request("GET", p, KEY) for p in ("/healthz", "/nothing", "/api/account", "/api/account?x=1") * 5))
        assert [raw.reply()[0] for _ in range(20)] == [200, 404, 200, 422] * 5


# -- bodies

@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b"{}{}", b'{"name":1,"name":2}', b'{"a":"\xff"}',
                                  b'{"a":"\\u0000"}', b"\xef\xbb\xbf{}", b'{"a":' + b"[" * 100 + b"]" * 100 + b"}",
                                  b'{"a":1e999}', b'{"a":99999999999999999999}', b"[" * 100000], ids=range(13))
def test_bodies_that_are_no_strict_json_are_400(web, body):
    reply = web.post("/api/zones", body)
    assert reply.status == 400 and "error" in reply.json


def test_a_body_beyond_the_bound_is_413(make_web):
    web = make_web(body_max=10000)
    fits = b'{"name":"' + b"x" * 9000 + b'"}'
    assert web.post("/api/zones", fits).status == 422
    with Raw(web) as raw:
        raw.send(request("POST", "/api/zones", KEY, JSON, "Content-Length: 67108864"))
        assert raw.reply()[0] == 413
    with Raw(web) as raw:
        raw.send(request("POST", "/api/zones", KEY, JSON, "Transfer-Encoding: chunked"))
        raw.send(b"2ee0\r\n" + b"x" * 12000 + b"\r\n0\r\n\r\n")
        assert raw.reply()[0] == 413
    assert alive(web)


def test_sixty_four_mebibytes_are_not_taken_in(make_web):
    web = make_web(body_max=100000)
    with Raw(web) as raw:
        raw.send(request("POST", "/api/zones", KEY, JSON, "Transfer-Encoding: chunked"))
        with pytest.raises(ConnectionError):
            for _ in range(64):
                raw.send(b"100000\r\n" + b"x" * 0x100000 + b"\r\n")
    assert alive(web)


def test_a_body_in_chunks_is_a_body(web):
    with Raw(web) as raw:
        raw.send(request("POST", "/api/zones", KEY, JSON, "Transfer-Encoding: chunked"))
        body = b'{"name":"example.com","masterIp":"192.0.2.1"}'
        for byte in body:
            raw.send(b"1\r\n" + bytes([byte]) + b"\r\n")
        raw.send(b"0\r\n\r\n")
        assert raw.reply()[0] == 201


def test_bodies_wait_for_no_key(web):
    with Raw(web) as raw:
        raw.send(request("POST", "/api/zones", JSON, "Content-Length: 1000000"))
        assert raw.reply()[0] == 401


# -- slow and many

def test_who_is_slow_with_a_body_is_let_go(make_web):
    web = make_web(request_s=1)
    with Raw(web) as raw:
        raw.send(request("POST", "/api/zones", KEY, JSON, "Content-Length: 1000") + b"{")
        assert raw.reply()[0] == 408 and raw.ended()
    assert alive(web)


def test_who_is_slow_with_a_head_is_let_go(make_web):
    web = make_web(request_s=1)
    with Raw(web) as raw:
        raw.send(b"GET /healthz HTTP/1.1\r\nHost: x\r\n")
        begun = time.monotonic()
        assert raw.ended() and time.monotonic() - begun < 15
    assert alive(web)


def test_who_says_nothing_is_let_go(make_web):
    web = make_web(idle_s=1)
    with Raw(web) as raw:
        assert raw.ended()


def test_heads_have_a_bound(web):
    for head in (b"GET /healthz HTTP/1.1\r\n" + b"X-A: " + b"a" * 100000 + b"\r\n\r\n",
                 b"GET /healthz HTTP/1.1\r\n" + b"X-A: 1\r\n" * 20000 + b"\r\n",
                 b"GET /" + b"a" * 200000 + b" HTTP/1.1\r\n\r\n"):
        with Raw(web) as raw:
            try:
                raw.send(head)
            except ConnectionError:
                continue
            reply = raw.reply()
            assert reply is None or reply[0] in (413, 414, 431)
    assert alive(web)


@pytest.mark.parametrize("data", [b"\x16\x03\x01\x02\x00\x01\x00", b"\x00" * 1000, b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n",
                                  b"\r\n\r\n\r\n", b"GET / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
                                  b"POST /api/zones HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
                                  b"GET /healthz HTTP/1.1\nHost: x\n\n", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"], ids=range(9))
def test_what_is_no_http_hurts_nobody(make_web, data):
    web = make_web(idle_s=1)
    with Raw(web) as raw:
        raw.send(data)
        raw.socket.shutdown(socket.SHUT_WR)
        raw.ended()
    assert alive(web)


def test_connections_of_one_address_have_a_bound(make_web):
    web = make_web(connections_per_address=4)
    held = [Raw(web) for _ in range(3)]
    for raw in held:
        raw.send(request("GET", "/healthz"))
        assert raw.reply()[0] == 200
    more = [Raw(web) for _ in range(4)]
    assert sum(1 for raw in more if try_health(raw)) == 1
    for raw in (*held, *more):
        raw.close()
    wait_until(lambda: alive(web), 5, "room again")


def try_health(raw):
    try:
        raw.send(request("GET", "/healthz"))
        return raw.reply() is not None
    except ConnectionError:
        return False


def test_who_waits_without_a_request_gives_way_when_all_places_are_taken(make_web):
    web = make_web(connections_max=8)
    held = [Raw(web) for _ in range(8)]
    for _ in range(20):
        wait_until(lambda: alive(web), 5, "a new client is served")
    for raw in held:
        raw.close()


def test_a_flood_of_requests_is_answered_whole(web):
    web.add("example.com")
    problems = []

    def client():
        for _ in range(50):
            reply = web.get("/api/zones")
            if reply.status != 200 or len(reply.json) != 1:
                problems.append(reply.status)
    clients = [threading.Thread(target=client) for _ in range(16)]
    for c in clients:
        c.start()
    for c in clients:
        c.join()
    assert not problems


def test_clients_that_leave_in_the_middle_are_forgotten(web):
    zone = web.add("example.com")
    web.daemon.zones["example.com"]["status"]["serial"] = 7
    for _ in range(20):
        with Raw(web) as raw:
            raw.send(request("GET", f"/api/zones/{zone['id']}/export", KEY))
            raw.socket.recv(1000)
    assert alive(web)
    reply = web.get(f"/api/zones/{zone['id']}/export", timeout=60)
    assert reply.status == 200 and len(reply.body) > 8000000


# -- TLS

def test_tls_is_spoken_where_there_is_a_certificate(make_web, tmp_path):
    certificate, key = self_signed(tmp_path)
    web = make_web(tls={"certificate": str(certificate), "key": str(key)})
    reply = web.get("/api/zones")
    assert reply.status == 200 and "max-age" in reply.headers["Strict-Transport-Security"]
    zone = web.add("example.com")
    web.daemon.zones["example.com"]["status"]["serial"] = 7
    assert len(web.get(f"/api/zones/{zone['id']}/export", timeout=60).body) > 8000000
    with Raw(web) as raw:
        raw.send(request("GET", "/healthz"))
        assert raw.ended() and b"200 OK" not in raw.data
