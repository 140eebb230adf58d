# cmake/standalone/own/metadata.py: the metadata of the packages that the executable has in it.
# SPDX-License-Identifier: MIT
"""For `importlib.metadata`: imported when that asks."""

from collections.abc import Iterator
from importlib.metadata import Distribution, Prepared  # type: ignore[attr-defined]
from pathlib import PurePosixPath
from typing import Any

import _pyasync_archive as archive
from _pyasync_resources import Entry

METADATA = ("METADATA", "PKG-INFO")


class InstalledFile(Entry):
    """As `importlib.metadata.files` locates one: read from the executable; a path to who wants no more than that."""

    def __fspath__(self) -> str:
        return str(self)

    def exists(self) -> bool:
        return self.is_file() or self.is_dir()


class EmbeddedDistribution(Distribution):
    def __init__(self, folder: str) -> None:
        self._path = PurePosixPath(folder)  # importlib.metadata looks at the name
        self.folder = folder

    def read_text(self, filename: str) -> str | None:
        data: bytes | None = archive.data(f"{self.folder}/{filename}")
        return None if data is None else data.decode("utf-8")

    def locate_file(self, path: Any) -> Any:
        return InstalledFile(str(path))


def distributions(name: str | None) -> Iterator[EmbeddedDistribution]:
    wanted = None if name is None else Prepared(name).normalized
    for file in archive.files(""):
        folder, _, last = file.rpartition("/")
        if last in METADATA and folder.endswith((".dist-info", ".egg-info")) and "/" not in folder:
            title = folder.rpartition(".")[0].partition("-")[0]
            if wanted is None or Prepared(title).normalized == wanted:
                yield EmbeddedDistribution(folder)
