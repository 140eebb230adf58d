# tests/python/test_channels.py: channels of a C++ module in Python.
# SPDX-License-Identifier: MIT
"""Both ends, in either language."""

import asyncio
import gc
import inspect
import pickle
import threading
import weakref

import native
import pytest
from conftest import wait_until


@pytest.mark.parametrize("capacity", [0, 1, 64])
def test_from_cpp(run, capacity):
    async def main():
        numbers = native.make_channel(capacity)
        async with asyncio.TaskGroup() as group:
            group.create_task(native.produce(numbers, 1000))
            assert [i async for i in numbers] == list(range(1000))

    run(main())
    run(main(), debug=True)


@pytest.mark.parametrize("capacity", [0, 1, 64])
@pytest.mark.parametrize("consume", [native.consume, native.consume_inline])
def test_to_cpp(run, capacity, consume):
    async def main():
        numbers = native.make_channel(capacity)
        async with asyncio.TaskGroup() as group:
            received = group.create_task(consume(numbers))
            for i in range(1000):
                await numbers.send(i)
            numbers.close()
        assert received.result() == list(range(1000))

    run(main())


def test_back_pressure(run):
    async def main():
        numbers = native.make_channel(2)
        producing = asyncio.create_task(native.produce(numbers, 10))
        seen = []
        while len(numbers) < 2:
            await asyncio.sleep(0)
        async for i in numbers:
            assert len(numbers) <= 2
            seen.append(i)
        await producing
        assert seen == list(range(10))

    run(main())


def test_what_the_module_has(run):
    async def main():
        numbers = native.make_channel(1)
        assert type(numbers) is native.Channel
        assert inspect.signature(native.consume).parameters["source"].annotation == "Channel[int]"
        assert native.Channel[int].__origin__ is native.Channel
        with pytest.raises(TypeError):
            native.Channel()
        assert native.ChannelClosed.__module__ == "native"
        assert type(pickle.loads(pickle.dumps(native.ChannelClosed("x")))) is native.ChannelClosed
        assert issubclass(native.ChannelClosed, Exception)
        assert inspect.iscoroutine(numbers.send) is False
        sending = numbers.send(1)
        assert asyncio.iscoroutine(sending)
        assert sending.__name__ == "send"
        await sending
        assert await numbers.receive() == 1
        numbers.close()
        for refused in (numbers.send(1), numbers.receive()):
            with pytest.raises(native.ChannelClosed, match="the channel is closed"):
                await refused
        with pytest.raises(TypeError, match="expected int, got str"):
            numbers.send("x")
        with pytest.raises(TypeError, match=r"expected Channel\[int\], got list"):
            native.consume([1, 2])
        gone = weakref.ref(numbers)
        del numbers, sending, refused
        gc.collect()
        assert gone() is None

    run(main())


def test_a_timeout_takes_nothing(run):
    async def main():
        numbers = native.make_channel(1)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.001):
                await numbers.receive()
        await numbers.send(1)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.001):
                await numbers.send(2)
        assert await numbers.receive() == 1
        with pytest.raises(asyncio.QueueEmpty):
            numbers.receive_nowait()

    run(main())


def test_cancelling_many_receivers_loses_nothing(run):
    async def main():
        numbers = native.make_channel(4)
        count = 2000
        producing = asyncio.create_task(native.produce(numbers, count))
        seen = []

        async def receive_some():
            while True:
                seen.append(await numbers.receive())

        while len(seen) < count:
            receivers = [asyncio.create_task(receive_some()) for _ in range(3)]
            for _ in range(3):
                await asyncio.sleep(0)
            for receiver in receivers:
                receiver.cancel()
            await asyncio.gather(*receivers, return_exceptions=True)
            if all(isinstance(r.exception() if not r.cancelled() else None, native.ChannelClosed) for r in receivers):
                break
        await producing
        assert sorted(seen) == list(range(count))

    run(main())


def test_cancelling_cpp(run):
    async def main():
        numbers = native.make_channel(1)
        producing = asyncio.create_task(native.produce(numbers, 10))
        while len(numbers) < 1:
            await asyncio.sleep(0)
        producing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await producing
        assert native.under_way() == 0
        assert await numbers.receive() == 0
        with pytest.raises(asyncio.QueueEmpty):
            numbers.receive_nowait()

    run(main())


def test_what_still_waits_at_the_end_is_cancelled(run):
    async def main():
        numbers = native.make_channel(0)
        for waiting in (numbers.receive(), native.consume(numbers)):
            tasks.append(asyncio.create_task(waiting))
        await asyncio.sleep(0.001)

    tasks = []
    run(main())
    assert all(task.cancelled() for task in tasks)
    wait_until(lambda: native.under_way() == 0)


def test_two_event_loops(new_loop):
    numbers = native.make_channel(3)
    seen = []

    async def collect():
        seen.extend([i async for i in numbers])

    async def fill():
        for i in range(500):
            await numbers.send(i)
        numbers.close()

    def run_in_a_loop(coroutine):
        with asyncio.Runner(loop_factory=new_loop) as runner:
            runner.run(coroutine)

    other = threading.Thread(target=run_in_a_loop, args=[collect()])
    other.start()
    run_in_a_loop(fill())
    other.join()
    assert seen == list(range(500))
