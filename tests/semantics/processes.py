# tests/semantics/processes.py: runs a case in a process of its own, and says what hangs.
# SPDX-License-Identifier: MIT
"""Either host, as a shell sees it."""

import importlib.util
import os
import re
import signal
import subprocess
import sys
import unittest
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO

sys.dont_write_bytecode = True  # the sources stay clean
sys.path.insert(0, str(Path(__file__).resolve().parent))

from cases import CASES, READY  # noqa: E402

LAST_WORDS = 5
MEMORY_OF_OTHERS = Path(__file__).resolve().parents[1] / "sanitizers/lsan_cpp.supp"

# LeakSanitizer cannot find its way in a child that lacks its parent's threads.
NO_LEAK_CHECK = ("forking.",)

# A shell ignores SIGINT in what it runs in the background, and so would all that is started here.
signal.signal(signal.SIGINT, signal.default_int_handler)

HAS_UVLOOP = importlib.util.find_spec("uvloop") is not None


@dataclass(frozen=True)
class Ended:
    """How a process has ended. `hung` is empty, or says what it hung in."""

    events: tuple[str, ...]
    stderr: str
    code: int
    hung: str = ""


@dataclass(frozen=True)
class Hosts:
    """Where the build has put them."""

    application: Path
    modules: Path
    under: tuple[str, ...] = ()
    """What runs the application, as valgrind does."""
    slower: int = 1
    """By what factor everything takes longer then."""

    def command(self, case: str, loop: str, host: str) -> list[str]:
        if host == "module":
            return [sys.executable, "-m", "cases", case, loop]
        where = "by_hand" if CASES[case].by_hand else "loop"
        return [*self.under, str(self.application), case, loop, where, str(CASES[case].limit * self.slower)]

    def run(
        self,
        case: str,
        loop: str,
        host: str,
        *,
        arguments: Mapping[str, str] | None = None,
        stderr: int | IO[str] = subprocess.PIPE,
        seconds: float | None = None,
    ) -> Ended:
        """Runs it to its end, for the case's seconds at the most, or for so many; sends it the case's signal when it is
        ready. `arguments` go into its environment."""
        environment = {
            **os.environ,
            **(arguments or {}),
            "PYTHONPATH": str(self.modules),
            "PYTHONDONTWRITEBYTECODE": "1",
            "LSAN_OPTIONS": f"{os.environ.get('LSAN_OPTIONS', '')}:suppressions={MEMORY_OF_OTHERS}:print_suppressions=0",
            "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "")
            + (":detect_leaks=0" if case.startswith(NO_LEAK_CHECK) else ""),
        }
        limit = (CASES[case].seconds if seconds is None else seconds) * self.slower
        with subprocess.Popen(
            self.command(case, loop, host),
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
            env=environment,
            start_new_session=True,  # with its forked children, so that those can be ended, too
        ) as process:
            try:
                before = send_signal(process, CASES[case].signal)
                output, errors = process.communicate(timeout=limit)
                return Ended((*before, *output.splitlines()), errors, process.returncode)
            except subprocess.TimeoutExpired:
                return end_what_hangs(process, limit)


def send_signal(process: subprocess.Popen[str], number: int | None) -> list[str]:
    """Returns the events before it."""
    if number is None:
        return []
    assert process.stdout is not None
    event = process.stdout.readline().rstrip("\n")
    if event == READY:
        process.send_signal(number)
    return [event]


def end_what_hangs(process: subprocess.Popen[str], seconds: float) -> Ended:
    """Asks it for the Python that its threads are at, reads where the kernel has them, and ends it."""
    threads = []
    for thread in sorted(Path(f"/proc/{process.pid}/task").iterdir()):
        name, waits_in = (read(thread / file) for file in ("comm", "wchan"))
        threads.append(f"  thread {thread.name}, {name}: {waits_in}")
    process.send_signal(signal.SIGUSR1)
    try:
        output, errors = process.communicate(timeout=LAST_WORDS)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        output, errors = process.communicate()
    hung = "\n".join([f"it hung for {seconds:.0f} s:", *threads])
    return Ended(tuple(output.splitlines()), errors, process.returncode, hung)


def check(test: unittest.TestCase, case: str, host: str, ended: Ended) -> None:
    """Was it what the case expects?"""
    expected = CASES[case].expected[host]
    test.assertFalse(ended.hung, f"{ended.hung}\n{ended.events}\n{ended.stderr}")
    test.assertEqual("\n".join(ended.events), "\n".join(expected.events), ended)
    test.assertRegex(ended.stderr, re.compile(rf"\A{expected.stderr}\Z", re.DOTALL), ended)
    test.assertEqual(ended.code, expected.code, ended)


def read(file: Path) -> str:
    try:
        return file.read_text().strip()
    except OSError as error:
        return str(error)
