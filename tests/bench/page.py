# tests/bench/page.py: puts the last run's figures into docs/benchmarks.md, and its picture beside it.
# SPDX-License-Identifier: MIT
"""Usage: page.py [FOLDER]: what ./dev bench has written to FOLDER (build/bench)."""

import json
import shutil
import sys
from pathlib import Path

sys.dont_write_bytecode = True  # the sources stay clean

from suite import page  # noqa: E402
from suite.report import Ratio, Row  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]


def main() -> int:
    """Refuse a run that says nothing, or not all."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "build/bench"
    results = json.loads((folder / "results.json").read_text(encoding="utf-8"))
    rows = [Row(**row) for row in results["rows"]]
    ratios = [Ratio(**ratio) for ratio in results["ratios"]]
    absent = page.CROSSINGS.keys() | {line.bench for line in page.OTHERS}
    absent -= {row.bench for row in rows}
    if results["quick"] or absent:
        print(f"page: a quick run says nothing; not measured: {', '.join(sorted(absent))}", file=sys.stderr)
        return 1
    file = ROOT / "docs/benchmarks.md"
    file.write_text(
        page.put(file.read_text(encoding="utf-8"), page.render(rows, ratios, results["rounds"])), encoding="utf-8"
    )
    shutil.copyfile(folder / "picture.svg", ROOT / "docs/benchmarks.svg")
    return 0


if __name__ == "__main__":
    sys.exit(main())
