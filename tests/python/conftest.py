# tests/python/conftest.py: the event loops that the tests run on.
# SPDX-License-Identifier: MIT
"""Fixtures."""

import asyncio
import gc
import importlib.util
import time

import native
import pytest

HAS_UVLOOP = importlib.util.find_spec("uvloop") is not None


def factories():
    yield pytest.param(asyncio.new_event_loop, id="asyncio")
    if HAS_UVLOOP:
        import uvloop

        yield pytest.param(uvloop.new_event_loop, id="uvloop")


@pytest.fixture(params=list(factories()))
def new_loop(request):
    """Makes an event loop of a kind."""
    return request.param


@pytest.fixture
def run(new_loop):
    """As asyncio.run, on a loop of the kind; in debug mode where asked to. Nothing may reach the exception handler."""

    def run_on_loop(coroutine, debug=None):
        unhandled = []
        with asyncio.Runner(loop_factory=new_loop, debug=debug) as runner:
            runner.get_loop().set_exception_handler(lambda _, context: unhandled.append(context))
            result = runner.run(coroutine)
            gc.collect()
        assert unhandled == []
        return result

    return run_on_loop


def wait_until(condition, seconds=20):
    """Waits for what happens on another thread."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it does not happen"
        time.sleep(0.001)


async def happens(condition, seconds=20):
    """The same within a coroutine, whose loop goes on meanwhile."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it does not happen"
        await asyncio.sleep(0.001)


def under_way(number):
    """Whether so many C++ coroutines have begun and not ended."""
    return lambda: native.under_way() == number


@pytest.fixture(autouse=True)
def nothing_left():
    """Every test leaves as many C++ coroutines under way as it has found: none."""
    yield
    gc.collect()
    wait_until(lambda: native.under_way() == 0)
