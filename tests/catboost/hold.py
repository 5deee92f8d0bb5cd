"""Hold our answers for CatBoost models against CatBoost's own: hold.py PROGRAM FOLDER."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from pathlib import Path
from typing import Any

RELATIVE = 1e-12  # it adds several trees at a time, so the last bits may differ


def same(ours: Any, theirs: Any) -> bool:
    numbers = isinstance(ours, float | int) and isinstance(theirs, float | int)
    return math.isclose(ours, theirs, rel_tol=RELATIVE) if numbers else bool(ours == theirs)


def main() -> int:
    program, folder = sys.argv[1], Path(sys.argv[2])
    cases = sorted(path.parent for path in folder.glob("*/case.json"))
    done = subprocess.run([program, *cases], capture_output=True, text=True, check=True)
    n_failed, n_equal, n = 0, 0, 0
    for path, line in zip(cases, done.stdout.splitlines(), strict=True):
        ours = json.loads(line)
        theirs = json.loads((path / "case.json").read_text())["expected"]
        if isinstance(ours, dict) or len(ours) != len(theirs) or len(ours[0]) != len(theirs[0]):
            print(f"{path.name}: {str(ours)[:300]}, CatBoost {str(theirs[0])[:80]}")
            n_failed += 1
            continue
        pairs = [p for a, b in zip(ours, theirs, strict=True) for p in zip(a, b, strict=True)]
        n += len(pairs)
        n_equal += sum(a == b for a, b in pairs)
        bad = [(i, a, b) for i, (a, b) in enumerate(pairs) if not same(a, b)]
        if bad:
            print(f"{path.name}: {len(bad)} of {len(pairs)} differ, the first: {bad[0]}")
            n_failed += 1
    print(f"{len(cases) - n_failed} models agree, {n_failed} differ; "
          f"{n_equal} of {n} values are equal to the bit")  # fmt: skip
    return 1 if n_failed or not cases else 0


if __name__ == "__main__":
    sys.exit(main())
