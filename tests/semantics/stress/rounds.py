# tests/semantics/stress/rounds.py: runs plans, one round after another, and the process that ends in the midst of one.
# SPDX-License-Identifier: MIT
"""What differs from the model is printed, with the seed; so is what the round is that runs now, in case it hangs."""

import asyncio
import contextlib
import faulthandler
import gc
import logging
import os
import random
import signal
import stat
import sys
import threading
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from cases.hosts import IN_APPLICATION, NewLoop, cpp

from stress.model import Model
from stress.plan import EXIT_CODE, LoopPlan, Plan, draw, draw_ending, way_to_end
from stress.side import Record, Round, begin, begin_round, outcome_of, root

BOUND = 60
"""Seconds; a round takes a hundredth of one, but maybe not under a sanitizer on a busy machine."""

LONGEST_ROUND = 3 * BOUND + 5
LEFT_BY_ASYNCIO = (
    "Task was destroyed but it is pending!",
    "an error occurred during closing of asynchronous generator",
    "was never awaited",
)
"""What Python says of what began while asyncio cancelled its tasks, or was about to: nobody waits for that before the loop
is closed. Where C++ gives up on one thread what is only about to begin on another one, that may be so of a plan that finishes, too."""
CLOSED_LATE = "was scheduled after loop.shutdown_asyncgens() call"
"""A generator that has never begun, of a C++ task that has ended: where asyncio itself ends the loop, it may do so before it hears
that it was given up."""
LOOP_THREADS = (1, 1, 2, 3)
ROUNDS_TO_FALSIFY = 50
"""So many of a process's rounds are used to see that the model would notice."""


@dataclass
class Running:
    """A round on its way."""

    plan: Plan
    model: Model
    round: Round
    faults: list[str] = field(default_factory=list)

    def records(self) -> list[Record]:
        return [*self.round.records, *cpp.stress_records()]

    def unended(self, loop: int | None = None) -> set[int]:
        """The nodes that have begun, or were sent on their way, and have not ended."""
        open: set[int] = set()
        ended: set[int] = set()
        for id, what, how in self.records():
            node = self.plan.nodes[id]
            if loop is None or node.loop == loop:
                if what == "end":
                    ended.add(id)
                elif what == "start" or (how == "detached" and not self.model.loop_ends_early(node)):
                    open.add(id)
        vanished = {id for id in open if loop is None and self.model.may_vanish(self.plan.nodes[id])}
        return open - ended - vanished

    def fault(self, what: str) -> None:
        """It is printed at once: the round may hang from here on."""
        self.faults.append(what)
        os.write(1, f"fault: {what}\n".encode())

    def is_left_by_asyncio(self, loop: LoopPlan, message: str) -> bool:
        if CLOSED_LATE in message:
            return not loop.by_framework
        if loop.by_framework or not any(each in message for each in LEFT_BY_ASYNCIO):
            return False
        return loop.end != "finish" or (loop_threads > 1 and self.is_given_up_by_cpp(loop))

    def is_given_up_by_cpp(self, loop: LoopPlan) -> bool:
        """Something of this loop's."""
        return any(
            node.loop == loop.index
            and node.parent_side == "cpp"
            and (node.action in ("drop", "drop_elsewhere") or node.leave >= 0)
            for node in self.plan.nodes.values()
        )

    def report(self, loop: LoopPlan, context: dict[str, Any]) -> None:
        """What an event loop has nobody else to tell."""
        if self.is_left_by_asyncio(loop, context["message"]):
            return
        error = context.get("exception")
        if error is None or not self.model.may_be_reported(outcome_of(error)):
            self.fault(f"the event loop {loop.index} reports {context}")


running: Running
loop_threads = 1


def start(plan: Plan) -> Running:
    global running
    running = Running(plan, Model(plan), begin_round(plan))
    return running


# ---- One loop, to whatever end. ----


async def body(index: int) -> None:
    """What a loop's `main` does; C++ calls it, too."""
    this = running
    plan = this.plan.loops[index]
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _, context: this.report(plan, context))
    loop.slow_callback_duration = BOUND  # type: ignore[attr-defined]
    roots = [begin(index, root(delay, id)) for delay, id in plan.roots]
    if plan.end == "finish":
        await finished(this, index, roots)
    elif plan.end == "interrupt":
        main = asyncio.current_task()
        assert main is not None
        loop.call_later(plan.delay, main.cancel)
        await asyncio.Event().wait()
    else:
        await asyncio.sleep(plan.delay)


async def finished(this: Running, index: int, roots: list[asyncio.Task[None]]) -> None:
    await asyncio.wait(roots, timeout=BOUND)
    end = time.monotonic() + BOUND
    while (unended := this.unended(index)) or len(asyncio.all_tasks()) > 1:
        if time.monotonic() > end:
            this.fault(f"these nodes hang: {sorted(unended)}, these tasks: {asyncio.all_tasks()}")
            return
        await asyncio.sleep(0.001)


def run_loop(this: Running, plan: LoopPlan, new_loop: NewLoop, name: str) -> None:
    sys.set_coroutine_origin_tracking_depth(8)  # so that a warning of one that was never awaited tells who made it
    try:
        if plan.by_framework:
            cpp.stress_run(name, plan.debug, f"{__name__}:{body.__name__}", plan.index)
        elif plan.end == "close":
            run_and_close(this, plan, new_loop())
        else:
            with asyncio.Runner(debug=plan.debug, loop_factory=new_loop) as runner:
                runner.run(body(plan.index))
    except asyncio.CancelledError:
        if plan.end != "interrupt":
            this.fault(f"loop {plan.index} was cancelled:\n{traceback.format_exc()}")
    except BaseException:
        this.fault(f"loop {plan.index} ended:\n{traceback.format_exc()}")


def run_and_close(this: Running, plan: LoopPlan, loop: asyncio.AbstractEventLoop) -> None:
    loop.set_debug(plan.debug)
    loop.run_until_complete(body(plan.index))
    left = [task for task in this.round.tasks[plan.index] if not task.done()]
    for task in left:
        # asyncio says by itself what of it is left; that is not what is looked at.
        task._log_destroy_pending = False  # type: ignore[attr-defined]
    loop.close()
    for task in left:
        # While there is the task: to collect a coroutine may drop its task, which closes the coroutine while it runs, and
        # CPython 3.11 does not survive that (it is `asyncio.timeout` that drops it).
        task.get_coro().close()  # type: ignore[union-attr]
    this.round.tasks[plan.index].clear()


# ---- One round. ----


def run_round(seed: int, new_loop: NewLoop, name: str) -> Running:
    this = start(draw(seed))
    first, *rest = this.plan.loops
    others = [threading.Thread(target=run_loop, args=(this, plan, new_loop, name), daemon=True) for plan in rest]
    for thread in others:
        thread.start()
    run_loop(this, first, new_loop, name)
    for thread in others:
        thread.join()
    for tasks in this.round.tasks:
        tasks.clear()
    this.round.gates.clear()  # with who waits there on a loop that is closed
    settle(this, new_loop)
    for fault in this.model.faults(this.records()):
        this.fault(fault)
    return this


def settle(this: Running, new_loop: NewLoop) -> None:
    """All has unwound, and nobody keeps anything of it."""
    end = time.monotonic() + BOUND
    while True:
        gc.collect()
        left = {
            "unended nodes": this.unended(),
            "frames of Python": this.round.live,
            "frames of C++": cpp.stress_live(),
            "tasks of C++": cpp.stress_in_flight(),
        }
        if not any(left.values()):
            return
        if time.monotonic() > end:
            this.fault(f"this is left: {left}")
            return
        time.sleep(0.0005)
        # References that died on a libuv thread when their loop was gone are given up with the next one's.
        with asyncio.Runner(loop_factory=new_loop) as runner:
            runner.run(passing_by())


async def passing_by() -> None:
    await cpp.answer()


# ---- All that Python has to say, and nobody hears otherwise. ----


class Listener(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        running.fault(f"logged: {record.getMessage()}")


def listen() -> None:
    def fail(where: object, error: BaseException | None) -> None:
        running.fault(f"in {where!r}:\n{''.join(traceback.format_exception(error))}")

    def warned(message: Any, category: Any, filename: str, lineno: int, file: Any = None, line: Any = None) -> None:
        if any(running.is_left_by_asyncio(loop, str(message)) for loop in running.plan.loops):
            return
        running.fault(f"warned: {filename}:{lineno}: {category.__name__}: {message}")

    sys.unraisablehook = lambda unraisable: fail(unraisable.object, unraisable.exc_value)
    threading.excepthook = lambda raised: fail(raised.thread, raised.exc_value)
    warnings.simplefilter("always")
    warnings.showwarning = warned
    logging.getLogger("asyncio").addHandler(Listener())


@contextlib.contextmanager
def nothing_printed(this: Callable[[], Running]) -> Iterator[None]:
    """On stderr, where that is a file."""
    before = os.fstat(2)
    yield
    if stat.S_ISREG(before.st_mode) and os.fstat(2).st_size != before.st_size:
        this().fault("something was printed on stderr")


# ---- The model notices what it is there for. ----


def unnoticed(this: Running, chosen: random.Random) -> Iterator[str]:
    """Falsifies what a round without a fault has on record, a fact at a time."""
    records = this.records()

    def look(what: str, falsified: list[Record]) -> Iterator[str]:
        if not any(this.model.faults(falsified)):
            yield f"{what} would not be noticed in {falsified}"

    ended = [at for at, (_, what, _) in enumerate(records) if what == "end"]
    calm = [at for at, (id, what, _) in enumerate(records) if what != "items" and not this.model.disturbed(id)]
    if ended:
        at = chosen.choice(ended)
        id, what, _ = records[at]
        yield from look("a second end", [*records, records[at]])
        yield from look("the value of another node", [*records[:at], (id, what, f"value {id + 1}"), *records[at + 1 :]])
        if not this.model.may_vanish(this.plan.nodes[id]):
            yield from look("a missing end", [*records[:at], *records[at + 1 :]])
    if calm:
        at = chosen.choice(calm)
        id, what, _ = records[at]
        if what == "end" and "cancelled" not in this.model.ends(id, outside=False):
            yield from look("a cancellation of nobody's", [*records[:at], (id, what, "cancelled"), *records[at + 1 :]])


# ---- The processes. ----


def rounds(new_loop: NewLoop, name: str, *, seed: int, number: int, seconds: float, again: int) -> None:
    """That many rounds, or seconds, from a seed on; each `again` times. Exits with 1 where there is a fault."""
    global loop_threads
    faulthandler.enable()
    loop_threads = random.Random(seed).choice(LOOP_THREADS)
    cpp.stress_configure(loop_threads)
    start(Plan(seed, [], {}))
    listen()
    end = time.monotonic() + seconds
    seen: Counter[str] = Counter()
    done = nodes = 0
    for at in (each for each in range(seed, seed + number) for _ in range(again)):
        if time.monotonic() > end:
            break
        os.write(1, f"round {at}\n".encode())
        faulthandler.dump_traceback_later(LONGEST_ROUND, exit=True)
        with nothing_printed(lambda: running):
            this = run_round(at, new_loop, name)
        if not this.faults and done < ROUNDS_TO_FALSIFY:
            for fault in unnoticed(this, random.Random(at)):
                this.fault(fault)
        if this.faults:
            os._exit(1)  # whatever hangs
        done += 1
        nodes += len(this.plan.nodes)
        seen.update(how.partition(" ")[0] for _, what, how in this.records() if what == "seen")
    faulthandler.cancel_dump_traceback_later()
    print(f"{done} rounds, {nodes} nodes, seen: {dict(sorted(seen.items()))}")


async def ending(seed: int) -> None:
    """The process ends in the midst of the plan."""
    this = start(draw_ending(seed, by_framework=IN_APPLICATION))
    plan = this.plan.loops[0]
    asyncio.get_running_loop().set_exception_handler(lambda _, context: this.report(plan, context))
    for delay, id in plan.roots:
        begin(0, root(delay, id))
    await asyncio.sleep(plan.delay)
    way = way_to_end(seed)
    if way == "exit":
        sys.exit(EXIT_CODE)
    if way in ("interrupt", "terminate"):
        os.kill(os.getpid(), signal.SIGINT if way == "interrupt" else signal.SIGTERM)
        await asyncio.Event().wait()
