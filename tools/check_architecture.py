#!/usr/bin/env python3
"""Every stop that ARCHITECTURE.md, README.md and CONTRIBUTING.md name exists.

A stop is written `path/file` or `path/file:name`; with a name, the file must contain that word.  Documents that
comments in the code point to must exist too."""
import re
from sourcetree import ROOT, c_files, report

STOP = re.compile(r"`((?:src|tests|tools|docs|man|bench)/[\w./*-]*|\./[\w-]+)(?::(\w+))?`")


def judge(document):
    text = (ROOT / document).read_text()
    for match in STOP.finditer(text):
        place, name = match.groups()
        line = text.count("\n", 0, match.start()) + 1
        found = sorted(ROOT.glob(place.removeprefix("./"))) if place != "./" else []
        if not found:
            yield f"{document}:{line}: {place} does not exist"
        elif name and not any(re.search(rf"\b{name}\b", p.read_text()) for p in found if p.is_file()):
            yield f"{document}:{line}: {place} does not mention {name}"


def pointers(path):
    for place in sorted(set(re.findall(r"\bdocs/[\w./-]+\.md\b", path.read_text()))):
        if not (ROOT / place).exists():
            yield f"{path.relative_to(ROOT)}: {place} does not exist"


if __name__ == "__main__":
    documents = [d for d in ("ARCHITECTURE.md", "README.md", "CONTRIBUTING.md") if (ROOT / d).exists()]
    report([f for d in documents for f in judge(d)] + [f for p in c_files("src", "tests") for f in pointers(p)],
           "stops of the documents")
