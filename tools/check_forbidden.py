#!/usr/bin/env python3
"""Functions that no C file may call, and what to use instead."""
import re
from sourcetree import ROOT, bare, c_files, report

FORBIDDEN = {
    **dict.fromkeys(("strcpy", "stpcpy", "strcat", "strncat", "strncpy", "sprintf", "vsprintf"),
                    "snprintf, or the writer of base/bytes.h"),
    **dict.fromkeys(("gets", "scanf", "fscanf"), "getline and a parser that bounds"),
    **dict.fromkeys(("atoi", "atol", "atoll", "atof"), "strtoul with all its checks"),
    **dict.fromkeys(("strtok",), "strtok_r or strcspn"),
    **dict.fromkeys(("asctime", "ctime", "gmtime", "localtime", "strerror_l"), "the _r form"),
    **dict.fromkeys(("rand", "srand", "random", "srandom", "drand48"), "base/random.h"),
    **dict.fromkeys(("system", "popen"), "posix_spawn"),
    **dict.fromkeys(("tmpnam", "tempnam", "mktemp"), "mkstemp"),
    **dict.fromkeys(("alloca",), "an arena"),
}
WAITING = dict.fromkeys(("sleep", "usleep", "nanosleep"), "an event with a deadline: tests never sleep")


def judge(path, table):
    calls = re.compile(r"(?<![\w.>])(" + "|".join(table) + r")\s*\(")
    text = bare(path.read_text())
    for match in calls.finditer(text):
        line = text.count("\n", 0, match.start()) + 1
        yield f"{path.relative_to(ROOT)}:{line}: {match.group(1)}: use {table[match.group(1)]}"


if __name__ == "__main__":
    faults = [f for p in c_files("src", "tests") for f in judge(p, FORBIDDEN)]
    faults += [f for p in c_files("tests") for f in judge(p, WAITING)]
    report(faults, "forbidden functions")
