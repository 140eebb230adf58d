# apps/real_client/pages.py: a web server and a client for it, both aiohttp's, on the loopback interface.
# SPDX-License-Identifier: MIT
"""A small site of numbered pages, and the way to read them."""

import asyncio
from typing import Self

from aiohttp import ClientSession, TCPConnector, web


class Site:
    """A server with numbered pages, which counts the requests that it serves at the same time."""

    def __init__(self) -> None:
        """Prepare a site that is not open yet."""
        application = web.Application()
        application.router.add_get("/pages/{number}", self._page)
        self._runner = web.AppRunner(application)
        self._serving = 0
        self.most_at_once = 0

    async def open(self) -> Self:
        """Listen on a free port."""
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        return self

    async def close(self) -> None:
        """Stop listening."""
        await self._runner.cleanup()

    @property
    def url(self) -> str:
        """Where the site is to be found."""
        host, port = self._runner.addresses[0]
        return f"http://{host}:{port}"

    async def _page(self, request: web.Request) -> web.Response:
        self._serving += 1
        self.most_at_once = max(self.most_at_once, self._serving)
        await asyncio.sleep(0.02)  # a page takes its time, so that requests do meet
        self._serving -= 1
        number = int(request.match_info["number"])
        return web.Response(text=f"page {number}\n" * (number + 1))


class Client:
    """Reads pages, over as many connections as it is allowed."""

    def __init__(self, url: str, connections: int) -> None:
        """Prepare a client of the site at `url`; within a running event loop."""
        self._session = ClientSession(url, connector=TCPConnector(limit=connections))

    async def get(self, number: int) -> str:
        """Return the text of a page."""
        async with self._session.get(f"/pages/{number}") as response:
            response.raise_for_status()
            return await response.text()

    async def close(self) -> None:
        """Close all connections."""
        await self._session.close()


async def open_site() -> Site:
    """Open a new site."""
    return await Site().open()
