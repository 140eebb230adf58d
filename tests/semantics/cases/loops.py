# tests/semantics/cases/loops.py: several event loops, and threads that have none.
# SPDX-License-Identifier: MIT
"""Whose loop is meant, and what happens where there is none, or one too many."""

import asyncio
import threading
from collections.abc import Callable

from cases.case import case
from cases.hosts import NewLoop, cpp, observed, record

THREADS, TIMES = 4, 50
NO_LOOP = (
    "RuntimeError: pyasync: this task has no event loop: start it within run() or PYASYNC_MAIN, "
    "or give it one with scope(task_locals, task)"
)

Place = tuple[int, asyncio.AbstractEventLoop]

places: dict[int, Place] = {}
"""Where each number was asked for."""


def here() -> Place:
    return threading.get_ident(), asyncio.get_running_loop()


async def number_here(number: int) -> int:
    await asyncio.sleep(0)
    places[number] = here()
    return number


ASKED = f"{__name__}:{number_here.__name__}"


async def ask_here(number: int) -> bool:
    """Does the answer come from this loop?"""
    return await cpp.ask(ASKED, number) == number and places[number] == here()


@case(f"""
    Python: {THREADS * TIMES} answers
    """)
async def several_at_once() -> None:
    """Each on a thread of its own, in both directions."""
    new_loop = type(asyncio.get_running_loop())

    async def ask_often(first: int) -> int:
        return sum(await asyncio.gather(*(ask_here(number) for number in range(first, first + TIMES))))

    def run(first: int) -> int:
        with asyncio.Runner(loop_factory=new_loop) as runner:
            return runner.run(ask_often(first))

    others = (asyncio.to_thread(run, thread * TIMES) for thread in range(1, THREADS))
    record(f"Python: {sum(await asyncio.gather(ask_often(0), *others))} answers")


@case(
    """
    Python: True
    Python: True
    Python: True
    """,
    by_hand=True,
)
def one_after_another(new_loop: NewLoop) -> None:
    for number in range(3):
        with asyncio.Runner(loop_factory=new_loop) as runner:
            runner.run(observed(ask_here(number)))


gates: list[asyncio.Event] = []


async def number_later(number: int) -> int:
    gates.append(asyncio.Event())
    await gates[0].wait()
    return number


@case("""
    Python: RuntimeError: it is attached to a different loop
    Python: 42
    """)
async def future_of_another_loop() -> None:
    new_loop = type(asyncio.get_running_loop())
    future = cpp.ask_from_foreign_thread_here(f"{__name__}:{number_later.__name__}", 42)

    async def await_it() -> str:
        try:
            return str(await future)
        except RuntimeError as error:
            return f"RuntimeError: it is {str(error).rpartition('> ')[2]}"

    def run() -> str:
        with asyncio.Runner(loop_factory=new_loop) as runner:
            return runner.run(await_it())

    record(f"Python: {await asyncio.to_thread(run)}")
    while not gates:
        await asyncio.sleep(0)
    gates[0].set()
    # asyncio's own Future cannot be awaited after that either: it is left marked as one that somebody waits for.
    await asyncio.wait([future])
    record(f"Python: {future.result()}")


@case(
    """
    Python: 1
    Python: 2, True
    """,
    in_module=f"""
    Python: {NO_LOOP}
    Python: 2, True
    """,
)
async def foreign_thread() -> None:
    await observed(cpp.ask_from_foreign_thread(ASKED, 1))
    answer = await cpp.ask_from_foreign_thread_here(ASKED, 2)
    record(f"Python: {answer}, {places[2] == here()}")


def refusal(run: Callable[[], int]) -> str:
    try:
        return str(run())
    except RuntimeError as error:
        return str(error).partition(";")[0]


@case("""
    Python: run() and run_until_complete() cannot be called while an event loop runs on this thread
    Python: run() and run_until_complete() cannot be called while an event loop runs on this thread
    Python: 42
    """)
async def nested_run() -> None:
    record(f"Python: {refusal(cpp.run_nested)}")
    record(f"Python: {refusal(cpp.run_nested_until_complete)}")
    await observed(cpp.answer())
