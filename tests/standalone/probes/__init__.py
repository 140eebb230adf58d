# tests/standalone/probes/__init__.py: what the standalone executable of the tests can be asked to do.
# SPDX-License-Identifier: MIT
"""A probe is a function, or a coroutine function, of one of the modules here: `python:where`. It prints what the test looks at."""

import importlib
import inspect


async def run(name: str, arguments: list[str]) -> None:
    module, _, function = name.partition(":")
    result = getattr(importlib.import_module(f"probes.{module}"), function)(*arguments)
    if inspect.isawaitable(result):
        await result
