# cmake/standalone/cache.py: what has been found out about files' contents, kept for the next build.
# SPDX-License-Identifier: MIT
import hashlib
import marshal
import os
import sys
from pathlib import Path
from typing import Any


class Cache:
    """Values that `marshal` can write, by everything that they follow from: so none is ever out of date. What the makers of the
    values are like is part of that."""

    def __init__(self, folder: str, makers: list[bytes]) -> None:
        self.folder = folder
        self.base = hashlib.sha256(repr((sys.version, *makers)).encode())
        self.folders_made: set[str] = set()

    def key(self, *parts: bytes) -> str:
        made = self.base.copy()
        for each in parts:
            made.update(b"%d:" % len(each))
            made.update(each)
        return made.hexdigest()

    def get(self, key: str) -> Any:
        """None where there is none."""
        try:
            with open(f"{self.folder}/{key[:2]}/{key[2:]}", "rb") as file:
                return marshal.loads(file.read())
        except (OSError, EOFError, ValueError, TypeError):
            return None

    def put(self, key: str, value: Any) -> None:
        folder = f"{self.folder}/{key[:2]}"
        if folder not in self.folders_made:
            os.makedirs(folder, exist_ok=True)
            self.folders_made.add(folder)
        write_file(f"{folder}/{key[2:]}", marshal.dumps(value))


def write_file(name: str, content: bytes) -> None:
    """As a whole or not at all, whoever else writes it."""
    temporary = f"{name}.{os.getpid()}.new"
    try:
        Path(temporary).write_bytes(content)
        os.replace(temporary, name)
    except OSError:
        Path(temporary).unlink(missing_ok=True)
        raise
