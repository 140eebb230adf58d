# tests/bench/standalone/bench.py: ./dev bench standalone: how standalone executables start, what they weigh, how they compute.
# SPDX-License-Identifier: MIT
"""Usage: bench.py BUILD [--rounds N]

Each figure is a ratio to the system's python3 (or PyInstaller's executable, where `pyinstaller` is on the PATH) that does the same,
of medians; the programs take turns. W imports asyncio, ssl, json and sqlite3, and runs a coroutine. The exit code is 0 even where a
bound does not hold, 1 where a program fails."""

import argparse
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
W = "import asyncio, ssl, json, sqlite3; asyncio.run(asyncio.sleep(0))"
HELLO = "print('hello')"
MB = 1_000_000


@dataclass(frozen=True)
class Row:
    what: str
    measured: float
    bound: float
    unit: str = ""

    @property
    def holds(self) -> bool:
        return self.measured <= self.bound

    def __str__(self) -> str:
        mark = "" if self.holds else "   MISSED"
        return f"{self.what:<58}{self.measured:>9.2f} {self.unit:<3} <= {self.bound:g}{mark}"


def run(command: Sequence[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    if done.returncode != 0:
        sys.exit(f"bench: {' '.join(command)} ended with {done.returncode}:\n{done.stderr}")
    return done.stdout


def time_of(command: Sequence[str]) -> float:
    begin = time.perf_counter()
    run(command)
    return time.perf_counter() - begin


def medians(
    commands: Mapping[str, Sequence[str]], rounds: int, measure: Callable[[Sequence[str]], float]
) -> dict[str, float]:
    """The commands take turns; the first turn only warms the caches."""
    found: dict[str, list[float]] = {name: [] for name in commands}
    for number in range(rounds + 1):
        for name, command in commands.items():
            value = measure(command)
            if number > 0:
                found[name].append(value)
    return {name: statistics.median(values) for name, values in found.items()}


def system_calls(command: Sequence[str]) -> tuple[int, int]:
    """How many there are, and how many files other than the executable are opened with success, but for the C library's loading."""
    with tempfile.NamedTemporaryFile() as log:
        run(["strace", "-f", "-qq", "-o", log.name, *command])
        lines = Path(log.name).read_text(errors="replace").splitlines()
    calls = [line for line in lines if re.search(r"^\d+ +\w+\(", line)]
    opened = [line for line in calls if re.search(r"\bopen(at)?\(.*\) = \d", line) and "/proc/self/fd/" not in line]
    return len(calls), len([line for line in opened if not re.search(r'"/(etc/ld\.so|lib|usr/lib)', line)])


def frozen_by_pyinstaller(folder: Path) -> dict[str, Sequence[str]]:
    """W and hello as its one-file executables; nothing where it is not installed."""
    if shutil.which("pyinstaller") is None:
        return {}
    made: dict[str, Sequence[str]] = {}
    for name, text in {"hello": HELLO, "w": W}.items():
        (folder / f"{name}.py").write_text(f"{text}\n")
        subprocess.run(
            ["pyinstaller", "--onefile", "--distpath", folder, "--workpath", folder / "work", "--specpath", folder,
             folder / f"{name}.py"], check=True, capture_output=True)  # fmt: skip
        made[name] = [str(folder / name)]
    return made


def rebuild_seconds(build: Path, rounds: int) -> float:
    """One of W's Python files is edited."""
    edited = HERE / "w.py"
    before = edited.read_bytes()
    found = []
    try:
        for number in range(min(rounds, 5)):
            edited.write_bytes(before + f"# {number}\n".encode())
            found.append(time_of(["cmake", "--build", str(build), "--target", "bench_w"]))
    finally:
        edited.write_bytes(before)
        run(["cmake", "--build", str(build), "--target", "bench_w"])
    return statistics.median(found)


def files_read(command: Sequence[str]) -> list[str]:
    """All that it opens or executes, but for what is no file."""
    with tempfile.NamedTemporaryFile() as log:
        run(["strace", "-f", "-qq", "-o", log.name, "-e", "trace=openat,execve", *command])
        named = set(re.findall(r'"(/[^"]+)"', Path(log.name).read_text(errors="replace")))
    return sorted(each for each in named if Path(each).is_file() and not each.startswith(("/proc", "/dev", "/sys")))


def cold(command: Sequence[str]) -> Callable[[Sequence[str]], float]:
    """As `time_of`, when nothing of the command's files is in the page cache, as far as nobody else uses them."""
    files = files_read(command)

    def timed(again: Sequence[str]) -> float:
        for each in files:
            with open(each, "rb") as file:
                os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        return time_of(again)

    return timed


def measure(build: Path, rounds: int) -> Iterator[Row]:
    def ours(name: str) -> list[str]:
        return [str(build / f"tests/bench/standalone/bench_{name}")]

    python = "/usr/bin/python3"
    programs: dict[str, Sequence[str]] = {
        name: ours(name) for name in ("hello", "w", "w_fast", "w_packed", "w_embedded")
    }
    programs |= {"python hello": [python, "-c", HELLO], "python w": [python, "-c", W]}
    with tempfile.TemporaryDirectory() as folder:
        frozen = frozen_by_pyinstaller(Path(folder))
        found = medians(programs | {f"frozen {name}": each for name, each in frozen.items()}, rounds, time_of)
    for name, of, bound in (
        ("hello", "hello", 0.70), ("w", "w", 0.85), ("w_fast", "w", 0.65), ("w_embedded", "w", 1.0), ("w_packed", "w", 2.0),
    ):  # fmt: skip
        yield Row(f"{name}: start to exit, against system python3", found[name] / found[f"python {of}"], bound)
        if f"frozen {name}" in found:
            limit = 0.10 if name == "hello" else 0.30
            yield Row(f"{name}: the same, against PyInstaller's one file", found[name] / found[f"frozen {name}"], limit)
    if shutil.which("strace") is not None:
        drop = {name: cold(programs[name]) for name in ("w", "python w")}
        times = {
            name: medians({name: programs[name]}, max(rounds // 2, 1), timed)[name] for name, timed in drop.items()
        }
        yield Row("w: cold cache, against system python3", times["w"] / times["python w"], 0.70)
        calls, opened = system_calls(ours("w_plain"))
        yield Row("w_plain: other files opened", opened, 1)
        yield Row("w_plain: system calls", calls, 200)
    computing = {"ours": [*ours("w"), "compute"], "system": [python, str(HERE / "w.py"), "compute"]}
    used = medians(computing, max(rounds // 2, 1), lambda command: float(run(command)))
    yield Row("processor time of plain Python, against system python3", used["ours"] / used["system"], 1.10)
    for mode in ("", "_embedded"):
        for name, bound in (
            (f"asyncio{mode}", 12),
            (f"w{mode}", 19),
            (f"asyncio{mode}_packed", 5),
            (f"w{mode}_packed", 7.5),
        ):
            yield Row(f"{name}: size", os.path.getsize(ours(name)[0]) / MB, bound, "MB")
    yield Row("w: rebuild after an edit of its Python", rebuild_seconds(build, rounds), 2.0, "s")


def main() -> int:
    parser = argparse.ArgumentParser(prog="./dev bench standalone")
    parser.add_argument("build", type=Path)
    parser.add_argument("--rounds", type=int, default=20)
    arguments = parser.parse_args()
    for row in measure(arguments.build, arguments.rounds):
        print(row, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
