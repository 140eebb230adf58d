# tests/semantics/cases/__init__.py: the Python side of every cell, the same in an application and in a module's host.
# SPDX-License-Identifier: MIT
"""Each module has the cases of a direction or two; a case is named DIRECTION.OUTCOME."""

from cases import (
    channel_to_cpp,
    channel_to_python,
    context,
    cpp_awaits_python,
    dropping,
    errors,
    forking,
    loops,
    peers,
    python_awaits,
    stopping,
    streams_to_cpp,
    streams_to_python,
    stress,
)
from cases.case import CASES, READY
from cases.hosts import run_by_hand, run_in_application

__all__ = [
    "CASES",
    "READY",
    "channel_to_cpp",
    "channel_to_python",
    "context",
    "cpp_awaits_python",
    "dropping",
    "errors",
    "forking",
    "loops",
    "peers",
    "python_awaits",
    "run_by_hand",
    "run_in_application",
    "stopping",
    "streams_to_cpp",
    "streams_to_python",
    "stress",
]
