# tests/bench/suite/peers.py: builds the peers that come from public packages.
# SPDX-License-Identifier: MIT
"""A peer whose tools or packages cannot be had is left out, and says why; one that does not build is an error."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path

OLDEST_RUST = "1.85"  # edition 2024


class LeftOut(Exception):
    """There is no such peer here; the text says why."""


class Failed(Exception):
    """A peer does not build."""


def build_rust(source: Path, build: Path) -> list[str]:
    """The command of the Rust peer, built with cargo."""
    if not (source / "Cargo.toml").exists():
        raise LeftOut(f"there is no {source / 'Cargo.toml'}")
    needed = tomllib.loads((source / "Cargo.toml").read_text())["package"].get("rust-version", OLDEST_RUST)
    cargo = shutil.which("cargo")
    if cargo is None:
        raise LeftOut(f"there is no cargo, and the Rust peer needs {needed} or newer")
    found = _cargo_version(cargo)
    if numbers(found) < numbers(needed):
        raise LeftOut(f"cargo is {found}, and the Rust peer needs {needed} or newer")
    choices = {"CARGO_TARGET_DIR": str(build / "rust"), "PYO3_PYTHON": sys.executable}
    if _run([cargo, "fetch"], source, choices) != 0:
        raise LeftOut("its crates cannot be downloaded")
    if _run([cargo, "build", "--release", "--offline"], source, choices) != 0:
        raise Failed(f"the Rust peer in {source} does not build")
    return [str(build / "rust/release/bench_rust")]


def build_nanobind(source: Path, build: Path) -> list[str]:
    """The command of the nanobind peer: a driver and an extension module, which is built with a nanobind of its own."""
    if not (source / "CMakeLists.txt").exists():
        raise LeftOut(f"there is no {source / 'CMakeLists.txt'}")
    python = _install(source / "requirements.txt", build / "venv")
    into = build / "nanobind"
    configure = ["cmake", "-S", str(source), "-B", str(into), "-G", "Ninja", f"-DPython_EXECUTABLE={python}"]
    if _run(configure, source) != 0 or _run(["cmake", "--build", str(into)], source) != 0:
        raise Failed(f"the nanobind peer in {source} does not build")
    return [python, str(source / "driver.py")]


def _install(requirements: Path, venv: Path) -> str:
    """The Python of a virtual environment that has what the file asks for."""
    python = str(venv / "bin/python")
    asked = f"{sys.executable} {sys.version}\n{requirements.read_text()}"
    installed = venv / "installed"
    if not installed.exists() or installed.read_text() != asked:
        if _run([sys.executable, "-m", "venv", "--clear", "--system-site-packages", str(venv)], venv.parent):
            raise LeftOut(f"{sys.executable} -m venv does not work here")
        if _run([python, "-m", "pip", "install", "--quiet", "-r", str(requirements)], venv.parent):
            raise LeftOut("nanobind cannot be downloaded")
        installed.write_text(asked)
    return python


def numbers(version: str) -> tuple[int, ...]:
    """A version in a form that compares."""
    return tuple(int(part) for part in re.findall(r"\d+", version))


def _cargo_version(cargo: str) -> str:
    said = subprocess.run([cargo, "--version"], capture_output=True, text=True, check=False).stdout
    match = re.match(r"cargo (\d+\.\d+(\.\d+)?)", said)
    return match[1] if match else "0"


def _run(command: list[str], folder: Path, choices: Mapping[str, str] | None = None) -> int:
    print(f"bench: {' '.join(command)}", file=sys.stderr, flush=True)
    environment = {**os.environ, **(choices or {})}
    return subprocess.run(command, cwd=folder, env=environment, stdout=sys.stderr, check=False).returncode
