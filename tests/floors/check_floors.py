# tests/floors/check_floors.py: holds the sources to the floors of the architecture, and to what every file begins with.
# SPDX-License-Identifier: MIT
"""Usage: check_floors.py ROOT [--build FOLDER]

Says, a line each, which file under ROOT
- includes a header of a higher floor, or, of uv/ and py/, the other one;
- includes CPython's headers and is not py/python.hpp, or libuv's on a floor that does not stand on it;
- gives up a Python reference by CPython's macros, and not by py/let_go.hpp;
- does not begin with its path and purpose, then with the license; under cmake/templates/, with its path in the project that is made of
  them, whose license is its owner's;
and, with --build, which header cannot be included alone, by the compiler of that build folder.
"""

import argparse
import hashlib
import json
import os
import re
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path, PurePosixPath

sys.dont_write_bytecode = True  # the sources stay clean
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))

from compiler import Compiler  # noqa: E402

INCLUDES = PurePosixPath("framework/include")
SOURCES = PurePosixPath("framework/src")
TEMPLATES = PurePosixPath("cmake/templates")
FLOORS = {"core": 0, "uv": 1, "py": 1, "bridge": 2}
HIGHEST = 3
THE_PYTHON_HEADER = INCLUDES / "pyasync/py/python.hpp"
CPYTHON = re.compile(r"(Python|pythread|frameobject|structmember|datetime|marshal)\.h|cpython/.*|internal/pycore_.*")
LIBUV = re.compile(r"uv\.h|uv/.*\.h")
THE_ONE_THAT_LETS_GO = INCLUDES / "pyasync/py/let_go.hpp"
GIVES_UP = re.compile(r"\bPy_(X?DECREF|CLEAR|X?SETREF)\b")
INCLUDE = re.compile(r'\s*#\s*include\s*[<"]([^>"]+)[>"]')
COMMENTS = {".hpp": "//", ".cpp": "//", ".h": "//", ".cmake": "#"}


def files_below(root: Path) -> Iterator[Path]:
    """All files but those of version control, of builds, and of virtual environments."""

    def is_ours(folder: Path) -> bool:
        marks = ("CMakeCache.txt", "CACHEDIR.TAG", "pyvenv.cfg")
        return not folder.name.startswith(".") and not any((folder / mark).exists() for mark in marks)

    for folder, folders, files in os.walk(root):
        folders[:] = sorted(name for name in folders if is_ours(Path(folder, name)))
        yield from (Path(folder) / name for name in sorted(files))


def comment_of(file: PurePosixPath) -> str | None:
    return "#" if file.name == "CMakeLists.txt" else COMMENTS.get(file.suffix)


def wrong_first_lines(file: PurePosixPath, text: str) -> Iterator[str]:
    comment = comment_of(file)
    lines = [*text.split("\n"), "", ""]
    is_template = file.is_relative_to(TEMPLATES)
    path = PurePosixPath(*file.relative_to(TEMPLATES).parts[1:]) if is_template else file
    if not re.fullmatch(re.escape(f"{comment} {path}: ") + r"\S.*", lines[0]):
        yield f'{file}:1: the first line is not "{comment} {path}: <what it is for>"'
    if not is_template and lines[1] != f"{comment} SPDX-License-Identifier: MIT":
        yield f'{file}:2: the second line is not "{comment} SPDX-License-Identifier: MIT"'


class Tree:
    """The C++ and CMake files below a folder, by their paths in it."""

    def __init__(self, root: Path) -> None:
        self.texts: dict[PurePosixPath, str] = {}
        for path in files_below(root):
            file = PurePosixPath(path.relative_to(root).as_posix())
            if comment_of(file) is not None:
                self.texts[file] = path.read_text(encoding="utf-8")
        self.included_by = cache(self._included_by)

    def headers(self) -> list[PurePosixPath]:
        return [file for file in self.texts if INCLUDES in file.parents]

    def includes(self, file: PurePosixPath) -> Iterator[tuple[int, str, PurePosixPath | None]]:
        """Line, name as written, and the file of this tree that it is, if it is one."""
        for number, line in enumerate(self.texts[file].split("\n"), 1):
            if match := INCLUDE.match(line):
                name = match[1]
                beside = PurePosixPath(os.path.normpath(file.parent / name))
                found = [each for each in (INCLUDES / name, SOURCES / name, beside) if each in self.texts]
                yield number, name, found[0] if found else None

    def _included_by(self, file: PurePosixPath) -> frozenset[PurePosixPath]:
        """The file and all files of this tree that it includes, directly or not."""
        seen = {file}
        waiting = [file]
        while waiting:
            for _, _, target in self.includes(waiting.pop()):
                if target is not None and target not in seen:
                    seen.add(target)
                    waiting.append(target)
        return frozenset(seen)


def part_of(file: PurePosixPath) -> str | None:
    """The floor's folder of a file of the framework, "" for the highest floor; None for other files."""
    for base in (INCLUDES / "pyasync", SOURCES):
        if base in file.parents:
            folder = file.relative_to(base).parts[0]
            return folder if folder in FLOORS else ""
    return None


def wrong_includes(tree: Tree, file: PurePosixPath) -> Iterator[str]:
    part = part_of(file)
    floor = FLOORS.get(part or "", HIGHEST)
    for line, name, target in tree.includes(file):
        where = f"{file}:{line}: "
        if CPYTHON.fullmatch(name) and file != THE_PYTHON_HEADER:
            yield f"{where}only {THE_PYTHON_HEADER} includes <{name}>"
        if LIBUV.fullmatch(name) and target is None and part in ("core", "py"):
            yield f"{where}{part}/ does not stand on libuv: <{name}>"
        if part is None:
            continue
        if target is None and name.startswith("pyasync/"):
            yield f"{where}there is no {name}"
        elif target is not None and (included := part_of(target)) is not None:
            if FLOORS.get(included, HIGHEST) > floor:
                yield f"{where}floor {floor} ({part}/) includes {name} of a higher floor"
            elif {part, included} == {"uv", "py"}:
                yield f"{where}uv/ and py/ must not see each other: {name}"


def bare_releases(tree: Tree, file: PurePosixPath) -> Iterator[str]:
    """A finaliser may end the thread: only that header knows what to do then."""
    if part_of(file) is None or file == THE_ONE_THAT_LETS_GO:
        return
    for number, line in enumerate(tree.texts[file].split("\n"), 1):
        if match := GIVES_UP.search(line):
            yield f"{file}:{number}: {match[0]}: references are given up by {THE_ONE_THAT_LETS_GO}"


def proven_by_build(tree: Tree, root: Path, build: Path) -> Iterator[PurePosixPath]:
    """Headers that the build itself compiles alone: they are what a source file begins with."""
    entries = json.loads((build / "compile_commands.json").read_text())
    compiled = {Path(each["directory"], each["file"]).resolve() for each in entries}
    for file, text in tree.texts.items():
        code = next((line for line in text.split("\n") if line.strip() and not line.startswith("//")), "")
        if file.suffix == ".cpp" and INCLUDE.match(code) and (root / file).resolve() in compiled:
            _, _, target = next(tree.includes(file))
            if target is not None:
                yield target


def not_self_contained(tree: Tree, root: Path, build: Path) -> Iterator[str]:
    """Headers that do not compile alone. What compiled before, and is the same still, is remembered in the build folder."""
    compiler = Compiler.of_build(build)
    proven = set(proven_by_build(tree, root, build))
    memory = build / "self_contained_headers.json"
    known: dict[str, str] = json.loads(memory.read_text()) if memory.exists() else {}

    def state_of(header: PurePosixPath) -> str:
        state = hashlib.sha256("\0".join(compiler.command).encode())
        for file in sorted(tree.included_by(header)):
            state.update(f"\0{file}\0{tree.texts[file]}".encode())
        return state.hexdigest()

    states = {header: state_of(header) for header in tree.headers() if header not in proven}
    unknown = [header for header, state in states.items() if known.get(str(header)) != state]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        sources = [f"#include <{header.relative_to(INCLUDES)}>\n" for header in unknown]
        results = dict(zip(unknown, pool.map(compiler.check, sources)))
    # An adapter to a library that is not there.
    absent = re.compile(r"fatal error: '?(nanobind|pybind11)/")
    results = {header: result for header, result in results.items() if not absent.search(result.stderr)}
    good = {
        str(header): state
        for header, state in states.items()
        if header not in unknown or (header in results and results[header].returncode == 0)
    }
    memory.write_text(json.dumps(good, indent=1))
    for header, result in results.items():
        if result.returncode != 0:
            yield f"{header}:1: cannot be included alone:\n{result.stderr}"


def faults_of(root: Path, build: Path | None = None) -> list[str]:
    """Everything that is wrong below a folder; a fault begins with its file and line."""
    tree = Tree(root)
    faults = [fault for file, text in tree.texts.items() for fault in wrong_first_lines(file, text)]
    faults += [fault for file in tree.texts for fault in (*wrong_includes(tree, file), *bare_releases(tree, file))]
    if build is not None:
        faults += not_self_contained(tree, root, build)
    if not tree.headers():
        faults.append(f"{root}: no headers in {INCLUDES}")
    return faults


def main() -> int:
    arguments = argparse.ArgumentParser()
    arguments.add_argument("root", type=Path)
    arguments.add_argument("--build", type=Path)
    given = arguments.parse_args()
    faults = faults_of(given.root, given.build)
    print("\n".join(faults) if faults else "all files are as they should be")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
