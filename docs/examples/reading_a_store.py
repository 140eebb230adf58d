# docs/examples/reading_a_store.py: awaits the method of a class that pybind11 binds.
# SPDX-License-Identifier: MIT
import asyncio

from store_module import Store


async def main() -> None:
    print(await asyncio.gather(*[Store().read_async(key) for key in ("a", "b")]))


asyncio.run(main())
