# tests/uv/tls_peers_test.py: TLS with what others have written: Python's ssl and asyncio, and OpenSSL's own programs.
# SPDX-License-Identifier: MIT
"""Usage: tls_peers_test.py PEER; PEER is the executable made of tls_peer.cpp."""

import asyncio
import random
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

PEER = sys.argv.pop(1)
SECONDS = 60
VERSIONS = (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3)
NAMES = {ssl.TLSVersion.TLSv1_2: "TLSv1.2", ssl.TLSVersion.TLSv1_3: "TLSv1.3"}


def lines(count: int) -> bytes:
    return b"".join(random.randbytes(random.randrange(2000)).replace(b"\n", b"") + b"\n" for _ in range(count))


class Peers(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        if shutil.which("openssl") is None:
            raise unittest.SkipTest("there is no openssl")
        cls.enterClassContext(folder := tempfile.TemporaryDirectory(prefix="pyasync-tls-"))
        cls.certificate = Path(folder.name) / "certificate.pem"
        cls.key = Path(folder.name) / "key.pem"
        make = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost"
        names = ["-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
        files = ["-out", cls.certificate, "-keyout", cls.key]
        subprocess.run([*make.split(), *names, *files], check=True, capture_output=True)
        cls.server = subprocess.Popen([PEER, "serve", cls.certificate, cls.key], stdin=subprocess.PIPE,
                                      stdout=subprocess.PIPE, text=True)  # fmt: skip
        assert cls.server.stdout is not None
        cls.port = int(cls.server.stdout.readline())

    @classmethod
    def tearDownClass(cls) -> None:
        cls.server.communicate(timeout=SECONDS)
        assert cls.server.returncode == 0

    def client_context(self, version: ssl.TLSVersion) -> ssl.SSLContext:
        context = ssl.create_default_context(cafile=self.certificate)
        context.minimum_version = context.maximum_version = version
        context.set_alpn_protocols(["other", "echo"])
        return context

    def ask(self, port: int, what: bytes, protocol: str = "echo") -> list[bytes]:
        done = subprocess.run([PEER, "ask", str(port), self.certificate, protocol], input=what, timeout=SECONDS,
                              capture_output=True, check=False)  # fmt: skip
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout.split(b"\n", 1)

    def test_a_client_over_a_socket(self) -> None:
        for version in VERSIONS:
            plain = socket.create_connection(("127.0.0.1", self.port), timeout=SECONDS)
            with self.client_context(version).wrap_socket(plain, server_hostname="localhost") as peer:
                self.assertEqual((peer.version(), peer.selected_alpn_protocol()), (NAMES[version], "echo"))
                for count in (1, 10, 50):
                    sent = lines(count)
                    peer.sendall(sent)
                    come = b""
                    while len(come) < len(sent):
                        come += peer.recv(65536)
                    self.assertEqual(come, sent)
                peer.unwrap().close()  # close_notify both ways, or this throws

    def test_a_client_of_asyncio(self) -> None:
        async def talk(version: ssl.TLSVersion) -> None:
            reader, writer = await asyncio.open_connection("localhost", self.port, ssl=self.client_context(version))
            sent = lines(3000)
            writer.write(sent)
            _, come = await asyncio.gather(writer.drain(), reader.readexactly(len(sent)))
            self.assertEqual(come, sent)
            writer.close()
            await writer.wait_closed()

        for version in VERSIONS:
            asyncio.run(asyncio.wait_for(talk(version), SECONDS))

    def test_a_server_of_asyncio(self) -> None:
        async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            while some := await reader.read(65536):
                writer.write(some)
                await writer.drain()
            writer.close()

        async def serve(version: ssl.TLSVersion) -> None:
            context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            context.load_cert_chain(self.certificate, self.key)
            context.minimum_version = context.maximum_version = version
            context.set_alpn_protocols(["echo"])
            server = await asyncio.start_server(echo, "127.0.0.1", 0, ssl=context)
            async with server:
                sent = lines(3000)
                said, come = await asyncio.to_thread(self.ask, server.sockets[0].getsockname()[1], sent)
            self.assertEqual(said.decode(), f"{NAMES[version]} echo ended")
            self.assertEqual(come, sent)

        for version in VERSIONS:
            asyncio.run(asyncio.wait_for(serve(version), SECONDS))

    def test_s_client(self) -> None:
        command = ["openssl", "s_client", "-connect", f"127.0.0.1:{self.port}", "-CAfile", self.certificate,
                   "-verify_return_error", "-verify_hostname", "localhost", "-alpn", "echo"]  # fmt: skip
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              text=True) as client:  # fmt: skip
            assert client.stdin is not None
            assert client.stdout is not None
            self.addCleanup(client.kill)
            self.assertTrue(any("Verify return code: 0 (ok)" in line for line in client.stdout))
            # K and k change the keys, with and without the wish that the other side does so, too.
            for given, answer in (
                ("K", "KEYUPDATE"),
                ("one", "one"),
                ("k", "KEYUPDATE"),
                ("K", "KEYUPDATE"),
                ("two", "two"),
            ):
                client.stdin.write(given + "\n")
                client.stdin.flush()
                self.assertTrue(any(line == answer + "\n" for line in client.stdout))
            client.stdin.write("Q\n")
            client.stdin.close()
            client.wait(SECONDS)

    def test_s_server(self) -> None:
        command = ["openssl", "s_server", "-accept", "127.0.0.1:0", "-cert", self.certificate, "-key", self.key,
                   "-alpn", "echo", "-rev", "-naccept", "1"]  # fmt: skip
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as server:
            assert server.stdout is not None
            self.addCleanup(server.kill)
            port = next(line for line in server.stdout if line.startswith("ACCEPT")).rsplit(":", 1)[1]
            said, come = self.ask(int(port), b"drawer\n")
            self.assertEqual(said.split()[:2], [b"TLSv1.3", b"echo"])
            self.assertEqual(come, b"reward\n")
            server.kill()

    def test_whom_it_does_not_trust(self) -> None:
        done = subprocess.run([PEER, "ask", str(self.port), "/etc/ssl/certs/ca-certificates.crt"], input="", text=True,
                              timeout=SECONDS, capture_output=True, check=False)  # fmt: skip
        self.assertEqual(done.returncode, 1)
        if Path("/etc/ssl/certs/ca-certificates.crt").exists():
            self.assertIn("certificate verify failed: self-signed certificate", done.stderr)


if __name__ == "__main__":
    unittest.main()
