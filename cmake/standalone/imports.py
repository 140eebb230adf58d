# cmake/standalone/imports.py: the imports that a module's source has in it, found without running it.
# SPDX-License-Identifier: MIT
"""Every `import` statement, every call of `__import__` or `import_module` with a constant name, and every encoding that is named
where text and bytes become each other, with what is known of the conditions that it stands under."""

import ast
import os
import sys
from collections.abc import Iterator
from encodings import normalize_encoding
from encodings.aliases import aliases
from typing import Any, NamedTuple

ENCODING_AT = {
    "encode": slice(1),
    "decode": slice(1),
    "str": slice(1, 2),
    "bytes": slice(1, 2),
    "bytearray": slice(1, 2),
    "open": slice(2, 4),  # that of codecs, and the one that is built in
}
"""Which arguments of these functions may name an encoding; elsewhere it is called that."""

CATCHES = {"ImportError", "ModuleNotFoundError", "Exception", "BaseException"}


class Import(NamedTuple):
    name: str  # absolute
    members: tuple[str, ...]  # behind `from name import`: attributes, or modules below it; "*" for all
    line: int
    optional: bool  # it may fail: somebody catches that
    conditional: bool  # what decides on it, only a run can tell
    lazy: bool  # in a function, which may never be called

    @property
    def matters(self) -> bool:
        """Whether the module itself cannot be imported without it."""
        return not (self.optional or self.conditional or self.lazy)


class Finder(ast.NodeVisitor):
    def __init__(self, package: str) -> None:
        self.package = package
        self.found: list[Import] = []
        self.optional = 0
        self.conditional = 0
        self.lazy = 0

    def add(self, name: str, members: tuple[str, ...], line: int, *, optional: bool = False) -> None:
        optional = optional or self.optional > 0
        self.found.append(Import(name, members, line, optional, self.conditional > 0, self.lazy > 0))

    def visit_all(self, nodes: list[ast.stmt], *, optional: bool = False, conditional: bool = False) -> None:
        self.optional += optional
        self.conditional += conditional
        for each in nodes:
            self.visit(each)
        self.optional -= optional
        self.conditional -= conditional

    def visit_Import(self, node: ast.Import) -> None:
        for each in node.names:
            self.add(each.name, (), node.lineno)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        name = absolute_name(node.module or "", node.level, self.package)
        if name is not None:
            self.add(name, tuple(each.name for each in node.names), node.lineno)

    def visit_Call(self, node: ast.Call) -> None:
        function = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        if function in ("__import__", "import_module") and node.args:
            given = node.args[0]
            if isinstance(given, ast.Constant) and isinstance(given.value, str):
                relative = given.value.lstrip(".")
                name = absolute_name(relative, len(given.value) - len(relative), self.package)
                if name:
                    self.add(name, (), node.lineno, optional=True)
        self.add_encoding(node.args[ENCODING_AT.get(function, slice(0))])
        self.add_encoding([each.value for each in node.keywords if each.arg == "encoding"])
        self.generic_visit(node)

    def add_encoding(self, given: list[ast.expr]) -> None:
        for each in given:
            if isinstance(each, ast.Constant) and isinstance(each.value, str) and each.value.isascii():
                name = normalize_encoding(each.value).lower()
                name = aliases.get(name) or aliases.get(name.replace(".", "_")) or name
                if name.isidentifier():
                    self.add(f"encodings.{name}", (), each.lineno, optional=True)

    def visit_Try(self, node: ast.Try | ast.TryStar) -> None:
        caught = any(catches_failed_import(each) for each in node.handlers)
        self.visit_all(node.body, optional=caught)
        for each in node.handlers:
            self.visit_all(each.body, optional=True)
        self.visit_all(node.orelse)
        self.visit_all(node.finalbody)

    visit_TryStar = visit_Try

    def visit_While(self, node: ast.While) -> None:
        self.visit(node.test)
        known = value_of(node.test)
        if known is not False:
            self.visit_all(node.body, conditional=known is None)
        self.visit_all(node.orelse, conditional=True)

    def visit_Match(self, node: ast.Match) -> None:
        self.visit(node.subject)
        for each in node.cases:
            if each.guard is not None:
                self.visit(each.guard)
            self.visit_all(each.body, conditional=True)

    def visit_With(self, node: ast.With) -> None:
        for each in node.items:
            self.visit(each)
        self.visit_all(node.body, optional=any(suppresses_failed_import(each.context_expr) for each in node.items))

    def visit_If(self, node: ast.If) -> None:
        self.visit(node.test)
        known = value_of(node.test)
        if known is not False:
            self.visit_all(node.body, conditional=known is None)
        if known is not True:
            self.visit_all(node.orelse, conditional=known is None)

    def visit_in_function(self, node: ast.AST) -> None:
        self.lazy += 1
        self.generic_visit(node)
        self.lazy -= 1

    visit_FunctionDef = visit_in_function
    visit_AsyncFunctionDef = visit_in_function
    visit_Lambda = visit_in_function


def imports_of(module: ast.Module, package: str) -> list[Import]:
    """`package`: the one that relative names are relative to."""
    finder = Finder(package)
    finder.visit(module)
    return finder.found


def exported_by(module: ast.Module) -> list[str]:
    """What `from module import *` takes, as far as `__all__` says it with constants."""
    names: list[str] = []
    for node in module.body:
        if isinstance(node, ast.Assign):
            targets = node.targets
        elif isinstance(node, (ast.AugAssign, ast.AnnAssign)):
            targets = [node.target]
        else:
            continue
        if any(isinstance(each, ast.Name) and each.id == "__all__" for each in targets):
            names += [
                each.value for each in ast.walk(node) if isinstance(each, ast.Constant) and isinstance(each.value, str)
            ]
    return names


def absolute_name(name: str, level: int, package: str) -> str | None:
    """None where it leads out of the outermost package."""
    if level == 0:
        return name
    parts = package.split(".") if package else []
    if level > len(parts):
        return None
    base = ".".join(parts[: len(parts) - level + 1])
    return f"{base}.{name}" if name else base


def names_in(node: ast.expr | None) -> Iterator[str]:
    for each in node.elts if isinstance(node, ast.Tuple) else [node]:
        if isinstance(each, ast.Attribute):
            yield each.attr
        elif isinstance(each, ast.Name):
            yield each.id


def catches_failed_import(handler: ast.ExceptHandler) -> bool:
    return handler.type is None or not CATCHES.isdisjoint(names_in(handler.type))


def suppresses_failed_import(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and "suppress" in names_in(node.func) and any(
        not CATCHES.isdisjoint(names_in(each)) for each in node.args
    )  # fmt: skip


# ---- Conditions that have one value in an application on this system, whatever happens in it. ----


def value_of(test: ast.expr) -> bool | None:
    """None where only a run can tell."""
    if isinstance(test, ast.BoolOp):
        values = [value_of(each) for each in test.values]
        decides = isinstance(test.op, ast.Or)
        if decides in values:
            return decides
        return None if None in values else not decides
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        inner = value_of(test.operand)
        return None if inner is None else not inner
    try:
        return bool(constant(test))
    except (Unknown, ArithmeticError, AttributeError, LookupError, TypeError, ValueError):
        return None


class Unknown(Exception):
    """It is not one of the expressions that have a known value."""


def constant(node: ast.expr) -> object:
    if isinstance(node, ast.Constant):
        return node.value
    if isinstance(node, ast.Tuple):
        return tuple(constant(each) for each in node.elts)
    if isinstance(node, ast.Subscript):
        whole, index = constant(node.value), node.slice
        if isinstance(whole, tuple) and isinstance(index, ast.Slice) and index.step is None:
            ends: list[Any] = [None if each is None else constant(each) for each in (index.lower, index.upper)]
            return whole[slice(*ends)]
        if isinstance(whole, tuple) and isinstance(index, ast.Constant) and isinstance(index.value, int):
            return whole[index.value]
        raise Unknown
    if isinstance(node, (ast.Name, ast.Attribute)):
        return named_constant(ast.unparse(node))
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "startswith":
        subject, (prefix,) = constant(node.func.value), node.args
        beginning = constant(prefix)
        if isinstance(subject, str) and isinstance(beginning, str):
            return subject.startswith(beginning)
        raise Unknown
    if isinstance(node, ast.Compare) and len(node.ops) == 1:
        return compared(constant(node.left), node.ops[0], constant(node.comparators[0]))
    raise Unknown


def named_constant(name: str) -> object:
    known = {
        "TYPE_CHECKING": False,
        "typing.TYPE_CHECKING": False,
        "sys.platform": sys.platform,
        "os.name": os.name,
        "sys.version_info": tuple(sys.version_info),
        "__name__": "what is imported is not called __main__",
    }
    if name not in known:
        raise Unknown
    return known[name]


def compared(left: object, how: ast.cmpop, right: object) -> bool:
    if isinstance(how, ast.Eq):
        return left == right
    if isinstance(how, ast.NotEq):
        return left != right
    if isinstance(how, (ast.In, ast.NotIn)) and isinstance(right, tuple):
        return (left in right) is isinstance(how, ast.In)
    if isinstance(left, tuple) and isinstance(right, tuple):
        if isinstance(how, ast.Lt):
            return left < right
        if isinstance(how, ast.LtE):
            return left <= right
        if isinstance(how, ast.Gt):
            return left > right
        if isinstance(how, ast.GtE):
            return left >= right
    raise Unknown
