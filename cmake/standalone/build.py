# cmake/standalone/build.py: makes the archive of an executable that contains Python, and the lists that go with it.
# SPDX-License-Identifier: MIT
"""To be run by the CPython that the executable contains, as `python3 -I -S build.py`; --help says the rest."""

import gc
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))  # which -I leaves out

import finding
from archive import Kind, archive
from cache import Cache, write_file
from contents import Contents, contents
from manifest import manifest
from notice import notice
from options import Faults, Options, options

HERE = os.path.dirname(os.path.abspath(__file__))


def build(given: Options) -> None:
    cache = Cache(
        given.cache,
        [own_source(each) for each in ("bytecode.py", "hidden.py", "imports.py", "sources.py", "notice.py")],
    )
    made = contents(given, cache)
    try:
        whole = archive(made.entries, made.files)
    except ValueError as error:
        raise Faults([str(error)]) from error
    sources = made.graph.sources
    libraries = {each.name: each.file for each in made.libraries.found.values()}
    libraries.update((os.path.basename(each), each) for each in given.static_libraries)
    licences = notice(
        given.name,
        given.licences,
        libraries,
        made.distributions,
        sites=given.sites,
        is_static=given.is_static,
        cache=cache,
        sources=sources,
    )
    for file, content in (
        (given.manifest, listed(given, made, len(whole)).encode()),
        (given.notice, licences.encode()),
        (given.depfile, depfile(given.target, made).encode()),
        (given.static_names, names_of_static(made).encode()),
        (given.output, whole),
    ):
        if not file:
            continue
        os.makedirs(os.path.dirname(os.path.abspath(file)), exist_ok=True)
        write_file(file, content)


def names_of_static(made: Contents) -> str:
    """What is linked into the executable: extensions, and built-in modules."""
    linked = (finding.Kind.STATIC, finding.Kind.BUILT_IN)
    return "".join(f"{name}\n" for name, each in sorted(made.graph.modules.items()) if each.kind in linked)


def own_source(name: str) -> bytes:
    with open(f"{HERE}/{name}", "rb") as file:
        return file.read()


def listed(given: Options, made: Contents, size: int) -> str:
    why = made.why()
    rows = []
    for each in made.entries:
        reason = f": cannot be loaded: {each.needs}" if each.kind is Kind.UNUSABLE else ""
        rows.append((each.name, each.size, int(each.kind), why.get(each.name, "the files in it") + reason))
    return manifest(given.name, rows, made.files, made.notes, made.absent(), size)


def depfile(target: str, made: Contents) -> str:
    """All that has been read, and the folders that have been looked into: a module can appear in them, or vanish."""
    own = [
        file for each in list(sys.modules.values()) if (file := getattr(each, "__file__", None) or "").startswith(HERE)
    ]
    read = sorted({*own, *made.graph.sources.contents, *made.graph.folders.looked_into()})
    return f"{escaped(target)}: " + " \\\n  ".join(escaped(os.path.abspath(each)) for each in read) + "\n"


def escaped(name: str) -> str:
    return name.replace("$", "$$").replace("#", "\\#").replace(" ", "\\ ")


def main() -> None:
    gc.disable()  # it ends soon, and has no rubbish to speak of
    try:
        given = options(sys.argv[1:])
        build(given)
    except Faults as error:
        for each in error.sentences:
            print(f"error: {each}", file=sys.stderr)
        sys.exit(1)
    except OSError as error:
        sys.exit(f"error: {error.strerror}: {error.filename}")


if __name__ == "__main__":
    main()
