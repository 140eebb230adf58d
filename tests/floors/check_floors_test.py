# tests/floors/check_floors_test.py: every fault that check_floors.py is there for is found in a tree that has it.
# SPDX-License-Identifier: MIT
"""Usage: check_floors_test.py COMPILER"""

import json
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

sys.dont_write_bytecode = True  # the sources stay clean

import check_floors  # noqa: E402

COMPILER = "c++"
HEADERS = "framework/include/pyasync"


def begun(file: str, text: str = "") -> str:
    """A text that begins as every file should."""
    comment = "#" if file.endswith(("CMakeLists.txt", ".cmake")) else "//"
    return f"{comment} {file}: for the test.\n{comment} SPDX-License-Identifier: MIT\n{text}"


class CheckFloors(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)
        # One good file on each floor, and what they may include.
        self.write(f"{HEADERS}/core/task.hpp", "#pragma once\n#include <utility>\n")
        self.write(f"{HEADERS}/uv/loop.hpp", "#pragma once\n#include <pyasync/core/task.hpp>\n")
        self.write(f"{HEADERS}/py/python.hpp", "#pragma once\n#if 0\n#include <Python.h>\n#endif\n")
        self.write(f"{HEADERS}/py/object.hpp", "#pragma once\n#include <pyasync/py/python.hpp>\n")
        self.write(
            f"{HEADERS}/bridge/call.hpp",
            "#pragma once\n#include <pyasync/py/object.hpp>\n#include <pyasync/uv/loop.hpp>\n",
        )
        self.write(f"{HEADERS}/pyasync.hpp", "#pragma once\n#include <pyasync/bridge/call.hpp>\n")
        self.write("framework/src/uv/loop.cpp", "#include <pyasync/uv/loop.hpp>\n#if 0\n#include <uv.h>\n#endif\n")
        self.write("framework/src/runtime.cpp", "#include <pyasync/pyasync.hpp>\n")
        self.write("framework/CMakeLists.txt", "")
        self.write("cmake/Some.cmake", "")

    def write(self, file: str, text: str) -> None:
        self.write_raw(file, begun(file, text))

    def write_raw(self, file: str, text: str) -> None:
        path = self.root / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def assert_good(self, build: Path | None = None) -> None:
        self.assertEqual(check_floors.faults_of(self.root, build), [])

    def assert_only_fault(self, expected: str, build: Path | None = None) -> None:
        faults = check_floors.faults_of(self.root, build)
        self.assertEqual(len(faults), 1, faults)
        self.assertIn(expected, faults[0])

    def test_a_good_tree_passes(self) -> None:
        self.assert_good()

    def test_a_folder_without_headers_is_no_good_tree(self) -> None:
        with tempfile.TemporaryDirectory() as empty:
            self.assertEqual(len(check_floors.faults_of(Path(empty))), 1)

    def test_the_program_says_the_faults_and_fails(self) -> None:
        command = [sys.executable, check_floors.__file__, self.root]
        good = subprocess.run(command, capture_output=True, text=True)
        self.assertEqual((good.returncode, good.stdout, good.stderr), (0, "all files are as they should be\n", ""))
        self.write("framework/src/core/wrong.cpp", "#include <Python.h>\n")
        bad = subprocess.run(command, capture_output=True, text=True)
        self.assertEqual((bad.returncode, bad.stderr), (1, ""))
        self.assertTrue(bad.stdout.startswith("framework/src/core/wrong.cpp:3: only "), bad.stdout)

    def test_lower_floors_do_not_see_higher_ones(self) -> None:
        for lower, higher in [
            ("core", "uv/loop.hpp"),
            ("core", "py/object.hpp"),
            ("core", "bridge/call.hpp"),
            ("core", "pyasync.hpp"),
            ("uv", "bridge/call.hpp"),
            ("py", "bridge/call.hpp"),
            ("py", "pyasync.hpp"),
            ("bridge", "pyasync.hpp"),
        ]:
            for file in (f"{HEADERS}/{lower}/wrong.hpp", f"framework/src/{lower}/wrong.cpp"):
                with self.subTest(file=file, higher=higher):
                    self.write(file, f"#include <pyasync/{higher}>\n")
                    self.assert_only_fault(f"{file}:3: floor ")
                    self.write(file, f'  #  include "pyasync/{higher}"\n')
                    self.assert_only_fault(f"{file}:3: floor ")
                    (self.root / file).unlink()

    def test_a_path_relative_to_the_file_is_seen_through(self) -> None:
        self.write(f"{HEADERS}/core/wrong.hpp", '#include "../bridge/call.hpp"\n')
        self.assert_only_fault("core/wrong.hpp:3: floor 0 (core/) includes ../bridge/call.hpp of a higher floor")

    def test_uv_and_py_do_not_see_each_other(self) -> None:
        self.write(f"{HEADERS}/uv/wrong.hpp", "#include <pyasync/py/object.hpp>\n")
        self.assert_only_fault("uv/wrong.hpp:3: uv/ and py/ must not see each other: pyasync/py/object.hpp")
        (self.root / f"{HEADERS}/uv/wrong.hpp").unlink()
        self.write("framework/src/py/wrong.cpp", "#include <pyasync/uv/loop.hpp>\n")
        self.assert_only_fault("src/py/wrong.cpp:3: uv/ and py/ must not see each other: pyasync/uv/loop.hpp")

    def test_only_one_header_includes_cpython(self) -> None:
        for file in (
            f"{HEADERS}/py/wrong.hpp",
            "framework/src/bridge/wrong.cpp",
            "tests/wrong.cpp",
            "apps/a/wrong.cpp",
        ):
            for name in ("Python.h", "frameobject.h", "cpython/pystate.h"):
                with self.subTest(file=file, name=name):
                    self.write(file, f"#include <{name}>\n")
                    self.assert_only_fault(f"{file}:3: only {HEADERS}/py/python.hpp includes <{name}>")
                    (self.root / file).unlink()

    def test_only_one_header_gives_up_references(self) -> None:
        self.write(f"{HEADERS}/py/let_go.hpp", "#pragma once\n// Py_XDECREF(owned);\n")
        self.write("tests/good.cpp", "// Py_DECREF(owned);\n")
        self.assert_good()
        for macro in ("Py_DECREF", "Py_XDECREF", "Py_CLEAR", "Py_SETREF", "Py_XSETREF"):
            self.write("framework/src/bridge/wrong.cpp", f"// {macro}(owned);\n")
            self.assert_only_fault(f"bridge/wrong.cpp:3: {macro}: references are given up by {HEADERS}/py/let_go.hpp")

    def test_core_and_py_do_without_libuv(self) -> None:
        self.write(f"{HEADERS}/core/wrong.hpp", "#include <uv.h>\n")
        self.assert_only_fault("core/wrong.hpp:3: core/ does not stand on libuv: <uv.h>")
        (self.root / f"{HEADERS}/core/wrong.hpp").unlink()
        self.write("framework/src/py/wrong.cpp", "#include <uv.h>\n")
        self.assert_only_fault("py/wrong.cpp:3: py/ does not stand on libuv: <uv.h>")

    def test_an_included_header_exists(self) -> None:
        self.write(f"{HEADERS}/core/wrong.hpp", "#include <pyasync/core/gone.hpp>\n")
        self.assert_only_fault("core/wrong.hpp:3: there is no pyasync/core/gone.hpp")

    def test_the_first_line_is_path_and_purpose(self) -> None:
        license_line = "SPDX-License-Identifier: MIT\n"
        for file, comment in [
            (f"{HEADERS}/core/wrong.hpp", "//"),
            ("framework/src/core/wrong.cpp", "//"),
            ("framework/src/CMakeLists.txt", "#"),
            ("cmake/Wrong.cmake", "#"),
        ]:
            for first in (
                "",
                f"{comment} other/path.hpp: something",
                f"{comment} {file}:",
                f"{comment} {file}",
                "int x;",
            ):
                with self.subTest(file=file, first=first):
                    self.write_raw(file, f"{first}\n{comment} {license_line}")
                    self.assert_only_fault(f"{file}:1: the first line is not")
            with self.subTest(file=file, first="nothing at all"):
                self.write_raw(file, "")
                self.assertEqual(len(check_floors.faults_of(self.root)), 2)
            (self.root / file).unlink()

    def test_the_second_line_is_the_license(self) -> None:
        file = f"{HEADERS}/core/wrong.hpp"
        for second in ("", "// SPDX-License-Identifier: GPL-3.0", "# SPDX-License-Identifier: MIT", "#pragma once"):
            with self.subTest(second=second):
                self.write_raw(file, f"// {file}: something.\n{second}\n")
                self.assert_only_fault(f"{file}:2: the second line is not")

    def test_a_template_begins_with_its_path_in_the_project_that_is_made_of_it(self) -> None:
        file = "cmake/templates/application/tests/some_test.cpp"
        self.write_raw(file, "// tests/some_test.cpp: for the test.\nint x;\n")
        self.assert_good()
        self.write_raw(file, f"// {file}: for the test.\nint x;\n")
        self.assert_only_fault(f'{file}:1: the first line is not "// tests/some_test.cpp: <what')

    def test_builds_and_hidden_folders_are_passed_over(self) -> None:
        self.write_raw("some_build/CMakeCache.txt", "")
        self.write_raw("some_build/generated.cpp", "int x;\n")
        for mark in ("CACHEDIR.TAG", "pyvenv.cfg"):  # cargo's and Python's, which hold other people's sources
            self.write_raw(f"build/{mark}_folder/{mark}", "")
            self.write_raw(f"build/{mark}_folder/package/theirs.cpp", "int x;\n")
        self.write_raw(".hidden/wrong.cpp", "int x;\n")
        self.assert_good()

    def with_build(self, *compiled: str) -> Path:
        """A build folder, in which these files have been compiled."""
        command = f"{COMPILER} -std=gnu++20 -I{self.root}/framework/include -MD -MT x -MF x.d -o x.o -c x.cpp"
        files = ["tests/support/compiler_probe.cpp", *compiled]
        entries = [{"directory": str(self.root), "file": f"{self.root}/{file}", "command": command} for file in files]
        self.write_raw("build/CMakeCache.txt", "")
        self.write_raw("build/compile_commands.json", json.dumps(entries))
        return self.root / "build"

    def test_headers_that_compile_alone_pass(self) -> None:
        self.assert_good(self.with_build())
        self.assert_good(self.with_build())  # from memory

    def test_a_header_that_needs_another_one_first_is_found(self) -> None:
        file = f"{HEADERS}/core/needy.hpp"
        self.write(file, "#pragma once\nstd::string text();\n")
        self.assert_only_fault(f"{file}:1: cannot be included alone:", self.with_build())
        self.assert_only_fault(f"{file}:1: cannot be included alone:", self.with_build())  # a fault is not forgotten

    def test_a_header_that_another_one_breaks_is_found(self) -> None:
        good = "#pragma once\n#include <string>\n"
        self.write(f"{HEADERS}/core/used.hpp", good)
        self.write(f"{HEADERS}/core/user.hpp", "#pragma once\n#include <pyasync/core/used.hpp>\nstd::string text();\n")
        self.assert_good(self.with_build())
        self.write(f"{HEADERS}/core/used.hpp", "#pragma once\n")
        self.assert_only_fault("core/user.hpp:1: cannot be included alone:", self.with_build())

    def test_what_the_build_compiles_first_in_a_file_is_proven(self) -> None:
        file = f"{HEADERS}/core/needy.hpp"
        self.write(file, "#pragma once\nstd::string text();\n")
        first = "framework/src/core/first.cpp"
        self.write(first, "#include <pyasync/core/needy.hpp>\n")
        self.assert_good(self.with_build(first))
        self.assert_only_fault(f"{file}:1: cannot be included alone:", self.with_build())
        self.write(first, "#include <string>\n#include <pyasync/core/needy.hpp>\n")
        self.assert_only_fault(f"{file}:1: cannot be included alone:", self.with_build(first))
        self.write(first, "#define X\n#include <pyasync/core/needy.hpp>\n")
        self.assert_only_fault(f"{file}:1: cannot be included alone:", self.with_build(first))


if __name__ == "__main__":
    if len(sys.argv) > 1:
        COMPILER = sys.argv.pop(1)
    unittest.main()
