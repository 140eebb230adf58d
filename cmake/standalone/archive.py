# cmake/standalone/archive.py: the file of modules and data that an executable has in it.
# SPDX-License-Identifier: MIT
"""The layout, in little-endian numbers:

    header    "PYABNDL1", Python's magic number (4), modules (4), files (4), size of the whole (4), all of it in bytes
    modules   an entry for each, sorted by name: name, code, source, data, file, needs: an offset and a length (4 + 4) each;
              kind (4), what zlib has compressed of it (4)
    files     an entry for each, sorted by name: name, data: an offset and a length each
    content   what the offsets point at, each 16-byte aligned

A module's code is marshalled, as in a .pyc behind its header; `file` is its path below the executable. Data is the shared library of
an extension, or a shared library itself; needs are the SONAMEs to load before it, a line each. For what cannot work
they are the reason instead. A file's name is its path below the executable: a package's data, or an application's resource.
framework/src/standalone reads all of it in place."""

import importlib.util
import struct
from dataclasses import dataclass
from enum import IntEnum, IntFlag

MAGIC = b"PYABNDL1"
HEADER = struct.Struct("<8s4sIII")
MODULE = struct.Struct("<14I")
FILE = struct.Struct("<4I")
ALIGNMENT = 16


class Kind(IntEnum):
    MODULE = 0
    PACKAGE = 1
    EXTENSION = 2
    EXTENSION_PACKAGE = 3
    NAMESPACE = 4
    STATIC = 5  # an extension in CPython's table of built-in modules
    SHARED_LIBRARY = 6
    UNUSABLE = 7  # an extension; `needs` is why
    FROZEN = 8  # a module whose code CPython has in itself


class Packed(IntFlag):
    NOTHING = 0
    SOURCE = 1
    CODE_AND_DATA = 2


@dataclass(frozen=True)
class Entry:
    name: str
    kind: Kind
    code: bytes = b""
    source: bytes = b""
    data: bytes = b""
    file: str = ""
    needs: str = ""
    packed: Packed = Packed.NOTHING

    @property
    def size(self) -> int:
        return len(self.code) + len(self.source) + len(self.data)


class Content:
    """Bytes that offsets lead to; the same ones are there once."""

    def __init__(self, begin: int) -> None:
        self.bytes = bytearray()
        self.begin = begin
        self.known: dict[bytes, int] = {b"": 0}

    def place(self, what: bytes) -> tuple[int, int]:
        if what not in self.known:
            self.bytes += b"\0" * (-(self.begin + len(self.bytes)) % ALIGNMENT)
            self.known[what] = self.begin + len(self.bytes)
            self.bytes += what
        return self.known[what], len(what)


def archive(entries: list[Entry], files: dict[str, bytes]) -> bytes:
    content = Content(HEADER.size + MODULE.size * len(entries) + FILE.size * len(files))
    index = bytearray()
    for each in sorted(entries, key=lambda entry: entry.name.encode()):
        parts = (each.name.encode(), each.code, each.source, each.data, each.file.encode(), each.needs.encode())
        places = (number for part in parts for number in content.place(part))
        index += MODULE.pack(*places, each.kind, each.packed)
    for name, data in sorted(files.items(), key=lambda file: file[0].encode()):
        index += FILE.pack(*content.place(name.encode()), *content.place(data))
    size = content.begin + len(content.bytes)
    if size >= 2**32:
        raise ValueError(f"an executable cannot have {size:,} bytes in it: 4 GiB is the most")
    header = HEADER.pack(MAGIC, importlib.util.MAGIC_NUMBER, len(entries), len(files), size)
    return header + bytes(index) + bytes(content.bytes)
