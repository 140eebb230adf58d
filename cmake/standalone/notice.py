# cmake/standalone/notice.py: whose work is in an executable, and under which licences.
# SPDX-License-Identifier: MIT
import os
import subprocess
import sys
import sysconfig
from collections.abc import Sequence

from cache import Cache
from distributions import Distribution
from sources import Sources

GLIBC_SHARED = (
    "The GNU C library is under the GNU Lesser General Public License, version 2.1 or later. The executable does not contain it: "
    "it uses the one of the system that it runs on."
)
GLIBC_STATIC = (
    "The GNU C library is linked into the executable. It is under the GNU Lesser General Public License, version 2.1 or later, "
    "whose section 6 lets you pass the executable on together with what is needed to link it anew with a changed library: its "
    "object files and the command that links them, or its sources; and with the library's own sources, or an offer of them."
)


def notice(
    name: str,
    licences: dict[str, str],
    libraries: dict[str, str],
    distributions: Sequence[Distribution],
    *,
    sites: tuple[str, ...],
    is_static: bool,
    cache: Cache,
    sources: Sources,
) -> str:
    """`libraries`: names and files of all those in it, shared or static."""
    sections = [(title, sources.read(file).decode(errors="replace")) for title, file in licences.items()]
    sections += [python(sources), ("The GNU C library", GLIBC_STATIC if is_static else GLIBC_SHARED)]
    from_sites = {
        name: file for name, file in libraries.items() if file.startswith(tuple(f"{each}/" for each in sites))
    }
    of_system = {name: file for name, file in libraries.items() if name not in from_sites}
    sections += of_libraries(of_system, cache, sources)
    sections += [(each, "It came with one of the Python packages; see there.") for each in sorted(from_sites)]
    of_packages = packages_of({each.name: min(each.files.values()) for each in distributions if each.files}, cache)
    for each in {(each.name, each.version): each for each in distributions}.values():
        texts = [sources.read(file).decode(errors="replace").strip() for file in each.licence_files()]
        debians = f"/usr/share/doc/{of_packages.get(each.name, '')}/copyright"
        if not texts and os.path.isfile(debians):
            texts = [sources.read(debians).decode(errors="replace").strip()]
        said = f"Licence, as it says itself: {each.licence or 'it does not say; see its authors'}"
        sections.append((f"{each.name} {each.version}".strip(), "\n\n".join([said, *texts])))
    begin = f"{name} contains work of others, under these licences:\n\n"
    listed = "".join(f"  - {title}\n" for title, _ in sections)
    rule = "=" * 79
    return begin + listed + "".join(f"\n{rule}\n{title}\n{rule}\n\n{text.strip()}\n" for title, text in sections)


def python(sources: Sources) -> tuple[str, str]:
    version = sysconfig.get_python_version()
    title = f"Python {sys.version.split()[0]}, its interpreter and its standard library"
    stdlib = sysconfig.get_paths()["stdlib"]
    for file in (f"{stdlib}/LICENSE.txt", f"{stdlib}/LICENSE", f"/usr/share/doc/python{version}/copyright"):
        if os.path.isfile(file):
            return title, sources.read(file).decode(errors="replace")
    return title, "The PSF licence: https://docs.python.org/3/license.html"


def of_libraries(libraries: dict[str, str], cache: Cache, sources: Sources) -> list[tuple[str, str]]:
    """Those of one package have one section."""
    packages = packages_of(libraries, cache)
    together: dict[str, list[str]] = {}
    for each in sorted(libraries):
        together.setdefault(packages.get(each, ""), []).append(each)
    sections = []
    for package, names in sorted(together.items()):
        file = f"/usr/share/doc/{package}/copyright"
        if package and os.path.isfile(file):
            sections.append(
                (f"{', '.join(names)} (Debian's package {package})", sources.read(file).decode(errors="replace"))
            )
        else:
            text = "No package of the system says what its licence is: see to it that you may pass it on, and name it here."
            sections += [(each, text) for each in names]
    return sections


def packages_of(libraries: dict[str, str], cache: Cache) -> dict[str, str]:
    """The names of the packages that have installed them; dpkg takes a third of a second, so what it says is kept."""
    states = [
        (name, file, os.stat(file).st_size, os.stat(file).st_mtime_ns) for name, file in sorted(libraries.items())
    ]
    key = cache.key(b"packages", repr(states).encode())
    known: dict[str, str] | None = cache.get(key)
    if known is None:
        known = ask_dpkg(libraries)
        cache.put(key, known)
    return known


def ask_dpkg(libraries: dict[str, str]) -> dict[str, str]:
    """It knows a file by the name that its package has for it: with or without /usr, of the link or of the file."""
    names: dict[str, str] = {}
    for name, file in libraries.items():
        for each in (file, os.path.realpath(file)):
            names.setdefault(each, name)
            names.setdefault(each.removeprefix("/usr") if each.startswith("/usr/lib") else f"/usr{each}", name)
    if not names:
        return {}
    try:
        listed = subprocess.run(["dpkg", "-S", *names], capture_output=True, text=True).stdout
    except OSError:
        return {}
    found: dict[str, str] = {}
    for line in listed.splitlines():
        package, _, file = line.rpartition(": ")
        if file in names and not package.startswith("diversion"):
            found.setdefault(names[file], package.partition(",")[0].partition(":")[0])
    return found
