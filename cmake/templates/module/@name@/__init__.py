# @name@/__init__.py: what the package offers.
"""C++ coroutines to await."""

from ._native import countdown, greet

__all__ = ["countdown", "greet"]
