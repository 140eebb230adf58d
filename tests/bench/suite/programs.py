# tests/bench/suite/programs.py: where the programs of the benches are, and what they run in.
# SPDX-License-Identifier: MIT
"""A program is a command that BENCH COUNT [key=value ...] is appended to."""

import os
import sys
import sysconfig
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from . import peers

HERE = Path(__file__).resolve().parents[1]  # tests/bench
HELLO = "import asyncio; asyncio.run(asyncio.sleep(0))"


@dataclass
class Programs:
    """Commands by name; and for those that are not here, why."""

    commands: dict[str, list[str]] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)
    environment: dict[str, str] = field(default_factory=dict)


def find_programs(build: Path, preset: str, wanted: Collection[str]) -> Programs:
    """The programs of a build folder, whose C++ is built already by a preset, and whose peers are built here, if they are wanted."""
    bench = build / "bench"
    bench.mkdir(parents=True, exist_ok=True)
    programs = Programs(environment=environment_of(os.environ, bench))
    own = build / preset / "tests/bench"
    embedded = str(own / "limits/bench_python")
    programs.commands = {
        "ours": [str(own / "ours/bench_ours")],
        "limits": [str(own / "limits/bench_limits")],
        "python": [sys.executable, str(HERE / "peers/python/driver.py")],
        "hello": [sys.executable, "-c", HELLO],
        "embedded": [embedded, str(HERE / "peers/python/driver.py")],
        "embedded hello": [embedded, "-c", HELLO],
    }
    for name, build_peer in (("rust", peers.build_rust), ("nanobind", peers.build_nanobind)):
        if name not in wanted:
            continue
        try:
            programs.commands[name] = build_peer(HERE / "peers" / name, bench)
        except peers.LeftOut as reason:
            programs.missing[name] = str(reason)
    return programs


def environment_of(ours: Mapping[str, str], bench: Path) -> dict[str, str]:
    """Ours, with nothing that changes how Python runs, and with the Python code that all programs share.

    This Python comes first in PATH, where an embedded one looks for its home, and its library is found.
    """
    environment = {name: text for name, text in ours.items() if not name.startswith("PYTHON")}
    environment["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), ours.get("PATH", os.defpath)])
    environment["PYTHONPATH"] = os.pathsep.join([str(HERE / "peers/python"), str(bench / "nanobind")])
    if sysconfig.get_config_var("Py_ENABLE_SHARED"):
        before = [ours["LD_LIBRARY_PATH"]] if ours.get("LD_LIBRARY_PATH") else []
        environment["LD_LIBRARY_PATH"] = os.pathsep.join([sysconfig.get_config_var("LIBDIR"), *before])
    return environment
