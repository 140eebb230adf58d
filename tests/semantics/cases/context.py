# tests/semantics/cases/context.py: what Python knows of whom it works for, however C++ has come to it.
# SPDX-License-Identifier: MIT
"""Context variables, as logging makes use of them, and asyncio's current task, over three crossings and more."""

import asyncio
import contextvars
import logging
from collections.abc import AsyncIterator, Coroutine
from typing import Any

from cases.case import case
from cases.hosts import cpp, record

REQUESTS = 5

request_id: contextvars.ContextVar[str] = contextvars.ContextVar("request_id", default="no request")
together: asyncio.Barrier | None = None
"""Nobody goes on before all requests are there: so they are interleaved for certain."""


class RequestId(logging.Filter):
    """Puts the id of the request into each record."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.request = request_id.get()
        return True


class Kept(logging.Handler):
    """The records' lines, by the number of the request that they are from."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: dict[int, list[str]] = {}
        self.setFormatter(logging.Formatter("[%(request)s] %(message)s"))
        self.addFilter(RequestId())

    def emit(self, record: logging.LogRecord) -> None:
        assert isinstance(record.args, tuple) and isinstance(record.args[0], int)
        self.lines.setdefault(record.args[0], []).append(self.format(record))


logger = logging.getLogger("cases.requests")
logger.setLevel(logging.INFO)
logger.propagate = False


def log(number: int, where: str) -> None:
    """C++ calls it as well. Only the filter knows whose request it is; the number is to compare with."""
    logger.info("request %d: %s", number, where)


LOG = "cases.context:log"


async def meet() -> None:
    assert together is not None
    await together.wait()


# ---- A request: Python awaits C++, which awaits Python, which awaits C++, which awaits Python. ----


async def begin(number: int) -> None:
    request_id.set(f"id {number}")
    log(number, "begins")
    await cpp.relay(LOG, "cases.context:middle", number)
    log(number, "ends")


async def middle(number: int) -> None:
    log(number, "in the middle")
    await meet()
    cpp.call_back(lambda: log(number, "called by a C++ function"))
    await cpp.hot_relay(LOG, "cases.context:innermost", number)
    log(number, "in the middle again")


async def innermost(number: int) -> None:
    log(number, "innermost")
    await meet()
    await asyncio.sleep(0)
    log(number, "innermost again")
    await cpp.consume_quietly(stream(number))


async def stream(number: int) -> AsyncIterator[int]:
    for item in range(2):
        await meet()
        log(number, f"item {item} of a stream to C++")
        yield item


@case("""
    Python: [id 0] request 0: begins
    Python: [id 0] request 0: on_asyncio
    Python: [id 0] request 0: a function that C++ calls
    Python: [id 0] request 0: a call that C++ spawns
    Python: [id 0] request 0: in the middle
    Python: [id 0] request 0: called by a C++ function
    Python: [id 0] request 0: on_asyncio
    Python: [id 0] request 0: a function that C++ calls
    Python: [id 0] request 0: a call that C++ spawns
    Python: [id 0] request 0: innermost
    Python: [id 0] request 0: innermost again
    Python: [id 0] request 0: item 0 of a stream to C++
    Python: [id 0] request 0: item 1 of a stream to C++
    Python: [id 0] request 0: in the middle again
    Python: [id 0] request 0: ends
    Python: 5 requests alike, each with its own id
    Python: no request
    """)
async def logging_of_requests() -> None:
    global together
    together = asyncio.Barrier(REQUESTS)
    handler = Kept()
    logger.addHandler(handler)
    await asyncio.gather(*[begin(number) for number in range(REQUESTS)])
    for line in handler.lines[0]:
        record(f"Python: {line}")
    alike = [
        lines == [line.replace("0", str(number), 2) for line in handler.lines[0]]
        for number, lines in sorted(handler.lines.items())
    ]
    record(f"Python: {sum(alike)} requests alike, each with its own id")
    record(f"Python: {request_id.get()}")


# ---- Who works. ----

tasks: list[asyncio.Task[Any] | None] = []


def name_of(task: asyncio.Task[Any] | None) -> str:
    if task is None:
        return "none"
    coroutine = task.get_coro()
    assert isinstance(coroutine, Coroutine)
    return coroutine.__name__  # type: ignore[attr-defined, no-any-return]


def tell_task(_: int, where: str) -> None:
    record(f"Python: {where}: {name_of(asyncio.current_task())}")


TELL = "cases.context:tell_task"


async def first(number: int) -> None:
    await observe_task(cpp.relay(TELL, "cases.context:second", number))


async def second(_: int) -> None:
    await observe_task(asyncio.sleep(0.001))


async def observe_task(waits_for: Coroutine[Any, Any, Any]) -> None:
    """It is one and the same before and after every wait, all the while one of the loop's, and nobody else's."""
    task = asyncio.current_task()
    assert task is not None and task not in tasks and task in asyncio.all_tasks()
    tasks.append(task)
    record(f"Python: a task's own: {name_of(task)}")
    await asyncio.sleep(0)
    assert asyncio.current_task() is task
    cpp.call_back(lambda: tell_task(0, "called by a C++ function"))
    await waits_for
    assert asyncio.current_task() is task
    async with asyncio.timeout(3600):  # keeps its task, and cancels that one
        await asyncio.sleep(0)
    record(f"Python: the same: {name_of(task)}")


@case("""
    Python: a task's own: outermost
    Python: called by a C++ function: outermost
    Python: on_asyncio: none
    Python: a function that C++ calls: none
    Python: a call that C++ spawns: none
    Python: a task's own: first
    Python: called by a C++ function: first
    Python: on_asyncio: none
    Python: a function that C++ calls: none
    Python: a call that C++ spawns: none
    Python: a task's own: second
    Python: called by a C++ function: second
    Python: the same: second
    Python: the same: first
    Python: the same: outermost
    """)
async def current_task() -> None:
    async def outermost() -> None:
        await observe_task(cpp.relay(TELL, "cases.context:first", 0))

    await asyncio.create_task(outermost())
