"""Keys and tokens while the server runs: shown once, found in no file and no reply after that, kept over kill -9."""
import base64
import json
import os
import stat
import time

import pytest

from lib.control import Control
from lib.keys import Key
from lib.wait import wait_until
from lib.zonetext import small_zone

ZONE = "signed.example"
SETTINGS = {"primaries": ["192.0.2.1"]}


@pytest.fixture
def ours(lab):
    server = lab.make("understudy")
    server.web_socket = server.folder / "web.sock"
    return server


def files_of(ours):
    """Everything that the server has written, but for the key file."""
    for folder, _, names in os.walk(ours.folder):
        for name in names:
            path = os.path.join(folder, name)
            if name != "secret.key" and stat.S_ISREG(os.lstat(path).st_mode):
                yield path, open(path, "rb").read()


def forms_of(secret):
    yield secret.encode()
    yield base64.b64decode(secret + "=" * (-len(secret) % 4)) if not secret.startswith("ust_") else secret[10:].encode()


def test_no_secret_is_in_a_file_or_in_a_reply_after_the_first(ours):
    ours.start()
    secrets, replies = [], []
    imported = base64.b64encode(b"an imported secret that is long").decode()
    with Control(ours.socket) as control:
        for scope in "read", "write", "admin":
            secrets.append(control.ask("token.add", name=scope, scope=scope)["token"])
        secrets.append(control.ask("key.add", name="made", algorithm="hmac-sha512")["secret"])
        secrets.append(control.ask("key.add", name="given", secret=imported)["secret"])
        assert secrets[-1] == imported
        wrong = "c2hvcnQ"  # no base 64 as it stands
        control.send("key.add", name="wrong", secret=wrong)
        replies.append(control.receive())
        assert replies[-1]["code"] == "invalid" and wrong not in json.dumps(replies)
        for request in "token.list", "key.list", "audit.page", "config.print", "status", "account.get":
            replies.append(control.ask(request))
        with Control(ours.web_socket, key=secrets[1], source="192.0.2.9") as web:
            replies += [web.ask("token.self"), web.ask("key.list"), web.ask("audit.page")]
    ours.kill9()
    told = json.dumps(replies).encode()
    seen = list(files_of(ours))
    assert any(path.endswith("inventory.db") for path, _ in seen)
    for secret in secrets:
        for form in forms_of(secret):
            assert form not in told
            for path, data in seen:
                assert form not in data, path
    key_file = os.stat(ours.state / "secret.key")
    assert stat.S_IMODE(key_file.st_mode) == 0o600 and key_file.st_size == 32


def test_keys_open_what_they_may_and_end_at_once(ours):
    ours.start()
    with Control(ours.socket) as control:
        made = control.ask("token.add", name="panel", scope="read")
        with Control(ours.web_socket, key=made["token"]) as web:
            assert web.ask("token.self")["token"]["name"] == "panel"
            assert web.refusal("zone.add", zone=ZONE, settings=SETTINGS) == "forbidden"
            assert web.refusal("token.add", name="more", scope="write") == "forbidden"
            control.ask("token.remove", id=made["id"])
            assert web.refusal("token.self") == "unauthorized"
    with Control(ours.web_socket) as web:
        assert web.refusal("token.self") == "unauthorized"


def test_wrong_keys_have_to_wait_and_right_ones_do_not(ours):
    ours.start()
    with Control(ours.socket) as control:
        right = control.ask("token.add", name="panel", scope="read")["token"]
    wrong = right[:-2] + ("aa" if right[-2:] != "aa" else "ba")
    with Control(ours.web_socket, key=right, source="192.0.2.7") as web:
        web.ask("token.self")
        with Control(ours.web_socket, key=wrong, source="192.0.2.7") as guessing:
            codes = [guessing.refusal("token.self") for _ in range(15)]
        assert codes[:10] == ["unauthorized"] * 10 and codes[-1] == "limit"
        web.ask("token.self")
    with Control(ours.web_socket, key=wrong, source="192.0.2.8") as guessing:
        guessing.send("token.self")
        assert guessing.receive()["wait"] > 0  # the same key from elsewhere


def test_a_made_tsig_key_transfers_a_zone_and_outlives_kill_9(lab, ours):
    ours.start()
    with Control(ours.socket) as control:
        made = control.ask("key.add", name="between.us")
        primary = lab.make("nsd", key=Key("between.us", made["algorithm"], made["secret"]))
        primary.add_primary_zone(ZONE, small_zone(ZONE, 7))
        primary.start()
        control.ask("zone.add", zone=ZONE, settings={"primaries": [
            {"address": primary.endpoint.text, "key": "between.us"}]})
        ours.wait_serves(ZONE, 7)
        assert control.refusal("key.remove", id=made["id"]) == "conflict"
    ours.kill9()
    ours.start()
    primary.set_zone(ZONE, small_zone(ZONE, 8))
    primary.wait_serves(ZONE, 8)
    with Control(ours.socket) as control:
        control.ask("zone.refresh", zone=ZONE)
        ours.wait_serves(ZONE, 8)
        assert control.refusal("key.remove", id=made["id"]) == "conflict"
        control.ask("zone.remove", zone=ZONE)
        control.ask("key.remove", id=made["id"])


def test_a_lost_key_file_is_told_and_zones_stay(ours):
    ours.start()
    with Control(ours.socket) as control:
        control.ask("key.add", name="between.us")
        control.ask("zone.add", zone=ZONE, settings={"primaries": [{"address": "127.0.0.1@9", "key": "between.us"}]})
    ours.stop()
    (ours.state / "secret.key").rename(ours.state / "kept.key")
    ours.start()
    with Control(ours.socket) as control:
        assert control.ask("zone.status", zone=ZONE)
        assert control.refusal("key.add", name="more") == "unavailable"
    assert "put the saved copy back" in ours.process.log_text()
    assert not (ours.state / "secret.key").exists()
    ours.stop()
    (ours.state / "kept.key").rename(ours.state / "secret.key")
    ours.start()
    with Control(ours.socket) as control:
        control.ask("key.add", name="more")


def test_an_ended_plan_is_told_and_refuses_changes(ours):
    ours.start()
    with Control(ours.socket) as control:
        account = control.ask("account.add", name="trial")["id"]
        made = control.ask("token.add", name="panel", scope="write", account="trial")
        assert control.ask("account.set", id=account, ends_at=int(time.time()) + 2)["notice"] is None
        with Control(ours.web_socket, key=made["token"]) as web:
            web.ask("key.add", name="before")
            wait_until(lambda: time.time() > control.ask("account.get", id=account)["ends_at"] + 1, 20, "the plan ends")
            assert web.refusal("key.add", name="after") == "forbidden"
            assert [row["name"] for row in web.ask("key.list")] == ["before"]
    ours.stop()
    ours.start()  # the first sweep comes with the start
    with Control(ours.socket) as control:
        wait_until(lambda: control.ask("account.get", id=account)["notice"] == "ended", 20, "the end is told")
        assert control.ask("audit.page", object="trial")["rows"][0]["action"] == "notice"
    assert "account.plan account=" in ours.process.log_text()


def test_changes_of_keys_are_told_to_who_watches(ours):
    ours.start()
    with Control(ours.socket) as control, Control(ours.socket) as watching:
        watching.ask("watch", kinds=["token.changed", "key.changed"])
        made = control.ask("token.add", name="panel", scope="read")
        control.ask("key.add", name="between.us")
        control.ask("token.remove", id=made["id"])
        events = []
        while len(events) < 3:
            event = watching.receive()
            if "idle" not in event:
                events.append((event["event"], event["name"], event["what"]))
        assert events == [("token.changed", "panel", "add"), ("key.changed", "between.us", "add"),
                          ("token.changed", "panel", "remove")]
