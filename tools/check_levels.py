#!/usr/bin/env python3
"""A folder of src/ includes only from itself and from folders of lower levels, never sideways or upward."""
import re
from sourcetree import ROOT, c_files, report

LEVELS = {
    "base": 0,
    "dns": 1, "net": 1,
    "zone": 2,
    "store": 3, "inventory": 3,
    "serve": 4, "transfer": 4, "diagnose": 4, "control": 4,
    "daemon": 5, "cli": 5, "web": 5,
}
# The other programs see only this much: no zone, no store, no daemon.
NARROW = {"cli": ("base/", "net/", "cli/", "control/protocol.h"),
          "web": ("base/", "net/", "web/", "control/protocol.h")}
INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"', re.M)


def judge(folder, target):
    """None when a file of folder may include target, else why it may not."""
    if "/" not in target:
        return f'write the folder too: "{folder}/{target}"'
    other = target.split("/")[0]
    if other not in LEVELS:
        return f"{other} has no level in tools/check_levels.py"
    if other == folder:
        return None
    if LEVELS[other] == LEVELS[folder]:
        return f"sideways: {folder} and {other} are both of level {LEVELS[folder]}"
    if LEVELS[other] > LEVELS[folder]:
        return f"upward: {folder} is level {LEVELS[folder]}, {other} level {LEVELS[other]}"
    if folder in NARROW and not target.startswith(NARROW[folder]):
        return f"{folder} sees only {', '.join(NARROW[folder])}"
    return None


def main():
    faults = []
    for path in c_files("src"):
        parts = path.relative_to(ROOT / "src").parts
        if len(parts) < 2 or parts[0] not in LEVELS:
            faults.append(f"{path.relative_to(ROOT)}: not in a folder that has a level")
            continue
        for match in INCLUDE.finditer(path.read_text()):
            why = judge(parts[0], match.group(1))
            if why:
                line = path.read_text().count("\n", 0, match.start(1)) + 1
                faults.append(f'{path.relative_to(ROOT)}:{line}: includes "{match.group(1)}": {why}')
    report(faults, "include levels")


if __name__ == "__main__":
    main()
