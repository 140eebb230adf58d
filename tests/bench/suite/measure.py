# tests/bench/suite/measure.py: one process, one measurement.
# SPDX-License-Identifier: MIT
"""Starts a program, ends it if it hangs, and reads and checks what it reports."""

import contextlib
import json
import os
import select
import shlex
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from .model import ONE_CPU, Check, Measured

KEYS: dict[str, type | tuple[type, ...]] = {
    "bench": str,
    "count": int,
    "crossings": int,
    "checksum": int,
    "seconds": (int, float),
    "cpu_seconds": (int, float),
    "values": dict,
}
UNKNOWN_BENCH = 2  # the exit code
TAIL = 2000  # so much of what a program has printed is shown


class Broken(Exception):
    """A program has not done what it should; the text says which, and what was expected and came."""


class Unknown(Broken):
    """The program says that it has no such bench."""


@dataclass(frozen=True)
class Job:
    """What is started, and what it must report."""

    command: Sequence[str]
    bench: str
    count: int
    check: Check = Check.NUMBERS
    repeats: bool = False
    regime: str = "Q"
    time_limit: float = 120.0
    environment: Mapping[str, str] | None = None

    def broken(self, fault: str, output: str = "", kind: type[Broken] = Broken) -> Broken:
        """The error that says what is wrong with this one."""
        shown = output.strip()[-TAIL:]
        return kind(
            f"{shlex.join(self.command)} ({self.regime}): {fault}" + (f"; it printed:\n{shown}" if shown else "")
        )


def measure(job: Job) -> Measured:
    """Run a program in a process of its own, and return what it reports, checked; `Broken` if it is wrong."""
    with tempfile.TemporaryFile() as stdout, tempfile.TemporaryFile() as stderr:
        code, seconds = _run(job, stdout.fileno(), stderr.fileno())
        printed, errors = (_text(each.fileno()) for each in (stdout, stderr))
    if code is None:
        raise job.broken(
            f"it was stopped after {job.time_limit:g} seconds, in which it should have ended", errors + printed
        )
    if code != 0:
        kind = Unknown if code == UNKNOWN_BENCH else Broken
        raise job.broken(f"expected the exit code 0, got {_describe(code)}", errors + printed, kind)
    if job.check is Check.SILENT:
        return Measured(job.count, 0, 0, seconds, 0.0, {}, seconds)
    return _checked(job, printed, seconds)


def _run(job: Job, stdout: int, stderr: int) -> tuple[int | None, float]:
    """The exit code (None: it was stopped) and the seconds from start to exit."""
    with pinned(job.regime):
        begin = time.perf_counter()
        try:
            process = subprocess.Popen(
                job.command,
                stdin=subprocess.DEVNULL,
                stdout=stdout,
                stderr=stderr,
                env=job.environment,
                start_new_session=True,  # what it starts is stopped with it
            )
        except OSError as error:
            raise job.broken(f"it cannot be started: {error.strerror}") from error
    ended = False
    try:
        ended = _wait(process.pid, job.time_limit)
        seconds = time.perf_counter() - begin
    finally:
        if not ended:
            os.killpg(process.pid, signal.SIGKILL)
        code = process.wait()
    return (code if ended else None), seconds


@contextlib.contextmanager
def pinned(regime: str) -> Iterator[None]:
    """In the regime 1C this thread, and so what it starts, has but the last of the CPUs that it may use."""
    allowed = os.sched_getaffinity(0)
    if regime == ONE_CPU:
        os.sched_setaffinity(0, {max(allowed)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, allowed)


def _wait(pid: int, seconds: float) -> bool:
    """Wait for the end of a child and leave its exit code to others; False if it does not end in time."""
    descriptor = os.pidfd_open(pid)  # polled waiting would show in the times
    try:
        return bool(select.select([descriptor], [], [], seconds)[0])
    finally:
        os.close(descriptor)


def _text(descriptor: int) -> str:
    os.lseek(descriptor, 0, os.SEEK_SET)
    with os.fdopen(os.dup(descriptor), "rb") as file:
        return file.read().decode(errors="backslashreplace")


def _describe(code: int) -> str:
    return f"{code}" if code >= 0 else signal.Signals(-code).name


def _checked(job: Job, printed: str, seconds: float) -> Measured:
    lines = printed.splitlines()
    try:
        said = json.loads(lines[0]) if len(lines) == 1 else None
    except ValueError:
        said = None
    if not isinstance(said, dict) or not all(isinstance(said.get(key), kind) for key, kind in KEYS.items()):
        raise job.broken(f"expected one line of JSON with {', '.join(KEYS)}, got {len(lines)} lines", printed)
    measured = Measured(**{key: said[key] for key in KEYS if key != "bench"}, process_seconds=seconds)
    if said["bench"] != job.bench:
        raise job.broken(f"expected the bench {job.bench}, got {said['bench']}")
    if job.repeats and (measured.count < job.count or measured.count % job.count):
        raise job.broken(f"expected a multiple of {job.count} as count, got {measured.count}")
    if not job.repeats and measured.count != job.count:
        raise job.broken(f"expected the count {job.count}, got {measured.count}")
    if fault := job.check.fault(measured):
        raise job.broken(fault)
    if not measured.seconds > 0:
        raise job.broken(f"expected to have taken some time, got {measured.seconds} seconds")
    return measured
