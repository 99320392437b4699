"""Large libraries are in the process of those only who use what they do (docs/decisions/0032)."""
import os
import pathlib
import subprocess

from lib import certificates, keys
from lib.ports import Endpoint, new_port
from lib.wait import PATIENCE
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


def start_without(server, folder, library):
    """Its end, where the library cannot be loaded: an empty file is found in its place."""
    (folder / library).touch()
    server.write_configuration()
    env = {"PATH": os.environ["PATH"], "LD_LIBRARY_PATH": str(folder)}
    return subprocess.run(server.argv(), env=env, capture_output=True, text=True, timeout=20 * PATIENCE, check=False)


def test_a_certificate_is_refused_where_gnutls_cannot_be_loaded(lab, tmp_path):
    made = certificates.make(tmp_path, "ns.example.com")
    tls = {"listen": [Endpoint("127.0.0.1", new_port("127.0.0.1")).text], "certificate": made.certificate, "key": made.key}
    done = start_without(lab.make("understudy", tls=tls), tmp_path, "libgnutls.so.30")
    assert done.returncode == 1, done.stderr
    assert "libgnutls.so.30 cannot be loaded" in done.stderr


def test_a_server_for_strangers_does_not_start_without_the_list_of_public_suffixes(lab, tmp_path):
    server = lab.make("understudy", mode="public", name_servers=["ns1.understudy.net", "ns2.understudy.net"])
    done = start_without(server, tmp_path, "libpsl.so.5")
    assert done.returncode == 1, done.stderr
    assert "no list of public suffixes can be had" in done.stderr
