# tests/bench/net/bench.py: ./dev bench net: TCP echo beside libuv alone and beside asyncio's and uvloop's streams.
# SPDX-License-Identifier: MIT
"""Usage: bench.py BUILD [--rounds N] [--seconds S] [--quick]

Servers and clients run on this machine. All connections are there from the beginning; the servers take short turns, so that what
else happens on the machine meets all of them. Each figure is a ratio of messages a second: the median, over the rounds, of the
ratio of two turns of the same round. The exit code is 0 even where a bound does not hold, 1 where a program fails."""

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
PAIRS = [
    ("C++ alone", "libuv alone", 0.9),
    ("answered by Python", "asyncio", 1.5),
    ("answered by Python", "uvloop", 1.1),
]


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


class Clients:
    """A process with connections to one server."""

    def __init__(self, load: Path, server: Server, connections: int, size: int) -> None:
        self.command = [str(load), str(server.port), str(connections), str(size)]
        self.process = subprocess.Popen(self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.communicate()  # the end of its input ends it

    def messages_a_second(self, seconds: float) -> float:
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.write(f"{seconds}\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            sys.exit(f"bench: {' '.join(self.command)} ended with {self.process.wait()}")
        return float(line)


def measure(build: Path, rounds: int, seconds: float, loads: Sequence[tuple[int, int]]) -> Iterator[Row]:
    programs = build / "tests/bench/net"
    load = programs / "bench_net_load"
    python = "/usr/bin/python3"
    commands: Mapping[str, Sequence[str]] = {
        "libuv alone": [str(programs / "bench_net_libuv_server")],
        "C++ alone": [str(programs / "bench_net_server")],
        "answered by Python": [str(programs / "bench_net_server"), "python"],
        "asyncio": [python, str(HERE / "streams_server.py"), "asyncio"],
        "uvloop": [python, str(HERE / "streams_server.py"), "uvloop"],
    }
    names = list(commands)
    for connections, size in loads:
        with ExitStack() as running:
            clients = {}
            for name, command in commands.items():
                server = running.enter_context(Server(command))
                with Clients(load, server, 1, size) as first:  # asyncio is twice as fast once one connection has ended:
                    first.messages_a_second(0)  # then malloc no longer maps each 256 KiB that it reads into
                clients[name] = running.enter_context(Clients(load, server, connections, size))
                clients[name].messages_a_second(0)  # all of them have been accepted
            found = [
                {name: clients[name].messages_a_second(seconds) for name in (names if number % 2 else reversed(names))}
                for number in range(rounds)
            ]
        about = f"{connections} connections, {size} bytes"
        for one, peer, bound in PAIRS:
            ratio = statistics.median(turns[one] / turns[peer] for turns in found)
            yield Row(f"{about}: {one}, against {peer}", ratio, bound)
    with ExitStack() as running:
        of_libuv, ours = (
            running.enter_context(Server(commands[name])) for name in ("libuv alone", "answered by Python")
        )
        beyond = ours.idle_bytes(IDLE) - of_libuv.idle_bytes(IDLE)
    yield Row(f"one of {IDLE} idle connections, beyond libuv's own", beyond, 2048, most=True, unit="B")


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("build", type=Path)
    parser.add_argument("--rounds", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=0.2)
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
