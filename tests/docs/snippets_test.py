# tests/docs/snippets_test.py: what the documentation shows is what is compiled and run.
# SPDX-License-Identifier: MIT
"""Usage: snippets_test.py ROOT PROGRAM; PROGRAM is the executable made of snippets.cpp.

Every C++ and Python block of the documentation must stand, line by line and in its order, in a source that the build
compiles or the tests run; and the program of the README prints what the README says.
"""

import pathlib
import re
import subprocess
import sys

root = pathlib.Path(sys.argv[1])
program = sys.argv[2]
SOURCES = {
    "cpp": [
        root / "apps/hello/main.cpp",
        root / "apps/tested/order_test.cpp",
        *(root / "tests/docs" / name for name in ("snippets.cpp", "quick.cpp", "my_async_module.cpp")),
    ],
    "python": [root / "tests/docs/example.py"],
}
DOCUMENTS = [root / "README.md", *sorted((root / "docs").glob("**/*.md"))]


def lines(text: str) -> list[str]:
    """Without indentation and empty lines."""
    return [line.strip() for line in text.splitlines() if line.strip()]


def stands_in(snippet: list[str], source: list[str]) -> bool:
    rest = iter(source)
    return all(line in rest for line in snippet)


failures = []
checked = 0
for document in DOCUMENTS:
    for language, snippet in re.findall(r"^ *```(cpp|python)\n(.*?)^ *```$", document.read_text(), re.DOTALL | re.MULTILINE):
        checked += 1
        if not any(stands_in(lines(snippet), lines(source.read_text())) for source in SOURCES[language]):
            failures.append(f"{document.name}: this is compiled nowhere:\n{snippet}")

printed = subprocess.run([program], capture_output=True, text=True, timeout=60, check=True).stdout
if printed != "https://localhost/ 3 42\nhttps://localhost/ 1 42 true https://localhost/ 1\n332833500\n0\n1\n2\n6\n":
    failures.append(f"{program} printed {printed!r}")
if checked < 4:
    failures.append(f"only {checked} snippets were found: is the pattern still right?")
if not stands_in(["asyncio has slept", "libuv has slept"], lines((root / "README.md").read_text())):
    failures.append("README.md does not say what hello prints")
print("\n".join(failures) or f"{checked} snippets checked")
sys.exit(bool(failures))
