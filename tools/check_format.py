#!/usr/bin/env python3
"""All C files are as clang-format writes them.  Skipped (77) where clang-format is not installed.
check_format.py --fix FILE... rewrites."""
import shutil
import subprocess
import sys
from sourcetree import ROOT, c_files, report


def main():
    if not shutil.which("clang-format"):
        print("clang-format is not installed")
        sys.exit(77)
    if sys.argv[1:2] == ["--fix"]:
        sys.exit(subprocess.call(["clang-format", "-i", *sys.argv[2:]]))
    faults = []
    for path in c_files("src", "tests"):
        done = subprocess.run(["clang-format", "--style=file", str(path)], capture_output=True, check=True)
        was = path.read_bytes()
        if done.stdout != was:
            pairs = zip(was.splitlines(), done.stdout.splitlines())
            line = next((n for n, (a, b) in enumerate(pairs, 1) if a != b), was.count(b"\n"))
            faults.append(f"{path.relative_to(ROOT)}:{line}: differs; mend with: clang-format -i {path.relative_to(ROOT)}")
    report(faults, "format")


if __name__ == "__main__":
    main()
