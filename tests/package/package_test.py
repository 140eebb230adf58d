# tests/package/package_test.py: pyasync as other projects get it: as sources.
# SPDX-License-Identifier: MIT
"""Usage: package_test.py SOURCE BUILD PYTHON COMPILER CLASS...

All of it is in folders whose names have spaces. CLASS is one of the classes of this file.
"""

import os
import shlex
import subprocess
import sys
import unittest
from pathlib import Path

sys.dont_write_bytecode = True  # the sources stay clean

SOURCE, BUILD, PYTHON, COMPILER = (Path(argument) for argument in sys.argv[1:5])
OUTSIDE = SOURCE / "tests/package/outside"
WORK = BUILD / "tests/package/other projects"

# Other tests of the build are no business of these projects; their Python is the build's.
NOT_FOR_THEM = ("CMAKE_", "CTEST_", "VIRTUAL_ENV")
ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith(NOT_FOR_THEM)}
ENVIRONMENT["PATH"] = os.pathsep.join([str(PYTHON.parent), os.environ["PATH"]])
ENVIRONMENT["CXX"] = str(COMPILER)
ENVIRONMENT["PYTHONDONTWRITEBYTECODE"] = "1"


def run(*command: str | Path, cwd: Path = WORK, **environment: str | Path) -> str:
    """Run a command to its end; what it has printed, on both streams."""
    variables = {**ENVIRONMENT, **{name: str(value) for name, value in environment.items()}}
    done = subprocess.run([str(part) for part in command], cwd=cwd, env=variables, text=True, check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)  # fmt: skip
    if done.returncode != 0:
        raise AssertionError(f"{shlex.join(str(part) for part in command)} gave {done.returncode}:\n{done.stdout}")
    return done.stdout


def configure(way: str, build: Path, *options: str) -> str:
    """Configure the outside project, which gets pyasync in that way."""
    return run("cmake", "-S", OUTSIDE, "-B", build, "-G", "Ninja", f"-DBY={way}", f"-DPython_EXECUTABLE={PYTHON}",
               *options)  # fmt: skip


def prefix_of_python() -> str:
    return run(PYTHON, "-c", "import sys; print(sys.prefix)").strip()


def check_programs(folder: Path) -> None:
    """The outside project's application and module do what they should."""
    printed = run(folder / "outside_app")
    if printed != f"Python has answered\n{prefix_of_python()}\n":
        raise AssertionError(printed)
    run(PYTHON, "-c", "import asyncio, outside_module as m; assert asyncio.run(m.twice(21)) == 42", PYTHONPATH=folder)


def build_outside(way: str, build: Path, *options: str) -> None:
    """Build the outside project in a folder that stays for the next time, and run its tests."""
    configure(way, build, *options)
    run("cmake", "--build", build)
    check_programs(build)
    tested = run("ctest", "--test-dir", build, "--no-tests=error", "--output-on-failure")
    if "100% tests passed, 0 tests failed out of 1" not in tested:
        raise AssertionError(tested)


class Sources(unittest.TestCase):
    """pyasync is built with the project that uses it."""

    def test_the_outside_project(self) -> None:
        for way in ("add_subdirectory", "fetch_content"):  # the framework is compiled once, for the first
            with self.subTest(way=way):
                build_outside(way, WORK / "by sources", f"-DPYASYNC_SOURCES={SOURCE}")


if __name__ == "__main__":
    WORK.mkdir(parents=True, exist_ok=True)
    unittest.main(argv=[sys.argv[0], *sys.argv[5:]])
