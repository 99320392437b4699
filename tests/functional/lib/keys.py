"""TSIG keys, in the words of each server."""
import base64
import hashlib
from typing import NamedTuple

import dns.name
import dns.tsig


class Key(NamedTuple):
    name: str
    algorithm: str
    secret: str

    @property
    def dnspython(self):
        """The keyring entry for dnspython's make_query and xfr functions."""
        return dns.tsig.Key(dns.name.from_text(self.name), self.secret, self._wire_algorithm())

    def _wire_algorithm(self):
        if self.algorithm == "hmac-md5":
            return dns.tsig.HMAC_MD5
        return dns.name.from_text(self.algorithm)


def make_key(name="k1", algorithm="hmac-sha256"):
    """A key whose secret follows from its name: two callers mean the same key by the same name."""
    secret = hashlib.sha256(f"{name}/{algorithm}".encode()).digest()
    return Key(name, algorithm, base64.b64encode(secret).decode())
