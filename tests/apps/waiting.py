# tests/apps/waiting.py: waiting for what another process does.
# SPDX-License-Identifier: MIT
"""For the tests of sample apps that look at a process from outside."""

import time
from collections.abc import Callable

LOOK_INTERVAL = 0.01  # seconds


def wait_until(condition: Callable[[], bool], seconds: float) -> None:
    """Return when it holds; an AssertionError where it does not within so many seconds."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it does not happen"
        time.sleep(LOOK_INTERVAL)
