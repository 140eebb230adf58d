# cmake/standalone/manifest.py: the list of what is in an executable, for people.
# SPDX-License-Identifier: MIT
from collections.abc import Iterable

WORDS = (
    "module",
    "package",
    "extension",
    "extension, package",
    "namespace package",
    "built in",
    "shared library",
    "unusable",
    "module",  # frozen
)
"""For the kinds of an archive's entries."""


def manifest(
    name: str,
    entries: Iterable[tuple[str, int, int, str]],
    files: dict[str, bytes],
    notes: Iterable[str],
    absent: dict[str, str],
    size: int,
) -> str:
    """`entries`: name, size, kind, why it is there. `absent`: names that nothing was found for, and who asked."""
    rows = sorted(entries, key=lambda each: (-each[1], each[0]))
    lines = [f"{name}: {len(rows)} modules and libraries, {len(files)} files, {size:,} bytes in all", ""]
    lines += table("Modules and libraries", [(each[0], each[1], WORDS[each[2]], each[3]) for each in rows])
    by_size = sorted(files.items(), key=lambda each: (-len(each[1]), each[0]))
    lines += table("Files", [(place, len(data), "file", "") for place, data in by_size])
    lines += paragraph("Notes", list(notes))
    lines += paragraph("Not found, and not necessary", [f"{each} ({why})" for each, why in sorted(absent.items())])
    return "\n".join(lines).rstrip() + "\n"


def table(title: str, rows: list[tuple[str, int, str, str]]) -> list[str]:
    if not rows:
        return []
    name_width = max(len(row[0]) for row in rows)
    kind_width = max(len(row[2]) for row in rows)
    lines = [f"{title}: {len(rows)}, {sum(row[1] for row in rows):,} bytes"]
    for name, size, kind, why in rows:
        lines.append(f"  {name:{name_width}}  {size:>12,}  {kind:{kind_width}}  {why}".rstrip())
    return [*lines, ""]


def paragraph(title: str, sentences: list[str]) -> list[str]:
    return [f"{title}:", *(f"  {each}" for each in sentences), ""] if sentences else []
