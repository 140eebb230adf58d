# tests/programs/programs_test.py: exit codes, output, Ctrl-C, and ends with work in flight, as a shell sees them.
# SPDX-License-Identifier: MIT
"""Usage: programs_test.py PROGRAM [unittest arguments]; PROGRAM is the executable made of program.cpp."""

import importlib.util
import os
import re
import signal
import subprocess
import sys
import threading
import unittest
from typing import IO

PROGRAM = sys.argv.pop(1)
TIMEOUT = 60
# A shell ignores SIGINT in what it runs in the background, and so would all that is started here.
signal.signal(signal.SIGINT, signal.default_int_handler)
HAS_UVLOOP = importlib.util.find_spec("uvloop") is not None
# ThreadSanitizer keeps a signal back until the thread calls something that it knows.
HANDLES_SIGNALS_AT_ONCE = "TSAN_OPTIONS" not in os.environ


def environment(name: str) -> dict[str, str]:
    """uvloop's extension module keeps its constants, which LeakSanitizer would take for leaks."""
    options = os.environ.get("ASAN_OPTIONS", "") + (":detect_leaks=0" if "uvloop" in name else "")
    return {**os.environ, "ASAN_OPTIONS": options}


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Runs a program to its end."""
    return subprocess.run(
        [PROGRAM, *arguments], capture_output=True, text=True, timeout=TIMEOUT, env=environment(arguments[0])
    )


def interrupt(name: str, lines: list[str], number: int = signal.SIGINT) -> tuple[int, str, str]:
    """Sends the signal whenever the program has printed the next of the lines; exit code and the rest of its output."""
    with subprocess.Popen(
        [PROGRAM, name], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment(name)
    ) as process:
        assert process.stdout is not None
        hangs = threading.Timer(TIMEOUT, process.kill)
        hangs.start()
        try:
            for line in lines:
                read = process.stdout.readline().rstrip("\n")
                if read != line:
                    process.kill()
                    raise AssertionError(f"{name} printed {read!r}, not {line!r}: {process.communicate()}")
                process.send_signal(number)
            output, errors = process.communicate()
        finally:
            hangs.cancel()
        return process.returncode, output, errors


def told_on_sigusr1(name: str, pattern: str, end: int = signal.SIGKILL) -> tuple[int, str]:
    """What a program that is ready writes to stderr when it gets SIGUSR1, once that has such a part. Its state may be
    looked at a moment too early, so it gets the signal until then. Then it is ended: with its exit code."""
    told: list[str] = []
    with subprocess.Popen(
        [PROGRAM, name], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment(name)
    ) as process:
        assert process.stdout is not None and process.stderr is not None
        more = threading.Event()

        def read(stream: IO[str]) -> None:
            for line in stream:
                told.append(line)
                more.set()
            more.set()

        reader = threading.Thread(target=read, args=[process.stderr])
        hangs = threading.Timer(TIMEOUT, process.kill)
        hangs.start()
        try:
            assert process.stdout.readline() == "ready\n"
            reader.start()
            while not re.search(pattern, "".join(told)):
                process.send_signal(signal.SIGUSR1)
                more.wait(timeout=1)
                more.clear()
                if process.poll() is not None:
                    raise AssertionError(f"{name} has ended with {process.returncode}, and told: {''.join(told)}")
            process.send_signal(end)
            reader.join()
            process.wait()
        finally:
            hangs.cancel()
            process.kill()
        return process.returncode, "".join(told)


class Programs(unittest.TestCase):
    maxDiff = None

    def check(self, *arguments: str, code: int = 0, out: str = "", err: str = "") -> None:
        """The output must match the regular expressions as a whole."""
        done = run(*arguments)
        self.assertEqual(done.returncode, code, done)
        self.assertRegex(done.stdout, re.compile(rf"\A{out}\Z", re.DOTALL))
        self.assertRegex(done.stderr, re.compile(rf"\A{err}\Z", re.DOTALL))

    def test_exit_codes(self) -> None:
        self.check("return_seven", code=7)
        self.check("say_nothing", code=0)
        self.check("exit_at_once", "3", code=3)
        self.check("exit_later", "4", code=4)
        self.check("exit_later", "0", code=0)
        self.check("exit_with_none", code=0)
        self.check("exit_with_message", code=1, err="no more\n")

    def test_an_uncaught_exception_prints_one_traceback_with_cpp_and_python_frames(self) -> None:
        self.check(
            "fail_in_python",
            code=1,
            err=r"Traceback \(most recent call last\):\n"
            r'  File "[^"]*program\.cpp", line \d+, in [^\n]*fail_in_python\n'
            r"(?:    [^\n]*\n)?"
            r'  File "[^"]*program_cases\.py", line \d+, in fail\n'
            r"    raise ValueError\(message\)\n"
            r"ValueError: broken\n",
        )
        self.check("fail_in_cpp", code=1, err=r"pyasync\.CppError: std::runtime_error: broken\n")
        self.check(
            "fail_further_in",
            code=1,
            err=r"Traceback \(most recent call last\):\n"
            r'  File "[^"]*program\.cpp", line \d+, in [^\n]*fail_further_in\n'
            r"    [^\n]*co_await fail_in_cpp\(\);[^\n]*\n"
            r"pyasync\.CppError: std::runtime_error: broken\n",
        )

    def test_the_first_ctrl_c_cancels_and_the_program_cleans_up(self) -> None:
        self.assertEqual(interrupt("clean_up_when_interrupted", ["ready"]), (130, "cleaned up: true\n", ""))
        self.assertEqual(interrupt("interrupted_in_python", ["ready"]), (130, "", ""))
        self.assertEqual(interrupt("swallow_the_interrupt", ["ready"]), (5, "", ""))

    @unittest.skipUnless(HAS_UVLOOP, "no uvloop")
    def test_ctrl_c_on_uvloop(self) -> None:
        self.assertEqual(interrupt("interrupted_on_uvloop", ["ready"]), (130, "cleaned up: true\n", ""))

    def test_the_second_ctrl_c_ends_the_program(self) -> None:
        self.assertEqual(interrupt("cleanup_that_never_ends", ["ready", "cleaning up"])[0], 130)

    def test_sigterm_is_taken_as_ctrl_c_is(self) -> None:
        self.assertEqual(
            interrupt("clean_up_when_interrupted", ["ready"], signal.SIGTERM), (143, "cleaned up: true\n", "")
        )
        self.assertEqual(interrupt("swallow_the_interrupt", ["ready"], signal.SIGTERM), (5, "", ""))
        self.assertEqual(interrupt("cleanup_that_never_ends", ["ready", "cleaning up"], signal.SIGTERM)[0], 143)

    def test_a_signal_that_another_thread_takes_wakes_the_main_thread(self) -> None:
        self.check("interrupted_in_another_thread", code=130, out="ready\ncleaned up: true\n")
        self.check("terminated_in_another_thread", code=143, out="ready\ncleaned up: true\n")

    @unittest.skipUnless(HAS_UVLOOP, "no uvloop")
    def test_a_signal_that_another_thread_takes_on_uvloop(self) -> None:
        self.check("terminated_in_another_thread_on_uvloop", code=143, out="ready\ncleaned up: true\n")

    def test_the_first_sigterm_does_not_disturb_a_program_that_is_ending_and_the_second_ends_it(self) -> None:
        self.check("end_terminated_once", code=6, out="cleaned up\n")
        self.check("end_terminated_twice", code=143)

    def test_the_second_ctrl_c_ends_a_program_whose_python_is_busy(self) -> None:
        with subprocess.Popen([PROGRAM, "python_that_blocks"], stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            self.assertEqual(process.stdout.readline(), "ready\n")
            # Signals of one kind that are pending are one, so the second is sent until it has had its effect.
            while process.poll() is None:
                process.send_signal(signal.SIGINT)
                try:
                    process.wait(timeout=0.05)
                except subprocess.TimeoutExpired:
                    continue
            self.assertEqual(process.returncode, 130)

    BOTH_SIDES = (
        r"\* C\+\+ task [^\n]*wait_on_both_sides \[libuv 0\] waits for Python's program_cases:await_call_of, "
        r"at [^\n]*program\.cpp:\d+ in [^\n]*wait_on_both_sides\n"
        r"    started at [^\n]*\n"
        r"  \* Python task [^\n]*await_call_of \[asyncio 0\] waits for a C\+\+ task, "
        r"at [^\n]*program_cases\.py:\d+ in await_call_of\n"
        r"    \* C\+\+ task [^\n]*wait_in_cpp \[libuv 0\] waits for uv::sleep, [\d.]+ s left, "
        r"at [^\n]*program\.cpp:\d+ in [^\n]*sleep_forever\n"
        r"        awaited at [^\n]*program\.cpp:\d+ in [^\n]*wait_in_cpp\n"
    )

    def test_sigusr1_tells_what_waits_for_what_while_the_loops_sleep(self) -> None:
        _, told = told_on_sigusr1("wait_on_both_sides", self.BOTH_SIDES)
        self.assertRegex(
            told, r"\A2 event loops\n  asyncio 0: <[^\n]*debug=True> on MainThread, waits\n  libuv 0: 2 tasks\n"
        )

    @unittest.skipUnless(HAS_UVLOOP, "no uvloop")
    def test_sigusr1_on_uvloop(self) -> None:
        told_on_sigusr1("wait_on_both_sides_on_uvloop", self.BOTH_SIDES)

    @unittest.skipUnless(HANDLES_SIGNALS_AT_ONCE, "a sanitizer keeps the signal back")
    def test_sigusr1_while_python_computes(self) -> None:
        told_on_sigusr1(
            "python_that_computes",
            r" on MainThread, runs Python:\n    at [^\n]*program_cases\.py:\d+ in compute_forever\n"
            r"(?:[^\n]+\n)*\n\* C\+\+ task [^\n]*python_that_computes \[libuv 0\] waits for Python's ",
        )

    def test_sigusr1_while_a_loop_thread_is_stuck(self) -> None:
        told_on_sigusr1(
            "block_the_other_loop",
            r"\n  libuv 0: 1 task\n  libuv 1: does not answer, something on its thread does not return\n"
            r"\n\* C\+\+ task [^\n]*block_the_other_loop \[libuv 0\] waits for uv::sleep",
        )

    @unittest.skipUnless(HANDLES_SIGNALS_AT_ONCE, "a sanitizer keeps the signal back")
    def test_sigusr1_while_somebody_keeps_the_gil(self) -> None:
        told_on_sigusr1(
            "keep_the_gil",
            r"\n  asyncio: does not answer, somebody keeps the GIL\n  libuv 0: 1 task\n"
            r"\n\* C\+\+ task [^\n]*keep_the_gil \[libuv 0\] waits for a function on asyncio's thread",
        )

    def test_sigusr1_disturbs_nothing(self) -> None:
        self.assertEqual(told_on_sigusr1("wait_on_both_sides", self.BOTH_SIDES, end=signal.SIGINT)[0], 130)

    def test_sigusr1_without_debug_is_what_it_was(self) -> None:
        code = interrupt("wait_on_both_sides_without_debug", ["ready"], signal.SIGUSR1)[0]
        self.assertEqual(code, -signal.SIGUSR1)

    def test_much_work_in_flight_at_the_end(self) -> None:
        self.check("leave_work_in_flight")

    def test_much_work_in_flight_at_the_end_on_three_loop_threads(self) -> None:
        self.check("leave_work_in_flight_on_three_loops")

    @unittest.skipUnless(HAS_UVLOOP, "no uvloop")
    def test_much_work_in_flight_at_the_end_on_uvloop(self) -> None:
        self.check("leave_work_in_flight_on_uvloop")

    def test_what_does_not_end_is_named_and_left_behind(self) -> None:
        self.check(
            "leave_what_never_ends",
            code=3,
            err=r"pyasync: not ended after 50 ms, and left behind:\n"
            r"  a C\+\+ task or function started at [^\n]*program\.cpp:\d+ in [^\n]*leave_what_never_ends\n"
            r"  a Python task: <Task [^\n]*never_give_in[^\n]*\n.*",
        )
        self.check(
            "leave_what_begins_at_the_end",
            code=3,
            err=r"pyasync: not ended after 50 ms, and left behind:\n"
            r"  a Python task: <Task [^\n]*never_give_in[^\n]*\n.*",
        )
        self.check("block_a_loop_thread", code=4, err=r".*  a loop thread that is blocked: .*")

    def test_a_forked_child_can_be_terminated(self) -> None:
        self.check("terminate_forked_child", out=f"{-signal.SIGTERM}\n")

    def test_a_number_that_no_exit_code_can_have(self) -> None:
        self.check("exit_with_a_great_number", code=255)

    def test_sys_exit_of_a_task_that_is_cancelled_at_the_end(self) -> None:
        self.check("leave_exit_at_the_end", code=11, out="cancelled\ncleaned up\n")

    def test_a_limit_without_end(self) -> None:
        self.check("begin_at_the_end_for_ever", out="cancelled\ncleaned up\n")

    def test_threads_of_python_are_waited_for(self) -> None:
        self.check("leave_thread_that_ends", code=3, out="ends\n")

    JOB = (
        r"pyasync: not ended after 50 ms, and left behind:\n"
        r"  the Python thread '(?:asyncio|ThreadPoolExecutor-0)_0', at [^\n]*program_cases\.py:\d+ in never_return\n"
    )

    def test_a_job_of_the_loops_executor_that_does_not_end_is_named(self) -> None:
        self.check("leave_job_of_executor", code=3, err=self.JOB)

    @unittest.skipUnless(HAS_UVLOOP, "no uvloop")
    def test_a_job_of_uvloops_executor_that_does_not_end_is_named(self) -> None:
        self.check("leave_job_of_executor_on_uvloop", code=3, err=self.JOB)

    def test_threads_of_python_that_do_not_end_are_named(self) -> None:
        self.check(
            "leave_threads",
            code=3,
            err=r"pyasync: not ended after 50 ms, and left behind:\n"
            r"  the Python thread 'worker', at [^\n]*program_cases\.py:\d+ in never_return\n"
            r"  the Python thread 'busy_0', at [^\n]*program_cases\.py:\d+ in never_return\n",
        )

    def test_a_fast_exit_leaves_objects_alone_and_nothing_else(self) -> None:
        self.check("leave_traces", code=3, out="no line yet, joined\natexit\ncollected\n")
        self.check("leave_traces_fast", code=3, out="no line yet, joined\natexit\n")

    def test_ctrl_c_ends_the_wait_for_a_thread(self) -> None:
        self.assertEqual(interrupt("leave_thread_that_waits", ["waits"])[0], 128 + signal.SIGINT)

    def test_what_begins_while_others_clean_up_is_cancelled_behind_them(self) -> None:
        self.check("begin_at_the_end", out="cancelled\ncleaned up\n")

    def test_a_loop_that_is_stopped_early(self) -> None:
        self.check(
            "stop_the_loop", code=1, err=r".*RuntimeError: Event loop stopped before the C\+\+ task had ended\.\n"
        )

    def test_lines_of_both_sides_come_out_in_their_order(self) -> None:
        self.check("interleave_output", out="".join(f"C\\+\\+ {i}\nPython {i}\n" for i in range(3)))

    def test_the_garbage_collector_leaves_alone_what_was_there_before(self) -> None:
        self.check("collect_garbage", out="True True True\n")

    def test_arguments(self) -> None:
        self.check(
            "show_arguments",
            "a b",
            "ü",
            out=r"C\+\+: show_arguments\nC\+\+: a b\nC\+\+: ü\nPython: \['show_arguments', 'a b', 'ü'\]\n",
        )

    def test_event_loops(self) -> None:
        self.check("show_loop", out="_UnixSelectorEventLoop\n")
        self.check("show_loop_of_factory", out="Loop\n")

    @unittest.skipUnless(HAS_UVLOOP, "no uvloop")
    def test_uvloop(self) -> None:
        self.check("show_loop_of_uvloop", out="Loop\n")

    def test_bad_options_are_named(self) -> None:
        self.check(
            "unknown_loop",
            code=1,
            err='ValueError: unknown event loop "twisted": use "asyncio", "uvloop" or "module:factory"\n',
        )
        self.check(
            "missing_loop_module", code=1, err=r"(?:.*\n)?ModuleNotFoundError: No module named 'no_such_module'\n"
        )
        self.check(
            "missing_loop_factory", code=1, err=r"AttributeError: module 'asyncio' has no attribute 'no_such_factory'\n"
        )
        self.check("no_loop_threads", code=1, err=r".*loop_threads must be 1 to 1024, not 0\n")

    def test_bad_calls_are_named(self) -> None:
        self.check("call_what_is_missing", code=1, err=r".*ModuleNotFoundError: No module named 'no_such_module'\n")
        self.check(
            "await_what_cannot_be", code=1, err=r".*TypeError: object int can't be used in 'await' expression: 1\n"
        )

    def test_tasks_are_spread_over_the_loop_threads(self) -> None:
        self.check("spread_over_threads", out="3 threads\n")


if __name__ == "__main__":
    unittest.main(verbosity=2)
