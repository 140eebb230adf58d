# tests/semantics/stress/side.py: the Python nodes of a random plan: they do what it says, and tell what they saw.
# SPDX-License-Identifier: MIT
"""The same as stress_side.cpp, in Python; C++ calls `node`, `items` and `open_gate`."""

import asyncio
import re
from collections.abc import AsyncIterator, Coroutine
from typing import Any

from cases.hosts import cpp

from stress.plan import Node, Plan, Step

ITEMS_OF_A_NODE = 1000
TO_CLEAN_UP = 0.0002
MARKED = re.compile(r"<(\d+)>")

Record = tuple[int, str, str]


class Round:
    """The plan that is carried out, and what is known of it. Any thread: its containers' operations are atomic."""

    def __init__(self, plan: Plan) -> None:
        self.nodes = plan.nodes
        self.records: list[Record] = []
        self.gates: dict[int, asyncio.Event] = {}
        self.tasks: list[set[asyncio.Task[Any]]] = [set() for _ in plan.loops]
        self.live: set[int] = set()
        """The frames of nodes that are there, be it that only a reference somewhere keeps them."""

    def record(self, id: int, what: str, how: str) -> None:
        self.records.append((id, what, how))


here: Round


def begin_round(plan: Plan) -> Round:
    global here
    here = Round(plan)
    cpp.stress_begin(list(plan.nodes.values()))
    return here


def outcome_of(error: BaseException) -> str:
    if isinstance(error, asyncio.CancelledError):
        return "cancelled"
    if isinstance(error, TimeoutError):
        return "timed out"
    if isinstance(error, GeneratorExit):
        return "closed"
    if isinstance(error, BaseExceptionGroup):
        return "raised several"
    if found := MARKED.search(str(error)):
        return f"raised {found[1]}"
    if "event loop of this task is closed" in str(error):
        return "loop closed"
    return f"other: {type(error).__name__}: {error}"


# ---- Nodes. ----


class Frame:
    """In a node's frame, from its first step to its end."""

    def __init__(self, plan: Node) -> None:
        self.plan = plan
        self.round = here
        here.live.add(plan.id)
        here.record(plan.id, "start", "")

    def ends(self, how: str) -> None:
        self.round.record(self.plan.id, "end", how)

    def __del__(self) -> None:
        self.round.live.discard(self.plan.id)


def finish(plan: Node) -> None:
    if plan.ending == "raise":
        raise ValueError(f"<{plan.id}>")
    if plan.ending == "raise_other":
        raise ArithmeticError(f"<{plan.id}>")
    if plan.ending == "cancel":
        raise asyncio.CancelledError


async def swallows(plan: Node) -> bool:
    """Cleans up behind a cancellation. (It has no need of the exception: a frame that has it is a cycle.)"""
    if plan.reaction != "unwind":
        await asyncio.sleep(TO_CLEAN_UP)
    if plan.reaction == "call":
        await cpp.answer()
    if plan.reaction == "fail":
        raise ValueError(f"<{plan.id}>")
    return plan.reaction == "swallow"


async def node(id: int) -> int:
    plan = here.nodes[id]
    frame = Frame(plan)
    try:
        try:
            for each in plan.steps:
                await perform(plan, each)
        except asyncio.CancelledError:
            if not await swallows(plan):
                raise
            value = -id
        else:
            finish(plan)
            value = id
    except BaseException as error:
        frame.ends(outcome_of(error))
        raise
    frame.ends(f"value {value}")
    return value


async def items(id: int) -> AsyncIterator[int]:
    plan = here.nodes[id]
    frame = Frame(plan)
    try:
        try:
            steps = iter(plan.steps)
            for i in range(plan.items):
                if each := next(steps, None):
                    await perform(plan, each)
                yield id * ITEMS_OF_A_NODE + i
            for each in steps:
                await perform(plan, each)
        except asyncio.CancelledError:
            if not await swallows(plan):
                raise
        else:
            finish(plan)
    except BaseException as error:
        frame.ends(outcome_of(error))
        raise
    frame.ends("end")


# ---- Edges: how a node awaits another one, and what it does to it. ----


def begin(loop: int, awaitable: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
    """A task that is kept until it has ended, and whose exception counts as seen."""
    task = asyncio.get_running_loop().create_task(awaitable)
    kept = here.tasks[loop]
    kept.add(task)

    def let_go(ended: asyncio.Task[Any]) -> None:
        kept.discard(ended)
        if not ended.cancelled():
            ended.exception()

    task.add_done_callback(let_go)
    return task


def in_line(child: Node) -> Coroutine[Any, Any, int]:
    if child.side == "python":
        return node(child.id)
    made: Coroutine[Any, Any, int] = (cpp.stress_node_inline if child.form == "inline" else cpp.stress_node)(child.id)
    return made


def cancel_elsewhere(running: asyncio.Future[int]) -> None:
    loop = asyncio.get_running_loop()

    def cancel() -> None:
        try:
            loop.call_soon_threadsafe(running.cancel)
        except RuntimeError:  # it is closed
            pass

    cpp.stress_elsewhere(cancel)


async def awaited(child: Node) -> str:
    if child.action == "timeout":
        async with asyncio.timeout(child.delay[1] / 1e6):
            return f"value {await in_line(child)}"
    if child.action == "close":
        in_line(child).close()
        return "dropped"
    if child.form == "stepped":
        stepped = in_line(child)
        stepped.send(None)
        try:
            await perform(child, child.delay)
        finally:
            del stepped  # not later, with the traceback
        return "dropped"
    if child.action == "none" and child.form in ("plain", "inline"):
        return f"value {await in_line(child)}"
    running = cpp.stress_node_hot(child.id) if child.form == "hot" else begin(child.loop, in_line(child))
    loop = asyncio.get_running_loop()
    try:
        if child.action != "none":
            await perform(child, child.delay)
        if child.action == "drop":
            return "dropped"
        if child.action == "cancel":
            running.cancel()
        elif child.action == "cancel_elsewhere":
            cancel_elsewhere(running)
        return f"value {await running}"
    finally:
        if child.action != "drop" and not loop.is_closed() and not running.done():
            running.cancel()
        del running


async def consumed(child: Node) -> str:
    round = here  # it may be closed in a later one
    count = 0
    stream = cpp.stress_items(child.id)
    try:
        if child.leave == 0:
            return "left"
        async for item in stream:
            if item != child.id * ITEMS_OF_A_NODE + count:
                return f"other: item {item}"
            count += 1
            if count == child.leave:
                if child.form == "aclose":
                    await stream.aclose()
                return "left"
        async for item in stream:
            return f"other: item {item} behind the end"
        return "end"
    finally:
        del stream
        round.record(child.id, "items", str(count))


async def edge(id: int) -> None:
    """Awaits it, and tells what came; raises that, unless it is what it was asked for."""
    round = here  # as above
    child = round.nodes[id]
    try:
        seen = await (consumed(child) if child.items else awaited(child))
    except BaseException as error:
        seen = outcome_of(error)
        round.record(id, "seen", seen)
        if seen == "timed out" and child.action == "timeout":
            return
        if seen == "cancelled" and child.action != "none" and not told_to_end():
            return
        raise
    round.record(id, "seen", seen)


def told_to_end() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


async def root(start: Step, id: int) -> None:
    try:
        await perform(here.nodes[id], start)
        await edge(id)
    except (Exception, asyncio.CancelledError):
        pass  # it is on record


async def all_of(loop: int, ids: list[int]) -> None:
    """As `when_all` has it. (A TaskGroup cannot be closed while it waits.)"""
    tasks = [begin(loop, edge(each)) for each in ids]
    try:
        _, pending = await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
        for each in pending:
            each.cancel()
        if pending:
            await asyncio.wait(pending)
        failures = [error for each in tasks if not each.cancelled() and (error := each.exception())]
        cancelled = any(each.cancelled() for each in tasks)
    except asyncio.CancelledError:
        for each in tasks:
            each.cancel()
        await asyncio.wait(tasks)
        raise
    finally:
        del tasks
    try:
        if len(failures) > 1:
            raise BaseExceptionGroup("several", failures)
        if failures:
            raise failures[0]
    finally:
        del failures
    if cancelled:
        raise asyncio.CancelledError


def open_gate(gate: int) -> None:
    """On the loop of the one who waits for it."""
    here.gates.setdefault(gate, asyncio.Event()).set()


async def perform(plan: Node, step: Step) -> None:
    what, amount, about = step
    if what == "turn":
        for _ in range(amount):
            await asyncio.sleep(0)
    elif what == "sleep":
        await asyncio.sleep(amount / 1e6)
    elif what == "hop":
        for _ in range(amount):
            await cpp.answer()
    elif what == "gate":
        gate = here.gates.setdefault(about[0], asyncio.Event())
        asyncio.get_running_loop().call_later(amount / 1e6, gate.set)
        await gate.wait()
    elif what == "open":
        cpp.stress_open(about[0])
    elif what == "open_python":
        open_gate(about[0])
    elif what == "forever":
        await asyncio.Event().wait()
    elif what == "await":
        await edge(about[0])
    elif what == "all":
        await all_of(plan.loop, about)
    else:
        raise ValueError(f"no such step: {what}")
