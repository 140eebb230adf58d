# tests/bench/process_test.py: one process: who does not do the work is found out.
# SPDX-License-Identifier: MIT
"""With small programs that are written into a temporary folder. Nothing here depends on how long something takes."""

import os
import select
import signal
import subprocess
import sys
import time
import unittest
from contextlib import redirect_stderr
from pathlib import Path
from unittest import mock

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent))

import bench  # noqa: E402
from small_programs import LONG, WithPrograms  # noqa: E402
from suite import noise, peers  # noqa: E402
from suite.measure import Broken, Job, Unknown, measure, pinned  # noqa: E402
from suite.model import Check, Measured  # noqa: E402


class Measure(WithPrograms):
    """One process."""

    def measured(self, command: list[str], check: Check = Check.NUMBERS, **more: object) -> Measured:
        return measure(Job([*command, "b1", "100"], "b1", 100, check, **{"time_limit": LONG, **more}))  # type: ignore[arg-type]

    def assert_broken(self, command: list[str], *parts: str, check: Check = Check.NUMBERS, **more: object) -> None:
        with self.assertRaises(Broken) as caught:
            self.measured(command, check, **more)
        for part in (*parts, command[-1], "b1"):
            self.assertIn(part, str(caught.exception))

    def test_what_a_program_reports_is_returned(self) -> None:
        found = self.measured(self.program("line['values'] = {'p50_us': 3}"))
        self.assertEqual((found.count, found.crossings, found.checksum), (100, 100, 5050))
        self.assertEqual((found.seconds, found.cpu_seconds, found.values), (0.1, 0.2, {"p50_us": 3}))
        self.assertGreater(found.process_seconds, 0)

    def test_a_program_that_crosses_nothing_is_found_out(self) -> None:
        self.assert_broken(self.program("line['crossings'] = 0"), "expected 100 crossings, got 0")

    def test_a_program_that_loses_a_value_is_found_out(self) -> None:
        self.assert_broken(self.program("line['checksum'] -= 7"), "expected the checksum 5050, got 5043")

    def test_a_program_that_does_less_is_found_out(self) -> None:
        changes = "line.update(count=10, crossings=10, checksum=55)"
        self.assert_broken(self.program(changes), "expected the count 100, got 10")

    def test_a_program_that_does_something_else_is_found_out(self) -> None:
        self.assert_broken(self.program("line['bench'] = 'b2'"), "expected the bench b1, got b2")

    def test_a_program_that_takes_no_time_is_found_out(self) -> None:
        self.assert_broken(self.program("line['seconds'] = 0"), "expected to have taken some time")

    def test_garbage_is_found_out_and_shown(self) -> None:
        for text in ("print('no json')", "print()", "", "print('[1, 2]')", 'print(\'{"bench": "b1"}\')'):
            with self.subTest(text):
                self.assert_broken(self.script(text), "expected one line of JSON")
        self.assert_broken(self.script("print('no json')"), "it printed:\nno json")
        self.assert_broken(self.program("line['crossings'] = '100'"), "expected one line of JSON")

    def test_a_second_line_is_found_out(self) -> None:
        self.assert_broken(self.program("print('more')"), "expected one line of JSON", "got 2 lines")

    def test_a_failing_program_is_found_out_and_quoted(self) -> None:
        self.assert_broken(
            self.script("import sys; sys.exit('it went wrong')"), "expected the exit code 0, got 1", "it went wrong"
        )
        with self.assertRaises(Unknown):
            self.measured(self.script("import sys; sys.exit(2)"))
        self.assert_broken(self.script("import os; os.kill(os.getpid(), 9)"), "got SIGKILL")

    def test_a_program_that_is_not_there_is_found_out(self) -> None:
        self.assert_broken([str(self.folder / "nothing")], "cannot be started")

    def test_a_program_that_hangs_is_ended_with_what_it_has_started(self) -> None:
        # The other process keeps the first one's output open, and a pipe would never end.
        ids = self.folder / "ids"
        file = self.folder / "hanging.sh"
        file.write_text(f"sleep {LONG} & echo hanging; echo $$ $! >{ids}.new; mv {ids}.new {ids}; wait")
        for limit in (0.5, 5, 30):  # for a machine that is too busy to start it within the first
            self.assert_broken(["sh", str(file)], f"it was stopped after {limit:g} seconds", time_limit=limit)
            if ids.exists():
                break
        hung, child = map(int, ids.read_text().split())
        self.assertRaises(ProcessLookupError, os.kill, hung, 0)
        self.assertTrue(ends(child))

    def test_who_is_ended_ends_what_it_has_started(self) -> None:
        file = self.folder / "hanging.sh"
        file.write_text(f"echo $$ >{self.folder}/id.new; mv {self.folder}/id.new {self.folder}/id; exec sleep {LONG}")
        text = f"""
import signal, sys
sys.dont_write_bytecode = True
sys.path.insert(0, {str(Path(bench.__file__).parent)!r})
import bench
from suite.measure import Job, measure
signal.signal(signal.SIGTERM, bench.stop)
measure(Job(["sh", {str(file)!r}], "b1", 1))
"""
        process = subprocess.Popen(self.script(text))
        while not (self.folder / "id").exists() and process.poll() is None:
            time.sleep(0.01)
        process.terminate()
        self.assertEqual(process.wait(LONG), 128 + signal.SIGTERM)
        self.assertTrue(ends(int((self.folder / "id").read_text())))

    def test_what_each_check_asks_for(self) -> None:
        wrong = "line.update(crossings=99, checksum=4950)"
        for check, right, broken in (
            (Check.NUMBERS, "", wrong),
            (Check.ONES, "line['checksum'] = 100", ""),
            (Check.BEGUN, "line['checksum'] = 0", wrong),
            (Check.HAMMERED, wrong, "line.update(crossings=0, checksum=0)"),
            (Check.HAMMERED, "", "line['checksum'] = 4950"),
        ):
            with self.subTest(check=check, right=right):
                self.measured(self.program(right), check)
                self.assert_broken(self.program(broken), "expected", check=check)
        self.measured(self.program("line.update(crossings=0, checksum=0)"), Check.COUNT_ONLY)
        self.measured(self.script("pass"), Check.SILENT)

    def test_a_program_may_repeat_where_that_is_asked_for(self) -> None:
        changes = "line.update(count=300, crossings=300, checksum=45150)"
        self.assertEqual(self.measured(self.program(changes), repeats=True).count, 300)
        self.assert_broken(self.program(changes), "expected the count 100, got 300")
        changes = "line.update(count=150, crossings=150, checksum=11325)"
        self.assert_broken(self.program(changes), "expected a multiple of 100 as count, got 150", repeats=True)

    def test_one_cpu_is_one_cpu(self) -> None:
        allowed = os.sched_getaffinity(0)
        changes = (
            "import os; line['values'] = {'cpus': len(os.sched_getaffinity(0)), 'last': max(os.sched_getaffinity(0))}"
        )
        self.assertEqual(self.measured(self.program(changes), regime="1C").values, {"cpus": 1, "last": max(allowed)})
        self.assertEqual(self.measured(self.program(changes), regime="Q").values["cpus"], len(allowed))
        self.assertEqual(os.sched_getaffinity(0), allowed)
        with self.assertRaises(ZeroDivisionError), pinned("1C"):
            _ = 1 // 0
        self.assertEqual(os.sched_getaffinity(0), allowed)


def ends(process: int) -> bool:
    """Within a bound: who is killed need not have gone yet."""
    try:
        descriptor = os.pidfd_open(process)
    except ProcessLookupError:
        return True
    try:
        return select.select([descriptor], [], [], LONG)[0] != []
    finally:
        os.close(descriptor)


class Noise(unittest.TestCase):
    """How much others use."""

    def between(self, busy: float, ours: float, others: float) -> float:
        accounts = [noise._Accounts(5, 10, 10, 10), noise._Accounts(7, 10 + busy, 10 + ours, 10 + others)]
        with mock.patch.object(noise._Accounts, "now", side_effect=accounts):
            return noise.Meter().stop()

    def test_the_greater_of_both_accounts_counts(self) -> None:
        self.assertEqual(self.between(busy=3, ours=3, others=1), 0.5)
        self.assertEqual(self.between(busy=4, ours=3, others=0), 0.5)
        self.assertEqual(self.between(busy=1, ours=3, others=0.5), 0.25)  # ours got by between the ticks

    def test_the_accounts_of_this_machine_can_be_read(self) -> None:
        before = noise._Accounts.now()
        self.assertGreater(before.busy, 0)
        self.assertGreaterEqual(before.others, 0)
        self.assertGreater(noise._Accounts.now().ours, 0)
        noise.Meter().stop()

    def test_what_a_child_uses_is_ours(self) -> None:
        before = noise._Accounts.now()
        burning = "import resource\nwhile resource.getrusage(resource.RUSAGE_SELF).ru_utime < 0.3: pass"
        subprocess.run([sys.executable, "-IS", "-c", burning], check=True)
        self.assertGreaterEqual(noise._Accounts.now().ours - before.ours, 0.3)


class Peers(WithPrograms):
    """What is left out, and why."""

    def test_a_cargo_that_is_too_old_is_not_used(self) -> None:
        (self.folder / "Cargo.toml").write_text('[package]\nname = "peer"\nrust-version = "1.85"\n')
        for version in ("1.63.0", "0.66.0", "1.84.1"):
            self.cargo(f'echo "cargo {version} (abc 2020-01-01)"')
            with self.assertRaisesRegex(peers.LeftOut, f"cargo is {version}, and the Rust peer needs 1.85 or newer"):
                self.build()

    def test_no_cargo_at_all(self) -> None:
        (self.folder / "Cargo.toml").write_text('[package]\nname = "peer"\n')
        with self.assertRaisesRegex(peers.LeftOut, "there is no cargo"):
            self.build()

    def test_crates_that_cannot_be_had(self) -> None:
        (self.folder / "Cargo.toml").write_text('[package]\nname = "peer"\n')
        self.cargo('case $1 in --version) echo "cargo 1.95.0" ;; fetch) exit 101 ;; esac')
        with self.assertRaisesRegex(peers.LeftOut, "cannot be downloaded"):
            self.build()

    def test_a_peer_that_does_not_build_is_an_error(self) -> None:
        (self.folder / "Cargo.toml").write_text('[package]\nname = "peer"\n')
        self.cargo('case $1 in --version) echo "cargo 1.95.0" ;; build) exit 101 ;; esac')
        self.assertRaisesRegex(peers.Failed, "does not build", self.build)
        self.cargo('echo "cargo 1.95.0"')
        self.assertEqual(self.build(), [str(self.folder / "build/rust/release/bench_rust")])

    def cargo(self, body: str) -> None:
        (self.folder / "bin").mkdir(exist_ok=True)
        (self.folder / "bin/cargo").write_text(f"#!/bin/sh\n{body}\n")
        (self.folder / "bin/cargo").chmod(0o755)

    def build(self) -> list[str]:
        with (
            mock.patch.dict(os.environ, {"PATH": str(self.folder / "bin")}),
            open(os.devnull, "w", encoding="ascii") as nowhere,
            redirect_stderr(nowhere),
        ):
            return peers.build_rust(self.folder, self.folder / "build")


if __name__ == "__main__":
    unittest.main()
