# tests/bridge/structured_examples.py: what fails in several at once, and how Python sees it.
# SPDX-License-Identifier: MIT
"""Exceptions that C++ awaits, and awaitables of C++ that end with groups of them."""

import asyncio
import traceback


async def members_of(future) -> str:
    """The exceptions of a group, each with the number of C++ functions that it has passed."""
    try:
        await future
    except BaseExceptionGroup as group:
        members = [f"{e!r} {len(traceback.extract_tb(e.__traceback__))}" for e in group.exceptions]
        return f"{type(group).__name__} {group}: {', '.join(members)}"
    return "no group"


kept = KeyError("kept")
kept_group = ExceptionGroup("kept", [kept])


async def raise_kept() -> None:
    try:
        await asyncio.sleep(0)
    finally:
        raise kept


async def raise_kept_group() -> None:
    raise kept_group


async def raise_base_exception() -> None:
    try:
        await asyncio.sleep(3600)
    finally:
        raise BaseException("no Exception")


async def all_are_kept(future) -> bool:
    try:
        await future
    except ExceptionGroup as group:
        return len(group.exceptions) == 2 and all(error is kept for error in group.exceptions)
    return False


async def is_kept_group(future) -> bool:
    try:
        await future
    except ExceptionGroup as group:
        # Its traceback would keep the frames, and with them the future.
        return group.with_traceback(None) is kept_group
    return False


async def kind_of(future) -> str:
    try:
        await future
    except BaseException as error:
        return type(error).__name__
    return "nothing"
