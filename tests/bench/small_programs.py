# tests/bench/small_programs.py: what the tests of the measuring measure: programs in a temporary folder.
# SPDX-License-Identifier: MIT
"""A test that needs them is `WithPrograms`."""

import sys
import tempfile
import unittest
from pathlib import Path

LONG = 60.0  # nothing here takes so many seconds, unless it is broken

# A program of the benches that does what it says: it is told apart by what it changes in the line.
PROGRAM = """
import json, sys
count = int(sys.argv[2])
line = {{"bench": sys.argv[1], "count": count, "crossings": count, "checksum": count * (count + 1) // 2,
        "seconds": 0.001 * count, "cpu_seconds": 0.002 * count, "values": {{}}}}
{changes}
print(json.dumps(line))
"""


class WithPrograms(unittest.TestCase):
    """A folder for programs."""

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def program(self, changes: str = "", name: str = "program") -> list[str]:
        """The command of a program that does it right, but for these changes."""
        return self.script(PROGRAM.format(changes=changes), name)

    def script(self, text: str, name: str = "program") -> list[str]:
        file = self.folder / f"{name}.py"
        file.write_text(text)
        return [sys.executable, "-IS", str(file)]
