# cmake/standalone/libraries.py: the shared libraries that extensions need, and where they are.
# SPDX-License-Identifier: MIT
import os
import subprocess
from dataclasses import dataclass, field

import elf
from sources import Sources

OF_GLIBC = ("ld-linux", "libnss_")
OF_GLIBC_EXACTLY = {
    "libanl.so.1",
    "libc.so.6",
    "libdl.so.2",
    "libm.so.6",
    "libmvec.so.1",
    "libpthread.so.0",
    "libresolv.so.2",
    "librt.so.1",
    "libutil.so.1",
}
"""They go with the system's kernel and files, and are there wherever the executable itself can start."""


def is_of_glibc(name: str) -> bool:
    return name in OF_GLIBC_EXACTLY or name.startswith(OF_GLIBC)


class Unusable(Exception):
    """Why an extension cannot be loaded."""


@dataclass
class Shared:
    name: str  # that others need it by
    file: str
    needs: list[str]  # all of them, in an order in which each comes after those that it needs itself
    needed_by: str


@dataclass
class Libraries:
    sources: Sources
    found: dict[str, Shared] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    _known: dict[str, str] | None = None

    def needs_of(self, file: str, name: str, paths: tuple[str, ...] = ()) -> list[str]:
        """The names of all that an extension needs, in the order to load them. `paths`: those of what needs it, which hold for
        what it needs itself, too. Raises Unusable."""
        return self.needs(self.parsed(file), file, name, paths)

    def parsed(self, file: str) -> elf.Library:
        try:
            return elf.library(self.sources.read(file))
        except ValueError as error:
            raise Unusable(f"{os.path.basename(file)} is no shared library: {error}") from error

    def needs(self, parsed: elf.Library, file: str, name: str, paths: tuple[str, ...]) -> list[str]:
        origin = os.path.dirname(os.path.realpath(file))
        own = [each.replace("${ORIGIN}", origin).replace("$ORIGIN", origin) for each in parsed.paths]
        here = (*own, *paths)
        order: dict[str, None] = {}
        for each in parsed.needed:
            if each.startswith("libpython3"):
                self.note(f"{name}: {each} is left out, since the executable has in it what is needed of it")
            elif not is_of_glibc(each):
                library = self.library(each, name, here)
                order.update(dict.fromkeys([*library.needs, each]))
        return list(order)

    def library(self, name: str, needed_by: str, paths: tuple[str, ...]) -> Shared:
        place = self.place(name, paths)
        known = self.found.get(name)
        if known is not None:
            if place not in (None, known.file):
                self.note(f"{name}: there are two of that name; it is the one that {known.needed_by} needs")
            return known
        if place is None:
            raise Unusable(f"{name} is not found, which {needed_by} needs")
        made = self.found[name] = Shared(name, place, [], needed_by)  # before it is complete: they can need each other
        try:
            parsed = self.parsed(place)
            require_soname(made, parsed.soname)
            made.needs = [each for each in self.needs(parsed, place, name, paths) if each != name]
        except Unusable:
            del self.found[name]
            raise
        return made

    def note(self, what: str) -> None:
        if what not in self.notes:
            self.notes.append(what)

    def place(self, name: str, paths: tuple[str, ...]) -> str | None:
        for each in paths:
            file = os.path.normpath(f"{each}/{name}")
            if os.path.isfile(file):
                return file
        if self._known is None:
            self._known = known_to_the_system()
        return self._known.get(name)


def require_soname(library: Shared, soname: str) -> None:
    """What is in memory has no other name that the dynamic linker would know it by."""
    if soname != library.name:
        raise Unusable(
            f"{library.name}, which {library.needed_by} needs, says {soname or 'no name'} of itself (its SONAME; "
            f"`patchelf --set-soname {library.name} {library.file}` mends that)"
        )


def known_to_the_system() -> dict[str, str]:
    """What the system's loader finds, by name."""
    found: dict[str, str] = {}
    for program in ("ldconfig", "/sbin/ldconfig", "/usr/sbin/ldconfig"):
        try:
            listed = subprocess.run([program, "-p"], capture_output=True, text=True).stdout
        except OSError:
            continue
        for line in listed.splitlines():
            name, arrow, file = line.strip().partition(" => ")
            if arrow and is_of_this_machine(name):
                found.setdefault(name.split(" ")[0], file)
        break
    return found


def is_of_this_machine(line: str) -> bool:
    """The list has the libraries of other architectures as well: `libz.so.1 (libc6,x86-64)`."""
    machine = os.uname().machine
    inside = line.partition("(")[2]
    return {"x86_64": "x86-64", "aarch64": "AArch64"}.get(machine, "libc6") in inside
