#!/usr/bin/python3
"""What synchronous writes alone do to answers on this machine: bench_pace asks bench_echo, a loop that sends back what comes
and does nothing else, while nobody writes, and while another program writes to the disk as a server with so many IXFRs a
second must: one small write for each, and a commit of a database now and then, each waited for.

usage: bench/disturbed.py [--writes N] [--rate N] [--seconds S] [--rounds N] [--folder FOLDER]
To be read beside bench/underload.py of the same hour.  It is no lower bound: the writer is a program of its own and in Python."""
import argparse
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time

from servers import write_questions

from lib.ports import new_endpoint
from lib.understudy import program

KINDS = ("quiet", "writing")
PERCENTILES = (("p50", "50 %"), ("p90", "90 %"), ("p999", "99.9 %"), ("most", "the slowest"), ("p99", "99 %"),
               ("typical99", "99 % of a fifth of a second"))
BLOCK = bytes(4096)
SMALL_BLOCKS, LARGE_BLOCKS, COMMIT_EVERY = 128, 4096, 10


def write_on(folder, writes, seconds):
    """Of each write one block of a small file, as store.ahead is; of each tenth six blocks of a larger one besides."""
    end, number = time.monotonic() + seconds, 0
    with open(os.path.join(folder, "small"), "w+b", 0) as small, open(os.path.join(folder, "large"), "w+b", 0) as large:
        for file, blocks in ((small, SMALL_BLOCKS), (large, LARGE_BLOCKS)):
            file.write(BLOCK * blocks)
            os.fsync(file.fileno())
        print("ready", flush=True)
        while time.monotonic() < end:
            os.pwrite(small.fileno(), BLOCK, number % SMALL_BLOCKS * len(BLOCK))
            os.fdatasync(small.fileno())
            number += 1
            if number % COMMIT_EVERY == 0:
                for _ in range(6):
                    os.pwrite(large.fileno(), BLOCK, random.randrange(LARGE_BLOCKS) * len(BLOCK))
                os.fdatasync(large.fileno())
            time.sleep(1 / writes)
    print(number)


def ask(endpoint, path, options, kind):
    writer = None
    if kind == "writing":
        words = [sys.executable, __file__, "--write-into", str(options.folder), "--writes", str(options.writes), "--seconds",
                 str(options.seconds)]
        writer = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
        writer.stdout.readline()
    done = subprocess.run([program("bench_pace"), endpoint.address, str(endpoint.port), str(path), str(options.rate),
                           str(options.seconds)], capture_output=True, text=True, check=True, timeout=options.seconds + 60)
    found = json.loads(done.stdout)
    found["writes"] = int(writer.communicate(timeout=60)[0]) if writer else 0
    return found


def report(options, rounds):
    print(f"a bare loop, {options.rate} questions a second; medians of {options.rounds} rounds of {options.seconds} s\n")
    print(f"{'us':28} {'quiet':>8} {'writing':>8} {'of quiet':>9}")
    for key, text in PERCENTILES:
        quiet, writing = (statistics.median(r[kind][key] for r in rounds) for kind in KINDS)
        ratio = statistics.median(r["writing"][key] / max(r["quiet"][key], 1) for r in rounds)
        print(f"{text:28} {quiet:8.0f} {writing:8.0f} {ratio:9.2f}")
    print(f"writes a second: {statistics.median(r['writing']['writes'] for r in rounds) / options.seconds:.1f}; lost: "
          f"{sum(r[kind]['lost'] for r in rounds for kind in KINDS)}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--writes", type=int, default=50, help="a second")
    parser.add_argument("--rate", type=int, default=20000, help="questions a second")
    parser.add_argument("--seconds", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--folder", help="where the writer's files shall lie; a temporary one by default")
    parser.add_argument("--write-into", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.write_into:
        write_on(options.write_into, options.writes, options.seconds)
        return
    with tempfile.TemporaryDirectory(prefix="understudy-bench-", dir=options.folder) as options.folder:
        path, endpoint = os.path.join(options.folder, "questions"), new_endpoint("127.0.0.1")
        write_questions(path, "hosts", 100000)
        echo = subprocess.Popen([program("bench_echo"), str(endpoint.port)])
        try:
            rounds = [{kind: ask(endpoint, path, options, kind) for kind in (KINDS if number % 2 else KINDS[::-1])}
                      for number in range(options.rounds + 1)][1:]  # the first is the warm-up
        finally:
            echo.terminate()
            echo.wait(10)
    report(options, rounds)


if __name__ == "__main__":
    main()
