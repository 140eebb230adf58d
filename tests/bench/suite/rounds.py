# tests/bench/suite/rounds.py: the rounds of one bench in one regime, interleaved.
# SPDX-License-Identifier: MIT
"""Each round runs every configuration once, A B C, so that what changes on the machine changes for all of them."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from .measure import Broken, Job, Unknown
from .model import Bench, Check, Measured, Run
from .programs import Programs

MOST_NOISE = 0.2  # CPUs that others may use in a round
ATTEMPTS = 2  # rounds that are begun at most, for each that is wanted
SELDOM = 3  # what is there for comparison only runs in every third


class MeterLike(Protocol):
    """What tells how much CPU others use."""

    def start(self) -> None:
        """Begin anew."""

    def stop(self) -> float:
        """CPUs since the start."""


@dataclass(frozen=True)
class Settings:
    """How rounds are run."""

    rounds: int = 10
    quick: bool = False
    most_noise: float = MOST_NOISE
    time_limit: float = 120.0
    pause: float = 1.0  # seconds after a noisy round, for the noise to pass


@dataclass
class Outcome:
    """What the rounds have found."""

    bench: Bench
    regime: str
    measured: dict[str, list[Measured]] = field(default_factory=dict)  # by the run's label
    errors: list[str] = field(default_factory=list)
    left_out: dict[str, str] = field(default_factory=dict)  # by the run's label: why
    thrown_away: int = 0
    noisy: bool = False  # what was kept is noisy, since there was nothing better
    others_cpu: float = 0.0  # the most that others used in a kept round, in CPUs
    seconds: float = 0.0


@dataclass
class _Round:
    noise: float
    measured: dict[str, Measured]


def run_rounds(
    bench: Bench,
    regime: str,
    programs: Programs,
    settings: Settings,
    measure: Callable[[Job], Measured],
    meter: MeterLike,
) -> Outcome:
    """Run until there are enough quiet rounds, or until there were too many noisy ones."""
    outcome = Outcome(bench, regime)
    begin = time.perf_counter()
    runs = list(bench.runs)
    for run in bench.runs:
        if reason := programs.missing.get(run.config.program):
            outcome.left_out[run.label] = reason
            runs.remove(run)

    wanted = min(settings.rounds, bench.most_rounds)
    quiet: list[_Round] = []
    noisy: list[_Round] = []
    while runs and len(quiet) < wanted and len(quiet) + len(noisy) < ATTEMPTS * wanted:
        with_seldom = len(quiet) % SELDOM == 0
        done = _run_round(runs, with_seldom, regime, programs, settings, measure, meter, outcome)
        if settings.quick or done.noise <= settings.most_noise:
            quiet.append(done)
        else:
            noisy.append(done)
            time.sleep(settings.pause)
    kept = (quiet + sorted(noisy, key=lambda each: each.noise))[:wanted]

    outcome.noisy = len(kept) > len(quiet)
    outcome.thrown_away = len(quiet) + len(noisy) - len(kept)
    outcome.others_cpu = max((each.noise for each in kept), default=0.0)
    outcome.measured = {
        run.label: [each.measured[run.label] for each in kept if run.label in each.measured] for run in runs
    }
    outcome.seconds = time.perf_counter() - begin
    return outcome


def _run_round(
    runs: list[Run],
    with_seldom: bool,
    regime: str,
    programs: Programs,
    settings: Settings,
    measure: Callable[[Job], Measured],
    meter: MeterLike,
    outcome: Outcome,
) -> _Round:
    """One round; what is broken goes out of `runs`, and its error into `outcome`."""
    measured = {}
    meter.start()
    for run in list(runs):
        if run.seldom and not with_seldom:
            continue
        job = job_of(run, regime, programs, settings)
        try:
            measured[run.label] = measure(job)
            if fault := outcome.bench.fault(measured[run.label]):
                raise job.broken(fault)
        except Broken as error:
            runs.remove(run)
            if run.optional and isinstance(error, Unknown):
                outcome.left_out[run.label] = f"there is no {run.bench} in it yet"
            else:
                outcome.errors.append(f"{outcome.bench.name}: {run.label}: {error}")
    return _Round(meter.stop(), measured)


def job_of(run: Run, regime: str, programs: Programs, settings: Settings) -> Job:
    """The process of a run."""
    count = run.counts.quick if settings.quick else run.counts.full
    command = [*programs.commands[run.config.program]]
    if run.check is not Check.SILENT:
        command += [run.bench, str(count), *run.config.arguments, *run.arguments]
    return Job(
        command, run.bench, count, run.check, run.repeats, regime, settings.time_limit, programs.environment or None
    )
