# tests/apps/check_output.py: runs a sample app and compares what it prints with what is expected.
# SPDX-License-Identifier: MIT
"""Run a program; check that it exits with 0, leaves stderr empty, and prints the expected lines.

An expected line is literal text, but for what stands in {{double braces}}, which is a regular expression.
"""

import argparse
import difflib
import importlib.util
import os
import pty
import re
import signal
import subprocess
import sys
import termios
import threading
from pathlib import Path

SKIPPED = 77  # SKIP_RETURN_CODE in CMakeLists.txt


class Outcome:
    """What a program has done: its exit code (None: it was stopped for taking too long), stdout and stderr."""

    def __init__(self, code: int | None, stdout: str, stderr: str) -> None:
        """Keep the three."""
        self.code = code
        self.stdout = stdout
        self.stderr = stderr


def run(command: list[str], timeout: float, terminal: bool) -> Outcome:
    """Run a program with its stdout in a pipe, or in a terminal of 80 columns; stop it after `timeout` seconds."""
    if terminal:
        ours, theirs = pty.openpty()
        termios.tcsetwinsize(theirs, (24, 80))
    else:
        ours, theirs = os.pipe()
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=theirs,
        stderr=subprocess.PIPE,
        env=os.environ | {"TERM": "xterm-256color"},
    )
    os.close(theirs)
    printed = bytearray()
    reader = threading.Thread(target=read_all, args=(ours, printed), daemon=True)
    reader.start()
    code: int | None = None
    try:
        _, errors = process.communicate(timeout=timeout)
        code = process.returncode
    except subprocess.TimeoutExpired:
        process.kill()
        _, errors = process.communicate()
    reader.join(timeout=10)
    stdout, stderr = (bytes(part).decode(errors="backslashreplace") for part in (printed, errors))
    return Outcome(code, render(stdout) if terminal else stdout, stderr)


def read_all(descriptor: int, into: bytearray) -> None:
    """Read until the other end is closed, which a terminal reports as an error."""
    try:
        while part := os.read(descriptor, 65536):
            into += part
    except OSError:
        pass
    os.close(descriptor)


def render(printed: str) -> str:
    """Return what a terminal shows in the end; it knows the escape codes for colours, for up, for erasing a line
    and what is below it, and for the cursor's being seen."""
    lines = [""]
    row = column = 0
    for text, code in re.findall(r"([^\x1b\r\n]+)|(\r|\n|\x1b\[[0-9;?]*[A-Za-z]|\x1b)", printed):
        if text:
            lines[row] = lines[row][:column].ljust(column) + text + lines[row][column + len(text) :]
            column += len(text)
        elif code == "\r":
            column = 0
        elif code == "\n":
            row += 1
            lines += [""] * (row + 1 - len(lines))
        elif code.endswith("A"):
            row = max(0, row - int(code[2:-1] or 1))
        elif code == "\x1b[K":
            lines[row] = lines[row][:column]
        elif code == "\x1b[J":
            lines[row:] = [lines[row][:column]]
        elif not code.endswith("m") and code not in ("\x1b[?25l", "\x1b[?25h"):
            lines[row] += repr(code)  # a code that this terminal does not know: it shows
    return "\n".join(line.rstrip() for line in lines)


def pattern_of(expected: str) -> re.Pattern[str]:
    """Return the regular expression for an expected line."""
    parts = re.split(r"\{\{(.*?)\}\}", expected)
    return re.compile("".join(f"(?:{part})" if i % 2 else re.escape(part) for i, part in enumerate(parts)))


def difference(expected: list[str], printed: list[str]) -> list[str]:
    """Return a diff of the two, empty where they match."""
    patterns = [pattern_of(line) for line in expected]

    def as_expected(index: int, line: str) -> str:
        nearest_first = sorted(range(len(patterns)), key=lambda other: abs(other - index))
        return next((expected[other] for other in nearest_first if patterns[other].fullmatch(line)), line)

    compared = [as_expected(index, line) for index, line in enumerate(printed)]
    every_line = len(expected) + len(printed)
    diff = list(difflib.unified_diff(expected, compared, "expected", "printed", n=every_line, lineterm=""))
    # Lines that match are compared as they were expected, and shown as they were printed.
    lines = iter(printed)
    return diff[:3] + [line if line.startswith("-") else line[0] + next(lines) for line in diff[3:]]


def describe_code(code: int | None, timeout: float) -> str:
    """Say how a program has ended."""
    if code is None:
        return f"it was still running after {timeout:g} seconds"
    if code < 0:
        return f"it was ended by {signal.Signals(-code).name}"
    return f"it has exited with {code}"


def main() -> int:
    """Run the program that the command line names, and report all that is wrong with it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requires", action="append", default=[], metavar="MODULE", help="skip where it is missing")
    parser.add_argument("--terminal", action="store_true", help="give the program a terminal to print to")
    parser.add_argument("--timeout", type=float, default=60, metavar="SECONDS")
    parser.add_argument("expected", type=Path, help="file with the expected lines")
    parser.add_argument("command", nargs=argparse.REMAINDER, help="the program and its arguments")
    args = parser.parse_args()

    if missing := [module for module in args.requires if importlib.util.find_spec(module) is None]:
        print(f"skipped: {sys.executable} has no {', no '.join(missing)}")
        return SKIPPED

    outcome = run(args.command, args.timeout, args.terminal)
    problems = []
    if outcome.code != 0:
        problems.append(describe_code(outcome.code, args.timeout))
    if outcome.stderr:
        problems.append(f"it has printed to stderr:\n{outcome.stderr.rstrip()}")
    expected = args.expected.read_text(encoding="utf-8")
    if diff := difference(expected.splitlines(), outcome.stdout.splitlines()):
        problems.append("its output differs from {}:\n{}".format(args.expected, "\n".join(diff)))
    if problems:
        print(f"{' '.join(args.command)}:", *problems, sep="\n- ")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
