# tests/semantics/cases/forking.py: children that a coroutine forks off while much is under way, and how each ends.
# SPDX-License-Identifier: MIT
"""In a child there is no C++ that could go on: it has the parent's memory, and none of its threads."""

import asyncio
import os
import sys
import threading
import warnings
from collections.abc import Callable

from cases.case import case
from cases.hosts import cpp, observed, record
from cases.stopping import start_work

PARENT = os.getpid()
REFUSED = (
    "RuntimeError: pyasync: the libuv loops did not follow into this forked child; use exec or multiprocessing's spawn"
)
CAME_BACK = (
    r"(Traceback .*\n)?RuntimeError: pyasync: this forked child has come back to its parent's event loop, whose C\+\+ tasks "
    r"did not follow; leave it with sys\.exit\(\) or os\._exit\(\), or use exec or multiprocessing's spawn\n"
)


def fork() -> bool:
    """Is this the child? The parent goes on when that has ended."""
    warnings.simplefilter("ignore", DeprecationWarning)  # Python's own, since there are threads
    child = os.fork()
    if child == 0:
        return True
    record(f"Python: the child has ended with {os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])}")
    return False


def in_child() -> bool:
    return os.getpid() != PARENT


def named(function: Callable[[], object]) -> str:
    return f"{__name__}:{function.__name__}"


async def parent_goes_on() -> None:
    """C++ reaches its loop, and so do other threads."""
    await observed(cpp.answer())
    await asyncio.to_thread(record, "Python: goes on")


# ---- The child leaves. ----


async def exit_in_first_step() -> None:
    if fork():
        sys.exit(5)


async def exit_after_a_wait() -> None:
    await asyncio.sleep(0.001)
    if fork():
        sys.exit(5)


async def exit_after_many_waits() -> None:
    for _ in range(10):
        await asyncio.sleep(0.001)
    if fork():
        sys.exit(5)


def exit_in_function() -> None:
    if fork():
        sys.exit(5)


@case("""
    Python: the child has ended with 5
    Python: the child has ended with 5
    Python: the child has ended with 5
    Python: the child has ended with 5
    Python: 42
    Python: goes on
    """)
async def sys_exit_in_what_cpp_calls() -> None:
    await start_work()
    await cpp.call_python(named(exit_in_first_step))
    await cpp.call_python(named(exit_after_a_wait))
    await cpp.call_python(named(exit_after_many_waits))
    await cpp.call_python(named(exit_in_function))
    await parent_goes_on()


@case("""
    Python: the child has ended with 5
    Python: 42
    Python: goes on
    """)
async def sys_exit_outermost() -> None:
    """In what the application's `main` awaits, or `asyncio.run`."""
    await start_work()
    if fork():
        sys.exit(5)
    await parent_goes_on()


@case("""
    Python: the child has ended with 5
    Python: 42
    Python: goes on
    """)
async def os_exit() -> None:
    await start_work()
    if fork():
        os._exit(5)
    await parent_goes_on()


@case(f"""
    Python: a loop of its own
    Python: {REFUSED}
    Python: {REFUSED}
    Python: the child has ended with 5
    Python: 42
    Python: goes on
    """)
async def loop_of_its_own() -> None:
    async def main() -> None:
        await asyncio.sleep(0.001)
        record("Python: a loop of its own")
        await observed(cpp.answer())
        try:
            cpp.hot_answer()
        except RuntimeError as error:
            record(f"Python: RuntimeError: {error}")

    await start_work()
    if fork():
        asyncio.run(main())
        sys.exit(5)
    await parent_goes_on()


# ---- The child does not leave. ----


async def fail_in_child() -> None:
    if fork():
        raise ValueError("broken")


@case(
    """
    Python: CancelledError
    Python: the child has ended with 1
    Python: None
    Python: 42
    Python: goes on
    """,
    in_module="""
    Python: CancelledError
    Python: the child has ended with 0
    Python: None
    Python: 42
    Python: goes on
    """,
    stderr={
        "application": rf"an exception in a forked child, where C\+\+ cannot hear of it\n.*ValueError: broken\n{CAME_BACK}",
        "module": r"an exception in a forked child, where C\+\+ cannot hear of it\n.*ValueError: broken\n",
    },
)
async def exception() -> None:
    await start_work()
    await observed(cpp.call_python(named(fail_in_child)))
    if not in_child():
        await parent_goes_on()


async def return_in_child() -> None:
    fork()


@case(
    """
    Python: CancelledError
    Python: the child has ended with 1
    Python: None
    Python: 42
    Python: goes on
    """,
    in_module="""
    Python: CancelledError
    Python: the child has ended with 0
    Python: None
    Python: 42
    Python: goes on
    """,
    stderr={"application": CAME_BACK, "module": ""},
)
async def comes_back() -> None:
    """Nor does the child wait at its end for a thread of the parent's that is in `with_gil` there."""
    is_inside, may_leave = threading.Event(), threading.Event()

    def stay() -> None:
        is_inside.set()
        may_leave.wait()

    cpp.call_in_foreign_thread(stay)
    await asyncio.to_thread(is_inside.wait)
    await start_work()
    await observed(cpp.call_python(named(return_in_child)))
    if not in_child():
        may_leave.set()
        await parent_goes_on()
