#!/usr/bin/env python3
"""Writes the documents that come from the tables in the code.  gen_docs.py --check only compares.

  src/base/events.def        EVENT(NAME, LEVEL, "event.name: meaning")          -> docs/formats/events.md
  src/base/reasons.def       REASON(NAME, "slug", "text", "advice")             -> docs/formats/reasons.md
  src/inventory/options.def  OPTION(path, kind, default, "text")                -> docs/operator/options.md
                                                                                and man/understudy.yaml.5.scd
  src/control/requests.def   REQUEST("name", WHERE, WHO, handler, "fields", "text") -> docs/formats/control.md, between
                                                                                its marks
  src/web/routes.def and others: see tools/gen_api.py                        -> docs/formats/api.yaml
  bench/results/*.md         the last runs of compare, scale, microbench     -> README.md and docs/performance.md, between
                                                                                their marks
  tests/differential/choices.py  what a comparison leaves free               -> docs/rfc.md, between its marks
"""
import ast
import re
import subprocess
import sys
from sourcetree import ROOT

MARK_BEGIN, MARK_END = "; options: begin, written by tools/gen_docs.py", "; options: end"


def rows(path, macro):
    """The argument lists of every macro(...) of an X-list file; None when the file does not exist."""
    if not (ROOT / path).exists():
        return None
    text = re.sub(r"/\*.*?\*/", "", (ROOT / path).read_text(), flags=re.S)
    text = re.sub(r"^\s*#.*$", "", text, flags=re.M)
    return [split(text, m.end()) for m in re.finditer(rf"\b{macro}\(", text)]


def split(text, at):
    """Arguments from text[at:] to the closing bracket; string literals are joined and unquoted."""
    args, depth, current = [], 0, ""
    tokens = re.compile(r'"(?:\\.|[^"\\])*"|.', re.S)
    for match in tokens.finditer(text, at):
        token = match.group(0)
        if token == ")" and depth == 0:
            return [unquote(a) for a in args + [current]]
        depth += token in ("(", "{")
        depth -= token in (")", "}")
        if token == "," and depth == 0:
            args, current = args + [current], ""
        else:
            current += token
    raise SystemExit("a row is not closed")


def unquote(arg):
    parts = re.findall(r'"(?:\\.|[^"\\])*"', arg)
    return "".join(ast.literal_eval(p) for p in parts) if parts else " ".join(arg.split())


def table(head, lines):
    cell = lambda s: s.replace("|", "\\|").replace("\n", " ")
    out = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join(out + ["| " + " | ".join(cell(c) for c in line) + " |" for line in lines]) + "\n"


def events():
    found = rows("src/base/events.def", "EVENT")
    if found is None:
        return None
    lines = []
    for row in found:
        name, _, meaning = row[-1].partition(": ")
        lines.append((f"`{name}`", row[1].lower(), meaning))
    return ("# Log events\n\nWritten by `tools/gen_docs.py` from `src/base/events.def`.\n\n"
            "A line of the log is one event: time, level, name, then fields as key=value (`log: { format: text }`),\n"
            "one JSON object a line (`json`), or the journal's own fields (`journald`).  Events whose names begin\n"
            "with `peer.` are caused by others and are limited to 20 a second each.\n\n"
            + table(("event", "level", "meaning"), lines))


def reasons():
    found = rows("src/base/reasons.def", "REASON")
    if found is None:
        return None
    lines = [(f"`{r[1]}`", r[2], r[3]) for r in found]
    return ("# Reason codes\n\nWritten by `tools/gen_docs.py` from `src/base/reasons.def`.\n\n"
            "Why a zone is not in step with its primary, as it stands in the log, in `understudy zone status` and in\n"
            "the store.  The code in the first column is stable: scripts may depend on it.\n\n"
            + table(("code", "meaning", "what to do"), lines))


def option_rows():
    found = rows("src/inventory/options.def", "OPTION")
    return found and [(r[0], r[1], r[2], r[-1]) for r in found]


def options():
    found = option_rows()
    if not found:
        return None
    lines = [(f"`{path}`", kind, f"`{default}`" if default not in ("", "NULL", "0L") else "", text)
             for path, kind, default, text in found]
    return ("# Configuration options\n\nWritten by `tools/gen_docs.py` from `src/inventory/options.def`.  An example"
            " with all of them is\nin understudy.yaml(5).\n\n" + table(("option", "kind", "default", "meaning"), lines))


def manual():
    path = ROOT / "man/understudy.yaml.5.scd"
    found = option_rows()
    if not found or not path.exists():
        return None
    escape = lambda s: re.sub(r"([_*\\])", r"\\\1", s)
    body = ""
    for name, kind, default, text in found:
        default = f", default {escape(default)}" if default not in ("", "NULL") else ""
        body += f"*{escape(name)}* ({escape(kind)}{default})\n\t{escape(text)}\n\n"
    return between(path.read_text(), MARK_BEGIN, MARK_END, body)


def between(text, begin, end, body):
    """text with body in the place of what stands between the two marks."""
    before, _, rest = text.partition(begin + "\n")
    return f"{before}{begin}\n\n{body}{end}\n{rest.partition(end + chr(10))[2]}"


def commands():
    """understudy(1): its commands and options, from the tables of the command line."""
    path = ROOT / "man/understudy.1.scd"
    found, flags = rows("src/cli/commands.def", "COMMAND"), rows("src/cli/flags.def", "FLAG")
    if not found or not flags or not path.exists():
        return None
    escape = lambda s: re.sub(r"([_*\\])", r"\\\1", s)
    sentence = lambda s: escape(s[0].upper() + s[1:]) + "."
    body = ""
    for _, words, arguments, own, _, text in found:
        options = "".join(f" [*--{name}*{' _' + value + '_' if value else ''}]" for _, name, value, _ in flags
                          if name in own.split())
        given = "".join(f" {re.sub('([A-Z]+)', '_' + chr(92) + '1_', word)}" for word in arguments.split())
        body += f"*{words}*{given}{options}\n\t{sentence(text)}\n\n"
    listed = "".join(f"*--{name}*{' _' + escape(value) + '_' if value else ''}\n\t{sentence(text)}\n\n"
                     for _, name, value, text in flags)
    text = between(path.read_text(), "; commands: begin, written by tools/gen_docs.py", "; commands: end", body)
    return between(text, "; flags: begin, written by tools/gen_docs.py", "; flags: end", listed)


def choices():
    path, program = ROOT / "docs/rfc.md", ROOT / "tests/differential/choices.py"
    begin, end = "<!-- choices: begin -->\n", "<!-- choices: end -->"
    if not path.exists() or not program.exists():
        return None
    body = subprocess.run([sys.executable, program], capture_output=True, text=True, check=True).stdout
    before, _, rest = path.read_text().partition(begin)
    return f"{before}{begin}\n{body.strip()}\n\n{end}{rest.partition(end)[2]}"


def request_fields(words):
    cells = []
    for word in words.split():
        name, _, kind = word.partition(":")
        if name == "zone|id":
            cells.append("`zone` or `id`")
        elif kind.endswith("?"):
            cells.append(f"`{name}`? ({kind[:-1]})")
        else:
            cells.append(f"`{name}` ({kind})")
    return ", ".join(cells)


def watched(text):
    begin, end = "<!-- events: begin, written by tools/gen_docs.py -->\n", "<!-- events: end -->"
    lines = [(f"`{r[1]}`", r[2], r[3]) for r in rows("src/control/watch.def", "WATCH") or []]
    before, _, rest = text.partition(begin)
    return f"{before}{begin}\n{table(('event', 'fields', 'when'), lines)}\n{end}{rest.partition(end)[2]}"


def requests():
    path, found = ROOT / "docs/formats/control.md", rows("src/control/requests.def", "REQUEST")
    begin, end = "<!-- requests: begin, written by tools/gen_docs.py -->\n", "<!-- requests: end -->"
    if not found or not path.exists():
        return None
    lines = [(f"`{r[0]}`", r[2].lower(), request_fields(r[4]), r[5]) for r in found]
    before, _, rest = path.read_text().partition(begin)
    body = table(("request", "for", "fields", "result"), lines)
    return watched(f"{before}{begin}\n{body}\n{end}{rest.partition(end)[2]}")


def filled(text, mark, results):
    """text with what a bench has written between the marks."""
    begin, end = f"<!-- {mark}: begin, written by tools/gen_docs.py -->\n", f"<!-- {mark}: end -->"
    path = ROOT / "bench/results" / results
    if begin not in text or not path.exists():
        return text
    before, _, rest = text.partition(begin)
    return f"{before}{begin}\n{path.read_text().strip()}\n\n{end}{rest.partition(end)[2]}"


def readme():
    return filled((ROOT / "README.md").read_text(), "compared", "compare.md")


def performance():
    text = filled((ROOT / "docs/performance.md").read_text(), "scale", "scale.md")
    return filled(text, "instructions", "microbench.md")


def api():
    import gen_api  # which reads tables by what is above
    return gen_api.document()


DOCUMENTS = {
    "README.md": readme,
    "docs/formats/api.yaml": api,
    "docs/formats/control.md": requests,
    "docs/performance.md": performance,
    "docs/rfc.md": choices,
    "docs/formats/events.md": events,
    "docs/formats/reasons.md": reasons,
    "docs/operator/options.md": options,
    "man/understudy.1.scd": commands,
    "man/understudy.yaml.5.scd": manual,
}


def main():
    stale = 0
    for name, make in DOCUMENTS.items():
        path, text = ROOT / name, make()
        if text is None or (path.exists() and path.read_text() == text):
            continue
        if "--check" in sys.argv[1:]:
            print(f"{name} is not what the table says: run tools/gen_docs.py")
            stale += 1
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
            print(f"{name} written")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
