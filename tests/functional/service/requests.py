"""Requests that nobody should send, made from the API's own description: right in most, wrong in something."""
import json
import random
import urllib.parse

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS")
ODD_METHODS = ("TRACE", "CONNECT", "get", "PROPFIND", "X" * 300, "G\x00ET", "PRI")
TEXTS = ("", " ", "a", "a" * 300, "é" * 64, "\x00", "\u202e", "😀", "..", "../../etc/passwd", "%s%n", "' OR 1=1 --", "*",
         "example.com", "xn--", "xn--zzzzzzzz", "a" * 64 + ".example", ".", "..example", "-1", "1e9", "192.0.2.1", "::1",
         "::ffff:1.2.3.4", "0x7f.1", "127.0.0.1@99999", "[::1]:53", "fe80::1%lo", "null", "{}", "\\000.example", "a\\.b",
         "\r\nX-Injected: yes", "AAAA" * 200, "2026-02-30T00:00:00Z", "9999-12-31T23:59:59Z")
ODD = (None, True, False, 0, -1, 1, 2**31, 2**32, 2**53 + 1, 2**63 - 1, -2**63, 1.5, 1e308, [], {}, [[]], [None], {"": {}},
       *TEXTS)
TYPES = ("application/json", "application/json; charset=utf-8", "text/plain", "application/x-www-form-urlencoded",
         "multipart/form-data; boundary=x", "application/JSON", "", "application/json; charset=utf-16", "x" * 2000)
ACCEPTS = ("*/*", "application/json", "text/plain", "text/event-stream", "image/png", "application/json;q=0", ",,,", "a/b;q=x",
           "*" * 1000, "application/*")
TAGS = ("*", '"1"', '"0"', '"99999999999999999999"', "1", '""', 'W/"1"', '"1", "2"', '"\xff"')
# What any request may be answered with, by HTTP itself.
ALWAYS = {400, 404, 405, 406, 408, 411, 413, 414, 415, 417, 422, 429, 431, 503}


class Generator:
    """texts: names and ids of things that there are.  keys: API keys."""

    def __init__(self, seed, routes, schemas, texts, keys):
        self.random, self.routes, self.schemas = random.Random(seed), routes, schemas
        self.texts, self.keys = list(texts), list(keys)

    def chance(self, probability):
        return self.random.random() < probability

    def pick(self, things):
        return self.random.choice(things)

    # --- values

    def text(self):
        if self.chance(0.4):
            return self.pick(self.texts)
        if self.chance(0.3):
            return f"{self.pick('abcdef')}{self.random.randrange(200)}.fuzz.example"
        return self.pick(TEXTS)

    def value(self, schema, depth=0):
        """Of the schema; in one of 25 cases something else."""
        if self.chance(0.04) or depth > 6:
            return self.pick(ODD)
        while "$ref" in schema:
            schema = self.schemas[schema["$ref"].rsplit("/", 1)[1]]
        for word in ("oneOf", "anyOf"):
            if word in schema:
                return self.value(self.pick(schema[word]), depth + 1)
        if "enum" in schema:
            return self.pick(schema["enum"])
        kind = schema.get("type", "string")
        kind = self.pick(kind) if isinstance(kind, list) else kind
        return getattr(self, f"a_{kind}")(schema, depth)

    def a_object(self, schema, depth):
        needed, made = schema.get("required", ()), {}
        for name, inner in schema.get("properties", {}).items():
            if self.chance(0.95 if name in needed else 0.2):
                made[name] = self.value(inner, depth + 1)
        if self.chance(0.05):
            made[self.pick(("colour", "", "__proto__", "id", "name ", "a" * 500))] = self.pick(ODD)
        return made

    def a_array(self, schema, depth):
        return [self.value(schema.get("items", {}), depth + 1) for _ in range(self.pick((0, 1, 1, 2, 3, 20)))]

    def a_integer(self, schema, depth):
        low, high = schema.get("minimum", 0), schema.get("maximum", 2**31)
        return self.pick((low, high, low - 1, high + 1, self.random.randint(low, high)))

    a_number = a_integer

    def a_boolean(self, schema, depth):
        return self.chance(0.5)

    def a_null(self, schema, depth):
        return None

    def a_string(self, schema, depth):
        if schema.get("format") == "ip":
            return self.pick(("127.0.0.1", "192.0.2.1", "2001:db8::1", self.text()))
        return self.text()

    # --- bodies

    def body(self, route):
        name = route.body.lstrip("?")
        whole = json.dumps(self.value(self.schemas[name])) if name else json.dumps(self.pick(ODD))
        octets = whole.encode("utf-8", "surrogatepass")
        if self.chance(0.75):
            return octets
        cut = self.random.randrange(len(octets) + 1)
        return self.pick((
            lambda: b"", lambda: octets[:cut], lambda: octets + octets, lambda: b"\xef\xbb\xbf" + octets,
            lambda: whole.encode("utf-16"), lambda: b"[" * 100000, lambda: b'{"a":' * 20000,
            lambda: b'{"name": "a", "name": "b"}', lambda: b'{"name": "\xff\xfe"}', lambda: b'{"name": "\\ud800"}',
            lambda: b'{"name": NaN}', lambda: b"9" * 10000, lambda: b"1e999999", lambda: b'"' + b"x" * 200000 + b'"',
            lambda: bytes(self.random.randrange(256) for _ in range(200)), lambda: octets.replace(b'"', b"'"),
            lambda: octets[:cut] + b"\x00" + octets[cut:], lambda: b" " * 100000 + octets,
            lambda: b'{"zones": [' + b",".join(b'{"name": "f%d.fuzz.example"}' % i for i in range(3000)) + b"]}"))()

    # --- the target

    def escaped(self, text):
        if self.chance(0.05):
            return self.pick(("%00", "%ff", "%", "%zz", "%2e%2e%2f", "%c0%af", "a/b", "%E2%82", "a" * 9000, "?", "#", ";"))
        return urllib.parse.quote(text, safe="" if self.chance(0.9) else "/?#")

    def path(self, route):
        parts = route.path.split("/")
        path = "/".join(self.escaped(self.text()) if p.startswith("{") else p for p in parts)
        if self.chance(0.03):
            path = self.pick((path + "/", "/" + path, path + "/x", path.upper(), path + ";a=b", "http://x" + path, "*", ""))
        return path

    def query(self, route):
        given = []
        for _ in range(self.pick((0, 0, 1, 1, 2, 5))):
            name = self.pick(route.query) if route.query and self.chance(0.9) else self.pick(("x", "limit", "", "a[]"))
            value = self.pick(("0", "1", "7", "1000", "1001", "-1", "1e3", "99999999999999999999", self.text(), "json", "nagios"))
            given.append(f"{self.escaped(name)}={self.escaped(value)}" if self.chance(0.95) else self.escaped(name))
        if self.chance(0.01):
            given += ["a=b"] * 2000
        return "?" + "&".join(given) if given else ""

    # --- a whole request

    def headers(self, route, body):
        made = [("Host", "localhost")]
        if self.chance(0.97):
            form = ("X-API-Key", "%s") if self.chance(0.8) else ("Authorization", "Bearer %s")
            made.append((form[0], form[1] % self.pick(self.keys)))
        if body is not None:
            made.append(("Content-Type", self.pick(TYPES) if self.chance(0.1) else TYPES[0]))
        if self.chance(0.15):
            made.append(("Accept", self.pick(ACCEPTS)))
        if self.chance(0.1):
            made.append(("If-Match", self.pick(TAGS)))
        if self.chance(0.05):
            made.append(self.pick((("Content-Encoding", "gzip"), ("Range", "bytes=0-0"), ("Cookie", "a=b; " * 200),
                                   ("X-Forwarded-For", "192.0.2.1"), ("Host", "other"), ("Connection", "close"),
                                   ("X-" + "a" * 3000, "b"), ("Origin", "null"), ("Upgrade", "h2c"), ("X-Odd", "\x01\x7f"))))
        return made

    def request(self, route):
        """The octets, the method, and whether it is HTTP as it should be."""
        method = route.method if self.chance(0.95) else self.pick(METHODS if self.chance(0.7) else ODD_METHODS)
        body = self.body(route) if route.body and self.chance(0.97) or self.chance(0.05) else None
        lines = [f"{method} {self.path(route)}{self.query(route)} HTTP/1.1"]
        lines += [f"{name}: {value}" for name, value in self.headers(route, body)]
        if body is not None and self.chance(0.1):
            lines.append("Transfer-Encoding: chunked")
            body = b"".join(b"%x\r\n%s\r\n" % (len(p), p) for p in self.pieces(body)) + b"0\r\n\r\n"
        elif body is not None:
            lines.append(f"Content-Length: {len(body)}")
        head = "\r\n".join(lines).encode("latin-1", "replace")
        return head + b"\r\n\r\n" + (body or b""), method

    def pieces(self, body):
        size = self.pick((1, 7, 1000, 65536)) if len(body) < 2000 else 65536
        return [body[i:i + size] for i in range(0, len(body), size)]
