"""Compare two tours' results: all but times, ids, addresses and rates must be equal.

python3 tests/tour/same_numbers.py FIRST.json SECOND.json
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

VARY = {"seconds", "fit_seconds", "rows_per_s", "requests_per_s", "p50_ms", "p99_ms", "address"}
VARY |= {"folder", "run_id", "model_uri", "source", "created", "n_failed"}


def numbers(value: object) -> object:
    """Leave out what may differ between two tours."""
    if isinstance(value, dict):
        return {key: numbers(item) for key, item in value.items() if key not in VARY}
    if isinstance(value, list):
        return [numbers(item) for item in value]
    return value


def main() -> int:
    first, second = (numbers(json.loads(Path(name).read_text())) for name in sys.argv[1:3])
    if first == second:
        print("1 passed, 0 failed")
        return 0
    for a, b in zip(first["steps"], second["steps"]):
        if a != b:
            print(f"the step '{a['name']}' differs:")
            print(json.dumps(a)[:2000], json.dumps(b)[:2000], sep="\n")
    print("0 passed, 1 failed")
    return 1


if __name__ == "__main__":
    sys.exit(main())
