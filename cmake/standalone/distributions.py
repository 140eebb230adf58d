# cmake/standalone/distributions.py: what installed packages have beside their modules: data, and what says which they are.
# SPDX-License-Identifier: MIT
import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from finding import SUFFIXES, Folders, Kind
from graph import Module, Origin
from sources import Sources

NO_DATA = (
    ".py",
    ".pyc",
    ".pyo",
    ".pyi",
    ".pyx",
    ".pxd",
    ".pxi",
    ".c",
    ".cc",
    ".cpp",
    ".h",
    ".hpp",
    ".a",
    ".o",
    "py.typed",
)
INFO = (".dist-info", ".egg-info")
KEPT = re.compile(
    r"METADATA|PKG-INFO|RECORD|entry_points\.txt|top_level\.txt|requires\.txt|(licen[sc]e|copying|notice|authors).*",
    re.IGNORECASE,
)
LICENCE = re.compile(r"(licen[sc]e|copying|notice).*", re.IGNORECASE)


@dataclass
class Distribution:
    name: str
    version: str
    licence: str  # in a word, as it says itself
    files: dict[str, str] = field(default_factory=dict)  # by their paths below the executable

    def licence_files(self) -> list[str]:
        return [file for place, file in sorted(self.files.items()) if LICENCE.fullmatch(os.path.basename(place))]


def data_of(packages: Iterable[Module], folders: Folders) -> Iterator[tuple[str, str]]:
    """The files of packages that are no modules: their paths below the executable, and where they are."""
    for each in packages:
        for folder in each.folders:
            yield from data_in(folder, each.name.replace(".", "/"), folders)


def data_in(folder: str, place: str, folders: Folders) -> Iterator[tuple[str, str]]:
    for name, is_folder in folders.names(folder).items():
        if not is_folder:
            if is_data(name):
                yield f"{place}/{name}", f"{folder}/{name}"
        elif name != "__pycache__" and folders.file_of("__init__", f"{folder}/{name}") is None:
            # A package has its own, if it is in at all.
            yield from data_in(f"{folder}/{name}", f"{place}/{name}", folders)


def is_data(name: str) -> bool:
    return not name.endswith(NO_DATA) and (not name.endswith(SUFFIXES) or name.startswith("lib"))


def distributions(
    modules: Iterable[Module], sites: Iterable[str], folders: Folders, sources: Sources
) -> list[Distribution]:
    """Those that at least one of the modules is of."""
    of_sites = [each for each in modules if each.origin is Origin.SITE and each.kind is not Kind.NAMESPACE]
    found = []
    for site in sites if of_sites else ():
        here = {os.path.relpath(each.file, site) for each in of_sites if each.file.startswith(f"{site}/")}
        for info in folders.names(site):
            if info.endswith(INFO) and is_of(f"{site}/{info}", info, here, folders, sources):
                found.append(distribution(site, info, folders, sources))
    return sorted(found, key=lambda each: each.name.lower())


def is_of(info: str, name: str, modules: set[str], folders: Folders, sources: Sources) -> bool:
    """Whether it has one of these files: by its list of them, or by its outermost modules where it has none."""
    files = folders.names(info)
    if "RECORD" in files:
        listed = sources.read(f"{info}/RECORD").decode(errors="replace").splitlines()
        if not modules.isdisjoint(line.partition(",")[0].strip('"') for line in listed):
            return True
    if "top_level.txt" in files:
        tops = set(sources.read(f"{info}/top_level.txt").decode().split())
    else:
        tops = {re.sub(r"[-.]+", "_", name.partition("-")[0])}
    return "RECORD" not in files and any(re.split(r"[/.]", each)[0] in tops for each in modules)


def distribution(site: str, info: str, folders: Folders, sources: Sources) -> Distribution:
    whole = folders.names(site)[info]
    files = dict(kept_of(f"{site}/{info}", info, folders)) if whole else {info: f"{site}/{info}"}
    about = next((file for place, file in files.items() if place.endswith(("METADATA", "PKG-INFO", INFO[1]))), "")
    said = fields_of(sources.read(about).decode(errors="replace")) if about else {}
    return Distribution(
        name=said.get("Name", info.partition("-")[0]),
        version=said.get("Version", ""),
        licence=said.get("License-Expression") or said.get("License") or said.get("Classifier", ""),
        files=files,
    )


def kept_of(folder: str, place: str, folders: Folders, *, everything: bool = False) -> Iterator[tuple[str, str]]:
    for name, is_folder in folders.names(folder).items():
        if is_folder:
            yield from kept_of(f"{folder}/{name}", f"{place}/{name}", folders, everything=True)
        elif everything or KEPT.fullmatch(name):
            yield f"{place}/{name}", f"{folder}/{name}"


def fields_of(metadata: str) -> dict[str, str]:
    """The fields of a distribution's description; of its classifiers, the one that names a licence."""
    found: dict[str, str] = {}
    for line in metadata.partition("\n\n")[0].splitlines():
        name, colon, value = line.partition(": ")
        if colon and not line.startswith(" ") and value != "UNKNOWN":
            if name == "Classifier":
                if value.startswith("License ::"):
                    found[name] = value.rpartition(" :: ")[2]
            else:
                found.setdefault(name, value)
    return found
