# cmake/standalone/static/quiet_link.py: runs the linker, and keeps back what does not concern a fully static executable.
# SPDX-License-Identifier: MIT
"""Usage: quiet_link.py COMMAND...

glibc's archive warns of each function that looks names up, since it may load libraries. In our executables it cannot:
static_runtime.cpp settles where names are looked up. The linker has no option to drop these warnings and no others.
"""

import re
import subprocess
import sys

WARNING = re.compile(r"warning: Using '\w+' in statically linked applications requires at runtime the shared libraries")
PLACE = re.compile(r": in function `[^']*':$")


def concerning(lines: list[str]) -> list[str]:
    """Without the warnings, and the lines that only say where they are."""
    kept = [line for line in lines if not WARNING.search(line)]
    dropped = len(kept) < len(lines)
    places = [PLACE.search(line) is not None for line in kept]
    # A place is followed by what is there: by another place, or by nothing, if that was a warning.
    return [
        line
        for line, place, next_place in zip(kept, places, [*places[1:], True], strict=True)
        if not (dropped and place and next_place)
    ]


def main() -> int:
    done = subprocess.run(sys.argv[1:], stderr=subprocess.PIPE)
    text = done.stderr.decode(errors="replace")
    sys.stderr.write("".join(f"{line}\n" for line in concerning(text.splitlines())))
    return done.returncode


if __name__ == "__main__":
    sys.exit(main())
