# cmake/standalone/own/resources.py: the files beside modules, out of the executable.
# SPDX-License-Identifier: MIT
"""For `importlib.resources`: imported when that asks."""

import io
import sys
from collections.abc import Iterator
from importlib.abc import Traversable, TraversableResources
from os import PathLike
from pathlib import PurePosixPath
from typing import IO, Any

import _pyasync_archive as archive
from _pyasync_importer import content_of


class Entry(Traversable):
    """A file or a folder in the executable. `path` is relative to the executable, without a slash at its end."""

    def __init__(self, path: str) -> None:
        self.path = path

    @property
    def name(self) -> str:
        return PurePosixPath(self.path).name

    def __repr__(self) -> str:
        return f"<{sys.executable}/{self.path}>"

    def __str__(self) -> str:
        return f"{sys.executable}/{self.path}"

    def contents(self) -> list[str]:
        """The names of what is in the folder: files, and Python modules with a source."""
        below = f"{self.path}/" if self.path else ""
        names = {each.removeprefix(below).partition("/")[0] for each in archive.files(below)}
        if self.path:
            package = self.path.replace("/", ".")
            for each in (package, *archive.names(f"{package}.")):
                _, file = archive.find(each) or (0, "")
                inner = file.removeprefix(below)
                if file.startswith(below) and file.endswith(".py") and "/" not in inner:
                    names.add(inner)
        return sorted(names)

    def iterdir(self) -> Iterator["Entry"]:
        return iter([self / name for name in self.contents()])

    def data(self) -> bytes | None:
        return content_of(self.path)

    def is_dir(self) -> bool:
        return self.data() is None and bool(self.contents())

    def is_file(self) -> bool:
        return self.data() is not None

    def joinpath(self, *descendants: str | PathLike[str]) -> "Entry":
        path = self.path
        for each in descendants:
            for part in str(each).split("/"):
                path = f"{path}/{part}" if path else part
        return type(self)(path)

    def __truediv__(self, child: str | PathLike[str]) -> "Entry":
        return self.joinpath(child)

    def read_bytes(self) -> bytes:
        found = self.data()
        if found is None:
            raise FileNotFoundError(2, "No such file in this executable", str(self))
        return found

    def read_text(self, encoding: str | None = None, errors: str | None = None) -> str:
        with self.open("r", encoding=encoding or "utf-8", errors=errors) as file:
            return str(file.read())

    def open(self, mode: str = "r", *args: Any, **kwargs: Any) -> IO[Any]:
        binary = io.BytesIO(self.read_bytes())
        return binary if "b" in mode else io.TextIOWrapper(binary, *args, **kwargs)


class Reader(TraversableResources):
    def __init__(self, path: str) -> None:
        self.path = path

    def files(self) -> Entry:
        return Entry(self.path)
