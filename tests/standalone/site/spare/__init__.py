# tests/standalone/site/spare/__init__.py: a package of somebody else's, whose extension is linked into the executable.
# SPDX-License-Identifier: MIT
from spare import fast

__all__ = ["fast"]
