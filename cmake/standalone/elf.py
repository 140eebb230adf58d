# cmake/standalone/elf.py: what the file of a shared library says about the others that it needs.
# SPDX-License-Identifier: MIT
import struct
from typing import NamedTuple

DYNAMIC = 2  # the segment's type
LOAD = 1
NEEDED, STRING_TABLE, SONAME, RPATH, RUNPATH = 1, 5, 14, 15, 29


class Layout(NamedTuple):
    header: struct.Struct  # offsets and sizes of the program headers
    segment: struct.Struct
    fields: tuple[int, int, int, int]  # where in it are type, offset, address and size in the file
    entry: struct.Struct


def layout(content: bytes) -> Layout:
    order = "<" if content[5] == 1 else ">"
    if content[4] == 2:
        return Layout(
            struct.Struct(f"{order}32xQ14xHH"),
            struct.Struct(f"{order}IIQQQQQQ"),
            (0, 2, 3, 5),
            struct.Struct(f"{order}qQ"),
        )
    return Layout(
        struct.Struct(f"{order}28xI10xHH"), struct.Struct(f"{order}IIIIIIII"), (0, 1, 2, 4), struct.Struct(f"{order}iI")
    )


class Library(NamedTuple):
    soname: str
    needed: tuple[str, ...]
    paths: tuple[str, ...]  # to look for them in; may begin with $ORIGIN


def library(content: bytes) -> Library:
    """Raises ValueError where it is no shared library."""
    if content[:4] != b"\x7fELF":
        raise ValueError("it is no ELF file")
    try:
        return read(content, layout(content))
    except (struct.error, IndexError) as error:
        raise ValueError("it is cut short") from error


def read(content: bytes, of: Layout) -> Library:
    begin, size, count = of.header.unpack_from(content)
    segments = [of.segment.unpack_from(content, begin + size * each) for each in range(count)]
    kind, offset, address, length = of.fields
    loaded = [(each[address], each[offset], each[length]) for each in segments if each[kind] == LOAD]
    entries: list[tuple[int, int]] = []
    for each in segments:
        if each[kind] == DYNAMIC:
            place = each[offset]
            entries = [of.entry.unpack_from(content, place + at) for at in range(0, each[length], of.entry.size)]
    if (0, 0) in entries:
        entries = entries[: entries.index((0, 0))]
    tables = [value for tag, value in entries if tag == STRING_TABLE]
    if not tables:
        raise ValueError("it has no dynamic section")
    table = next((tables[0] - start + at for start, at, length in loaded if start <= tables[0] < start + length), 0)

    def texts(wanted: int) -> list[str]:
        return [text_at(content, table + value) for tag, value in entries if tag == wanted]

    paths = texts(RUNPATH) or texts(RPATH)
    return Library(
        soname=next(iter(texts(SONAME)), ""),
        needed=tuple(texts(NEEDED)),
        paths=tuple(path for each in paths for path in each.split(":") if path),
    )


def text_at(content: bytes, begin: int) -> str:
    return content[begin : content.index(b"\0", begin)].decode()
