#!/usr/bin/env python3
"""Every stop that ARCHITECTURE.md, README.md and CONTRIBUTING.md name exists.

A stop is written `path/file` or `path/file:name`; with a name, the file must contain that word."""
import re
from sourcetree import ROOT, report

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


if __name__ == "__main__":
    report([f for d in ("ARCHITECTURE.md", "README.md", "CONTRIBUTING.md") if (ROOT / d).exists() for f in judge(d)],
           "stops of the documents")
