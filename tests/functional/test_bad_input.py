"""300 and more wrong configurations and command lines: each a message with file, line and what is expected."""
import random
import re
import subprocess
import zlib

import pytest

from lib.mutations import BAD_ZONE_LINES, OPERATORS, VALID, VALID_ZONES
from lib.understudy import program
from lib.wait import PATIENCE

EACH = 20  # tries of each operator; those that differ, with the lists below, are above 300


def run(name, *words):
    done = subprocess.run([program(name), *words], capture_output=True, timeout=20 * PATIENCE, check=False)
    return done.returncode, (done.stdout + done.stderr).decode("utf-8", "replace")


@pytest.fixture
def valid(tmp_path):
    (tmp_path / "state").mkdir()
    (tmp_path / "zones.list").write_text(VALID_ZONES)
    return VALID.format(folder=tmp_path, port=15353)


def check(folder, text):
    path = folder / "understudy.yaml"
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    return run("understudyd", "-c", str(path), "-t")


def what_is_wrong(status, output, file, line):
    """Empty when the program refused as it should, else what is missing."""
    if status < 0 or status > 2:
        return f"ended with {status}"
    if status == 0:
        return "was accepted"
    messages = re.findall(re.escape(file) + r":(\d+):? *(.*)", output)
    if not messages:
        return f"no message names {file} and a line"
    if line is not None and line not in [int(number) for number, _ in messages]:
        return f"no message names line {line}"
    if not all(len(text.split()) >= 3 for _, text in messages):
        return "a message does not say what is expected"
    return ""


def test_the_valid_configuration_is_accepted(valid, tmp_path):
    status, output = check(tmp_path, valid)
    assert status == 0, output


@pytest.mark.parametrize("operator", OPERATORS)
def test_wrong_configuration_is_refused_with_file_and_line(valid, tmp_path, operator):
    problems, seen = [], set()
    for number in range(EACH):
        chance = random.Random(zlib.crc32(f"{operator}/{number}".encode()))
        lines = valid.splitlines()
        line = OPERATORS[operator](lines, chance)
        text = "\n".join(lines) + "\n"
        if text in seen:
            continue
        seen.add(text)
        status, output = check(tmp_path, text)
        problem = what_is_wrong(status, output, "understudy.yaml", line)
        if problem:
            there = lines[line - 1] if line else next(
                (new for new, old in zip(lines, valid.splitlines()) if new != old), "")
            problems.append(f"{problem}: {there[:100]!r}\n    {output.strip()[:300]}")
    assert not problems, f"{len(problems)} of {len(seen)}:\n" + "\n".join(problems)


@pytest.mark.parametrize("bad", BAD_ZONE_LINES, ids=range(len(BAD_ZONE_LINES)))
@pytest.mark.parametrize("place", (0, 3, 5))
def test_wrong_line_of_the_zones_file_is_named(valid, tmp_path, bad, place):
    lines = VALID_ZONES.splitlines()
    lines.insert(place, bad)
    (tmp_path / "zones.list").write_text("\n".join(lines) + "\n")
    # Of a name given twice either line may be the one at fault; the message may name the later one.
    expected = None if bad.lower().startswith(("a.example", "example.com")) else place + 1
    status, output = check(tmp_path, valid)
    if bad.startswith("example.com"):
        assert status in (1, 2) and "example.com" in output and re.search(r"(zones\.list|understudy\.yaml):\d+", output)
        return
    assert not what_is_wrong(status, output, "zones.list", expected), output


def test_all_faults_are_told_at_once(valid, tmp_path):
    text = valid.replace("workers: 2", "workers: many").replace("level: info", "level: loud").replace(
        "template: other", "template: nosuch")
    status, output = check(tmp_path, text)
    assert status in (1, 2)
    lines = text.splitlines()
    for fault in ("workers: many", "level: loud", "template: nosuch"):
        line = next(i for i, l in enumerate(lines, 1) if fault in l)
        assert f"understudy.yaml:{line}" in output, output


def test_start_with_a_wrong_configuration_ends_with_the_same_message_and_serves_nothing(valid, tmp_path):
    path = tmp_path / "understudy.yaml"
    path.write_text(valid.replace("workers: 2", "workers: many"))
    status, output = run("understudyd", "-c", str(path))
    assert not what_is_wrong(status, output, "understudy.yaml", 3), output
    assert not (tmp_path / "control.sock").exists()


@pytest.mark.parametrize("words", (
    (), ("-c",), ("-x",), ("--nonsense",), ("-c", "/nonexistent/understudy.yaml"), ("-c", "/nonexistent", "-t"),
    ("-c", "/"), ("-t",), ("more",), ("-c", "/dev/null", "more"), ("-c", "", "-t"), ("-t", "-t", "-t", "x")),
    ids=" ".join)
def test_wrong_command_line_of_understudyd_is_refused(words, tmp_path):
    status, output = run("understudyd", *words)
    if words in ((), ("-t",)) and "understudy.yaml" in output:  # the default path, which is not there
        assert status in (1, 2)
        return
    assert status in (1, 2) and len(output.split()) >= 3, output


@pytest.mark.parametrize("text", ("", "\n", "# nothing\n", "[]\n", "1\n", "--- \n...\n", "a: &x [*x]\n", "{" * 500,
                                  "server: &a {listen: *a}\n", "zones: [" + "[" * 300 + "]" * 300 + "]\n",
                                  "\ufeff\x00", "%YAML 9.9\n---\n", "!!binary x\n", "a: b\n---\nc: d\n"),
                         ids=range(14))
def test_odd_files_are_refused_without_a_crash(tmp_path, text):
    status, output = check(tmp_path, text)
    assert status in (1, 2) and "understudy.yaml" in output, (status, output)


def test_socket_option_needs_its_value(tmp_path):
    for words in (("--socket",), ("--socket", ""), ("--socket", str(tmp_path / "none"), "status", "--json", "x"),
                  ("--json",)):
        status, output = run("understudy", *words)
        assert status in (2, 3) and output.strip(), words
    assert run("understudy", "--socket", str(tmp_path / "none"), "status")[0] == 3
    assert run("understudy", "--socket", "/" + "s" * 300, "status")[0] in (2, 3)
