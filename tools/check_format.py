#!/usr/bin/env python3
"""All C files are as clang-format writes them.  Skipped (77) where clang-format is not installed.
check_format.py --fix FILE... rewrites."""
import concurrent.futures
import re
import shutil
import subprocess
import sys
from sourcetree import ROOT, c_files, report

BATCH = 64  # files of one clang-format: it starts slower than it works


def batch_faults(paths):
    """A line for each file that clang-format would write otherwise, with the place of the first difference."""
    done = subprocess.run(["clang-format", "--style=file", "--dry-run", *paths], capture_output=True, text=True,
                          check=True)
    first = {}
    for path, line in re.findall(r"^(.+?):(\d+):\d+: warning:", done.stderr, flags=re.M):
        first.setdefault(path, line)
    for path, line in first.items():
        name = path.removeprefix(f"{ROOT}/")
        yield f"{name}:{line}: differs; mend with: clang-format -i {name}"


def main():
    if not shutil.which("clang-format"):
        print("clang-format is not installed")
        sys.exit(77)
    if sys.argv[1:2] == ["--fix"]:
        sys.exit(subprocess.call(["clang-format", "-i", *sys.argv[2:]]))
    paths = [str(p) for p in c_files("src", "tests")]
    batches = [paths[n:n + BATCH] for n in range(0, len(paths), BATCH)]
    with concurrent.futures.ThreadPoolExecutor() as pool:
        faults = [fault for found in pool.map(lambda batch: list(batch_faults(batch)), batches) for fault in found]
    report(faults, "format")


if __name__ == "__main__":
    main()
