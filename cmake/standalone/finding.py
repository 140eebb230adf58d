# cmake/standalone/finding.py: where the file of a module is.
# SPDX-License-Identifier: MIT
"""As CPython's own finders do it, but each folder is looked into once, and the application's modules need not be in the folders
that their names say."""

import importlib.machinery
import os
from collections.abc import Iterable, Mapping
from enum import Enum
from typing import NamedTuple

SUFFIXES = tuple(importlib.machinery.EXTENSION_SUFFIXES)
APPLICATION = "<application>"  # the folder that its modules seem to be in


class Kind(Enum):
    BUILT_IN = "built in"
    SOURCE = "source"
    EXTENSION = "extension"
    NAMESPACE = "namespace"  # a package without a file
    STATIC = "static"  # an extension that is linked into the executable
    UNUSABLE = "unusable"  # an extension that the executable cannot have


class Found(NamedTuple):
    kind: Kind
    file: str  # empty for a namespace
    folders: tuple[str, ...]  # where modules below it are; empty for what is no package
    suffix: str


class Folders:
    """`application`: the files of its modules, by their paths below it."""

    def __init__(self, application: Mapping[str, str]) -> None:
        self._names: dict[str, dict[str, bool]] = {APPLICATION: {}}
        self._files: dict[str, str] = {}
        self._application = frozenset(application.values())
        for place, file in application.items():
            self._files[f"{APPLICATION}/{place}"] = file
            folder, inner = APPLICATION, place.split("/")
            for each in inner[:-1]:
                self._names[folder][each] = True
                folder = f"{folder}/{each}"
                self._names.setdefault(folder, {})
            self._names[folder][inner[-1]] = False

    def names(self, folder: str) -> dict[str, bool]:
        """What is in it: true for a folder."""
        known = self._names.get(folder)
        if known is None:
            known = self._names[folder] = {}
            try:
                with os.scandir(folder) as entries:
                    for each in sorted(entries, key=lambda entry: entry.name):
                        known[each.name] = each.is_dir()
            except OSError:
                pass
        return known

    def file(self, path: str) -> str:
        """The real one."""
        return self._files.get(path, path)

    def is_of_application(self, file: str) -> bool:
        return file in self._application

    def looked_into(self) -> list[str]:
        return [each for each in self._names if not each.startswith(APPLICATION) and os.path.isdir(each)]

    def find(self, name: str, folders: Iterable[str]) -> Found | None:
        """`name`: its last part."""
        portions = []
        for folder in folders:
            names = self.names(folder)
            if names.get(name):
                inner = f"{folder}/{name}"
                found = self.file_of("__init__", inner)
                if found is not None:
                    return found._replace(folders=(inner,))
                portions.append(inner)
            found = self.file_of(name, folder)
            if found is not None:
                return found
        return Found(Kind.NAMESPACE, "", tuple(portions), "") if portions else None

    def file_of(self, stem: str, folder: str) -> Found | None:
        names = self.names(folder)
        for suffix in (*SUFFIXES, ".py"):
            if names.get(stem + suffix) is False:
                kind = Kind.SOURCE if suffix == ".py" else Kind.EXTENSION
                return Found(kind, self.file(f"{folder}/{stem}{suffix}"), (), suffix)
        return None

    def modules_below(self, folders: Iterable[str], prefix: str) -> Iterable[str]:
        """The names of all modules in a package's folders, and in those of the packages there."""
        for folder in folders:
            for name, is_folder in self.names(folder).items():
                stem = name if is_folder else module_of(name)
                if not stem or not stem.isidentifier() or stem in ("__init__", "__main__", "__pycache__"):
                    continue
                if not is_folder:
                    yield prefix + stem
                elif self.file_of("__init__", f"{folder}/{name}") is not None:
                    yield prefix + stem
                    yield from self.modules_below((f"{folder}/{name}",), f"{prefix}{stem}.")


def module_of(file: str) -> str:
    """The last part of the name of the module that a file's name says; empty where it is no module's."""
    for suffix in (*SUFFIXES, ".py"):
        if file.endswith(suffix):
            return file[: -len(suffix)]
    return ""
