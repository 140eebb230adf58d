# docs/examples/awaiting_arguments.py: C++ awaits what Python gives it.
# SPDX-License-Identifier: MIT
import asyncio

import my_module


async def hello() -> str:
    await asyncio.sleep(0.01)
    return "hello"


async def main() -> None:
    print(await my_module.shout(hello()))
    print(await my_module.shout_often(hello, 3))


asyncio.run(main())
print(my_module.shout_and_block(hello()))
