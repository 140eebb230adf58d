# tests/bench/suite_test.py: the measuring itself: that the numbers are right, from the processes to the table.
# SPDX-License-Identifier: MIT
"""With small programs that are written into a temporary folder. Nothing here depends on how long something takes."""

import dataclasses
import io
import json
import sys
import unittest
from collections.abc import Callable
from contextlib import redirect_stderr
from pathlib import Path
from unittest import mock
from xml.etree import ElementTree

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent))

import bench  # noqa: E402
from small_programs import LONG, WithPrograms  # noqa: E402
from suite import page, picture, plan, programs, report, rounds, table, targets  # noqa: E402
from suite.measure import Job, Unknown  # noqa: E402
from suite.model import Bench, Config, Counts, Measured, Run, Sense, Target, value  # noqa: E402


def config(name: str) -> Config:
    return Config(name, name)


def a_bench(*names: str, **more: object) -> Bench:
    return Bench("b1", "a bench", tuple(Run(name, config(name), "b1", Counts(100, 1)) for name in names), **more)  # type: ignore[arg-type]


def measured_in(seconds: float, **values: float) -> Measured:
    return Measured(1, 1, 1, seconds, seconds, values)


class FakeMeter:
    """Says how noisy one round after the other was."""

    def __init__(self, *noise: float) -> None:
        self.noise = list(noise)

    def start(self) -> None:
        pass

    def stop(self) -> float:
        return self.noise.pop(0) if self.noise else 0.0


class Rounds(unittest.TestCase):
    """Many processes."""

    def run_them(
        self,
        names: str,
        measure: Callable[[Job], Measured],
        meter: FakeMeter | None = None,
        missing: dict[str, str] | None = None,
        settings: rounds.Settings | None = None,
        **more: object,
    ) -> rounds.Outcome:
        found = programs.Programs({name: [name] for name in names}, missing or {})
        settings = settings or rounds.Settings(rounds=3, pause=0)
        return rounds.run_rounds(a_bench(*names, **more), "Q", found, settings, measure, meter or FakeMeter())

    def test_configurations_are_interleaved(self) -> None:
        order = []

        def measure(job: Job) -> Measured:
            order.append(job.command[0])
            return measured_in(1)

        self.run_them("ABC", measure)
        self.assertEqual("".join(order), "ABCABCABC")

    def test_what_is_there_for_comparison_only_runs_in_every_third_round(self) -> None:
        runs = tuple(Run(name, config(name), "b1", Counts(100, 1), seldom=name == "B") for name in "AB")
        found = programs.Programs({"A": ["A"], "B": ["B"]})
        outcome = rounds.run_rounds(
            Bench("b1", "a bench", runs),
            "Q",
            found,
            rounds.Settings(rounds=4, pause=0),
            lambda job: measured_in(1),
            FakeMeter(0.0, 0.9, 0.0),
        )
        self.assertEqual({name: len(all_of_it) for name, all_of_it in outcome.measured.items()}, {"A": 4, "B": 2})
        self.assertEqual([row.n for row in report.rows_of(outcome) if row.unit == "us"], [4, 2])

    def test_no_bound_depends_on_what_runs_seldom(self) -> None:
        seldom = {(bench.name, run.label) for bench in plan.BENCHES for run in bench.runs if run.seldom}
        bound = {
            (each.other_bench or each.bench, label)
            for each in targets.TARGETS
            if each.bounds
            for label in (each.ours, *each.others)
        }
        self.assertEqual(seldom & bound, set())

    def test_noisy_rounds_are_thrown_away_and_repeated(self) -> None:
        times = iter([1.0, 2.0, 3.0, 4.0, 5.0])
        outcome = self.run_them("A", lambda job: measured_in(next(times)), FakeMeter(0.1, 0.5, 0.2, 0.3, 0.0))
        self.assertEqual([each.seconds for each in outcome.measured["A"]], [1, 3, 5])
        self.assertEqual((outcome.thrown_away, outcome.noisy, outcome.others_cpu), (2, False, 0.2))
        [row, _] = report.rows_of(outcome)
        self.assertEqual((row.n, row.thrown_away, row.noisy), (3, 2, False))

    def test_where_all_is_noise_the_least_is_kept_and_marked(self) -> None:
        times = iter(range(1, 100))
        outcome = self.run_them("A", lambda job: measured_in(next(times)), FakeMeter(0.9, 0.1, 0.8, 0.7, 0.6, 0.5, 0.0))
        self.assertEqual([each.seconds for each in outcome.measured["A"]], [2, 6, 5])
        self.assertEqual((outcome.thrown_away, outcome.noisy, outcome.others_cpu), (3, True, 0.6))
        self.assertTrue(report.rows_of(outcome)[0].noisy)

    def test_a_quick_run_takes_the_small_count_and_minds_no_noise(self) -> None:
        jobs = []

        def measure(job: Job) -> Measured:
            jobs.append(job)
            return measured_in(1)

        outcome = self.run_them("A", measure, FakeMeter(5.0), settings=rounds.Settings(rounds=1, quick=True, pause=0))
        self.assertEqual((outcome.thrown_away, outcome.noisy), (0, False))
        self.assertEqual([job.command for job in jobs], [["A", "b1", "1"]])

    def test_what_is_broken_is_reported_once_and_the_others_go_on(self) -> None:
        def measure(job: Job) -> Measured:
            if job.command[0] == "B":
                raise job.broken("expected 100 crossings, got 0")
            return measured_in(1)

        outcome = self.run_them("ABC", measure)
        self.assertEqual(outcome.errors, ["b1: B: B b1 100 (Q): expected 100 crossings, got 0"])
        self.assertEqual({name: len(found) for name, found in outcome.measured.items()}, {"A": 3, "C": 3})

    def test_a_bench_that_is_not_there_yet_is_left_out_only_where_that_is_said(self) -> None:
        def measure(job: Job) -> Measured:
            raise job.broken("expected the exit code 0, got 2", "no such bench", Unknown)

        run = Run("A", config("A"), "b1", Counts(100, 1), optional=True)
        for optional, left_out, errors in ((True, {"A": "there is no b1 in it yet"}, 0), (False, {}, 1)):
            one = Bench("b1", "a bench", (dataclasses.replace(run, optional=optional),))
            found = programs.Programs({"A": ["A"]})
            outcome = rounds.run_rounds(one, "Q", found, rounds.Settings(pause=0), measure, FakeMeter())
            self.assertEqual((outcome.left_out, len(outcome.errors)), (left_out, errors))

    def test_a_value_that_is_not_there_is_broken(self) -> None:
        outcome = self.run_them("A", lambda job: measured_in(1, p50_us=1), figures=(value("p99 us", "p99_us"),))
        self.assertEqual(
            outcome.errors, ["b1: A: A b1 100 (Q): expected what gives p99 us among the values, got {'p50_us': 1}"]
        )
        self.assertEqual(report.rows_of(outcome), [])

    def test_a_program_that_is_left_out_is_not_run(self) -> None:
        outcome = self.run_them("AB", lambda job: measured_in(1), missing={"B": "no cargo"})
        self.assertEqual((outcome.errors, outcome.left_out, list(outcome.measured)), ([], {"B": "no cargo"}, ["A"]))


def row(
    config: str, median: float, bench: str = "b1", unit: str = "us", regime: str = "Q", noisy: bool = False
) -> report.Row:
    return report.Row(bench, regime, config, unit, median, median, median, 10, noisy=noisy)


class Ratios(unittest.TestCase):
    """What rows come to."""

    def ratio(self, target: Target, *rows: report.Row) -> report.Ratio:
        ratios = report.ratios_of([target], rows, {"b1", "b2"})
        self.assertEqual(len(ratios), 1)
        return ratios[0]

    def test_the_best_of_the_others_counts(self) -> None:
        target = Target("b1", "A", ("B", "C", "D"), Sense.TIMES_BETTER, {"Q": 10})
        for best, holds in ((19.9, False), (20.0, True), (20.1, True)):
            ratio = self.ratio(target, row("A", 2), row("B", 50), row("C", best), row("D", 21))
            self.assertEqual((ratio.other, ratio.ratio, ratio.holds, ratio.target), ("C", best / 2, holds, 10))

    def test_a_part_of_another(self) -> None:
        target = Target("b1", "A", ("B",), Sense.PART_OF, {"Q": 1.5})
        for ours, holds in ((2.9, True), (3.0, True), (3.1, False)):
            ratio = self.ratio(target, row("A", ours), row("B", 2))
            self.assertEqual((ratio.ratio, ratio.holds, ratio.sense), (ours / 2, holds, "<="))

    def test_an_absolute_bound(self) -> None:
        target = Target("b1", "A", (), Sense.AT_MOST, {"Q": 50}, "p99 us")
        for ours, holds in ((49.0, True), (51.0, False)):
            ratio = self.ratio(target, row("A", ours, unit="p99 us"), row("A", 1))
            self.assertEqual((ratio.other, ratio.ratio, ratio.holds, ratio.unit), ("absolute", ours, holds, "p99 us"))

    def test_rows_of_another_bench(self) -> None:
        target = Target("b1", "A", ("A",), Sense.PART_OF, {"Q": 1.5}, other_bench="b2")
        self.assertEqual(self.ratio(target, row("A", 3), row("A", 2, bench="b2")).ratio, 1.5)
        self.assertEqual(report.ratios_of([target], [row("A", 3)], {"b1"}), [])

    def test_what_was_not_measured_does_not_hold(self) -> None:
        times = Target("b1", "A", ("B", "C"), Sense.TIMES_BETTER, {"Q": 1})
        absolute = Target("b1", "A", (), Sense.AT_MOST, {"Q": 50})
        for target, rows in (
            (times, [row("A", 1)]),
            (times, [row("A", 1), row("B", 9)]),
            (times, [row("B", 9), row("C", 9)]),
            (absolute, []),
        ):
            ratio = self.ratio(target, *rows)
            self.assertEqual((ratio.ratio, ratio.holds), (None, None))
            self.assertIn("not measured", ratio.note)
            self.assertEqual(report.counted([ratio]), (0, 0, 1))

    def test_what_has_no_target_is_only_reported(self) -> None:
        target = Target("b1", "A", ("B",), Sense.TIMES_BETTER)
        ratios = report.ratios_of([target], [row("A", 1), row("B", 9)], {"b1"})
        self.assertEqual(
            [(each.regime, each.ratio, each.holds) for each in ratios], [("Q", 9, None), ("1C", None, None)]
        )
        self.assertEqual(report.counted(ratios), (0, 0, 0))

    def test_noise_is_marked(self) -> None:
        target = Target("b1", "A", ("B", "C"), Sense.TIMES_BETTER, {"Q": 1})
        self.assertTrue(self.ratio(target, row("A", 1), row("B", 9, noisy=True), row("C", 10)).noisy)
        self.assertTrue(self.ratio(target, row("A", 1, noisy=True), row("B", 9), row("C", 10)).noisy)
        self.assertFalse(self.ratio(target, row("A", 1), row("B", 9), row("C", 10, noisy=True)).noisy)

    def test_a_row_holds_median_and_extremes(self) -> None:
        outcome = rounds.Outcome(a_bench("A"), "1C", {"A": [measured_in(each / 1e6) for each in (5, 1, 3, 2)]})
        [time, cpu] = report.rows_of(outcome)
        self.assertEqual((time.bench, time.regime, time.config, time.unit), ("b1", "1C", "A", "us"))
        self.assertEqual((time.median, time.min, time.max, time.n), (2.5, 1, 5, 4))
        self.assertEqual((cpu.unit, cpu.median), ("cpu us", 2.5))

    def test_nothing_at_all_is_still_a_number(self) -> None:
        target = Target("b1", "A", ("B",), Sense.TIMES_BETTER, {"Q": 1})
        self.assertTrue(self.ratio(target, row("A", 0), row("B", 9)).holds)


class Plan(unittest.TestCase):
    """The table is consistent."""

    def test_names_and_labels_are_unique(self) -> None:
        names = [each.name for each in plan.BENCHES]
        self.assertEqual(len(names), len(set(names)))
        for each in plan.BENCHES:
            labels = [run.label for run in each.runs]
            self.assertEqual(len(labels), len(set(labels)), each.name)

    def test_a_target_is_of_rows_that_there_are(self) -> None:
        by_name = {each.name: each for each in plan.BENCHES}
        for target in targets.TARGETS:
            with self.subTest(target):
                labels = [run.label for run in by_name[target.bench].runs]
                others = [run.label for run in by_name[target.other_bench or target.bench].runs]
                self.assertIn(target.ours, labels)
                self.assertLessEqual(set(target.others), set(others))
                self.assertIn(target.unit, [figure.unit for figure in by_name[target.bench].figures])
                self.assertEqual(target.sense is Sense.AT_MOST, not target.others)

    def test_a_name_stands_for_its_parts(self) -> None:
        def names(*given: str, quick: bool = False) -> list[str]:
            return [each.name for each in bench.chosen(given, quick)]

        self.assertEqual(names("b1"), ["b1"])
        self.assertEqual(names("b5"), ["b5_sequential", "b5_at_once"])
        self.assertEqual(names("b15_1000", "b2"), ["b2", "b15_1000"])
        self.assertEqual(len(names()), len(plan.BENCHES))
        self.assertNotIn("b15_1000000", names(quick=True))
        with self.assertRaises(SystemExit), redirect_stderr(io.StringIO()) as said:
            bench.parse(["b99"])
        self.assertIn("no bench 'b99'; there are: b1 b2", said.getvalue())


class Whole(WithPrograms):
    """All of it, from the programs to the file."""

    def results(self, missing: dict[str, str] | None = None, changes: str = "") -> report.Results:
        ours = self.program("line['seconds'] /= 1000; line['cpu_seconds'] /= 1000", "ours")
        theirs = self.program(changes, "theirs")
        found = programs.Programs(dict.fromkeys(("rust", "nanobind", "python", "limits"), theirs), missing or {})
        found.commands["ours"] = ours
        settings = rounds.Settings(rounds=1, quick=True, time_limit=LONG)
        saved: list[int] = []
        results = bench.run(
            bench.chosen(["b3", "b15_1", "b15_10"], False),
            found,
            settings,
            lambda line: None,
            lambda so_far: saved.append(len({row.bench for row in so_far.rows})),
        )
        self.assertEqual(saved, [1, 2, 3])
        return results

    def test_the_file(self) -> None:
        results = self.results()
        results.write(self.folder / "build/bench/results.json")
        said = json.loads((self.folder / "build/bench/results.json").read_text())
        self.assertLessEqual({"host", "rows", "ratios"}, said.keys())
        for one in said["rows"]:
            self.assertLessEqual({"bench", "regime", "config", "unit", "median", "min", "max", "n"}, one.keys())
        for one in said["ratios"]:
            self.assertLessEqual({"bench", "regime", "ours", "other", "ratio", "target", "holds"}, one.keys())
        self.assertEqual({one["regime"] for one in said["rows"]}, {"Q", "1C"})
        [first] = [one for one in said["rows"] if (one["bench"], one["regime"], one["config"], one["unit"]) ==
                   ("b3", "Q", "ours asyncio", "us")]  # fmt: skip
        self.assertEqual((first["median"], first["n"]), (1, 1))
        [first] = [one for one in said["ratios"] if (one["bench"], one["regime"], one["ours"], one["target"]) ==
                   ("b3", "Q", "ours asyncio", 90)]  # fmt: skip
        self.assertEqual((first["ratio"], first["holds"], first["other"]), (1000, True, "rust multi asyncio"))
        self.assertEqual(said["errors"], [])

    def test_the_table(self) -> None:
        results = self.results()
        shown = table.render(results, bench.chosen(["b3"], False))
        self.assertIn("b3: native code awaits a trivial Python coroutine", shown)
        self.assertIn("the figures mean nothing", shown)
        self.assertIn(
            "  Q   holds         ours asyncio, us: 1,000 times better than rust multi asyncio (target >= 90)", shown
        )
        hold, fail, missing = report.counted(results.ratios)
        self.assertEqual(
            shown.splitlines()[-1], f"{hold} of {hold} targets hold, {fail} do not, {missing} were not measured"
        )
        self.assertEqual((fail, missing), (0, 0))

    def test_without_the_rust_peer_nothing_against_it_holds(self) -> None:
        results = self.results({"rust": "there is no cargo"})
        against = [ratio for ratio in results.ratios if "rust" in ratio.other]
        self.assertTrue(against)
        self.assertTrue(all(ratio.ratio is None and ratio.holds is None for ratio in against))
        shown = table.render(results, bench.chosen(["b3"], False))
        self.assertIn("left out: rust: there is no cargo", shown)
        self.assertIn(
            "  Q   not measured  ours asyncio, us, against the best of rust multi asyncio and 3 more (target >= 90)",
            shown,
        )
        self.assertEqual(results.errors, [])

    def test_what_is_broken_is_said_loudly(self) -> None:
        results = self.results(changes="line['crossings'] = 0")
        self.assertTrue(results.errors)
        shown = table.render(results, bench.chosen(["b3"], False))
        self.assertIn("BROKEN: b3: rust multi asyncio: ", shown)
        self.assertIn(f"{len(results.errors)} runs are broken", shown.splitlines()[-1])

    def test_the_exit_code(self) -> None:
        for changes, code in (("", 0), ("line['checksum'] = 0", 1)):
            found = programs.Programs(
                {name: self.program(changes) for name in ("ours", "rust", "nanobind", "python", "limits")}
            )
            with (
                mock.patch.object(programs, "find_programs", return_value=found),
                mock.patch("sys.stdout", io.StringIO()),
                redirect_stderr(io.StringIO()),
            ):
                self.assertEqual(bench.main(["b3", "--quick", "--build", str(self.folder)]), code)
            self.assertTrue((self.folder / "bench/results.json").exists())
            ElementTree.parse(self.folder / "bench/picture.svg")


class Page(unittest.TestCase):
    """What stands in docs/benchmarks.md."""

    def row(self, config: str, median: float, bench: str = "b1", regime: str = "Q", unit: str = "us") -> report.Row:
        return report.Row(bench, regime, config, unit, median, median, median, 1)

    def line(self, begin: str, *rows: report.Row) -> str:
        found = [line for line in page.render(rows, [], 1).split("\n") if line.startswith(f"| {begin}")]
        self.assertEqual(len(found), 1, found)
        return found[0]

    def test_a_crossing_is_compared_with_the_best(self) -> None:
        line = self.line(
            "B1 ",
            self.row("ours asyncio", 2),
            self.row("ours uvloop", 4),
            self.row("rust multi asyncio", 300),
            self.row("rust current asyncio", 250),
            self.row("rust multi uvloop", 100),
            self.row("rust multi uvloop", 9, regime="1C"),
        )
        self.assertEqual(
            line,
            "| B1 Python awaits C++, one after another | 2 / - | 100 / 9 | 50 / - | 100 ✗ / 8 | 125 / - | 25 / - | - / - |",
        )

    def test_the_rest_stands_beside_what_it_is_measured_against(self) -> None:
        line = self.line(
            "B8 C++",
            self.row("ours asyncio", 1227, "b8_native_awaits", unit="bytes"),
            self.row("rust multi asyncio", 1554, "b8_native_awaits", unit="bytes"),
            self.row("python asyncio", 0.5, "b8_native_awaits", "1C", "bytes"),
        )
        self.assertEqual(line, "| B8 C++ awaits Python | 1,227 / - | Rust 1,554 / -, a Task - / 0.50 | ≤ a Task's |")

    def test_its_lines_are_benches_of_the_plan(self) -> None:
        benches = {bench.name: {run.label for run in bench.runs} for bench in plan.BENCHES}
        for line in page.OTHERS:
            for config in (line.ours, *(config for _, configs in line.beside for config in configs)):
                if not config.startswith("rust "):  # not in all that there are
                    self.assertIn(config, benches[line.bench], line.title)
        self.assertLessEqual(page.CROSSINGS.keys(), benches.keys())

    def test_it_is_put_between_the_marks(self) -> None:
        text = f"before\n{page.BEGIN}\nold\n{page.END}\nafter\n"
        once = page.put(text, "new")
        self.assertEqual(once, f"before\n{page.BEGIN}\n\nnew\n\n{page.END}\nafter\n")
        self.assertEqual(page.put(once, "new"), once)
        for without in ("nothing", f"{page.END} {page.BEGIN}"):
            self.assertRaises(ValueError, page.put, without, "new")

    def test_the_page_has_them(self) -> None:
        written = (Path(__file__).parents[2] / "docs/benchmarks.md").read_text(encoding="utf-8")
        self.assertIn(
            "| B1 Python awaits C++, one after another |", written.partition(page.BEGIN)[2].partition(page.END)[0]
        )


class Picture(unittest.TestCase):
    """The growth."""

    def test_all_series_are_in_it(self) -> None:
        rows = [
            row(config.name, 1 + index * 7.3, plan.growth_name(size), regime=regime)
            for index, config in enumerate(plan.GROWTH_CONFIGS)
            for size in plan.SIZES
            for regime in ("Q", "1C")
        ]
        drawn = ElementTree.fromstring(picture.draw(rows))
        space = "{http://www.w3.org/2000/svg}"
        for config in plan.GROWTH_CONFIGS:
            titles = [each for each in drawn.iter(f"{space}title") if each.text == picture.title_of(config.name)]
            self.assertEqual(len(titles), 2, config.name)
            self.assertIn(picture.title_of(config.name), [each.text for each in drawn.iter(f"{space}text")])
        lines = list(drawn.iter(f"{space}polyline"))
        self.assertEqual(len(lines), 2 * len(plan.GROWTH_CONFIGS))
        for line in lines:
            points = [tuple(map(float, point.split(","))) for point in line.attrib["points"].split()]
            self.assertEqual(len(points), len(plan.SIZES))
            self.assertTrue(all(0 <= x <= picture.WIDTH and 0 <= y <= picture.HEIGHT for x, y in points))

    def test_what_was_not_measured_is_not_in_it(self) -> None:
        self.assertNotIn(
            picture.title_of("rust multi asyncio"),
            picture.draw([row("ours asyncio", 1, "b15_10"), row("ours asyncio", 1, "b15_1")]),
        )
        ElementTree.fromstring(picture.draw([]))


if __name__ == "__main__":
    unittest.main()
