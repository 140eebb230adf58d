# apps/nanobind_module/demo.py: awaits the methods of a C++ object.
# SPDX-License-Identifier: MIT
"""Mail, in C++."""

import asyncio

from nanobind_module import Mailbox, forward


async def main() -> None:
    home, office = Mailbox("home"), Mailbox("office")
    print("delivered:", sorted(await asyncio.gather(*(office.deliver(f"letter {i}") for i in range(3)))))
    print("forwarded:", await forward(office, home))
    print(f"{home.owner}:", sorted(await home.collect()))
    print(f"{office.owner}:", await office.collect())


asyncio.run(main())
