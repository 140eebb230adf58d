# cmake/standalone/contents.py: what an executable has in it: modules, libraries and files, from all that is known of them.
# SPDX-License-Identifier: MIT
import _imp
import marshal
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import hidden
from archive import Entry, Packed
from archive import Kind as Stored
from cache import Cache
from distributions import Distribution, data_of, distributions
from finding import Folders, Kind, module_of
from graph import Graph, Module, Origin, is_of_library, whole_library
from libraries import Libraries, Unusable
from options import AUTO, FULL, Faults, Options
from sources import Sources

BY_INTERPRETER = ("encodings", "encodings.aliases", "encodings.utf_8")
"""What it needs to start."""

BY_COMPILER = ("unicodedata",)
"""Names and escapes with other letters than ASCII ask it, in code that is compiled while the application runs."""

BY_PYASYNC = ("atexit", "gc", "traceback", "linecache", "threading", "asyncio")
"""What its C++ imports, when it comes to that."""

OWN = "_pyasync_"
IMPORTER = f"{OWN}importer"
CA_BUNDLE = "_pyasync/ca.pem"


@dataclass
class Contents:
    graph: Graph
    libraries: Libraries
    entries: list[Entry] = field(default_factory=list)
    files: dict[str, bytes] = field(default_factory=dict)
    distributions: list[Distribution] = field(default_factory=list)

    @property
    def notes(self) -> list[str]:
        return sorted({*self.graph.notes, *self.graph.unusable_but_required(), *self.libraries.notes})

    def absent(self) -> dict[str, str]:
        """What optional imports have not found, by who was the first. What the standard library imports on other systems is not
        told."""
        found: dict[str, str] = {}
        for each in self.graph.absent:
            if not each.module.of_library:
                found.setdefault(each.name, each.place)
        return found

    def why(self) -> dict[str, str]:
        found = {each.name: each.needed_by for each in self.libraries.found.values()}
        return found | {each.name: each.needed_by for each in self.graph.modules.values()}


def contents(options: Options, cache: Cache) -> Contents:
    """Raises Faults."""
    sources = Sources(cache, options.optimize)
    application = {**options.own, **{place: file for place, file in options.application.items() if module_of(place)}}
    folders = Folders(application)
    graph = Graph(folders, sources, options.sites, options.excluded, options.static_extensions, options.is_static)
    add_roots(graph, options, application)
    made = Contents(graph, Libraries(sources))
    if not options.is_static:
        mark_unusable(made)
    faults = graph.faults(takes_all=options.takes_all)
    if faults:
        raise Faults(faults)
    made.entries = list(entries(made))
    if not options.is_packed_as_whole:
        early = made.graph.imported_at_start()
        plain = needed_to_unpack(made.entries)
        made.entries = [packed(each, sources, early, plain, compresses=options.compresses) for each in made.entries]
    made.distributions = distributions(graph.modules.values(), options.sites, folders, sources)
    add_files(made, options)
    misspelt = graph.misspelt_exclusions()
    if misspelt:
        raise Faults(misspelt)
    made.entries += folders_of_files(made)
    return made


def add_roots(graph: Graph, options: Options, application: dict[str, str]) -> None:
    # What the application asks for is first, so that the manifest says that.
    for place in application:
        if place in options.application:
            graph.require(name_of(place), "the application's")
    graph.add_all(options.imports, "asked for by IMPORTS")
    for each in sorted(options.library - {AUTO, FULL}):
        if is_of_library(each):
            graph.require(each, "asked for by STDLIB")
            for inner in graph.folders.modules_below(graph.folders_of(each), f"{each}."):
                if "test" not in inner.split(".") and "tests" not in inner.split("."):
                    graph.find(inner, "asked for by STDLIB")
        else:
            graph.fault(f"STDLIB {each}: the standard library has no module of that name")
    graph.add_all(BY_INTERPRETER, "the interpreter")
    if f"{IMPORTER}.py" in options.own:  # the others are in it where what they adapt is
        graph.add_all([IMPORTER, "zlib"], "pyasync's own")
    graph.add_all((each for each in BY_COMPILER if not graph.is_excluded(each)), "the compiler")
    graph.add_all((each for each in BY_PYASYNC if not graph.is_excluded(each)), "pyasync itself")
    graph.notes += [f"{each}: excluded, though pyasync uses it" for each in BY_PYASYNC if graph.is_excluded(each)]
    if FULL in options.library:
        for each in (*whole_library(graph.folders), *sys.builtin_module_names):
            graph.find(each, "STDLIB FULL")
        graph.follow()


def name_of(place: str) -> str:
    folder, _, file = place.rpartition("/")
    name = f"{folder}/{module_of(file)}" if folder else module_of(file)
    return name.removesuffix("/__init__").replace("/", ".")


def mark_unusable(made: Contents) -> None:
    """Extensions whose libraries are not here. What they would have been used instead of comes in for them."""
    fallbacks = {extension: module for module, extension in hidden.FALLBACKS.items()}
    for each in list(made.graph.modules.values()):
        if each.kind is Kind.EXTENSION:
            try:
                made.libraries.needs_of(each.file, each.name)
            except Unusable as error:
                each.kind, each.why_unusable = Kind.UNUSABLE, str(error)
                if each.name in fallbacks:
                    made.graph.find(fallbacks[each.name], f"{each.name} is not usable")
    made.graph.follow()


def entries(made: Contents) -> Iterator[Entry]:
    modules = made.graph.modules
    with_modules = {outer for name in modules for outer in outer_names(name)}
    for each in modules.values():
        if each.kind is not Kind.BUILT_IN and not (each.kind is Kind.NAMESPACE and each.name not in with_modules):
            yield entry(each, made)
    for library in made.libraries.found.values():
        data = made.graph.sources.read(library.file)
        yield Entry(library.name, Stored.SHARED_LIBRARY, data=data, needs="\n".join(library.needs))


def folders_of_files(made: Contents) -> Iterator[Entry]:
    """Folders with data alone are packages without a file to who asks for their resources."""
    known = {each.name for each in made.entries}
    for place in made.files:
        folder = place.rpartition("/")[0]
        while folder and folder.replace("/", "").isidentifier():
            name = folder.replace("/", ".")
            if name not in known:
                known.add(name)
                yield Entry(name, Stored.NAMESPACE)
            folder = folder.rpartition("/")[0]


def needed_to_unpack(entries: list[Entry]) -> set[str]:
    """The names of what unpacks the others, and of what is there before that."""
    needs = {each.name: each.needs.split("\n") for each in entries}
    return {*BY_INTERPRETER, IMPORTER, "zlib", *needs.get("zlib", [])}


def packed(entry: Entry, sources: Sources, early: set[str], plain: set[str], *, compresses: bool) -> Entry:
    """Sources are read for tracebacks only, and code that is not imported early may never be; the rest is packed where that is
    wanted, but for what unpacks it."""
    made = replace(entry, source=sources.compressed(entry.source), packed=Packed.SOURCE) if entry.source else entry
    is_late = entry.code and entry.name not in early and not entry.name.startswith(OWN)
    if not (compresses or is_late) or entry.name in plain:
        return made
    code, data = (sources.compressed(each) if each else each for each in (entry.code, entry.data))
    return replace(made, code=code, data=data, packed=made.packed | Packed.CODE_AND_DATA)


def outer_names(name: str) -> Iterator[str]:
    while "." in name:
        name = name.rpartition(".")[0]
        yield name


def entry(module: Module, made: Contents) -> Entry:
    if module.kind is Kind.SOURCE and module.source is not None:
        if is_frozen(module.name, module.source.code):
            return Entry(module.name, Stored.FROZEN, source=module.source.text, file=module.place)
        kind = Stored.PACKAGE if module.is_package else Stored.MODULE
        return Entry(module.name, kind, module.source.code, module.source.text, file=module.place)
    if module.kind is Kind.EXTENSION:
        kind = Stored.EXTENSION_PACKAGE if module.is_package else Stored.EXTENSION
        needs = made.libraries.needs_of(module.file, module.name)
        data = made.graph.sources.read(module.file)
        return Entry(module.name, kind, data=data, file=module.place, needs="\n".join(needs))
    if module.kind is Kind.UNUSABLE:
        return Entry(module.name, Stored.UNUSABLE, needs=module.why_unusable)
    return Entry(module.name, Stored.NAMESPACE if module.kind is Kind.NAMESPACE else Stored.STATIC)


def is_frozen(name: str, code: bytes) -> bool:
    """Whether CPython has the very same code in itself, ready to run."""
    return _imp.is_frozen(name) and _imp.get_frozen_object(name) == marshal.loads(code)


def add_files(made: Contents, options: Options) -> None:
    packages = [each for each in made.graph.modules.values() if each.origin is Origin.SITE and each.is_package]
    of_packages = [each for each in packages if each.kind is not Kind.NAMESPACE]
    data = data_of(of_packages, made.graph.folders)
    found = {place: file for place, file in data if not made.graph.is_excluded(place.replace("/", "."))}
    for each in made.distributions:
        found.update(each.files)
    found.update(options.resources)
    if options.ca_bundle:
        found[CA_BUNDLE] = options.ca_bundle
    made.files = {place: made.graph.sources.read(file) for place, file in found.items()}
