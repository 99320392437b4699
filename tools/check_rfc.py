#!/usr/bin/env python3
"""docs/rfc.md tells the truth: its files, functions and tests exist, its rows stand in order, and no RFC that
the code cites is missing.

A row of a table of duties has four cells: RFC number and sections, what is asked, where, test.  A place is
written `src/file.c:function`; a test `tests/file.c:function`, `tests/file.py::test_name`, with [case] where one
row of the test's own table is meant, or `tests/fuzz/file.c`.  A row without a test says (by review)."""
import functools
import re
from check_sizes import DIRECTIVE, NAME, chunks
from sourcetree import ROOT, TOKEN, bare, c_files, report

DOCUMENT = "docs/rfc.md"
HEAD = ["RFC", "what is asked", "where", "test"]
REVIEW = "(by review)"
PLACE = re.compile(r"`((?:src|tests|tools)/[\w./-]+?\.\w+)(?::(:?)(\w+)(?:\[([^\]`]+)\])?)?`")
NUMBER = re.compile(r"(\d{3,4})((?: [\w.]+,?)*)$")
CITED = re.compile(r"\bRFCs?[\s*]+(\d{3,4})")


@functools.lru_cache(maxsize=None)
def functions(text, is_table=False):
    """Names of the functions that C text defines; of a table of ours, every word."""
    text = DIRECTIVE.sub("", bare(text))
    if is_table:
        return set(re.findall(r"\w+", text))
    heads = [NAME.search(head) for head, _, _, is_body in chunks(text) if is_body and "=" not in head]
    return {found.group(1) for found in heads if found}


def is_run(text, name):
    """A cmocka test counts when it stands in a list of tests, too."""
    return name in functions(text) and len(re.findall(rf"\b{name}\b", bare(text))) > 1


def knows_case(path, case):
    """Rows of a test's table may stand in a module that it imports: any of its neighbours' will do."""
    folders = {path.parent, ROOT / "tests/functional/lib", ROOT / "tests/functional/hostile"}
    return any(case in p.read_text() for folder in sorted(folders) for p in sorted(folder.glob("*.py")))


def judge_place(match):
    """What is wrong with one place or test, None if nothing is."""
    name, is_python, item, case = match.groups()
    path = ROOT / name
    if not path.is_file():
        return f"{name} does not exist"
    text = path.read_text()
    if path.suffix == ".py":
        if item and (not is_python or not re.search(rf"^\s*def {item}\(", text, re.M)):
            return f"{name} has no test {item}"
        return f"{name}::{item} knows no case {case}" if case and not knows_case(path, case) else None
    if not item:
        return None if name.startswith("tests/fuzz/") else f"{name}: which function?"
    if name.startswith("tests/"):
        return None if is_run(text, item) else f"{name} has no test {item}"
    return None if item in functions(text, path.suffix == ".def") else f"{name} does not define {item}"


def tables(text):
    """(head, [(line number, cells)]) of every table."""
    rows, head = [], None
    for number, line in enumerate(text.split("\n") + [""], 1):
        if not line.startswith("|"):
            if head:
                yield head, rows
            rows, head = [], None
            continue
        cells = [c.strip() for c in line.strip().strip("|").split("|")]
        if head is None:
            head = cells
        elif set(line) - set("|-: "):
            rows.append((number, cells))


def judge_row(cells):
    """Faults of one row of duties, and its RFC number (0: none)."""
    if len(cells) != len(HEAD):
        return [f"{len(cells)} cells instead of {len(HEAD)}"], 0
    rfc, _, where, test = cells
    found = NUMBER.match(rfc)
    faults = [] if found else [f"'{rfc}' is not an RFC with its sections"]
    if not re.search(r"`src/", where):
        faults.append("no place in src/")
    if not re.search(r"`tests/", test) and test != REVIEW:
        faults.append(f"no test, nor {REVIEW}")
    return faults, int(found.group(1)) if found else 0


def duties(text):
    """(line number, cells, RFC number, faults) of every row of duties; rows out of order are faults."""
    for head, rows in tables(text):
        if head != HEAD:
            continue
        last = 0
        for number, cells in rows:
            faults, rfc = judge_row(cells)
            if rfc and rfc < last:
                faults.append(f"RFC {rfc} stands behind RFC {last}")
            last = max(last, rfc)
            yield number, cells, rfc, faults


def cited():
    """RFC number -> the first file of src/ whose comments cite it."""
    found = {}
    for path in [*c_files("src"), *sorted((ROOT / "src").rglob("*.def"))]:
        comments = " ".join(t for t in TOKEN.findall(path.read_text()) if t.startswith("/"))
        for number in CITED.findall(comments):
            found.setdefault(int(number), path.relative_to(ROOT))
    return found


def judge():
    """Faults of the document, and its figures in words."""
    text = (ROOT / DOCUMENT).read_text()
    rows = list(duties(text))
    faults = [f"{DOCUMENT}:{number}: {fault}" for number, _, _, found in rows for fault in found]
    for start in re.finditer(r"`(?:src|tests|tools)/\w", text):
        place = PLACE.match(text, start.start())
        fault = judge_place(place) if place else "a place that is not written as one"
        if fault:
            faults.append(f"{DOCUMENT}:{text.count(chr(10), 0, start.start()) + 1}: {fault}")
    present = {rfc for _, _, rfc, _ in rows}
    faults += [f"{DOCUMENT}: RFC {rfc} has no row, but {path} cites it"
               for rfc, path in sorted(cited().items()) if rfc not in present]
    if not rows:
        faults.append(f"{DOCUMENT}: no table of duties")
    review = sum(cells[-1] == REVIEW for _, cells, _, _ in rows)
    return faults, f"{len(rows)} rows, {len(present - {0})} RFCs, {review} rows by review"


if __name__ == "__main__":
    problems, figures = judge()
    print(f"{DOCUMENT}: {figures}")
    report(problems, DOCUMENT)
