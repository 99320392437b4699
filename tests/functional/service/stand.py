"""The whole service for a test: understudyd with understudy-web before it, accounts and API keys, and a client."""
import http.client
import json
import socket
import time

from lib import measure
from lib.ports import Endpoint, new_endpoint
from lib.understudy import program
from lib.wait import PATIENCE, wait_until

PRIMARY = Endpoint("127.0.0.1", 9)  # nobody listens there: a question is refused by the kernel at once


class Reply:
    def __init__(self, response):
        self.status, self.headers, self.body = response.status, response.headers, response.read()

    @property
    def text(self):
        return self.body.decode()

    @property
    def json(self):
        return json.loads(self.body)

    def __repr__(self):
        return f"{self.status} {self.body[:300]!r}"


class Service:
    """web: further settings of the section; requests are not limited unless they say so."""

    def __init__(self, lab, **web):
        self.ours = lab.make("understudy")
        self.endpoint = new_endpoint()
        section = {"listen": [self.endpoint.text], "program": program("understudy-web"), "requests-per-minute": 0, **web}
        self.ours.extra_text = f"web: {json.dumps(section)}\n"
        self.admin = None

    # --- life

    def start(self):
        self.ours.start()
        self.wait_web()
        if self.admin is None:
            self.admin = self.token("root", "admin")
        return self

    def wait_web(self, seconds=30):
        wait_until(lambda: self.call("GET", "/readyz", timeout=2).status == 200, seconds, "HTTP is answered")

    def restart(self):
        self.ours.process.start()
        self.ours.process.wait_ready(self.ours.is_ready, self.ours.ready_s, "no answer after the restart")
        self.wait_web()

    @property
    def pids(self):
        """Of understudyd and of understudy-web, None while it does not run."""
        return self.ours.process.pid, self.ours.cli("--json", "status").json["web"]["pid"]

    def memory(self):
        """Octets (PSS) of both with what they started."""
        return measure.memory(self.ours.process.pid)["pss"]

    # --- the command line

    def done(self, *words):
        result = self.ours.cli(*words)
        assert result.status == 0, f"understudy {' '.join(words)}: {result.err or result.out}"
        return result.out.strip()

    def token(self, name, scope, *more):
        return self.done("token", "create", name, "--scope", scope, "--quiet", *more)

    # --- HTTP

    def connect(self, timeout=30, source=None):
        return http.client.HTTPConnection(*self.endpoint, timeout=timeout * PATIENCE,
                                          source_address=(source, 0) if source else None)

    def call(self, method, path, body=None, key=None, headers=None, timeout=30, source=None, connection=None):
        """body: octets as they are, anything else as JSON.  connection: one that is to be used again."""
        sent = dict(headers or {})
        if key:
            sent.setdefault("X-API-Key", key)
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
        if body is not None:
            sent.setdefault("Content-Type", "application/json")
        ours = connection or self.connect(timeout, source)
        try:
            ours.request(method, path, body, sent)
            return Reply(ours.getresponse())
        finally:
            if not connection:
                ours.close()

    def first_event(self, path, key, headers=None, source=None, seconds=10):
        """The status of an answer that does not end, as of /api/events, with what has come when it can be judged."""
        connection = self.connect(seconds, source)
        try:
            connection.request("GET", path, headers={**({"X-API-Key": key} if key else {}), **(headers or {})})
            response = connection.getresponse()
            return response.status, b"" if response.status == 200 else response.read()
        finally:
            connection.close()

    def rows(self, path, key=None, limit=1000):
        """All rows of a list, page by page."""
        rows, at = [], f"{path}{'&' if '?' in path else '?'}limit={limit}"
        while at:
            reply = self.call("GET", at, key=key or self.admin)
            assert reply.status == 200, f"{at}: {reply}"
            rows += reply.json
            link = reply.headers.get("Link")
            at = link[1:link.index(">")] if link else None
        return rows


def raw(endpoint, octets, timeout=10):
    """What comes back for octets that are sent as they are, until the other side closes or falls silent."""
    with socket.create_connection(endpoint, timeout * PATIENCE) as stream:
        got, end = b"", time.monotonic() + timeout * PATIENCE
        try:
            stream.sendall(octets)
            while time.monotonic() < end:
                part = stream.recv(65536)
                if not part:
                    break
                got += part
        except (TimeoutError, ConnectionError):
            pass
        return got
