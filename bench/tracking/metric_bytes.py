"""How much disk a metric point takes, all of the database included.

.deps/python/bin/python bench/tracking/metric_bytes.py [--points 400000]
Logs each shape of history to a server of its own, waits until the server has folded it, and counts
the bytes of the database: those its pages hold, and those of the file (with pages free for reuse).
"""

from __future__ import annotations

import argparse
import json
import math
import random
import sqlite3
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent.parent / "tests"))
from live_server import LiveServer, find_slipway  # noqa: E402

BATCH = 1000
Value = Callable[[int, random.Random], float]
VALUES: dict[str, Value] = {
    "random": lambda _, source: source.random(),
    "float32": lambda _, source: round(source.random() * 2**24) / 2**24,
    "smooth": lambda i, _: math.exp(-i / 9999),
    "4 digits": lambda _, source: round(source.random(), 4),
}


def post(address: str, path: str, body: dict) -> dict:
    request = urllib.request.Request(
        f"{address}/api/2.0/mlflow/{path}",
        json.dumps(body).encode(),
        {"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)


def batches(n_keys: int, n_points: int, value: Value) -> Iterator[list[dict]]:
    """Give batches of all keys at one step after the other, some milliseconds apart."""
    source = random.Random(1)
    now = 1_700_000_000_000
    batch: list[dict] = []
    for step in range(n_points // n_keys):
        now += source.randrange(80, 120)
        for key in range(n_keys):
            point = {"key": f"metric{key}", "value": value(step, source)}
            batch.append(point | {"timestamp": now, "step": step})
        if len(batch) + n_keys > BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def used_bytes(database: Path) -> tuple[int, int]:
    """Give the bytes of the pages that hold something, and rows of the log."""
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        ask = lambda sql: connection.execute(sql).fetchone()[0]  # noqa: E731
        pages = ask("PRAGMA page_count") - ask("PRAGMA freelist_count")
        return pages * ask("PRAGMA page_size"), ask("SELECT count(*) FROM metric_log")


def measure(n_keys: int, n_points: int, value: Value, n_runs: int) -> tuple[float, float]:
    """Give bytes a point once all is folded: those held, and those of the file."""
    with tempfile.TemporaryDirectory(dir=HERE.parent.parent / "build") as name:
        database = Path(name) / "data/slipway.db"
        with LiveServer(find_slipway(None), Path(name), []) as server:
            for _ in range(n_runs):
                made = post(server.address, "runs/create", {"experiment_id": "0"})
                run_id = made["run"]["info"]["run_id"]
                for batch in batches(n_keys, n_points // n_runs, value):
                    post(server.address, "runs/log-batch", {"run_id": run_id, "metrics": batch})
            last = -1
            while (left := used_bytes(database)[1]) != last:
                last = left
                time.sleep(2.5)
        return used_bytes(database)[0] / n_points, database.stat().st_size / n_points


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--points", type=int, default=400_000)
    n_points = parser.parse_args().points
    print(f"{'bytes a point':42}{'held':>8}{'file':>8}")
    for n_keys, n_runs in ((1, 1), (100, 1), (100, 40)):
        for name, value in VALUES.items():
            held, file = measure(n_keys, n_points, value, n_runs)
            what = f"{n_runs} runs of {n_keys} keys, {name}"
            print(f"{what:42}{held:8.1f}{file:8.1f}", flush=True)


if __name__ == "__main__":
    main()
