# cmake/standalone/static/extension_table.py: what CPython's own sources do not say of its extension modules in a form that can be read.
# SPDX-License-Identifier: MIT
"""The names and files of the extension modules are read from Modules/Setup.stdlib.in; the rest of it is here."""

import platform
from typing import NamedTuple

REFUSED = {
    "_dbm": "Berkeley DB and GNU dbm have licences that bind the whole program",
    "_gdbm": "GNU dbm's licence binds the whole program",
    "readline": "GNU readline's licence binds the whole program",
    "nis": "it loads shared libraries while it runs",
    "_crypt": "it is to go from CPython, and takes libxcrypt along",
    "_scproxy": "it is for macOS",
    "_tkinter": "Tcl/Tk loads files of its own while it runs",
    "ossaudiodev": "its devices are gone from Linux",
}
"""Why a module is never there, though its sources are."""

TESTS = ("_test", "_xxtest", "_ctypes_test", "xxlimited", "xxsubtype")
"""How the names of those begin that only CPython's tests use."""


class Needs(NamedTuple):
    """What it takes besides the files that Setup names."""

    libraries: tuple[str, ...] = ()
    packages: str = ""
    """Debian's names of what has these libraries."""
    defines: tuple[str, ...] = ()
    folders: tuple[str, ...] = ()
    """With headers, below Modules."""
    sources: str = ""
    """A pattern of more files, below Modules."""
    not_sources: tuple[str, ...] = ()


# The same choice as CPython's configure makes; what is none of these computes without the processor's help.
_MPDECIMAL = {
    "x86_64": ("CONFIG_64=1", "ASM=1"),
    "aarch64": ("CONFIG_64=1", "ANSI=1", "HAVE_UINT128_T=1"),
}.get(platform.machine(), ("CONFIG_64=1", "ANSI=1"))

_OPENSSL = Needs(("ssl", "crypto"), "libssl-dev")
_FFI = ("HAVE_FFI_PREP_CIF_VAR=1", "HAVE_FFI_PREP_CLOSURE_LOC=1", "HAVE_FFI_CLOSURE_ALLOC=1")
_CURSES = ("HAVE_NCURSESW=1", "_XOPEN_SOURCE_EXTENDED=1")

NEEDS = {
    "_bz2": Needs(("bz2",), "libbz2-dev"),
    "_ctypes": Needs(("ffi",), "libffi-dev", _FFI),
    "_curses": Needs(("ncursesw", "tinfo"), "libncurses-dev", _CURSES),
    "_curses_panel": Needs(("panelw", "ncursesw", "tinfo"), "libncurses-dev", _CURSES),
    "_decimal": Needs(
        defines=_MPDECIMAL,
        folders=("_decimal/libmpdec",),
        sources="_decimal/libmpdec/*.c",
        not_sources=("bench.c", "bench_full.c"),
    ),
    "_elementtree": Needs(("expat",), "libexpat1-dev", ("USE_PYEXPAT_CAPI",)),
    "_hashlib": _OPENSSL,
    "_lzma": Needs(("lzma",), "liblzma-dev"),
    "_sqlite3": Needs(("sqlite3",), "libsqlite3-dev", folders=("_sqlite",)),
    "_ssl": _OPENSSL,
    "_uuid": Needs(("uuid",), "uuid-dev"),
    "pyexpat": Needs(("expat",), "libexpat1-dev"),
    "zlib": Needs(("z",), "zlib1g-dev"),
}
