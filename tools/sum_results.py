#!/usr/bin/env python3
"""Adds up what ./check ran: sum_results.py RESULTS_FOLDER.

Reads meson.json (meson test's log: one JSON object a line), functional.xml and differential.xml (pytest's JUnit files), quickstart (OK or
FAIL) and sanitizer/ (reports).  A cmocka program counts as many tests as it says it ran; any other program counts as one.  A program
that fails without naming a failed test is one failure.  Names every failure, then prints one line
"N passed, N failed"; exits 1 when something failed, or when nothing ran at all."""
import json
import re
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

CMOCKA = re.compile(r"^\[  (PASSED|FAILED)  \] (\d+) test\(s\)", re.M)
CMOCKA_NAMES = re.compile(r"^\[  FAILED  \] (?!\d+ test\(s\))(\S+)$", re.M)


def count_program(row):
    """(passed, names of failures) of one line of meson's log."""
    text = (row.get("stdout") or "") + "\n" + (row.get("stderr") or "")
    if row["result"] == "SKIP":
        return 0, []
    sums = CMOCKA.findall(text)
    passed = sum(int(n) for kind, n in sums if kind == "PASSED")
    failed = sum(int(n) for kind, n in sums if kind == "FAILED")
    good = row["result"] in ("OK", "EXPECTEDFAIL")
    if not sums:
        return (1, []) if good else (0, [f'{row["name"]}: {row["result"]}'])
    names = [f'{row["name"]}: {n}' for n in CMOCKA_NAMES.findall(text)]
    names += [f'{row["name"]}: (not named)'] * (failed - len(names))
    if not good and not names:
        names = [f'{row["name"]}: {row["result"]}']
    return passed, names[:max(failed, 1)]


def count_meson(path):
    passed, failures = 0, []
    for line in path.read_text(errors="replace").splitlines():
        p, f = count_program(json.loads(line))
        passed += p
        failures += f
    return passed, failures


def count_junit(path):
    passed, failures, skipped = 0, [], []
    for case in ElementTree.parse(path).getroot().iter("testcase"):
        name = f'{case.get("classname")}.{case.get("name")}'
        if case.find("failure") is not None or case.find("error") is not None:
            failures.append(name)
        elif case.find("skipped") is not None:
            skipped.append(name)
        else:
            passed += 1
    for name in skipped:
        print(f"skipped: {name}")
    return passed, failures


def count_quickstart(path):
    return (1, []) if path.read_text().strip() == "OK" else (0, ["quickstart --once: see quickstart.log"])


def main(folder):
    folder = Path(folder)
    passed, failures = 0, []
    for file, count in (("meson.json", count_meson), ("functional.xml", count_junit),
                        ("differential.xml", count_junit),
                        ("quickstart", count_quickstart)):
        path = folder / file
        if path.exists():
            p, f = count(path)
            print(f"{file}: {p} passed, {len(f)} failed")
            passed += p
            failures += f
    if not (folder / "meson.json").exists():
        failures.append("meson test left no results: see meson-test.log")
    for name in ("functional", "differential"):
        if (folder / f"{name}.log").exists() and not (folder / f"{name}.xml").exists():
            failures.append(f"pytest left no results: see {name}.log")
    for report in sorted((folder / "sanitizer").glob("*")):
        failures.append(f"sanitizer report: {report}")
    for name in failures:
        print(f"failed: {name}")
    print(f"{passed} passed, {len(failures)} failed")
    return 1 if failures or not passed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
