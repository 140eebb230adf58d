# tests/bench/net/answers.py: what the servers of Python's side answer.
# SPDX-License-Identifier: MIT


async def answer(line: str) -> str:
    return line
