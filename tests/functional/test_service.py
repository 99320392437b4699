"""understudyd as a service: readiness notice, user, signals, a second one beside it, nothing to listen on."""
import os
import pwd
import signal
import socket
import stat
import subprocess

import pytest

from lib import ask
from lib.understudy import program
from lib.wait import PATIENCE, wait_until
from lib.zonetext import small_zone

ZONE = "example.com"


@pytest.fixture
def pair(lab):
    primary, secondary = lab.make("nsd"), lab.make("understudy")
    primary.add_primary_zone(ZONE, small_zone(ZONE, 1))
    secondary.add_secondary_zone(ZONE, primary.endpoint)
    primary.start()
    return primary, secondary


def wait_transfer(secondary):
    wait_until(lambda: secondary.soa_serial(ZONE, timeout=1) == 1, 10, "first transfer")


def test_ready_is_told_to_systemd_when_saved_zones_are_served(pair, tmp_path):
    primary, secondary = pair
    secondary.start()
    wait_transfer(secondary)
    secondary.stop()
    primary.kill9()
    path = str(tmp_path / "notify.sock")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notices:
        notices.bind(path)
        notices.settimeout(20 * PATIENCE)
        secondary.process.env["NOTIFY_SOCKET"] = path
        secondary.process.start()
        while b"READY=1" not in notices.recv(4096):
            pass
        assert secondary.soa_serial(ZONE, timeout=1) == 1  # at once, without waiting for anything
        secondary.process.signal(signal.SIGTERM)
        while b"STOPPING=1" not in notices.recv(4096):
            pass
        assert secondary.process.child.wait(20 * PATIENCE) == 0


@pytest.mark.parametrize("number", (signal.SIGTERM, signal.SIGINT))
def test_signal_ends_it_with_status_0(pair, number):
    _, secondary = pair
    secondary.start()
    wait_transfer(secondary)
    secondary.process.signal(number)
    assert secondary.process.child.wait(20 * PATIENCE) == 0
    assert not secondary.socket.exists()


def run_to_its_end(secondary):
    done = subprocess.run([program("understudyd"), "-c", str(secondary.configuration)], capture_output=True, text=True,
                          timeout=30 * PATIENCE, check=False)
    return done.returncode, done.stdout + done.stderr


def test_second_daemon_with_the_same_configuration_gives_up_and_the_first_goes_on(pair):
    _, secondary = pair
    secondary.start()
    wait_transfer(secondary)
    status, output = run_to_its_end(secondary)
    assert status == 1 and len(output.split()) > 3, output
    for _ in range(50):
        assert secondary.soa_serial(ZONE, timeout=1) == 1
    assert secondary.cli("status").status == 0


def test_address_of_another_machine_is_named_in_the_message(pair):
    _, secondary = pair
    secondary.settings["listen"] = ["192.0.2.1@5353"]
    secondary.write_configuration()
    status, output = run_to_its_end(secondary)
    assert status == 1 and "192.0.2.1" in output


def test_state_directory_that_can_not_be_written_is_named_in_the_message(pair):
    _, secondary = pair
    (secondary.folder / "file").write_text("")
    secondary.settings["state-directory"] = str(secondary.folder / "file" / "state")
    secondary.write_configuration()
    status, output = run_to_its_end(secondary)
    assert status == 1 and str(secondary.folder / "file") in output


def test_checking_a_configuration_changes_nothing(pair):
    _, secondary = pair
    secondary.write_configuration()
    assert secondary.check().status == 0
    assert not list(secondary.state.iterdir()) and not secondary.socket.exists()


def test_stale_control_socket_of_a_killed_daemon_is_replaced(pair):
    _, secondary = pair
    secondary.start()
    secondary.kill9()
    assert stat.S_ISSOCK(os.stat(secondary.socket).st_mode)
    secondary.start()
    assert secondary.cli("status").status == 0


def test_control_socket_is_for_its_owner_alone(pair):
    _, secondary = pair
    secondary.start()
    assert stat.S_IMODE(os.stat(secondary.socket).st_mode) & 0o007 == 0


def ids_of(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        fields = dict(line.rstrip("\n").split(":\t", 1) for line in file if ":\t" in line)
    return set(fields["Uid"].split()), set(fields["Gid"].split()), fields["CapEff"]


def test_rights_are_dropped_after_binding(pair):
    """As root: everything runs as the user named. As anyone else: becoming another one is refused in words."""
    _, secondary = pair
    user = pwd.getpwnam("nobody")
    secondary.settings["user"] = "nobody"
    if os.geteuid() != 0:
        secondary.write_configuration()
        status, output = run_to_its_end(secondary)
        assert status == 1 and "nobody" in output
        return
    for path in (secondary.folder, secondary.state):
        path.mkdir(exist_ok=True)
        os.chown(path, user.pw_uid, user.pw_gid)
    for parent in secondary.folder.parents[:-2]:  # pytest keeps its folders closed to others
        os.chmod(parent, os.stat(parent).st_mode | 0o011)
    secondary.start()
    wait_transfer(secondary)
    uids, gids, capabilities = ids_of(secondary.process.pid)
    assert uids == {str(user.pw_uid)} and gids == {str(user.pw_gid)} and int(capabilities, 16) == 0


def test_hangup_with_the_first_answer_does_not_end_it(pair):
    """Who answers must already know its signals: their default is the end of the process."""
    _, secondary = pair
    secondary.start()
    wait_transfer(secondary)
    for _ in range(10):
        secondary.kill9()
        secondary.process.start()
        ask.first_answer(secondary.endpoint, f"www.{ZONE}", again_s=0.001)
        secondary.process.signal(signal.SIGHUP)
        wait_until(lambda: secondary.cli("status").status == 0, 10, "the control socket answers")
        assert secondary.process.running and secondary.soa_serial(ZONE) == 1


@pytest.mark.skipif(os.path.exists("/run/systemd/journal"), reason="there is a journal, or was")
def test_log_for_a_journal_that_is_not_there_comes_as_text(pair):
    _, secondary = pair
    secondary.write_configuration()
    text = secondary.configuration.read_text().replace("format: text", "format: journald")
    secondary.configuration.write_text(text)
    secondary.write_configuration = lambda: None
    secondary.start()
    wait_transfer(secondary)
    secondary.stop()
    lines = secondary.process.log_text()
    assert lines.count("log.no-journal") == 1
    assert "zone.transferred" in lines
