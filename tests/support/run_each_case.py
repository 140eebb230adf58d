# tests/support/run_each_case.py: runs every case of a doctest program in a process of its own.
# SPDX-License-Identifier: MIT
"""Usage: run_each_case.py PROGRAM [ARGUMENT...]"""

import subprocess
import sys


def cases_of(program: str) -> list[str]:
    listing = subprocess.run([program, "--list-test-cases"], check=True, capture_output=True, text=True).stdout
    return [line for line in listing.splitlines() if line and not line.startswith(("[doctest]", "==="))]


def passes(program: str, case: str, arguments: list[str]) -> bool:
    # A comma separates doctest's filters, and a question mark stands for any one character.
    pattern = case.replace(",", "?")
    done = subprocess.run(
        [program, f"--test-case={pattern}", *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    ran_one = "test cases: 1 | 1 passed" in " ".join(done.stdout.split())
    if done.returncode == 0 and ran_one:
        print(f"passed: {case}")
        return True
    print(f"FAILED (exit code {done.returncode}): {case}\n{done.stdout}")
    return False


def main() -> int:
    program, *arguments = sys.argv[1:]
    cases = cases_of(program)
    failed = [case for case in cases if not passes(program, case, arguments)]
    print(f"{len(cases)} cases, {len(failed)} failed")
    return 1 if failed or not cases else 0


if __name__ == "__main__":
    sys.exit(main())
