# tests/semantics/semantics_test.py: every cell of the matrix, on every loop and in every host, as the table says it.
# SPDX-License-Identifier: MIT
"""Usage: semantics_test.py APPLICATION MODULES [unittest arguments]; MODULES may be "-", where there is no module.

One test for each case, loop and host, made from the table: so that none is forgotten. Each has a process of its own.
"""

import os
import sys
import unittest
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import matrix
from processes import CASES, HAS_UVLOOP, Ended, Hosts, check

Run = tuple[str, str, str]

hosts = Hosts(Path(sys.argv.pop(1)).resolve(), Path(sys.argv.pop(1)).resolve())
there_is_a_module = hosts.modules.is_dir()
pool = ThreadPoolExecutor(os.cpu_count())
ended: dict[Run, Future[Ended]] = {}
did_run: set[Run] = set()


def can_fork(case: str) -> bool:
    """AddressSanitizer's allocator may be locked in a forked child, by a thread that the child does not have."""
    forks = case.startswith("forking.") or case.endswith(".forked")
    return not forks or os.environ.get("PYASYNC_TEST_SANITIZED") != "address"


RUNS: list[Run] = [(cell.case, loop, host) for cell in matrix.cells() for loop in matrix.LOOPS for host in matrix.HOSTS]


class Semantics(unittest.TestCase):
    maxDiff = None

    def check(self, run: Run) -> None:
        case, loop, host = run
        if host == "module" and not there_is_a_module:
            self.skipTest("a sanitizer's library would have to be in Python before the module is")
        if loop == "uvloop" and not HAS_UVLOOP:
            self.skipTest("no uvloop")
        if not can_fork(case):
            self.skipTest("a forked child cannot allocate under AddressSanitizer")
        self.assertIn(case, CASES, "the table names a case that does not exist")
        check(self, case, host, ended[run].result())
        did_run.add(run)


class Table(unittest.TestCase):
    """The table itself."""

    def test_no_cell_is_empty(self) -> None:
        self.assertEqual(list(matrix.faults()), [])

    def test_every_case_is_in_it(self) -> None:
        elsewhere = {cell.case for cell in matrix.of_group("stopping", matrix.STOPPING)}
        elsewhere |= {case for case in CASES if case.startswith("stress.")}
        self.assertEqual(sorted(CASES.keys() - elsewhere), sorted(cell.case for cell in matrix.cells()))


def name_of(run: Run) -> str:
    return f"test_{'_'.join(run).replace('.', '_')}"


for each in RUNS:
    setattr(Semantics, name_of(each), lambda self, run=each: self.check(run))


def can_run(run: Run) -> bool:
    case, loop, host = run
    has_host = host == "application" or there_is_a_module
    return case in CASES and has_host and (loop != "uvloop" or HAS_UVLOOP) and can_fork(case)


def main() -> int:
    chosen = sys.argv[1:]
    for run in RUNS:
        if can_run(run) and (not chosen or any(name_of(run) in argument for argument in chosen)):
            ended[run] = pool.submit(hosts.run, *run)
    success = unittest.main(exit=False).result.wasSuccessful()
    missing = [run for run in RUNS if can_run(run) and run not in did_run] if not chosen else []
    if missing:
        print("did not run, or failed:", *(" ".join(run) for run in missing), sep="\n  ")
    print(f"{len(did_run)} of {len(RUNS)} runs as the table says")
    return 0 if success and not missing else 1


if __name__ == "__main__":
    sys.exit(main())
