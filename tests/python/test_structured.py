# tests/python/test_structured.py: what runs at once in C++, as Python sees its end.
# SPDX-License-Identifier: MIT
"""when_all and timeout in C++, and Python's own counterparts around them."""

import asyncio

import native
import pytest
from conftest import happens, under_way


@pytest.mark.parametrize("sleep_all", [native.sleep_all, native.sleep_all_inline])
def test_all_at_once(run, sleep_all):
    async def main():
        assert await sleep_all([0.001] * 100) == [42] * 100
        assert await sleep_all([]) == []

    run(main())


@pytest.mark.parametrize("sleep_within", [native.sleep_within, native.sleep_within_inline])
def test_a_time_limit_is_a_timeout_error(run, sleep_within):
    async def main():
        assert await sleep_within(3600, 0.001) == 42
        with pytest.raises(asyncio.TimeoutError, match="the time is over"):
            await sleep_within(0.001, 3600)
        assert native.under_way() == 0

    run(main())


@pytest.mark.parametrize("sleep_all", [native.sleep_all, native.sleep_all_inline])
def test_cancelling_ends_all_of_them(run, sleep_all):
    async def main():
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01):
                await sleep_all([3600] * 100)
        assert native.under_way() == 0
        task = asyncio.create_task(sleep_all([3600] * 100))
        await happens(under_way(100))
        task.cancel("enough")
        with pytest.raises(asyncio.CancelledError, match="enough"):
            await task
        assert native.under_way() == 0

    run(main())


def test_a_cancellation_is_not_the_time(run):
    async def main():
        task = asyncio.create_task(native.sleep_within(3600, 3600))
        await happens(under_way(1))
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    run(main())


def test_two_failures_are_an_exception_group(run):
    async def main():
        try:
            await native.fail_twice("one", "two")
        except* ValueError as failed:
            assert [str(error) for error in failed.exceptions] == ["one"]
            seen.append(ValueError)
        except* native.CppError as failed:
            assert [str(error) for error in failed.exceptions] == ["std::runtime_error: two"]
            seen.append(native.CppError)

    seen = []
    run(main())
    assert seen == [ValueError, native.CppError]
