# tests/python/test_anyio.py: code written for anyio, on its asyncio backend.
# SPDX-License-Identifier: MIT
"""Cancel scopes, task groups."""

import native
import pytest

anyio = pytest.importorskip("anyio")


def test_cancel_scopes():
    async def main():
        with anyio.move_on_after(0.01) as scope:
            await native.sleep(3600)
        assert scope.cancel_called
        with pytest.raises(TimeoutError):
            with anyio.fail_after(0.01):
                await native.sleep(3600)
        with anyio.CancelScope() as outer:
            with anyio.CancelScope(shield=True):
                outer.cancel()
                assert await native.sleep(0.001) == 42
            await native.sleep(3600)
            pytest.fail("not cancelled")
        assert native.under_way() == 0

    anyio.run(main)


def test_task_groups():
    results = []

    async def add(length):
        results.append(await native.sleep(length))

    async def main():
        async with anyio.create_task_group() as group:
            for _ in range(10):
                group.start_soon(add, 0.001)
        assert results == [42] * 10
        async with anyio.create_task_group() as group:
            group.start_soon(native.sleep, 3600)
            while native.under_way() < 1:
                await anyio.sleep(0.001)
            group.cancel_scope.cancel()
        assert native.under_way() == 0

    anyio.run(main)


def test_streams():
    async def main():
        for _ in range(20):  # sometimes an item comes with the cancellation
            with anyio.move_on_after(0.0105):
                async for _ in native.ticks(1_000_000, 0.001):
                    pass
        while native.under_way():
            await anyio.sleep(0.001)

    anyio.run(main)
