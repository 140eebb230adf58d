# tests/python/test_coroutines.py: C++ coroutine functions are to Python what `async def` is.
# SPDX-License-Identifier: MIT
"""Calling, awaiting, stepping."""

import asyncio
import collections.abc
import contextvars
import gc
import inspect
import io
import sys
import weakref

import native
import pytest


def test_asyncio_run_awaits_a_coroutine():
    assert asyncio.run(native.sleep(0.001)) == 42


def test_a_call_runs_nothing(run):
    waiting = native.sleep(3600)
    assert native.under_way() == 0
    waiting.close()
    with pytest.raises(RuntimeError, match="cannot reuse already awaited coroutine"):
        run(waiting)


def test_what_asyncio_offers(run):
    async def main():
        assert await native.sleep(0.001) == 42
        assert await asyncio.create_task(native.sleep(0.001)) == 42
        assert await asyncio.gather(native.sleep(0.001), native.sleep(0), asyncio.sleep(0, 1)) == [42, 42, 1]
        assert await asyncio.wait_for(native.sleep(0.001), 10) == 42
        assert await asyncio.shield(native.sleep(0.001)) == 42
        async with asyncio.timeout(10):
            assert await native.sleep(0.001) == 42
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(native.sleep(0.001)) for _ in range(10)]
        assert [task.result() for task in tasks] == [42] * 10
        assert [await each for each in asyncio.as_completed([native.sleep(0.001) for _ in range(10)])] == [42] * 10
        done, pending = await asyncio.wait([asyncio.ensure_future(native.sleep(0.001))])
        assert len(done) == 1 and not pending

    run(main())


def test_the_object(run):
    waiting = native.sleep(0.001)
    assert asyncio.iscoroutine(waiting)
    assert inspect.isawaitable(waiting)
    assert isinstance(waiting, collections.abc.Coroutine)
    assert waiting.__name__ == waiting.__qualname__ == "sleep"
    assert waiting.cr_running is False
    assert waiting.cr_await is None
    assert repr(waiting).startswith("<coroutine object sleep at 0x")
    assert run(waiting) == 42


def test_steps_by_hand():
    async def main():
        waiting = native.sleep(0.001)
        with pytest.raises(TypeError, match="can't send non-None value to a just-started coroutine"):
            waiting.send(1)
        assert inspect.getcoroutinestate(waiting) == inspect.CORO_CREATED
        future = waiting.send(None)
        assert inspect.getcoroutinestate(waiting) == inspect.CORO_SUSPENDED
        assert asyncio.isfuture(future)
        assert waiting.cr_await is future
        await asyncio.wait([future])
        with pytest.raises(StopIteration) as end:
            waiting.send(None)
        assert end.value.value == 42
        assert inspect.getcoroutinestate(waiting) == inspect.CORO_CLOSED
        with pytest.raises(RuntimeError, match="cannot reuse already awaited coroutine"):
            waiting.send(None)

    asyncio.run(main())


def test_the_stack_of_a_task():
    async def main():
        task = asyncio.create_task(native.sleep(0.001), name="sleeper")
        await asyncio.sleep(0)
        text = io.StringIO()
        task.print_stack(file=text)
        assert "native.cpp" in text.getvalue() and "in sleep" in text.getvalue()
        assert "coro=<sleep()>" in repr(task)
        await task

    asyncio.run(main())


def test_throw_and_close():
    async def main():
        waiting = native.sleep(3600)
        with pytest.raises(KeyError):
            waiting.throw(KeyError("before its start"))
        waiting = native.sleep(3600)
        waiting.send(None)
        with pytest.raises(KeyError):
            waiting.throw(KeyError("while it waits"))
        waiting = native.sleep(3600)
        waiting.send(None)
        waiting.close()
        waiting.close()

    asyncio.run(main())


def test_never_awaited():
    with pytest.warns(RuntimeWarning, match="coroutine 'sleep' was never awaited"):
        native.sleep(1)
        gc.collect()


def test_awaited_twice(run):
    async def main():
        waiting = native.sleep(0.001)
        await waiting
        with pytest.raises(RuntimeError, match="cannot reuse already awaited coroutine"):
            await waiting

    run(main())


def test_awaited_by_two_at_once(run):
    async def main():
        waiting = native.sleep(0.01)
        first = asyncio.create_task(waiting)
        await asyncio.sleep(0)
        with pytest.raises(RuntimeError):
            await waiting
        await asyncio.wait([first])
        first.exception()

    run(main())


def test_exceptions(run):
    async def main():
        with pytest.raises(native.CppError, match="std::runtime_error: broken"):
            await native.fail("broken")
        with pytest.raises(ValueError, match="broken"):
            await native.fail_with_value_error("broken")
        results = await asyncio.gather(native.fail("a"), native.sleep(0), return_exceptions=True)
        assert isinstance(results[0], native.CppError) and results[1] == 42

    run(main())


def test_stop_iteration_is_no_result(run):
    def stop():
        raise StopIteration(4)

    async def main():
        for function in (native.call_back, native.call_back_inline):
            with pytest.raises(RuntimeError, match="coroutine raised StopIteration") as raised:
                await function(stop)
            assert isinstance(raised.value.__cause__, StopIteration)
        assert await native.call_back(lambda: 5) == 5

    run(main())


def test_weak_references():
    waiting = native.sleep(1)
    gone = weakref.ref(waiting)
    assert gone() is waiting
    waiting.close()
    del waiting
    assert gone() is None


def test_inline_start(run):
    async def main():
        assert await native.at_once(7) == 7
        assert await native.at_once_or_later(7) == 7
        assert await native.at_once_or_later(7, later=True) == 7

    run(main())
    with pytest.raises(StopIteration) as end:
        native.at_once(7).send(None)  # needs no loop
    assert end.value.value == 7


def test_context_variables(run):
    variable = contextvars.ContextVar("variable", default="outer")

    async def main():
        variable.set("inner")
        assert await native.read_variable(variable) == "inner"
        assert await asyncio.create_task(native.read_variable(variable)) == "inner"

    run(main())
    assert variable.get() == "outer"


def test_python_awaits_cpp_awaits_python(run):
    async def inner(value):
        await asyncio.sleep(0)
        return await native.give_back(value)

    async def main():
        marker = object()
        assert await native.await_what(inner(marker)) is marker
        assert await native.call_and_await(lambda: inner(marker)) is marker
        with pytest.raises(ZeroDivisionError):
            await native.await_what(divide())
        with pytest.raises(TypeError):
            await native.await_what(1)

    async def divide():
        return 1 // 0

    run(main())


def test_what_a_function_is():
    assert asyncio.iscoroutinefunction(native.sleep)
    assert inspect.iscoroutinefunction(native.sleep) == (sys.version_info >= (3, 12))
    assert not asyncio.iscoroutinefunction(native.add)
    assert not asyncio.iscoroutinefunction(native.ticks)


def test_as_a_method(run):
    class Holder:
        give_back = native.give_back

    holder = Holder()
    assert run(holder.give_back()) is holder
