# docs/examples/awaiting_cpp.py: Python awaits the coroutines of my_module.
# SPDX-License-Identifier: MIT
import asyncio

import my_module


async def main() -> None:
    # [await]
    print(await my_module.cpp_sleep(seconds=0.01))
    print(await asyncio.gather(*[my_module.cpp_sleep(0.01) for _ in range(3)]))
    # [/await]

    # [hot]
    sleeping = my_module.start_sleep(0.01)
    print(asyncio.isfuture(sleeping), await sleeping)
    # [/hot]

    # [for]
    print([n async for n in my_module.countdown(3)])
    # [/for]

    # [lookup]
    print(await my_module.lookup("colour"))
    try:
        await my_module.lookup("taste")
    except IndexError as error:
        print(f"IndexError: {error}")
    # [/lookup]

    # [cancel]
    task = asyncio.create_task(my_module.careful())
    await asyncio.sleep(0)
    task.cancel()
    print(await task)
    # [/cancel]

    # [timeout]
    try:
        async with asyncio.timeout(0.01):
            await my_module.cpp_sleep(3600)
    except TimeoutError:
        print("an hour is too long")
    # [/timeout]


asyncio.run(main())
