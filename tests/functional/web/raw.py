"""A connection of which every octet is ours."""
import socket


class Raw:
    def __init__(self, web, timeout=20):
        self.socket = socket.create_connection(web.endpoint, timeout)
        self.data = b""

    def send(self, data):
        self.socket.sendall(data)

    def _more(self):
        data = self.socket.recv(65536)
        self.data += data
        return data

    def reply(self):
        """(status, head, body) of the next answer; None when the connection ends before one."""
        try:
            while b"\r\n\r\n" not in self.data:
                if not self._more():
                    return None
            head, _, rest = self.data.partition(b"\r\n\r\n")
            length = 0
            for line in head.split(b"\r\n")[1:]:
                name, _, value = line.partition(b":")
                if name.lower() == b"content-length":
                    length = int(value)
            while len(rest) < length:
                if not self._more():
                    return None
                rest = self.data.partition(b"\r\n\r\n")[2]
            self.data = rest[length:]
            return int(head.split()[1]), head, rest[:length]
        except ConnectionError:
            return None

    def ended(self):
        """True once the other side has closed."""
        try:
            while self._more():
                pass
        except ConnectionError:
            pass
        return True

    def close(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def request(method, path, *headers, body=b""):
    lines = [f"{method} {path} HTTP/1.1", "Host: x", *headers]
    if body:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body
