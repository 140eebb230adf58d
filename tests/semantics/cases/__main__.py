# tests/semantics/cases/__main__.py: a script that has imported the extension module.
# SPDX-License-Identifier: MIT
"""Usage: python3 -m cases CASE LOOP."""

import sys

from cases.hosts import run_in_module

if __name__ == "__main__":
    run_in_module(*sys.argv[1:])
