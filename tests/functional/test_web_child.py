"""understudy-web under the daemon's care: started, started again, and gone when the daemon is."""
import http.client
import json
import os
import pathlib
import pwd
import signal
import tempfile
import time

import pytest

from lib.ports import new_port
from lib.understudy import program
from lib.wait import wait_until


def with_web(lab, socket=None, **web):
    """A daemon that answers HTTP too, and the port of it."""
    ours = lab.make("understudy")
    ours.socket = socket or ours.socket
    port = new_port("127.0.0.1")
    section = {"listen": [f"127.0.0.1@{port}"], "program": program("understudy-web"), **web}
    ours.extra_text = f"web: {json.dumps(section)}\n"
    ours.start()
    return ours, port


def healthy(port):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


def web_pid(ours):
    return json.loads(ours.cli("--json", "status").out)["web"]["pid"]


def gone(pid):
    stat = pathlib.Path(f"/proc/{pid}/stat")
    try:
        return stat.read_text().rsplit(")", 1)[1].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True


def test_it_is_started_again_when_it_is_killed(lab):
    ours, port = with_web(lab)
    wait_until(lambda: healthy(port), 20, "HTTP is answered")
    first = web_pid(ours)
    os.kill(first, signal.SIGKILL)
    wait_until(lambda: web_pid(ours) not in (None, first), 20, "another one runs")
    wait_until(lambda: healthy(port), 20, "HTTP is answered again")
    assert json.loads(ours.cli("--json", "status").out)["web"]["restarts"] == 1
    second = web_pid(ours)
    ours.stop()
    assert gone(second)
    assert not healthy(port)


def test_it_gets_no_door_and_no_secret_of_our_environment(lab, monkeypatch):
    monkeypatch.setenv("NOTIFY_SOCKET", "/nowhere/notify")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", "/nowhere")
    ours, port = with_web(lab)
    wait_until(lambda: healthy(port), 20, "HTTP is answered")
    words = pathlib.Path(f"/proc/{web_pid(ours)}/environ").read_bytes()
    assert b"PATH=" in words
    assert b"NOTIFY_SOCKET" not in words and b"CREDENTIALS" not in words
    ours.stop()


@pytest.mark.skipif(os.getuid() != 0, reason="only root becomes others")
def test_it_runs_as_a_user_of_its_own(lab):
    with tempfile.TemporaryDirectory(prefix="understudy-web.") as folder:
        os.chmod(folder, 0o755)  # where the other user may look for the socket
        runs_as_nobody(lab, pathlib.Path(folder) / "control.sock")


def runs_as_nobody(lab, socket):
    ours, port = with_web(lab, socket, user="nobody")
    wait_until(lambda: healthy(port), 20, "HTTP is answered")
    stat = pathlib.Path(f"/proc/{web_pid(ours)}/status").read_text()
    nobody = pwd.getpwnam("nobody").pw_uid
    assert f"Uid:\t{nobody}\t{nobody}\t{nobody}\t{nobody}" in stat
    ours.stop()


def test_it_ends_with_a_daemon_that_is_killed(lab):
    ours, port = with_web(lab)
    wait_until(lambda: healthy(port), 20, "HTTP is answered")
    pid = web_pid(ours)
    ours.process.signal(signal.SIGKILL)
    wait_until(lambda: gone(pid), 20, "understudy-web is gone too")
    ours.process.stop()


def test_one_that_cannot_be_started_holds_up_nothing(lab):
    ours = lab.make("understudy")
    ours.extra_text = 'web: { listen: ["127.0.0.1@1"], program: /nonexistent/understudy-web }\n'
    ours.start()
    begin = time.monotonic()
    wait_until(lambda: json.loads(ours.cli("--json", "status").out)["web"]["restarts"] >= 3, 20,
               "it is tried again")
    assert time.monotonic() - begin > 1.4  # with pauses: 0.5 s, 1 s
    ours.stop()
