# tests/semantics/stress/__init__.py: random plans on many loops at once, each outcome checked against a small model.
# SPDX-License-Identifier: MIT
"""`plan` draws what happens, `side` and stress_side.cpp do it, `model` says what may come of it, `rounds` runs it."""
