# tests/semantics/cases/stress.py: random plans: rounds of them, and a process that ends in the midst of one.
# SPDX-License-Identifier: MIT
"""Not cells of the matrix: what is expected follows from the plan, and stress_test.py looks at it."""

import json
import os
import sys

from cases.case import case
from cases.hosts import NewLoop

ARGUMENTS = "PYASYNC_STRESS"
"""The environment variable that has them, as JSON."""


def arguments() -> dict[str, int]:
    read: dict[str, int] = json.loads(os.environ[ARGUMENTS])
    return read


@case("", by_hand=True)
def rounds(new_loop: NewLoop) -> None:
    import stress.rounds

    stress.rounds.rounds(new_loop, sys.argv[2], **arguments())


@case("")
async def ending() -> None:
    import stress.rounds

    await stress.rounds.ending(arguments()["seed"])
