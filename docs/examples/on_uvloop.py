# docs/examples/on_uvloop.py: an extension module on uvloop.
# SPDX-License-Identifier: MIT
import asyncio

import my_module
import uvloop


async def main() -> None:
    print(type(asyncio.get_running_loop()).__module__, await my_module.cpp_sleep(0.01))


with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
    runner.run(main())
