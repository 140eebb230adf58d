# tests/bench/suite/__init__.py: the measuring behind ./dev bench: plan, programs, rounds, report, picture.
# SPDX-License-Identifier: MIT
"""What is measured and how far it must get (`plan`, `targets`, in the words of `model`), by which programs (`programs`,
`peers`), how (`measure`, `noise`, `rounds`), and what comes of it (`report`, `table`, `picture`).
"""
