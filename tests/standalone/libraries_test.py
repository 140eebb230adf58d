# tests/standalone/libraries_test.py: the shared libraries that extensions need.
# SPDX-License-Identifier: MIT
"""Usage: libraries_test.py FOLDER [unittest arguments]; FOLDER is cmake/standalone."""

import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, sys.argv.pop(1))

import elf
from cache import Cache
from libraries import Libraries, Unusable
from sources import Sources


class WithLibraries(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.libraries = Libraries(Sources(Cache(str(self.folder / "cache"), []), optimize=0))

    def link(self, name: str, *needed: str, paths: str = "", folder: str = ".", called: str | None = None) -> str:
        """An empty library that needs others. `called`: its SONAME, where that is not its name."""
        place = self.folder / folder / name
        place.parent.mkdir(exist_ok=True)
        others = [str(next(self.folder.rglob(each))) for each in needed]
        command = ["cc", "-shared", "-nostdlib", "-x", "c", "/dev/null", "-x", "none", "-Wl,--no-as-needed", *others]
        options = {"soname": name if called is None else called, "rpath": paths}
        command += ["-Wl,--allow-shlib-undefined", *(f"-Wl,-{each},{it}" for each, it in options.items() if it)]
        subprocess.run([*command, "-o", str(place)], check=True)
        return str(place)

    def test_what_a_file_says(self) -> None:
        self.link("liba.so")
        file = self.link("libb.so", "liba.so", paths="$ORIGIN/x:/y")
        self.assertEqual(elf.library(Path(file).read_bytes()), ("libb.so", ("liba.so",), ("$ORIGIN/x", "/y")))
        for wrong in (b"", b"#!/bin/sh\n", Path(file).read_bytes()[:100]):
            with self.assertRaises(ValueError):
                elf.library(wrong)

    def test_each_comes_after_what_it_needs(self) -> None:
        self.link("libbase.so", folder="libs")
        self.link("libleft.so", "libbase.so", folder="libs", paths="$ORIGIN")
        self.link("libright.so", "libleft.so", "libbase.so", folder="libs", paths="$ORIGIN")
        file = self.link("extension.so", "libright.so", "libbase.so", paths="$ORIGIN/libs")
        self.assertEqual(self.libraries.needs_of(file, "extension"), ["libbase.so", "libleft.so", "libright.so"])
        found = self.libraries.found
        self.assertEqual(found["libright.so"].needs, ["libbase.so", "libleft.so"])
        self.assertEqual(found["libleft.so"].needed_by, "libright.so")
        self.assertEqual(found["libbase.so"].file, str(self.folder / "libs" / "libbase.so"))

    def test_one_that_is_not_found_is_named(self) -> None:
        self.link("libgone.so")
        self.link("libuser.so", "libgone.so")
        file = self.link("extension.so", "libuser.so", paths="$ORIGIN")
        (self.folder / "libgone.so").unlink()
        with self.assertRaisesRegex(Unusable, r"^libgone\.so is not found, which libuser\.so needs$"):
            self.libraries.needs_of(file, "extension")
        self.assertEqual(self.libraries.found, {})

    def test_one_without_its_name_could_not_be_found_again(self) -> None:
        (self.folder / "here").mkdir()
        for called, said in (("", "no name"), ("libother.so", r"libother\.so")):
            self.link("libnameless.so", folder="here")
            file = self.link("extension.so", "libnameless.so", paths="$ORIGIN/here")
            self.link("libnameless.so", folder="here", called=called)
            with self.assertRaisesRegex(Unusable, f"^libnameless\\.so, which extension needs, says {said} of itself"):
                Libraries(Sources(Cache(str(self.folder / "other"), []), optimize=0)).needs_of(file, "extension")

    def test_glibc_and_python_are_left_out(self) -> None:
        self.link("libc.so.6")
        self.link("libpython3.11.so.1.0")
        file = self.link("extension.so", "libc.so.6", "libpython3.11.so.1.0", paths="$ORIGIN")
        self.assertEqual(self.libraries.needs_of(file, "extension"), [])
        self.assertEqual(len(self.libraries.notes), 1)

    def test_two_of_one_name(self) -> None:
        self.link("libx.so", folder="one")
        first = self.link("first.so", "libx.so", paths="$ORIGIN/one")
        self.link("libx.so", folder="two")
        second = self.link("second.so", "libx.so", paths="$ORIGIN/two")
        self.assertEqual(self.libraries.needs_of(first, "first"), self.libraries.needs_of(second, "second"))
        self.assertEqual(self.libraries.notes, ["libx.so: there are two of that name; it is the one that first needs"])


if __name__ == "__main__":
    unittest.main()
