"""Whatever comes over HTTP: no answer says that the server failed, both processes go on, memory stays within its bounds,
and who asks DNS questions notices nothing.  HOSTILE_HTTP_SECONDS for a longer run, HOSTILE_HTTP_SEED repeats one."""
import collections
import http.client
import multiprocessing
import os
import random
import socket
import statistics
import threading
import time

import pytest

from lib import ask, measure
from lib.wait import PATIENCE, wait_until
from lib.zonetext import small_zone

from .requests import ALWAYS, Generator
from .routes import routes
from .stand import Service, raw
from .tenants import ZONE

SECONDS = float(os.environ.get("HOSTILE_HTTP_SECONDS", "20"))
SEED = int(os.environ.get("HOSTILE_HTTP_SEED", random.randrange(10**6)))
SERVED = "served.example"
MIB = 1 << 20
WITH_BODY = [r for r in routes() if r.body]
QUESTIONS, ROUNDS, FLOODERS = 1500, 3, 4


@pytest.fixture
def service(lab):
    """With a zone that is served, and with some things to hit."""
    primary = lab.make("nsd")
    primary.add_primary_zone(SERVED, small_zone(SERVED, 1))
    primary.start()
    made = Service(lab)
    made.ours.add_secondary_zone(SERVED, primary.endpoint)
    made.start()
    made.ours.wait_serves(SERVED, 1)
    made.key = made.token("fuzzer", "write")
    yield made
    assert made.ours.soa_serial(SERVED) == 1
    assert made.call("GET", "/api/zones?limit=1", key=made.admin).status == 200


class Sender:
    """One connection after the other; keeps how often each status came for each route."""

    def __init__(self, service, generator, allowed):
        self.service, self.generator, self.allowed = service, generator, allowed
        self.statuses, self.busy, self.wrong = collections.Counter(), collections.Counter(), []
        self.stream = None

    def connect(self):
        address = f"127.{1 + self.generator.random.randrange(200)}.0.1"
        self.stream = socket.create_connection(self.service.endpoint, 20 * PATIENCE, source_address=(address, 0))

    def send(self, route):
        octets, method = self.generator.request(route)
        body = b""
        if self.stream is None:
            self.connect()
        try:
            self.stream.sendall(octets)
        except OSError:
            pass  # refused before it was whole: there may be an answer all the same
        try:
            response = http.client.HTTPResponse(self.stream, method=method)
            response.begin()
            status = response.status
            endless = "event-stream" in (response.headers.get("Content-Type") or "")
            if not endless:
                body = response.read()
            keep = not (response.will_close or endless)
        except (OSError, http.client.HTTPException):
            status, keep = 0, False  # closed without a word, as of what is no HTTP
        if not keep:
            self.stream.close()
            self.stream = None
        self.judge(route, method, status, octets, body)

    def judge(self, route, method, status, octets, body):
        self.statuses[status] += 1
        if status == 503:
            self.busy[f"{route.id}: {body.decode()[:100]}"] += 1
        fine = self.allowed[route.id] | ALWAYS | {0} if method == route.method else None
        if status >= 500 and status != 503 or fine and status not in fine:
            self.wrong.append(f"{status} {body[:200]!r} for {octets[:1500]!r}")

    def run(self, end, order):
        while time.monotonic() < end and len(self.wrong) < 5:
            for route in order:
                self.send(route)


def documented(service):
    """{operation id: statuses} and the schemas, as the server itself describes them."""
    description = service.call("GET", "/api/openapi.json").json
    found = {o["operationId"]: {int(s) for s in o["responses"]} for p in description["paths"].values()
             for o in p.values() if isinstance(o, dict) and "operationId" in o}
    return found, description["components"]["schemas"]


def some_things(service):
    names = [f"a{n}.fuzz.example" for n in range(20)]
    zones = [service.call("PUT", f"/api/zones/by-name/{n}", ZONE, key=service.key).json["id"] for n in names]
    served = service.call("GET", f"/api/zones/by-name/{SERVED}", key=service.admin).json["id"]
    return names + zones + [SERVED, served, "none.example", "p1", "key1"]


def test_no_request_makes_the_service_fail(service, record_figure):
    print(f"HOSTILE_HTTP_SEED={SEED}")
    allowed, schemas = documented(service)
    things, pids = some_things(service), service.pids
    before = service.memory()
    senders = [Sender(service, Generator(SEED + n, routes(), schemas, things, [service.key] * 9 + [service.admin]), allowed)
               for n in range(2)]
    end = time.monotonic() + SECONDS
    threads = []
    for sender in senders:
        order = routes()
        random.Random(SEED).shuffle(order)
        threads.append(threading.Thread(target=sender.run, args=(end, order)))
        threads[-1].start()
    while any(t.is_alive() for t in threads):
        assert service.ours.soa_serial(SERVED) == 1
        threads[0].join(0.2)
    wrong = [w for s in senders for w in s.wrong]
    assert not wrong, "\n".join(wrong[:3])
    assert service.pids == pids, "a process is another one now"
    grown = (service.memory() - before) / MIB
    statuses = sum((s.statuses for s in senders), collections.Counter())
    record_figure("requests", sum(statuses.values()), f"{dict(sorted(statuses.items()))}")
    record_figure("memory grown by", grown, "MiB")
    busy = sum((s.busy for s in senders), collections.Counter())
    record_figure("of it 503", sum(busy.values()), f"{busy.most_common(5)}")
    assert grown < (400 if measure.is_sanitized(pids[0]) else 100)  # a sanitizer keeps what was freed, and where from
    assert statuses[200] + statuses[201] > 0.02 * sum(statuses.values()), "it never gets through the door"


def pour(service, route, chunked, size=64 * MIB):
    """Sends a body of so many octets; gives the status, and how many went out before it came."""
    head = (f"{route.method} {route.path.format(id='x', name='x', zone='x', account='x')} HTTP/1.1\r\nHost: localhost\r\n"
            f"X-API-Key: {service.admin}\r\nContent-Type: application/json\r\n")
    head += "Transfer-Encoding: chunked\r\n\r\n" if chunked else f"Content-Length: {size}\r\n\r\n"
    part = b" " * 65536
    part = b"10000\r\n" + part + b"\r\n" if chunked else part
    sent, status = 0, None
    with socket.create_connection(service.endpoint, 20 * PATIENCE) as stream:
        try:
            stream.sendall(head.encode())
            while sent < size:
                stream.sendall(part)
                sent += 65536
        except OSError:
            pass
        try:
            answer = stream.recv(4096)
            status = int(answer.split(b" ")[1]) if answer.startswith(b"HTTP/") else None
        except OSError:
            pass
    return status, sent


@pytest.mark.parametrize("chunked", (False, True), ids=("length", "chunked"))
def test_bodies_of_64_mib_are_refused_early(service, chunked):
    before, problems = service.memory(), []
    for route in WITH_BODY:
        status, sent = pour(service, route, chunked)
        if status not in (413, None) or sent > 24 * MIB:
            problems.append(f"{route.method} {route.path}: {status} after {sent / MIB:.1f} MiB")
    assert not problems, "\n".join(problems)
    assert service.memory() - before < 40 * MIB


def test_a_body_that_is_too_big_by_its_length_is_told_so(service):
    head = (f"POST /api/zones HTTP/1.1\r\nHost: x\r\nX-API-Key: {service.admin}\r\n"
            f"Content-Length: {64 * MIB}\r\n\r\n").encode()
    assert raw(service.endpoint, head).startswith(b"HTTP/1.1 413 ")


def test_floods_of_headers_are_cut_off(service):
    before = service.memory()
    for head in (b"GET /api/zones HTTP/1.1\r\nX-Long: " + b"a" * (4 * MIB), b"GET /" + b"a" * (4 * MIB),
                 b"GET /api/zones HTTP/1.1\r\n" + b"X-A: b\r\n" * 200000, b"a" * (4 * MIB), b"\r\n" * 500000,
                 b"GET /api/zones HTTP/1.1\r\nX-API-Key: " + b"k" * 100000 + b"\r\n\r\n"):
        answer = raw(service.endpoint, head)
        assert not answer or answer.split(b" ")[1] in (b"400", b"401", b"413", b"414", b"431"), answer[:100]
    assert service.memory() - before < 20 * MIB


class Slow:
    """Connections that send a little and wait, from many addresses."""

    def __init__(self, service, count, start):
        self.streams = []
        for n in range(count):
            stream = socket.create_connection(service.endpoint, 10 * PATIENCE, source_address=(f"127.9.{n % 250}.1", 0))
            stream.sendall(start)
            self.streams.append(stream)

    def drip(self, octets=b"a"):
        for stream in self.streams:
            try:
                stream.send(octets)
            except OSError:
                pass  # closed by the server

    def open(self):
        count = 0
        for stream in self.streams:
            stream.setblocking(False)
            try:
                count += stream.recv(4096) != b""
            except BlockingIOError:
                count += 1
            except OSError:
                pass
        return count

    def close(self):
        for stream in self.streams:
            stream.close()


def half_body(key, size):
    return (f"POST /api/zones:batch HTTP/1.1\r\nHost: x\r\nX-API-Key: {key}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {size}\r\n\r\n").encode() + b" " * (size // 2)


def test_slow_heads_and_bodies_keep_nobody_out(service):
    before = service.memory()
    slow = [Slow(service, 250, b"GET /api/zones HTTP/1.1\r\nX-Slow: "), Slow(service, 250, half_body(service.key, 200000))]
    for _ in range(20):
        for each in slow:
            each.drip()
        begin = time.monotonic()
        assert service.call("GET", "/api/zones?limit=10", key=service.key).status == 200
        assert time.monotonic() - begin < 5 * PATIENCE
    grown = service.memory() - before
    for each in slow:
        each.close()
    assert grown < 120 * MIB
    wait_until(lambda: service.call("POST", "/api/zones:batch", {"zones": []}, key=service.key).status == 200, 20,
               "whole bodies are taken")


@pytest.mark.slow
def test_slow_requests_are_ended(service):
    slow = [Slow(service, 50, b"GET /api/zones HTTP/1.1\r\nX-Slow: "), Slow(service, 50, half_body(service.key, 2000))]

    def all_gone():
        for each in slow:
            each.drip()
        return not any(each.open() for each in slow)
    wait_until(all_gone, 75, "who drips is let go", poll_s=0.5)


# --- DNS while HTTP is flooded

def latencies(endpoint, count):
    """Milliseconds of so many questions, one after the other."""
    wire, took = ask.make(SERVED, "SOA").to_wire(), []
    with socket.socket(endpoint.family, socket.SOCK_DGRAM) as udp:
        udp.settimeout(3)
        udp.connect(tuple(endpoint))
        for _ in range(count):
            begin = time.perf_counter()
            udp.send(wire)
            udp.recv(4096)
            took.append(1000 * (time.perf_counter() - begin))
    return took


def p99(took):
    return statistics.quantiles(took, n=100)[98]


def flood(endpoint, key, number, stop):
    """As fast as it goes; the flooders of the real world have processors of their own, so here they are not in the way."""
    os.nice(19)
    targets = random.Random(number)
    body = b'{"masterIp": "127.0.0.1", "maxZoneRecords": %d}'
    while not stop.is_set():
        connection = http.client.HTTPConnection(*endpoint, timeout=10)
        try:
            while not stop.is_set():
                what = targets.random()
                if what < 0.5:
                    connection.request("GET", "/api/zones?limit=1000", headers={"X-API-Key": key})
                elif what < 0.7:
                    connection.request("GET", "/api/health/zones", headers={"X-API-Key": key})
                else:
                    connection.request("PUT", f"/api/zones/by-name/f{targets.randrange(50)}.flood.example",
                                       body % targets.randrange(10**6, 10**9),
                                       {"X-API-Key": key, "Content-Type": "application/json"})
                connection.getresponse().read()
        except (OSError, http.client.HTTPException):
            pass
        connection.close()


def test_dns_is_answered_as_quickly_while_http_is_flooded(service, record_figure):
    """p99 of questions: the best of some rounds with and without flood, which take turns, so that what else the machine
    does meets both."""
    assert service.call("POST", "/api/zones:batch", {"zones": [{"name": f"b{n}.example", **ZONE} for n in range(1000)]},
                        key=service.key).status == 200
    quiet, flooded = [], []
    for _ in range(ROUNDS):
        quiet.append(p99(latencies(service.ours.endpoint, QUESTIONS)))
        stop = multiprocessing.Event()
        flooders = [multiprocessing.Process(target=flood, args=(tuple(service.endpoint), service.key, n, stop), daemon=True)
                    for n in range(FLOODERS)]
        pid = service.pids[1]
        for each in flooders:
            each.start()
        before = measure.cpu_seconds(pid)
        wait_until(lambda: measure.cpu_seconds(pid) > before + 0.1, 30, "the flood has come")
        flooded.append(p99(latencies(service.ours.endpoint, QUESTIONS)))
        stop.set()
        for each in flooders:
            each.join()
    record_figure("p99 of a DNS question, quiet", min(quiet), "ms")
    record_figure("p99 of a DNS question, HTTP flooded", min(flooded), "ms")
    assert min(flooded) < 5 * min(quiet) + 5
