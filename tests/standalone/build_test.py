# tests/standalone/build_test.py: what build.py makes of an application.
# SPDX-License-Identifier: MIT
"""Usage: build_test.py FOLDER [unittest arguments]; FOLDER is cmake/standalone."""

import marshal
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import unittest
import zlib
from pathlib import Path

from reading import Archive, read

BUILDER = Path(sys.argv.pop(1)).resolve() / "build.py"
sys.path.append(str(BUILDER.parent / "static"))
sys.dont_write_bytecode = True

sys.path.append(str(BUILDER.parent))
import inittab  # noqa: E402
from archive import Entry, Kind  # noqa: E402
from contents import needed_to_unpack  # noqa: E402

EXTENSION = sysconfig.get_config_var("EXT_SUFFIX")
DEBIAN = Path("/usr/lib/python3/dist-packages")
CACHE = tempfile.TemporaryDirectory()  # for all tests but those of the cache itself
QUICKLY = ("--exclude", "asyncio")  # which is the most of what is there always
MODULE, PACKAGE, IS_EXTENSION, NAMESPACE, STATIC, LIBRARY, UNUSABLE, FROZEN = 0, 1, 2, 4, 5, 6, 7, 8


CERTIFICATE = "-----BEGIN CERTIFICATE-----\n"


class WithApplication(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def write(self, files: dict[str, str]) -> None:
        for name, content in files.items():
            file = self.folder / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(content)

    def run_builder(self, *arguments: str, cache: str = CACHE.name, modules: tuple[str, ...] = ("main.py",)) -> str:
        """What it says of faults."""
        out = self.folder / "out"
        command = [sys.executable, "-I", "-S", str(BUILDER), "--name", "app", "--cache", cache]
        for option, file in (
            ("output", "app.bin"),
            ("manifest", "app.txt"),
            ("notice", "NOTICE"),
            ("depfile", "app.d"),
        ):
            command += [f"--{option}", str(out / file)]
        for each in modules:
            command += ["--module", f"{each}={self.folder / each}"]
        done = subprocess.run([*command, *arguments], capture_output=True, text=True)
        self.assertEqual(done.returncode, 1 if done.stderr else 0, done.stderr)
        return done.stderr

    def build(self, *arguments: str, modules: tuple[str, ...] = ("main.py",)) -> Archive:
        self.assertEqual(self.run_builder(*arguments, modules=modules), "")
        return read(self.output())

    def output(self, file: str = "app.bin") -> bytes:
        return (self.folder / "out" / file).read_bytes()

    def text(self, file: str) -> str:
        return self.output(file).decode()

    def link(self, name: str, *needed: str) -> None:
        place = self.folder / name
        place.parent.mkdir(parents=True, exist_ok=True)
        others = ["-x", "none", "-Wl,--no-as-needed", *(str(self.folder / each) for each in needed)]
        command = ["cc", "-shared", f"-Wl,-soname,{place.name}", "-x", "c", "/dev/null", *others, "-o", str(place)]
        subprocess.run(command, check=True)


class Application(WithApplication):
    def test_modules_and_files(self) -> None:
        self.write(
            {
                "main.py": "import package.inner\nimport space.deep\n",
                "package/__init__.py": "",
                "package/inner.py": "'text'\n",
            }
        )
        self.write({"space/deep.py": "", "data.json": "{}", "ca.pem": CERTIFICATE, "importer.py": "import sys\n"})
        modules = ("main.py", "package/__init__.py", "package/inner.py", "space/deep.py")
        found = self.build(
            *(
                "--resource",
                f"package/data.json={self.folder / 'data.json'}",
                "--ca-bundle",
                str(self.folder / "ca.pem"),
            ),
            *("--own", f"_pyasync_importer={self.folder / 'importer.py'}", "--import", "csv"),
            modules=modules,
        )
        self.assertEqual(found.files, {"package/data.json": b"{}", "_pyasync/ca.pem": CERTIFICATE.encode()})
        inner = found.modules["package.inner"]
        self.assertEqual(
            (inner.file, zlib.decompress(inner.source), inner.kind), ("package/inner.py", b"'text'\n", MODULE)
        )
        self.assertEqual(marshal.loads(inner.code).co_filename, "package/inner.py")
        self.assertEqual(
            (found.modules["package"].file, found.modules["package"].kind), ("package/__init__.py", PACKAGE)
        )
        self.assertEqual((found.modules["space"].file, found.modules["space"].kind), ("", NAMESPACE))
        self.assertLessEqual(
            {"_pyasync_importer", "csv", "encodings.aliases", "encodings.idna", "traceback"}, found.modules.keys()
        )
        self.assertRegex(self.text("app.txt"), r"\n  package\.inner +\d+  module +the application's\n")
        self.assertRegex(self.text("app.txt"), r"\n  asyncio\.events +[\d,]+  module +asyncio, line \d+\n")
        self.assertIn("PYTHON SOFTWARE FOUNDATION LICENSE", self.text("NOTICE"))
        self.assertIn(f"{self.folder / 'data.json'} ", self.text("app.d"))

    def test_what_is_wrong_is_said_all_at_once(self) -> None:
        self.write({"main.py": "import gone\n", "other.py": "import\n"})
        said = self.run_builder("--import", "gone_too", modules=("main.py", "other.py"))
        self.assertEqual(
            sorted(said.splitlines()),
            [
                f"error: {self.folder / 'other.py'}:1: invalid syntax",
                f"error: no module named gone: imported by main, line 1 ({self.folder / 'main.py'})",
                "error: no module named gone_too: asked for by IMPORTS",
            ],
        )
        said = self.run_builder(
            "--resource", "/abs=x", "--python-site", "/no/such", "--module", "a-b.py=x", "--stdlib", "gone"
        )
        self.assertEqual(len(said.splitlines()), 4, said)
        self.assertEqual(self.run_builder("--mode", "FAST").count("\n"), 1)
        self.assertIn("has no certificates in it", self.run_builder("--ca-bundle", str(self.folder / "main.py")))
        self.assertRegex(self.run_builder("--exclude", "main"), "^error: main is excluded, and needed all the same")

    def test_a_module_that_is_excluded(self) -> None:
        self.write({"main.py": "import json.decoder\n"})
        self.assertNotIn("json", self.build("--exclude", "json").modules)

    def test_an_exclusion_that_is_misspelt(self) -> None:
        self.write({"main.py": "try:\n import simplejson\nexcept ImportError:\n pass\n"})
        known = ("simplejson", "tkinter", "json.tool", "cmath")  # of what is not there, or that nobody imports
        self.build(*QUICKLY, *(word for each in known for word in ("--exclude", each)))
        said = self.run_builder(*QUICKLY, "--exclude", "tkniter", "--exclude", "json.tol")
        self.assertEqual(
            said,
            "error: EXCLUDE json.tol: there is no module of that name\n"
            "error: EXCLUDE tkniter: there is no module of that name\n",
        )

    def test_code_that_is_not_imported_early_is_packed(self) -> None:
        self.write({"main.py": "import early\ndef f():\n import late\n", "early.py": "1\n", "late.py": "'late'\n"})
        site = ("--python-site", str(self.folder))
        found = self.build(*QUICKLY, *site).modules
        self.assertEqual([each.packed for each in (found["main"], found["early"], found["late"])], [1, 1, 3])
        self.assertEqual(marshal.loads(zlib.decompress(found["late"].code)).co_consts, ("late", None))
        self.assertEqual(self.build(*QUICKLY, *site, "--packed").modules["late"].packed, 0)
        self.assertEqual(self.build(*QUICKLY, *site, "--import", "late").modules["late"].packed, 1)
        own = ("--own", f"_pyasync_importer={self.folder / 'early.py'}")
        said = self.run_builder(*site, *own, "--exclude", "zlib")
        self.assertEqual(said, "error: zlib is excluded, and needed all the same: pyasync's own\n")

    def test_optimisation(self) -> None:
        self.write({"main.py": "'of no use'\n"})
        self.assertIn(b"of no use", self.build(*QUICKLY).modules["main"].code)
        self.assertNotIn(b"of no use", self.build(*QUICKLY, "--optimize", "2").modules["main"].code)

    def test_code_that_cpython_has_in_itself(self) -> None:
        self.write({"main.py": "import os\n", "stat.py": "import os\n"})
        found = self.build(*QUICKLY, modules=("main.py", "stat.py")).modules
        self.assertEqual((found["os"].kind, found["os"].code, found["os"].file), (FROZEN, b"", "os.py"))
        self.assertIn(b"def makedirs(", zlib.decompress(found["os"].source))
        self.assertEqual(found["stat"].kind, MODULE)  # it is another one
        self.assertEqual(self.build(*QUICKLY, "--optimize", "2").modules["os"].kind, MODULE)

    def test_a_part_of_the_library(self) -> None:
        self.write({"main.py": ""})
        found = self.build("--stdlib", "wsgiref", "--stdlib", "json").modules
        self.assertLessEqual({"wsgiref.simple_server", "json.tool", "wsgiref.util"}, found.keys())


class Same(WithApplication):
    def test_the_same_input_gives_the_same_bytes(self) -> None:
        self.write(
            {"here/main.py": "import json\nX = {'a b', '-'}\n", "there/main.py": "import json\nX = {'a b', '-'}\n"}
        )
        cache = self.folder / "cache"
        made = set()
        for folder, kept in (("here", 0), ("there", 1), ("here", 2)):
            records = sorted(each for each in cache.rglob("*") if each.is_file())
            for each in records[:: kept or 1]:
                each.unlink()
            self.run_builder(
                *QUICKLY, "--module", f"main.py={self.folder / folder / 'main.py'}", cache=str(cache), modules=()
            )
            made.add(tuple(map(self.output, ("app.bin", "app.txt", "NOTICE"))))
        self.assertEqual(len(made), 1)

    def test_only_what_has_changed_is_compiled_again(self) -> None:
        self.write({"main.py": "import json\n"})
        cache = self.folder / "cache"
        shutil.copytree(CACHE.name, cache)
        self.run_builder(cache=str(cache))
        before = {each for each in cache.rglob("*") if each.is_file()}
        self.write({"main.py": "import json  # anew\n"})
        self.run_builder(cache=str(cache))
        self.assertEqual(len({each for each in cache.rglob("*") if each.is_file()} - before), 2)  # code and source

    def test_a_module_that_appears_and_one_that_vanishes(self) -> None:
        self.write({"main.py": "try:\n import extra\nexcept ImportError:\n pass\n", "site/other.py": ""})
        site = ("--python-site", str(self.folder / "site"))
        self.assertNotIn("extra", self.build(*site).modules)
        self.assertIn("  extra (main, line 2)\n", self.text("app.txt"))
        self.write({"site/extra.py": ""})
        self.assertIn("extra", self.build(*site).modules)
        (self.folder / "site" / "extra.py").unlink()
        self.assertNotIn("extra", self.build(*site).modules)


class Extensions(WithApplication):
    def test_libraries_come_with_what_needs_them(self) -> None:
        self.write({"main.py": "import ssl\n"})
        found = self.build().modules
        ssl = found["_ssl"]
        if ssl.kind != IS_EXTENSION:
            self.skipTest("here it is built in")
        self.assertTrue(ssl.data.startswith(b"\x7fELF"))
        self.assertEqual(ssl.file, f"_ssl{EXTENSION}")
        needs = ssl.needs.split("\n")
        self.assertTrue(all(found[each].kind == LIBRARY for each in needs))
        crypto, above = (next(each for each in needs if name in each) for name in ("libcrypto", "libssl"))
        self.assertLess(needs.index(crypto), needs.index(above))
        self.assertIn(crypto, found[above].needs.split("\n"))
        self.assertIn(crypto, self.text("NOTICE"))

    def test_a_static_executable(self) -> None:
        self.write({"main.py": "import json\ntry:\n import fast\nexcept ImportError:\n pass\n"})
        self.link(f"site/fast{EXTENSION}")
        options = ("--mode", "STATIC", "--static-extension", "_json", "--python-site", str(self.folder / "site"))
        found = self.build(*options, "--static-names", str(self.folder / "out" / "names")).modules
        self.assertEqual((found["_json"].kind, found["_json"].data), (STATIC, b""))
        names = self.text("names").split()
        self.assertEqual(names, sorted(names))
        self.assertLessEqual({"_json", "_collections", "atexit", "gc"}, set(names))
        self.assertTrue({"_asyncio", "fast", "json", "cmath"}.isdisjoint(names), names)
        self.build(*options, "--stdlib", "FULL", "--static-names", str(self.folder / "out" / "names"))
        self.assertLessEqual({*sys.builtin_module_names, "_json"}, set(self.text("names").split()))
        for each in ("_asyncio", "fast"):
            self.assertEqual(found[each].kind, UNUSABLE)
            self.assertIn("a fully static executable cannot load it", found[each].needs)
        self.assertRegex(
            self.text("app.txt"),
            r"\n  _contextvars: contextvars, line \d+ cannot do without it, but it cannot be in it",
        )
        self.assertIn("Lesser General Public License", self.text("NOTICE"))
        optional = self.run_builder(*options, "--all", "configure again")
        self.assertRegex(optional, r"^error: fast cannot be in it: .*\nerror: configure again\n$")
        self.write({"main.py": "import fast\n"})
        said = self.run_builder(*options)
        self.assertEqual(
            said,
            "error: fast cannot be in it: a fully static executable cannot load it; use MODE EMBEDDED, or name an archive of it behind STATIC_EXTENSIONS (imported by main, line 1)\n",
        )

    def test_what_unpacks_the_others_is_not_packed(self) -> None:
        zlib = Entry("zlib", Kind.EXTENSION, needs="libz.so.1\nlibother.so")
        plain = needed_to_unpack([Entry("json", Kind.MODULE), zlib, Entry("libz.so.1", Kind.SHARED_LIBRARY)])
        self.assertLessEqual({"zlib", "libz.so.1", "libother.so", "encodings", "_pyasync_importer"}, plain)
        self.assertNotIn("json", plain)
        self.assertIn("zlib", needed_to_unpack([Entry("zlib", Kind.STATIC)]))

    def test_one_whose_library_is_gone(self) -> None:
        self.write({"main.py": "try:\n import fast\nexcept ImportError:\n pass\n"})
        self.link("libgone.so")
        self.link(f"site/fast{EXTENSION}", "libgone.so")
        (self.folder / "libgone.so").unlink()
        site = ("--python-site", str(self.folder / "site"))
        fast = self.build(*site).modules["fast"]
        self.assertEqual((fast.kind, fast.data), (UNUSABLE, b""))
        self.assertRegex(fast.needs, r"libgone\.so is not found, which fast needs")
        self.write({"main.py": "import fast\n"})
        self.assertRegex(self.run_builder(*site), r"^error: fast cannot be in it: .*libgone\.so is not found")


SITE = {
    "site/pack/__init__.py": "from pack import inner\n",
    "site/pack/inner.py": "",
    "site/pack/unused.py": "",
    "site/pack/unused.c": "",
    "site/pack/data/table.csv": "1,2\n",
    "site/pack/__pycache__/x.pyc": "",
    "site/pack/subpackage/__init__.py": "",
    "site/pack/subpackage/big.bin": "",
    "site/pack_it-1.2.dist-info/METADATA": "Name: pack-it\nVersion: 1.2\nLicense: Own\n\nLicense: no\n",
    "site/pack_it-1.2.dist-info/RECORD": "pack/__init__.py,,\npack/inner.py,,\n",
    "site/pack_it-1.2.dist-info/entry_points.txt": "[x]\n",
    "site/pack_it-1.2.dist-info/licenses/LICENSE": "Do as you like.\n",
    "site/other-3.egg-info/PKG-INFO": "Name: other\n",
    "site/other-3.egg-info/top_level.txt": "other\n",
    "site/other.py": "",
}


class Packages(WithApplication):
    def test_their_files(self) -> None:
        self.write({"main.py": "import pack\n", **SITE})
        found = self.build("--python-site", str(self.folder / "site"))
        self.assertEqual({each for each in found.modules if "pack" in each}, {"pack", "pack.data", "pack.inner"})
        info = "pack_it-1.2.dist-info"
        self.assertEqual(
            found.files.keys(),
            {
                "pack/data/table.csv",
                *(f"{info}/{each}" for each in ("METADATA", "RECORD", "entry_points.txt", "licenses/LICENSE")),
            },
        )
        self.assertIn("  - pack-it 1.2\n", self.text("NOTICE"))
        self.assertIn("Licence, as it says itself: Own\n\nDo as you like.\n", self.text("NOTICE"))
        self.assertIn(
            "other-3.egg-info/PKG-INFO", self.build("--import", "other", "--python-site", f"{self.folder}/site").files
        )

    def test_time_zones(self) -> None:
        self.write({"main.py": "import zoneinfo\n"})
        self.build()
        self.assertIn("tzdata: not found; zoneinfo uses what the system has of it", self.text("app.txt"))
        self.write({f"site/tzdata/{each}__init__.py": "" for each in ("", "zoneinfo/", "zoneinfo/Europe/")})
        self.write({"site/tzdata/zoneinfo/Europe/Rome": "TZif"})
        found = self.build("--python-site", str(self.folder / "site"))
        self.assertIn("tzdata.zoneinfo.Europe", found.modules)
        self.assertEqual(found.files, {"tzdata/zoneinfo/Europe/Rome": b"TZif"})


MADE_BY_OTHERS = (
    "_frozen",
    "zipimport",
    "importlib._bootstrap",
    "os.path",
    "typing.",
    "cython_",
    "_cython_",
    "gettext",
)
"""Modules that are not imported from a file, and the one that argparse does without."""


class Complete(WithApplication):
    """All that CPython loads for these imports is in the archive."""

    def check(self, source: str, *sites: str) -> None:
        self.write({"main.py": source})
        names = ("--static-names", str(self.folder / "out" / "names"))
        found = self.build(*names, *(each for site in sites for each in ("--python-site", site))).modules.keys()
        script = f"import sys; sys.path += {list(sites)}\n{source}\nprint(*sys.modules)"
        listed = subprocess.run([sys.executable, "-I", "-S", "-c", script], check=True, capture_output=True, text=True)
        missing = set(listed.stdout.split()) - found - set(self.text("names").split()) - inittab.ALWAYS
        self.assertEqual({each for each in missing if not each.startswith(MADE_BY_OTHERS)}, {"__main__"})

    def test_the_standard_library(self) -> None:
        self.check("import asyncio, ssl, json, sqlite3\nasyncio.run(asyncio.sleep(0))")
        self.check(
            "import csv, decimal, email.message, hashlib, http.client, logging.handlers, pathlib, tempfile, uuid, zipfile"
        )

    def test_packages_with_extensions(self) -> None:
        if not all((DEBIAN / each).is_dir() for each in ("uvloop", "aiohttp")) or "/usr/" not in sys.executable:
            self.skipTest("they are not installed")
        self.check(
            "import uvloop, aiohttp.web\nuvloop.install()\nimport asyncio\nasyncio.run(asyncio.sleep(0))", str(DEBIAN)
        )
        self.assertIn("uvloop-0", self.text("app.txt"))


if __name__ == "__main__":
    unittest.main()
