# tests/python/test_two_modules.py: two modules in one process, each with a runtime of its own.
# SPDX-License-Identifier: MIT
"""They share the event loop, and await each other by way of Python."""

import asyncio

import native
import other
import pytest
from conftest import happens, under_way


def test_side_by_side(run):
    async def main():
        results = await asyncio.gather(*(module.sleep(0.001) for module in (native, other) for _ in range(100)))
        assert results == [42] * 100 + [43] * 100

    run(main())


def test_each_awaits_the_other(run):
    async def main():
        assert await native.await_what(other.sleep(0.001)) == 43
        assert await other.await_what(native.sleep(0.001)) == 42
        assert await other.await_what(native.await_what(other.await_what(native.hot(0.001)))) == 42

    run(main())


def test_cancelling_through_both(run):
    async def main():
        task = asyncio.create_task(other.await_what(native.await_what(other.await_what(native.sleep(3600)))))
        await happens(under_way(1))
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert native.under_way() == 0

    run(main())


def test_each_has_its_own_exception(run):
    async def main():
        with pytest.raises(other.CppError):
            await native.await_what(other.fail())
        with pytest.raises(native.CppError):
            await other.await_what(native.fail("x"))

    assert not issubclass(other.CppError, native.CppError)
    run(main())
