"""Hold our answers for saved Spark ML pipelines against Spark's own: hold.py PROGRAM FOLDER."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from pathlib import Path
from typing import Any

# Leaves' numbers, which no model's answer is made of.
LEFT_OUT = "_leaf"


def same(ours: Any, theirs: Any, relative: float) -> bool:
    if isinstance(theirs, list):
        fits = isinstance(ours, list) and len(ours) == len(theirs)
        return fits and all(same(a, b, relative) for a, b in zip(ours, theirs, strict=True))
    if isinstance(theirs, str) or theirs is None:
        return bool(ours == theirs)
    special = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}
    ours = special.get(ours, ours) if isinstance(ours, str) else ours
    if not isinstance(ours, float | int):
        return False
    if math.isnan(theirs):
        return math.isnan(ours)
    return math.isclose(ours, theirs, rel_tol=relative, abs_tol=relative / 100)


def differences(ours: dict[str, Any], case: dict[str, Any]) -> list[str]:
    """Name each column that differs, with its first row that does."""
    if "error" in ours:
        return [ours["error"]]
    said = []
    for name, theirs in case["expected"].items():
        if name.endswith(LEFT_OUT):
            continue
        mine = ours.get(name)
        if mine is None or len(mine) != len(theirs):
            said.append(f"{name}: {'missing' if mine is None else len(mine)}, Spark {len(theirs)}")
            continue
        for i, (a, b) in enumerate(zip(mine, theirs, strict=True)):
            if not same(a, b, case["relative"]):
                said.append(f"{name}: row {i}: {a!r}, Spark {b!r}")
                break
    return said


def hold(program: str, folder: Path) -> tuple[int, int]:
    """Give how many columns were compared, and how many of them differ."""
    cases = sorted(path.parent for path in folder.glob("*/case.json"))
    done = subprocess.run([program, *cases], capture_output=True, text=True, check=True)
    n, n_failed = 0, 0
    for path, line in zip(cases, done.stdout.splitlines(), strict=True):
        case = json.loads((path / "case.json").read_text())
        said = differences(json.loads(line), case)
        n += len(case["expected"])
        n_failed += len(said)
        for text in said:
            print(f"{path.name}: {text}")
    return n, n_failed


def main() -> int:
    n, n_failed = hold(sys.argv[1], Path(sys.argv[2]))
    print(f"{n - n_failed} columns agree, {n_failed} differ")
    return 1 if n_failed or n == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
