# tests/semantics/cases/cpp_awaits_python.py: C++ awaits Python, by `call`.
# SPDX-License-Identifier: MIT
"""One case for each outcome."""

import asyncio

from cases.case import case
from cases.hosts import REFUSED_IN_CHILD, NewLoop, close, cpp, described, in_forked_child, record, wait_and_clean_up

# ---- What C++ calls. ----


async def answer() -> int:
    await asyncio.sleep(0)
    return 42


async def fail() -> int:
    await asyncio.sleep(0)
    raise broken


async def cancel_itself() -> int:
    await asyncio.sleep(0)
    raise asyncio.CancelledError


async def wait_for_release() -> int:
    record("Python: waits")
    await released.wait()
    return 42


async def wait() -> None:
    try:
        await wait_and_clean_up()
    except GeneratorExit:
        record("Python: closed")
        raise


def named(function: object) -> str:
    return f"{__name__}:{function.__name__}"  # type: ignore[attr-defined]


broken = ValueError("broken")
released = asyncio.Event()
WAIT = named(wait)


# ---- The cases. ----


@case("""
    C++: 42
    """)
async def value() -> None:
    await cpp.await_python(named(answer))


@case("""
    C++: ValueError: broken
    Python: the same exception: True
    """)
async def exception() -> None:
    try:
        await cpp.await_python(named(fail))
    except ValueError as error:
        record(f"Python: the same exception: {error is broken}")


@case("""
    C++: cancelled
    Python: CancelledError
    """)
async def cancelled_inside() -> None:
    try:
        await cpp.await_python(named(cancel_itself))
    except asyncio.CancelledError as error:
        record(f"Python: {described(error)}")


@case("""
    Python: waits
    C++: cancels
    Python: cancelled
    Python: cleaned up
    C++: cancelled
    C++: goes on
    """)
async def cancelled_from_outside() -> None:
    await cpp.cancel_call(WAIT)


@case("""
    Python: waits
    C++: lets go
    Python: cancelled
    Python: cleaned up
    """)
async def dropped() -> None:
    await cpp.drop_call(WAIT)
    await cpp.happened("Python: cleaned up")


CLOSED = "C++: pyasync: the event loop of this task is closed, so no Python can run in its name any more"


@case(
    f"""
    Python: waits
    Python: closes the loop
    Python: closed
    {CLOSED}
    """,
    by_hand=True,
)
def loop_closed(new_loop: NewLoop) -> None:
    loop = new_loop()
    loop.run_until_complete(cpp.leave_call(WAIT))
    close(loop)
    cpp.wait_for(CLOSED)


@case(
    """
    Python: waits
    Python: ends
    Python: cancelled
    Python: cleaned up
    C++: cancelled
    """,
    in_module=f"""
    Python: waits
    Python: ends
    Python: closed
    {CLOSED}
    """,
    leaves_loop=True,
)
async def runtime_stopping() -> None:
    await cpp.leave_call(WAIT)
    record("Python: ends")


@case(f"""
    Python: waits
    {REFUSED_IN_CHILD}
    Python: the child has ended with 0
    C++: 42
    """)
async def forked() -> None:
    await cpp.leave_call(named(wait_for_release))
    in_forked_child(lambda: cpp.await_python(named(answer)))
    released.set()
    await cpp.happened("C++: 42")
