# tests/apps/echo_server_test.py: the echo server with clients that it cannot answer.
# SPDX-License-Identifier: MIT
"""Usage: echo_server_test.py PROGRAM [unittest arguments]; PROGRAM is the echo server."""

import os
import re
import resource
import signal
import socket
import subprocess
import sys
import unittest

from waiting import wait_until

PROGRAM = sys.argv.pop(1)
TIMEOUT = 60
# A shell ignores SIGINT in what it runs in the background, and so would all that is started here.
signal.signal(signal.SIGINT, signal.default_int_handler)


class EchoServer(unittest.TestCase):
    """A server, and clients one after another."""

    def setUp(self) -> None:
        """Start it at a port that is free."""
        self.server = subprocess.Popen([PROGRAM, "0"], stdout=subprocess.PIPE, text=True)
        assert self.server.stdout is not None
        self.addCleanup(self.server.stdout.close)
        self.addCleanup(self.server.wait)
        self.addCleanup(self.server.kill)
        found = re.fullmatch(r"listening at \[::\]:(\d+); Ctrl-C ends it\n", self.server.stdout.readline())
        assert found is not None
        self.port = int(found[1])

    def answer(self, lines: bytes) -> bytes:
        """Send these, and read all that comes back."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=TIMEOUT) as client:
            client.sendall(lines)
            client.shutdown(socket.SHUT_WR)
            return b"".join(iter(lambda: client.recv(65536), b""))

    def test_a_bad_line_ends_its_connection_alone(self) -> None:
        with socket.create_connection(("127.0.0.1", self.port), timeout=TIMEOUT) as other:
            self.assertEqual(self.answer(b"\xff\n1 + 2\n"), b"")
            other.sendall(b"1 + 2\n")
            self.assertEqual(other.recv(100), b"3\n")
        deep = b"1+" + b"-" * 20000 + b"1"
        self.assertEqual(self.answer(deep + b"\nnext\n"), deep + b": no numbers\nnext\n")
        self.server.send_signal(signal.SIGINT)
        told, _ = self.server.communicate(timeout=TIMEOUT)
        self.assertRegex(told, r"\Aa client is gone: UnicodeDecodeError: .*\n\Z")
        self.assertEqual(self.server.returncode, 128 + signal.SIGINT)

    def test_without_descriptors_clients_wait(self) -> None:
        self.assertEqual(self.answer(b"1 + 2\n"), b"3\n")  # Python has imported what it needs
        descriptors = f"/proc/{self.server.pid}/fd"
        limit = len(os.listdir(descriptors)) + 8
        resource.prlimit(self.server.pid, resource.RLIMIT_NOFILE, (limit, limit))
        clients = [
            self.enterContext(socket.create_connection(("127.0.0.1", self.port), timeout=TIMEOUT)) for _ in range(30)
        ]
        wait_until(lambda: len(os.listdir(descriptors)) == limit, TIMEOUT)
        for each in clients:
            each.sendall(b"1 + 2\n")
            self.assertEqual(each.recv(100), b"3\n")
            each.close()

    def test_bad_arguments(self) -> None:
        for port, code, said in (
            ("x", 2, r"usage: echo_server \[PORT\]\n"),
            ("70000", 2, r"usage: echo_server \[PORT\]\n"),
            (str(self.port), 1, r"echo_server: listen at .*: Address already in use\n"),
        ):
            with self.subTest(port=port):
                ended = subprocess.run([PROGRAM, port], capture_output=True, text=True, timeout=TIMEOUT, check=False)
                self.assertEqual(ended.returncode, code)
                self.assertRegex(ended.stderr, rf"\A{said}\Z")


if __name__ == "__main__":
    unittest.main()
