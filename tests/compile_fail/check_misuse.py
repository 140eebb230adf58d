# tests/compile_fail/check_misuse.py: checks that a misuse does not compile, and that the compiler says what is wrong with it.
# SPDX-License-Identifier: MIT
"""Usage: check_misuse.py BUILD_FOLDER CASE.cpp        the misuse must not compile
       check_misuse.py BUILD_FOLDER --correct FOLDER   all cases of a folder must compile without it

A case is a file that compiles as it is, and not with MISUSE defined. Its line "// error: <text>" is what one of the
compiler's errors must say then; a line "// flags: <flags>" adds to the compiler's flags.
"""

import re
import sys
from pathlib import Path

sys.dont_write_bytecode = True  # the sources stay clean
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))

from compiler import Compiler  # noqa: E402


def marked(text: str, mark: str) -> str | None:
    found = re.search(rf"^// {mark}: (.*)$", text, re.MULTILINE)
    return found[1] if found else None


def fault_of_misuse(compiler: Compiler, case: Path) -> str | None:
    """What is wrong with what the compiler says of a case's misuse; None where it is as it should be."""
    text = case.read_text()
    expected = marked(text, "error")
    if expected is None:
        return f'{case}: there is no line "// error: <text>"'
    result = compiler.check(f'#include "{case}"\n', "-DMISUSE", *(marked(text, "flags") or "").split())
    if result.returncode == 0:
        return f"{case}: the misuse compiles"
    errors = [line for line in result.stderr.splitlines() if "error: " in line]
    if not any(expected in line for line in errors):
        return f"{case}: no error says: {expected}\n{result.stderr}"
    return None


def fault_of_correct_use(compiler: Compiler, cases: list[Path]) -> str | None:
    """All of them at once, with the flags of each."""
    flags = [flag for case in cases for flag in (marked(case.read_text(), "flags") or "").split()]
    result = compiler.check("".join(f'#include "{case}"\n' for case in cases), *flags)
    if not cases:
        return "there are no cases"
    return None if result.returncode == 0 else f"correct use does not compile:\n{result.stderr}"


def main() -> int:
    build, what, *folder = sys.argv[1:]
    compiler = Compiler.of_build(Path(build))
    if what == "--correct":
        fault = fault_of_correct_use(compiler, sorted(Path(folder[0]).glob("*.cpp")))
    else:
        fault = fault_of_misuse(compiler, Path(what))
    print(fault or "as it should be")
    return 1 if fault else 0


if __name__ == "__main__":
    sys.exit(main())
