"""The tracking server beside MLflow's own, on the same machine in the same run.

.deps/python/bin/python bench/tracking/tracking.py [--seconds 10]
Both keep their data on the same disk, MLflow in SQLite with its default of server workers.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent.parent / "tests"))
from live_server import LiveServer, find_slipway  # noqa: E402

N_RUNS = 500


def post(address: str, path: str, body: dict) -> dict:
    request = urllib.request.Request(
        f"{address}/api/2.0/mlflow/{path}",
        json.dumps(body).encode(),
        {"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)


def make_runs(address: str) -> tuple[str, float]:
    """Make runs of 10 metrics and 10 parameters; give the last one's id, and runs per second."""
    started = time.monotonic()
    run_id = ""
    for i in range(N_RUNS):
        made = post(address, "runs/create", {"experiment_id": "0", "start_time": i})
        run_id = made["run"]["info"]["run_id"]
        metrics = [
            {"key": f"m{k}", "value": (i * 7 + k) % 100 / 100, "timestamp": 1, "step": 0}
            for k in range(10)
        ]
        params = [{"key": f"p{k}", "value": str((i + k) % 2)} for k in range(10)]
        post(address, "runs/log-batch", {"run_id": run_id, "metrics": metrics, "params": params})
    return run_id, N_RUNS / (time.monotonic() - started)


def wrk(address: str, script: str, clients: int, seconds: int, run_id: str) -> tuple[float, str]:
    """Give requests per second and the median latency."""
    done = subprocess.run(
        ["wrk", "-t1", f"-c{clients}", f"-d{seconds}s", "--latency", "-s", HERE / script, address],
        env=os.environ | {"RUN_ID": run_id},
        capture_output=True,
        text=True,
        check=True,
    )
    if "Non-2xx" in done.stdout:
        raise SystemExit(f"{script} at {address} failed:\n{done.stdout}")
    rate = float(re.search(r"Requests/sec:\s+([\d.]+)", done.stdout)[1])
    return rate, re.search(r"50%\s+(\S+)", done.stdout)[1]


def measure(address: str, seconds: int) -> dict[str, tuple[float, str]]:
    run_id, rate = make_runs(address)
    return {
        "create run + 10 metrics + 10 params, 1 client": (rate, ""),
        "log-batch of 100 points, 8 clients": wrk(address, "log_batch.lua", 8, seconds, run_id),
        "search 50 of 500 runs, 4 clients": wrk(address, "search_runs.lua", 4, seconds, run_id),
    }


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def measure_mlflow(folder: Path, seconds: int) -> dict[str, tuple[float, str]]:
    port = free_port()
    command = [Path(sys.executable).parent / "mlflow", "server", "--port", str(port)]
    command += ["--backend-store-uri", f"sqlite:///{folder}/mlflow.db"]
    command += ["--artifacts-destination", str(folder / "artifacts")]
    with (folder / "mlflow.log").open("w") as log:
        server = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)
    try:
        address = f"http://127.0.0.1:{port}"
        for _ in range(120):
            try:
                urllib.request.urlopen(f"{address}/health", timeout=5).close()
                break
            except OSError:
                time.sleep(1)
        return measure(address, seconds)
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        server.wait(60)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=int, default=10)
    seconds = parser.parse_args().seconds
    with tempfile.TemporaryDirectory(dir=HERE.parent.parent / "build") as name:
        folder = Path(name)
        with LiveServer(find_slipway(None), folder, []) as server:
            ours = measure(server.address, seconds)
        theirs = measure_mlflow(folder, seconds)
    print(f"{'':48}{'slipway/s':>12}{'p50':>9}{'mlflow/s':>11}{'p50':>9}{'ratio':>8}")
    for what, (rate, p50) in ours.items():
        peer, peer_p50 = theirs[what]
        print(f"{what:48}{rate:12.1f}{p50:>9}{peer:11.1f}{peer_p50:>9}{rate / peer:7.0f}x")


if __name__ == "__main__":
    main()
