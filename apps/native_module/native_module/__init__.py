# apps/native_module/native_module/__init__.py: the package; what is asynchronous in it is C++.
# SPDX-License-Identifier: MIT
"""C++ coroutines to await: a sleep, a TCP echo client, a stream, and a checksum of memory that is not copied."""

from ._native import CppError, checksum, echo, sleep, ticks

__all__ = ["CppError", "checksum", "echo", "sleep", "ticks"]
