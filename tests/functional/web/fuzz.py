"""Requests of every route, wrong in every way, for as long as it is told; what came is judged.

    WEB_FUZZ_SECONDS=1800 UNDERSTUDY_BUILD=build/asan python3 -m pytest tests/functional/web/test_fuzz.py -m slow

Types, sizes, encodings, pagination, headers, big and slow bodies, connections that are broken off.  Refusals are
answers; a status from 500 on is none, but for 503 when places run out, and an answer that the description does not
have is none either."""
import http.client
import json
import random
import threading
import time
import urllib.parse

from .description import Description, Maker, fill
from .raw import Raw, request
from .server import ADMIN, OTHER, READ, WRITE

KEYS = (ADMIN, WRITE, READ, OTHER)
ODD_TEXTS = ("", "%00", "%", "..", "%2e%2e%2f", "a" * 3000, "%ff%fe", "b%C3%BCcher.example", "\\000.example", "*", "%0d%0aX: y",
             "xn--.example", "1e9", "-1", "null", "example.com.", "EXAMPLE.com", "%F0%9F%92%A9.example", "=2F", "'--", "{id}")


class Fuzz:
    def __init__(self, web, seed):
        self.web, self.random = web, random.Random(seed)
        self.description = Description(web.get("/api/openapi.json", key=None).json)
        self.operations = [o for o in self.description.operations() if o[2]["operationId"] != "events"]
        self.maker = Maker(self.description, seed)
        self.counts, self.problems = {}, []

    def path(self, path, operation):
        r, known = self.random, list(self.web.daemon.zones.values())
        values = {}
        for name in ("id", "name", "zone", "account"):
            zone = r.choice(known) if known and r.random() < 0.6 else None
            values[name] = r.choice(ODD_TEXTS) if not zone else zone["id" if name == "id" else "name"]
        out = fill(path, values)
        query = []
        for parameter in operation.get("parameters", []):
            if parameter["in"] == "query" and r.random() < 0.3:
                schema = parameter["schema"]
                value = self.maker.value(schema, 0.3) if r.random() < 0.7 else r.choice(ODD_TEXTS)
                text = value if isinstance(value, str) else json.dumps(value)
                query.append(f"{parameter['name']}={urllib.parse.quote(text) if r.random() < 0.8 else text}")
        if r.random() < 0.05:
            query.append(r.choice(("x=1", "limit=1&limit=2", "&&&", "=", "?")))
        out += "?" + "&".join(query) if query else ""
        return "".join(c if 0x20 < ord(c) < 0x7f else urllib.parse.quote(c, safe="") for c in out)

    def body(self, operation):
        r, schema = self.random, self.description.body_schema(operation)
        if not schema:
            return None if r.random() < 0.9 else b"{}"
        text = json.dumps(self.maker.value(schema, r.choice((0, 0, 0.05, 0.3))), ensure_ascii=r.random() < 0.5)
        data = text.encode("utf-8", "surrogatepass")
        if r.random() < 0.1:
            data = self.damage(data)
        return data

    def damage(self, data):
        r, data = self.random, bytearray(data)
        for _ in range(r.randint(1, 5)):
            at = r.randrange(len(data) + 1)
            how = r.randrange(4)
            if how == 0 and data:
                data[at % len(data)] = r.randrange(256)
            elif how == 1:
                data[at:at] = r.choice((b"[" * 50, b"\x00", b"\xff", b'"', b"{" * 2000, b"9" * 400))
            elif how == 2:
                del data[at:]
            else:
                data = data * 2
        return bytes(data)

    def headers(self):
        r, out = self.random, {}
        for name, values in (("Accept", ("*/*", "text/html", "application/json;q=0", ",,;;", "a" * 500)),
                             ("Content-Type", ("application/json", "text/plain", "", "application/json; charset=x")),
                             ("If-Match", ('"1"', "*", '"', '"99999999999999999999"', 'W/"1"')),
                             ("Last-Event-ID", ("1", "x"))):
            if r.random() < 0.1:
                out[name] = r.choice(values)
        return out

    def turn(self):
        r = self.random
        kind = r.random()
        if kind < 0.03:
            return self.raw_turn()
        method, path, operation = r.choice(self.operations)
        target, body = self.path(path, operation), self.body(operation)
        try:
            reply = self.web.call(method, target, body, key=r.choice(KEYS), headers=self.headers(), timeout=60)
        except (OSError, http.client.HTTPException) as error:
            self.problem(f"{method} {target}: {error!r}", body)
            return None
        self.counts[reply.status] = self.counts.get(reply.status, 0) + 1
        self.judge(method, target, operation, reply, body)
        return reply

    def judge(self, method, target, operation, reply, body):
        if reply.status >= 500:
            self.problem(f"{method} {target}: {reply.status} {reply.body[:200]}", body)
        if reply.status in (404, 405, 414, 400):  # also of a path that has become another
            return
        try:
            kind = reply.headers.get_content_type()
            self.description.check(operation, reply.status, reply.headers,
                                   reply.json if kind == "application/json" and reply.body else None)
        except Exception as error:  # pylint: disable=broad-except
            self.problem(f"{method} {target}: {str(error)[:300]}", body)

    def problem(self, text, body):
        self.problems.append(f"{text} body={body[:300] if body else body}")

    def raw_turn(self):
        """Bodies that never end, and heads that are none."""
        r = self.random
        with Raw(self.web) as raw:
            try:
                head = request("POST", "/api/zones", f"X-API-Key: {WRITE}", "Content-Type: application/json",
                               r.choice(("Content-Length: 67108864", "Content-Length: 50", "Transfer-Encoding: chunked",
                                         "Content-Length: 18446744073709551617", "Content-Length: x")))
                raw.send(self.damage(head) if r.random() < 0.3 else head)
                for _ in range(r.randint(0, 20)):
                    raw.send(r.choice((b"{", b"1000\r\n" + b"x" * 4096 + b"\r\n", b"\r\n", bytes(r.randrange(256) for _ in range(100)))))
            except OSError:
                pass


def run(web, seconds, threads=4, seed=None):
    """(requests, statuses, problems)"""
    seed = seed if seed is not None else random.randrange(1 << 30)
    print(f"seed {seed}")
    fuzzes = [Fuzz(web, seed + i) for i in range(threads)]
    end = time.monotonic() + seconds

    def work(fuzz):
        while time.monotonic() < end and not fuzz.problems:
            fuzz.turn()
    workers = [threading.Thread(target=work, args=(f,)) for f in fuzzes]
    for w in workers:
        w.start()
    for w in workers:
        w.join()
    counts = {}
    for fuzz in fuzzes:
        for status, n in fuzz.counts.items():
            counts[status] = counts.get(status, 0) + n
    return sum(counts.values()), counts, [p for f in fuzzes for p in f.problems]
