# docs/conf.py: the site: Sphinx, with a reference that Doxygen and Breathe take out of the headers.
# SPDX-License-Identifier: MIT
"""`./dev docs` builds it, with what Debian 12 has."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

from docutils import nodes
from sphinx.addnodes import desc, pending_xref
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.environment import BuildEnvironment
from sphinx.errors import ExtensionError
from sphinx.util.nodes import make_refnode

DOCS = Path(__file__).resolve().parent
ROOT = DOCS.parent

project = "pyasync"
release = re.search(r"project\(pyasync VERSION (\S+)", (ROOT / "CMakeLists.txt").read_text())[1]
extensions = ["myst_parser", "breathe"]
exclude_patterns = ["examples"]
highlight_language = "text"
myst_heading_anchors = 3
cpp_index_common_prefix = ["pyasync::", "pyasync::py::", "pyasync::uv::"]
breathe_default_project = project
html_theme = "furo"
html_title = f"{project} {release}"
html_static_path = ["static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_sphinx = False
html_show_copyright = False

# Alone, these are Python's, or whatever a program calls so.
COMMON_WORDS = {"arguments", "finally", "run", "scope", "timeout"}


def read_headers(app: Sphinx, config: Config) -> None:
    """Runs Doxygen, whose XML is what Breathe reads."""
    folder = Path(app.doctreedir, "xml")
    folder.mkdir(parents=True, exist_ok=True)
    settings = (DOCS / "Doxyfile").read_text() + f'OUTPUT_DIRECTORY = "{folder}"\n'
    done = subprocess.run(["doxygen", "-"], input=settings, text=True, cwd=ROOT, capture_output=True, check=False)
    if done.returncode != 0:
        raise ExtensionError(f"doxygen:\n{done.stdout}{done.stderr}")
    for file in folder.glob("*.xml"):
        tree = ElementTree.parse(file)
        hide_details(tree.getroot())
        tree.write(file, encoding="utf-8", xml_declaration=True)
    config.breathe_projects = {project: str(folder)}


def is_detail(element: ElementTree.Element) -> bool:
    return "detail::" in "".join(element.itertext())


def hide_details(root: ElementTree.Element) -> None:
    """The types of the implementation are no concern of the reader's: a result of one is `auto`, and what takes or is one
    is left out. (And Doxygen loses the brackets of `task<>`.)"""
    for parent in list(root.iter()):
        for child in list(parent):
            if (child.tag == "basecompoundref" and is_detail(child)) or (
                child.tag == "memberdef" and any(is_detail(each) for each in child.findall("param/type"))
            ):
                parent.remove(child)
            elif child.tag == "argsstring":  # the last parameter is the compiler's to give
                child.text = re.sub(r",? *const std::source_location *& *where *=[^,]*\(\)", "", child.text or "")
            elif child.tag == "type" and is_detail(child):
                name = "".join(child.itertext()).replace("detail::", "") if parent.tag == "param" else "auto"
                child.clear()
                child.text = name
            elif child.tag == "type" and "".join(child.itertext()) == "task":
                child.clear()
                child.text = "task<>"


def split_contracts(_app: Sphinx, doctree: nodes.document) -> None:
    """In the headers the parts of a contract follow one another; here each begins a paragraph of its own."""
    for description in doctree.findall(desc):
        for paragraph in list(description.findall(nodes.paragraph)):
            parts = [nodes.paragraph()]
            for child in paragraph.children:
                if isinstance(child, nodes.strong) and child.astext().endswith("."):
                    parts.append(nodes.paragraph())
                parts[-1] += child.deepcopy()
            if len(parts) > 1 and paragraph.parent is not None:
                paragraph.replace_self([part for part in parts if part.astext().strip()])


def follow_link(app: Sphinx, env: BuildEnvironment, node: pending_xref, text: nodes.Element) -> nodes.Element | None:
    """Where a link leaves the folder of the site: to the page that stands for a sample or for the headers; to anything else
    that there is in the repository, no link. None, and so a warning, for what there is not."""
    if node.get("refdomain"):
        return None
    target = node["reftarget"].partition("#")[0]
    paths = [(base / target).resolve() for base in (Path(env.doc2path(node["refdoc"])).parent, ROOT)]
    path = next((each for each in paths if target and each.exists() and ROOT in each.parents), None)
    if path is None:
        return None
    place = path.relative_to(ROOT)
    page = f"samples/{place.name}" if place.parent == Path("apps") else ""
    if place.parts[0] == "docs":
        page = str(place.relative_to("docs").with_suffix(""))
    elif place.parts[0] == "framework":
        page = "reference/index"
    return make_refnode(app.builder, node["refdoc"], page, "", text) if page in env.all_docs else text


def link_names(app: Sphinx, doctree: nodes.document, page: str) -> None:
    """What is named in the text, and has its place in the reference, leads there."""
    places: dict[str, tuple[str, str]] = {}
    objects = [each for domain in ("cpp", "c") for each in app.env.get_domain(domain).get_objects()]
    classes = {name for name, _, kind, *_ in objects if kind == "class"}
    for name, _, _, where, anchor, _ in objects:
        if name.rpartition("::")[0] not in classes:
            short = name.removeprefix(f"{project}::")
            places.setdefault(short, (where, anchor))
            if "_" in short:
                places.setdefault(short.removeprefix("py::"), (where, anchor))
    for code in list(doctree.findall(nodes.literal)):
        named = re.fullmatch(rf"(?:co_await )?(?:{project}::)?([\w:]+)(?:<.*>)?(?:\(.*\))?", code.astext(), re.DOTALL)
        if named is None or named[1] not in places or isinstance(code.parent, (nodes.reference, nodes.title)):
            continue
        if named[1] in COMMON_WORDS and named[0] == named[1]:
            continue
        where, anchor = places[named[1]]
        around = list(ancestors(code))
        if any(isinstance(each, desc) and anchor in each[0]["ids"] for each in around):
            continue
        # Of two names that are the same in another library and in this one.
        if page.startswith("from/") and any(
            isinstance(each, nodes.entry) and each is not each.parent[-1] for each in around
        ):
            continue
        code.replace_self(make_refnode(app.builder, page, where, anchor, code.deepcopy()))


def ancestors(node: nodes.Node) -> Iterator[nodes.Node]:
    while node.parent is not None:
        node = node.parent
        yield node


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("config-inited", read_headers)
    app.connect("doctree-read", split_contracts)
    app.connect("missing-reference", follow_link)
    app.connect("doctree-resolved", link_names)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
