# tests/semantics/cases/case.py: what a case is, and all of them by their names.
# SPDX-License-Identifier: MIT
"""A case says what its process does, line by line, and how it ends."""

import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

HOSTS = ("application", "module")
READY = "Python: ready"


@dataclass(frozen=True)
class Expected:
    """What a process shows: the events of both sides in their order, its exit code, and its stderr, a pattern."""

    events: tuple[str, ...]
    code: int = 0
    stderr: str = ""


@dataclass(frozen=True)
class Case:
    """A coroutine function, which the host's event loop runs; or, by hand, a function that makes its loops by itself."""

    function: Callable[..., Any]
    expected: dict[str, Expected]
    by_hand: bool
    leaves_loop: bool  # a module's host neither runs its loop to the end nor closes it
    limit: int  # milliseconds that the end of an application may take
    seconds: int  # that the process may take: most take a tenth of one, but maybe not under a sanitizer
    signal: int | None  # what the process gets when it has recorded READY


CASES: dict[str, Case] = {}


def lines(text: str) -> tuple[str, ...]:
    return tuple(textwrap.dedent(text).strip().splitlines())


def case(
    events: str,
    *,
    in_module: str | None = None,
    by_hand: bool = False,
    leaves_loop: bool = False,
    code: int | dict[str, int] = 0,
    stderr: str | dict[str, str] = "",
    limit: int = 10_000,
    seconds: int = 60,
    signal: int | None = None,
    direction: str | None = None,
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Declares a case that shows these events; `in_module` are those of a module where they are others."""

    def of_host(host: str) -> Expected:
        shown = in_module if host == "module" and in_module is not None else events
        return Expected(
            lines(shown),
            code[host] if isinstance(code, dict) else code,
            stderr[host] if isinstance(stderr, dict) else stderr,
        )

    def declare(function: Callable[..., Any]) -> Callable[..., Any]:
        name = f"{direction or function.__module__.rpartition('.')[2]}.{function.__name__}"
        if name in CASES:
            raise ValueError(f"there are two cases {name}")
        expected = {host: of_host(host) for host in HOSTS}
        CASES[name] = Case(function, expected, by_hand, leaves_loop, limit, seconds, signal)
        return function

    return declare
