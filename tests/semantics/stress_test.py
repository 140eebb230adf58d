# tests/semantics/stress_test.py: random plans against a model, for as long as one likes.
# SPDX-License-Identifier: MIT
"""Usage: stress_test.py APPLICATION MODULES [OPTIONS]; MODULES may be "-", where there is no module.

Processes that run one round after another, in turn with such that end in the midst of a plan; on every loop and in
every host, PYASYNC_STRESS_SECONDS in all (60). The seed is printed; a fault comes with the command that runs its round
once more (whose threads may meet in another order: `--again 100` runs it a hundred times).
"""

import argparse
import dataclasses
import itertools
import json
import os
import random
import re
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from processes import HAS_UVLOOP, Ended, Hosts
from stress import plan

SEEDS = 2**32
ROUNDS, ENDING = "rounds", "ending"
LONGEST_TURN = 60  # seconds for one loop in one host, before the next has its turn
SHARE_OF_ROUNDS = 0.75
PATIENCE = 300  # seconds; what hangs in a round is found there, long before


@dataclasses.dataclass(frozen=True)
class Where:
    hosts: Hosts
    host: str
    loop: str

    def run(self, case: str, limit: float, **arguments: float) -> Ended:
        with tempfile.TemporaryFile("w+", errors="replace") as stderr:
            ended = self.hosts.run(
                f"stress.{case}",
                self.loop,
                self.host,
                arguments={"PYASYNC_STRESS": json.dumps(arguments)},
                stderr=stderr,
                seconds=limit,
            )
            stderr.seek(0)
            return dataclasses.replace(ended, stderr=stderr.read())

    def fault(self, what: str, seed: int, case: str, ended: Ended) -> str:
        options = f"--host {self.host} --loop {self.loop} --seed {seed} --rounds 1"
        return "\n".join(
            [
                f"{self.host}, {self.loop}, seed {seed}: {what}",
                f"once more: {' '.join(sys.argv[:3])} {options}{'' if case == ROUNDS else ' --ending'}",
                *(line for line in ended.events if not line.startswith("round ")),
                ended.hung,
                ended.stderr,
            ]
        )


def run_rounds(where: Where, seed: int, number: int, seconds: float, again: int) -> Iterator[str]:
    """Yields what the process has to say, and what went wrong."""
    ended = where.run(ROUNDS, seconds + PATIENCE, seed=seed, number=number, seconds=seconds, again=again)
    begun = [int(line.split()[1]) for line in ended.events if line.startswith("round ")]
    if ended.code == 0 and not ended.stderr and not ended.hung:
        print(f"{where.host}, {where.loop}: {ended.events[-1]}", flush=True)
    else:
        yield where.fault(f"ended with {ended.code}", begun[-1] if begun else seed, ROUNDS, ended)


def run_ending(where: Where, seed: int) -> Iterator[str]:
    ended = where.run(ENDING, PATIENCE, seed=seed)
    way = plan.way_to_end(seed)
    code = plan.code_of_ending(way, where.host)
    printed = r"Traceback .*\nKeyboardInterrupt\n" if where.host == "module" and way == "interrupt" else ""
    if ended.hung or ended.code != code or ended.events or not re.fullmatch(printed, ended.stderr, re.DOTALL):
        yield where.fault(f"{way}: ended with {ended.code}", seed, ENDING, ended)


def run_endings(where: Where, seed: int, number: int, seconds: float) -> Iterator[str]:
    end = time.monotonic() + seconds
    done = 0
    for each in range(seed, seed + number):
        if time.monotonic() > end:
            break
        yield from run_ending(where, each)
        done += 1
    print(f"{where.host}, {where.loop}: {done} processes ended in the midst", flush=True)


def run_all(places: list[Where], seed: int, seconds: float, chosen: argparse.Namespace) -> Iterator[str]:
    """Each place has its turn, and again, until the time is over; other seeds each time."""
    end = time.monotonic() + seconds
    turn = min(LONGEST_TURN, seconds / len(places))
    for number, where in enumerate(itertools.cycle(places)):
        if number >= len(places) and time.monotonic() + turn / 2 > end:
            return
        first = (seed + number * 1_000_000) % SEEDS
        yield from run_rounds(where, first, SEEDS, turn * SHARE_OF_ROUNDS, chosen.again)
        yield from run_endings(where, first, SEEDS, turn * (1 - SHARE_OF_ROUNDS))


def run_chosen(places: list[Where], seed: int, seconds: float, chosen: argparse.Namespace) -> Iterator[str]:
    """As many of one kind as were asked for."""
    for where in places:
        if chosen.ending:
            for _ in range(chosen.again):
                yield from run_endings(where, seed, chosen.rounds, seconds)
        else:
            yield from run_rounds(where, seed, chosen.rounds, seconds, chosen.again)


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("application", type=Path)
    parser.add_argument("modules", type=Path)
    parser.add_argument("--host", choices=("application", "module"))
    parser.add_argument("--loop", choices=("asyncio", "uvloop"))
    parser.add_argument("--seconds", type=float, default=float(os.environ.get("PYASYNC_STRESS_SECONDS", "60")))
    parser.add_argument("--seed", type=int, default=random.randrange(SEEDS))
    parser.add_argument("--rounds", type=int, default=0, help="that many, from the seed on")
    parser.add_argument("--again", type=int, default=1, help="each round that often")
    parser.add_argument("--ending", action="store_true", help="processes that end in the midst of a plan")
    chosen = parser.parse_args()
    hosts = Hosts(chosen.application.resolve(), chosen.modules.resolve())
    places = [
        Where(hosts, host, loop)
        for host in ("application", "module")
        for loop in ("asyncio", "uvloop")
        if chosen.host in (host, None) and (host == "application" or hosts.modules.is_dir())
        if chosen.loop in (loop, None) and (loop == "asyncio" or HAS_UVLOOP)
    ]
    print(f"seed: {chosen.seed}", flush=True)
    run = run_chosen if chosen.rounds else run_all
    for fault in run(places, chosen.seed, chosen.seconds, chosen):
        print(fault)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
