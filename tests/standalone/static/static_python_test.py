# tests/standalone/static/static_python_test.py: what a fully static executable can do, and what it leaves alone.
# SPDX-License-Identifier: MIT
"""Usage: static_python_test.py PROGRAM SMALL_PROGRAM EXTENSION..."""

import importlib.util
import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

PROGRAM, SMALL, *EXTENSIONS = sys.argv[1:]
LIBRARY = os.path.dirname(os.__file__)
UNUSUAL = "passwd: systemd files\ngroup: sss files\nhosts: mymachines resolve dns files\nservices: db files\n"


def run(code: str, program: str = PROGRAM, before: list[str] | None = None, **environment: str) -> str:
    done = subprocess.run(
        [*(before or []), program, LIBRARY, code],
        capture_output=True,
        text=True,
        env={**os.environ, **environment},
        timeout=60,
    )
    if done.returncode != 0:
        raise AssertionError(f"exit code {done.returncode}: {done.stderr}")
    return done.stdout


class StaticPython(unittest.TestCase):
    def test_needs_no_dynamic_linker(self) -> None:
        for each in (PROGRAM, SMALL):
            told = subprocess.run(["readelf", "-lW", each], check=True, capture_output=True, text=True).stdout
            self.assertNotIn("INTERP", told)
            self.assertNotIn("DYNAMIC", told)

    def test_has_every_extension(self) -> None:
        code = "import importlib, sys, warnings\nwarnings.simplefilter('ignore')\n"
        run(code + "".join(f"importlib.import_module({each!r})\n" for each in EXTENSIONS))

    def test_runs_what_is_in_it(self) -> None:
        code = """
import asyncio, bz2, ctypes, decimal, hashlib, json, lzma, sqlite3, uuid, zlib
asyncio.run(asyncio.sleep(0))
assert bz2.decompress(bz2.compress(b"b" * 99)) == lzma.decompress(lzma.compress(b"b" * 99)) == b"b" * 99
assert str(decimal.Decimal(2).sqrt()).startswith("1.41421356")
assert sqlite3.connect(":memory:").execute("select json('[1, 2]')").fetchone() == ("[1,2]",)
assert uuid.uuid1().version == 1 and hashlib.new("sha512_256", b"").digest_size == 32
assert ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int)(lambda x: x + 1)(41) == 42
"""
        run(code)

    def test_leaves_out_what_nobody_wants(self) -> None:
        run("import asyncio, json; asyncio.run(asyncio.sleep(0))", SMALL)
        self.assertEqual(run("import sys; print('_ssl' in sys.builtin_module_names)", SMALL), "False\n")
        self.assertLess(os.path.getsize(SMALL), 0.7 * os.path.getsize(PROGRAM))

    def test_speaks_tls_to_itself(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            make = "openssl req -x509 -newkey rsa:2048 -nodes -keyout key -out cert -days 2 -subj /CN=localhost"
            name = ["-addext", "subjectAltName=DNS:localhost"]
            subprocess.run([*make.split(), *name], cwd=folder, check=True, stderr=subprocess.DEVNULL)
            code = f"""
import asyncio, ssl
server_context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
server_context.load_cert_chain({folder + "/cert"!r}, {folder + "/key"!r})
async def answer(reader, writer):
    writer.write(await reader.readline())
    await writer.drain()
    writer.close()
async def main():
    server = await asyncio.start_server(answer, "localhost", 0, ssl=server_context)
    context = ssl.create_default_context(cafile={folder + "/cert"!r})
    port = server.sockets[0].getsockname()[1]
    reader, writer = await asyncio.open_connection("localhost", port, ssl=context)
    writer.write(b"hello\\n")
    print((await reader.readline()).decode().strip(), writer.get_extra_info("ssl_object").version())
    writer.close()
    server.close()
asyncio.run(main())
"""
            self.assertEqual(run(code), "hello TLSv1.3\n")

    def test_ignores_the_openssl_configuration(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            configuration = Path(folder) / "openssl.cnf"
            configuration.write_text(
                "openssl_conf = x\n[x]\nssl_conf = y\n[y]\nsystem_default = z\n[z]\nMinProtocol = TLSv1.3\n"
            )
            code = "import ssl; print(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).minimum_version.name)"
            self.assertEqual(run(code, OPENSSL_CONF=str(configuration)), "MINIMUM_SUPPORTED\n")

    def test_looks_names_up_without_the_libraries_of_nsswitch(self) -> None:
        with tempfile.NamedTemporaryFile("w") as unusual:
            unusual.write(UNUSUAL)
            unusual.flush()
            mount = f'mount --bind {unusual.name} /etc/nsswitch.conf && exec "$@"'
            before = ["unshare", "--map-root-user", "--mount", "sh", "-c", mount, "sh"]
            if subprocess.run([*before, "true"], stderr=subprocess.DEVNULL).returncode != 0:
                self.skipTest("this account may not mount a file of its own over another")
            code = """
import os, grp, pwd, socket
print(pwd.getpwuid(0).pw_name, grp.getgrgid(0).gr_name, os.getgrouplist("root", 0)[0])
try:
    socket.getaddrinfo("no-such-host.invalid", 80)
except OSError:
    pass
libraries = [line for line in open("/proc/self/maps") if ".so" in line]
assert not libraries, libraries
"""
            self.assertEqual(run(code, before=before), "root root 0\n")

    def test_says_that_it_loads_no_libraries(self) -> None:
        code = "import ctypes\ntry: ctypes.CDLL('libm.so.6')\nexcept OSError as error: print(error)"
        self.assertIn("libm.so.6: this program is a fully static file and cannot load shared libraries", run(code))

    def test_says_that_it_loads_no_extensions(self) -> None:
        found = importlib.util.find_spec("_json")
        if found is None or found.origin is None or not found.origin.endswith(".so"):
            self.skipTest("this CPython has _json built in")
        code = f"""
import importlib.machinery, importlib.util
spec = importlib.util.spec_from_file_location("other", {found.origin!r})
try:
    importlib.util.module_from_spec(spec)
except ImportError as error:
    print(error)
"""
        self.assertIn("this program is a fully static file and cannot load shared libraries", run(code))


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
