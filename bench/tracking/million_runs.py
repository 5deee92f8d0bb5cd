"""Searches over a filled data folder, through HTTP: p50, p99, the first (cold) one, memory.

cmake --build --preset release --target fill_store
build/release/bench/tracking/fill_store FOLDER/data       (1,000,000 runs; 10 minutes)
.deps/python/bin/python bench/tracking/million_runs.py FOLDER [--requests 200] [--load]

One client, as latency is what is asked for; --load has four others log batches meanwhile. "cpu" is
what the server spends on a request, on a machine that others use too the better figure.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import random
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent.parent / "tests"))
from live_server import LiveServer, find_slipway  # noqa: E402

# What part of the runs it finds, the filter (a bound each time another), the order.
SEARCHES = (
    ("50 %", "metrics.m0 > 0.{:03d}", 500, "metrics.m1 DESC"),
    ("10 %", "metrics.m0 > 0.{:03d}", 900, "metrics.m2 ASC"),
    ("2.5 %", "metrics.m0 > 0.{:03d} and params.p1 = '3' and tags.team LIKE 'team1%'", 500,
     "metrics.m1 DESC"),
    ("0.1 %", "metrics.m3 < 0.{:03d} and params.p2 = '7'", 100, "metrics.m1 DESC"),
    ("95 %, params", "tags.team != 'team3' and metrics.m0 > 0.{:03d}", 0, "params.p5 DESC"),
    ("all, newest first", "metrics.m0 >= 0.{:03d}", 0, "start_time DESC"),
)


class Client:
    def __init__(self, address: str) -> None:
        self._connection = http.client.HTTPConnection(address.removeprefix("http://"), timeout=300)

    def post(self, path: str, body: dict) -> tuple[float, dict]:
        """Give milliseconds and the answer."""
        started = time.perf_counter()
        text = json.dumps(body)
        self._connection.request(
            "POST", f"/api/2.0/mlflow/{path}", text, {"Content-Type": "application/json"}
        )
        answer = self._connection.getresponse()
        read = answer.read()
        ms = (time.perf_counter() - started) * 1e3
        if answer.status != 200:
            raise SystemExit(f"{path}: {read.decode()}")
        return ms, json.loads(read)


def cpu_ms(process: int) -> float:
    fields = Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) * 1000 / os.sysconf("SC_CLK_TCK")


def memory_mb(process: int) -> float:
    status = Path(f"/proc/{process}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0]) / 1024


def time_searches(client: Client, process: int, experiments: list[str], n_requests: int) -> None:
    seeded = random.Random(1)
    for part, filter_text, bound, order in SEARCHES:
        body = {"experiment_ids": experiments, "order_by": [order], "max_results": 50}

        def ask(shift: int) -> float:
            body["filter"] = filter_text.format(bound + shift)
            return client.post("runs/search", body)[0]

        cold = ask(0)
        before = cpu_ms(process)
        times = sorted(ask(seeded.randrange(20)) for _ in range(n_requests))
        cpu = (cpu_ms(process) - before) / n_requests
        p50, p99 = times[n_requests // 2], times[n_requests * 99 // 100]
        print(
            f"{len(experiments):>11} {part:20}{cold:10.1f}{p50:9.2f}{p99:9.2f}{cpu:9.2f}"
            f"{memory_mb(process):9.0f}",
            flush=True,
        )


def start_load(address: str, client: Client) -> subprocess.Popen:
    made = client.post("runs/create", {"experiment_id": "1", "start_time": 1})[1]
    return subprocess.Popen(
        ["wrk", "-t1", "-c4", "-d3600s", "-s", HERE / "log_batch.lua", address],
        env=os.environ | {"RUN_ID": made["run"]["info"]["run_id"]},
        stdout=subprocess.DEVNULL,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--requests", type=int, default=200)
    parser.add_argument("--load", action="store_true")
    options = parser.parse_args()
    with LiveServer(find_slipway(None), options.folder, []) as server:
        client = Client(server.address)
        process = server.pid
        found = client.post("experiments/search", {"max_results": 1000})[1]["experiments"]
        ids = sorted((e["experiment_id"] for e in found), key=int)[1:]
        print(f"idle: {memory_mb(process):.0f} MB; load average {os.getloadavg()[0]:.1f}")
        load = start_load(server.address, client) if options.load else None
        try:
            print(
                f"experiments {'finds':20}{'first ms':>10}{'p50 ms':>9}{'p99 ms':>9}{'cpu ms':>9}"
                f"{'MB':>9}"
            )
            time_searches(client, process, ids[:1], options.requests)
            if len(ids) > 1:
                time_searches(client, process, ids, options.requests)
        finally:
            if load:
                load.terminate()
                load.wait()


if __name__ == "__main__":
    main()
