# tests/standalone/probes/linked.py: an extension of a package, which is linked into a fully static executable.
# SPDX-License-Identifier: MIT
import spare
from spare import fast


def work() -> None:
    print(fast.answer(), fast.how, fast.__name__, fast.__package__, spare.fast is fast)
