# apps/pipeline/interest.py: the stage of the pipeline that is no process, but a coroutine of Python's.
# SPDX-License-Identifier: MIT
"""Says which words are worth counting."""

from collections.abc import AsyncIterator
from typing import Protocol

DULL = {"and", "are", "the", "that", "than", "there", "those", "should", "although"}


class Channel(Protocol):
    """What C++ hands over."""

    def __aiter__(self) -> AsyncIterator[str]:
        """Give what is sent, until the channel is closed."""

    async def send(self, item: str) -> None:
        """Wait until there is room, and put the item there."""

    def close(self) -> None:
        """Say that nothing more will come."""


async def keep_interesting(words: Channel, interesting: Channel) -> None:
    """Pass on the words that are, until there are no more."""
    async for word in words:
        if len(word) > 2 and word not in DULL:
            await interesting.send(word)
    interesting.close()
