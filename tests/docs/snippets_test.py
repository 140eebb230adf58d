# tests/docs/snippets_test.py: what the documentation shows is what is compiled and run.
# SPDX-License-Identifier: MIT
"""Usage: snippets_test.py ROOT PROGRAM; PROGRAM is the executable made of snippets.cpp.

Every C++ and Python block of the documentation must stand, line by line and in its order, in a source that the build
compiles or the tests run; every file that a page includes must be one of those, or what such a program prints; every
`./dev` command must exist; and the program of the README prints what the README says. (projects_test.py has CMake's.)
"""

import pathlib
import re
import subprocess
import sys
import tomllib

root = pathlib.Path(sys.argv[1])
program = sys.argv[2]
examples = root / "docs/examples"
SOURCES = {
    "cpp": [
        *sorted((root / "apps").glob("**/*.cpp")),
        *(root / "tests/docs" / name for name in ("snippets.cpp", "quick.cpp", "my_async_module.cpp")),
        *sorted(examples.glob("**/*.cpp")),
    ],
    "python": sorted(examples.glob("**/*.py")),
}
# Configured by projects_test.py; and no code at all.
OTHER_LANGUAGES = ("cmake", "text")
DOCUMENTS = [root / "README.md", *sorted((root / "docs").glob("**/*.md"))]
SAMPLE_PROJECT = tomllib.loads((root / "apps/native_module/pyproject.toml").read_text())
BUILT = (root / "tests/docs/CMakeLists.txt").read_text()


def lines(text: str) -> list[str]:
    """Without indentation and empty lines."""
    return [line.strip() for line in text.splitlines() if line.strip()]


def stands_in(snippet: list[str], source: list[str]) -> bool:
    rest = iter(source)
    return all(line in rest for line in snippet)


def is_built(file: pathlib.Path) -> bool:
    """A sample app, which tests/apps runs, or an example that tests/docs does; what CMake itself reads."""
    if root / "apps" in file.parents or file.suffix == ".cmake":
        return True
    name = file.parent.name if file.parent != examples else file.stem
    return re.search(rf"\b{name}\b", BUILT) is not None or file == examples / "example.py"


commands = subprocess.run([root / "dev", "help"], capture_output=True, text=True, check=True).stdout
failures = []
checked = 0
for document in DOCUMENTS:
    text = document.read_text()
    for language, snippet in re.findall(r"^ *```([\w{}]+)\n(.*?)^ *```$", text, re.DOTALL | re.MULTILINE):
        checked += 1
        if language in SOURCES:
            if not any(stands_in(lines(snippet), lines(source.read_text())) for source in SOURCES[language]):
                failures.append(f"{document.name}: this is compiled nowhere:\n{snippet}")
        elif language == "toml":
            if tomllib.loads(snippet)["build-system"] != SAMPLE_PROJECT["build-system"]:
                failures.append(f"{document.name}: apps/native_module is built otherwise:\n{snippet}")
        elif language not in OTHER_LANGUAGES and not language.startswith("{"):
            failures.append(f"{document.name}: no test knows what {language} is:\n{snippet}")
    for name in re.findall(r"^```\{literalinclude\} (\S+)$", text, re.MULTILINE):
        checked += 1
        if not is_built((document.parent / name).resolve()):
            failures.append(f"{document.name}: no test builds {name}")
    for command in re.findall(r"\./dev (\w+)", text):
        if f"  {command}" not in commands:
            failures.append(f"{document.name}: there is no ./dev {command}")
for file in sorted(examples.glob("**/*.*")):
    if not file.name.startswith(".") and not is_built(file):
        failures.append(f"no test builds {file.relative_to(root)}")

printed = subprocess.run([program], capture_output=True, text=True, timeout=60, check=True).stdout
if printed != (
    "https://localhost/ 3 42\nhttps://localhost/ 1 42 true https://localhost/ 1\n332833500\n0\n1\n2\n6\n"
    "line 0\nline 1\nline 2\n2\n4\n6\n"
):
    failures.append(f"{program} printed {printed!r}")
if checked < 40:
    failures.append(f"only {checked} snippets were found: is the pattern still right?")
if not stands_in(["asyncio has slept", "libuv has slept"], lines((root / "README.md").read_text())):
    failures.append("README.md does not say what hello prints")
print("\n".join(failures) or f"{checked} snippets checked")
sys.exit(bool(failures))
