# tests/lint/lint.py: formatters, linters and type checkers over all that is the project's own.
# SPDX-License-Identifier: MIT
"""Usage: lint.py BUILD [--fix] [--tidy]

The tools come from PyPI, in the versions of requirements.txt, since what they say depends on the version; they are kept in
BUILD. With --fix, what can be mended by itself is. With --tidy, clang-tidy looks at the library, too, which takes ten minutes;
BUILD has a compile_commands.json then.
"""

import argparse
import json
import os
import subprocess
import sys
import venv
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
TYPED = {
    "cmake/standalone": ["."],
    "tests/bench": ["."],
    "tests/docs": ["."],
    "tests/lint": ["."],
    "tests/python": ["elsewhere.py", "references.py", "run_pytest.py"],
    "tests/semantics": ["."],
}
"""Folders whose modules import one another by their plain names, and what of them is annotated."""


def tools(folder: Path) -> Path:
    """The folder of the tools' programs, installed where they are not there in these versions."""
    wanted = (HERE / "requirements.txt").read_text()
    installed = folder / "installed.txt"
    if not installed.exists() or installed.read_text() != wanted:
        venv.create(folder, with_pip=True, clear=True)
        pip = [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, "--requirement", str(HERE / "requirements.txt")], check=True)
        installed.write_text(wanted)
    return folder / "bin"


def sources(*endings: str) -> list[str]:
    """What git knows, or would add."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", *(f"*{each}" for each in endings)],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    return [each for each in listed.stdout.split("\n") if each and (ROOT / each).exists()]


def run(name: str, command: list[str], cwd: Path = ROOT) -> bool:
    """Prints what the tool says where it finds something."""
    done = subprocess.run(command, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    print(f"{name}: {'nothing found' if done.returncode == 0 else 'found'}", flush=True)
    if done.returncode != 0:
        print(done.stdout, flush=True)
    return done.returncode == 0


def tidy(bin: Path, build: Path) -> Iterator[bool]:
    """The library's own translation units; its headers are looked at with those that include them."""
    known = {entry["file"] for entry in json.loads((build / "compile_commands.json").read_text())}
    units = sorted(each for each in known if each.startswith(f"{ROOT}/framework/"))
    command = [str(bin / "clang-tidy"), "-p", str(build), "--quiet", "--warnings-as-errors=*"]

    def look(unit: str) -> bool:
        return run(f"clang-tidy {Path(unit).relative_to(ROOT)}", [*command, unit])

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        yield from pool.map(look, units)


def checks(bin: Path, fix: bool) -> Iterator[bool]:
    formatted = [str(bin / "clang-format"), *(["-i"] if fix else ["--dry-run", "-Werror"])]
    yield run("clang-format", [*formatted, *sources(".cpp", ".hpp")])
    yield run("ruff format", [str(bin / "ruff"), "format", *([] if fix else ["--check", "--diff"]), "."])
    yield run("ruff check", [str(bin / "ruff"), "check", *(["--fix"] if fix else []), "."])
    for folder, modules in TYPED.items():
        command = [str(bin / "mypy"), "--config-file", str(HERE / "mypy.ini"), *modules]
        yield run(f"mypy {folder}", command, ROOT / folder)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build", type=Path)
    parser.add_argument("--fix", action="store_true")
    parser.add_argument("--tidy", action="store_true")
    options = parser.parse_args()
    build = options.build.resolve()
    build.mkdir(parents=True, exist_ok=True)
    bin = tools(build / "lint")
    good = list(checks(bin, options.fix))
    if options.tidy:
        good += tidy(bin, build)
    sys.exit(not all(good))


if __name__ == "__main__":
    main()
