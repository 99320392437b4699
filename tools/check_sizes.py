#!/usr/bin/env python3
"""Size limits: a file has at most 800 lines (a warning from 500), a function 80, 7 parameters."""
import re
from sourcetree import ROOT, bare, c_files, report

FILE_MAX, FILE_WARN, FUNCTION_MAX, PARAMETERS_MAX = 800, 500, 80, 7
DIRECTIVE = re.compile(r"^[ \t]*#(?:\\\n|[^\n])*", re.M)
# Callbacks whose parameters a library dictates.
DICTATED = {"src/web/server.c": ("on_request",)}
NAME = re.compile(r"\b(?!__attribute__\b)([A-Za-z_]\w*)\s*\(")


def chunks(text):
    """(text before, line of the name, line of the end, is a body) of everything at brace depth 0."""
    depth, start, body_at = 0, 0, 0
    for i, ch in enumerate(text):
        if ch == "{":
            if depth == 0:
                body_at = i
            depth += 1
        elif ch == "}":
            depth -= 1
            if depth == 0:
                yield text[start:body_at], start, i, True
                start = i + 1
        elif ch == ";" and depth == 0:
            yield text[start:i], start, i, False
            start = i + 1


def parameters(head, at):
    """How many parameters the list has that opens at head[at]."""
    depth, commas = 0, 0
    for ch in head[at:]:
        depth += ch in "([{"
        depth -= ch in ")]}"
        commas += ch == "," and depth == 1
        if depth == 0:
            break
    inside = head[at + 1:].split(")")[0].strip()
    return 0 if inside in ("", "void") else commas + 1


def judge(path):
    text = path.read_text()
    name = path.relative_to(ROOT)
    lines = text.count("\n")
    faults = []
    if lines > FILE_MAX:
        faults.append(f"{name}: {lines} lines, at most {FILE_MAX}")
    elif lines > FILE_WARN:
        print(f"warning: {name}: {lines} lines, better at most {FILE_WARN}")
    text = DIRECTIVE.sub(lambda m: "\n" * m.group(0).count("\n"), bare(text))
    for head, start, end, is_body in chunks(text):
        found = NAME.search(head)
        if not found or "=" in head or head.lstrip().startswith("typedef"):
            continue
        first = text.count("\n", 0, start + len(head) - len(head.lstrip())) + 1
        length = text.count("\n", 0, end) + 1 - first + 1
        if is_body and length > FUNCTION_MAX:
            faults.append(f"{name}:{first}: {found.group(1)}: {length} lines, at most {FUNCTION_MAX}")
        count = parameters(head, found.end() - 1)
        if count > PARAMETERS_MAX and found.group(1) not in DICTATED.get(str(name), ()):
            faults.append(f"{name}:{first}: {found.group(1)}: {count} parameters, at most {PARAMETERS_MAX}")
    return faults


if __name__ == "__main__":
    report([f for p in c_files("src", "tests") for f in judge(p)], "size limits")
