# apps/standalone_service/service/client.py: asks the service.
# SPDX-License-Identifier: MIT
import importlib.resources
import ssl
from typing import Any

import aiohttp


def trusting() -> ssl.SSLContext:
    """It trusts the service's own certificate, and no other."""
    text = importlib.resources.files(__package__).joinpath("localhost.pem").read_text()
    return ssl.create_default_context(cadata=text[text.index("-----BEGIN CERTIFICATE") :])


async def ask(port: int) -> tuple[str, list[Any]]:
    """What the service says of itself, and when it gets two notes and is asked for them."""
    url = f"https://localhost:{port}"
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=trusting())) as session:
        async with session.get(f"{url}/") as response:
            itself = await response.text()
        answers = []
        for text in ("buy milk", "await the other world"):
            async with session.post(f"{url}/notes", data=text) as response:
                answers.append(await response.json())
        async with session.get(f"{url}/notes") as response:
            answers.append(await response.json())
    return itself, answers
