# tests/semantics/cases/python_awaits.py: Python awaits a C++ coroutine, and a hot future of `future_into_py`.
# SPDX-License-Identifier: MIT
"""One case for each outcome, twice: the two differ in when C++ begins, and in nothing that comes after it."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from cases.case import case
from cases.hosts import REFUSED_IN_CHILD, NewLoop, close, cpp, in_forked_child, keep_quiet, kept, observed, record


def define_cases(direction: str, prefix: str, begin: Callable[[Any], Any], step: Callable[[Any], Any]) -> None:
    """The C++ functions are those with the prefix; `begin` gives what one cancels, `step` what one lets go of."""
    declare = partial(case, direction=direction)

    def of_cpp(name: str) -> Awaitable[int]:
        return getattr(cpp, prefix + name)()

    async def awaited(name: str) -> int:
        return await of_cpp(name)

    @declare("""
        Python: 42
        """)
    async def value() -> None:
        await observed(of_cpp("answer"))

    @declare("""
        Python: IndexError: no such item
        """)
    async def exception() -> None:
        await observed(of_cpp("fail"))

    @declare("""
        Python: CancelledError
        """)
    async def cancelled_inside() -> None:
        await observed(of_cpp("cancel_itself"))

    @declare("""
        C++: waits
        Python: cancels
        C++: cleaned up
        Python: CancelledError: enough
        """)
    async def cancelled_from_outside() -> None:
        running = begin(of_cpp("wait"))
        await cpp.happened("C++: waits")
        record("Python: cancels")
        running.cancel("enough")
        await observed(running)

    @declare("""
        C++: waits
        Python: lets go
        C++: cleaned up
        """)
    async def dropped() -> None:
        stepped = step(of_cpp("wait"))
        await cpp.happened("C++: waits")
        record("Python: lets go")
        del stepped
        await cpp.happened("C++: cleaned up")

    @declare(
        """
        C++: waits
        Python: closes the loop
        C++: cleaned up
        Python: CancelledError
        """,
        by_hand=True,
    )
    def loop_closed(new_loop: NewLoop) -> None:
        async def leave() -> Any:
            running = begin(of_cpp("wait"))
            await cpp.happened("C++: waits")
            return running

        loop = new_loop()
        running = loop.run_until_complete(leave())
        close(loop)
        cpp.wait_for("C++: cleaned up")
        try:
            if isinstance(running, asyncio.Task):
                running.get_coro().send(None)
            else:
                running.result()
        except asyncio.CancelledError:
            record("Python: CancelledError")
        if isinstance(running, asyncio.Task):
            keep_quiet(running)

    @declare(
        """
        C++: waits
        Python: ends
        C++: cleaned up
        Python: CancelledError
        """,
        in_module="""
        C++: waits
        Python: ends
        C++: cleaned up
        """,
        leaves_loop=True,
    )
    async def runtime_stopping() -> None:
        kept.append(asyncio.create_task(observed(of_cpp("wait"))))
        keep_quiet(kept[-1])
        await cpp.happened("C++: waits")
        record("Python: ends")

    @declare(f"""
        C++: waits
        {REFUSED_IN_CHILD}
        Python: the child has ended with 0
        C++: cleaned up
        Python: CancelledError
        """)
    async def forked() -> None:
        running = begin(of_cpp("wait"))
        await cpp.happened("C++: waits")
        in_forked_child(lambda: awaited("answer"))
        running.cancel()
        await observed(running)


def stepped(coroutine: Any) -> Any:
    coroutine.send(None)
    return coroutine


define_cases("python_awaits_coroutine", "", asyncio.create_task, stepped)
define_cases("python_awaits_future", "hot_", lambda future: future, lambda future: future)
