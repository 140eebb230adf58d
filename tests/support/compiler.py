# tests/support/compiler.py: the compiler as the build calls it, for tests that check what compiles.
# SPDX-License-Identifier: MIT
"""Runs the build's compiler, with the build's flags, on sources of a test's own."""

import json
import shlex
import subprocess
from pathlib import Path

PROBE = "tests/support/compiler_probe.cpp"


class Compiler:
    """A command line that checks a source for errors, without making anything of it."""

    def __init__(self, command: list[str]) -> None:
        self.command = command

    @classmethod
    def of_build(cls, build_folder: Path) -> "Compiler":
        """The command line of a file that uses all of pyasync."""
        entries = json.loads((build_folder / "compile_commands.json").read_text())
        entry = next(each for each in entries if each["file"].endswith(PROBE))
        kept: list[str] = []
        words = iter(shlex.split(entry["command"]))
        for word in words:
            if word in ("-o", "-MT", "-MF", "-c"):
                next(words)
            elif word != "-MD":
                kept.append(word)
        return cls(kept)

    def check(self, source: str, *more: str) -> subprocess.CompletedProcess[str]:
        """Compiles the text `source`; what the compiler says of it is in `stderr`."""
        return subprocess.run(
            [*self.command, *more, "-fsyntax-only", "-x", "c++", "-"], input=source, capture_output=True, text=True
        )
