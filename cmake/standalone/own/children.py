# cmake/standalone/own/children.py: the processes that `multiprocessing` starts by running this executable again.
# SPDX-License-Identifier: MIT
"""`multiprocessing` runs `sys.executable` for its children, for the server that forks them, and for the one that keeps track of
what they share: with `--multiprocessing-fork`, since `sys.frozen` is set, or as `python -c` with a line of its own making. Such a
line is recognised and its function is called; what is none of those lines is not run."""

import ast
import sys
from typing import Any


def serve(arguments: list[str]) -> int:
    """The exit code."""
    try:
        if arguments[0] == "--multiprocessing-fork":
            serve_spawned(arguments[1:])
        else:
            serve_line(arguments[arguments.index("-c") + 1])
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    return 0


def serve_spawned(given: list[str]) -> None:
    from multiprocessing import spawn

    named: dict[str, Any] = {}
    for each in given:
        name, _, value = each.partition("=")
        named[name] = None if value == "None" else int(value)
    spawn.spawn_main(**named)


def serve_line(line: str) -> None:
    """`from multiprocessing.<module> import main; main(<constants>)`"""
    importing, calling = ast.parse(line).body
    if not (
        isinstance(importing, ast.ImportFrom)
        and importing.module in ("multiprocessing.forkserver", "multiprocessing.resource_tracker")
        and isinstance(calling, ast.Expr)
        and isinstance(calling.value, ast.Call)
    ):
        sys.exit(f"pyasync: this is no line of multiprocessing's: {line}")
    call = calling.value
    positional = [ast.literal_eval(each) for each in call.args]
    named: dict[str, object] = {}
    for each in call.keywords:
        value = ast.literal_eval(each.value)
        named.update(value if each.arg is None else {each.arg: value})
    __import__(importing.module, fromlist=["main"]).main(*positional, **named)
