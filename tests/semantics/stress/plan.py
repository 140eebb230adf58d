# tests/semantics/stress/plan.py: a round's plan, drawn from its seed: who awaits whom, and what befalls them.
# SPDX-License-Identifier: MIT
"""A node is a coroutine, or a generator of items, of C++ or Python. It takes steps, some of which await other nodes.

An edge, how a node awaits another one and what it does to it meanwhile, is written down with the awaited one.
"""

import dataclasses
import random
import signal
from dataclasses import dataclass
from typing import Any

Step = tuple[str, int, list[int]]
"""What is done, how much of it, and which nodes or gates it is about.

turn      that many turns of the own loop
sleep     a timer, microseconds
hop       that many times to the other side and back
gate      waits for a gate, which opens that many microseconds later, if nobody opens it before
open      opens a gate of C++, open_python one of Python
forever   until cancelled
await     another node
all       several at once; one that fails, or is cancelled, ends the others
group     several in a task group; one that fails ends the others (C++ only: a TaskGroup of Python's cannot be closed while
          it waits)
"""

AWAITING = ("await", "all", "group")

ENDINGS = ("value", "value", "value", "raise", "raise_other", "cancel")
REACTIONS = ("unwind", "unwind", "clean", "call", "swallow", "fail")
"""What a node does when it is cancelled where it waits: ends at once, or after cleaning up (on its own side, or by the
other one), goes on to a value, or ends with an exception."""

FORMS = {
    # (who awaits, who is awaited)
    ("python", "cpp"): ("plain", "inline", "task", "hot"),
    ("python", "python"): ("plain", "task"),
    ("cpp", "python"): ("plain", "spawned", "future", "task"),
    ("cpp", "cpp"): ("plain", "task"),
}
ACTIONS = {
    "python": ("cancel", "cancel", "cancel_elsewhere", "timeout", "drop", "close"),
    "cpp": ("cancel", "cancel_elsewhere", "timeout", "drop", "drop_elsewhere", "detach"),
}
SHARE_OF_ACTIONS = 0.3
"""A node below one that is told to end may be, too; so more would leave too few that must not be disturbed."""

ENDS_OF_LOOPS = ("finish", "finish", "finish", "finish", "leave", "interrupt", "close")
"""All has ended; `main` returns before; it is cancelled; the loop is closed just so."""

TO_THE_END = ("cancel", "cancel_elsewhere", "timeout", "drop", "drop_elsewhere")
"""After these, what never ends by itself has to end."""

READ_AHEAD = (0, 1, 64)
DEPTH = 4


@dataclass(frozen=True)
class Node:
    id: int
    loop: int
    side: str
    parent: int | None
    parent_side: str
    form: str
    action: str
    delay: Step  # before the action
    items: int  # 0: a coroutine
    leave: int  # behind that many items; -1: never
    ahead: int
    ending: str
    reaction: str
    steps: list[Step]


@dataclass(frozen=True)
class LoopPlan:
    index: int
    debug: bool
    end: str
    by_framework: bool  # run by `pyasync::run`
    delay: float  # seconds until the end, where that comes by itself
    roots: list[tuple[Step, int]]  # and what is done before each


@dataclass(frozen=True)
class Plan:
    seed: int
    loops: list[LoopPlan]
    nodes: dict[int, Node]


class Drawing:
    """All that is random comes from here, in an order that only the seed decides."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.nodes: dict[int, Node] = {}
        self.last_id = 0

    def new_id(self) -> int:
        self.last_id += 1
        return self.last_id

    def chance(self, probability: float) -> bool:
        return self.random.random() < probability

    def pause(self) -> Step:
        """Something that ends by itself."""
        what = self.random.choice(("turn", "turn", "sleep", "hop", "gate"))
        if what in ("turn", "hop"):
            return (what, self.random.randrange(1, 4), [])
        return (what, self.random.randrange(1500), [self.new_id()] if what == "gate" else [])

    def steps(self, loop: int, node: int, side: str, depth: int, *, waits: bool) -> list[Step]:
        steps = [self.pause() for _ in range(self.random.randrange(3))]
        if waits:
            return [*steps, ("forever", 0, [])]
        for _ in range(self.random.choice((0, 1, 1, 2)) if depth < DEPTH else 0):
            if self.chance(0.2):
                several = [self.node(loop, node, side, depth + 1) for _ in range(self.random.randrange(2, 4))]
                steps.append(("group" if side == "cpp" and self.chance(0.5) else "all", 0, several))
            else:
                steps.append(("await", 0, [self.node(loop, node, side, depth + 1)]))
            if self.chance(0.3):
                steps.append(self.pause())
        return steps

    def delay(self, side: str, steps: list[Step]) -> Step:
        """Some time; or what lets the awaited node go on, so that the action meets with its end."""
        gates = [about[0] for what, _, about in steps if what == "gate"]
        if gates and self.chance(0.5):
            return ("open" if side == "cpp" else "open_python", 0, [gates[-1]])
        if self.chance(0.6):
            return ("turn", self.random.randrange(5), [])
        return ("sleep", self.random.randrange(2000), [])

    def node(self, loop: int, parent: int | None, parent_side: str, depth: int) -> int:
        id = self.new_id()
        side = parent_side if self.chance(0.15) else {"cpp": "python", "python": "cpp"}[parent_side]
        if side != parent_side and self.chance(0.25):
            return self.generator(id, loop, side, parent, parent_side, depth)
        form = self.random.choice(FORMS[parent_side, side])
        action = self.random.choice(ACTIONS[parent_side]) if self.chance(SHARE_OF_ACTIONS) else "none"
        if parent_side == "python" and action in ("drop", "close"):
            # What can be dropped in Python is a coroutine that somebody has stepped, or a hot future; there is nothing
            # of that kind in Python itself that would end by it.
            if side == "python":
                action = "none"
            elif action == "drop":
                form = self.random.choice(("stepped", "hot"))
        waits = action in TO_THE_END and self.chance(0.4)
        steps = self.steps(loop, id, side, depth, waits=waits)
        delay = self.delay(side, steps)
        if action == "timeout":
            delay = ("sleep", self.random.randrange(2000), [])
        elif form == "stepped":
            delay = ("turn", delay[1] % 5, []) if delay[0] == "turn" else delay
        drawn: dict[str, Any] = {
            "form": form,
            "action": action,
            "delay": delay,
            "items": 0,
            "leave": -1,
            "ahead": 0,
            "steps": steps,
        }
        return self.add(id, loop, side, parent, parent_side, **drawn)

    def generator(self, id: int, loop: int, side: str, parent: int | None, parent_side: str, depth: int) -> int:
        items = self.random.randrange(1, 6)
        leave = self.random.randrange(items + 1) if self.chance(SHARE_OF_ACTIONS) else -1
        if leave >= 0 and self.chance(0.4):
            # It is left where it waits for ever, if it has read ahead.
            steps = [*(self.pause() for _ in range(leave)), ("forever", 0, [])]
        else:
            steps = self.steps(loop, id, side, depth, waits=False)
        drawn: dict[str, Any] = {
            "form": self.random.choice(("drop", "aclose")),
            "action": "none",
            "delay": ("turn", 0, []),
            "items": items,
            "leave": leave,
            "ahead": self.random.choice(READ_AHEAD),
            "steps": steps,
        }
        return self.add(id, loop, side, parent, parent_side, **drawn)

    def add(self, id: int, *place: Any, **drawn: Any) -> int:
        """The rest is drawn in the same way for all."""
        ending, reaction = self.random.choice(ENDINGS), self.random.choice(REACTIONS)
        self.nodes[id] = Node(id, *place, **{**drawn, "ending": ending, "reaction": reaction})
        return id

    def loop(self, index: int, end: str) -> LoopPlan:
        roots: list[tuple[Step, int]] = [
            (("sleep", self.random.randrange(3000), []), self.node(index, None, "python", 0))
            for _ in range(self.random.randrange(1, 9))
        ]
        by_framework = index == 0 and end != "close" and self.chance(0.3)
        return LoopPlan(index, self.chance(0.2), end, by_framework, self.random.randrange(5000) / 1e6, roots)


def draw(seed: int) -> Plan:
    drawing = Drawing(seed)
    number = drawing.random.randrange(1, 4)
    loops = [drawing.loop(index, drawing.random.choice(ENDS_OF_LOOPS)) for index in range(number)]
    return Plan(seed, loops, drawing.nodes)


def draw_ending(seed: int, *, by_framework: bool) -> Plan:
    """For a process that ends in the midst of it: its host's own loop only, whoever runs that."""
    drawing = Drawing(seed)
    loop = dataclasses.replace(drawing.loop(0, "leave"), by_framework=by_framework)
    return Plan(seed, [loop], drawing.nodes)


WAYS_TO_END = ("return", "exit", "interrupt", "terminate")
EXIT_CODE = 5


def way_to_end(seed: int) -> str:
    return random.Random(seed).choice(WAYS_TO_END)


def code_of_ending(way: str, host: str) -> int:
    """A module leaves signals to its host, which is a script without handlers."""
    in_module = host == "module"
    return {
        "return": 0,
        "exit": EXIT_CODE,
        "interrupt": -signal.SIGINT if in_module else 128 + signal.SIGINT,
        "terminate": -signal.SIGTERM if in_module else 128 + signal.SIGTERM,
    }[way]
