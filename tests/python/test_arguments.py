# tests/python/test_arguments.py: signatures, keyword arguments, defaults, errors, memory that is not copied.
# SPDX-License-Identifier: MIT
"""What callers give."""

import array
import asyncio
import copy
import gc
import inspect
import pickle
import pydoc

import native
import pytest
from conftest import happens, under_way


def test_signatures():
    def text(function):
        return str(inspect.signature(function))

    assert text(native.sleep) == "(seconds: 'float') -> 'int'"
    assert text(native.join) == "(first: 'str', second: 'str', times: 'int' = 1) -> 'str'"
    assert text(native.ticks) == "(count: 'int', interval: 'float' = 0.0) -> 'AsyncGenerator[int, None]'"
    assert text(native.add) == "(arg1: 'int', arg2: 'int', /) -> 'int'"
    assert text(native.maybe) == "(value: 'int | None' = None) -> 'int'"
    assert text(native.hot) == "(seconds: 'float')"


def test_names_and_help():
    assert native.__doc__ == "What the tests of extension modules import."
    assert native.__version__ == "1.2.3"
    assert native.limits == [1, 2, 3]
    assert native.sleep.__name__ == native.sleep.__qualname__ == "sleep"
    assert native.sleep.__module__ == "native"
    assert native.sleep.__doc__ == "Sleep for that many seconds, then return 42."
    assert repr(native.sleep) == "<C++ async function sleep>"
    assert native.CppError.__module__ == "native"
    assert native.give_back.__doc__ is None
    listed = pydoc.plain(pydoc.render_doc(native))
    assert "join(first: 'str', second: 'str', times: 'int' = 1) -> 'str'" in listed
    assert "Join two texts." in listed


def test_as_values():
    assert pickle.loads(pickle.dumps(native.sleep)) is native.sleep
    assert copy.deepcopy(native.sleep) is native.sleep
    native.add.note = "kept"
    assert native.add.note == "kept"
    del native.add.note
    error = pickle.loads(pickle.dumps(native.CppError("x")))
    assert type(error) is native.CppError


def test_names_are_texts():
    for name in ("__name__", "__qualname__"):
        with pytest.raises(TypeError, match="must be set to a string object"):
            setattr(native.sleep, name, 3)
        with pytest.raises(TypeError, match="must be set to a string object"):
            delattr(native.sleep, name)
    native.scale.__name__ = "other"
    assert native.scale.__name__ == "other"
    native.scale.__name__ = "scale"
    del native.scale.__doc__
    assert native.scale.__doc__ is None
    native.scale.__doc__ = [native.scale]  # a cycle, to be collected at the end


def test_keywords_and_defaults(run):
    async def main():
        assert await native.join("a", "b") == "ab"
        assert await native.join("a", "b", 2) == "abab"
        assert await native.join("a", second="b", times=2) == "abab"
        assert await native.join(times=1, second="y", first="x") == "xy"
        assert await native.greet("Python") == "Good morning, dear Python"

    run(main())
    assert native.scale(2) == 4.0
    assert native.scale(value=2, by=0.5) == 1.0
    assert native.maybe() == native.maybe(None) == -1


async def twin(first, second, times=1): ...


def error_of(call):
    with pytest.raises(TypeError) as raised:
        call()
    return str(raised.value)


@pytest.mark.parametrize(
    "arguments, keywords",
    [
        ((), {}),
        (("a",), {}),
        (("a", "b", 1, 2), {}),
        (("a", "b"), {"other": 1}),
        (("a", "b"), {"first": 1}),
        ((), {"second": "b"}),
        ((), {"times": 1}),
    ],
)
def test_errors_are_those_of_python(arguments, keywords):
    ours = error_of(lambda: native.join(*arguments, **keywords))
    assert ours == error_of(lambda: twin(*arguments, **keywords)).replace("twin", "join")


def test_wrong_types_name_the_argument():
    assert error_of(lambda: native.sleep("long")) == "sleep() argument 'seconds': expected float, got str"
    assert error_of(lambda: native.join("a", 1)) == "join() argument 'second': expected str, got int"
    assert error_of(lambda: native.add(1)) == "add() takes 2 positional arguments but 1 was given"
    assert error_of(lambda: native.add(1, b=2)) == "add() takes no keyword arguments"
    assert error_of(lambda: native.add(1, None)) == "add() argument 2: expected int, got NoneType"


def test_arguments_live_as_long_as_the_coroutine(run):
    async def main():
        waiting = [native.join("x" * 100 + str(i), "y" * 100, 3) for i in range(100)]
        gc.collect()
        for i, text in enumerate(await asyncio.gather(*waiting)):
            assert text == ("x" * 100 + str(i) + "y" * 100) * 3

    run(main())


def test_memory_is_not_copied(run):
    async def main():
        data = bytearray(range(100))
        adding = asyncio.create_task(native.add_up(data, 0.01))
        await asyncio.sleep(0)
        with pytest.raises(BufferError):
            data.append(1)
        data[0] = 100  # C++ sees it
        assert await adding == sum(range(100)) + 100
        data.append(1)
        assert await native.add_up(memoryview(b"\x01\x02\x03\x04")[1:3]) == 5
        assert await native.add_up(array.array("b", [1, 2])) == 3
        await native.fill(data, 7)
        assert set(data) == {7}

    run(main())


def test_memory_is_free_when_the_await_returns(run):
    async def main():
        data = bytearray(8)
        for seconds in (0, 0.001):
            assert await native.add_up(data, seconds) == sum(data)
            data.append(1)
            with memoryview(bytearray(8)) as view:
                assert await native.add_up(view, seconds) == 0

    run(main())


def test_memory_that_does_not_fit():
    assert error_of(lambda: native.add_up("text")).startswith("add_up() argument 'data': expected a buffer")
    with pytest.raises(BufferError, match=r"add_up\(\) argument 'data': expected a contiguous"):
        native.add_up(memoryview(b"abcd")[::2])
    with pytest.raises(BufferError, match="read-only"):
        native.fill(b"abcd", 1)


def test_memory_is_given_back_when_nobody_waits_any_more(run):
    async def main():
        data = bytearray(10)
        adding = asyncio.create_task(native.add_up(data, 3600))
        await happens(under_way(1))
        adding.cancel()
        with pytest.raises(asyncio.CancelledError):
            await adding
        waiting = native.add_up(data, 3600)
        waiting.close()
        dropped = native.add_up(data, 3600)
        dropped.send(None)
        del dropped
        while True:
            try:
                data.append(1)
                break
            except BufferError:
                await asyncio.sleep(0.001)

    run(asyncio.wait_for(main(), 20))
