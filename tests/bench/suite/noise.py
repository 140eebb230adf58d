# tests/bench/suite/noise.py: how much CPU others use meanwhile.
# SPDX-License-Identifier: MIT
"""What the other processes have used by their own accounts, or what /proc/stat counts beyond ours, whichever is more.

/proc/stat alone will not do: it counts in ticks, and a program that wakes and sleeps between them gets by unseen, so
that what is left after taking off our exact account can be below zero. The other processes alone will not do either: in
a container those outside of it are not to be seen.
"""

import os
import resource
import time
from dataclasses import dataclass

BUSY = (0, 1, 2, 5, 6, 7)  # of /proc/stat: user, nice, system, irq, softirq, steal
PARENT = 1  # of /proc/PID/stat, behind the name
TIMES = slice(11, 15)  # user, system, and those of its ended children


class Meter:
    """Measures a stretch of time, from `start` to `stop`. This process and its ended children are not others."""

    def __init__(self) -> None:
        """Begin with a start."""
        self.start()

    def start(self) -> None:
        """Begin anew."""
        self._begin = _Accounts.now()

    def stop(self) -> float:
        """CPUs that others kept busy since the start."""
        end, begin = _Accounts.now(), self._begin
        beyond_ours = (end.busy - begin.busy) - (end.ours - begin.ours)
        return max(end.others - begin.others, beyond_ours) / max(end.time - begin.time, 1e-9)


@dataclass(frozen=True)
class _Accounts:
    """Seconds of CPU since ever."""

    time: float
    busy: float
    ours: float
    others: float

    @staticmethod
    def now() -> "_Accounts":
        return _Accounts(time.perf_counter(), _busy(), _ours(), _others())


def _busy() -> float:
    with open("/proc/stat", encoding="ascii") as stat:
        ticks = [int(word) for word in stat.readline().split()[1:]]
    return sum(ticks[i] for i in BUSY) / os.sysconf("SC_CLK_TCK")


def _ours() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


def _others() -> float:
    """Of all processes but ours and its children. Who has ended meanwhile is in its parent's account."""
    ours = os.getpid()
    ticks = 0
    for name in os.listdir("/proc"):
        if not name.isdigit() or int(name) == ours:
            continue
        try:
            with open(f"/proc/{name}/stat", encoding="utf-8", errors="replace") as stat:
                words = stat.read().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(words[PARENT]) != ours:
            ticks += sum(map(int, words[TIMES]))
    return ticks / os.sysconf("SC_CLK_TCK")
