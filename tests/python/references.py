# tests/python/references.py: no call of an exported function leaves a reference behind; for a debug build of Python.
# SPDX-License-Identifier: MIT
"""Usage: python3-dbg references.py: counts all references of the process before and after ten thousand calls of each kind."""

import asyncio
import gc
import sys

import native

CALLS = 10_000
AT_ONCE = 500
TOLERANCE = 100
ATTEMPTS = 5  # what is kept for use again comes and goes; what leaks grows each time
payload = {"any": "object"}


async def expect(kind: type[BaseException], awaitable) -> None:
    try:
        await awaitable
    except kind:
        return
    raise AssertionError(f"no {kind}")


async def value() -> None:
    assert await native.give_back(payload) is payload


async def exception() -> None:
    await expect(native.CppError, native.fail("message"))


async def cancel() -> None:
    task = asyncio.create_task(native.sleep(3600))
    await asyncio.sleep(0)
    task.cancel()
    await expect(asyncio.CancelledError, task)


async def drop() -> None:
    native.sleep(3600).send(None)


async def close_cold() -> None:
    native.give_back(payload).close()


async def hot() -> None:
    assert await native.hot(0) == 42


async def hot_dropped() -> None:
    native.hot(3600)


async def inline() -> None:
    assert await native.at_once_or_later(7) == 7
    assert await native.at_once_or_later(7, later=True) == 7


async def python_in_cpp() -> None:
    assert await native.await_what(native.give_back(payload)) is payload
    await expect(ZeroDivisionError, native.await_what(divide()))


async def divide() -> None:
    await asyncio.sleep(0)
    raise ZeroDivisionError


async def stream() -> None:
    assert [i async for i in native.ticks(3)] == [0, 1, 2]


async def stream_left_early() -> None:
    async for _ in native.ticks(1_000_000):
        break


async def stream_that_fails() -> None:
    await expect(IndexError, consume(native.repeat("word", 2)))


async def consume(items) -> None:
    async for _ in items:
        pass


async def stream_into_cpp() -> None:
    assert await native.total(numbers(3)) == 3
    assert await native.first_of(numbers(3)) == 0


async def numbers(count: int):
    for i in range(count):
        yield i


async def wrong_arguments() -> None:
    for call in (lambda: native.join("a"), lambda: native.join("a", 1), lambda: native.join("a", "b", third=1)):
        try:
            call()
        except TypeError:
            continue
        raise AssertionError("no TypeError")


async def arguments() -> None:
    assert await native.join("a", second="b") == "ab"
    assert native.scale(2) == 4.0


async def memory() -> None:
    assert await native.add_up(bytearray(b"\1\2")) == 3
    native.add_up(bytearray(10), 3600).send(None)


KINDS = [
    value, exception, cancel, drop, close_cold, hot, hot_dropped, inline, python_in_cpp, stream, stream_left_early,
    stream_that_fails, stream_into_cpp, wrong_arguments, arguments, memory,
]  # fmt: skip


async def repeat(kind, times: int) -> None:
    for _ in range(times // AT_ONCE):
        await asyncio.gather(*(kind() for _ in range(AT_ONCE)))


async def settle() -> int:
    """The references of the process, when nothing is under way any more."""
    while native.under_way():
        await asyncio.sleep(0.001)
    for _ in range(3):
        await asyncio.sleep(0.01)
        gc.collect()
    return sys.gettotalrefcount()


async def growth(kind) -> int:
    """How many references ten thousand calls add; the least of some attempts."""
    await repeat(kind, 2 * AT_ONCE)
    least = sys.maxsize
    for _ in range(ATTEMPTS):
        before = await settle()
        await repeat(kind, CALLS)
        least = min(least, abs(await settle() - before))
        if least <= TOLERANCE:
            break
    return least


def main() -> int:
    if not hasattr(sys, "gettotalrefcount"):
        print(f"skipped: {sys.executable} is no debug build")
        return 77
    failed = False
    for kind in KINDS:
        more = asyncio.run(growth(kind))
        flat = more <= TOLERANCE
        failed = failed or not flat
        print(f"{kind.__name__:20} {more:+6} references after {CALLS} calls{'' if flat else ': THEY GROW'}", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
