# tests/python/test_bindings.py: classes of pybind11's and nanobind's whose methods are coroutines.
# SPDX-License-Identifier: MIT
"""The adapters."""

import asyncio
import gc
import importlib
import importlib.util

import pytest
from conftest import wait_until

PRESENT = [name for name in ("bound_by_pybind11", "bound_by_nanobind") if importlib.util.find_spec(name)]


@pytest.fixture(params=PRESENT or [pytest.param("", marks=pytest.mark.skip("neither pybind11 nor nanobind"))])
def bound(request):
    return importlib.import_module(request.param)


def test_methods_and_functions(bound, run):
    async def main():
        account = await bound.open_account(10)
        assert account.balance() == 10
        assert await account.deposit(5) == 15
        assert await asyncio.gather(*(account.deposit(1) for _ in range(10))) == list(range(16, 26))
        with pytest.raises(ValueError, match="not negative"):
            await account.deposit(-1)
        assert await bound.names(2) == ["name", "name"]
        with pytest.raises(TypeError):
            account.deposit("much")

    run(main())
    assert asyncio.run(bound.Account(1).deposit(1)) == 2


def test_an_object_lives_as_long_as_its_coroutines(bound, run):
    async def main():
        watching = bound.Account(5).watch(bound.Account(2))
        watching.send(None)
        gc.collect()
        assert bound.alive() == 2
        del watching  # unwinds in C++, where it uses both
        while bound.alive():
            await asyncio.sleep(0.001)
        assert bound.last_seen() == 7

    run(asyncio.wait_for(main(), 20))


def test_never_awaited(bound):
    account = bound.Account(1)
    with pytest.warns(RuntimeWarning, match="never awaited"):
        account.deposit(1)
        gc.collect()
    del account
    gc.collect()
    wait_until(lambda: bound.alive() == 0)
