# tests/semantics/stopping_test.py: processes end with work in flight, again and again.
# SPDX-License-Identifier: MIT
"""Usage: stopping_test.py APPLICATION MODULES [unittest arguments]; MODULES may be "-", where there is no module.

Every way to end, on every loop and in every host, PYASYNC_TEST_RUNS times in all (10).
"""

import os
import sys
import unittest
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import matrix
from processes import HAS_UVLOOP, Ended, Hosts, check

TIMES = int(os.environ.get("PYASYNC_TEST_RUNS", "10"))

hosts = Hosts(Path(sys.argv.pop(1)).resolve(), Path(sys.argv.pop(1)).resolve())
there_is_a_module = hosts.modules.is_dir()
loops = matrix.LOOPS if HAS_UVLOOP else matrix.LOOPS[:1]


class Stopping(unittest.TestCase):
    maxDiff = None

    def check(self, way: str, host: str) -> None:
        if host == "module" and not there_is_a_module:
            self.skipTest("a sanitizer's library would have to be in Python before the module is")
        case = f"stopping.{way}"
        times = len(loops) if way in matrix.ONCE else TIMES
        with ThreadPoolExecutor(os.cpu_count()) as pool:

            def run(turn: int) -> Ended:
                return hosts.run(case, loops[turn % len(loops)], host)

            for turn, ended in enumerate(pool.map(run, range(times))):
                with self.subTest(turn=turn, loop=loops[turn % len(loops)]):
                    check(self, case, host, ended)


for each in matrix.STOPPING.about:
    for where in matrix.HOSTS:
        setattr(Stopping, f"test_{each}_{where}", lambda self, way=each, host=where: self.check(way, host))

if __name__ == "__main__":
    unittest.main()
