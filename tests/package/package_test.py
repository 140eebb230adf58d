# tests/package/package_test.py: pyasync as other projects get it: installed, as sources, by pkg-config; new projects.
# SPDX-License-Identifier: MIT
"""Usage: package_test.py SOURCE BUILD PYTHON COMPILER CLASS...

Installed installs what BUILD has built, in a folder below it, and moves that; the classes behind it use what was moved.
All of it is in folders whose names have spaces. CLASS is one of the classes of this file.
"""

import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import unittest
from collections.abc import Iterator, Sequence
from pathlib import Path

sys.dont_write_bytecode = True  # the sources stay clean

SOURCE, BUILD, PYTHON, COMPILER = (Path(argument) for argument in sys.argv[1:5])
OUTSIDE = SOURCE / "tests/package/outside"
WORK = BUILD / "tests/package/other projects"
FIRST = WORK / "installed here"
MOVED = WORK / "and then moved"

# Other tests of the build are no business of these projects; their Python is the build's, and so is a compiler's cache.
NOT_FOR_THEM = ("CMAKE_", "CTEST_", "VIRTUAL_ENV")
ENVIRONMENT = {
    name: value
    for name, value in os.environ.items()
    if not name.startswith(NOT_FOR_THEM) or name.endswith("_COMPILER_LAUNCHER")
}
ENVIRONMENT["PATH"] = os.pathsep.join([str(PYTHON.parent), os.environ["PATH"]])
ENVIRONMENT["CXX"] = str(COMPILER)
ENVIRONMENT["PYTHONDONTWRITEBYTECODE"] = "1"


def run(*command: str | Path, cwd: Path = WORK, fails: bool = False, **environment: str | Path) -> str:
    """Run a command to its end; what it has printed, on both streams."""
    variables = {**ENVIRONMENT, **{name: str(value) for name, value in environment.items()}}
    done = subprocess.run([str(part) for part in command], cwd=cwd, env=variables, text=True, check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)  # fmt: skip
    if (done.returncode != 0) != fails:
        raise AssertionError(f"{shlex.join(str(part) for part in command)} gave {done.returncode}:\n{done.stdout}")
    return done.stdout


def says(text: str) -> str:
    """CMake breaks the lines of its messages."""
    return " ".join(text.split())


def configure(way: str, build: Path, *options: str, fails: bool = False, source: Path = OUTSIDE) -> str:
    """Configure the outside project, which gets pyasync in that way."""
    return run("cmake", "-S", source, "-B", build, "-G", "Ninja", f"-DBY={way}", f"-DPython_EXECUTABLE={PYTHON}",
               *options, fails=fails)  # fmt: skip


def prefix_of_python() -> str:
    return run(PYTHON, "-c", "import sys; print(sys.prefix)").strip()


def check_programs(folder: Path) -> None:
    """The outside project's application and module do what they should."""
    printed = run(folder / "outside_app")
    if printed != f"Python has answered\n{prefix_of_python()}\n":
        raise AssertionError(printed)
    if (folder / "outside_tls").exists():  # where there is OpenSSL
        if run(folder / "outside_tls") != "TLS is there\n":
            raise AssertionError("TLS is not there")
        if "libssl" in run("readelf", "--dynamic", folder / "outside_app"):
            raise AssertionError("who has no TLS needs OpenSSL")
    run(PYTHON, "-c", "import asyncio, outside_module as m; assert asyncio.run(m.twice(21)) == 42", PYTHONPATH=folder)


def build_outside(way: str, build: Path, *options: str) -> None:
    """Build the outside project in a folder that stays for the next time, and run its tests."""
    configure(way, build, *options)
    run("cmake", "--build", build)
    check_programs(build)
    tested = run("ctest", "--test-dir", build, "--no-tests=error", "--output-on-failure")
    if "100% tests passed, 0 tests failed out of 1" not in tested:
        raise AssertionError(tested)


def version() -> str:
    text = (SOURCE / "CMakeLists.txt").read_text(encoding="utf-8")
    (found,) = re.findall(r"^project\(pyasync VERSION (\S+)", text, re.MULTILINE)
    return str(found)


class Installed(unittest.TestCase):
    """What is installed, and where it can be moved."""

    @classmethod
    def setUpClass(cls) -> None:
        for folder in (FIRST, MOVED):
            shutil.rmtree(folder, ignore_errors=True)
        run("cmake", "--install", BUILD, "--prefix", FIRST)
        FIRST.rename(MOVED)

    def files(self) -> Iterator[Path]:
        return (path for path in MOVED.rglob("*") if path.is_file())

    def test_every_header_is_there(self) -> None:
        def headers(root: Path) -> set[Path]:
            return {path.relative_to(root) for path in root.rglob("*.hpp")}

        self.assertEqual(headers(MOVED / "include"), headers(SOURCE / "framework/include"))
        self.assertGreater(len(headers(MOVED / "include")), 50)

    def test_nothing_is_there_that_is_not_of_pyasync(self) -> None:
        for path in self.files():
            self.assertIn("pyasync", str(path.relative_to(MOVED)))

    def test_no_file_knows_where_it_was_built(self) -> None:
        folders = [str(folder).encode() for folder in (SOURCE, BUILD, FIRST)]
        count = 0
        for path in self.files():
            content = path.read_bytes()
            if path.suffix == ".a":  # what a debugger is told is not meant
                with tempfile.TemporaryDirectory() as folder:
                    run("strip", "--strip-debug", "-o", Path(folder) / "stripped.a", path)
                    content = (Path(folder) / "stripped.a").read_bytes()
            for folder_of_build in folders:
                self.assertNotIn(folder_of_build, content, path)
            count += 1
        self.assertGreater(count, 70)

    def test_pyasync_new_can_be_called(self) -> None:
        self.assertIn("--module", run(MOVED / "bin/pyasync-new", "--help"))
        self.assertFalse(os.path.isabs(os.readlink(MOVED / "bin/pyasync-new")))


class FindPackage(unittest.TestCase):
    """find_package(pyasync)."""

    def test_the_outside_project(self) -> None:
        build_outside("find_package", WORK / "by find_package", f"-DCMAKE_PREFIX_PATH={MOVED}")


class WithFolder(unittest.TestCase):
    """Each test has a folder of its own, whose name begins with `prefix`."""

    prefix = ""

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory(prefix=self.prefix)
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)


class Standalone(WithFolder):
    """Standalone executables of a project that has found an installed pyasync."""

    prefix = "standalone "

    def project(self, name: str) -> Path:
        return Path(shutil.copytree(SOURCE / "tests/package/standalone", self.folder / name))

    def configure(self, project: Path, *arguments: str, fails: bool = False) -> str:
        return configure("find_package", project / "build", f"-DCMAKE_PREFIX_PATH={MOVED}", "-DCMAKE_BUILD_TYPE=Release",
                         f"-DARGUMENTS={';'.join(arguments)}", fails=fails, source=project)  # fmt: skip

    def build(self, name: str) -> Path:
        project = self.project(name)
        self.configure(project, "MODE", "EMBEDDED")
        run("cmake", "--build", project / "build")
        return project / "build"

    def test_two_builds_in_two_folders_are_the_same(self) -> None:
        one, other = self.build("one"), self.build("the other")
        self.assertEqual(run(one / "carried"), '{"said": "example.py"}\n')
        for file in ("carried", "carried.manifest.txt", "carried.NOTICE.txt"):
            self.assertEqual((one / file).read_bytes(), (other / file).read_bytes(), file)

    def test_a_project_that_has_pyasync_below_it_gathers_with_its_python(self) -> None:
        project = self.project("above")
        text = (project / "CMakeLists.txt").read_text()
        found = "find_package(pyasync CONFIG REQUIRED)"
        (project / "CMakeLists.txt").write_text(text.replace(found, f'add_subdirectory("{SOURCE}" pyasync)'))
        # As most do it, without a word of Python: only then is the variable that FindPython sets no entry of the cache.
        run("cmake", "-S", project, "-B", project / "build", "-G", "Ninja", "-DARGUMENTS=MODE;EMBEDDED")
        commands = run("ninja", "-C", project / "build", "-t", "commands", "CMakeFiles/carried.standalone/archive")
        self.assertIn(" -I -S -B ", commands)

    def test_an_import_that_finds_nothing_fails_the_build(self) -> None:
        project = self.project("missing")
        with (project / "example.py").open("a") as file:
            file.write("import no_such_module\n")
        self.configure(project, "MODE", "EMBEDDED")
        said = run("cmake", "--build", project / "build", fails=True)
        self.assertIn(
            f"error: no module named no_such_module: imported by example, line 8 ({project}/example.py)", said
        )

    def test_what_does_not_go_together_is_told(self) -> None:
        project = self.project("wrong")
        for arguments, sentence in (
            (("MODE", "LARGE"), "pyasync_add_app(carried): MODE is one of AUTO, EMBEDDED, STATIC, not 'LARGE'"),
            (("COMPRESS", "all"), "COMPRESS is one of none, modules, exe, not 'all'"),
            (("OPTIMIZE", "1"), "OPTIMIZE is one of 0, 2, not '1'"),
            (
                ("SHARED_PYTHON",),
                "STANDALONE has Python in the executable, SHARED_PYTHON has it in a file of its own: choose one",
            ),
            (("PYTHON_SITE", "/no/such"), "PYTHON_SITE: no such folder: /no/such"),
            (("RESOURCES", "none.txt"), f"RESOURCES: no such file: {project}/none.txt"),
            (("CA_BUNDLE", "none.pem"), f"CA_BUNDLE: no such file: {project}/none.pem"),
            (("MODE", "STATIC"), "MODE STATIC is not possible: the source of CPython"),
        ):
            self.assertIn(says(sentence), says(self.configure(project, *arguments, fails=True)))


class WhatIsMissing(WithFolder):
    """find_package(pyasync) says why pyasync cannot be used."""

    prefix = "what is missing "

    def project(self, text: str) -> Path:
        """A project of one file, which finds pyasync, and says so."""
        source = self.folder / "project"
        source.mkdir()
        (source / "CMakeLists.txt").write_text(f"cmake_minimum_required(VERSION 3.25)\n{text}\n", encoding="utf-8")
        return source

    def configure(self, text: str, *options: str, fails: bool = True) -> str:
        return says(configure("-", self.folder / "build", f"-DCMAKE_PREFIX_PATH={MOVED}", *options, fails=fails,
                              source=self.project(text)))  # fmt: skip

    WANTED = f"pyasync needs CPython {sys.version_info.major}.{sys.version_info.minor}, for which it was built"
    PROJECT = "project(p LANGUAGES CXX)"
    REQUIRED = f"{PROJECT}\nfind_package(pyasync CONFIG REQUIRED)"

    def test_libraries(self) -> None:
        without = [f"-DCMAKE_DISABLE_FIND_PACKAGE_{name}=ON" for name in ("PkgConfig", "libuv", "fmt")]
        said = self.configure(self.REQUIRED, *without)
        self.assertIn("pyasync needs libuv 1.44 or newer, and pkg-config to find it: libuv1-dev and pkgconf", said)
        self.assertIn("pyasync needs fmt 9 or newer: libfmt-dev (Debian", said)

    WITHOUT_OPENSSL = "-DCMAKE_DISABLE_FIND_PACKAGE_OpenSSL=ON"

    def test_who_has_no_tls_needs_no_openssl(self) -> None:
        self.configure(self.REQUIRED, self.WITHOUT_OPENSSL, fails=False)

    def test_openssl(self) -> None:
        text = f"{self.PROJECT}\nfind_package(pyasync CONFIG REQUIRED COMPONENTS tls)"
        said = self.configure(text, self.WITHOUT_OPENSSL)
        self.assertIn("pyasync::tls needs OpenSSL 3.0 or newer: libssl-dev (Debian", said)

    def test_openssl_for_who_links_it(self) -> None:
        text = f'{self.REQUIRED}\nadd_executable(t "{OUTSIDE}/tls.cpp")\ntarget_link_libraries(t pyasync::tls)'
        self.assertIn("pyasync::tls_needs_OpenSSL_3.0_or_newer", self.configure(text, self.WITHOUT_OPENSSL))

    def test_a_component_that_there_is_not(self) -> None:
        text = f"{self.PROJECT}\nfind_package(pyasync CONFIG REQUIRED COMPONENTS quic)"
        self.assertIn("pyasync has no component quic", self.configure(text))

    def test_a_project_can_do_without(self) -> None:
        text = self.PROJECT + '\nfind_package(pyasync CONFIG QUIET)\nmessage(STATUS "found: ${pyasync_FOUND}.")'
        self.assertIn("found: 0.", self.configure(text, "-DCMAKE_DISABLE_FIND_PACKAGE_fmt=ON", fails=False))

    def test_doctest(self) -> None:
        text = self.REQUIRED + "\npyasync_add_test(t SOURCES t.cpp)"
        said = self.configure(text, "-DCMAKE_DISABLE_FIND_PACKAGE_doctest=ON")
        self.assertIn("pyasync_add_test(t) needs doctest 2.4.9 or newer: doctest-dev (Debian", said)

    def test_no_python(self) -> None:
        said = self.configure(self.REQUIRED, f"-DPython_EXECUTABLE={self.folder}/nothing")
        self.assertIn(self.WANTED, said)
        self.assertIn("nothing' is not one", said)

    def test_another_python(self) -> None:
        other = self.folder / "python3.99"
        other.write_text(f'#!{PYTHON}\nimport sys\nsys.version_info = (3, 99, 0, "final", 0)\ncode = sys.argv[2]\n'
                         'sys.argv[:3] = ["-c"]\nexec(code)\n', encoding="utf-8")  # fmt: skip
        other.chmod(0o755)
        said = self.configure(self.REQUIRED, f"-DPython_EXECUTABLE={other}")
        self.assertIn(self.WANTED, said)
        self.assertIn("python3.99' is not one", said)

    def test_a_python_that_was_found_before(self) -> None:
        found = "add_executable(Python::Interpreter IMPORTED)"
        of_another = "set_target_properties(Python::Interpreter PROPERTIES IMPORTED_LOCATION /other/python3)"
        said = self.configure(f"{self.PROJECT}\n{found}\n{of_another}\nfind_package(pyasync CONFIG REQUIRED)")
        self.assertIn(f"{self.WANTED}, and has found {PYTHON}; but this project has found another one before", said)

    def test_no_language(self) -> None:
        said = self.configure("project(p LANGUAGES NONE)\nfind_package(pyasync CONFIG REQUIRED)")
        self.assertIn("pyasync needs the language CXX", said)

    def test_another_version(self) -> None:
        major, minor, _ = version().split(".")
        wanted = f"{major}.{int(minor) + 1}"
        said = self.configure(f"{self.PROJECT}\nfind_package(pyasync {wanted} CONFIG REQUIRED)")
        self.assertIn(f"version: {version()}", said)

    def test_two_folders_that_both_find_it(self) -> None:
        source = self.project(f"{self.PROJECT}\nadd_subdirectory(one)\nadd_subdirectory(two)")
        for folder in ("one", "two"):
            (source / folder).mkdir()
            text = f"""find_package(pyasync CONFIG REQUIRED)
                       pyasync_add_app({folder} SOURCES "{OUTSIDE}/app.cpp")
                       pyasync_add_module({folder}_module SOURCES "{OUTSIDE}/module.cpp")"""
            (source / folder / "CMakeLists.txt").write_text(text, encoding="utf-8")
        configure("-", self.folder / "build", f"-DCMAKE_PREFIX_PATH={MOVED}", source=source)


class PkgConfig(unittest.TestCase):
    """A plain call of the compiler."""

    def setUp(self) -> None:
        (folder,) = {path.parent for path in MOVED.rglob("*.pc")}
        names = ["LIBPC", "LIBDIR", "LDLIBRARY"]
        code = f"import sysconfig; print(*map(sysconfig.get_config_var, {names}), sep='\\n')"
        python_files, self.python_libraries, self.libpython = run(PYTHON, "-c", code).splitlines()
        path = [str(folder), python_files, ENVIRONMENT.get("PKG_CONFIG_PATH", "")]
        self.files = {"PKG_CONFIG_PATH": os.pathsep.join(filter(None, path))}

    def flags(self, *arguments: str) -> Sequence[str]:
        return shlex.split(run("pkg-config", *arguments, **self.files))

    def test_the_outside_project(self) -> None:
        if self.libpython.endswith(".a"):
            self.skipTest("this CPython has no libpython.so")
        folder = WORK / "by pkg-config"
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copy(OUTSIDE / "outside_python.py", folder)
        run(COMPILER, "-std=c++20", OUTSIDE / "app.cpp", "-o", folder / "outside_app",
            *self.flags("--cflags", "--libs", "pyasync"), f"-Wl,-rpath,{self.python_libraries}")  # fmt: skip
        run(COMPILER, "-std=c++20", "-shared", "-fPIC", OUTSIDE / "module.cpp",
            "-o", folder / "outside_module.so", *self.flags("--cflags", "--libs", "pyasync-module"))  # fmt: skip
        run(COMPILER, "-std=c++20", OUTSIDE / "tls.cpp", "-o", folder / "outside_tls",
            *self.flags("--cflags", "--libs", "pyasync-tls"))  # fmt: skip
        check_programs(folder)
        run(COMPILER, "-std=c++20", OUTSIDE / "app_test.cpp", "-o", folder / "outside_test",
            *self.flags("--cflags", "--libs", "pyasync-testing"), f"-Wl,-rpath,{self.python_libraries}")  # fmt: skip
        shutil.copytree(OUTSIDE / "outside_data", folder / "outside_data", dirs_exist_ok=True)
        run(folder / "outside_test")

    def test_versions(self) -> None:
        for name in ("pyasync", "pyasync-module", "pyasync-testing", "pyasync-tls"):
            self.assertEqual(self.flags("--modversion", name), [version()])


class Sources(unittest.TestCase):
    """pyasync is built with the project that uses it."""

    def test_the_outside_project(self) -> None:
        for way in ("add_subdirectory", "fetch_content"):  # the framework is compiled once, for the first
            with self.subTest(way=way):
                build_outside(way, WORK / "by sources", f"-DPYASYNC_SOURCES={SOURCE}")


class NewProject(unittest.TestCase):
    """pyasync-new, and ./dev new."""

    def setUp(self) -> None:
        self.folder = WORK / "new projects"
        self.folder.mkdir(parents=True, exist_ok=True)

    def new(self, name: str, *options: str) -> Path:
        shutil.rmtree(self.folder / name, ignore_errors=True)
        run(MOVED / "bin/pyasync-new", self.folder / name, *options)
        return self.folder / name

    def check(self, project: Path) -> str:
        """Do what the project's own CI does in the end; what the last command has printed."""
        workflow = (project / ".github/workflows/ci.yml").read_text(encoding="utf-8")
        commands = re.findall(r"^ *- run: ((?:cmake|ctest) .*)$", workflow, re.MULTILINE)
        self.assertEqual(len(commands), 3, workflow)
        for command in commands:
            printed = run(*shlex.split(command), cwd=project, CMAKE_PREFIX_PATH=MOVED)
            self.assertNotIn("warning:", printed)
        return printed

    def test_an_application(self) -> None:
        project = self.new("my_app")
        self.assertIn("100% tests passed, 0 tests failed out of 1", self.check(project))
        self.assertEqual(run(project / "build/default/my_app"), "Good morning, my_app\n")

    def test_a_module(self) -> None:
        project = self.new("my-module", "--module")
        self.assertIn("100% tests passed, 0 tests failed out of 1", self.check(project))
        code = "import asyncio, my_module; print(asyncio.run(my_module.greet('you')))"
        self.assertEqual(run(PYTHON, "-c", code, PYTHONPATH=project / "build/default"), "Good morning, you\n")

    def test_a_project_of_the_sources(self) -> None:
        project = self.folder / "from_sources"
        shutil.rmtree(project, ignore_errors=True)
        run(SOURCE / "dev", "new", project, PYASYNC_PYTHON=PYTHON)
        # Where pyasync is installed that is used; else its sources.
        cache = project / "build/default/CMakeCache.txt"
        run("cmake", "--preset", "default", cwd=project, CMAKE_PREFIX_PATH=MOVED)
        self.assertIn(f"pyasync_DIR:PATH={MOVED}", cache.read_text(encoding="utf-8"))
        run("cmake", "--preset", "default", "--fresh", "-DCMAKE_DISABLE_FIND_PACKAGE_pyasync=ON", cwd=project)
        self.assertIn(f"pyasync_SOURCE_DIR:STATIC={SOURCE}\n", cache.read_text(encoding="utf-8"))

    def test_what_cannot_be(self) -> None:
        new = MOVED / "bin/pyasync-new"
        for name, options, complaint in [
            ("9lives", [], "cannot be a name"),
            ("class", [], "cannot be a name"),
            ("two words", [], "cannot be a name"),
            ("install", [], "means something else"),
            ("json", ["--module"], "means something else"),
        ]:
            self.assertIn(complaint, run(new, self.folder / name, *options, fails=True))
            self.assertFalse((self.folder / name).exists())
        kept = self.folder / "kept"
        kept.mkdir(exist_ok=True)
        (kept / "file").touch()
        self.assertIn("is there already", run(new, kept, fails=True))
        self.assertEqual([path.name for path in kept.iterdir()], ["file"])


if __name__ == "__main__":
    WORK.mkdir(parents=True, exist_ok=True)
    unittest.main(argv=[sys.argv[0], *sys.argv[5:]])
