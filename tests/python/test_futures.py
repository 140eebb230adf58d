# tests/python/test_futures.py: hot Futures, and coroutines that C++ runs to their end.
# SPDX-License-Identifier: MIT
"""future_into_py, run, run_until_complete."""

import asyncio

import native
import pytest
from conftest import wait_until


def test_it_is_a_future_and_runs_at_once(run):
    async def main():
        future = native.hot(3600)
        assert asyncio.isfuture(future)
        assert future.get_loop() is asyncio.get_running_loop()
        wait_until(lambda: native.under_way() == 1)
        future.cancel()
        with pytest.raises(asyncio.CancelledError):
            await future
        assert future.cancelled()
        assert await native.hot(0.001) == 42

    run(main())


def test_a_callback_that_is_removed_may_remove_others(run):
    class Removes:
        def __init__(self, future, times):
            self.future, self.times = future, times

        def __call__(self, _):
            raise AssertionError("it was removed")

        def __eq__(self, other):
            if self.times:
                self.times -= 1
                self.future.remove_done_callback(other)
            return True

    async def main():
        for times in range(4):
            future = native.hot(0.001)
            for _ in range(4):
                future.add_done_callback(Removes(future, times))
            assert 0 <= future.remove_done_callback(print) <= 4
            assert await future == 42

    run(main())


def test_no_running_event_loop():
    with pytest.raises(RuntimeError, match="no running event loop"):
        native.hot(1)


def test_on_a_loop_that_is_named(new_loop):
    loop = new_loop()
    future = native.hot_on(loop, 0.001)
    assert future.get_loop() is loop
    assert loop.run_until_complete(future) == 42
    loop.close()
    with pytest.raises(RuntimeError, match="Event loop is closed"):
        native.hot_on(loop, 1)
    with pytest.raises(TypeError, match="expected an event loop, got str"):
        native.hot_on("loop", 1)


def test_cpp_runs_a_coroutine_to_its_end(new_loop):
    async def py_sleep():
        await asyncio.sleep(0.001)
        return "slept"

    assert native.await_coro(py_sleep()) == "slept"
    loop = new_loop()
    assert native.await_callable(py_sleep, loop) == "slept"
    assert native.await_callable(lambda: native.sleep(0.001), loop) == 42
    loop.close()
    twice = py_sleep()
    native.await_coro(twice)
    with pytest.raises(RuntimeError, match="cannot reuse already awaited coroutine"):
        native.await_coro(twice)


def test_not_on_a_loop_that_runs(run):
    async def main():
        with pytest.raises(RuntimeError, match="while an event loop runs on this thread"):
            native.await_coro(native.sleep(0))

    run(main())
