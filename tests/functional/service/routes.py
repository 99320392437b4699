"""The routes of the HTTP API, read from the table that the program is made of."""
import pathlib
import re
from typing import NamedTuple

TABLE = pathlib.Path(__file__).resolve().parents[3] / "src/web/routes.def"
ROW = re.compile(r'^ROUTE\((\w+), "([^"]*)", (\w+), \w+, "[^"]*", "([^"]*)", (\w+), "(\w+)", "[^"]*", "([^"]*)", '
                 r'"([^"]*)", "([^"]*)"\)$', re.MULTILINE)


class Route(NamedTuple):
    method: str
    path: str
    access: str  # OPEN, METRICS, READ, WRITE or ADMIN
    query: tuple
    makes: str
    id: str
    body: str  # name of the schema, with ? before it if it may be left out, or empty
    reply: str
    statuses: tuple


def routes():
    text = TABLE.read_text(encoding="utf-8")
    found = [Route(m, p, a, tuple(q.split()), k, i, b, r, tuple(int(s) for s in t.split()))
             for m, p, a, q, k, i, b, r, t in ROW.findall(text)]
    assert len(found) == len(re.findall(r"^ROUTE\(", text, re.MULTILINE)), "a row that is not understood"
    return found
