# apps/downloader/file_server.py: a slow server on asyncio, for the downloader to show itself with.
# SPDX-License-Identifier: MIT
"""Serves some files of random bytes, and checks what has become of them."""

import asyncio
import hashlib
import random
from pathlib import Path

SIZES = {"notes.txt": 3_000, "map.png": 200_000, "letters.zip": 60_000, "song.ogg": 400_000, "film.mkv": 800_000}
FILES = {name: random.Random(name).randbytes(size) for name, size in SIZES.items()}
PIECE = 8192  # so much every 10 ms
SERVERS: list[asyncio.Server] = []


async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer one request, piece by piece."""
    try:
        request = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        body = FILES[request.split()[1].removeprefix("/")]
        writer.write(f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode())
        for start in range(0, len(body), PIECE):
            await asyncio.sleep(0.01)
            writer.write(body[start : start + PIECE])
            await writer.drain()
    except ConnectionError:
        pass  # it no longer wants the rest
    finally:
        writer.close()


async def start() -> list[str]:
    """Begin to serve, and tell where."""
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    SERVERS.append(server)
    port = server.sockets[0].getsockname()[1]
    return [f"http://127.0.0.1:{port}/{name}" for name in FILES]


async def stop() -> None:
    """End it."""
    server = SERVERS.pop()
    server.close()
    await server.wait_closed()


async def check(folder: Path) -> None:
    """Compare what has been downloaded with what was served."""
    for name, body in FILES.items():
        came = await asyncio.to_thread((folder / name).read_bytes)
        if hashlib.sha256(came).digest() != hashlib.sha256(body).digest():
            raise ValueError(f"{name} has changed on its way")
    print(f"{len(FILES)} files have the sha256 that they had at the server", flush=True)
