# tests/sanitizers/valgrind_test.py: no error of memory, and nothing lost, by what valgrind's memcheck sees.
# SPDX-License-Identifier: MIT
"""Usage: valgrind_test.py SOURCE BUILD [unittest arguments]

Runs the tests of the two lower floors, and the application with some of the cases of the matrix. Forked children are left
out: what only a thread has that did not follow is lost in them. `./dev test --full` runs it.
"""

import os
import subprocess
import sys
import tempfile
import unittest
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.dont_write_bytecode = True  # the sources stay clean
SOURCE = Path(sys.argv.pop(1)).resolve()
BUILD = Path(sys.argv.pop(1)).resolve()
sys.path.insert(0, str(SOURCE / "tests/semantics"))

import matrix  # noqa: E402
import processes  # noqa: E402

FOUND = 99
SECONDS = 900
SLOWER = 15
VALGRIND = (
    "valgrind",
    "--quiet",
    f"--error-exitcode={FOUND}",
    "--leak-check=full",
    "--show-leak-kinds=definite",
    "--errors-for-leak-kinds=definite",
    "--fair-sched=yes",  # a thread that spins for a message must not keep the other from sending it
    "--num-callers=40",
)
# CPython's archive, as Debian has compiled it, reads bytes of an int that `int.from_bytes` has not written yet, and masks them
# away; whatever is computed from that int counts as not initialised from there on.
OPTIONS_WITH_PYTHON = ("--undef-value-errors=no", f"--suppressions={SOURCE / 'tests/sanitizers/valgrind.supp'}")
PROGRAMS = {
    "core/core_test": (),
    # valgrind has descriptors of its own, beyond the limit that this case sets.
    "uv/uv_test": ("--test-case-exclude=a loop that lacks descriptors*",),
}
OUTCOMES = [outcome for outcome in matrix.OUTCOMES if outcome not in ("cancelled_inside", "forked")]
CASES = (
    *(f"{direction}.{outcome}" for direction in matrix.DIRECTIONS for outcome in OUTCOMES),
    "context.logging_of_requests",
    "errors.hundred_levels_of_cpp",
    "errors.groups",
    "errors.chains_of_cpp",
    "stopping.normal_end",
    "stopping.loop_left_open",
)


class Memcheck(unittest.TestCase):
    def setUp(self) -> None:
        os.environ["PYTHONMALLOC"] = "malloc"
        folder = tempfile.TemporaryDirectory(prefix="pyasync-valgrind-")
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def check_all(self, names: Iterable[str], check: Callable[[str, Path], None]) -> None:
        """Several at once, each with a log of its own."""
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            checks = {name: pool.submit(check, name, self.folder / name.replace("/", "_")) for name in names}
            for name, checked in checks.items():
                with self.subTest(name):
                    checked.result()

    def test_lower_floors(self) -> None:
        def check(program: str, log: Path) -> None:
            command = [*VALGRIND, f"--log-file={log}", BUILD / "tests" / program, *PROGRAMS[program]]
            done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
            self.assertEqual(done.returncode, 0, done.stdout + log.read_text())

        self.check_all(PROGRAMS, check)

    def test_cells(self) -> None:
        application = BUILD / "tests/semantics/semantics_application"

        def check(case: str, log: Path) -> None:
            under = (*VALGRIND, f"--log-file={log}", *OPTIONS_WITH_PYTHON)
            hosts = processes.Hosts(application, BUILD, under=under, slower=SLOWER)
            ended = hosts.run(case, "asyncio", "application")
            self.assertNotEqual(ended.code, FOUND, log.read_text())
            processes.check(self, case, "application", ended)

        self.check_all(CASES, check)


if __name__ == "__main__":
    unittest.main(verbosity=2)
