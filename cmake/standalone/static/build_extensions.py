# cmake/standalone/static/build_extensions.py: compiles the extension modules of CPython's standard library into an archive.
# SPDX-License-Identifier: MIT
"""Usage: build_extensions.py --source CPYTHON --folder RESULT --compiler CXX --include FOLDER...

Run by the CPython that the archive is for. What that one has built in is left to it. RESULT has the archive
libpython_extensions.a afterwards, and extensions.txt: lines of a word and what it says:
    extension   a module that is in the archive
    library     an archive that one of them needs, as a path, in the order to link
    left_out    a module that lacks something here, and what
    refused     a module that is never there, and why
What has not changed is not compiled again. Exits with 3 and one sentence where these sources are not this CPython's.
"""

import argparse
import concurrent.futures
import hashlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))  # -I leaves the script's own folder out
sys.dont_write_bytecode = True

from extension_table import NEEDS, REFUSED, TESTS, Needs  # noqa: E402

ARCHIVE = "libpython_extensions.a"
CONFIGURED = Path(__file__).resolve().parent / "configured.h"
OPTIONS = (
    # CPython's own, less what it needs only in shared libraries.
    *("-std=c11", "-O2", "-DNDEBUG", "-fwrapv", "-fno-strict-overflow", "-fstack-protector-strong"),
    *("-fvisibility=hidden", "-fno-pie", "-w", "-DPy_BUILD_CORE_BUILTIN"),
)


class Fault(Exception):
    """What is wrong, as one sentence."""


class Extension(NamedTuple):
    """A module, and the files to compile."""

    name: str
    sources: list[Path]
    needs: Needs


class Tools(NamedTuple):
    """What is used to compile."""

    compiler: str
    includes: list[str]
    source: Path
    folder: Path
    digest: str
    """Of all that the objects depend on, besides their files."""


def check_version(source: Path) -> None:
    """Refuses the sources of another CPython: their modules would take its structures for others."""
    header = source / "Include" / "patchlevel.h"
    if not header.exists():
        raise Fault(f"{source} has no Include/patchlevel.h, so it is not the source of CPython")
    found = re.search(r'#define\s+PY_VERSION\s+"([^"]+)"', header.read_text())
    version = found[1] if found else "unknown"
    if version != sys.version.split()[0]:
        raise Fault(f"{source} is the source of CPython {version}, and the interpreter is {sys.version.split()[0]}")


def listed(source: Path) -> list[Extension]:
    """What Setup.stdlib.in knows and this interpreter has not built in."""
    modules = source / "Modules"
    # Some are behind a #, since another file of CPython's builds them there.
    entry = re.compile(r"(?:#?@MODULE_\w+_TRUE@)?(\w+)\s+(\S.*)")
    found = []
    for line in (modules / "Setup.stdlib.in").read_text().split("\n"):
        parts = entry.fullmatch(line.strip())
        if parts is None or parts[1].startswith(TESTS) or parts[1] in sys.builtin_module_names:
            continue
        sources = [modules / word for word in parts[2].split() if word.endswith(".c")]
        needs = NEEDS.get(parts[1], Needs())
        if needs.sources:
            sources += (each for each in sorted(modules.glob(needs.sources)) if each.name not in needs.not_sources)
        found.append(Extension(parts[1], sources, needs))
    return found


def library(compiler: str, name: str) -> str:
    """The path of a static library, or nothing."""
    command = [compiler, f"-print-file-name=lib{name}.a"]
    path = subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
    return os.path.realpath(path) if os.path.isabs(path) else ""


def digest_of(tools: Tools) -> str:
    """Changes with the compiler, its options, this interpreter and the libraries."""
    version = subprocess.run([tools.compiler, "--version"], check=True, capture_output=True, text=True).stdout
    parts = [version, sys.version, *OPTIONS, *tools.includes, repr(NEEDS), CONFIGURED.read_text()]
    for name in sorted({each for needs in NEEDS.values() for each in needs.libraries}):
        path = library(tools.compiler, name)
        parts.append(f"{path} {os.stat(path).st_mtime_ns}" if path else name)
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def compile_file(tools: Tools, extension: Extension, file: Path) -> Path:
    """The object of one file, from the folder of results where it is up to date."""
    wanted = hashlib.sha256(tools.digest.encode() + file.read_bytes()).hexdigest()
    target = tools.folder / "objects" / f"{extension.name}-{file.stem}-{wanted[:16]}.o"
    if target.exists():
        return target
    modules = tools.source / "Modules"
    command = [
        *(tools.compiler, "-x", "c", *OPTIONS, f"-ffile-prefix-map={tools.source}=python"),
        *(f"-D{each}" for each in extension.needs.defines),
        *(f"-I{modules / each}" for each in extension.needs.folders),
        *(f"-I{each}" for each in tools.includes),
        *("-include", str(CONFIGURED), "-c", str(file), "-o", f"{target}.new"),
    ]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode != 0:
        fault = next((line for line in done.stdout.split("\n") if "error:" in line), "the compiler failed")
        raise Fault(fault)
    os.replace(f"{target}.new", target)
    return target


def archive(folder: Path, objects: Iterable[Path]) -> None:
    """Makes the archive anew; the same objects give the same bytes."""
    new = folder / f"{ARCHIVE}.new"
    new.unlink(missing_ok=True)
    ar = shutil.which("ar")
    if ar is None:
        raise Fault("there is no program `ar`")
    subprocess.run([ar, "rcsD", str(new), *map(str, sorted(objects))], check=True)
    if not (folder / ARCHIVE).exists() or new.read_bytes() != (folder / ARCHIVE).read_bytes():
        os.replace(new, folder / ARCHIVE)
    new.unlink(missing_ok=True)


def build(tools: Tools) -> list[str]:
    """Compiles all that can be, and returns the lines of extensions.txt."""
    (tools.folder / "objects").mkdir(parents=True, exist_ok=True)
    lines = []
    libraries: dict[str, str] = {}
    to_compile = []
    for each in listed(tools.source):
        paths = {name: library(tools.compiler, name) for name in each.needs.libraries}
        lacking = [f"lib{name}.a" for name, path in paths.items() if not path]
        if each.name in REFUSED:
            lines.append(f"refused {each.name}: {REFUSED[each.name]}")
        elif lacking:
            lines.append(f"left_out {each.name}: there is no {', '.join(lacking)} (Debian: {each.needs.packages})")
        else:
            to_compile.append(each)

    objects: set[Path] = set()
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        running = [
            (each, [pool.submit(compile_file, tools, each, file) for file in each.sources]) for each in to_compile
        ]
        for each, futures in running:
            try:
                compiled = [future.result() for future in futures]
            except Fault as fault:
                lines.append(f"left_out {each.name}: {fault}")
                continue
            objects.update(compiled)
            lines.append(f"extension {each.name}")
            libraries.update((name, library(tools.compiler, name)) for name in each.needs.libraries)
    archive(tools.folder, objects)
    for stale in set((tools.folder / "objects").iterdir()) - objects:
        stale.unlink()
    return [*lines, *(f"library {path}" for path in libraries.values())]


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--source", type=Path, required=True)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--compiler", required=True)
    parser.add_argument("--include", action="append", default=[])
    given = parser.parse_args()
    try:
        source = given.source.resolve()
        check_version(source)
        # The interpreter's own headers come first: a distribution may have changed them.
        includes = [each for folder in given.include for each in (folder, f"{folder}/internal")]
        includes += [str(source / "Include"), str(source / "Include" / "internal")]
        tools = Tools(given.compiler, includes, source, given.folder, "")
        lines = build(tools._replace(digest=digest_of(tools)))
    except Fault as fault:
        print(fault)
        return 3
    (given.folder / "extensions.txt").write_text("".join(f"{line}\n" for line in lines))
    return 0


if __name__ == "__main__":
    sys.exit(main())
