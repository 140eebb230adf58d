# tests/testing/misbehaving_test.py: what a test program says of cases that go wrong, and what it does after them.
# SPDX-License-Identifier: MIT
"""Usage: misbehaving_test.py PROGRAM [unittest arguments]; PROGRAM is the executable made of misbehaving.cpp."""

import os
import re
import signal
import subprocess
import sys
import threading
import unittest
import xml.etree.ElementTree as ElementTree

PROGRAM = sys.argv.pop(1)
TIMEOUT = 60


def environment(**more: str) -> dict[str, str]:
    own = {name: value for name, value in os.environ.items() if not name.startswith("PYASYNC_TEST_")}
    return {**own, **more}


def run(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [PROGRAM, "--no-path-filenames", *arguments],
        capture_output=True, text=True, timeout=TIMEOUT, env=environment(**variables),
    )  # fmt: skip


def run_case(*names: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return run("--test-case=" + ",".join(name.replace(",", "\\,") for name in names), **variables)


class Misbehaving(unittest.TestCase):
    maxDiff = None

    def check(self, case: str, *told: str, failures: int = 1) -> str:
        """The case fails by so many assertions; its report has the regular expressions in it, in their order."""
        done = run_case(case)
        self.assertEqual(done.returncode, 1, done)
        self.assertRegex(done.stdout, r"test cases: +1 \| +0 passed \| 1 failed")
        self.assertRegex(done.stdout, rf"assertions: .*\| +{failures} failed")
        self.assertEqual(done.stderr, "")
        self.assertRegex(done.stdout, re.compile(".*".join(told), re.DOTALL))
        return done.stdout

    def check_good(self, *cases: str) -> None:
        done = run_case(*cases)
        self.assertEqual((done.returncode, done.stderr), (0, ""), done)
        self.assertIn(f"test cases: {len(cases)} | {len(cases)} passed", re.sub(" +", " ", done.stdout))

    def test_a_good_case(self) -> None:
        self.check_good("good")
        self.check_good(
            "a good case forks a child that exits",
            "a good case waits for a subprocess",
            "a good case ends a Python thread by sys.exit()",
        )

    def test_assertions(self) -> None:
        self.check("false behind a wait", r"misbehaving\.cpp:\d+:", r"CHECK\( 42 == 7 \)")
        output = self.check("required in an awaited task", r"REQUIRE\( 42 == 7 \)")
        self.assertNotIn("not reached", output)
        self.check("false on another thread", r"CHECK\( 1 == 2 \)")
        self.check("required in a detached task", r"REQUIRE\( 42 == 7 \)")
        for case, failures in (("required in two tasks at once", 2), ("required below Python", 1)):
            self.assertNotIn("THREW", self.check(case, r"REQUIRE\( 42 == 7 \)", failures=failures))

    def test_exceptions(self) -> None:
        self.check(
            "Python throws",
            r"THREW exception: Traceback \(most recent call last\):",
            r'File "[^"]*misbehaving\.cpp", line \d+, in ',
            r'File "[^"]*misbehaving_cases\.py", line \d+, in fail',
            r"ValueError: broken in Python",
            failures=0,
        )
        self.check(
            "C++ throws",
            "THREW exception: broken",
            r"awaited at [^\n]*misbehaving\.cpp:\d+ in [^\n]*fail_further_in",
            r"awaited at [^\n]*misbehaving\.cpp:\d+ in ",
            failures=0,
        )
        self.check("SystemExit", "SystemExit: 3", failures=0)
        self.check("raises what is no Unicode", r"ValueError: \\ud800", failures=0)

    def test_what_looks_like_a_signal_is_none(self) -> None:
        for case in ("exits as if by SIGTERM", "raises a KeyboardInterrupt"):
            done = run_case(case, "zz behind the others")
            self.assertEqual(done.returncode, 1, done)
            self.assertRegex(done.stdout, r"test cases: +2 \| +1 passed \| 1 failed")
            self.assertNotIn("interrupted", done.stdout)

    def test_what_still_runs_at_the_end(self) -> None:
        claim = r"CHECK\( every task has ended \) is NOT correct!"
        cpp = r"a C\+\+ task or function started at [^\n]*misbehaving\.cpp:\d+ in "
        self.check("leaves a C++ task", claim, cpp)
        self.check("leaves a Python task", claim, "a Python task: <Task pending name='left' coro=<wait_for_ever()")
        self.check("leaves a call", claim, r"a Python task: <Task pending [^\n]*wait_for_ever\(\)")
        self.check("leaves a hot future", claim, cpp)
        self.check("leaves a task in one subcase", "leaves\n", claim, cpp)

    def test_a_case_that_should_fail_may_do_so_by_what_it_leaves(self) -> None:
        done = run_case("leaves a task, and should fail")
        self.assertEqual(done.returncode, 0, done)

    def test_what_nobody_awaits(self) -> None:
        claim = r"CHECK\( every coroutine is awaited \) is NOT correct!"
        self.check("forgets to await Python", claim, "coroutine 'wait_for_ever' was never awaited")
        self.check("forgets to await C++", claim, "coroutine 'answer' was never awaited")

    def test_exceptions_that_nobody_retrieves(self) -> None:
        claim = r"CHECK\( every exception is retrieved \) is NOT correct!"
        self.check(
            "drops a failed C++ task",
            claim,
            r"a C\+\+ task or function started at [^\n]*misbehaving\.cpp:\d+ in ",
            "CppError: std::runtime_error: broken",
        )
        self.check("detaches a failing call", claim, "in fail\n", "ValueError: detached")
        self.check(
            "forgets a failed Python task",
            claim,
            "Task exception was never retrieved",
            r"future: <Task finished [^\n]*fail\(\)",
            "ValueError: forgotten",
        )
        self.check("fails in a callback", claim, "Exception in callback", "handle: <Handle ", "ZeroDivisionError")
        self.check("fails in __del__", claim, "Exception ignored in: <function Thing.__del__", "KeyError: 'gone'")
        self.check("fails in a Python thread", claim, "in the Python thread a worker", "ValueError: invalid literal")

    def test_what_is_kept(self) -> None:
        claim = r"CHECK\( nothing of the event loop is kept \) is NOT correct!"
        self.check("C++ keeps a Future", claim, r"<Future finished result=None>, held by a builtins\.list")
        self.check("Python keeps a task", claim, r"<Task finished [^\n]*, held by a builtins\.list")
        self.check(
            "a traceback keeps a Future",
            claim,
            r"<Future finished result=None>, held by [^\n]*the frame of keep_traceback\.<locals>\.hold, [^\n]*misbehaving_cases\.py:\d+",
        )
        self.check("C++ keeps the event loop", claim, r"EventLoop [^\n]*closed=True[^\n]*>, held by C\+\+")

    def test_everything_at_once_is_told_claim_by_claim(self) -> None:
        output = self.check("leaves it all at once", r"CHECK\( false \)", failures=4)
        self.assertEqual(
            sorted(re.findall(r"CHECK\( (every [a-z ]*) \)", output)),
            ["every coroutine is awaited", "every exception is retrieved", "every task has ended"],
        )
        self.assertRegex(output, r"a C\+\+ task or function [^\n]*\n *a Python task: ")

    def test_the_next_case_does_not_suffer(self) -> None:
        cases = ("C++ keeps a Future", "Python keeps a task", "leaves it all at once", "zz behind the others", "good")
        done = run("--order-by=name", "--test-case=" + ",".join(cases))
        self.assertRegex(done.stdout, r"test cases: +5 \| +2 passed \| 3 failed")
        self.assertIn("behind the others\n", done.stdout)

    def test_what_was_left_before_is_not_the_cases(self) -> None:
        for left in ("a plain case leaves an event loop", "a plain case leaves a task"):
            done = run("--order-by=name", f"--test-case={left},good")
            self.assertEqual((done.returncode, done.stderr), (0, ""), done)

    # ---- Cases that hang. ----

    def hangs(self, case: str, *told: str, more: tuple[str, ...] = ("zz behind the others",)) -> None:
        """The case fails at its limit; stderr has the regular expressions in it, in their order; the others follow."""
        done = run_case(case, *more)
        self.assertEqual(done.returncode, 1, done)
        self.assertRegex(done.stdout, r"CHECK\( the case ends within 0\.3 s \) is NOT correct!")
        self.assertRegex(done.stderr, re.compile(".*".join(told), re.DOTALL))
        self.assertRegex(done.stdout, rf"test cases: +{1 + len(more)} \| +{len(more)} passed \| 1 failed")

    def test_a_case_that_hangs_is_told_with_what_waits_for_what(self) -> None:
        self.hangs(
            "C++ hangs", r'"C\+\+ hangs" \(.*hanging\.cpp:\d+\): not ended within 0\.3 s', r"started at [^\n]*cpp:\d+"
        )
        self.hangs(
            "Python hangs",
            r"Python task [^\n]*wait_inside",
            r"misbehaving_cases\.py:\d+ in wait_for_ever",
            "in wait_inside",
        )
        self.hangs("each hangs in the other", r"started at [^\n]*hanging\.cpp:\d+", "in await_it", "sleep_inside")

    def test_a_task_that_does_not_end_when_the_case_has(self) -> None:
        self.hangs("one of its tasks hangs at the end", "in wait_stubbornly", "left behind", "wait_stubbornly")

    def test_the_limit(self) -> None:
        options = [[f"{prefix}timeout=0.2"] for prefix in ("--", "-", "--dt-", "-dt-")]
        for arguments, variables in (*((each, {}) for each in options), ([], {"PYASYNC_TEST_TIMEOUT": "0.2"})):
            done = run("--test-case=hangs without a limit of its own,good", *arguments, **variables)
            self.assertIn("not ended within 0.2 s", done.stderr)
            self.assertRegex(done.stdout, r"test cases: +2 \| +1 passed \| 1 failed")
        done = run("--test-case=good", "--timeout=soon")
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertIn("a number of seconds, not 'soon'", done.stderr)
        done = run("--test-case=good", "--timeout", "0.2")
        self.assertEqual((done.returncode, done.stderr), (1, "write --timeout=..., not --timeout ...\n"))
        done = run("--test-case=good", PYASYNC_TEST_TIMEOUT="")
        self.assertEqual(done.returncode, 0, done)

    def test_each_subcase_has_a_limit(self) -> None:
        done = run("--test-case=hangs in its second subcase,good", "--timeout=0.3")
        self.assertIn("first subcase\n", done.stdout)
        self.assertEqual(done.stderr.count("not ended within 0.3 s"), 1)
        self.assertRegex(done.stdout, r"test cases: +2 \| +1 passed \| 1 failed")

    def test_what_does_not_unwind_is_left_behind(self) -> None:
        self.hangs("does not unwind", "not ended within", "300 ms, and left behind")
        self.hangs(
            "a function does not return",
            "not ended within",
            "300 ms, and left behind",
            r"started at [^\n]*hanging\.cpp:\d+",
        )

    def test_a_job_of_the_executor_that_does_not_end_is_named(self) -> None:
        done = run_case("leaves a job of the executor", "zz behind the others")
        self.assertEqual(done.returncode, 1, done)
        self.assertRegex(done.stdout, r"CHECK\( what is cancelled ends within 300 ms \) is NOT correct!")
        self.assertRegex(done.stderr, r"left behind:\n  the Python thread 'asyncio_0', at [^\n]* in never_return\n")
        self.assertIn("behind the others\n", done.stdout)

    def test_python_that_blocks_the_main_thread_is_interrupted(self) -> None:
        self.hangs(
            "Python blocks the main thread",
            r"started at [^\n]*hanging\.cpp:\d+",
            "does not come back to its event loop",
            r'File "[^"]*misbehaving_cases\.py", line \d+ in block',
        )

    def test_cpp_that_blocks_a_loop_thread_ends_the_run(self) -> None:
        done = run_case("C++ blocks a loop thread", "zz behind the others")
        self.assertEqual(done.returncode, 1, done)
        self.assertRegex(done.stderr, "a loop thread that is blocked")
        self.assertRegex(done.stdout, r"CHECK\( other cases can run \) is NOT correct!")
        self.assertNotIn("behind the others", done.stdout)

    def test_a_run_that_is_cut_short_does_not_pass(self) -> None:
        done = run_case("may block a loop thread", "zz behind the others")
        self.assertEqual(done.returncode, 1, done)
        self.assertNotIn("behind the others", done.stdout)

    def test_a_crash_on_a_loop_thread_is_told(self) -> None:
        # A sanitizer would tell of it first.
        options = {name: f"{os.environ.get(name, '')}:handle_segv=0" for name in ("ASAN_OPTIONS", "TSAN_OPTIONS")}
        done = run_case("crashes on a loop thread", **options)
        self.assertEqual(done.returncode, -signal.SIGSEGV, done)
        self.assertRegex(done.stdout, "crashes on a loop thread(.|\\n)*CRASHED: SIGSEGV")

    def test_cpp_that_blocks_the_main_thread_ends_the_process(self) -> None:
        done = run_case("C++ blocks the main thread", "zz behind the others")
        self.assertEqual(done.returncode, -signal.SIGABRT, done)
        self.assertRegex(done.stderr, "cannot be interrupted: the process is aborted")
        self.assertRegex(done.stdout, "CRASHED: SIGABRT")

    def test_signals_end_the_run(self) -> None:
        for number, code in ((signal.SIGINT, 130), (signal.SIGTERM, 143)):
            with subprocess.Popen(
                [PROGRAM, "--test-case=waits for a signal,zz behind the others"],
                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment(),
            ) as process:  # fmt: skip
                assert process.stdout is not None
                hangs = threading.Timer(TIMEOUT, process.kill)
                hangs.start()
                try:
                    while process.stdout.readline() not in ("ready\n", ""):
                        pass
                    process.send_signal(number)
                    output, _ = process.communicate()
                finally:
                    hangs.cancel()
            self.assertEqual(process.returncode, code, output)
            self.assertIn("unwound\n", output)
            self.assertNotIn("behind the others", output)

    # ---- doctest's own. ----

    def test_the_reporters_have_it_all(self) -> None:
        names = ["good", "leaves a C++ task", "Python throws", "C++ hangs"]
        report = ElementTree.fromstring(run("--reporters=junit", "--test-case=" + ",".join(names)).stdout)
        cases = {case.attrib["name"]: case for case in report.iter("testcase")}
        self.assertEqual(sorted(cases), sorted(names))
        self.assertEqual(len(cases["good"]), 0)
        self.assertIn("started at", cases["leaves a C++ task"].find("failure").attrib["message"])
        self.assertIn("ValueError", cases["Python throws"].find("error").text)
        self.assertIn("the case ends within 0.3 s", cases["C++ hangs"].find("failure").text)
        report = ElementTree.fromstring(run("--reporters=xml", "--test-case=" + ",".join(names)).stdout)
        failed = {
            case.attrib["name"]
            for case in report.iter("TestCase")
            if "skipped" not in case.attrib
            and case.find("OverallResultsAsserts").attrib["test_case_success"] == "false"
        }
        self.assertEqual(sorted(failed), sorted(names[1:]))

    def test_a_list_needs_no_python(self) -> None:
        done = run("--list-test-cases", PYTHONHOME="/nowhere")
        self.assertEqual(done.returncode, 0, done)
        self.assertIn("zz behind the others\n", done.stdout)
        done = run("--help", PYTHONHOME="/nowhere")
        self.assertRegex(done.stdout, re.compile(r"--test-case=.*--timeout=<seconds>.*--event-loop=", re.DOTALL))

    def test_the_event_loop_is_chosen(self) -> None:
        done = run("--test-case=good", "--event-loop=asyncio:SelectorEventLoop")
        self.assertEqual(done.returncode, 0, done)
        for arguments, variables in ((["--event-loop=mine"], {}), ([], {"PYASYNC_TEST_EVENT_LOOP": "mine"})):
            done = run("--test-case=good", *arguments, **variables)
            self.assertIn('unknown event loop "mine"', done.stdout)
            self.assertEqual(done.returncode, 1, done)


if __name__ == "__main__":
    unittest.main()
