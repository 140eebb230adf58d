# tests/bridge/bridge_examples.py: the Python side of the bridge's tests.
# SPDX-License-Identifier: MIT
"""Coroutines and functions that the tests call."""

import asyncio
import contextvars
import gc
import selectors
import types
import warnings
import weakref

request_id: contextvars.ContextVar[str] = contextvars.ContextVar("request_id", default="none")
events: list[str] = []


def make_loop_with_reader() -> asyncio.AbstractEventLoop:
    return asyncio.SelectorEventLoop(selectors.PollSelector())


async def answer() -> int:
    return 42


async def later(value: object) -> object:
    await asyncio.sleep(0)
    await asyncio.sleep(0.001)
    return value


def plus(a: int, b: int = 1, *, c: int = 0) -> int:
    return a + b + c


def fail_with_cause(message: str) -> None:
    raise ValueError(message) from KeyError("inner")


async def fail(message: str) -> None:
    raise ValueError(message)


async def fail_later(message: str) -> None:
    await asyncio.sleep(0)
    raise ValueError(message)


def future_of(value: object) -> asyncio.Future:
    future = asyncio.get_running_loop().create_future()
    asyncio.get_running_loop().call_soon(future.set_result, value)
    return future


class Awaitable:
    """Neither a coroutine nor a Future."""

    def __await__(self):
        yield from asyncio.sleep(0).__await__()
        return "awaited"


class PlainIterator:
    """Can be awaited, and has no `throw`."""

    def __init__(self) -> None:
        self.future: asyncio.Future | None = None

    def __await__(self):
        return self

    def __next__(self):
        if self.future is None:
            self.future = asyncio.get_running_loop().create_future()
            self.future.get_loop().call_soon(self.future.set_exception, KeyError("not there"))
            self.future._asyncio_future_blocking = True
            return self.future
        raise StopIteration(self.future.result())


def raise_cancelled() -> None:
    raise asyncio.CancelledError("no coroutine")


async def cancel_itself_and_wait() -> str:
    task = asyncio.current_task()
    assert task is not None
    task.cancel("no more")
    try:
        await asyncio.sleep(3600)
    except asyncio.CancelledError as error:
        return str(error)
    return ""


@types.coroutine
def generator_coroutine():
    yield
    return "generated"


@types.coroutine
def yield_without_await():
    yield asyncio.get_running_loop().create_future()


async def cancelled_in_gather(function) -> str:
    """gather() over C++ futures, one of which is cancelled by somebody else."""
    futures = [function(), function()]
    gathered = asyncio.gather(*futures)
    while "waiting" not in events:
        await asyncio.sleep(0)
    futures[1].cancel()
    futures[0].cancel()
    return await outcome(gathered)


async def same_task() -> bool:
    before = asyncio.current_task()
    await asyncio.sleep(0)
    return before is asyncio.current_task() and isinstance(before, asyncio.Task)


async def task_after_end() -> asyncio.Task:
    task = asyncio.current_task()
    assert task is not None
    task.set_name("observed")
    return task


async def await_other(task: asyncio.Task) -> str:
    await asyncio.wait([task])
    return f"{task.get_name()} {task.done()}"


async def timed_out() -> str:
    try:
        async with asyncio.timeout(0.001):
            await asyncio.Event().wait()
    except TimeoutError:
        return "timed out"
    return "not timed out"


async def timed_out_at_once() -> str:
    try:
        async with asyncio.timeout(0):
            await asyncio.sleep(0)
            await asyncio.Event().wait()
    except TimeoutError:
        return "timed out"
    return "not timed out"


async def grouped() -> int:
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(later(i)) for i in range(5)]
    return sum(task.result() for task in tasks)


async def cancel_itself() -> str:
    task = asyncio.current_task()
    assert task is not None
    task.cancel()
    await asyncio.sleep(0)
    return "not reached"


async def wait_forever() -> None:
    events.append("waiting")
    try:
        await asyncio.Event().wait()
    except asyncio.CancelledError:
        events.append("cancelled")
        await asyncio.sleep(0)
        events.append("cleaned up")
        raise
    finally:
        events.append("ended")


async def wait_quietly() -> None:
    await asyncio.Event().wait()


def ignore(_: object) -> None:
    """Lets go of what it is given."""


async def swallow_cancellation() -> str:
    events.append("waiting")
    try:
        await asyncio.Event().wait()
    except asyncio.CancelledError:
        pass
    return "swallowed"


async def until_waiting() -> None:
    while "waiting" not in events:
        await asyncio.sleep(0)


def take_events() -> str:
    taken = ", ".join(events)
    events.clear()
    return taken


async def set_request_id(value: str) -> None:
    request_id.set(value)


async def set_request_id_later(value: str) -> None:
    await asyncio.sleep(0)
    request_id.set(value)


def get_request_id() -> str:
    return request_id.get()


async def with_request_id(value: str, function) -> str:
    request_id.set(value)
    return await function()


async def gather(function, count: int) -> int:
    return sum(await asyncio.gather(*[function(i) for i in range(count)]))


async def describe(future) -> str:
    kinds = (asyncio.isfuture(future), asyncio.iscoroutine(future), future.get_loop() is asyncio.get_running_loop())
    return f"{kinds} {await future}"


async def outcome(future) -> str:
    try:
        return f"value {await future}"
    except BaseException as error:
        return f"{type(error).__name__} {error}"


async def cancel_when_waiting(function) -> str:
    task = asyncio.ensure_future(function())
    while "waiting" not in events:
        await asyncio.sleep(0)
    task.cancel()
    result = await outcome(task)
    events.append("seen by Python")
    return result


async def wait_for(function) -> str:
    try:
        await asyncio.wait_for(function(), 0.001)
    except TimeoutError:
        return "timed out"
    return "not timed out"


async def drop(function) -> None:
    future = function()
    while "waiting" not in events:
        await asyncio.sleep(0)
    del future


async def until_event(name: str) -> None:
    while name not in events:
        await asyncio.sleep(0)


def record(event: str) -> None:
    events.append(event)


async def callbacks(function) -> str:
    loop = asyncio.get_running_loop()
    called: asyncio.Future = loop.create_future()
    future = function()

    def removed(_) -> None:
        called.set_exception(AssertionError("called although it was removed"))

    def second(done) -> None:
        called.set_result(f"{done.result()} {request_id.get()} {request_id.get()}")

    context = contextvars.copy_context()
    context.run(request_id.set, "of the callback")
    future.add_done_callback(removed)
    future.add_done_callback(removed)
    assert future.remove_done_callback(removed) == 2
    future.add_done_callback(lambda _: None)
    future.add_done_callback(second, context=context)
    first = await called
    again: asyncio.Future = loop.create_future()
    future.add_done_callback(again.set_result)
    assert (await again) is future
    return first


async def states(function) -> str:
    future = function()
    seen = []
    for ask in (future.result, future.exception):
        try:
            ask()
        except asyncio.InvalidStateError as error:
            seen.append(str(error))
    seen.append(f"{future.done()} {future.cancelled()}")
    await future
    seen.append(f"{future.done()} {future.cancelled()} {future.exception()} {future.cancel()}")
    return "; ".join(seen)


async def never_retrieved(function) -> str:
    loop = asyncio.get_running_loop()
    reported: asyncio.Future = loop.create_future()
    loop.set_exception_handler(lambda _, details: reported.set_result(details))
    future = function()
    done: asyncio.Future = loop.create_future()
    future.add_done_callback(lambda _: done.set_result(None))
    await done
    del future
    details = await reported
    return f"{details['message']}: {details['exception']!r}"


async def shielded(function) -> str:
    inner = function()
    outer = asyncio.shield(inner)
    outer.cancel()
    first = await outcome(outer)
    return f"{first}/{await outcome(inner)}"


async def in_completion_order(function, count: int) -> int:
    return sum([await each for each in asyncio.as_completed([function(i) for i in range(count)])])


async def tick(counter: list[int], turns: int) -> int:
    for _ in range(turns):
        await asyncio.sleep(0)
        counter[0] += 1
    return counter[0]


class CountingFactory:
    """A task factory of an old kind, which knows nothing of contexts."""

    def __init__(self) -> None:
        self.made = 0

    def __call__(self, loop, coroutine):
        self.made += 1
        return asyncio.Task(coroutine, loop=loop)


def install_factory() -> CountingFactory:
    factory = CountingFactory()
    asyncio.get_running_loop().set_task_factory(factory)
    return factory


def install_eager_factory() -> None:
    asyncio.get_running_loop().set_task_factory(asyncio.eager_task_factory)


# ---- Coroutine functions of C++. ----


async def await_it(function, *arguments) -> object:
    return await function(*arguments)


async def call_and_forget(function) -> int:
    """The caller keeps the function until the call has been made, no longer: so it is dropped while its coroutine runs."""
    functions = [function]
    del function
    coroutine = functions.pop()()
    return await coroutine


async def gather_them(function, count: int) -> int:
    return sum(await asyncio.gather(*[function(i) for i in range(count)]))


async def with_request_id_and(value: str, function, *arguments) -> str:
    request_id.set(value)
    return await function(*arguments)


async def protocol(function) -> str:
    coroutine = function(1)
    assert asyncio.iscoroutine(coroutine) and not asyncio.isfuture(coroutine)
    assert coroutine.__name__ == coroutine.__qualname__ == "made" and "made" in repr(coroutine)
    assert not coroutine.cr_running and coroutine.cr_await is None
    assert await coroutine == 2
    try:
        await coroutine
        return "awaited twice"
    except RuntimeError as error:
        assert "already awaited" in str(error)
    assert await asyncio.create_task(function(2)) == 4
    assert await asyncio.wait_for(function(3), 10) == 6
    async with asyncio.TaskGroup() as group:
        task = group.create_task(function(4))
    assert task.result() == 8
    try:
        function("text")
        return "took a str"
    except TypeError:
        pass
    unused = function(5)
    try:
        unused.send(1)
        return "took a value"
    except TypeError:
        pass
    unused.close()
    unused.close()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        function(6)
    assert [str(one.message) for one in caught] == ["coroutine 'made' was never awaited"], caught
    try:
        function(7).throw(KeyError("thrown"))
        return "not thrown"
    except KeyError:
        pass
    return "as it should"


async def endings(function) -> str:
    """Three ways to end a coroutine that waits: its Task is cancelled, it is closed, something is thrown into it."""
    events.clear()
    task = asyncio.create_task(function())
    await until_waiting()
    task.cancel()
    assert (await outcome(task)).startswith("CancelledError")
    for end in ("close", "throw"):
        events.clear()
        coroutine = function()
        assert asyncio.isfuture(coroutine.send(None))
        await until_waiting()
        if end == "close":
            coroutine.close()
        else:
            try:
                coroutine.throw(KeyError("thrown"))
                return "not thrown"
            except KeyError:
                pass
        try:
            coroutine.send(None)
            return "stepped after its end"
        except RuntimeError:
            pass
    return "as it should"


def step_without_loop(function, *arguments) -> object:
    try:
        function(*arguments).send(None)
    except StopIteration as stop:
        return stop.value
    except RuntimeError as error:
        return f"RuntimeError: {error}"
    return "waits"


async def each_in_its_own_context(function, count: int) -> str:
    """Each of the tasks sets `request_id` and reads it again; what they read, and what is seen here afterwards."""
    request_id.set("outer")
    read = await asyncio.gather(*[function(str(number)) for number in range(count)])
    return f"{read == [f'outer {number}' for number in range(count)]} {request_id.get()}"


async def callbacks_in_their_own_contexts(function) -> str:
    """Two callbacks that are added in one context: what the second sees of what the first has set."""
    request_id.set("outer")
    seen = []

    def look_and_set(_: object) -> None:
        seen.append(request_id.get())
        request_id.set("inner")

    futures = [function() for _ in range(2)]
    for future in futures:
        future.add_done_callback(look_and_set)
    await asyncio.gather(*futures)
    return f"{seen} {request_id.get()}"


async def context_values_die(function) -> bool:
    """Is what a context variable had in the tasks' context gone, once they have ended and the variable is reset?"""

    class Value:
        pass

    value = Value()
    gone = weakref.ref(value)
    token = request_id.set(value)
    await asyncio.gather(*[function() for _ in range(3)])
    request_id.reset(token)
    del value, token
    gc.collect()
    return gone() is None


async def drop_all(function, count: int) -> None:
    """Lets go of Futures at any time: before their operations end, while the message is on its way, and after."""
    held = []
    for number in range(count):
        held.append(function())
        if number % 7 == 0:
            held.clear()
        if number % 50 == 0:
            await asyncio.sleep(0)
    cycle = [function()]
    cycle.append(cycle)
    del cycle
    gc.collect()
