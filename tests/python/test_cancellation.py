# tests/python/test_cancellation.py: cancelling from Python, however that is done.
# SPDX-License-Identifier: MIT
"""Cancellation: it reaches C++, waits for the clean-up, and leaves nothing behind."""

import asyncio
import gc
import random
import warnings
import weakref

import native
import pytest
from conftest import happens, under_way, wait_until


def test_cancel_unwinds_before_python_goes_on(run):
    async def main():
        cleaned = asyncio.Event()
        task = asyncio.create_task(native.clean_up_slowly(cleaned.set))
        await happens(under_way(1))
        task.cancel("enough")
        with pytest.raises(asyncio.CancelledError, match="enough"):
            await task
        assert cleaned.is_set()
        assert native.under_way() == 0

    run(main())


def test_cancel_before_the_start(run):
    async def main():
        task = asyncio.create_task(native.sleep(3600))
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    run(main())


def test_cancelled_when_cpp_has_just_ended(run):
    """As asyncio's own Tasks: who was told that it would be cancelled is not given a result."""

    def sleep_has_ended():
        """C++ has, and the loop, which is blocked, has not heard of it."""
        wait_until(lambda: native.under_way() == 1)
        wait_until(lambda: native.under_way() == 0)

    async def sleep_and_wait():
        await native.sleep(0.01)
        await asyncio.Event().wait()

    async def main():
        future = native.hot(0.01)
        sleep_has_ended()
        assert future.cancel("enough")
        with pytest.raises(asyncio.CancelledError, match="enough"):
            await future
        task = asyncio.create_task(sleep_and_wait())
        await asyncio.sleep(0)
        sleep_has_ended()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    run(asyncio.wait_for(main(), 20))


def test_a_coroutine_may_swallow_it(run):
    async def main():
        task = asyncio.create_task(native.swallow_cancellation())
        await happens(under_way(1))
        task.cancel()
        assert await task == "not me"

    run(main())


def test_timeouts(run):
    async def main():
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01):
                await native.sleep(3600)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(native.sleep(3600), 0.01)
        assert native.under_way() == 0
        shielded = asyncio.ensure_future(native.sleep(0.5))
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(asyncio.shield(shielded), 0.01)
        assert await shielded == 42

    run(main())


def test_a_task_group_cancels_the_others(run):
    async def main():
        with pytest.raises(ExceptionGroup) as group:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(native.sleep(3600))
                tasks.create_task(native.fail("first"))
        assert [type(e) for e in group.value.exceptions] == [native.CppError]
        assert native.under_way() == 0

    run(main())


def test_dropped_while_it_runs(run):
    async def main():
        for _ in range(10):
            waiting = native.sleep(3600)
            waiting.send(None)
            del waiting
        gc.collect()
        await happens(under_way(0))

    run(main())


def test_asyncio_run_cancels_what_is_left():
    async def main():
        tasks.add(asyncio.create_task(native.sleep(3600)))
        tasks.add(asyncio.create_task(native.clean_up_slowly(lambda: None)))
        await happens(under_way(2))

    tasks = set()
    asyncio.run(main())
    assert all(task.cancelled() for task in tasks)
    assert native.under_way() == 0


def test_a_thousand_loops_in_debug_mode_cancel_at_the_last_moment(new_loop):
    """A sleep of 100 ms, cancelled between 99 and 101 ms, many at a time so that it takes seconds and not minutes."""
    seed = random.randrange(2**32)
    print("seed:", seed)
    moments = random.Random(seed)
    unhandled = []

    async def one():
        task = asyncio.create_task(native.sleep(0.1))
        await asyncio.sleep(moments.uniform(0.099, 0.101))
        task.cancel()
        try:
            assert await task == 42
        except asyncio.CancelledError:
            cancelled.append(task)

    cancelled = []

    def run_one():
        with asyncio.Runner(loop_factory=new_loop, debug=True) as runner:
            runner.get_loop().set_exception_handler(lambda _, context: unhandled.append(context))
            runner.run(one())

    async def in_threads():
        await asyncio.gather(*(asyncio.to_thread(run_one) for _ in range(50)))

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for _ in range(20):
            asyncio.run(in_threads())
            gc.collect()
    assert unhandled == []
    assert len(cancelled) > 0


def test_left_over_references(run):
    class Payload:
        pass

    import weakref

    async def main():
        payload = Payload()
        gone = weakref.ref(payload)
        task = asyncio.create_task(native.await_what(wait(payload)))
        del payload
        await waits.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        del task
        gc.collect()
        await happens(lambda: gone() is None)

    async def wait(_):
        waits.set()
        await asyncio.sleep(3600)

    waits = asyncio.Event()

    run(asyncio.wait_for(main(), 20))


def test_closed_with_work_in_flight(new_loop):
    loop = new_loop()
    task = loop.create_task(native.sleep(3600))
    loop.run_until_complete(happens(under_way(1)))
    loop.close()
    wait_until(lambda: native.under_way() == 0)
    with pytest.raises((RuntimeError, asyncio.CancelledError)):
        task.get_coro().send(None)
    task._log_destroy_pending = False


def test_a_task_that_its_loop_never_stepped_is_collected(new_loop):
    """It has been looked at, and waits: the Future knows it, and the loop ends before asyncio knows the Future."""
    seen, kept = [], []

    async def wait():
        task = asyncio.current_task()
        task.get_name()
        seen.append(weakref.ref(task))
        del task
        asyncio.get_running_loop().stop()
        await native.hot(3600)

    async def main():
        await native.await_what(wait())

    loop = new_loop()
    kept.append(loop.create_task(main()))
    loop.run_forever()
    loop.close()
    kept.pop()._log_destroy_pending = False
    del loop
    gc.collect()
    assert seen[0]() is None
    wait_until(lambda: native.under_way() == 0)


def test_cancelled_when_asyncio_has_not_seen_the_end(run):
    """What C++ awaits is looked at, for the first time, in its last step: asyncio's own step of the task is to come."""
    seen = []

    async def last_look(waits, released):
        waits.set()
        await released
        seen.append(asyncio.current_task())
        seen[0].get_name()
        return 7

    async def main():
        loop = asyncio.get_running_loop()
        reported = []
        loop.set_exception_handler(lambda _, context: reported.append(context))
        waits, released = asyncio.Event(), loop.create_future()
        task = asyncio.create_task(native.await_what(last_look(waits, released)))
        await waits.wait()
        released.set_result(None)
        loop.call_soon(lambda: seen[0].cancel())
        assert await task == 7
        await asyncio.sleep(0)
        assert seen[0].done()
        del task
        seen.clear()
        gc.collect()
        assert reported == []

    run(main())


def test_a_result_on_its_way_when_its_loop_is_closed(new_loop):
    """The loop closes the coroutine that has the Future, before it comes to the Future itself."""
    kept = []

    async def wait(future):
        started.set()
        await asyncio.Event().wait()
        await future

    async def main():
        kept.append(asyncio.create_task(native.await_what(wait(native.hot(0.05)))))
        await started.wait()

    started = asyncio.Event()
    loop = new_loop()
    loop.run_until_complete(main())
    wait_until(lambda: native.under_way() == 0)
    loop.close()
    kept.pop()._log_destroy_pending = False
    gc.collect()


@pytest.mark.parametrize("debug", [False, True])
@pytest.mark.parametrize("seen", [False, True])
def test_what_cpp_awaits_is_closed_with_the_loop(new_loop, seen, debug):
    """Whoever has made its task, and whether it is one already: its `finally` runs, and nothing is complained of."""
    waits = asyncio.Event()
    kept, ended, reported = [], [], []

    async def wait():
        if seen:
            asyncio.current_task().get_name()
        try:
            waits.set()
            await asyncio.Event().wait()
        finally:
            ended.append(True)

    async def main():
        kept.append(asyncio.create_task(native.await_what(wait())))
        await waits.wait()

    loop = new_loop()
    loop.set_debug(debug)
    loop.set_exception_handler(lambda _, context: reported.append(context))
    loop.run_until_complete(main())
    loop.close()
    assert ended == [True]
    kept.pop()._log_destroy_pending = False
    gc.collect()
    assert reported == []
