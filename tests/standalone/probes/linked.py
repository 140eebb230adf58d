# tests/standalone/probes/linked.py: an extension of a package, which is linked into a fully static executable.
# SPDX-License-Identifier: MIT
import importlib.metadata
import os

import spare
from spare import fast


def files() -> None:
    """Of its package."""
    found = importlib.metadata.files("spare") or []
    print([str(each) for each in found])
    print(found[0].read_text().splitlines()[0], os.fspath(found[0].locate()) == spare.__file__)


def work() -> None:
    print(fast.answer(), fast.how, fast.__name__, fast.__package__, spare.fast is fast)
