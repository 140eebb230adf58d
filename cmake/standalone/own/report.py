# cmake/standalone/own/report.py: exceptions that nobody has caught, with the source lines that the executable has.
# SPDX-License-Identifier: MIT
"""CPython's own hooks are written in C, and look for source lines in files only."""

import sys
import traceback
from types import ModuleType
from typing import Any

HINT = "(not in this executable: name it behind IMPORTS in pyasync_add_app, or its folder behind PYTHON_SITE)"


def print_exception(value: BaseException) -> None:
    if sys.stderr is None:
        return
    traceback.print_exception(value)
    if isinstance(value, ModuleNotFoundError):
        print(HINT, file=sys.stderr)


def print_unraisable(told: Any) -> None:
    print(f"{told.err_msg or 'Exception ignored in'}: {told.object!r}", file=sys.stderr)
    print_exception(told.exc_value)


def print_of_thread(told: Any) -> None:
    if told.exc_type is SystemExit or sys.stderr is None:
        return
    name = told.thread.name if told.thread is not None else "unknown"
    print(f"Exception in thread {name}:", file=sys.stderr)
    print_exception(told.exc_value)


def adapt(threading: ModuleType) -> None:
    threading.excepthook = print_of_thread  # type: ignore[attr-defined]
