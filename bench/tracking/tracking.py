"""The tracking server beside MLflow's own and FastTrackML, on the same machine in the same run.

.deps/python/bin/python bench/tracking/tracking.py [--seconds 10] [--peers mlflow fasttrackml]
    [--rows search log-batch]                       only those whose name holds one of the words
All keep their data on the same disk, the peers in SQLite, MLflow with its default of workers. With
--postgres we and MLflow keep it in one PostgreSQL cluster, which has its default settings.
"""

from __future__ import annotations

import argparse
import contextlib
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
from collections.abc import Callable
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent.parent / "tests"))
from live_server import LiveServer, find_slipway  # noqa: E402
from postgres import Cluster  # noqa: E402

N_RUNS = 500


def post(address: str, path: str, body: dict) -> dict:
    request = urllib.request.Request(
        f"{address}/api/2.0/mlflow/{path}",
        json.dumps(body).encode(),
        {"Content-Type": "application/json"},
    )
    for attempt in range(3):
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return json.load(answer)
        except ConnectionError:  # MLflow's supervisor ends a worker that is slow on a busy machine
            if attempt == 2:
                raise
    raise AssertionError


def make_runs(address: str) -> tuple[str, float]:
    """Make runs of 10 metrics and 10 parameters; give the last one's id, and runs per second.

    Python's own cost is part of the rate: wrk's row beside it has the server's.
    """
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


def wrk(
    address: str, script: str, clients: int, seconds: int, run_id: str, n_threads: int = 1
) -> tuple[float, str]:
    """Give requests per second and the median latency."""
    flags = [f"-t{n_threads}", f"-c{clients}", f"-d{seconds}s", "--latency"]
    done = subprocess.run(
        ["wrk", *flags, "-s", HERE / script, address],
        env=os.environ | {"RUN_ID": run_id},
        capture_output=True,
        text=True,
        check=True,
    )
    if "Non-2xx" in done.stdout:
        raise SystemExit(f"{script} at {address} failed:\n{done.stdout}")
    rate = float(re.search(r"Requests/sec:\s+([\d.]+)", done.stdout)[1])
    return rate, re.search(r"^ +50% +(\S+)", done.stdout, re.MULTILINE)[1]


def wrk_runs(address: str, clients: int, seconds: int) -> tuple[float, str]:
    """Give runs per second, each made by two requests, and the median latency of a request."""
    rate, p50 = wrk(address, "create_run.lua", clients, seconds, "", n_threads=clients)
    return rate / 2, p50


def fluent_runs(address: str, n_processes: int, seconds: int) -> tuple[float, str]:
    """Give runs per second of MLflow's client in several processes; mostly their own time."""
    n_runs = max(2, 5 * seconds // n_processes)
    start = str(time.time() + 5 + 2 * n_processes)  # when all have imported mlflow
    command = [sys.executable, HERE / "fluent_client.py", address, str(n_runs), start]
    quiet = os.environ | {"MLFLOW_DISABLE_TELEMETRY": "true", "GIT_PYTHON_REFRESH": "quiet"}
    running = [
        subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=quiet)
        for _ in range(n_processes)
    ]
    times = [re.search(r"TIMES (\S+) (\S+)", p.communicate(timeout=600)[0]) for p in running]
    if not all(times):
        raise SystemExit(f"MLflow's client failed at {address}")
    wall = max(float(t[2]) for t in times) - min(float(t[1]) for t in times)
    return n_runs * n_processes / wall, ""


Rows = dict[str, tuple[float, str]]  # requests or runs per second and the median latency


def measure(address: str, seconds: int, words: list[str]) -> Rows:
    run_id, rate = make_runs(address)
    runs = "run + 10 metrics + 10 params"
    rows = {  # in this order, as the search goes through what was made before
        "log-batch of 100 points, 8 clients": lambda: wrk(
            address, "log_batch.lua", 8, seconds, run_id
        ),
        "search 50 of 500 runs, 4 clients": lambda: wrk(
            address, "search_runs.lua", 4, seconds, run_id
        ),
        "search, each with a bound of its own": lambda: wrk(
            address, "search_bounds.lua", 4, seconds, run_id
        ),
        f"{runs}, 1 client": lambda: wrk_runs(address, 1, seconds),
        f"{runs}, 8 clients": lambda: wrk_runs(address, 8, seconds),
        f"{runs}, Python's urllib": lambda: (rate, ""),
        f"{runs}, MLflow's client": lambda: fluent_runs(address, 1, seconds),
        f"{runs}, 8 of them": lambda: fluent_runs(address, 8, seconds),
    }
    wanted = {w: row for w, row in rows.items() if not words or any(word in w for word in words)}
    return {what: measured(row, what) for what, row in wanted.items()}


def measured(row: Callable[[], tuple[float, str]], what: str) -> tuple[float, str]:
    """A row that fails is 0: a peer need not do all that MLflow does."""
    try:
        return row()
    except SystemExit as failure:
        print(f"{what}: {failure}", file=sys.stderr)
        return 0, ""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def mlflow_command(folder: Path, port: int, database: str) -> list:
    command = [Path(sys.executable).parent / "mlflow", "server", "--port", str(port)]
    database = database.replace("postgresql://", "postgresql+psycopg2://")
    command += ["--backend-store-uri", database or f"sqlite:///{folder}/mlflow.db"]
    return [*command, "--artifacts-destination", str(folder / "artifacts")]


def fasttrackml_command(folder: Path, port: int, database: str) -> list:
    assert not database
    command = [Path(sys.executable).parent / "fml", "server", "--log-level", "warn"]
    command += ["--listen-address", f"127.0.0.1:{port}"]
    command += ["--database-uri", f"sqlite://{folder}/fasttrackml.db"]
    return [*command, "--default-artifact-root", str(folder / "fasttrackml")]


PEERS = {"mlflow": mlflow_command, "fasttrackml": fasttrackml_command}


def measure_peer(
    name: str, folder: Path, database: str, seconds: int, words: list[str]
) -> Rows:
    port = free_port()
    command = PEERS[name](folder, port, database)
    with (folder / f"{name}.log").open("w") as log:
        server = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)
    try:
        address = f"http://127.0.0.1:{port}"
        for _ in range(120):
            try:
                urllib.request.urlopen(f"{address}/health", timeout=5).close()
                break
            except OSError:
                time.sleep(1)
        return measure(address, seconds, words)
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        server.wait(60)


def print_table(ours: Rows, peers: dict[str, Rows]) -> None:
    head = f"{'':48}{'slipway/s':>12}{'p50':>9}"
    for name in peers:
        head += f"{name + '/s':>15}{'p50':>9}{'ratio':>8}"
    print(head)
    for what, (rate, p50) in ours.items():
        line = f"{what:48}{rate:12.1f}{p50:>9}"
        for rows in peers.values():
            peer, peer_p50 = rows[what]
            line += f"{peer:15.1f}{peer_p50:>9}" + (f"{rate / peer:7.1f}x" if peer else "  fails")
        print(line)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=int, default=10)
    parser.add_argument("--peers", nargs="*", choices=list(PEERS), default=list(PEERS))
    parser.add_argument("--postgres", action="store_true", help="we and MLflow over PostgreSQL")
    parser.add_argument("--rows", nargs="*", default=[])
    options = parser.parse_args()
    asked = options.seconds, options.rows
    names = [n for n in options.peers if n == "mlflow"] if options.postgres else options.peers
    with contextlib.ExitStack() as stack:
        place = tempfile.TemporaryDirectory(dir=HERE.parent.parent / "build")
        folder = Path(stack.enter_context(place))
        flags, database = [], ""
        if options.postgres:
            cluster = stack.enter_context(Cluster(settings={"shared_buffers": "128MB"}))
            flags, database = ["--db", cluster.new_database()], cluster.new_database()
        with LiveServer(find_slipway(None), folder, flags) as server:
            ours = measure(server.address, *asked)
        if not all(rate for rate, _ in ours.values()):
            raise SystemExit("our own server fails")
        peers = {name: measure_peer(name, folder, database, *asked) for name in names}
    print_table(ours, peers)


if __name__ == "__main__":
    main()
