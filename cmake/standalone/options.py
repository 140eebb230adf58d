# cmake/standalone/options.py: the command line of build.py.
# SPDX-License-Identifier: MIT
import argparse
import os
from dataclasses import dataclass
from typing import NoReturn

from finding import SUFFIXES

FULL, AUTO = "FULL", "AUTO"


class Faults(Exception):
    """What is wrong, a sentence each."""

    def __init__(self, sentences: list[str]) -> None:
        super().__init__("\n".join(sentences))
        self.sentences = sentences


@dataclass(frozen=True)
class Options:
    name: str
    output: str
    manifest: str
    notice: str
    depfile: str
    target: str
    cache: str
    application: dict[str, str]  # files of modules, by their paths below the executable
    own: dict[str, str]  # the same of what pyasync itself has in it
    resources: dict[str, str]
    library: frozenset[str]  # FULL, AUTO, or names
    imports: tuple[str, ...]
    excluded: frozenset[str]
    sites: tuple[str, ...]
    ca_bundle: str
    optimize: int
    static_extensions: frozenset[str]
    static_libraries: tuple[str, ...]
    licences: dict[str, str]  # files, by whose they are
    static_names: str
    is_static: bool
    compresses: bool
    is_packed_as_whole: bool
    takes_all: str | None  # where that is not possible, what to do then


class Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise Faults([message])


def parser() -> Parser:
    made = Parser(
        description="Puts an application's Python, and all that it needs, into one file.", fromfile_prefix_chars="@"
    )
    for name, metavar, what in (
        ("output", "FILE", "the archive"),
        ("manifest", "FILE", "the list of what is in it"),
        ("notice", "FILE", "the licences of what is in it"),
        ("depfile", "FILE", "all files that have been read, in ninja's format"),
        ("cache", "DIR", "what is kept for the next build"),
        ("name", "NAME", "the application's"),
    ):
        made.add_argument(f"--{name}", metavar=metavar, required=True, help=what)
    made.add_argument("--target", metavar="NAME", help="left side of the depfile; the archive unless given")
    for name, metavar, what in (
        ("module", "PATH=FILE", "a Python file of the application and its path below it"),
        ("resource", "PATH=FILE", "a file that the application reads, and its path below it"),
        ("own", "NAME=FILE", "a module of pyasync itself"),
        ("stdlib", "AUTO|FULL|NAME", "of the standard library: what is needed, all, or that as well"),
        ("import", "NAME", "a module that no Python code of it imports by name"),
        ("exclude", "NAME", "a module that is not to be in it, nor what is below it"),
        ("python-site", "DIR", "a folder with installed packages"),
        ("static-extension", "NAME", "an extension that can be linked into the executable"),
        ("licence", "NAME=FILE", "the licence of something else that is in it"),
        ("static-library", "FILE", "a library that is linked into the executable, for its licence"),
    ):
        made.add_argument(f"--{name}", metavar=metavar, action="append", default=[], help=what)
    made.add_argument("--static-names", metavar="FILE", default="", help="the list of those that have to be")
    made.add_argument("--ca-bundle", metavar="FILE", default="", help="certificates to trust")
    made.add_argument("--optimize", type=int, choices=(0, 2), default=0, help="2: without docstrings and assertions")
    made.add_argument(
        "--packed", action="store_true", help="the whole executable will be compressed, so nothing in it is"
    )
    made.add_argument(
        "--all",
        nargs="?",
        const="",
        metavar="WHAT_TO_DO",
        help="an extension that cannot be in it is a fault, though it is optional",
    )
    made.add_argument("--compress", action="store_true", help="smaller, and slower to import")
    made.add_argument(
        "--mode", choices=("EMBEDDED", "STATIC"), default="EMBEDDED", help="whether it can load extensions"
    )
    return made


def options(arguments: list[str]) -> Options:
    """Raises Faults."""
    given = parser().parse_args(arguments)
    faults: list[str] = []
    made = Options(
        name=given.name,
        output=given.output,
        manifest=given.manifest,
        notice=given.notice,
        depfile=given.depfile,
        target=given.target or given.output,
        cache=given.cache,
        application=pairs("--module", given.module, faults),
        own={f"{name}.py": file for name, file in pairs("--own", given.own, faults).items()},
        resources=pairs("--resource", given.resource, faults),
        library=frozenset(given.stdlib or [AUTO]),
        imports=tuple(getattr(given, "import")),
        excluded=frozenset(given.exclude),
        sites=tuple(os.path.abspath(each) for each in given.python_site),
        ca_bundle=given.ca_bundle,
        optimize=given.optimize,
        static_extensions=frozenset(given.static_extension),
        static_libraries=tuple(given.static_library),
        licences=pairs("--licence", given.licence, faults),
        static_names=given.static_names,
        is_static=given.mode == "STATIC",
        compresses=given.compress,
        is_packed_as_whole=given.packed,
        takes_all=given.all,
    )
    faults += wrong_with(made)
    if faults:
        raise Faults(faults)
    return made


def pairs(option: str, given: list[str], faults: list[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for each in given:
        place, equals, file = each.partition("=")
        if not (place and equals and file):
            faults.append(f"{option} {each}: a name, '=' and a file are needed")
        elif place.startswith("/") or not {"", ".", ".."}.isdisjoint(place.split("/")):
            faults.append(f"{option} {each}: {place} is not a path below the executable")
        elif found.get(place, file) != file:
            faults.append(f"{option} {place} is given twice: as {found[place]} and as {file}")
        else:
            found[place] = file
    return found


def wrong_with(given: Options) -> list[str]:
    faults = []
    for each in given.application:
        if not is_module(each):
            faults.append(f"--module {each}: no `import` statement can name it")
    for option, files in (
        ("--module", given.application.values()),
        ("--own", given.own.values()),
        ("--resource", given.resources.values()),
        ("--ca-bundle", [given.ca_bundle] if given.ca_bundle else []),
        ("--licence", given.licences.values()),
        ("--static-library", given.static_libraries),
    ):
        faults += [f"{option}: no such file: {each}" for each in files if not os.path.isfile(each)]
    faults += [f"--python-site: no such folder: {each}" for each in given.sites if not os.path.isdir(each)]
    if os.path.isfile(given.ca_bundle) and not has_certificate(given.ca_bundle):
        faults.append(
            f"{given.ca_bundle} has no certificates in it that OpenSSL could read (PEM), so nobody would be trusted"
        )
    faults += [f"{each} is given by --own and by --module" for each in given.own if each in given.application]
    return faults


def has_certificate(file: str) -> bool:
    with open(file, "rb") as opened:
        return b"-----BEGIN CERTIFICATE-----" in opened.read()


def is_module(place: str) -> bool:
    """Whether a file of that path is a module, or says the types of one."""
    for suffix in (*SUFFIXES, ".py", ".pyi"):
        if place.endswith(suffix):
            return all(each.isidentifier() for each in place[: -len(suffix)].split("/"))
    return False
