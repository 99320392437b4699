"""Waiting for something to become true, always with a deadline and a name for the failure message."""
import os
import time

# A build with sanitizers, or a loaded machine, needs more patience: every deadline is multiplied by this.
PATIENCE = float(os.environ.get("TEST_PATIENCE", "1"))


class Deadline(AssertionError):
    """What was waited for did not happen in time."""


def wait_until(predicate, seconds, what, poll_s=0.02):
    """Calls predicate until it returns something true, and returns that; Deadline after the given seconds.

    An exception of the predicate counts as "not yet" and is shown if time runs out."""
    patience_s = seconds * PATIENCE
    end = time.monotonic() + patience_s
    while True:
        problem = None
        try:
            value = predicate()
            if value:
                return value
        except Exception as error:  # the server may be only half up: any error means "not yet"
            value, problem = None, error
        if time.monotonic() >= end:
            raise Deadline(f"{what}: not within {patience_s:g} s (last: {problem or value!r})")
        time.sleep(poll_s)  # the one sleep of the suite: between two looks at the same question
