# apps/standalone_service/service/__init__.py: the HTTPS server, and a look at it.
# SPDX-License-Identifier: MIT
import asyncio
import importlib.resources
import json
import ssl
from collections.abc import Awaitable, Callable

from aiohttp import web

from service.client import ask
from service.notes import Notes

CountWords = Callable[[str], Awaitable[int]]


def tls() -> ssl.SSLContext:
    """With a certificate for `localhost` that everybody knows the key of: take your own."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    with importlib.resources.as_file(importlib.resources.files(__name__) / "localhost.pem") as file:
        context.load_cert_chain(file)
    return context


def application(notes: Notes, count_words: CountWords) -> web.Application:
    async def add(request: web.Request) -> web.Response:
        text = await request.text()
        words = await count_words(text)
        return web.json_response({"id": notes.add(text, words), "words": words})

    async def show(request: web.Request) -> web.Response:
        return web.json_response(notes.all())

    async def tell(request: web.Request) -> web.Response:
        assert request.transport is not None
        version = request.transport.get_extra_info("ssl_object").version()
        return web.Response(text=f"{version}, on {type(asyncio.get_running_loop()).__module__}")

    made = web.Application()
    made.add_routes([web.get("/", tell), web.post("/notes", add), web.get("/notes", show)])
    return made


async def start(count_words: CountWords, port: int, database: str) -> web.AppRunner:
    runner = web.AppRunner(application(Notes(database), count_words))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port, ssl_context=tls()).start()
    return runner


async def serve(count_words: CountWords, port: int, database: str) -> None:
    runner = await start(count_words, port, database)
    try:
        print(f"https://localhost:{runner.addresses[0][1]}/notes")
        await asyncio.Event().wait()
    finally:
        await runner.cleanup()


async def demonstrate(count_words: CountWords) -> None:
    runner = await start(count_words, 0, ":memory:")
    try:
        itself, answers = await ask(runner.addresses[0][1])
        print(itself)
        for answer in answers:
            print(json.dumps(answer))
    finally:
        await runner.cleanup()
