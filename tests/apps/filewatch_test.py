# tests/apps/filewatch_test.py: filewatch with names that are no text, and without a directory.
# SPDX-License-Identifier: MIT
"""Usage: filewatch_test.py PROGRAM [unittest arguments]; PROGRAM is filewatch."""

import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from waiting import wait_until

PROGRAM = sys.argv.pop(1)
TIMEOUT = 60


def is_watching(pid: int) -> bool:
    """Tell whether a process watches something already."""
    for each in Path(f"/proc/{pid}/fdinfo").iterdir():
        try:
            if "inotify wd" in each.read_text():
                return True
        except OSError:
            pass  # it is closed meanwhile
    return False


class FilewatchTest(unittest.TestCase):
    """It watches a directory that the test has made."""

    def test_name_that_is_no_text(self) -> None:
        """Its bytes are shown, and the next change is told."""
        with tempfile.TemporaryDirectory() as folder:
            command = [PROGRAM, folder]
            watching = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
            self.addCleanup(watching.communicate)
            self.addCleanup(watching.kill)
            wait_until(lambda: is_watching(watching.pid), TIMEOUT)
            strange = os.path.join(os.fsencode(folder), b"a\xff b")
            os.mkdir(strange)
            os.rmdir(strange)
            os.rmdir(folder)
            printed, _ = watching.communicate(timeout=TIMEOUT)
            os.mkdir(folder)
        self.assertEqual(watching.returncode, 0, printed)
        self.assertIn("a\\xff b has come or gone\n", printed)
        self.assertTrue(printed.endswith("there is nothing to watch any more\n"), printed)

    def test_no_directory(self) -> None:
        """One line says so."""
        done = subprocess.run([PROGRAM, "/nowhere"], capture_output=True, text=True, timeout=TIMEOUT)
        said = 'filewatch: watch "/nowhere": No such file or directory\n'
        self.assertEqual((done.returncode, done.stdout, done.stderr), (1, "", said))


if __name__ == "__main__":
    unittest.main()
