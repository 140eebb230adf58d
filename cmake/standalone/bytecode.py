# cmake/standalone/bytecode.py: a module's code as bytes, the same ones for the same source at all times.
# SPDX-License-Identifier: MIT
"""`marshal` marks an object as one that may come again when something else refers to it, too: which depends on what the process
has done before (its strings are shared with all modules). So all that a code object leads to is held while it is written, and
every object is marked. One-character strings are shared by the whole process, and whether they are interned is written as well:
they always are then."""

import ast
import marshal
import sys
import warnings
from collections.abc import Iterable
from types import CodeType


def bytecode(module: ast.Module, file: str, optimize: int) -> bytes:
    """Marshalled, with `file` as its file name. Raises SyntaxError, and ValueError for what no code can be made of."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        code = compile(module, sys.intern(file), "exec", dont_inherit=True, optimize=optimize)
    held: list[object] = []
    hold(code, held)
    return marshal.dumps(code)


def hold(what: object, held: list[object]) -> None:
    """Keeps references to it and to all that is in it."""
    held.append(what)
    if isinstance(what, CodeType):
        for each in parts_of(what):
            hold(each, held)
    elif isinstance(what, (tuple, frozenset)):
        for each in what:
            hold(each, held)
    elif isinstance(what, str) and len(what) < 2:
        sys.intern(what)


def parts_of(code: CodeType) -> Iterable[object]:
    return (
        code.co_consts,
        code.co_names,
        code.co_varnames,
        code.co_cellvars,
        code.co_freevars,
        code.co_filename,
        code.co_name,
        code.co_qualname,
        code.co_code,
        code.co_linetable,
        code.co_exceptiontable,
    )
