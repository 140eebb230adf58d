# cmake/standalone/sources.py: the files of modules, and what is to be known of them.
# SPDX-License-Identifier: MIT
import ast
import zlib
from typing import NamedTuple

from bytecode import bytecode
from cache import Cache
from hidden import words_of
from imports import Import, exported_by, imports_of


class Source(NamedTuple):
    text: bytes
    code: bytes
    imports: list[Import]
    exported: list[str]


class Sources:
    """Reads every file once, and remembers which."""

    def __init__(self, cache: Cache, optimize: int) -> None:
        self.cache = cache
        self.optimize = optimize
        self.contents: dict[str, bytes] = {}

    def read(self, file: str) -> bytes:
        content = self.contents.get(file)
        if content is None:
            with open(file, "rb") as opened:
                content = self.contents[file] = opened.read()
        return content

    def source(self, file: str, place: str, package: str) -> Source:
        """`place`: the file below the executable. Raises SyntaxError or ValueError where it is no Python."""
        text = self.read(file)
        key = self.cache.key(b"source", text, place.encode(), package.encode(), b"%d" % self.optimize)
        known = self.cache.get(key)
        if known is None:
            known = self.compiled(text, place, package)
            self.cache.put(key, known)
        code, imports, exported = known
        return Source(text, code, [Import(*each) for each in imports], exported)

    def compiled(self, text: bytes, place: str, package: str) -> tuple[bytes, list[tuple[object, ...]], list[str]]:
        module = ast.parse(text, place)
        found = [tuple(each) for each in dict.fromkeys(imports_of(module, package))]
        return bytecode(module, place, self.optimize), found, exported_by(module)

    def compressed(self, content: bytes) -> bytes:
        key = self.cache.key(b"compressed", content)
        known: bytes | None = self.cache.get(key)
        if known is None:
            known = zlib.compress(content, 9)
            self.cache.put(key, known)
        return known

    def words(self, extension: str) -> list[str]:
        """Strings in an extension that could be names of modules."""
        content = self.read(extension)
        key = self.cache.key(b"words", content)
        known: list[str] | None = self.cache.get(key)
        if known is None:
            known = sorted(words_of(content))
            self.cache.put(key, known)
        return known

    def names_in_rust(self, extension: str, names: list[str]) -> list[str]:
        """Those of the names that an extension written in Rust has in it, where strings have no end that one could see."""
        content = self.read(extension)
        if b"rust_panic" not in content:
            return []
        key = self.cache.key(b"rust", content, repr(names).encode())
        known: list[str] | None = self.cache.get(key)
        if known is None:
            known = [each for each in names if each.encode() in content]
            self.cache.put(key, known)
        return known
