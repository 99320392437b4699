"""The steps of bench/compare: each does one thing to one running contender and gives its figures."""
import re
import subprocess
import time

from servers import ZONES, wait_served
import changes
import load as load_bench
import peers

from lib import measure


def load(server, kinds=ZONES):
    """From nothing saved until the zones are served, and until it is at rest."""
    begin = time.monotonic()
    server.start()
    wait_served(server, kinds)
    wall_s = time.monotonic() - begin
    peers.settle(server, 1.0)
    user_s, system_s = measure.cpu_times(server.process.pid)
    memory = measure.memory(server.process.pid)
    return {"wall_s": wall_s, "user_s": user_s, "system_s": system_s, "cpu_s": user_s + system_s, "pss": memory["pss"],
            "peak_rss": memory["peak"]}


def ask_mix(server, path, seconds):
    """dnsperf as fast as it is answered."""
    user, system = measure.cpu_times(server.process.pid)
    done = subprocess.run(["dnsperf", "-s", server.endpoint.address, "-p", str(server.endpoint.port), "-d", str(path),
                           "-l", str(seconds), "-c", "16", "-T", "1", "-q", "200"], capture_output=True, text=True,
                          timeout=seconds + 60, check=True)
    after = measure.cpu_times(server.process.pid)
    completed = int(re.search(r"Queries completed:\s+(\d+)", done.stdout).group(1))
    lost = int(re.search(r"Queries lost:\s+(\d+)", done.stdout).group(1))
    user_us, system_us = ((b - a) / completed * 1e6 for a, b in zip((user, system), after))
    return {"qps": completed / seconds, "user_us": user_us, "cpu_us": user_us + system_us, "lost": lost}


def take_ixfr(server, serial):
    """One set of changes, from NOTIFY to served."""
    before = measure.cpu_seconds(server.process.pid)
    took_s = changes.notify_and_wait(server, serial)
    return {"ms": took_s * 1000, "cpu_ms": (peers.settle(server) - before) * 1000}


def restart(server, names):
    """Ended in order, started again: seconds until each of the names has had its right answer."""
    server.prepare_restart()
    server.process.stop(120)
    begin = time.monotonic()
    server.process.start()
    for name in names:
        took_s = load_bench.first_right_answer(server, name) - begin
    return {"restart_s": took_s}
