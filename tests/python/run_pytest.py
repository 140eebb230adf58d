# tests/python/run_pytest.py: runs the suite where Python has pytest.
# SPDX-License-Identifier: MIT
"""Usage: run_pytest.py FOLDER [pytest arguments]; exits with 77 where there is no pytest."""

import sys

SKIPPED = 77  # SKIP_RETURN_CODE in CMakeLists.txt


def main() -> int:
    """Warnings are errors: "never awaited", "never retrieved", loops that nobody has closed."""
    try:
        import pytest
    except ModuleNotFoundError:
        print(f"skipped: {sys.executable} has no pytest")
        return SKIPPED
    return pytest.main(["-q", "-W", "error", "-p", "no:cacheprovider", *sys.argv[1:]])


if __name__ == "__main__":  # multiprocessing imports it again
    sys.exit(main())
