"""Hold our answers against scikit-learn's own, of its oldest and newest version that is tested.

python3 tests/sklearn/run_all.py PROGRAM            all cases
python3 tests/sklearn/run_all.py PROGRAM pipeline   those whose names begin so
"""

from __future__ import annotations

import json
import math
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
DEPS = HERE.parent.parent / ".deps"
PYTHONS = ("sklearn1", "python")


def same(ours: Any, theirs: Any, case: dict[str, Any]) -> bool:
    if isinstance(ours, str) and isinstance(theirs, float | int):
        special = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}
        ours = special.get(ours, ours)
    if isinstance(theirs, str) or theirs is None or isinstance(ours, str):
        return ours == theirs
    if ours is None or math.isnan(theirs):
        return ours is None or math.isnan(ours)
    if ours == theirs:
        return True
    return math.isclose(ours, theirs, rel_tol=case["relative"], abs_tol=case["absolute"])


def difference(ours: Any, case: dict[str, Any]) -> str:
    """Say where the answers part; nothing where they do not."""
    if isinstance(ours, dict):
        return str(ours["error"])
    theirs = case["expected"]
    if len(ours) != len(theirs) or any(len(a) != len(b) for a, b in zip(ours, theirs, strict=True)):
        widths = (len(ours), len(ours[0]) if ours else 0, len(theirs), len(theirs[0]))
        return "{} x {} where {} x {} are wanted".format(*widths)
    for i, (row, wanted) in enumerate(zip(ours, theirs, strict=True)):
        for c, (a, b) in enumerate(zip(row, wanted, strict=True)):
            if not same(a, b, case):
                return f"row {i}, column {c}: {a!r}, scikit-learn {b!r}"
    return ""


def check(program: str, python: str, wanted: list[str]) -> tuple[int, int]:
    with tempfile.TemporaryDirectory(prefix="slipway-sklearn-") as name:
        folder = Path(name)
        maker = DEPS / python / "bin/python"
        subprocess.run([maker, HERE / "make.py", folder, *wanted], check=True)
        made = json.loads((folder / "cases.json").read_text())
        cases = made["cases"]
        if not cases:  # this version has none of that name
            return 0, 0
        questions = [f"{c['method']}\t{c['model']}\t{c['rows']}" for c in cases]
        bad = {path: c for c in cases for path in c["refused"]}
        questions += [f"{c['method']}\t{c['model']}\t{path}" for path, c in bad.items()]
        text = "\n".join(questions) + "\n"
        done = subprocess.run([program], input=text, capture_output=True, text=True, check=False)
        answers = [json.loads(line) for line in done.stdout.splitlines()]
        if done.returncode != 0 or len(answers) != len(questions):
            stopped = questions[len(answers)] if len(answers) < len(questions) else ""
            raise SystemExit(f"{program} ended with {done.returncode} at {stopped}: {done.stderr}")
        n_failed = 0
        for case, ours in zip(cases, answers, strict=False):
            if said := difference(ours, case):
                n_failed += 1
                print(f"{made['version']}: {case['name']}.{case['method']}: {said}")
        for (path, case), ours in zip(bad.items(), answers[len(cases) :], strict=True):
            if not isinstance(ours, dict):
                n_failed += 1
                print(f"{made['version']}: {case['name']}: takes {Path(path).name}")
        return len(questions), n_failed


def main() -> int:
    program, wanted = sys.argv[1], sys.argv[2:]
    n, n_failed = 0, 0
    for python in PYTHONS:
        counts = check(program, python, wanted)
        n += counts[0]
        n_failed += counts[1]
    if n == 0:
        raise SystemExit(f"no case is named {', '.join(wanted)}")
    print(f"{n - n_failed} passed, {n_failed} failed")
    return 1 if n_failed else 0


if __name__ == "__main__":
    sys.exit(main())
