# tests/semantics/stress/model.py: what may come of a node, given its plan: sets, as small as races allow.
# SPDX-License-Identifier: MIT
"""A node that nobody disturbs has one outcome, whatever happens beside it. One that is told to end early may have ended
before, or be cancelled, and then its reaction counts; nothing else. What is seen of a node is what it has ended with,
unless who sees it was told to end, too."""

from collections import defaultdict
from collections.abc import Iterable, Iterator

from stress.plan import AWAITING, Node, Plan
from stress.side import Record

CANCELLED, CLOSED, LOOP_CLOSED, TIMED_OUT = "cancelled", "closed", "loop closed", "timed out"
SEVERAL = "raised several"
LETS_GO = {"drop": "dropped", "drop_elsewhere": "dropped", "close": "dropped", "detach": "detached"}
GOES_ON = ("value", "end", "left", "dropped", "detached")


class Model:
    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.known: dict[tuple[int, bool], set[str]] = {}
        self.siblings: dict[int, list[int]] = {}
        self.in_group: set[int] = set()
        for node in plan.nodes.values():
            for what, _, about in node.steps:
                if what in ("all", "group"):
                    self.siblings.update({each: [other for other in about if other != each] for each in about})
                if what == "group":
                    self.in_group.update(about)

    # ---- Who may be told to end before it does by itself. ----

    def loop_ends_early(self, node: Node) -> bool:
        return self.plan.loops[node.loop].end != "finish" or self.dropped(node)

    def dropped(self, node: Node) -> bool:
        """Where nobody waits for it, and it has not begun, its loop does not wait for it either."""
        below_dropped = node.parent is not None and self.dropped(self.plan.nodes[node.parent])
        return below_dropped or node.action in ("drop", "drop_elsewhere")

    def disturbed(self, id: int) -> bool:
        return self.acted(self.plan.nodes[id]) or self.disturbed_from_outside(id)

    def acted(self, node: Node) -> bool:
        """By who awaits it, or by the end of its loop."""
        return node.action not in ("none", "detach") or node.leave >= 0 or self.loop_ends_early(node)

    def disturbed_from_outside(self, id: int) -> bool:
        """With who awaits it, or for what comes of those that are awaited with it."""
        node = self.plan.nodes[id]
        if self.loop_ends_early(node):
            return True
        if node.parent is None:
            return False
        others = self.siblings.get(id, [])
        return self.disturbed(node.parent) or any(self.fails(other, outside=False) for other in others)

    def fails(self, id: int, *, outside: bool) -> bool:
        """So that those beside it end."""
        return bool(self.passed_on(id, outside=outside))

    # ---- What a node may end with, `outside`: where it may be disturbed from there. ----

    def ends(self, id: int, *, outside: bool) -> set[str]:
        if (id, outside) not in self.known:
            self.known[id, outside] = self.find_ends(self.plan.nodes[id], outside)
        return self.known[id, outside]

    def find_ends(self, node: Node, outside: bool) -> set[str]:
        id = node.id
        disturbed = outside or self.acted(node)
        found: set[str] = set()
        reaches_its_end = True
        for what, _, about in node.steps:
            if what in AWAITING:
                failed, passes = self.ways_through(about, disturbed)
                found |= failed
            else:
                passes = what != "forever"
            if not passes:
                reaches_its_end = False
                break
        if disturbed and self.loop_ends_early(node):
            found |= {LOOP_CLOSED, CLOSED}
        if disturbed or CANCELLED in found:
            found.discard(CANCELLED)
            found.add({"swallow": value(node, -id), "fail": f"raised {id}"}.get(node.reaction, CANCELLED))
        if disturbed:
            found.add(CANCELLED)  # while it cleaned up
        if disturbed and node.items:
            found.add(CLOSED)
        if reaches_its_end:
            own = {"raise": f"raised {id}", "raise_other": f"raised {id}", "cancel": CANCELLED}
            found.add(own.get(node.ending, value(node, id)))
        return found

    def ways_through(self, about: list[int], disturbed: bool) -> tuple[set[str], bool]:
        """What may come out of a step that awaits these, and whether the next step may follow."""
        failed: set[str] = set()
        able_to_fail = 0
        passes = True
        for each in about:
            others = [other for other in about if other != each]
            outside = disturbed or any(self.fails(other, outside=False) for other in others)
            passed_on = self.passed_on(each, outside=outside)
            failed |= passed_on
            able_to_fail += bool(passed_on - {CANCELLED})
            passes = passes and bool(self.seen(each, outside=outside) - self.stops(each, outside=outside))
        if able_to_fail > 1:
            failed.add(SEVERAL)
        if disturbed:
            failed.add(CANCELLED)
        return failed, passes

    # ---- What may be seen of it. ----

    def seen(self, id: int, *, outside: bool) -> set[str]:
        found: set[str] = set()
        for end in self.ends(id, outside=outside):
            found |= self.seen_after(id, end, outside=outside)
        return found | self.seen_after(id, None, outside=outside)

    def seen_after(self, id: int, end: str | None, *, outside: bool) -> set[str]:
        """Given what it has ended with, or that it never began."""
        node = self.plan.nodes[id]
        found: set[str] = set()
        if node.action in LETS_GO:
            found.add(LETS_GO[node.action])
        elif end not in (None, CLOSED):
            found.add(end)
        if end == CLOSED and node.items and self.loop_ends_early(node):
            found.add("end")  # asyncio has closed the generator, which gives nothing more
        if node.leave >= 0:
            found.add("left")
        if node.action in ("cancel", "cancel_elsewhere"):
            found.add(CANCELLED)
        if node.action == "timeout":
            found.add(TIMED_OUT)
        if outside:
            found.add(CANCELLED)
            if self.loop_ends_early(node):
                found |= {CLOSED, LOOP_CLOSED}
        return found

    def passed_on(self, id: int, *, outside: bool) -> set[str]:
        """What of that ends the one who awaits it, too, or may."""
        node = self.plan.nodes[id]
        return {
            each
            for each in self.seen(id, outside=outside)
            if not each.startswith(GOES_ON)
            and not (each == TIMED_OUT and node.action == "timeout")
            and not (each == CANCELLED and id in self.in_group)
            and not (each == CANCELLED and node.action != "none" and not outside)
        }

    def stops(self, id: int, *, outside: bool) -> set[str]:
        """What of that ends the one who awaits it in any case."""
        return self.passed_on(id, outside=outside) - ({CANCELLED} if self.plan.nodes[id].action != "none" else set())

    # ---- What happened, against that. ----

    def may_vanish(self, node: Node) -> bool:
        """Python drops an async generator whose loop is closed without running its `finally`."""
        return node.side == "python" and node.items > 0 and self.plan.loops[node.loop].end != "finish"

    def may_be_reported(self, outcome: str) -> bool:
        """May an exception come to nobody but the loop's exception handler?"""
        if outcome == SEVERAL:
            return any(self.disturbed(id) for id in self.siblings)
        what, _, id = outcome.rpartition(" ")
        return what == "raised" and self.disturbed(int(id))

    def faults(self, records: Iterable[Record]) -> Iterator[str]:
        """What differs from it."""
        by_node: dict[int, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
        for id, what, how in records:
            by_node[id][what].append(how)
        for id, node in self.plan.nodes.items():
            for fault in self.faults_of(node, by_node[id]):
                yield f"{fault}: {dict(by_node[id])} of {node}"
        for id, node in self.plan.nodes.items():
            ends = [value(node, id)]
            may_be_cut_short = node.items and node.reaction == "swallow"  # and ends as if it were not
            if not self.disturbed(id) and by_node[id]["end"] == ends and not may_be_cut_short:
                for what, _, about in node.steps:
                    for each in about if what in AWAITING else []:
                        if len(by_node[each]["seen"]) != 1:
                            yield f"{id} has ended without {each}: {dict(by_node[each])} of {self.plan.nodes[each]}"

    def faults_of(self, node: Node, happened: dict[str, list[str]]) -> Iterator[str]:
        starts, ends, seen = (happened[what] for what in ("start", "end", "seen"))
        outside = self.disturbed_from_outside(node.id)
        if len(starts) > 1 or len(ends) > 1 or len(seen) > 1:
            yield "something happened twice"
        if len(starts) != len(ends) and not (starts and self.may_vanish(node)):
            yield "not as many ends as starts"
        if ends and ends[0] not in (expected := self.ends(node.id, outside=outside)):
            yield f"it may end with {sorted(expected)}"
        if seen and seen[0] not in (expected := self.seen_after(node.id, ends[0] if ends else None, outside=outside)):
            yield f"{sorted(expected)} may be seen"
        if starts and not seen and not self.loop_ends_early(node):
            yield "nobody was told"
        if node.parent is None and not outside and not seen:
            yield "nothing became of it"
        if node.parent is None and not self.disturbed(node.id) and not starts:
            yield "it did not begin"
        if node.items and seen:
            yield from self.faults_of_items(node, seen[0], happened["items"])

    def faults_of_items(self, node: Node, seen: str, counts: list[str]) -> Iterator[str]:
        if len(counts) != 1:
            yield "its items were counted more than once, or never"
            return
        count = int(counts[0])
        expected = range(node.items + 1)
        if seen == "end" and node.reaction != "swallow" and not self.loop_ends_early(node):
            expected = range(node.items, node.items + 1)
        elif seen == "left":
            expected = range(node.leave, node.leave + 1)
        if count not in expected:
            yield f"{expected} items were to come"


def value(node: Node, number: int) -> str:
    return "end" if node.items else f"value {number}"
