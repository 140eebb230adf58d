# cmake/standalone/graph.py: the modules that an application needs, and why each of them.
# SPDX-License-Identifier: MIT
"""Follows imports from the application's modules through its packages and the standard library, without running any of it.

It has to be run by the CPython that the application contains: that one's built-in modules and standard library are found."""

import sys
import sysconfig
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from enum import Enum

import hidden
from finding import APPLICATION, Folders, Found, Kind
from imports import Import
from sources import Source, Sources

ALWAYS_THERE = {
    "__main__",
    "_pyasync_archive",
    "pyasync",
    "_frozen_importlib",
    "_frozen_importlib_external",
    "importlib._bootstrap",
    "importlib._bootstrap_external",
}
NOT_RUN = hidden.NOT_IN_WHOLE | hidden.LICENSED | hidden.OF_OTHER_SYSTEMS
NOT_BY_FUNCTIONS = hidden.FOR_DEVELOPMENT | hidden.COMMAND_LINE
NOT_STATIC = (
    "a fully static executable cannot load it; use MODE EMBEDDED, or name an archive of it behind STATIC_EXTENSIONS"
)


class Origin(Enum):
    APPLICATION = "application"
    LIBRARY = "library"  # the standard one
    SITE = "site"


@dataclass
class Module:
    name: str
    kind: Kind
    file: str  # empty where it has none
    folders: tuple[str, ...]  # where modules below it are; empty for what is no package
    suffix: str
    origin: Origin
    needed_by: str  # who was the first, in words
    source: Source | None = None
    cannot_be_without: list[str] = field(default_factory=list)  # imports of it that fail its own
    imports_at_once: list[str] = field(default_factory=list)  # when it is imported itself, or it may
    why_unusable: str = ""

    @property
    def is_package(self) -> bool:
        return bool(self.folders)

    @property
    def of_library(self) -> bool:
        return self.origin is Origin.LIBRARY

    @property
    def package(self) -> str:
        """That relative imports in it are relative to."""
        return self.name if self.is_package else self.name.rpartition(".")[0]

    @property
    def place(self) -> str:
        """Of its file, below the executable."""
        if self.kind is Kind.NAMESPACE or not self.suffix:
            return ""
        return self.name.replace(".", "/") + ("/__init__" if self.is_package else "") + self.suffix


@dataclass(frozen=True)
class Absent:
    """An import of what is nowhere."""

    name: str
    module: Module
    line: int
    matters: bool  # the module cannot be imported without it

    @property
    def place(self) -> str:
        return f"{self.module.name}, line {self.line}"


@dataclass
class Graph:
    """`sites`: folders with installed packages. `excluded` modules are not looked for, nor what is below them. `static`: modules
    that are linked into the executable; None for one that can load extensions."""

    folders: Folders
    sources: Sources
    sites: tuple[str, ...] = ()
    excluded: frozenset[str] = frozenset()
    built_in: frozenset[str] = frozenset()
    is_static: bool = False
    modules: dict[str, Module] = field(default_factory=dict)
    roots: list[str] = field(default_factory=list)
    absent: list[Absent] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    _faults: list[str] = field(default_factory=list)
    _turned_away: set[str] = field(default_factory=set)  # exclusions that have kept something out
    _waiting: deque[Module] = field(default_factory=deque)

    def __post_init__(self) -> None:
        self.library = tuple(library_folders())
        self.top = (APPLICATION, *self.library, *self.sites)

    def add_all(self, names: Iterable[str], why: str) -> None:
        for each in names:
            self.require(each, why)
        self.follow()

    def require(self, name: str, why: str) -> None:
        if self.is_excluded(name):
            self.fault(f"{name} is excluded, and needed all the same: {why}")
        elif self.find(name, why) is None:
            self.fault(f"no module named {name}: {why}")
        else:
            self.roots.append(name)

    def fault(self, what: str) -> None:
        self._faults.append(what)

    # ---- What is found out at the end ----

    def required(self) -> set[str]:
        """The modules that the application cannot do without, as far as one can tell."""
        return self.reached(lambda module: module.cannot_be_without)

    def imported_at_start(self) -> set[str]:
        """Those that no function imports when it is called, as far as one can tell."""
        return self.reached(lambda module: module.imports_at_once)

    def reached(self, imports: Callable[[Module], list[str]]) -> set[str]:
        """All that the roots come to by some of their imports."""
        found: set[str] = set()
        waiting = list(self.roots)
        while waiting:
            name = waiting.pop()
            if name in self.modules and name not in found:
                found.add(name)
                waiting += imports(self.modules[name])
                waiting.append(name.rpartition(".")[0])
        return found

    def faults(self, *, takes_all: str | None = None) -> list[str]:
        """`takes_all`: an extension that cannot be in it is one, though it is optional; and what to do then."""
        required = self.required()
        found = list(self._faults)
        for each in self.absent:
            if each.matters and each.module.name in required:
                found.append(f"no module named {each.name}: imported by {each.place} ({each.module.file})")
        unusable = [
            f"{each.name} cannot be in it: {each.why_unusable} (imported by {each.needed_by})"
            for each in self.modules.values()
            if each.kind is Kind.UNUSABLE and not each.of_library and (takes_all is not None or each.name in required)
        ]
        if unusable and takes_all:
            unusable.append(takes_all)
        return list(dict.fromkeys(found + unusable))

    def unusable_but_required(self) -> list[str]:
        """Of the standard library: that is no fault, since one cannot tell what of it an application calls."""
        required = self.required()
        return [
            f"{each.name}: {each.needed_by} cannot do without it, but it cannot be in it: {each.why_unusable}"
            for each in self.modules.values()
            if each.kind is Kind.UNUSABLE and each.of_library and each.name in required
        ]

    # ---- Following ----

    def follow(self) -> None:
        while self._waiting:
            module = self._waiting.popleft()  # so that what is told of each is the shortest way to it
            self.follow_hidden(module)
            if module.kind is Kind.SOURCE:
                self.follow_source(module)
            elif module.file and not module.of_library:
                self.follow_extension(module)

    def follow_hidden(self, module: Module) -> None:
        for name in hidden.BY_C.get(module.name, ()):
            self.find(name, f"the C code of {module.name}")
        for name in hidden.BY_NAME.get(module.name, ()):
            self.find(name, f"{module.name}, by name")
        if module.name in hidden.WHOLE:
            self.add_whole(hidden.WHOLE[module.name], module)

    def add_whole(self, name: str, module: Module) -> None:
        package = self.find(name, f"{module.name}, by name")
        if package is None:
            self.notes.append(f"{name}: not found; {module.name} uses what the system has of it")
            return
        for each in self.folders.modules_below(package.folders, f"{name}."):
            self.find(each, f"{module.name}, by name")

    def follow_extension(self, module: Module) -> None:
        module.imports_at_once = list(self.named_by(module))
        for name in module.imports_at_once:
            self.find(name, f"the C code of {module.name}")

    def named_by(self, module: Module) -> Iterator[str]:
        """The strings of an extension name what it imports, though one cannot tell those from others."""
        near = [self.folders.names(each) for each in self.folders_of(module.package)]
        for word in self.sources.words(module.file):
            first = word.partition(".")[0]
            if self.may_be_module(word, first, module):
                yield word
            if any(first in names or f"{first}.py" in names for names in near):
                yield f"{module.package}.{word}"
        top = module.name.partition(".")[0]
        known = [*hidden.OFTEN_BY_RUST, *self.folders.modules_below(self.folders_of(top), f"{top}.")]
        yield from self.sources.names_in_rust(module.file, known)

    def may_be_module(self, word: str, first: str, importer: Module) -> bool:
        """What is in a package of somebody else has a name that is no word of a language."""
        if first == importer.name.partition(".")[0]:
            return True
        if first in sys.stdlib_module_names:
            return first not in hidden.FOR_DEVELOPMENT
        return ("." in word or word.startswith("_")) and self.folders.find(first, self.sites) is not None

    def folders_of(self, package: str) -> tuple[str, ...]:
        return self.modules[package].folders if package in self.modules else ()

    def follow_source(self, module: Module) -> None:
        try:
            module.source = self.sources.source(module.file, module.place, module.package)
        except (SyntaxError, ValueError, RecursionError) as error:
            if module.origin is Origin.APPLICATION:
                self.fault(f"{module.file}:{getattr(error, 'lineno', 1)}: {getattr(error, 'msg', error)}")
            else:
                self.notes.append(f"{module.name}: left out, since it is no Python of this version ({error})")
                if not module.of_library:
                    module.kind, module.why_unusable = Kind.UNUSABLE, f"it is no Python of this version ({error})"
                    return
            del self.modules[module.name]
            return
        for each in module.source.imports:
            if self.is_followed(module, each):
                self.follow_import(module, each)
        if not module.of_library:
            for attribute, name in hidden.BY_ATTRIBUTE.items():
                if attribute in self.sources.read(module.file):
                    self.find(name, f"{module.name}, by attribute")

    def is_followed(self, module: Module, what: Import) -> bool:
        """Of what the standard library could do without it, only what makes it faster or whole, and is small: `_json`, but not
        `ssl`."""
        if (module.name, what.name) in hidden.NOT_BY:
            return False
        if not module.of_library or not is_of_library(what.name):
            return True
        outermost = what.name.partition(".")[0]
        own = outermost == module.name.partition(".")[0]
        if what.name in hidden.LICENSED or (what.lazy and not own and outermost in NOT_BY_FUNCTIONS):
            return False
        if what.name in hidden.FALLBACKS and what.optional:
            return not self.is_usable(hidden.FALLBACKS[what.name])
        return (
            not what.optional or own or outermost.startswith("_") or outermost == "encodings" or self.is_in_c(what.name)
        )

    def is_in_c(self, name: str) -> bool:
        found = self.folders.find(name, self.top)
        return found.kind is Kind.EXTENSION if found else name in sys.builtin_module_names

    def is_usable(self, name: str) -> bool:
        found = self.find(name, "an alternative")
        return found is not None and found.kind is not Kind.UNUSABLE

    def follow_import(self, module: Module, what: Import) -> None:
        place = f"{module.name}, line {what.line}"
        if self.is_excluded(what.name):
            return
        found = self.find(what.name, place)
        if found is None:
            self.absent.append(
                Absent(what.name, module, what.line, what.matters and self.would_fail(module, what.name))
            )
            return
        if what.matters:
            module.cannot_be_without.append(what.name)
        if not what.lazy:
            module.imports_at_once.append(what.name)
        if not found.is_package:
            return
        for member in self.exported_by(found) if "*" in what.members else what.members:
            name = f"{found.name}.{member}"
            if not module.of_library or ((found.name, name) not in hidden.NOT_BY and name not in hidden.LICENSED):
                inner = self.find(name, place)  # or it is an attribute
                if inner is not None and what.matters and "*" not in what.members:
                    module.cannot_be_without.append(name)
                if inner is not None and not what.lazy:
                    module.imports_at_once.append(name)

    def would_fail(self, module: Module, name: str) -> bool:
        """A module can put another one below it into sys.modules: `os.path`, `six.moves`."""
        if module.of_library:
            return False
        outer = self.modules.get(name.rpartition(".")[0])
        while outer is None and "." in name:
            name = name.rpartition(".")[0]
            outer = self.modules.get(name)
        if outer is None:
            return True
        return outer.kind is Kind.SOURCE and not any(
            each in self.sources.read(outer.file) for each in (b"sys.modules", b"__path__")
        )

    def exported_by(self, package: Module) -> list[str]:
        """`from package import *` imports these, where they are modules."""
        if package.kind is not Kind.SOURCE:
            return []
        if package.source is not None:
            return package.source.exported
        try:
            return self.sources.source(package.file, package.place, package.package).exported
        except (SyntaxError, ValueError, RecursionError):
            return []

    def is_excluded(self, name: str) -> bool:
        by = [each for each in self.excluded if name == each or name.startswith(f"{each}.")]
        self._turned_away.update(by)
        return bool(by)

    def misspelt_exclusions(self) -> list[str]:
        """Of the excluded, those that nobody has asked for, nor would have got: they are misspelt."""
        return [
            f"EXCLUDE {each}: there is no module of that name"
            for each in sorted(self.excluded - self._turned_away - sys.stdlib_module_names)
            if not self.is_somewhere(each)
        ]

    def is_somewhere(self, name: str) -> bool:
        folders = self.top
        for part in name.split("."):
            found = self.folders.find(part, folders)
            if found is None:
                return False
            folders = found.folders
        return True

    # ---- Finding ----

    def find(self, name: str, why: str) -> Module | None:
        """The module, with the packages that it is in; None where there is none of that name."""
        if name in self.modules:
            return self.modules[name]
        outer, _, last = name.rpartition(".")
        if self.is_excluded(name) or last == "__init__":
            return None
        package = self.find(outer, why) if outer else None
        if outer and (package is None or not package.is_package):
            return None
        found = self.locate(name, last, package, why)
        if found is not None:
            self.modules[name] = found
            self._waiting.append(found)
        return found

    def locate(self, name: str, last: str, package: Module | None, why: str) -> Module | None:
        found = self.folders.find(last, package.folders if package else self.top)
        own = found is not None and self.origin(found) is Origin.APPLICATION
        if not own and (name in ALWAYS_THERE or name in sys.builtin_module_names):
            return Module(name, Kind.BUILT_IN, "", (), "", Origin.LIBRARY, why)
        if name in self.built_in:
            found = found or Found(Kind.STATIC, "", (), "")
            return Module(name, Kind.STATIC, found.file, (), "", self.origin(found), why)
        if found is None:
            return None
        made = Module(name, found.kind, found.file, found.folders, found.suffix, self.origin(found), why)
        if made.kind is Kind.EXTENSION and self.is_static:
            made.kind, made.why_unusable = Kind.UNUSABLE, NOT_STATIC
        return made

    def origin(self, found: Found) -> Origin:
        where = found.file or (found.folders[0] if found.folders else APPLICATION)
        if where.startswith(APPLICATION) or self.folders.is_of_application(where):
            return Origin.APPLICATION
        # Debian's packages are in a folder below none of the library's; others' are in one of it.
        site = max((len(each) for each in self.sites if where.startswith(f"{each}/")), default=0)
        library = max((len(each) for each in self.library if where.startswith(f"{each}/")), default=0)
        return Origin.LIBRARY if library > site else Origin.SITE


def library_folders() -> list[str]:
    """The standard library's; not the packages that somebody has installed there."""
    paths = sysconfig.get_paths()
    return list(dict.fromkeys([paths["stdlib"], paths["platstdlib"], f"{paths['platstdlib']}/lib-dynload"]))


def is_of_library(name: str) -> bool:
    outermost = name.partition(".")[0]
    return outermost in sys.stdlib_module_names or outermost in hidden.FOR_DEVELOPMENT


def whole_library(folders: Folders) -> Iterator[str]:
    """The names of all that is there to be imported of the standard library, in an application."""
    for name in folders.modules_below(library_folders(), ""):
        parts = name.split(".")
        if parts[0] not in sys.stdlib_module_names or not NOT_RUN.isdisjoint({parts[0], name}):
            continue
        if {"test", "tests"}.isdisjoint(parts) and not parts[0].startswith(("_test", "_ctypes_test")):
            yield name
