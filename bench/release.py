"""The build that is measured, and where results go."""
import datetime
import os
import pathlib
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[1]
RESULTS = ROOT / "bench" / "results"
TARGETS = ("src/daemon/understudyd", "src/cli/understudy", "src/web/understudy-web", "bench/bench_pull", "bench/bench_echo",
           "bench/bench_sweep")


def say(text):
    print(f"{datetime.datetime.now():%H:%M:%S} {text}", flush=True)


def build():
    """A release build of this tree, unless UNDERSTUDY_BUILD or UNDERSTUDYD name another."""
    if os.environ.get("UNDERSTUDY_BUILD") or os.environ.get("UNDERSTUDYD"):
        return
    subprocess.run([ROOT / "tools" / "packages.sh", "build", "test"], check=False)  # without root: with what is there
    folder = ROOT / "build" / "release"
    say(f"builds {folder}")
    if not (folder / "build.ninja").exists():
        subprocess.run(["meson", "setup", folder, "-Dbuildtype=release"], cwd=ROOT, check=True,
                       stdout=subprocess.DEVNULL)
    subprocess.run(["ninja", "-C", folder, *TARGETS], check=True, stdout=subprocess.DEVNULL)
    os.environ["UNDERSTUDY_BUILD"] = str(folder)
