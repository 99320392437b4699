"""understudy primary-config: what it prints is pasted into real servers, which then transfer and notify."""
import pytest

from lib.keys import make_key
from lib.pasted import PASTED
from lib.zonetext import small_zone

ZONE = "example.com"


def printed(secondary, software, key, tmp_path):
    """The parts that the command prints, with the secret where there is a key."""
    words = ["primary-config", software, ZONE, "--json"]
    if key:
        (tmp_path / "secret").write_text(key.secret + "\n", encoding="ascii")
        words += ["--secret-file", str(tmp_path / "secret")]
    result = secondary.cli(*words)
    assert result.status == 0, result.err
    return result.json["parts"]


@pytest.mark.parametrize("signed", [False, True], ids=["by-address", "by-key"])
@pytest.mark.parametrize("software", sorted(PASTED))
def test_pasted_lines_let_the_zone_be_transferred_and_told_of(lab, tmp_path, software, signed):
    key = make_key("transfer-key") if signed else None
    folder = lab.folder / "primary"
    folder.mkdir()
    primary = PASTED[software](folder)
    lab.servers.append(primary)
    primary.add_primary_zone(ZONE, small_zone(ZONE, 1))
    secondary = lab.make("understudy", key=key)
    secondary.add_secondary_zone(ZONE, primary.endpoint, refresh_min=86400)
    secondary.start()
    primary.parts = printed(secondary, software, key, tmp_path)
    primary.start()
    outcome = secondary.cli("zone", "retransfer", ZONE, "--wait", "20")
    assert outcome.status == 0, outcome.out + outcome.err
    secondary.wait_serves(ZONE, 1)
    primary.set_zone(ZONE, small_zone(ZONE, 2))
    secondary.wait_serves(ZONE, 2)  # a day before its time: by NOTIFY alone
    attempt = secondary.status(ZONE)["attempts"][0]
    assert attempt["key"] == (key.name if key else None)


def test_others_than_us_are_not_let_in_by_the_pasted_lines(lab, tmp_path):
    primary = PASTED["bind"](tmp_path)
    lab.servers.append(primary)
    primary.add_primary_zone(ZONE, small_zone(ZONE, 1))
    secondary = lab.make("understudy", address="127.0.0.9")
    secondary.add_secondary_zone(ZONE, primary.endpoint)
    secondary.start()
    primary.parts = printed(secondary, "bind", None, tmp_path)
    primary.start()
    with pytest.raises(Exception, match="(?i)refused|transfer"):
        primary.axfr(ZONE)


def test_secrets_are_not_told_and_unknown_names_are_refused(lab):
    key = make_key("transfer-key")
    secondary = lab.make("understudy", key=key)
    secondary.add_secondary_zone(ZONE, secondary.endpoint)
    secondary.start()
    people = secondary.cli("primary-config", "knot", ZONE)
    assert people.status == 0 and key.secret not in people.out and "SECRET-OF-THE-KEY" in people.out
    assert "algorithm: hmac-sha256" in people.out
    other = secondary.cli("primary-config", "djbdns", ZONE)
    assert other.status == 2 and "bind powerdns knot nsd" in other.err
    assert secondary.cli("primary-config", "bind", "other.example").status == 1
