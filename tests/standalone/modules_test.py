# tests/standalone/modules_test.py: the imports in a source, and the modules that follow from them.
# SPDX-License-Identifier: MIT
"""Usage: modules_test.py FOLDER [unittest arguments]; FOLDER is cmake/standalone."""

import ast
import sys
import tempfile
import textwrap
import unittest
from pathlib import Path

sys.path.insert(0, sys.argv.pop(1))

from cache import Cache
from finding import Folders, Kind
from graph import Graph, whole_library
from imports import imports_of
from sources import Sources

CACHE = tempfile.TemporaryDirectory()  # of what the standard library has in it, for all tests


def found_in(source: str, package: str = "") -> dict[str, str]:
    """The names, with "optional", "conditional" and "lazy" where they are that."""
    found = imports_of(ast.parse(textwrap.dedent(source)), package)
    return {
        each.name: " ".join(word for word in ("optional", "conditional", "lazy") if getattr(each, word))
        for each in found
    }


class Imports(unittest.TestCase):
    def test_statements(self) -> None:
        self.assertEqual(
            found_in("import a, b.c as d\nfrom e import f, g\nfrom h import *\n"),
            {"a": "", "b.c": "", "e": "", "h": ""},
        )

    def test_relative_names(self) -> None:
        source = "from . import a\nfrom .b import c\nfrom ..d import e\nfrom ...f import g\n"
        self.assertEqual(found_in(source, "outer.inner"), {"outer.inner": "", "outer.inner.b": "", "outer.d": ""})

    def test_what_may_fail(self) -> None:
        source = """\
            try:
                import a
            except ImportError:
                import b
            else:
                import c
            try:
                import d
            except (ValueError, builtins.ModuleNotFoundError):
                pass
            try:
                import e
            except ValueError:
                pass
            finally:
                import f
            with contextlib.suppress(ImportError):
                import g
            with open("x"):
                import h
            """
        optional = {"a", "b", "d", "g"}
        self.assertEqual(found_in(source), {each: "optional" if each in optional else "" for each in "abcdefgh"})

    def test_functions(self) -> None:
        source = """\
            def f():
                import a
                try:
                    import b
                except ImportError:
                    pass
            class C:
                import c
                async def g(self):
                    import d
            """
        self.assertEqual(found_in(source), {"a": "lazy", "b": "optional lazy", "c": "", "d": "lazy"})

    def test_conditions(self) -> None:
        known = """\
            if sys.platform == "win32":
                import no
            elif TYPE_CHECKING or typing.TYPE_CHECKING:
                import no
            elif not os.name.startswith("posix"):
                import no
            elif sys.version_info < (3, 11) or sys.version_info[:2] <= (3, 10) or sys.version_info[0] == 2:
                import no
            elif sys.platform in ("cygwin", "win32"):
                import no
            elif __name__ == "__main__":
                import no
            else:
                import yes
            """
        self.assertEqual(found_in(known), {"yes": ""})
        self.assertEqual(found_in("if fast:\n import a\nelse:\n import b\n"), {"a": "conditional", "b": "conditional"})
        self.assertEqual(found_in("if fast and sys.platform == 'win32':\n import a\n"), {})

    def test_calls_with_a_constant(self) -> None:
        source = (
            "__import__('a')\nimportlib.import_module('b')\nimport_module('.c', __package__)\nimport_module(name)\n"
        )
        self.assertEqual(found_in(source, "outer"), {"a": "optional", "b": "optional", "outer.c": "optional"})

    def test_encodings_in_conditions(self) -> None:
        source = """\
            if a.decode("koi8-r"):
                pass
            elif str(a, "cp1250"):
                pass
            while bytes(a, "cp1251"):
                pass
            match a.decode("cp1252"):
                case x if codecs.open(x, "r", "gbk"):
                    pass
            open(a, "r", 1)
            """
        names = ("koi8_r", "cp1250", "cp1251", "cp1252", "gbk")
        self.assertEqual(found_in(source).keys(), {f"encodings.{each}" for each in names})

    def test_encodings(self) -> None:
        source = "a.encode('Latin-1')\nb.decode('gbk', 'ignore')\nopen(c, encoding='cp1250')\nd.encode(e)\n"
        self.assertEqual(
            found_in(source),
            {"encodings.latin_1": "optional", "encodings.gbk": "optional", "encodings.cp1250": "optional"},
        )


class Modules(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def write(self, **sources: str) -> None:
        for name, source in sources.items():
            file = self.folder / (name.replace("__in__", "/") + ".py")
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(source)

    def graph(self, *names: str, excluded: frozenset[str] = frozenset()) -> Graph:
        files = {str(each.relative_to(self.folder)): str(each) for each in self.folder.rglob("*.py")}
        made = Graph(Folders(files), Sources(Cache(CACHE.name, []), optimize=0), excluded=excluded)
        made.add_all(names, "asked for")
        return made

    def test_packages(self) -> None:
        self.write(
            main="import package.one\nfrom package import two, no_module\nfrom package.inner import *\n",
            package__in____init__="",
            package__in__one="from . import three\n",
            package__in__two="",
            package__in__three="",
            package__in__four="",
            package__in__inner__in____init__="__all__ = ['five', 'nothing']\n",
            package__in__inner__in__five="",
            package__in__inner__in__six="",
        )
        graph = self.graph("main")
        self.assertEqual(graph.faults(), [])
        self.assertEqual(
            sorted(graph.modules),
            ["main", "package", "package.inner", "package.inner.five", "package.one", "package.three", "package.two"],
        )
        self.assertEqual(graph.modules["package.three"].needed_by, "package.one, line 1")
        self.assertEqual(graph.modules["package"].is_package, True)

    def test_a_namespace_package(self) -> None:
        self.write(main="import space.module\n", space__in__module="")
        self.assertEqual(self.graph("main").modules["space"].kind, Kind.NAMESPACE)

    def test_what_is_missing_is_a_fault_where_it_has_to_be_there(self) -> None:
        self.write(
            main="import gone\nfrom helper import gone_attribute\n",
            helper="try:\n import gone_also\nexcept ImportError:\n pass\ndef f():\n import gone_later\n",
        )
        graph = self.graph("main", "gone_root")
        self.assertEqual(
            graph.faults(),
            [
                "no module named gone_root: asked for",
                f"no module named gone: imported by main, line 1 ({self.folder / 'main.py'})",
            ],
        )
        self.assertEqual(sorted(each.name for each in graph.absent), ["gone", "gone_also", "gone_later"])
        self.assertEqual(self.graph("main", excluded=frozenset({"gone"})).faults(), [])

    def test_a_source_that_is_none(self) -> None:
        self.write(main="import\n")
        self.assertEqual(self.graph("main").faults(), [f"{self.folder / 'main.py'}:1: invalid syntax"])

    def test_the_standard_library_comes_with_what_makes_it_fast_and_without_the_rest(self) -> None:
        self.write(main="import json, asyncio\n")
        modules = self.graph("main").modules
        self.assertLessEqual({"_json", "_asyncio", "json.decoder", "selectors"}, modules.keys())
        self.assertTrue({"ssl", "unittest", "test", "pdb", "tkinter"}.isdisjoint(modules))
        self.write(main="import json, ssl\n")
        modules = self.graph("main").modules
        self.assertEqual((modules["_ssl"].kind, modules["_ssl"].of_library), (Kind.EXTENSION, True))
        self.assertEqual(modules["sys"].kind, Kind.BUILT_IN)

    def test_what_a_module_imports_by_name_comes_with_it(self) -> None:
        self.write(main="import concurrent.futures, sysconfig, multiprocessing\n")
        names = self.graph("main").modules.keys()
        self.assertLessEqual({"multiprocessing.spawn", "_posixshmem", "concurrent.futures.thread"}, names)
        self.assertTrue(any(each.startswith("_sysconfigdata_") for each in names))
        self.write(main="import concurrent.futures\n")
        self.assertNotIn("concurrent.futures.process", self.graph("main").modules)
        self.write(main="import concurrent.futures\nconcurrent.futures.ProcessPoolExecutor\n")
        self.assertIn("concurrent.futures.process", self.graph("main").modules)

    def test_encodings_that_are_named(self) -> None:
        self.write(main="b'x'.decode('gbk')\n")
        self.assertLessEqual({"encodings.gbk", "_codecs_cn"}, self.graph("main").modules.keys())

    def test_a_module_can_put_another_one_below_itself(self) -> None:
        self.write(
            main="import os.path, maker.made, plain.gone\n",
            maker="import sys\nsys.modules['maker.made'] = sys\n",
            plain="",
        )
        self.assertEqual(
            self.graph("main").faults(),
            [f"no module named plain.gone: imported by main, line 1 ({self.folder / 'main.py'})"],
        )

    def test_what_only_an_optional_module_needs_is_no_fault(self) -> None:
        self.write(main="try:\n import extra\nexcept ImportError:\n pass\n", extra="import gone\n")
        self.assertEqual(self.graph("main").faults(), [])
        self.assertEqual(len(self.graph("main", "extra").faults()), 1)

    def test_what_an_extension_imports_is_among_its_strings(self) -> None:
        site = self.folder / "site"
        for each in ("pack", "other"):
            (site / each).mkdir(parents=True)
            for name in ("__init__", "inner", "unused"):
                (site / each / f"{name}.py").touch()
        (site / "_helper.py").touch()
        (site / "queue_of.py").touch()
        words = b"\0calendar\0_helper\0queue_of\0inner\0other.inner\0pydoc\0no word\0"
        (site / "pack" / "fast.so").write_bytes(b"\x7fELF" + words)
        graph = Graph(Folders({}), Sources(Cache(CACHE.name, []), optimize=0), (str(site),))
        graph.add_all(["pack.fast"], "asked for")
        expected = {"pack", "pack.fast", "pack.inner", "calendar", "_helper", "other", "other.inner"}
        self.assertLessEqual(expected, graph.modules.keys())
        self.assertTrue({"pack.unused", "other.unused", "queue_of", "pydoc"}.isdisjoint(graph.modules))
        self.assertEqual(graph.modules["pack.inner"].needed_by, "the C code of pack.fast")
        (site / "pack" / "fast.so").write_bytes(b"\x7fELF...rust_panicpack.innerdecimal")
        graph = Graph(Folders({}), Sources(Cache(CACHE.name, []), optimize=0), (str(site),))
        graph.add_all(["pack.fast"], "asked for")
        self.assertLessEqual({"pack.inner", "decimal"}, graph.modules.keys())
        self.assertNotIn("pack.unused", graph.modules)

    def test_the_applications_own_modules_go_first(self) -> None:
        self.write(main="import json\n", json="")
        graph = self.graph("main")
        self.assertEqual((sorted(graph.modules), graph.modules["json"].of_library), (["json", "main"], False))

    def test_the_whole_library_can_be_found(self) -> None:
        graph = self.graph(*whole_library(Folders({})))
        self.assertEqual(graph.faults(), [])
        self.assertLessEqual({"ssl", "sqlite3", "multiprocessing.spawn", "xml.etree.ElementTree"}, graph.modules.keys())


if __name__ == "__main__":
    unittest.main()
