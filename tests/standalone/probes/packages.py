# tests/standalone/probes/packages.py: packages that somebody else has made, with their extensions.
# SPDX-License-Identifier: MIT
import asyncio
import importlib
import importlib.metadata
import sys
from pathlib import Path

import aiohttp
import compiled
import uvloop
from aiohttp import _http_parser, web


def places() -> None:
    """All of them are in the executable, by their `__file__`."""
    for each in (uvloop, uvloop.loop, aiohttp, _http_parser):
        print(each.__file__.removeprefix(sys.executable))  # type: ignore[union-attr]


def compiled_package() -> None:
    print(compiled.__package__, compiled.inner.__name__, compiled.__path__ == [f"{sys.executable}/compiled"])


def again() -> None:
    """However often an extension is imported, it is loaded once."""
    before = places_in_memory()
    for _ in range(3):
        del sys.modules["compiled"], sys.modules["compiled.inner"]
        importlib.import_module("compiled")
    print(places_in_memory() == before)


def places_in_memory() -> int:
    return Path("/proc/self/maps").read_text().count(" r-xp ")


async def served(request: web.Request) -> web.Response:
    return web.json_response({"path": request.path})


async def http() -> None:
    application = web.Application()
    application.router.add_get("/{name}", served)
    runner = web.AppRunner(application)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0]
    async with aiohttp.ClientSession() as session, session.get(f"http://{host}:{port}/page") as answer:
        print(answer.status, await answer.json())
    await runner.cleanup()


async def on_uvloop() -> None:
    async def loop() -> str:
        await asyncio.sleep(0)
        return type(asyncio.get_running_loop()).__module__

    def run() -> str:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            return runner.run(loop())

    print(await asyncio.to_thread(run))


def metadata() -> None:
    print(importlib.metadata.version("aiohttp"), importlib.metadata.metadata("aiohttp")["Name"])
    print(sorted(each.metadata["Name"] for each in importlib.metadata.distributions()))
    try:
        importlib.metadata.version("nobody")
    except importlib.metadata.PackageNotFoundError as error:
        print(error)
