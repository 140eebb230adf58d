# tests/bench/net/streams_server.py: the same with asyncio's streams, on asyncio's loop or uvloop: the peers.
# SPDX-License-Identifier: MIT
"""Usage: streams_server.py asyncio|uvloop; prints its port."""

import asyncio
import resource
import sys

from answers import answer


async def serve_one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while line := await reader.readline():
            writer.write((await answer(line.decode())).encode())
            await writer.drain()
    except ConnectionError:
        pass
    finally:
        writer.close()


async def main() -> None:
    server = await asyncio.start_server(serve_one, "127.0.0.1", 0, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
if sys.argv[1] == "uvloop":
    import uvloop

    uvloop.install()
asyncio.run(main())
