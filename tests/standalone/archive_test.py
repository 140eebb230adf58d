# tests/standalone/archive_test.py: the layout of the file of modules.
# SPDX-License-Identifier: MIT
"""Usage: archive_test.py FOLDER [unittest arguments]; FOLDER is cmake/standalone."""

import ast
import importlib.util
import marshal
import sys
import unittest

sys.path.insert(0, sys.argv.pop(1))

from archive import Entry, Kind, archive
from bytecode import bytecode
from reading import read


class Layout(unittest.TestCase):
    def test_an_empty_one(self) -> None:
        whole = archive([], {})
        self.assertEqual((len(whole), read(whole)), (24, read(whole)))

    def test_everything_is_read_back(self) -> None:
        entries = [
            Entry("package.module", Kind.MODULE, b"code", b"source", file="package/module.py"),
            Entry("package", Kind.PACKAGE, b"code", b"another source", file="package/__init__.py"),
            Entry("fast", Kind.EXTENSION, data=b"\x7fELF", file="fast.so", needs="libm.so\nlibfast.so"),
            Entry("gone", Kind.UNUSABLE, needs="why"),
        ]
        whole = archive(entries, {"package/data.json": b"{}", "empty": b""})
        found = read(whole)
        self.assertEqual(
            (found.magic, found.version, found.size), (b"PYABNDL1", importlib.util.MAGIC_NUMBER, len(whole))
        )
        self.assertEqual(found.names, ["fast", "gone", "package", "package.module"])
        for each in entries:
            expected = (each.code, each.source, each.data, each.file, each.needs, each.kind, each.packed)
            self.assertEqual(tuple(found.modules[each.name]), expected)
        self.assertEqual(found.files, {"package/data.json": b"{}", "empty": b""})

    def test_what_is_the_same_is_there_once(self) -> None:
        big = b"x" * 10_000
        self.assertLess(
            len(archive([Entry("a", Kind.MODULE, big, big), Entry("b", Kind.MODULE, big)], {"c": big})), 11_000
        )

    def test_names_are_sorted_by_their_bytes(self) -> None:
        names = ["a", "a.b", "a_b", "ä", "B"]
        whole = archive([Entry(each, Kind.MODULE) for each in names], {})
        self.assertEqual(read(whole).names, sorted(names, key=str.encode))


class Bytecode(unittest.TestCase):
    SOURCE = "import os\ndef rare_name(x='-', y='='):\n  return {1.5, 'a b', x} | {(x, 'rare_text', 12345678901)}\n"

    def test_it_does_not_depend_on_what_else_refers_to_its_objects(self) -> None:
        first = bytecode(ast.parse(self.SOURCE), "a/b.py", 0)
        held = [sys.intern(each) for each in ("rare_name", "rare_text", "-", "=", "x", "a/b.py", "os")]
        self.assertEqual(bytecode(ast.parse(self.SOURCE), "a/b.py", 0), first, held)

    def test_it_is_what_was_asked_for(self) -> None:
        source = ast.parse("'what it is'\ndef f():\n  'what f is'\n  assert 0, 'no'\n")
        code = marshal.loads(bytecode(source, "a/b.py", 2))
        self.assertEqual(code.co_filename, "a/b.py")
        self.assertNotIn(b"what", bytecode(source, "a/b.py", 2))
        self.assertIn(b"what f is", bytecode(source, "a/b.py", 0))


if __name__ == "__main__":
    unittest.main()
