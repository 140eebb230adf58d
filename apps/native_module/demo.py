# apps/native_module/demo.py: what a Python user does with the package.
# SPDX-License-Identifier: MIT
"""Awaits C++: by asyncio.run, beside Python's own tasks, as a stream, from a TCP server; and cancels it."""

import asyncio
import time

import native_module


async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Sends back whatever comes."""
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
    writer.close()


async def main() -> None:
    start = time.monotonic()
    answers = await asyncio.gather(*(native_module.sleep(0.1) for _ in range(1000)), asyncio.sleep(0.1, "Python"))
    print(f"a thousand C++ sleeps beside one of Python: {sorted(set(answers), key=str)}, ", end="")
    print(f"in less than a second: {time.monotonic() - start < 1}")

    print("ticks:", [tick async for tick in native_module.ticks(3)])

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        print("echo:", await native_module.echo("127.0.0.1", port, text="from C++ to Python and back"))
    try:
        await native_module.echo("127.0.0.1", port)
    except ConnectionRefusedError:
        print("the server is gone: ConnectionRefusedError")

    try:
        async with asyncio.timeout(0.05):
            await native_module.sleep(3600)
    except TimeoutError:
        print("an hour is too long: TimeoutError")

    print(f"checksum of a view of memory: {await native_module.checksum(memoryview(b'pyasync')[2:]):#x}")


if __name__ == "__main__":
    print("asyncio.run of a C++ coroutine:", asyncio.run(native_module.sleep(seconds=0.01)))
    asyncio.run(main())
