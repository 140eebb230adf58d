# apps/echo_server/answers.py: answers a line of a client.
# SPDX-License-Identifier: MIT
"""What the server says is Python's affair."""

import ast
import asyncio


async def answer(line: str) -> str:
    """Give back the line; of a sum, what it comes to, after a while."""
    terms = line.split("+")
    if len(terms) < 2:
        return line
    await asyncio.sleep(0.01)
    try:
        return str(sum(ast.literal_eval(each.strip()) for each in terms))
    except (MemoryError, OverflowError, RecursionError, SyntaxError, TypeError, ValueError):
        return f"{line}: no numbers"
