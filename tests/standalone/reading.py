# tests/standalone/reading.py: reads an archive back, for tests.
# SPDX-License-Identifier: MIT
"""Written from the description of the layout, without what writes it."""

import struct
from typing import NamedTuple


class Entry(NamedTuple):
    code: bytes
    source: bytes
    data: bytes
    file: str
    needs: str
    kind: int
    packed: int = 0  # 1: the source; 2: the rest


class Archive(NamedTuple):
    magic: bytes
    version: bytes  # Python's magic number
    size: int
    names: list[str]  # as they are there
    modules: dict[str, Entry]
    files: dict[str, bytes]


def read(content: bytes) -> Archive:
    magic, version, modules, files, size = struct.unpack_from("<8s4sIII", content)
    position = 24

    def numbers(count: int) -> tuple[int, ...]:
        nonlocal position
        position += 4 * count
        return struct.unpack_from(f"<{count}I", content, position - 4 * count)

    def part(row: tuple[int, ...], which: int) -> bytes:
        begin, length = row[2 * which], row[2 * which + 1]
        assert length == 0 or begin % 16 == 0
        return content[begin : begin + length]

    made = Archive(magic, version, size, [], {}, {})
    for _ in range(modules):
        row = numbers(14)
        name, code, source, data, file, needs = (part(row, each) for each in range(6))
        made.names.append(name.decode())
        made.modules[name.decode()] = Entry(code, source, data, file.decode(), needs.decode(), row[12], row[13])
    for _ in range(files):
        row = numbers(4)
        made.files[part(row, 0).decode()] = part(row, 1)
    return made
