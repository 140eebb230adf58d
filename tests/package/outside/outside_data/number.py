# tests/package/outside/outside_data/number.py: a module that is given with its folder, and keeps it.
# SPDX-License-Identifier: MIT
"""What the test reads."""

NUMBER = 42
