# cmake/standalone/static/inittab.py: the C++ that says which modules are linked into an executable.
# SPDX-License-Identifier: MIT
"""Usage: inittab.py --out FILE.cpp --extensions EXTENSIONS.TXT [--linked MODULE=FUNCTION]... [--only] --names FILE...

FILE.cpp gets CPython's table of built-in modules, instead of the one in its archive. In it are CPython's own ones, but with
--only not those that no FILE names and it can start without; and of the extension modules that EXTENSIONS.TXT has, and of
what is linked besides, with the function that makes it, those that a FILE names. The FILEs have a name a line, and may be
made as late as just before the executable is compiled. Since the modules are named in the table, and only there, the linker
takes these out of the archives, and the libraries that they need, and nothing else.
"""

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path

ALWAYS = {
    "_abc", "_codecs", "_imp", "_io", "_signal", "_thread", "_warnings", "_weakref", "builtins", "marshal", "posix", "sys",
    "time",
}  # fmt: skip
"""What CPython's C code imports when it starts, or when its frozen modules run."""

UNUSUAL = {"_warnings": "_PyWarnings_Init", "builtins": "nullptr", "marshal": "PyMarshal_Init", "sys": "nullptr"}
"""The functions that are not called as everywhere; CPython makes two of the modules before it looks into the table."""


def built_in() -> dict[str, str]:
    """CPython's own modules, and their functions."""
    return {name: UNUSUAL.get(name, f"PyInit_{name}") for name in sys.builtin_module_names}


def available(extensions: Path) -> dict[str, str]:
    """The modules that are in the archive beside this list, and their functions."""
    words = (line.split() for line in extensions.read_text().split("\n"))
    return {line[1]: f"PyInit_{line[1]}" for line in words if line and line[0] == "extension"}


def text(modules: Mapping[str, str]) -> str:
    """The text of the file."""
    functions = sorted(set(modules.values()) - {"nullptr"})
    declarations = "".join(f"PyObject* {function}();\n" for function in functions)
    entries = "".join(f'    {{"{name}", {modules[name]}}},\n' for name in sorted(modules))
    return f"""// The modules that are linked into this executable.
#include <Python.h>

extern "C" {{
{declarations}
extern _inittab _PyImport_Inittab[];
_inittab _PyImport_Inittab[] = {{
{entries}    {{nullptr, nullptr}}}};
}}
"""


def write(file: Path, content: str) -> None:
    """Writes it, unless it is there as it shall be."""
    if not file.exists() or file.read_text() != content:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content)


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--extensions", type=Path, required=True)
    parser.add_argument("--linked", action="append", default=[])
    parser.add_argument("--only", action="store_true")
    parser.add_argument("--names", type=Path, nargs="+", required=True)
    given = parser.parse_args()
    wanted = {name for file in given.names for name in file.read_text().split()}
    wanted |= ALWAYS if given.only else built_in().keys()
    known = built_in() | available(given.extensions) | dict(each.split("=", 1) for each in given.linked)
    write(given.out, text({name: function for name, function in known.items() if name in wanted}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
