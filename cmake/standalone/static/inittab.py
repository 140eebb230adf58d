# cmake/standalone/static/inittab.py: the C++ that makes extension modules, which are linked into an executable, known to CPython.
# SPDX-License-Identifier: MIT
"""Usage: inittab.py --out FILE.cpp --extensions EXTENSIONS.TXT [--linked MODULE=FUNCTION]... --names FILE...

The FILEs name modules, one a line, as late as just before the executable is compiled. What EXTENSIONS.TXT has
of them comes into FILE.cpp, and what is linked besides, with the function that makes it; the rest are built into CPython. Since they are named there, and only there, the
linker takes these out of the archives, and the libraries that they need, and nothing else.
"""

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path


def available(extensions: Path) -> dict[str, str]:
    """The modules that are in the archive beside this list, and their functions."""
    words = (line.split() for line in extensions.read_text().split("\n"))
    return {line[1]: f"PyInit_{line[1]}" for line in words if line and line[0] == "extension"}


def text(modules: Mapping[str, str]) -> str:
    """The text of the file."""
    declarations = "".join(f"PyObject* {function}();\n" for function in sorted(modules.values()))
    entries = "".join(f'        {{"{name}", &{modules[name]}}},\n' for name in sorted(modules))
    return f"""// The extension modules that are linked into this executable.
#include <Python.h>

extern "C" {{
{declarations}}}

namespace pyasync::py::detail {{

void append_static_extensions() noexcept;
void append_static_extensions() noexcept {{
    static _inittab extensions[] = {{
{entries}        {{nullptr, nullptr}}}};
    // It fails where there is no memory; the import of a module says so then.
    PyImport_ExtendInittab(extensions);
}}

}}  // namespace pyasync::py::detail
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
    parser.add_argument("--names", type=Path, nargs="+", required=True)
    given = parser.parse_args()
    wanted = {name for file in given.names for name in file.read_text().split()}
    known = available(given.extensions) | dict(each.split("=", 1) for each in given.linked)
    write(given.out, text({name: function for name, function in known.items() if name in wanted}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
