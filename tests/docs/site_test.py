# tests/docs/site_test.py: the site can be built, its links lead somewhere, and its reference has everything.
# SPDX-License-Identifier: MIT
"""Usage: site_test.py ROOT; builds it as `./dev docs` does."""

import html
import pathlib
import re
import shutil
import subprocess
import sys
import zlib
from collections.abc import Iterator
from urllib.parse import unquote, urlsplit
from xml.etree import ElementTree

NAMESPACES = "pyasync(?:::(?:py|uv|this_task|spin|testing))?"
# What the framework's floors offer to one another.
NOT_FOR_USERS = {
    "pyasync::py::interpreter",
    "pyasync::uv::loop_pool",
    "pyasync::uv::spawn_blocking",
    "pyasync::uv::task_inquiry",
}
SKIPPED = 77  # SKIP_RETURN_CODE in CMakeLists.txt

root = pathlib.Path(sys.argv[1])
site = root / "build/docs"
headers = root / "build/docs-doctrees/xml"


def can_be_built() -> bool:
    python = "/usr/bin/python3" if shutil.which("apt-get") else "python3"
    found = subprocess.run(
        [python, "-c", "import sphinx, furo, breathe, myst_parser"], capture_output=True, check=False
    )
    return found.returncode == 0 and shutil.which("doxygen") is not None


def broken_links() -> Iterator[str]:
    pages = {page: page.read_text() for page in site.glob("**/*.html")}
    ids = {page: set(re.findall(r'\bid="([^"]+)"', text)) for page, text in pages.items()}
    for page, text in pages.items():
        for link in re.findall(r'(?:href|src)="([^"]+)"', text):
            parts = urlsplit(html.unescape(link))
            if parts.scheme or parts.netloc:
                continue
            target = (page.parent / unquote(parts.path)).resolve() if parts.path else page
            if not target.exists():
                yield f"{page.relative_to(site)}: there is no {link}"
            elif parts.fragment and unquote(parts.fragment) not in ids.get(target, {unquote(parts.fragment)}):
                yield f"{page.relative_to(site)}: there is no such place as {link}"


def in_the_reference() -> set[str]:
    """The names that Sphinx has a place for."""
    inventory = (site / "objects.inv").read_bytes().split(b"\n", 4)[4]
    return {line.split(" ")[0] for line in zlib.decompress(inventory).decode().splitlines()}


def in_the_headers() -> Iterator[str]:
    """The classes and functions that have a description, and are not a member of a class; the macros."""
    for file in headers.glob("*.xml"):
        compound = ElementTree.parse(file).getroot().find("compounddef")
        if compound is None:
            continue
        kind = compound.get("kind")
        name = compound.findtext("compoundname") or ""
        if kind in ("class", "struct") and described(compound) and re.fullmatch(rf"(?:{NAMESPACES}::)?\w+", name):
            yield name
        if kind not in ("namespace", "file"):
            continue
        for member in compound.iter("memberdef"):
            scope = f"{name}::" if kind == "namespace" else ""
            if described(member) and (scope or member.get("kind") == "define"):
                yield scope + (member.findtext("name") or "")


def described(element: ElementTree.Element) -> bool:
    texts = [element.find("briefdescription"), element.find("detaileddescription")]
    return any("".join(text.itertext()).strip() for text in texts if text is not None)


if not can_be_built():
    print("skipped: ./dev docs would have to install what it needs")
    sys.exit(SKIPPED)
built = subprocess.run([root / "dev", "docs"], capture_output=True, text=True, timeout=280, check=False)
if built.returncode != 0 or built.stderr:
    print(f"./dev docs:\n{built.stdout}{built.stderr}")
    sys.exit(1)
described_ones = set(in_the_headers()) - NOT_FOR_USERS
failures = [*broken_links(), *(f"the reference has no {name}" for name in sorted(described_ones - in_the_reference()))]
if len(described_ones) < 50:
    failures.append(f"only {len(described_ones)} descriptions were found in the headers")
print("\n".join(failures) or f"{len(described_ones)} descriptions are in the reference, and no link is broken")
sys.exit(bool(failures))
