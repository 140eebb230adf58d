# tests/python/test_loops.py: many event loops: one after another, of different kinds, in threads, elsewhere.
# SPDX-License-Identifier: MIT
"""Several loops in one process."""

import asyncio
import concurrent.futures
import threading

import native
import pytest
from conftest import factories


def test_one_after_another(new_loop):
    for _ in range(3):
        with asyncio.Runner(loop_factory=new_loop) as runner:
            assert runner.run(native.sleep(0.001)) == 42
            assert runner.run(native.sleep(0.001)) == 42


def test_of_different_kinds():
    for _ in range(2):
        for factory in factories():
            with asyncio.Runner(loop_factory=factory.values[0]) as runner:
                assert runner.run(native.current_loop()) is runner.get_loop()


def test_the_tasks_of_another_loop_are_left_alone(new_loop):
    """Only on its own thread does a coroutine that C++ awaits become a Task (and in debug mode asyncio would say so)."""

    async def all_tasks():
        return asyncio.all_tasks()

    async def main():
        loop = asyncio.get_running_loop()
        released = loop.create_future()
        waits = asyncio.Event()

        async def wait():
            waits.set()
            return await released

        task = asyncio.create_task(native.await_what(wait()))
        await waits.wait()
        loop.set_debug(True)
        assert len(await asyncio.to_thread(asyncio.run, all_tasks())) == 1
        assert len(await asyncio.to_thread(asyncio.all_tasks, loop)) == 3
        assert len(asyncio.all_tasks()) == 3
        released.set_result(5)
        assert await task == 5

    with asyncio.Runner(loop_factory=new_loop) as runner:
        runner.run(main())


def test_in_threads_at_once(new_loop):
    async def main():
        loop = asyncio.get_running_loop()
        for _ in range(20):
            assert await asyncio.gather(*(native.sleep(0.001) for _ in range(20))) == [42] * 20
            assert await native.current_loop() is loop
            assert [i async for i in native.ticks(5)] == list(range(5))

    def in_thread():
        with asyncio.Runner(loop_factory=new_loop) as runner:
            runner.run(main())

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        for done in [pool.submit(in_thread) for _ in range(8)]:
            done.result(60)


def test_a_loop_that_runs_in_another_thread(new_loop):
    """As in a notebook: the loop is the host's, and calls come from other threads."""
    loop = new_loop()
    host = threading.Thread(target=loop.run_forever)
    host.start()
    try:
        calls = [asyncio.run_coroutine_threadsafe(native.sleep(0.001), loop) for _ in range(100)]
        assert [call.result(20) for call in calls] == [42] * 100
        assert asyncio.run_coroutine_threadsafe(native.current_loop(), loop).result(20) is loop
        assert asyncio.run(native.sleep(0.001)) == 42

        async def hot():
            return await native.hot(0.001)

        assert asyncio.run_coroutine_threadsafe(hot(), loop).result(20) == 42
    finally:
        loop.call_soon_threadsafe(loop.stop)
        host.join(20)
        loop.close()


def test_stopped_from_cpp(new_loop):
    loop = new_loop()
    task = loop.create_task(native.stop_loop())
    loop.run_forever()
    loop.run_until_complete(task)
    loop.close()


def test_uvloop_has_a_libuv_of_its_own():
    """Both at work, in one process: neither calls the other's."""
    uvloop_loop = pytest.importorskip("uvloop.loop")

    async def main():
        for _ in range(50):
            answers = await asyncio.gather(native.sleep(0.001), asyncio.sleep(0.001, "uvloop"), native.sleep(0.002))
            assert answers == [42, "uvloop", 42]

    uvloops = uvloop_loop.libuv_get_version()
    with asyncio.Runner(loop_factory=uvloop_loop.Loop) as runner:
        runner.run(main())
    called, built_with = native.libuv_versions()
    assert called >> 8 == built_with >> 8  # but for the patch level, which a shared library may have another of
    assert uvloop_loop.libuv_get_version() == uvloops


def test_debug_mode(run):
    async def main():
        assert await native.sleep(0.001) == 42
        with pytest.raises(native.CppError):
            await native.fail("broken")
        assert [i async for i in native.ticks(3)] == [0, 1, 2]

    run(main(), debug=True)


def test_a_task_factory(run):
    made = []

    def factory(loop, coroutine, **options):
        made.append(coroutine)
        return asyncio.Task(coroutine, loop=loop, **options)

    async def main():
        asyncio.get_running_loop().set_task_factory(factory)
        assert await asyncio.create_task(native.sleep(0.001)) == 42
        assert await native.await_what(asyncio.sleep(0, "slept")) == "slept"
        assert len(made) >= 2

    run(main())
