# tests/programs/linkage_test.py: programs that contain CPython, and programs that use libpython.so, load extension modules.
# SPDX-License-Identifier: MIT
"""Usage: linkage_test.py OVER_LIBPYTHON [CONTAINING_PYTHON]: two executables made of program.cpp."""

import subprocess
import sys
import unittest

OVER_LIBPYTHON, *CONTAINING_PYTHON = sys.argv[1:]
del sys.argv[1:]


def libraries(program: str) -> str:
    """What the program has in its process, after it has used extension modules."""
    done = subprocess.run([program, "use_extension_modules"], capture_output=True, text=True, timeout=60, check=False)
    if done.returncode != 0:
        raise AssertionError(done)
    return done.stdout


class Linkage(unittest.TestCase):
    def test_a_program_over_libpython(self) -> None:
        found = libraries(OVER_LIBPYTHON)
        self.assertIn("libpython3", found)
        self.assertIn("_asyncio", found)

    @unittest.skipUnless(CONTAINING_PYTHON, "this CPython has no archive")
    def test_a_program_that_contains_python(self) -> None:
        found = libraries(CONTAINING_PYTHON[0])
        self.assertNotIn("libpython3", found)
        self.assertIn("_asyncio", found)


if __name__ == "__main__":
    unittest.main()
