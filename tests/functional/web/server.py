"""understudy-web as it is built, and a client for it."""
import http.client
import json
import os
import pathlib
import ssl

from lib.ports import new_endpoint
from lib.process import Process

from .scripted_daemon import Daemon

ADMIN, WRITE, READ, OTHER = "ust_admin", "ust_write", "ust_read", "ust_other"


def program():
    return pathlib.Path(os.environ["UNDERSTUDY_BUILD"]) / "src/web/understudy-web"


class Reply:
    def __init__(self, response):
        self.status, self.headers = response.status, response.headers
        self.body = response.read()

    @property
    def text(self):
        return self.body.decode()

    @property
    def json(self):
        return json.loads(self.body)


class Web:
    """keys: ADMIN of account main, WRITE and READ of account one, OTHER (write) of account two."""

    def __init__(self, folder, tls=None, **config):
        self.endpoint, self.tls = new_endpoint(), tls
        self.config = {"listen": [self.endpoint.text], "tls": tls, "requests_per_minute": 100000, "metrics": "key",
                       **config}
        self.socket = folder / "web.sock"
        self.daemon = Daemon(self.socket, self.config)
        self.daemon.keys = {ADMIN: ("main", "admin"), WRITE: ("one", "write"), READ: ("one", "read"),
                            OTHER: ("two", "write")}
        self.process = Process("understudy-web", [program(), "--socket", self.socket, "--log-level", "debug"],
                               folder / "web.log")

    def start(self):
        self.process.start()
        self.process.wait_ready(lambda: self.get("/healthz", key=None).status == 200, 10, "answers /healthz")

    def close(self):
        self.process.stop()
        self.daemon.close()
        assert not self.process.sanitizer_report(), self.process.sanitizer_report()

    def connect(self, timeout=10):
        if not self.tls:
            return http.client.HTTPConnection(*self.endpoint, timeout=timeout)
        context = ssl.create_default_context(cafile=self.tls["certificate"])
        context.check_hostname = False
        return http.client.HTTPSConnection(*self.endpoint, timeout=timeout, context=context)

    def call(self, method, path, body=None, key=WRITE, headers=None, timeout=10):
        """body: bytes as they are, anything else as JSON."""
        connection = self.connect(timeout)
        sent = dict(headers or {})
        if key:
            sent.setdefault("X-API-Key", key)
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
        if body is not None:
            sent.setdefault("Content-Type", "application/json")
        try:
            connection.request(method, path, body, sent)
            return Reply(connection.getresponse())
        finally:
            connection.close()

    def get(self, path, **options):
        return self.call("GET", path, **options)

    def post(self, path, body=None, **options):
        return self.call("POST", path, body, **options)

    def put(self, path, body=None, **options):
        return self.call("PUT", path, body, **options)

    def patch(self, path, body=None, **options):
        return self.call("PATCH", path, body, **options)

    def delete(self, path, **options):
        return self.call("DELETE", path, **options)

    def add(self, name, **fields):
        reply = self.post("/api/zones", {"name": name, "masterIp": "192.0.2.1", **fields})
        assert reply.status == 201, reply.text
        return reply.json
