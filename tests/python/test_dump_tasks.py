# tests/python/test_dump_tasks.py: a module that binds dump_tasks shows what Python and its C++ wait for.
# SPDX-License-Identifier: MIT
"""What waits for what, as a Python program asks a module."""

import asyncio
import re

import native

TREE = re.compile(
    r"""^\* Python task Task-\d+ \S*outer \[asyncio 0\] waits for a C\+\+ task, at \S*test_dump_tasks.py:\d+ in \S*outer
  \* C\+\+ task \S* \[libuv 0\] waits for a Python awaitable, at \S*native.cpp:\d+ in \S+
    \* Python task [^\n]*inner \[asyncio 0\] waits for a C\+\+ task, at \S*test_dump_tasks.py:\d+ in \S*inner
      \* C\+\+ task \S*cpp_sleep \[libuv 0\] waits for uv::sleep, [\d.]+ s left, at \S*native.cpp:\d+ in \S*cpp_sleep$""",
    re.MULTILINE,
)


def test_the_tree_of_what_waits(run):
    """From the loop's own thread, and from another one."""

    async def inner():
        await native.sleep(3600)

    async def outer():
        await native.await_what(inner())

    async def main():
        task = asyncio.create_task(outer())
        text = ""
        while "cpp_sleep" not in text:  # the innermost has come to its wait
            await asyncio.sleep(0)
            text = native.dump_tasks()
        assert TREE.search(text), text
        assert "* Python task Task-" in text and " runs, at " in text  # this one, in this line
        assert TREE.search(await asyncio.to_thread(native.dump_tasks))
        task.cancel()
        await asyncio.wait([task])

    run(main())
    run(main(), debug=True)


def test_without_any_task(run):
    """Only the loops are there."""

    async def main():
        return native.dump_tasks()

    assert re.match(r"\d event loops?\n", run(main()))
