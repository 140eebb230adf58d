# tests/bench/bench.py: ./dev bench: runs the benches of pyasync and of its peers side by side.
# SPDX-License-Identifier: MIT
"""Writes results.json and picture.svg into build/bench and prints a table.

The exit code is 0 even where targets do not hold, 1 where a program is broken, and 2 where the command line is.
"""

import argparse
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from types import FrameType
from typing import NoReturn

sys.dont_write_bytecode = True  # the sources stay clean

from suite import measure, noise, picture, plan, programs, report, rounds, table, targets  # noqa: E402
from suite.model import REGIMES, Bench  # noqa: E402
from suite.peers import Failed  # noqa: E402

BUILD = Path(__file__).resolve().parents[2] / "build"


def main(words: Sequence[str]) -> int:
    """Run what the command line names."""
    arguments = parse(words)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, stop)  # so that the program that runs is ended, too
    benches = chosen(arguments.names, arguments.quick)
    try:
        found = programs.find_programs(arguments.build, arguments.preset, wanted(benches))
    except Failed as failure:
        print(f"bench: {failure}", file=sys.stderr)
        return 1
    settings = rounds.Settings(
        rounds=arguments.rounds or (1 if arguments.quick else 10),
        quick=arguments.quick,
        most_noise=arguments.most_noise,
        time_limit=20 if arguments.quick else 300,
    )
    results = run(
        benches,
        found,
        settings,
        lambda line: print(line, file=sys.stderr, flush=True),
        lambda so_far: so_far.write(arguments.build / "bench/results.json"),
    )
    (arguments.build / "bench/picture.svg").write_text(picture.draw(results.rows), encoding="utf-8")
    print(table.render(results, benches))
    return 1 if results.errors else 0


def stop(number: int, frame: FrameType | None) -> NoReturn:
    """End on a signal, as for Ctrl-C."""
    sys.exit(128 + number)


def parse(words: Sequence[str]) -> argparse.Namespace:
    """The command line; ends the program where it is wrong."""
    parser = argparse.ArgumentParser(prog="./dev bench", description="Run the benches of pyasync and its peers.")
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help="b1, b5 (both of them), b15_1000, ...; all if none is named"
    )
    parser.add_argument("--quick", action="store_true", help="only see that everything runs, in two minutes")
    parser.add_argument("--rounds", type=int, default=0, metavar="N", help="10 if not given")
    parser.add_argument(
        "--most-noise", type=float, default=rounds.MOST_NOISE, metavar="CPUS", help="that others may use in a round"
    )
    parser.add_argument("--preset", default="release", help=argparse.SUPPRESS)
    parser.add_argument("--build", type=Path, default=BUILD, metavar="FOLDER", help=argparse.SUPPRESS)
    arguments = parser.parse_args(words)
    if arguments.rounds < 0:
        parser.error("--rounds must be positive")
    for name in arguments.names:
        if not any(goes_by(name, bench) for bench in plan.BENCHES):
            parser.error(f"no bench '{name}'; there are: {' '.join(bench.name for bench in plan.BENCHES)}")
    return arguments


def goes_by(name: str, bench: Bench) -> bool:
    """Whether a bench is meant by a name: its own, or the first part of it."""
    return bench.name == name or bench.name.startswith(f"{name}_")


def chosen(names: Sequence[str], quick: bool) -> list[Bench]:
    """The benches that are named; all if none is."""
    return [
        bench
        for bench in plan.BENCHES
        if (any(goes_by(name, bench) for name in names) if names else bench.in_quick or not quick)
    ]


def wanted(benches: Sequence[Bench]) -> set[str]:
    """The programs that these benches run."""
    return {run.config.program for bench in benches for run in bench.runs}


def run(
    benches: Sequence[Bench],
    found: programs.Programs,
    settings: rounds.Settings,
    say: Callable[[str], None],
    save: Callable[[report.Results], None],
) -> report.Results:
    """Run the benches in both regimes; what has been found is saved after each, so that a run may be stopped."""
    results = report.Results(report.host(), quick=settings.quick, rounds=settings.rounds, left_out=dict(found.missing))
    for name, reason in found.missing.items():
        say(f"bench: {name} is left out, its ratios are not measured: {reason}")
    meter = noise.Meter()
    for bench in benches:
        for regime in REGIMES:
            outcome = rounds.run_rounds(bench, regime, found, settings, measure.measure, meter)
            results.rows += report.rows_of(outcome)
            results.errors += outcome.errors
            results.left_out |= {
                f"{label} in {bench.name}": reason
                for label, reason in outcome.left_out.items()
                if reason not in found.missing.values()
            }
            thrown = f", {outcome.thrown_away} rounds thrown away" if outcome.thrown_away else ""
            say(f"bench: {bench.name} {regime}: {outcome.seconds:.0f} s{thrown}{', NOISY' if outcome.noisy else ''}")
            for error in outcome.errors:
                say(f"bench: BROKEN: {error}")
        results.ratios = report.ratios_of(targets.TARGETS, results.rows, {each.name for each in benches})
        save(results)
    return results


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
