"""Large libraries are in the process of those only who use what they do (docs/decisions/0032)."""
import pathlib

from lib import certificates, keys
from lib.ports import Endpoint, new_port
from lib.zonetext import shapes_zone

ZONE = "example.com"
LATE = ("libgnutls", "libpsl", "libsystemd")


def loaded(server):
    maps = pathlib.Path(f"/proc/{server.process.pid}/maps").read_text()
    return {name for name in LATE if name in maps}


def start(lab, key=None, **settings):
    primary, secondary = lab.make("knot", key=key), lab.make("understudy", key=key, **settings)
    primary.add_primary_zone(ZONE, shapes_zone(ZONE, 1))
    secondary.add_secondary_zone(ZONE, primary.endpoint)
    primary.start()
    secondary.start()
    secondary.wait_serves(ZONE)
    return secondary


def test_a_server_without_tls_has_none_of_them(lab):
    """Transfers that are signed, too."""
    assert loaded(start(lab, keys.make_key())) == set()


def test_who_serves_tls_has_gnutls(lab, tmp_path):
    made = certificates.make(tmp_path, "ns.example.com")
    tls = {"listen": [Endpoint("127.0.0.1", new_port("127.0.0.1")).text], "certificate": made.certificate, "key": made.key}
    assert loaded(start(lab, tls=tls)) == {"libgnutls"}


def test_a_server_for_strangers_has_the_list_of_public_suffixes(lab):
    server = lab.make("understudy", mode="public", name_servers=["ns1.understudy.net", "ns2.understudy.net"])
    server.start()
    assert loaded(server) == {"libpsl"}
