# tests/python/test_streams.py: C++ generators in `async for`, and Python's async iterables in C++.
# SPDX-License-Identifier: MIT
"""Streams, both ways."""

import asyncio
import collections.abc
import contextvars
import gc
import weakref

import native
import pytest
from conftest import happens, under_way, wait_until


def test_async_for(run):
    async def main():
        assert [i async for i in native.ticks(100)] == list(range(100))
        assert [i async for i in native.ticks(count=3, interval=0.001)] == [0, 1, 2]
        assert [i async for i in native.ticks(0)] == []

    run(main())


def test_it_is_an_async_generator(run):
    async def main():
        ticks = native.ticks(3)
        assert isinstance(ticks, collections.abc.AsyncGenerator)
        assert await anext(ticks) == 0
        assert await ticks.asend(None) == 1
        with pytest.raises(TypeError):
            ticks.asend(1)
        await ticks.aclose()
        with pytest.raises(StopAsyncIteration):
            await anext(ticks)
        thrown_into = native.ticks(3)
        await anext(thrown_into)
        with pytest.raises(KeyError):
            await thrown_into.athrow(KeyError("x"))
        for end in (StopIteration("x"), StopAsyncIteration("x")):
            ended = native.ticks(3)
            await anext(ended)
            with pytest.raises(RuntimeError, match="async generator raised") as raised:
                await ended.athrow(end)
            assert raised.value.__cause__ is end

    run(main())


def test_one_that_has_ended_is_not_kept_by_the_context_that_it_began_in(run):
    kept = contextvars.ContextVar("kept")

    async def begin(end):
        ticks = native.ticks(2)
        kept.set(ticks)
        await anext(ticks)
        await end(ticks)
        return weakref.ref(ticks)

    async def exhaust(ticks):
        assert [i async for i in ticks] == [1]

    async def close(ticks):
        await ticks.aclose()

    async def main():
        for end in (exhaust, close):
            gone = await asyncio.create_task(begin(end))
            async with asyncio.timeout(20):
                while gone() is not None:
                    await asyncio.sleep(0.001)
                    gc.collect()

    run(main())


def test_exception_after_the_items(run):
    async def main():
        seen = []
        with pytest.raises(IndexError, match="no more word"):
            async for word in native.repeat("word", 3):
                seen.append(word)
        assert seen == ["word"] * 3

    run(main())


def test_left_early(run):
    async def main():
        async for i in native.ticks(1_000_000, 0.001):
            if i == 2:
                break
        async for i in native.ticks(1_000_000):
            if i == 100:
                break

    run(main())
    wait_until(lambda: native.under_way() == 0)


def test_cancelled_while_it_waits(run):
    async def main():
        async def consume():
            async for _ in native.ticks(10, 3600):
                pass

        consumer = asyncio.create_task(consume())
        await happens(under_way(1))
        consumer.cancel("enough")
        with pytest.raises(asyncio.CancelledError, match="enough"):
            await consumer
        assert native.under_way() == 0

    run(main())


def test_dropped_when_it_has_swallowed_a_cancellation(run):
    async def main():
        async def first_of(ticks):
            return await anext(ticks)

        ticks = native.stubborn_ticks()
        first = asyncio.create_task(first_of(ticks))
        while native.under_way() == 0:
            await asyncio.sleep(0)
        first.cancel()
        assert await first == 0
        assert await anext(ticks) == 1
        assert native.under_way() == 1

    run(main())
    wait_until(lambda: native.under_way() == 0)


def test_cpp_consumes(run):
    closed = []

    async def numbers(count):
        try:
            for i in range(count):
                if i % 10 == 0:
                    await asyncio.sleep(0)
                yield i
        finally:
            closed.append(count)

    async def main():
        assert await native.total(numbers(1000)) == 499500
        assert await native.total(native.ticks(100)) == 4950
        assert await native.first_of(numbers(5)) == 0
        with pytest.raises(TypeError):
            await native.total([1, 2])

    run(main())
    assert closed == [1000, 5]
