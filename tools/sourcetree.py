"""What the checks of the source tree share: which files there are, and C text without comments and strings."""
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

TOKEN = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)


def c_files(*folders):
    """All .c and .h files below the folders of the repository, in order."""
    return [p for f in folders for p in sorted((ROOT / f).rglob("*.[ch]"))]


def bare(text):
    """C text with comments and the insides of literals blanked; line numbers stay."""
    def blank(match):
        found = match.group(0)
        if found[0] in "\"'":
            return found[0] * 2 + "\n" * found.count("\n")
        return " " + "\n" * found.count("\n")
    return TOKEN.sub(blank, text)


def report(faults, what):
    """Print the faults and end the program: 1 when there are any."""
    for fault in faults:
        print(fault)
    print(f"{what}: {len(faults)} faults")
    sys.exit(1 if faults else 0)
