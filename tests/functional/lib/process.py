"""One server process: started in its own process group, its output kept in a file, ended by signal."""
import os
import re
import signal
import subprocess

from lib import measure
from lib.wait import PATIENCE, wait_until

SANITIZER_REPORT = re.compile(r"ERROR: \w+Sanitizer|WARNING: ThreadSanitizer|runtime error:|LeakSanitizer")


class Process:
    """Owns the child from start() to stop(); the log file lives on for the failure report."""

    def __init__(self, name, argv, log_path, env=None):
        self.name, self.argv, self.log_path = name, [str(a) for a in argv], log_path
        self.env = dict(os.environ, **(env or {}))
        self.child = None

    @property
    def pid(self):
        return self.child.pid

    @property
    def running(self):
        return self.child is not None and self.child.poll() is None

    def start(self):
        assert not self.running, f"{self.name} runs already"
        with open(self.log_path, "ab") as log:
            log.write(f"--- start: {' '.join(self.argv)}\n".encode())
            log.flush()
            self.child = subprocess.Popen(self.argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                          env=self.env, start_new_session=True)

    def wait_ready(self, predicate, seconds, what):
        """Waits for predicate; a process that ends meanwhile is reported at once with its output."""
        def ready():
            if not self.running:
                return "ended"
            return predicate()
        if wait_until(ready, seconds, f"{self.name}: {what}") == "ended":
            raise AssertionError(f"{self.name} ended with status {self.child.returncode} while starting:\n"
                                 + self.log_tail())

    def signal(self, number):
        os.kill(self.pid, number)

    def _signal_group(self, number):
        try:
            os.killpg(self.pid, number)
        except ProcessLookupError:
            pass

    def stop(self, seconds=20):
        """SIGTERM, then SIGKILL when that takes too long; returns the exit status (None: never started)."""
        if self.child is None:
            return None
        if self.running:
            self.signal(signal.SIGTERM)
            try:
                self.child.wait(seconds * PATIENCE)
            except subprocess.TimeoutExpired:
                self.kill9()
                raise AssertionError(f"{self.name} did not stop within {seconds} s of SIGTERM") from None
        self._signal_group(signal.SIGKILL)
        return self.child.returncode

    def kill9(self):
        """The whole group at once, as a power cut would."""
        if self.child is not None:
            members = measure.processes(self.pid) if self.running else []
            self._signal_group(signal.SIGKILL)
            self.child.wait()
            wait_until(lambda: not any(measure.is_alive(pid) for pid in members), 30, f"all of {self.name} is gone")

    def log_text(self):
        try:
            with open(self.log_path, "rb") as log:
                return log.read().decode("utf-8", "replace")
        except FileNotFoundError:
            return ""

    def log_tail(self, lines=80):
        return "\n".join(self.log_text().splitlines()[-lines:])

    def sanitizer_report(self):
        """The part of the log that a sanitizer wrote, or an empty string."""
        text = self.log_text()
        found = SANITIZER_REPORT.search(text)
        return text[found.start():found.start() + 4000] if found else ""
