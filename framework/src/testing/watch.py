# framework/src/testing/watch.py: what a test case leaves behind in Python, and what Python is at when one hangs.
# SPDX-License-Identifier: MIT
"""The Python side of <pyasync/testing.hpp>: C++ has this text in it, and calls it on the main thread."""

import asyncio
import contextlib
import faulthandler
import gc
import os
import signal
import sys
import threading
import traceback
import types
import warnings
import weakref
from time import monotonic, sleep  # noqa: F401 (C++ calls sleep)
from typing import Any

# What a case must not do, in the words of its report.
ENDED = "every task has ended"
AWAITED = "every coroutine is awaited"
RETRIEVED = "every exception is retrieved"
GONE = "nothing of the event loop is kept"

#: What belongs to one event loop, and is of no use after it.
OF_A_LOOP = (asyncio.AbstractEventLoop, asyncio.Future, types.CoroutineType, types.AsyncGeneratorType)
#: The same of the module `pyasync`, where it is no subclass of these.
OURS_OF_A_LOOP = {"Future", "Coroutine", "AsyncGenerator", "AsyncGeneratorStep"}


class FailedAssertion(AssertionError):
    """What a failed REQUIRE becomes where it leaves C++ for Python; doctest has told of it."""


class TimeLimitExceeded(BaseException):
    """Interrupts Python code that keeps the main thread beyond the limit of its case."""


TOLD_ELSEWHERE = (FailedAssertion, TimeLimitExceeded)


class Watch:
    """What C++ does not hear of by itself, as long as a case runs. `found`: the claims that do not hold, and why."""

    def __init__(self) -> None:
        self.found: list[tuple[str, str]] = []
        self._warnings = warnings.catch_warnings()
        self._warnings.__enter__()
        warnings.filterwarnings("always", message=".*was never awaited", category=RuntimeWarning)
        self._show_warning = warnings.showwarning
        warnings.showwarning = self._warned
        self._hooks = (sys.unraisablehook, threading.excepthook)
        sys.unraisablehook = self._unraisable
        threading.excepthook = self._thread_failed
        self.interruptible = signal.getsignal(signal.SIGALRM) is signal.SIG_DFL
        if self.interruptible:
            signal.signal(signal.SIGALRM, _interrupt)

    def watch(self, loop: asyncio.AbstractEventLoop) -> None:
        loop.set_exception_handler(self._unhandled)

    def end(self) -> None:
        if self.interruptible:
            signal.signal(signal.SIGALRM, signal.SIG_DFL)
        sys.unraisablehook, threading.excepthook = self._hooks
        self._warnings.__exit__(None, None, None)

    def _warned(self, message: Warning, category: type[Warning], filename: str, lineno: int, *rest: Any) -> None:
        if issubclass(category, RuntimeWarning) and "was never awaited" in str(message):
            self.found.append((AWAITED, str(message)))
        else:
            self._show_warning(message, category, filename, lineno, *rest)

    def _unhandled(self, _: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        lines = [str(context.get("message"))]
        for key, value in context.items():
            if key in ("source_traceback", "handle_traceback"):
                lines += [f"{key}:", "".join(traceback.format_list(value)).rstrip()]
            elif key not in ("message", "exception"):
                lines.append(f"{key}: {value!r}")
        error = context.get("exception")
        if isinstance(error, TOLD_ELSEWHERE):
            return
        if isinstance(error, BaseException):
            lines.append(text_of(error))
        self.found.append((ENDED if "destroyed but it is pending" in lines[0] else RETRIEVED, "\n".join(lines)))

    def _unraisable(self, what: "sys.UnraisableHookArgs") -> None:
        if isinstance(what.exc_value, TOLD_ELSEWHERE):
            return
        text = f"{what.err_msg or 'Exception ignored in'}: {what.object!r}"
        self.found.append((RETRIEVED, text if what.exc_value is None else f"{text}\n{text_of(what.exc_value)}"))

    def _thread_failed(self, what: "threading.ExceptHookArgs") -> None:
        if isinstance(what.exc_value, (SystemExit, *TOLD_ELSEWHERE)):  # with SystemExit a thread ends in silence
            return
        name = what.thread.name if what.thread is not None else "a thread"
        text = f"in the Python thread {name}"
        self.found.append((RETRIEVED, text if what.exc_value is None else f"{text}\n{text_of(what.exc_value)}"))


def text_of(error: BaseException) -> str:
    return "".join(traceback.format_exception(error)).rstrip()


def _interrupt(*_: object) -> None:
    raise TimeLimitExceeded


# ---- Before its event loop is closed. ----


def unfinished(loop: asyncio.AbstractEventLoop) -> tuple[list[asyncio.Task], list[asyncio.Task]]:
    """The tasks that run still: those that have been asked to end, and the others."""
    tasks = sorted(asyncio.all_tasks(loop), key=lambda task: task.get_name())
    return [task for task in tasks if task.cancelling()], [task for task in tasks if not task.cancelling()]


def go_on(loop: asyncio.AbstractEventLoop, awaited: list[asyncio.Task], seconds: float) -> None:
    """Gives the loop a few turns; where there are tasks to wait for, until they have ended, or that long."""
    loop.run_until_complete(asyncio.wait(awaited, timeout=seconds) if awaited else asyncio.sleep(seconds))


# ---- After that. ----


def _kept() -> list[Any]:
    gc.collect()
    return [each for each in gc.get_objects() if _is_of_a_loop(type(each)) and not _is_known(each)]


def anything_kept() -> bool:
    return bool(_kept())


def leaked() -> list[str]:
    """What is there still of the event loops, and has not been told of before."""
    found = _kept()
    _remember(found)
    # What only another one of them holds goes when that goes.
    reached = {target for each in found for target in _reached_from(each)}
    first = [each for each in found if id(each) not in reached] or found
    return [f"{_shown(each)}, held by {_holders(each, [found, first])}" for each in first]


def _shown(one: object) -> str:
    try:
        return repr(one)
    except Exception as error:
        return f"a {type(one).__module__}.{type(one).__qualname__}, whose repr() raises {type(error).__name__}"


def _is_of_a_loop(kind: type) -> bool:
    return issubclass(kind, OF_A_LOOP) or (kind.__module__ == "pyasync" and kind.__name__ in OURS_OF_A_LOOP)


def _reached_from(start: Any) -> set[int]:
    """What it holds, itself or by what belongs to it, by their ids; without itself."""
    reached: set[int] = set()
    waiting = [start]
    while waiting:
        one = waiting.pop()
        held = gc.get_referents(one)
        if isinstance(one, asyncio.Future):
            held.append(one.get_loop())
        for each in held:
            if id(each) not in reached:
                reached.add(id(each))
                if isinstance(each, (types.FrameType, types.TracebackType, BaseException, *OF_A_LOOP)):
                    waiting.append(each)
    return reached - {id(start)}


def _holders(target: object, found: list[list[Any]]) -> str:
    most = 4
    names: list[str] = []
    for holder in gc.get_referrers(target):
        if any(holder is each for each in found):
            continue
        if isinstance(holder, types.FrameType):
            if holder.f_code.co_filename != __file__:
                code = holder.f_code
                names.append(f"the frame of {code.co_qualname}, {code.co_filename}:{holder.f_lineno}")
        elif isinstance(holder, dict) and "__spec__" in holder:
            names.append(f"the module {holder.get('__name__')}")
        else:
            names.append(f"a {type(holder).__module__}.{type(holder).__qualname__}")
    return ", ".join(dict.fromkeys(names[:most])) or "C++ (or what the garbage collector does not see)"


# By identity, since some cannot be hashed or compared.
_known: "dict[int, weakref.ref[Any]]" = {}


def _is_known(one: object) -> bool:
    known = _known.get(id(one))
    return known is not None and known() is one


def _remember(found: list[Any]) -> None:
    for each in found:
        with contextlib.suppress(TypeError):  # one without weak references is told of once more
            _known[id(each)] = weakref.ref(each)


def overlook_what_is_there() -> None:
    """What others have left before a case is not that one's."""
    _remember([each for each in gc.get_objects() if _is_of_a_loop(type(each))])


# ---- Beyond its limit. ----


_announced: float | None = None


def announce(seconds: float) -> None:
    """Prints the stacks of all Python threads when that time is over, even if somebody keeps the GIL."""
    global _announced
    _announced = monotonic() + seconds
    faulthandler.dump_traceback_later(seconds, file=2)


def denounce() -> None:
    global _announced
    _announced = None
    faulthandler.cancel_dump_traceback_later()


def _announce_again() -> None:
    if _announced is not None:
        faulthandler.dump_traceback_later(max(_announced - monotonic(), 0.001), file=2)


# A forked child would wait at its exit for faulthandler's thread, which is its parent's.
os.register_at_fork(before=faulthandler.cancel_dump_traceback_later, after_in_parent=_announce_again)


def print_threads() -> None:
    """What the other threads do that have to do with Python."""
    names = {thread.ident: thread.name for thread in threading.enumerate()}
    for ident, frame in sys._current_frames().items():
        if ident != threading.main_thread().ident:
            print(f"the Python thread {names.get(ident, ident)}", file=sys.stderr)
            traceback.print_stack(frame)
    sys.stderr.flush()
