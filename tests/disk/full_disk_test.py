"""A full disk: a clear answer, nothing half written, and work goes on when there is space again.

Mounts a small tmpfs, which needs root; says so and is skipped where that is not allowed.
"""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.error
import urllib.request
from contextlib import closing
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from live_server import LiveServer, find_slipway  # noqa: E402

SIZE_MB = 24
FILE_BYTES = 5 << 20


class FullDiskTest(unittest.TestCase):
    def setUp(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="slipway-disk-"))
        mounted = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={SIZE_MB}m", "tmpfs", self.folder],
            capture_output=True,
            text=True,
            check=False,
        )
        if mounted.returncode != 0:
            self.skipTest(f"no small disk to fill: mount: {mounted.stderr.strip()}")

    def tearDown(self) -> None:
        subprocess.run(["umount", self.folder], check=False)
        self.folder.rmdir()

    def call(self, method: str, path: str, body: bytes, kind: str) -> tuple[int, dict]:
        request = urllib.request.Request(
            self.address + path, body, {"Content-Type": kind}, method=method
        )
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.status, json.loads(answer.read() or b"{}")
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.load(error)

    def post(self, path: str, body: dict) -> tuple[int, dict]:
        return self.call("POST", path, json.dumps(body).encode(), "application/json")

    def put(self, name: str, n_bytes: int) -> tuple[int, dict]:
        path = f"/api/2.0/mlflow-artifacts/artifacts/0/run/artifacts/{name}"
        return self.call("PUT", path, b"x" * n_bytes, "application/octet-stream")

    def fill(self) -> list[str]:
        names = []
        for n_bytes in [FILE_BYTES] * 8 + [1 << 18] * 24 + [1 << 14] * 24:
            name = f"file{len(names)}"
            status, answer = self.put(name, n_bytes)
            if status == 200:
                names.append(name)
                continue
            self.assertEqual(status, 503, answer)
            self.assertEqual(answer["error_code"], "TEMPORARILY_UNAVAILABLE")
            self.assertRegex(answer["message"], "disk|No space left")
        return names

    def test_a_full_disk(self) -> None:
        with LiveServer(find_slipway(None), self.folder, []) as server:
            self.address = server.address
            made = self.post("/api/2.0/mlflow/experiments/create", {"name": "before"})
            self.assertEqual(made[0], 200)
            names = self.fill()
            self.assertGreaterEqual(len(names), 2)
            # what is listed is whole: no part of a file that did not fit
            listing = "/api/2.0/mlflow-artifacts/artifacts?path=0/run/artifacts"
            with urllib.request.urlopen(self.address + listing, timeout=60) as answer:
                listed = {f["path"]: f["file_size"] for f in json.load(answer)["files"]}
            self.assertEqual(set(listed), set(names))
            # the database: answers stay clear until one is refused, and later writes work again
            refused = None
            for i in range(400):
                status, answer = self.post(
                    "/api/2.0/mlflow/experiments/create",
                    {"name": f"e{i}", "tags": [{"key": "k", "value": "v" * 20_000}]},
                )
                if status != 200:
                    refused = (status, answer)
                    break
            self.assertIsNotNone(refused, "the disk never filled")
            self.assertEqual(refused[0], 503, refused)
            path = "/api/2.0/mlflow-artifacts/artifacts/0/run/artifacts/" + names[0]
            self.assertEqual(self.call("DELETE", path, b"", "application/json")[0], 200)
            self.assertEqual(self.put("again", 1 << 20)[0], 200)
            after = self.post("/api/2.0/mlflow/experiments/create", {"name": "after"})
            self.assertEqual(after[0], 200, after)

    def log(self, run_id: str, number: int) -> tuple[int, dict]:
        point = {"value": number + 0.1, "timestamp": number, "step": number}
        metrics = [{"key": f"m{k}"} | point for k in range(500)]
        params = [{"key": f"p{number}", "value": "v" * 6000}]
        body = {"run_id": run_id, "metrics": metrics, "params": params}
        return self.post("/api/2.0/mlflow/runs/log-batch", body)

    def steps(self, run_id: str, key: str) -> list[int]:
        path = f"/api/2.0/mlflow/metrics/get-history?run_id={run_id}&metric_key={key}"
        with urllib.request.urlopen(self.address + path, timeout=60) as answer:
            return [point["step"] for point in json.load(answer)["metrics"]]

    def check_batches(self, run_id: str, acknowledged: list[int]) -> None:
        for key in ("m0", "m499"):
            self.assertEqual(self.steps(run_id, key), acknowledged)
        path = f"/api/2.0/mlflow/runs/get?run_id={run_id}"
        with urllib.request.urlopen(self.address + path, timeout=60) as answer:
            params = json.load(answer)["run"]["data"]["params"]
        self.assertEqual({p["key"] for p in params}, {f"p{number}" for number in acknowledged})

    def test_metrics_on_a_full_disk(self) -> None:
        acknowledged: list[int] = []
        with LiveServer(find_slipway(None), self.folder, []) as server:
            self.address = server.address
            status, made = self.post("/api/2.0/mlflow/runs/create", {"experiment_id": "0"})
            self.assertEqual(status, 200)
            run_id = made["run"]["info"]["run_id"]
            self.assertEqual(self.put("ballast", 10 << 20)[0], 200)
            refused = 0
            for number in range(4000):  # 14 MB are left, and a batch takes about 10 kB
                status, answer = self.log(run_id, number)
                if status == 200:
                    acknowledged.append(number)
                    continue
                self.assertEqual(status, 503, answer)
                self.assertRegex(answer["message"], "disk is full")
                refused += 1
                if refused == 20:
                    break
            self.assertEqual(refused, 20, "the disk never filled")
            # reading works on a full disk, and shows whole batches only
            self.check_batches(run_id, acknowledged)
            path = "/api/2.0/mlflow-artifacts/artifacts/0/run/artifacts/ballast"
            self.assertEqual(self.call("DELETE", path, b"", "application/json")[0], 200)
            for number in range(5000, 5020):
                self.assertEqual(self.log(run_id, number)[0], 200)
                acknowledged.append(number)
            self.check_batches(run_id, acknowledged)
        with LiveServer(find_slipway(None), self.folder, []) as server:
            self.address = server.address
            self.check_batches(run_id, acknowledged)

    def fill_but(self, n_bytes: int) -> Path:
        """Fill the disk with one file, but for some bytes, and give it."""
        ballast = self.folder / "ballast"
        free = os.statvfs(self.folder)
        with ballast.open("wb") as file:
            file.write(b"x" * (free.f_bavail * free.f_frsize - n_bytes))
        return ballast

    def test_folding_on_a_full_disk(self) -> None:
        """What goes on in the background says that it fails, less and less often, and goes on."""
        with LiveServer(find_slipway(None), self.folder, []) as server:
            self.address = server.address
            status, made = self.post("/api/2.0/mlflow/runs/create", {"experiment_id": "0"})
            self.assertEqual(status, 200)
            self.assertEqual(self.log(made["run"]["info"]["run_id"], 1)[0], 200)
        # a log that is long enough to be folded, as a server leaves it that is killed
        with closing(sqlite3.connect(self.folder / "data/slipway.db")) as database, database:
            for _ in range(100):
                database.execute(
                    "INSERT INTO metric_log (run_key, points)"
                    " SELECT run_key, points FROM metric_log LIMIT 1"
                )
        ballast = self.fill_but(60_000)
        elsewhere = Path(self.enterContext(tempfile.TemporaryDirectory())) / "log"
        with LiveServer(find_slipway(None), self.folder, [], log=elsewhere) as server:

            def n_lines() -> int:
                return server.last_errors(1 << 20).count("folding metrics: ")

            time.sleep(12)
            self.assertGreaterEqual(n_lines(), 1, server.last_errors())
            self.assertLessEqual(n_lines(), 4, server.last_errors())  # at once, after 1, 2, 4 s
            ballast.unlink()
            deadline = time.monotonic() + 60
            while "folding metrics: it works again" not in server.last_errors(1 << 20):
                self.assertLess(time.monotonic(), deadline, server.last_errors())
                time.sleep(0.5)


if __name__ == "__main__":
    unittest.main()
