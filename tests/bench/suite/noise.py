# tests/bench/suite/noise.py: how much CPU others use meanwhile.
# SPDX-License-Identifier: MIT
"""What /proc/stat counts, less what this process and its ended children have used."""

import os
import resource
import time

BUSY = (0, 1, 2, 5, 6, 7)  # user, nice, system, irq, softirq, steal


class Meter:
    """Measures a stretch of time, from `start` to `stop`."""

    def __init__(self) -> None:
        """Begin with a start."""
        self.start()

    def start(self) -> None:
        """Begin anew."""
        self._begin = time.perf_counter()
        self._others = _others_seconds()

    def stop(self) -> float:
        """CPUs that others kept busy since the start; the clock of /proc/stat is coarse: it may be below 0."""
        elapsed = time.perf_counter() - self._begin
        return (_others_seconds() - self._others) / max(elapsed, 1e-9)


def _others_seconds() -> float:
    with open("/proc/stat", encoding="ascii") as stat:
        ticks = [int(word) for word in stat.readline().split()[1:]]
    busy = sum(ticks[i] for i in BUSY) / os.sysconf("SC_CLK_TCK")
    for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN):
        used = resource.getrusage(who)
        busy -= used.ru_utime + used.ru_stime
    return busy
