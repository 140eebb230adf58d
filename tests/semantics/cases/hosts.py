# tests/semantics/cases/hosts.py: how either host runs a case, and what cases share.
# SPDX-License-Identifier: MIT
"""The application calls the first two functions; the module's host is `python3 -m cases`."""

import asyncio
import faulthandler
import os
import signal
import sys
import warnings
from collections.abc import Awaitable, Callable
from typing import Any

from cases.case import CASES

try:
    import cpp_side as cpp
except ModuleNotFoundError:  # the runner only reads what the cases expect
    cpp = None

IN_APPLICATION = "pyasync" in sys.builtin_module_names

NewLoop = Callable[[], asyncio.AbstractEventLoop]


def prepare() -> None:
    """The runner asks with this signal what a process hangs in."""
    faulthandler.register(signal.SIGUSR1, all_threads=True)


def loop_factory(name: str) -> NewLoop:
    if name == "asyncio":
        return asyncio.new_event_loop
    import uvloop

    return uvloop.new_event_loop


async def run_in_application(name: str) -> None:
    prepare()
    await CASES[name].function()


def run_by_hand(name: str, loop: str) -> None:
    prepare()
    CASES[name].function(loop_factory(loop))


def run_in_module(name: str, loop: str) -> None:
    """What a script does that has imported the module."""
    prepare()
    case = CASES[name]
    new_loop = loop_factory(loop)
    if case.by_hand:
        case.function(new_loop)
    elif case.leaves_loop:
        left = new_loop()
        kept.append(left)
        left.run_until_complete(case.function())
    else:
        with asyncio.Runner(loop_factory=new_loop) as runner:
            runner.run(case.function())


kept: list[Any] = []
"""What nobody else keeps, to the end of the process."""


def record(event: str) -> None:
    cpp.record(event)


def described(error: BaseException) -> str:
    """As the last line of a traceback has it, without the name of the module."""
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__


async def observed(awaitable: Awaitable[Any]) -> None:
    """Tells what it ends with."""
    try:
        record(f"Python: {await awaitable}")
    except (Exception, asyncio.CancelledError) as error:
        record(f"Python: {described(error)}")


async def wait_and_clean_up() -> None:
    """Waits until it is cancelled, and needs a while to clean up."""
    record("Python: waits")
    try:
        await asyncio.Event().wait()
    except asyncio.CancelledError:
        record("Python: cancelled")
        await asyncio.sleep(0)
        record("Python: cleaned up")
        raise


def keep_quiet(task: asyncio.Task) -> None:
    """asyncio says by itself that a task was pending when its loop has been closed; that is not what is looked at."""
    task._log_destroy_pending = False  # type: ignore[attr-defined]


def close(loop: asyncio.AbstractEventLoop) -> None:
    record("Python: closes the loop")
    loop.close()


REFUSED_IN_CHILD = (
    "Python: RuntimeError: pyasync: the libuv loops did not follow into this forked child; "
    "use exec or multiprocessing's spawn"
)


def in_forked_child(start: Callable[[], Awaitable[Any]]) -> None:
    """What becomes of it there; comes back when the child has ended."""
    new_loop = type(asyncio.get_running_loop())
    warnings.simplefilter("ignore", DeprecationWarning)  # Python's own, since there are threads
    child = os.fork()
    if child == 0:
        try:
            with asyncio.Runner(loop_factory=new_loop) as runner:
                runner.run(observed(start()))
        finally:
            os._exit(0)
    record(f"Python: the child has ended with {os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])}")
