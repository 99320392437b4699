"""The control socket, asked as another program would: JSON objects, one a line (docs/formats/control.md)."""
import json
import socket

from lib.wait import PATIENCE


class Refused(AssertionError):
    """A reply that is not ok; `code` and `reply` tell."""

    def __init__(self, reply):
        super().__init__(f"{reply.get('code')}: {reply.get('error')} {reply.get('faults', '')}")
        self.code, self.reply = reply.get("code"), reply


class Control:
    """One connection.  With a key every request carries it."""

    def __init__(self, path, key=None, source=None):
        self.key, self.source = key, source
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.socket.settimeout(30 * PATIENCE)
        self.socket.connect(str(path))
        self.lines = self.socket.makefile("rb")

    def send(self, request, **fields):
        message = {"request": request, **fields}
        if self.key:
            message["key"] = self.key
        if self.source:
            message["from"] = self.source
        self.socket.sendall(json.dumps(message).encode() + b"\n")

    def receive(self):
        line = self.lines.readline()
        if not line:
            raise ConnectionError("the daemon closed the connection")
        return json.loads(line)

    def ask(self, request, **fields):
        """The result of a request with one reply; Refused if it is none."""
        self.send(request, **fields)
        reply = self.receive()
        if not reply["ok"]:
            raise Refused(reply)
        return reply["result"]

    def refusal(self, request, **fields):
        """The code with which a request is refused."""
        self.send(request, **fields)
        reply = self.receive()
        assert not reply["ok"], reply
        return reply["code"]

    def watch(self, **fields):
        """Events as they come, but for those that only say that the stream is alive."""
        self.ask("watch", **fields)
        while True:
            event = self.receive()
            if "idle" not in event:
                yield event

    def close(self):
        self.lines.close()
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
