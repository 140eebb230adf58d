# tests/apps/downloader_test.py: the downloader with servers that fail, and in terminals whose width changes.
# SPDX-License-Identifier: MIT
"""Usage: downloader_test.py PROGRAM [unittest arguments]; PROGRAM is the downloader."""

import os
import pty
import re
import signal
import socketserver
import subprocess
import sys
import tempfile
import termios
import threading
import unittest
from pathlib import Path

PROGRAM = sys.argv.pop(1)
TIMEOUT = 60
BODY = bytes(range(256)) * 400
HEAD = f"HTTP/1.1 200 OK\r\ncontent-length: {len(BODY)}\r\n\r\n".encode()
# A shell ignores SIGINT in what it runs in the background, and so would all that is started here.
signal.signal(signal.SIGINT, signal.default_int_handler)


class Server(socketserver.ThreadingTCPServer):
    """Answers each path in a way of its own."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self) -> None:
        """Serve from now on."""
        super().__init__(("127.0.0.1", 0), Handler)
        self.go_on = threading.Event()
        self.requests: list[str] = []
        threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True).start()

    def handle_error(self, *_: object) -> None:
        """Say nothing of clients that have gone, which some here are meant to."""

    def url(self, path: str) -> str:
        """Tell where a path is."""
        return f"http://127.0.0.1:{self.server_address[1]}/{path}"


class Handler(socketserver.StreamRequestHandler):
    """One request."""

    server: Server

    def handle(self) -> None:
        """Answer by the first part of the path."""
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            head += self.rfile.readline()
        self.server.requests.append(head.decode())
        getattr(self, head.split()[1].decode().split("/")[1])()

    def whole(self) -> None:
        """All of it."""
        self.wfile.write(HEAD + BODY)

    def endless(self) -> None:
        """All of it, but for its length."""
        self.wfile.write(b"HTTP/1.0 200 OK\r\n\r\n" + BODY)

    def empty(self) -> None:
        """Nothing, as it should be."""
        self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

    def half(self) -> None:
        """One half, and the other one when the test says so."""
        self.wfile.write(HEAD + BODY[: len(BODY) // 2])
        self.server.go_on.wait(TIMEOUT)
        self.wfile.write(BODY[len(BODY) // 2 :])

    def short(self) -> None:
        """Less than it has said."""
        self.wfile.write(HEAD + BODY[:1000])

    def missing(self) -> None:
        """Not there; with a word that would clear a terminal."""
        self.wfile.write(b"HTTP/1.1 404 Not\x1b[2JFound\r\n\r\n")

    def silent(self) -> None:
        """Never a word."""
        self.server.go_on.wait(TIMEOUT)

    def chunked(self) -> None:
        """In a way that the downloader has not learnt."""
        self.wfile.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")

    def nonsense(self) -> None:
        """Another protocol."""
        self.wfile.write(b"220 mail ESMTP\r\n")


class Terminal:
    """The downloader in a terminal."""

    def __init__(self, columns: int, *arguments: str) -> None:
        """Start it."""
        self.ours, theirs = pty.openpty()
        termios.tcsetwinsize(theirs, (24, columns))
        self.process = subprocess.Popen(
            [PROGRAM, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=theirs,
            stderr=subprocess.PIPE,
            env=os.environ | {"TERM": "xterm"},
        )
        os.close(theirs)
        self.hangs = threading.Timer(TIMEOUT, self.process.kill)
        self.hangs.start()

    def read_until(self, pattern: str) -> str:
        """What it prints, until that is there."""
        printed = ""
        while not re.search(pattern, printed):
            printed += self._read()
        return printed

    def resize(self, columns: int) -> None:
        """Change the width; the signal comes from here, since the terminal does not control the program."""
        termios.tcsetwinsize(self.ours, (24, columns))
        self.process.send_signal(signal.SIGWINCH)

    def end(self) -> tuple[int, str, str]:
        """Tell its exit code, and what it has printed and said on stderr."""
        printed = ""
        try:
            while part := self._read():
                printed += part
        except (EOFError, OSError):
            pass  # the other end is closed
        assert self.process.stderr is not None
        errors = self.process.stderr.read().decode()
        self.process.stderr.close()
        code = self.process.wait()
        self.hangs.cancel()
        os.close(self.ours)
        return code, printed, errors

    def _read(self) -> str:
        part = os.read(self.ours, 65536)
        if not part:
            raise EOFError
        return part.decode("ascii")


def lines_of(printed: str) -> list[str]:
    """Everything that has ever been written into a line."""
    return re.split(r"[\r\n]+", re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", printed))


class DownloaderTest(unittest.TestCase):
    """Everything is downloaded into a folder of its own."""

    def setUp(self) -> None:
        """Have a server and a folder."""
        self.server = Server()
        self.addCleanup(self.server.server_close)
        self.addCleanup(self.server.shutdown)
        self.addCleanup(self.server.go_on.set)
        place = tempfile.TemporaryDirectory()
        self.addCleanup(place.cleanup)
        self.folder = Path(place.name) / "made" / "by it"

    def run_with(self, *paths: str, options: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
        """Download these without a terminal."""
        urls = [self.server.url(path) for path in paths]
        command = [PROGRAM, "-o", str(self.folder), *options, *urls]
        return subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT)

    def files(self) -> dict[str, int]:
        """What is in the folder."""
        return {each.name: each.stat().st_size for each in self.folder.iterdir()}

    def in_terminal(self, columns: int, *paths: str) -> Terminal:
        """Download these in a terminal."""
        return Terminal(columns, "-t", "60", "-o", str(self.folder), *[self.server.url(path) for path in paths])

    def assert_narrower_than(self, columns: int, printed: str) -> None:
        """No line has ever filled the width."""
        for line in lines_of(printed):
            self.assertLess(len(line), columns, repr(line))

    def test_downloads(self) -> None:
        """What has come is what has been sent; lines are in the order of the command line."""
        done = self.run_with("whole/a?b/c", "endless/b", "whole/a", "whole/", "empty/e", options=("-n", "2"))
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        size = len(BODY)
        self.assertEqual(
            done.stdout, f"a: {size} bytes\nb: {size} bytes\na.2: {size} bytes\nindex.html: {size} bytes\ne: 0 bytes\n"
        )
        all_of_it = {"a": size, "b": size, "a.2": size, "index.html": size, "e": 0}
        self.assertEqual(self.files(), all_of_it)
        self.assertEqual((self.folder / "b").read_bytes(), BODY)
        self.assertEqual(self.run_with("whole/c.part", "whole/c").returncode, 0)
        self.assertEqual(self.files(), {**all_of_it, "c.part": size, "c.2": size})
        self.assertIn("GET /whole/a?b/c HTTP/1.1\r\nHost: 127.0.0.1:", "".join(self.server.requests))

    def test_failures(self) -> None:
        """Each says what is wrong, and ends nobody else; nothing is left of it."""
        paths = [f"{name}/{name}" for name in ("silent", "short", "missing", "chunked", "nonsense", "half", "whole")]
        done = self.run_with(*paths, options=("-t", "2"))
        self.assertEqual((done.returncode, done.stderr), (1, ""))
        self.assertEqual(
            done.stdout.splitlines(),
            [
                "silent: failed: the server has said nothing for 2s",
                f"short: failed: the server has hung up after 1000 of {len(BODY)} bytes",
                "missing: failed: the server says 404 Not?[2JFound",
                "chunked: failed: the server sends it chunked",
                "nonsense: failed: the server does not speak HTTP/1.1",
                "half: failed: the server has said nothing for 2s",
                f"whole: {len(BODY)} bytes",
            ],
        )
        self.assertEqual(self.files(), {"whole": len(BODY)})

    def test_nobody_listens(self) -> None:
        """The reason is the system's."""
        self.server.shutdown()
        self.server.server_close()
        done = self.run_with("whole/a")
        self.assertEqual((done.returncode, done.stderr), (1, ""))
        self.assertRegex(done.stdout, r"^a: failed: .*Connection refused\n$")

    def test_command_line(self) -> None:
        """What cannot be meant is told, and nothing done."""
        for wrong in (["ftp://host/a"], ["http://"], ["http://h:0x/"], ["-n", "0", "http://h/"], ["-o"], ["-x", "y"]):
            done = subprocess.run([PROGRAM, *wrong], capture_output=True, text=True, timeout=TIMEOUT)
            self.assertEqual((done.returncode, done.stdout), (2, ""), wrong)
            self.assertRegex(done.stderr, r"^.+\nusage: downloader .+\n$")

    def test_width_changes(self) -> None:
        """Bars fit the window that there is when they are drawn."""
        terminal = self.in_terminal(80, "half/one", "half/another-with-quite-a-long-name")
        first = terminal.read_until(r"one  .* 50%(.|\n)*another-with-quite-a-lo~ .* 50%")
        self.assert_narrower_than(80, first)
        self.assertGreater(max(map(len, lines_of(first))), 60)
        # Nothing comes any more: what is drawn now is drawn for the window's sake.
        bars_of = {40: "one  .*#-.* 50%.*an.*~ .*#-.* 50%", 15: "one +50%.*another-w~ 50%", 3: "50.*50"}
        for columns, bars in bars_of.items():
            terminal.resize(columns)
            self.assert_narrower_than(columns, terminal.read_until(f"(?s){bars}.*\x1b\\[1A"))
        terminal.resize(60)
        self.assert_narrower_than(60, terminal.read_until("(?s)50%.*50%.*\x1b\\[1A"))
        self.server.go_on.set()
        code, rest, errors = terminal.end()
        self.assertEqual((code, errors), (0, ""))
        self.assert_narrower_than(60, rest)
        self.assertRegex(rest, r"(?s)100%.*100%.*\x1b\[\?25h$")

    def test_failure_in_terminal(self) -> None:
        """The reason is there as a whole, in as many lines as it takes."""
        code, printed, errors = self.in_terminal(30, "short/a", "whole/b").end()
        self.assertEqual((code, errors), (1, ""))
        self.assert_narrower_than(30, printed)
        self.assertIn(f"a: failed: the server has hung up after 1000 of {len(BODY)} bytes", "".join(lines_of(printed)))

    def test_more_than_fits(self) -> None:
        """Bars for which there is no room are counted."""
        terminal = self.in_terminal(80, *["half/a"] * 30)
        printed = terminal.read_until(r"and 8 more")
        self.assertNotIn("a.23", printed)
        self.server.go_on.set()
        code, rest, _ = terminal.end()
        self.assertEqual(code, 0)
        self.assertRegex(rest, r"a\.30 .*100%")

    def test_interrupted(self) -> None:
        """Ctrl-C leaves the cursor below the bars and visible, and no part of a file."""
        terminal = self.in_terminal(80, "half/one", "half/two")
        self.assertIn("\x1b[?25l", terminal.read_until(r"one  .* 50%(.|\n)*two .* 50%"))
        terminal.process.send_signal(signal.SIGINT)
        code, rest, _ = terminal.end()
        self.assertEqual(code, 130)
        self.assertRegex(rest, r"\x1b\[1B\r+\n\x1b\[\?25h")
        self.assertEqual(self.files(), {})


if __name__ == "__main__":
    unittest.main()
