# cmake/standalone/hidden.py: what modules import that no `import` statement shows, and what is no reason to have a module.
# SPDX-License-Identifier: MIT
import re
import sysconfig
from collections.abc import Iterator

BY_C = {
    "_asyncio": (
        "asyncio.base_events",
        "asyncio.base_futures",
        "asyncio.base_tasks",
        "asyncio.coroutines",
        "asyncio.events",
        "asyncio.exceptions",
    ),
    "_ctypes": ("ctypes._endian",),
    "_curses_panel": ("_curses",),
    "_datetime": ("_strptime",),
    "_decimal": ("collections", "numbers"),
    "_elementtree": ("copy", "pyexpat", "xml.etree.ElementPath"),
    "_pickle": ("_compat_pickle", "copyreg"),
    "_sqlite3": ("sqlite3.dump",),
    "_zoneinfo": ("zoneinfo._common", "zoneinfo._tzpath"),
    "time": ("_strptime",),
}
"""What C code of the standard library imports."""

ENCODINGS = (
    "aliases", "ascii", "cp1252", "idna", "latin_1", "punycode", "raw_unicode_escape", "unicode_escape", "utf_16",
    "utf_16_be", "utf_16_le", "utf_32", "utf_32_be", "utf_32_le", "utf_8", "utf_8_sig",
)  # fmt: skip
"""Those that an application may well meet, without naming them."""

BY_NAME = {
    "concurrent.futures": ("concurrent.futures.thread",),
    "_pyasync_importer": ("_pyasync_report", "zlib"),
    "dbm": ("dbm.dumb",),
    "encodings": tuple(f"encodings.{each}" for each in ENCODINGS),
    "importlib.metadata": ("_pyasync_metadata",),
    "importlib.resources": ("_pyasync_resources", "importlib.readers"),  # of what is in no executable
    "multiprocessing": (
        "_pyasync_children",
        "_multiprocessing",
        "_posixshmem",
        "multiprocessing.forkserver",
        "multiprocessing.popen_fork",
        "multiprocessing.popen_forkserver",
        "multiprocessing.popen_spawn_posix",
        "multiprocessing.resource_sharer",
        "multiprocessing.resource_tracker",
        "multiprocessing.shared_memory",
        "multiprocessing.spawn",
    ),
    "ssl": ("_pyasync_tls",),
    "sysconfig": (sysconfig._get_sysconfigdata_name(),),  # type: ignore[attr-defined]
    "xml.dom.domreg": ("xml.dom.minidom",),
    "zipfile": ("encodings.cp437",),
    "xml.sax": ("xml.sax.expatreader",),
    # Without these they work, but hardly as anybody expects.
    "ftplib": ("ssl",),
    "http.client": ("ssl",),
    "imaplib": ("ssl",),
    "poplib": ("ssl",),
    "smtplib": ("ssl",),
    "tarfile": ("bz2", "gzip", "lzma"),
    "urllib.request": ("ssl",),
}
"""What a module's Python code imports by names that it computes, or that its attributes need, or that it should have; and which
of pyasync's own modules (own/) sees to it in an executable."""

WHOLE = {"zoneinfo": "tzdata"}
"""Packages that a module reads files of, in all their subpackages."""

BY_ATTRIBUTE = {b"ProcessPoolExecutor": "concurrent.futures.process"}
"""What only those need who use an attribute."""

NOT_BY = {("concurrent.futures", "concurrent.futures.process"), ("os", "ntpath")}
"""Imports that are no reason to have what they import."""

FALLBACKS = {
    "_py_abc": "_abc",
    "_pydatetime": "_datetime",
    "_pydecimal": "_decimal",
    "_pyio": "_io",
    "_threading_local": "_thread",
}
"""What is imported where an extension cannot be."""

FOR_DEVELOPMENT = {
    "cProfile", "distutils", "doctest", "ensurepip", "idlelib", "lib2to3", "pdb", "profile", "pstats", "pydoc", "test",
    "tkinter", "trace", "turtle", "turtledemo", "unittest", "venv",
}  # fmt: skip
COMMAND_LINE = {"argparse", "getopt", "optparse"}
"""A function of the standard library that imports one of these (a command line of the module, a debugger's hook) is no reason to
have it."""

NOT_IN_WHOLE = {"distutils", "ensurepip", "idlelib", "lib2to3", "test", "tkinter", "turtle", "turtledemo", "venv"}
"""What nobody asks for with STDLIB FULL."""

OF_OTHER_SYSTEMS = {
    "_aix_support", "_osx_support", "asyncio.windows_events", "asyncio.windows_utils", "encodings.mbcs", "encodings.oem", "msilib",
    "multiprocessing.popen_spawn_win32", "nturl2path",
}  # fmt: skip

LICENSED = {"_dbm", "_gdbm", "dbm.gnu", "dbm.ndbm", "readline"}
"""Their libraries (readline, gdbm, Berkeley DB) have licences that would bind the whole executable. Who wants them, names them."""

OFTEN_BY_RUST = (
    "asyncio", "collections.abc", "dataclasses", "datetime", "decimal", "ipaddress", "pathlib", "typing", "uuid", "warnings",
    "zoneinfo",
)  # fmt: skip
"""Modules that an extension written in Rust imports if it has their names in it."""

NAME = re.compile(rb"[A-Za-z_][A-Za-z_0-9]*(?:\.[A-Za-z_][A-Za-z_0-9]*)*")


def words_of(extension: bytes) -> Iterator[str]:
    """Its strings that could be the name of a module: an extension imports by strings that are in it."""
    for each in set(extension.split(b"\0")):
        if 1 < len(each) < 100 and NAME.fullmatch(each):
            yield each.decode()
