# tests/bench/net/bench.py: ./dev bench net: TCP echo beside libuv alone and beside asyncio's and uvloop's streams.
# SPDX-License-Identifier: MIT
"""Usage: bench.py BUILD [--rounds N] [--seconds S] [--quick]

Servers and clients run on this machine. Each figure is a ratio of messages a second, medians of rounds in which the servers take
turns under the same clients. How fast a single connection is depends on where the scheduler has put its two ends, and that hardly
changes while it lasts: it gets the same time in four times as many rounds. The exit code is 0 even where a bound does not hold, 1
where a program fails."""

import argparse
import resource
import socket
import statistics
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Self

HERE = Path(__file__).resolve().parent
LOADS = [(connections, size) for size in (64, 16384) for connections in (1, 100, 10_000)]
IDLE = 10_000


@dataclass(frozen=True)
class Row:
    what: str
    measured: float
    bound: float
    most: bool = False
    unit: str = ""

    @property
    def holds(self) -> bool:
        return self.measured <= self.bound if self.most else self.measured >= self.bound

    def __str__(self) -> str:
        mark = "" if self.holds else "   MISSED"
        return f"{self.what:<62}{self.measured:>9.2f} {self.unit:<2} {'<=' if self.most else '>='} {self.bound:g}{mark}"


class Server:
    """A process that prints its port."""

    def __init__(self, command: Sequence[str]) -> None:
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            sys.exit(f"bench: {' '.join(command)} ended with {self.process.wait()}")
        self.port = int(line)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()

    def resident(self) -> int:
        """Bytes."""
        pages = Path(f"/proc/{self.process.pid}/statm").read_text().split()[1]
        return int(pages) * resource.getpagesize()

    def idle_bytes(self, connections: int) -> float:
        """What one more connection takes that does nothing."""
        with ExitStack() as open_sockets:

            def connect(number: int) -> None:
                for _ in range(number):
                    made = open_sockets.enter_context(socket.create_connection(("127.0.0.1", self.port)))
                made.sendall(b"so far\n")  # it comes back when all of them have been accepted
                made.recv(7)

            connect(100)
            before = self.resident()
            connect(connections)
            return (self.resident() - before) / connections


def messages_a_second(load: Path, server: Server, connections: int, size: int, seconds: float) -> float:
    command = [str(load), str(server.port), str(connections), str(size), str(seconds)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    if done.returncode != 0:
        sys.exit(f"bench: {' '.join(command)} ended with {done.returncode}:\n{done.stderr}")
    return float(done.stdout)


def measure(build: Path, rounds: int, seconds: float, loads: Sequence[tuple[int, int]]) -> Iterator[Row]:
    programs = build / "tests/bench/net"
    python = "/usr/bin/python3"
    commands: Mapping[str, Sequence[str]] = {
        "libuv": [str(programs / "bench_net_libuv_server")],
        "ours": [str(programs / "bench_net_server")],
        "ours, answered": [str(programs / "bench_net_server"), "python"],
        "asyncio": [python, str(HERE / "streams_server.py"), "asyncio"],
        "uvloop": [python, str(HERE / "streams_server.py"), "uvloop"],
    }
    for connections, size in loads:
        with ExitStack() as running:
            servers = {name: running.enter_context(Server(command)) for name, command in commands.items()}
            found: dict[str, list[float]] = {name: [] for name in servers}
            parts = 4 if connections == 1 and rounds > 1 else 1
            for _ in range(rounds * parts):
                for name, server in servers.items():
                    found[name].append(
                        messages_a_second(programs / "bench_net_load", server, connections, size, seconds / parts)
                    )
        median = {name: statistics.median(values) for name, values in found.items()}
        about = f"{connections} connections, {size} bytes"
        yield Row(f"{about}: C++ alone, against libuv alone", median["ours"] / median["libuv"], 0.9)
        yield Row(f"{about}: answered by Python, against asyncio", median["ours, answered"] / median["asyncio"], 1.5)
        yield Row(f"{about}: answered by Python, against uvloop", median["ours, answered"] / median["uvloop"], 1.1)
    with ExitStack() as running:
        of_libuv, ours = (running.enter_context(Server(commands[name])) for name in ("libuv", "ours, answered"))
        beyond = ours.idle_bytes(IDLE) - of_libuv.idle_bytes(IDLE)
    yield Row(f"one of {IDLE} idle connections, beyond libuv's own", beyond, 2048, most=True, unit="B")


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("build", type=Path)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=1.0)
    parser.add_argument("--quick", action="store_true", help="only see that it runs")
    chosen = parser.parse_args()
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    loads = LOADS[:1] if chosen.quick else LOADS
    for row in measure(chosen.build, 1 if chosen.quick else chosen.rounds, chosen.seconds, loads):
        print(row, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
