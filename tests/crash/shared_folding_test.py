"""Two servers over one PostgreSQL database fold the metrics of one run: every point stays, once."""

from __future__ import annotations

import json
import sys
import tempfile
import threading
import time
import unittest
import urllib.request
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from live_server import LiveServer, find_slipway  # noqa: E402
from postgres import Cluster  # noqa: E402

N_THREADS = 4
N_BATCHES = 150  # of each thread; 256 rows of a run are folded
LIMIT_S = 60


def call(address: str, path: str, body: dict | None = None) -> dict:
    data = json.dumps(body).encode() if body is not None else None
    headers = {"Content-Type": "application/json"}
    request = urllib.request.Request(f"{address}/api/2.0/mlflow/{path}", data, headers)
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)


class SharedFoldingTest(unittest.TestCase):
    def test_two_servers_fold_one_run(self) -> None:
        with Cluster(durable=False) as cluster, tempfile.TemporaryDirectory() as name:
            database = cluster.new_database()
            flags = ["--db", database]
            folders = [Path(name) / "a", Path(name) / "b"]
            for folder in folders:
                folder.mkdir()
            with (
                LiveServer(find_slipway(None), folders[0], flags) as first,
                LiveServer(find_slipway(None), folders[1], flags) as second,
            ):
                servers = [first.address, second.address]
                made = call(servers[0], "runs/create", {"experiment_id": "0"})
                run_id = made["run"]["info"]["run_id"]
                threads = [
                    threading.Thread(target=self.log, args=(servers[i % 2], run_id, i))
                    for i in range(N_THREADS)
                ]
                for thread in threads:
                    thread.start()
                for thread in threads:
                    thread.join()
                until = time.monotonic() + LIMIT_S
                count = "SELECT count(*) FROM metric_log"
                while int(cluster.sql(count, database.rsplit("/", 1)[1])) > 257:
                    self.assertLess(time.monotonic(), until, "nothing was folded")
                    time.sleep(0.2)
                expected = sorted(range(N_THREADS * N_BATCHES))
                for address in servers:
                    self.assertEqual(self.steps(address, run_id), expected)

    @staticmethod
    def log(address: str, run_id: str, thread: int) -> None:
        for i in range(N_BATCHES):
            step = i * N_THREADS + thread
            point = {"value": step / 8, "timestamp": step, "step": step}
            metrics = [{"key": "loss"} | point, {"key": "accuracy"} | point]
            call(address, "runs/log-batch", {"run_id": run_id, "metrics": metrics})

    @staticmethod
    def steps(address: str, run_id: str) -> list[int]:
        steps: list[int] = []
        query = f"metrics/get-history?run_id={run_id}&metric_key=loss&max_results=100"
        token = ""
        while True:
            page = call(address, query + (f"&page_token={token}" if token else ""))
            steps += [point["step"] for point in page["metrics"]]
            token = page.get("next_page_token", "").replace("+", "%2B").replace("=", "%3D")
            if not token:
                return steps


if __name__ == "__main__":
    unittest.main()
