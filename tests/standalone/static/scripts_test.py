# tests/standalone/static/scripts_test.py: the scripts that fully static executables are made with.
# SPDX-License-Identifier: MIT
"""Usage: scripts_test.py FOLDER"""

import subprocess
import sys
import tempfile
import unittest
import unittest.mock
from pathlib import Path

FOLDER = Path(sys.argv[1])
sys.path.insert(0, str(FOLDER))
sys.dont_write_bytecode = True

import build_extensions  # noqa: E402
import inittab  # noqa: E402
import quiet_link  # noqa: E402

WARNING = (
    "pwd.c:(.text+0x1a): warning: Using 'getpwnam' in statically linked applications requires at runtime the "
    "shared libraries from the glibc version used for linking"
)


class Sources(unittest.TestCase):
    def setUp(self) -> None:
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.folder = Path(temporary.name)
        (self.folder / "Include").mkdir()
        (self.folder / "Modules").mkdir()

    def version(self, version: str) -> None:
        (self.folder / "Include" / "patchlevel.h").write_text(f'#define PY_VERSION   "{version}"\n')

    def test_of_this_version_will_do(self) -> None:
        self.version(sys.version.split()[0])
        build_extensions.check_version(self.folder)

    def test_of_another_version_are_refused_with_a_sentence(self) -> None:
        self.version("3.11.99")
        script = str(FOLDER / "build_extensions.py")
        command = [sys.executable, "-I", "-S", script, f"--source={self.folder}", "--folder=unused", "--compiler=c++"]
        done = subprocess.run(command, capture_output=True, text=True)
        self.assertEqual(done.returncode, 3)
        self.assertIn("is the source of CPython 3.11.99, and the interpreter is", done.stdout)

    def test_of_something_else_are_refused(self) -> None:
        with self.assertRaisesRegex(build_extensions.Fault, "has no Include/patchlevel.h"):
            build_extensions.check_version(self.folder)

    def test_say_which_modules_there_are(self) -> None:
        (self.folder / "Modules" / "Setup.stdlib.in").write_text(
            "# a comment of words.c\n*@MODULE_BUILDTYPE@*\n@MODULE__A_TRUE@_a a.c b.c\n#@MODULE__B_TRUE@_b sub/b.c -lb\n"
            "plain plain.c\n@MODULE__TESTX_TRUE@_testx x.c\n@MODULE__SYS_TRUE@sys sys.c\n"
        )
        found = {each.name: [file.name for file in each.sources] for each in build_extensions.listed(self.folder)}
        self.assertEqual(found, {"_a": ["a.c", "b.c"], "_b": ["b.c"], "plain": ["plain.c"]})

    def test_whose_library_is_missing_are_left_out_with_its_package(self) -> None:
        (self.folder / "Modules" / "Setup.stdlib.in").write_text("_lzma _lzmamodule.c\nreadline readline.c\n")
        tools = build_extensions.Tools("c++", [], self.folder, self.folder / "result", "")
        with unittest.mock.patch.object(build_extensions, "library", return_value=""):
            lzma, readline = build_extensions.build(tools)
        self.assertEqual(lzma, "left_out _lzma: there is no liblzma.a (Debian: liblzma-dev)")
        self.assertTrue(readline.startswith("refused readline: "))

    def test_that_do_not_compile_are_left_out_with_the_fault(self) -> None:
        (self.folder / "Modules" / "Setup.stdlib.in").write_text("_broken broken.c\n")
        (self.folder / "Modules" / "broken.c").write_text("#error this is it\n")
        tools = build_extensions.Tools("c++", [], self.folder, self.folder / "result", "")
        (line,) = build_extensions.build(tools)
        self.assertRegex(line, "^left_out _broken: .*error")


class Inittab(unittest.TestCase):
    def test_has_what_is_wanted_and_there(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            out, extensions, names = (Path(folder) / each for each in ("x/out.cpp", "extensions.txt", "names"))
            extensions.write_text("extension _a\nextension _b\nleft_out _c: no libc.a\nlibrary /usr/lib/liba.a\n")
            names.write_text("_b\n_c\nmath\n")
            script = str(FOLDER / "inittab.py")
            files = [f"--out={out}", f"--extensions={extensions}", f"--names={names}"]
            command = [sys.executable, "-I", "-S", script, *files]
            subprocess.run(command, check=True)
            self.assertEqual(out.read_text(), inittab.text({**inittab.built_in(), "_b": "PyInit__b"}))
            for each in ('{"_b", PyInit__b}', '{"sys", nullptr}', '{"marshal", PyMarshal_Init}'):
                self.assertIn(each, out.read_text())
            subprocess.run([*command, "--only"], check=True)
            wanted = {"_b", *inittab.ALWAYS, *({"math"} & inittab.built_in().keys())}
            known = {**inittab.built_in(), "_b": "PyInit__b"}
            self.assertEqual(out.read_text(), inittab.text({name: known[name] for name in wanted}))


class QuietLink(unittest.TestCase):
    def test_keeps_back_what_static_files_do_not_do(self) -> None:
        self.assertEqual(quiet_link.concerning(["ld: a.o: in function `f':", WARNING, WARNING]), [])

    def test_keeps_what_else_is_said(self) -> None:
        other = ["ld: b.o: in function `g':", "b.c:(.text+0x1): undefined reference to `h'"]
        self.assertEqual(quiet_link.concerning(["ld: a.o: in function `f':", WARNING, *other]), other)
        self.assertEqual(quiet_link.concerning(other), other)

    def test_ends_as_the_linker_does(self) -> None:
        script = str(FOLDER / "quiet_link.py")
        done = subprocess.run(
            [sys.executable, script, "sh", "-c", "echo fault >&2; exit 4"], capture_output=True, text=True
        )
        self.assertEqual((done.returncode, done.stderr), (4, "fault\n"))


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
