# cmake/standalone/own/importer.py: imports what the executable has in it.
# SPDX-License-Identifier: MIT
"""Goes first on `sys.meta_path`. A module's `__file__` is the executable's path, with its own path in the archive behind it:
nothing of that name is in the file system, but the loader has its code, its source and the data beside it.

It runs before any other module that is no part of CPython's own file, and imports none that is not."""

import _frozen_importlib_external
import _imp
import sys
from _frozen_importlib import ModuleSpec, _call_with_frames_removed  # type: ignore[attr-defined]

import _pyasync_archive as archive

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from importlib.metadata import Distribution, DistributionFinder
    from importlib.resources.abc import TraversableResources
    from sys import UnraisableHookArgs
    from types import CodeType, ModuleType, TracebackType

ROOT: str = sys.executable

MODULE, PACKAGE, EXTENSION, EXTENSION_PACKAGE, NAMESPACE, BUILT_IN, _, UNUSABLE, FROZEN = range(9)
PACKAGES = (PACKAGE, EXTENSION_PACKAGE, NAMESPACE)

AFTERWARDS = {"ssl": "_pyasync_tls", "threading": "_pyasync_report"}
"""Own modules whose `adapt(module)` is called when another one has been imported."""


class Importer:
    """Finder and loader of everything."""

    # ---- Finding. ----

    def find_spec(
        self, name: str, path: "Sequence[str] | None" = None, target: "ModuleType | None" = None
    ) -> "ModuleSpec | None":
        found = archive.find(name)
        if found is None:
            return None
        kind, file = found
        if kind == NAMESPACE:
            return namespace(name, sys.path if path is None else path)
        origin = f"{ROOT}/{file}" if file else "built-in"
        spec = ModuleSpec(name, self, origin=origin, is_package=kind in PACKAGES)  # type: ignore[arg-type]
        spec.has_location = bool(file)
        if kind in PACKAGES:
            spec.submodule_search_locations = [location(name)]
        return spec

    def find_distributions(self, context: "DistributionFinder.Context") -> "Iterator[Distribution]":
        return own_module("_pyasync_metadata").distributions(context.name)

    def invalidate_caches(self) -> None:
        """There are none."""

    def iter_modules(self, prefix: str = "") -> "Iterator[tuple[str, bool]]":
        return modules_in("", prefix)

    # ---- Loading. ----

    def create_module(self, spec: ModuleSpec) -> "ModuleType | None":
        kind, _ = found_or_fail(spec.name)
        if kind in (EXTENSION, EXTENSION_PACKAGE):
            module = _call_with_frames_removed(archive.load, spec)
            if spec.origin is not None and hasattr(module, "__file__"):
                module.__file__ = spec.origin
            return module
        if kind == BUILT_IN:
            return _call_with_frames_removed(_imp.create_builtin, spec)
        if kind == UNUSABLE:
            raise ImportError(f"{spec.name}: {archive.why(spec.name)}", name=spec.name)
        return None

    def exec_module(self, module: "ModuleType") -> None:
        name = module.__name__ if module.__spec__ is None else module.__spec__.name
        kind, _ = found_or_fail(name)
        if kind in (EXTENSION, EXTENSION_PACKAGE):
            _call_with_frames_removed(_imp.exec_dynamic, module)
        elif kind == BUILT_IN:
            _call_with_frames_removed(_imp.exec_builtin, module)
        elif (code := self.get_code(name)) is not None:
            _call_with_frames_removed(exec, code, module.__dict__)
        if name in AFTERWARDS:
            own_module(AFTERWARDS[name]).adapt(module)

    # ---- What is known of a module. ----

    def get_code(self, name: str) -> "CodeType | None":
        kind, _ = archive.find(name) or (None, "")
        code = _imp.get_frozen_object(name) if kind == FROZEN else archive.code(name)
        if code is not None:
            _imp._fix_co_filename(code, self.get_filename(name))  # type: ignore[attr-defined]
        return code

    def get_source(self, name: str) -> str | None:
        source = archive.source(name)
        return None if source is None else _frozen_importlib_external.decode_source(source)

    def is_package(self, name: str) -> bool:
        return found_or_fail(name)[0] in PACKAGES

    def get_filename(self, name: str) -> str:
        return f"{ROOT}/{found_or_fail(name)[1]}"

    def get_data(self, path: str) -> bytes:
        data = content_of(path.removeprefix(f"{ROOT}/"))
        if data is None:
            raise FileNotFoundError(2, "No such file in this executable", path)
        return data

    def get_resource_reader(self, name: str) -> "TraversableResources | None":
        package = name if self.is_package(name) else name.rpartition(".")[0]
        return own_module("_pyasync_resources").Reader(package.replace(".", "/"))


class FolderFinder:
    """What `pkgutil` asks of a package's `__path__`."""

    def __init__(self, path: str) -> None:
        if not path.startswith(f"{ROOT}/"):
            raise ImportError("no path of this executable's", path=path)
        self.package = path.removeprefix(f"{ROOT}/").replace("/", ".")

    def find_spec(self, name: str, target: "ModuleType | None" = None) -> "ModuleSpec | None":
        # As in a folder: only the last part of the name counts, and nothing is looked for elsewhere.
        return ours.find_spec(f"{self.package}.{name.rpartition('.')[2]}", ())

    def iter_modules(self, prefix: str = "") -> "Iterator[tuple[str, bool]]":
        return modules_in(f"{self.package}.", prefix)


def location(package: str) -> str:
    return f"{ROOT}/{package.replace('.', '/')}"


def namespace(name: str, path: "Sequence[str]") -> ModuleSpec:
    """A folder without an __init__.py: what is a module elsewhere on the path comes before it, and other such folders are parts of
    the same package."""
    elsewhere = [each for each in path if each != ROOT and not each.startswith(f"{ROOT}/")]
    found = _frozen_importlib_external.PathFinder.find_spec(name, elsewhere) if elsewhere else None
    if found is not None and found.loader is not None:
        return found
    spec = ModuleSpec(name, ours, is_package=True)  # type: ignore[arg-type]
    parts = found.submodule_search_locations if found is not None else None
    spec.submodule_search_locations = [location(name), *(parts or ())]
    return spec


def own_module(name: str) -> "ModuleType":
    """It is in the executable where what needs it is, which hidden.py knows: so no `import` names it."""
    return __import__(name)


def content_of(file: str) -> bytes | None:
    """Of a file, or of a module's source, by its path below the executable."""
    data = archive.data(file)
    if data is None and file.endswith(".py"):
        data = archive.source(file.removesuffix("/__init__.py").removesuffix(".py").replace("/", "."))
    return data


def found_or_fail(name: str) -> tuple[int, str]:
    found: tuple[int, str] | None = archive.find(name)
    if found is None:
        raise ImportError(f"no module named {name!r} in this executable", name=name)
    return found


def modules_in(outer: str, prefix: str) -> "Iterator[tuple[str, bool]]":
    for name in archive.names(outer):
        inner = name.removeprefix(outer)
        # A folder without an __init__.py is not listed elsewhere, either.
        if inner and "." not in inner and found_or_fail(name)[0] != NAMESPACE:
            yield prefix + inner, ours.is_package(name)


ours = Importer()


# ---- The beginning. ----


def own_what_is_frozen() -> None:
    """What CPython has imported to start with comes out of its own file, and has no `__file__`."""
    for name, module in sys.modules.items():
        if name == "__main__" or hasattr(module, "__file__"):
            continue
        spec = ours.find_spec(name)
        if spec is None:
            continue
        module.__spec__ = spec
        module.__loader__ = ours  # type: ignore[assignment]
        if spec.has_location and spec.origin is not None:
            module.__file__ = spec.origin
        if spec.submodule_search_locations is not None:
            module.__path__ = spec.submodule_search_locations


def hide_frames() -> None:
    """Python leaves its own importer's frames out of tracebacks, by the name of the file; these are no news either."""
    for one in (Importer, FolderFinder):
        for function in vars(one).values():
            if hasattr(function, "__code__"):
                _imp._fix_co_filename(function.__code__, "<frozen importlib._bootstrap_external>")  # type: ignore[attr-defined]


def print_exception(kind: type[BaseException], value: BaseException, trace: "TracebackType | None") -> None:
    try:
        own_module("_pyasync_report").print_exception(value)
    except BaseException:
        sys.__excepthook__(kind, value, trace)


def print_unraisable(told: "UnraisableHookArgs") -> None:
    try:
        own_module("_pyasync_report").print_unraisable(told)
    except BaseException:
        sys.__unraisablehook__(told)


def add_ways_to_leave() -> None:
    """Which `site` adds elsewhere."""
    import builtins
    from _sitebuiltins import Quitter

    for name in ("exit", "quit"):
        setattr(builtins, name, Quitter(name, "Ctrl-D (i.e. EOF)"))


def install() -> None:
    hide_frames()
    own_what_is_frozen()
    sys.meta_path.insert(0, ours)
    sys.path_hooks.insert(0, FolderFinder)
    sys.frozen = True  # type: ignore[attr-defined]
    sys.excepthook = print_exception
    sys.unraisablehook = print_unraisable
    add_ways_to_leave()
