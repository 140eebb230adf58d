# docs/examples/example.py: the Python that the documentation's C++ calls.
# SPDX-License-Identifier: MIT
"""A module next to the program."""

import asyncio
import contextvars
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path


async def fetch(url: str, retries: int) -> str:
    await asyncio.sleep(0)
    return f"{url} {retries}"


async def answer() -> int:
    await asyncio.sleep(0)
    return 42


async def ticks() -> AsyncIterator[int]:
    for number in range(3):
        await asyncio.sleep(0)
        yield number


async def total(numbers: AsyncIterator[int]) -> int:
    return sum([n async for n in numbers])


async def show(names: AsyncIterator[Path]) -> None:
    async for name in names:
        print(name)


async def double_all(requests, answers):
    async for n in requests:
        await answers.send(2 * n)
    answers.close()


async def sum_of_squares(square: Callable[[int], Awaitable[int]]) -> int:
    results = await asyncio.gather(*[square(n) for n in range(1000)])
    return sum(results)


# [py_sleep]
async def py_sleep(seconds: float) -> str:
    await asyncio.sleep(seconds)
    return f"slept for {seconds} s"
# [/py_sleep]


class Greeter:
    def __init__(self, greeting: str) -> None:
        self.greeting = greeting

    async def greet(self, name: str, *, mark: str = ".") -> str:
        await asyncio.sleep(0)
        return f"{self.greeting}, {name}{mark}"


# [context]
request: contextvars.ContextVar[str] = contextvars.ContextVar("request", default="none")


def set_request(name: str) -> None:
    request.set(name)


async def current_request() -> str:
    await asyncio.sleep(0)
    return request.get()
# [/context]


# [doorbell]
rung = asyncio.Event()


async def ring() -> None:
    rung.set()


async def wait_for_the_bell() -> None:
    await rung.wait()
# [/doorbell]


# [errors]
async def divide(a: float, b: float) -> float:
    return a / b


async def report(work: Awaitable[None]) -> None:
    try:
        await work
    except LookupError as error:
        print(f"Python has caught: {error!r}")
# [/errors]
