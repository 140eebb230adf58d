# tests/semantics/page.py: docs/semantics.md, out of the table.
# SPDX-License-Identifier: MIT
"""Usage: page.py ROOT [--write]: checks that docs/semantics.md is what the table gives, or writes it."""

import difflib
import sys
from collections.abc import Iterator
from pathlib import Path

sys.dont_write_bytecode = True  # the sources stay clean

import matrix  # noqa: E402

INTRODUCTION = """\
# What happens when

One side awaits, the other one works; the table below says what either sees of every way in which that can end. It holds on
asyncio's own loop and on uvloop, in an application and in an extension module; where these two differ, both are named. To
clean up is what stands in a `finally`, in a `catch (const pyasync::cancelled&)`, in a destructor: it may wait, and whoever
is to go on after it does. Each result has a test of that name, which runs on both loops and in both hosts
([`tests/semantics`](../tests/semantics); this page is made from the same table, `tests/semantics/matrix.py`).

What is written here of cancellation is `asyncio`'s own rule, on both sides: it is thrown once, where the task waits; it may
be swallowed, and what then comes is the outcome. What was cancelled is never completed later.
"""

CONTEXT = """\
## In whose name

Context variables, and asyncio's current task.
"""

ERRORS = """\
## What exceptions keep

Beside type and message; it does not matter how often they cross.
"""

DROPPING = """\
## Dropping

What nobody has any more is cancelled, and leaves nothing behind. (`PYASYNC_TEST_REQUESTS=10000000` drops ten million.) Python's
garbage collector does not see what a C++ frame has: where a coroutine's argument has the coroutine itself, or a generator that
has not ended is in a variable of the context that it was begun in, they keep each other.
"""

FORKING = """\
## Forking

A child that `os.fork()` has made within an event loop has the parent's memory, but no C++ tasks: their threads are not there.
Nothing that the parent had under way moves in it, unless it goes back to the loop. What `asyncio` and uvloop themselves share
with the child (sockets, and on uvloop the loop's own descriptors) is their affair: a child does best to leave soon.
"""

LOOPS = """\
## Loops and threads

A C++ task carries the event loop in whose name it runs (`task_locals`), from `co_await` to `co_await` and from thread to thread.
"""

PEERS = """\
## What must not happen

Defects that other bridges between languages have, or had, and what happens here instead.
"""

STOPPING = """\
## Stopping

A program may end while much is under way, on both sides. It ends within a bound, says what was left when the bound is hit,
prints nothing else, and keeps its exit code. (What the program has given to Python's `atexit` takes the time that it takes.
`PYASYNC_TEST_RUNS=100` runs each of these tests a hundred times.)

Beside the tests of single results stands one of random plans: coroutines, futures and streams of both sides, nested, on several
loops at once, which are cancelled, dropped, left, raised in, closed and stopped at random moments; every outcome is checked
against a model that allows what is written here (`tests/semantics/stress`). `PYASYNC_STRESS_SECONDS=3600 ./dev test -R stress`
runs them for an hour; without that it is a minute.
"""


def sentence(result: matrix.Result) -> str:
    if isinstance(result, str):
        return result
    return " ".join(f"*{matrix.HOSTS[host].capitalize()}:* {text}" for host, text in result.items())


def table(head: tuple[str, ...], rows: Iterator[tuple[str, ...]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield f"|{' --- |' * len(head)}"
    for row in rows:
        yield f"| {' | '.join(row)} |"
    yield ""


def page() -> str:
    lines = [INTRODUCTION]
    lines += table(("outcome", "what it means"), ((each.title, each.meaning) for each in matrix.OUTCOMES.values()))
    for key, direction in matrix.DIRECTIONS.items():
        lines += [f"## {direction.title}", "", f"{direction.how}.", ""]
        lines += table(
            ("outcome", "result", "test"),
            (
                (outcome.title, sentence(direction.results[name]), f"`{key}.{name}`")
                for name, outcome in matrix.OUTCOMES.items()
            ),
        )
    for name, head, text in (
        ("context", "what happens", CONTEXT),
        ("errors", "what happens", ERRORS),
        ("dropping", "what happens", DROPPING),
        ("peers", "defect", PEERS),
        ("stopping", "what happens", STOPPING),
        ("loops", "what happens", LOOPS),
        ("forking", "what happens", FORKING),
    ):
        group = matrix.GROUPS[name]
        lines.append(text)
        lines += table(
            (head, "result", "test"),
            ((about, sentence(group.results[key]), f"`{name}.{key}`") for key, about in group.about.items()),
        )
    return "\n".join(lines).rstrip("\n") + "\n"


def main() -> int:
    file = Path(sys.argv[1]) / "docs/semantics.md"
    if sys.argv[2:] == ["--write"]:
        file.write_text(page())
        return 0
    written = file.read_text() if file.exists() else ""
    difference = difflib.unified_diff(written.splitlines(), page().splitlines(), str(file), "the table", lineterm="")
    found = [*matrix.faults(), *difference]
    print("\n".join(found) or "docs/semantics.md is what the table gives")
    if found:
        print(f"(to write it: {Path(__file__).name} ROOT --write)")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
