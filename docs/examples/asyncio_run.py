# docs/examples/asyncio_run.py: what asyncio.run takes.
# SPDX-License-Identifier: MIT
import asyncio

import my_module

print(asyncio.run(my_module.cpp_sleep(0.01)))  # a coroutine

try:
    my_module.start_sleep(0.01)  # a Future, and there is no loop for it yet
except RuntimeError as error:
    print(f"RuntimeError: {error}")


async def main() -> int:
    return await my_module.start_sleep(0.01)


print(asyncio.run(main()))
