#!/usr/bin/env python3
"""Every row of the tables is used: each event is logged and each reason code is given somewhere in the code."""
import re
import gen_docs
from sourcetree import bare, c_files, report

TABLES = (("src/base/events.def", "EVENT"), ("src/base/reasons.def", "REASON"))


def unused(path, macro, code):
    """Names of the rows of the table that no code mentions as MACRO_NAME."""
    used = set(re.findall(rf"\b{macro}_(\w+)", code))
    return [row[0] for row in gen_docs.rows(path, macro) or [] if row[0] not in used]


if __name__ == "__main__":
    text = "\n".join(bare(p.read_text()) for p in c_files("src"))
    report([f"{path}: {macro}_{name} is used nowhere" for path, macro in TABLES for name in unused(path, macro, text)],
           "rows of tables that nothing uses")
