"""Make the cases with the scikit-learn at hand: python make.py FOLDER [NAME…].

Writes each estimator, its rows, and the library's own answers; cases.json lists them.
"""

from __future__ import annotations

import json
import pickle
import sys
import warnings
from pathlib import Path

import sklearn
from cases import answer, as_columns, save
from families import FAMILIES


def main() -> None:
    warnings.simplefilter("ignore")
    folder, wanted = Path(sys.argv[1]), sys.argv[2:]
    listed = []
    turn = 0
    for family in FAMILIES:
        for case in family():
            if wanted and not any(case.name.startswith(name) for name in wanted):
                continue
            model = save(case.estimator, folder, case.name, turn)
            turn += 1
            rows = folder / f"{case.name}.rows"
            rows.write_bytes(pickle.dumps(as_columns(case.rows), protocol=4))
            refused = []
            for i, bad in enumerate(case.refused):
                path = folder / f"{case.name}.refused{i}"
                path.write_bytes(pickle.dumps(as_columns(bad), protocol=4))
                try:
                    answer(case.estimator, case.methods[0], bad)
                except ValueError:
                    refused.append(str(path))
                else:
                    raise SystemExit(f"{case.name}: scikit-learn takes rows {i} of those refused")
            for method in case.methods:
                listed.append(
                    {
                        "name": case.name,
                        "method": method,
                        "model": str(model),
                        "rows": str(rows),
                        "expected": answer(case.estimator, method, case.rows),
                        "relative": case.relative,
                        "absolute": case.absolute,
                        "refused": refused,
                    }
                )
    text = json.dumps({"version": sklearn.__version__, "cases": listed})
    (folder / "cases.json").write_text(text)


if __name__ == "__main__":
    main()
