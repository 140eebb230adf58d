# tests/standalone/standalone_test.py: a standalone executable in surroundings of all kinds.
# SPDX-License-Identifier: MIT
"""Usage: standalone_test.py PROBER [--without-packages] [--static] [--ca-bundle]

PROBER is the executable; `probes/` is what it can be asked for."""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from collections.abc import Callable
from pathlib import Path

PROBER = Path(sys.argv[1]).resolve()
STATIC = "--static" in sys.argv
PACKAGES = "--without-packages" not in sys.argv
FLAGS = ("--static", "--without-packages", "--ca-bundle")
TIME_LIMIT = 60
PROBES = [
    "extensions",
    *(["linked"] if STATIC else []),
    *(["packages"] if PACKAGES else []),
    "processes",
    "python",
    "tls",
]


class Standalone(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name).resolve()

    def ended(
        self,
        *arguments: str,
        program: Path | None = None,
        prepare: Callable[[], None] | None = None,
        **environment: str,
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [program or PROBER, *arguments],
            capture_output=True,
            text=True,
            timeout=TIME_LIMIT,
            cwd=self.folder,
            env={"PATH": os.environ["PATH"], **environment},
            preexec_fn=prepare,
        )

    def output(self, *arguments: str, **how: object) -> str:
        done = self.ended(*arguments, **how)  # type: ignore[arg-type]
        self.assertEqual((done.returncode, done.stderr), (0, ""), arguments)
        return done.stdout

    def write(self, name: str, text: str) -> Path:
        file = self.folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        return file


class Surroundings(Standalone):
    def test_nothing_outside_bends_how_python_is_set_up(self) -> None:
        program = self.folder / "prober"
        shutil.copy(PROBER, program)
        for name in ("prober._pth", "python._pth", "python311._pth"):
            self.write(name, "planted\n")
        self.write("pyvenv.cfg", "home = planted\ninclude-system-site-packages = true\n")
        self.write("pybuilddir.txt", "planted")
        self.write("lib/python3.11/os.py", "raise SystemExit('planted')")
        for name in ("json", "sitecustomize", "usercustomize", "encodings", "probes"):
            self.write(f"{name}.py", f"raise SystemExit('planted: {name}')")
        home = str(self.folder)
        setup = json.loads(self.output("python:setup", program=program, PYTHONHOME=home, PYTHONPATH=home, PYTHONSTARTUP=home,
                                       PYTHONIOENCODING="latin-1", PYTHONOPTIMIZE="2", VIRTUAL_ENV=home, LC_ALL="C"))  # fmt: skip
        self.assertEqual(setup["executable"], str(program))
        self.assertEqual(setup["path"], [])
        self.assertEqual((setup["isolated"], setup["no_site"], setup["site"]), (1, 1, False))
        self.assertEqual(setup["encoding"], "utf-8")
        self.assertEqual(setup["argv"], [str(program), "python:setup"])
        self.assertEqual(
            setup["of_library"],
            [f"{program}/{each}" for each in ("os.py", "encodings/__init__.py", "json/__init__.py")],
        )

    def test_what_is_only_outside_cannot_be_imported(self) -> None:
        self.write("beside.py", "")
        for name in ("beside", "pip", "lib2to3"):
            self.assertEqual(self.output("python:outside", name), f"No module named '{name}'\n")

    @unittest.skipUnless(STATIC, "python3 has it built in")
    def test_a_built_in_module_that_nothing_imports_is_not_in_it(self) -> None:
        self.assertEqual(self.output("python:outside", "cmath"), "No module named 'cmath'\n")

    def test_streams_may_be_closed(self) -> None:
        done = subprocess.run([PROBER, "python:where"], preexec_fn=lambda: os.closerange(0, 3), timeout=TIME_LIMIT)
        self.assertEqual(done.returncode, 0)

    def test_arguments_that_look_like_those_of_multiprocessing_are_the_program_s(self) -> None:
        for arguments in (("--multiprocessing-fork",), ("-c", "from multiprocessing. import")):
            self.assertNotIn("multiprocessing", self.ended(*arguments).stderr.splitlines()[-1], arguments)

    def test_what_a_child_process_inherits_is_what_was_given(self) -> None:
        lines = self.output("python:environment", GIVEN="1").split()
        self.assertEqual(sorted(lines), sorted([f"PATH={os.environ['PATH']}", "GIVEN=1"]))

    def test_it_leaves_no_files(self) -> None:
        self.output("extensions:work", TMPDIR=str(self.folder))
        self.assertEqual(list(self.folder.iterdir()), [])

    def inside(self) -> dict[str, object]:
        """What `ended` needs to run it with `folder` as the root."""
        shutil.copy(PROBER, self.folder / "prober")
        return {"program": Path("/prober"), "prepare": lambda: os.chroot(self.folder)}

    @unittest.skipIf(STATIC, "is for those that need the C library")
    @unittest.skipUnless(os.geteuid() == 0, "takes root, for chroot")
    def test_it_runs_where_nothing_is_but_the_c_library(self) -> None:
        # A packed one shows what its launcher needs, which is less.
        listed = "".join(subprocess.run(["ldd", each], capture_output=True, text=True, check=True).stdout
                         for each in (PROBER, "/usr/bin/python3"))  # fmt: skip
        for each in set(re.findall(r"(/\S+/(?:ld-linux\S*|libc\.so\S*|libm\.so\S*))", listed)):
            target = self.folder / each.lstrip("/")
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(each, target)
        inside = self.inside()
        # Neither a file in memory, which has no name without /proc, nor a temporary one.
        done = self.ended("python:setup", **inside)  # type: ignore[arg-type]
        self.assertRegex(
            done.stderr,
            r"ImportError: the extension module \w+: .*finds no place to be loaded from; tried: .*no /proc.*/dev/shm.*/tmp",
        )
        (self.folder / "tmp").mkdir()
        self.assertEqual(json.loads(self.output("python:setup", **inside))["executable"], "/prober")
        self.assertIn("(42,)", self.output("extensions:work", **inside))
        self.assertEqual(list((self.folder / "tmp").iterdir()), [])
        self.assertEqual(self.setup_as_found_in_path(inside)["executable"], "/prober")

    def setup_as_found_in_path(self, inside: dict[str, object]) -> dict[str, object]:
        """With the command as its first argument, and no /proc to ask."""
        done = subprocess.run(
            ["prober", "python:setup"],
            executable="/prober",
            preexec_fn=inside["prepare"],
            capture_output=True,
            check=True,
        )  # type: ignore[call-overload]
        return dict(json.loads(done.stdout))

    @unittest.skipUnless(PROBER.read_bytes().endswith(b"PYASYNCZ"), "is for those that are packed as a whole")
    def test_a_damaged_one_says_so(self) -> None:
        whole = PROBER.read_bytes()
        damaged = self.folder / "damaged"
        for place, byte in ((len(whole) // 2, 0xFF), (len(whole) - 100, 0xFF), (len(whole) - 18, 0x7F)):
            changed = bytearray(whole)
            changed[place] ^= byte
            damaged.write_bytes(changed)
            damaged.chmod(0o755)
            done = self.ended("python:where", program=damaged)
            self.assertEqual(done.returncode, 1, place)
            self.assertRegex(done.stderr, rf"^{damaged}: the file is damaged")

    @unittest.skipUnless(STATIC, "is for those that need nothing")
    @unittest.skipUnless(os.geteuid() == 0, "takes root, for chroot")
    def test_it_runs_where_nothing_is(self) -> None:
        certificate(self.folder)
        inside = self.inside()
        self.assertEqual(json.loads(self.output("python:setup", **inside))["executable"], "/prober")
        self.assertIn("(42,)", self.output("extensions:work", **inside))
        self.assertEqual(self.output("tls:echo", "/certificate.pem", "/key.pem", **inside), "b'HELLO\\n' TLSv1.3\n")
        self.assertEqual(self.output("extensions:names", **inside).splitlines()[1], "('127.0.0.1', 80)")
        self.assertEqual(self.setup_as_found_in_path(inside)["executable"], "/prober")

    @unittest.skipUnless(STATIC, "is for those that load nothing")
    def test_an_extension_that_is_linked_into_it(self) -> None:
        self.assertEqual(self.output("linked:work"), "42 linked spare.fast spare True\n")

    @unittest.skipUnless(STATIC, "has no package with a list of its files")
    def test_files_of_a_package(self) -> None:
        names = ["spare/__init__.py", "spare-1.0.dist-info/METADATA", "spare-1.0.dist-info/RECORD"]
        first = "# tests/standalone/site/spare/__init__.py"
        self.assertRegex(self.output("linked:files"), rf"^{re.escape(str(names))}\n{first}.* True\n$")

    @unittest.skipUnless(STATIC, "is for those that load nothing")
    def test_what_would_load_a_library_is_told(self) -> None:
        self.assertRegex(
            self.ended("extensions:load").stderr, r"OSError: libc\.so\.6: this program is a fully static file"
        )

    def test_names_are_found(self) -> None:
        self.assertEqual(self.output("extensions:names"), "nobody\n('127.0.0.1', 80)\n")


class Modules(Standalone):
    def test_what_inspects_modules_finds_them(self) -> None:
        self.assertEqual(
            self.output("python:inspected").splitlines(),
            ["def outside(name: str) -> None:", f"{PROBES}", "True", "b'a note'",
             "b'# tests/standalone/p'", "True"],
        )  # fmt: skip

    def test_resources(self) -> None:
        self.assertEqual(
            self.output("python:resources").splitlines(),
            [f"{['__init__.py', 'data', *(f'{each}.py' for each in PROBES)]}", "a note", "a note True",
             "True False False", "# tests/standalone/probes/python.py: how Python is set up, and what is known of modules.",
             r"'one\ntwo\n'", "a note"],
        )  # fmt: skip

    def test_modules_are_found_in_their_folder(self) -> None:
        names = " ".join(f"probes.{each}" for each in PROBES)
        self.assertEqual(self.output("python:found_in_folders"), f"{names} True\n")

    def test_a_folder_without_modules_is_one_part_of_a_package(self) -> None:
        plugin = self.write("spread/plugin.py", "")
        self.assertEqual(
            self.output("python:parts", str(self.folder), "spread.plugin").splitlines(),
            [str(plugin), "['lines.txt']"],
        )

    def test_a_module_outside_comes_before_a_folder_without_modules(self) -> None:
        module = self.write("spread/__init__.py", "")
        self.write("spread/lines.txt", "")
        self.assertEqual(
            self.output("python:parts", str(self.folder), "spread").splitlines(), [str(module), "['lines.txt']"]
        )

    def test_folders_of_data(self) -> None:
        self.assertEqual(self.output("python:folders_of_data"), "a note\n")

    def test_zones_and_configuration(self) -> None:
        self.assertEqual(self.output("python:zone"), "1:00:00\n")
        self.assertTrue(self.output("python:configuration").startswith(".cpython-3"))

    def test_the_ways_to_leave(self) -> None:
        self.assertEqual(self.ended("python:leave").returncode, 3)


class Tracebacks(Standalone):
    LINE = 'raise ValueError("on purpose")  # this line is shown'

    def test_uncaught(self) -> None:
        done = self.ended("python:fail")
        self.assertEqual(done.returncode, 1)
        self.assertIn(f'File "{PROBER}/probes/python.py", line ', done.stderr)
        self.assertIn(self.LINE, done.stderr)
        self.assertTrue(done.stderr.endswith("ValueError: on purpose\n"))

    def test_of_code_that_cpython_has_in_itself(self) -> None:
        stderr = self.ended("python:fail_in_library").stderr
        self.assertRegex(stderr, f'File "{PROBER}/os.py", line \\d+, in makedirs\n    mkdir\\(name, mode\\)\n')
        self.assertNotIn("<frozen", stderr)

    def test_of_a_thread_and_of_a_finaliser(self) -> None:
        for probe, first in (
            ("fail_in_thread", "Exception in thread Thread-1 (fail):"),
            ("fail_in_finaliser", "Exception ignored in"),
        ):
            stderr = self.ended(f"python:{probe}").stderr
            self.assertTrue(stderr.startswith(first), stderr)
            self.assertIn(self.LINE, stderr)

    def test_a_missing_module_is_named_with_what_to_do(self) -> None:
        stderr = self.ended("python:miss").stderr
        self.assertNotIn("importer.py", stderr)
        self.assertIn("No module named 'no_such_module'\n(not in this executable: name it behind IMPORTS", stderr)


class Processes(Standalone):
    def test_pools(self) -> None:
        for method in ("fork", "spawn", "forkserver"):
            self.assertEqual(self.output("processes:pool", method), "[0, 1, 4, 9, 16, 25, 36, 49, 64, 81] False\n")
        self.assertEqual(self.output("processes:executor", "spawn"), "[0, 1, 4, 9, 16]\n")

    def test_shared_memory(self) -> None:
        self.assertEqual(self.output("processes:shared_memory"), "42 0\n")

    def test_a_line_that_is_not_of_multiprocessing_is_not_run(self) -> None:
        for line in (
            "from multiprocessing.forkserver import main; print('run')",
            "from multiprocessing.x import main; main()",
        ):
            done = self.ended("-c", line)
            self.assertEqual((done.returncode, done.stdout), (1, ""))


class Extensions(Standalone):
    def test_of_the_standard_library(self) -> None:
        self.assertEqual(
            self.output("extensions:work").splitlines(),
            [
                "True",
                "e3b0c442 cf83e135",
                "0.1428571428571428571428571429 00000000-0000-0000-0000-000000000005 8",
                "(42,)",
            ],
        )


@unittest.skipUnless(PACKAGES, "has only the standard library")
class Packages(Standalone):
    def test_a_daemon_that_closes_descriptors_goes_on_loading_extensions(self) -> None:
        self.output("extensions:after_closing_descriptors")

    def test_metadata(self) -> None:
        version, names, missing = self.output("packages:metadata").splitlines()
        self.assertRegex(version, r"^\d+\.\d+.* aiohttp$")
        self.assertIn("'uvloop'", names)
        self.assertEqual(missing, "No package metadata was found for nobody")

    def test_a_package_that_is_an_extension(self) -> None:
        self.assertEqual(self.output("packages:compiled_package"), "compiled compiled.inner True\n")
        self.assertEqual(self.output("packages:again"), "True\n")

    def test_files_of_modules_are_in_the_executable(self) -> None:
        self.assertTrue(all(line.startswith("/") for line in self.output("packages:places").splitlines()))

    def test_aiohttp_and_uvloop(self) -> None:
        self.assertEqual(self.output("packages:http"), "200 {'path': '/page'}\n")
        self.assertEqual(self.output("packages:on_uvloop"), "uvloop\n")


def certificate(folder: Path) -> tuple[str, str]:
    made, key = str(folder / "certificate.pem"), str(folder / "key.pem")
    subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=localhost",
             "-addext", "subjectAltName=DNS:localhost", "-days", "2", "-keyout", key, "-out", made],
            check=True, capture_output=True)  # fmt: skip
    return made, key


class Tls(Standalone):
    def test_echo(self) -> None:
        self.assertEqual(self.output("tls:echo", *certificate(self.folder)), "b'HELLO\\n' TLSv1.3\n")

    def test_the_environment_names_who_is_trusted(self) -> None:
        trusted, _ = certificate(self.folder)
        self.assertEqual(self.output("tls:trusted", SSL_CERT_FILE=trusted), "['localhost']\n")

    def test_what_the_environment_names_and_is_not_there_is_passed_over(self) -> None:
        self.assertEqual(self.output("tls:trusted", SSL_CERT_FILE="/no/such", SSL_CERT_DIR="/no/such"), "[]\n")

    @unittest.skipUnless("--ca-bundle" in sys.argv, "has no bundle")
    def test_it_carries_whom_it_trusts(self) -> None:
        self.assertEqual(self.output("tls:trusted"), "['localhost']\n")

    def test_the_machine_s_configuration_is_not_read(self) -> None:
        configuration = self.write(
            "openssl.cnf",
            "openssl_conf = one\n[one]\nssl_conf = two\n[two]\nsystem_default = three\n[three]\nMaxProtocol = TLSv1.1\n",
        )
        plain = self.output("tls:versions")
        self.assertEqual(self.output("tls:versions", OPENSSL_CONF=str(configuration)), plain)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1] + [each for each in sys.argv[2:] if each not in FLAGS])
