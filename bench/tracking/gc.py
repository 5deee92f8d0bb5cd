"""Measures how long freeing deleted runs takes: `slipway gc` beside `mlflow gc`, on as many runs.

Each run has 5 metrics, 5 params, 2 tags and one small artifact; both keep all in SQLite and on the
local disk. Slipway also frees --more runs, to show how it grows.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

REPO = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(REPO / "tests"))
from live_server import LiveServer, clean_environment, find_slipway  # noqa: E402

MAKE_IN_MLFLOW = """
import sys
from mlflow.entities import Metric, Param, RunTag
from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore
store = SqlAlchemyStore(sys.argv[1], sys.argv[2])
from pathlib import Path
for i in range(int(sys.argv[3])):
    run = store.create_run("0", "u", 1, [], f"r{i}")
    store.log_batch(run.info.run_id, [Metric(f"m{k}", 1.0, 1, 0) for k in range(5)],
                    [Param(f"p{k}", "1") for k in range(5)],
                    [RunTag(f"t{k}", "1") for k in range(2)])
    folder = Path(run.info.artifact_uri.removeprefix("file://"))
    folder.mkdir(parents=True)
    (folder / "x.txt").write_text("x")
    store.delete_run(run.info.run_id)
"""


def mlflow_seconds(folder: Path, n_runs: int) -> float:
    database = f"sqlite:///{folder}/mlflow.db"
    environment = clean_environment(folder) | {"MLFLOW_TRACKING_URI": database}
    subprocess.run(
        [sys.executable, "-c", MAKE_IN_MLFLOW, database, str(folder / "art"), str(n_runs)],
        check=True, capture_output=True, env=environment,
    )  # fmt: skip
    start = time.monotonic()
    said = subprocess.run(
        [str(Path(sys.executable).parent / "mlflow"), "gc", "--backend-store-uri", database],
        check=True, capture_output=True, env=environment, text=True,
    )  # fmt: skip
    seconds = time.monotonic() - start
    assert said.stdout.count("has been permanently deleted") == n_runs, said.stdout[-2000:]
    assert not [p for p in (folder / "art").rglob("*") if p.is_file()]
    return seconds


def slipway_seconds(folder: Path, n_runs: int) -> tuple[float, float]:
    """Give the seconds of `slipway gc` at a server, and the longest that a write took meanwhile."""
    import http.client

    with LiveServer(find_slipway(None), folder, []) as server:
        connection = http.client.HTTPConnection(server.address.removeprefix("http://"))

        def call(method: str, path: str, body: object, kind: str = "application/json") -> dict:
            data = body if isinstance(body, bytes) else json.dumps(body).encode()
            connection.request(method, path, data, {"Content-Type": kind})
            answer = connection.getresponse()
            text = answer.read()
            assert answer.status == 200, text
            return json.loads(text or b"{}")

        mlflow = "/api/2.0/mlflow"
        for i in range(n_runs):
            run = call("POST", f"{mlflow}/runs/create", {"experiment_id": "0", "start_time": i})
            run_id = run["run"]["info"]["run_id"]
            batch = {
                "run_id": run_id,
                "metrics": [
                    {"key": f"m{k}", "value": 1.0, "timestamp": 1, "step": 0} for k in range(5)
                ],
                "params": [{"key": f"p{k}", "value": "1"} for k in range(5)],
                "tags": [{"key": f"t{k}", "value": "1"} for k in range(2)],
            }
            call("POST", f"{mlflow}/runs/log-batch", batch)
            path = f"/api/2.0/mlflow-artifacts/artifacts/0/{run_id}/artifacts/x.txt"
            call("PUT", path, b"x", "application/octet-stream")
            call("POST", f"{mlflow}/runs/delete", {"run_id": run_id})
        run = call("POST", f"{mlflow}/runs/create", {"experiment_id": "0", "start_time": 1})
        run_id = run["run"]["info"]["run_id"]
        command = [str(find_slipway(None)), "gc", "--older-than", "0s", "--json"]
        start = time.monotonic()
        freeing = subprocess.Popen(
            [*command, "--server", server.address], stdout=subprocess.PIPE, text=True,
            env=clean_environment(folder),
        )  # fmt: skip
        longest = 0.0
        while freeing.poll() is None:
            before = time.monotonic()
            point = {"run_id": run_id, "key": "m", "value": 1.0, "timestamp": 1, "step": 0}
            call("POST", f"{mlflow}/runs/log-metric", point)
            longest = max(longest, time.monotonic() - before)
        seconds = time.monotonic() - start
        freed = json.loads(freeing.stdout.read())
        assert freed["runs"] == n_runs and freed["artifact_folders"] == n_runs, freed
    return seconds, longest


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=1000)
    parser.add_argument("--more", type=int, default=10_000, help="0: not")
    options = parser.parse_args()
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    with tempfile.TemporaryDirectory() as name:
        ours, longest = slipway_seconds(Path(name), options.runs)
    print(f"slipway gc, {options.runs} runs: {ours:.2f} s; a write ≤ {longest * 1e3:.0f} ms")
    with tempfile.TemporaryDirectory() as name:
        theirs = mlflow_seconds(Path(name), options.runs)
    print(f"mlflow gc, {options.runs} runs: {theirs:.2f} s ({theirs / ours:.0f} times ours)")
    if options.more:
        with tempfile.TemporaryDirectory() as name:
            ours, longest = slipway_seconds(Path(name), options.more)
        print(f"slipway gc, {options.more} runs: {ours:.2f} s; a write ≤ {longest * 1e3:.0f} ms")


if __name__ == "__main__":
    main()
