# tests/docs/projects_test.py: the CMake projects that the documentation shows can be configured.
# SPDX-License-Identifier: MIT
"""Usage: projects_test.py ROOT CMAKE PYTHON PYBIND11; PYBIND11 is 1 where the system has it.

A CMake block that is no project is the end of one. What the projects' sources hold is compiled elsewhere, so here they
are empty; and so is nanobind's function, which a system need not have.
"""

import pathlib
import re
import subprocess
import sys
import tempfile

root = pathlib.Path(sys.argv[1])
cmake, python, pybind11 = sys.argv[2:]
PREAMBLE = """\
cmake_minimum_required(VERSION 3.25)
project(snippet LANGUAGES CXX)
add_subdirectory(pyasync)
function(nanobind_add_module name kind)
  add_library(${name} MODULE ${ARGN})
endfunction()
"""


def configure(project: str) -> subprocess.CompletedProcess[str]:
    """In a folder that has pyasync in it, as the projects expect."""
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        (folder / "pyasync").symlink_to(root)
        # tests/package has one that is installed.
        project = re.sub(r"find_package\(pyasync\b[^)]*\)", "add_subdirectory(pyasync)", project)
        (folder / "CMakeLists.txt").write_text(project.replace("/path/to/pyasync", str(root)))
        for source in re.findall(r"\b\w+\.(?:cpp|py)\b", project):
            (folder / source).touch()
        return subprocess.run(
            [cmake, "-S", folder, "-B", folder / "build", "-G", "Ninja", "-Wno-dev", "--log-level=WARNING",
             f"-DPython_EXECUTABLE={python}"],
            capture_output=True, text=True, timeout=250, check=False,
        )  # fmt: skip


projects = {"docs/examples/quickstart": (root / "docs/examples/quickstart/CMakeLists.txt").read_text()}
for document in [root / "README.md", *sorted((root / "docs").glob("**/*.md"))]:
    for block in re.findall(r"^```cmake\n(.*?)^```$", document.read_text(), re.DOTALL | re.MULTILINE):
        projects[f"{document.name}: {block}"] = block if "project(" in block else PREAMBLE + block
# Each once: the README shows the project of the quick start, too.
unlike = {
    "\n".join(line.rstrip() for line in re.sub(r"#.*", "", text).splitlines() if line.strip()): name
    for name, text in projects.items()
}

failures = []
for text, name in unlike.items():
    if "pybind11" in text and pybind11 != "1":
        continue
    done = configure(text)
    if done.returncode != 0 or done.stderr:
        failures.append(f"{name}\n{done.stdout}{done.stderr}")
if len(unlike) < 3:
    failures.append(f"only {len(unlike)} projects were found: is the pattern still right?")
print("\n".join(failures) or f"{len(unlike)} projects configured")
sys.exit(bool(failures))
