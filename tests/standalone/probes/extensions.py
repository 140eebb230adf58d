# tests/standalone/probes/extensions.py: extensions of the standard library, and what they need of the system.
# SPDX-License-Identifier: MIT
import bz2
import ctypes
import decimal
import hashlib
import importlib
import lzma
import os
import pwd
import socket
import sqlite3
import uuid
import zlib


def work() -> None:
    data = b"pyasync" * 100
    print(all(each.decompress(each.compress(data)) == data for each in (bz2, lzma, zlib)))
    print(hashlib.sha256(b"").hexdigest()[:8], hashlib.new("sha512", b"").hexdigest()[:8])
    print(decimal.Decimal(1) / 7, uuid.UUID(int=5), ctypes.sizeof(ctypes.c_void_p))
    database = sqlite3.connect(":memory:")
    print(database.execute("select 6 * 7").fetchone())


def after_closing_descriptors() -> None:
    """As a daemon does it: what is loaded next has the numbers of what was loaded before."""
    os.closerange(3, 256)
    os._exit(0 if importlib.import_module("audioop").__name__ == "audioop" and importlib.import_module("_crypt") else 1)


def names() -> None:
    """Of users and hosts, which the C library may ask others for."""
    try:
        print(pwd.getpwnam("nobody").pw_name)
    except KeyError as error:
        print(error)
    print(socket.getaddrinfo("127.0.0.1", 80)[0][4])


def load() -> None:
    """A library of the system's."""
    ctypes.CDLL("libc.so.6")
    print("loaded")
