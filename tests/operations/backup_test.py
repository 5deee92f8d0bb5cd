"""`slipway backup` of a server under write load, and `slipway restore` of it.

What was acknowledged before the start of a backup is in it, whole, with the files it names.
"""

from __future__ import annotations

import http.client
import json
import subprocess
import sys
import tempfile
import threading
import unittest
from pathlib import Path
from urllib.parse import urlsplit

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from live_server import LiveServer, clean_environment, find_slipway  # noqa: E402

API = "/api/2.0/mlflow/"
FILES = "/api/2.0/mlflow-artifacts/artifacts/"


class Client:
    def __init__(self, address: str) -> None:
        self.connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=60)

    def call(self, method: str, path: str, body: str | bytes, kind: str) -> dict:
        self.connection.request(method, path, body, {"Content-Type": kind})
        answer = self.connection.getresponse()
        text = answer.read()
        assert answer.status == 200, text
        return json.loads(text or b"{}")

    def post(self, path: str, body: dict) -> dict:
        return self.call("POST", API + path, json.dumps(body), "application/json")

    def log_run(self, i: int) -> str:
        """A run with a file and then a batch that tells of it."""
        run = self.post("runs/create", {"experiment_id": "0", "start_time": i})
        run_id = run["run"]["info"]["run_id"]
        path = f"{FILES}0/{run_id}/artifacts/file"
        self.call("PUT", path, run_id.encode(), "application/octet-stream")
        metrics = [
            {"key": f"m{k % 5}", "value": k, "timestamp": k, "step": k // 5} for k in range(50)
        ]
        params = [{"key": "file", "value": run_id}]
        self.post("runs/log-batch", {"run_id": run_id, "metrics": metrics, "params": params})
        return run_id


class BackupTest(unittest.TestCase):
    def setUp(self) -> None:
        holder = tempfile.TemporaryDirectory(prefix="slipway-backup-")
        self.addCleanup(holder.cleanup)
        self.folder = Path(holder.name)

    def slipway(self, *arguments: str) -> dict:
        done = subprocess.run(
            [str(find_slipway(None)), *arguments, "--json"],
            cwd=self.folder,
            env=clean_environment(self.folder),
            capture_output=True,
            text=True,
            timeout=120,
        )
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)

    def test_under_load(self) -> None:
        acknowledged: list[str] = []
        backups = []
        stop = threading.Event()
        with LiveServer(find_slipway(None), self.folder, []) as server:

            def load(i: int) -> None:
                client = Client(server.address)
                while not stop.is_set():
                    acknowledged.append(client.log_run(i))

            threads = [threading.Thread(target=load, args=(i,)) for i in range(4)]
            for thread in threads:
                thread.start()
            try:
                for _ in range(3):
                    n = len(acknowledged)
                    while len(acknowledged) < n + 20:
                        stop.wait(0.01)
                    before = list(acknowledged)
                    made = self.slipway("backup", "backups", "--data-dir", "data")
                    backups.append((made, before))
            finally:
                stop.set()
                for thread in threads:
                    thread.join()
        for i, (made, before) in enumerate(backups):
            again = self.folder / f"again{i}"
            counts = self.slipway("restore", made["backup"], "--data-dir", str(again / "data"))
            self.assertEqual(counts["tables"], made["tables"])
            self.check(again, before, made["tables"]["runs"])

    def check(self, folder: Path, before: list[str], n_runs: int) -> None:
        with LiveServer(find_slipway(None), folder, []) as server:
            client = Client(server.address)
            runs: dict[str, dict] = {}
            token = ""
            while True:
                body = {"experiment_ids": ["0"], "max_results": 5000, "page_token": token}
                page = client.post("runs/search", body)
                runs |= {run["info"]["run_id"]: run["data"] for run in page["runs"]}
                token = page.get("next_page_token", "")
                if not token:
                    break
            self.assertEqual(len(runs), n_runs)
            self.assertEqual(set(before) - set(runs), set())
            for run_id, data in runs.items():
                n = len(data.get("params", []))  # a batch is whole or not there
                self.assertEqual(len(data.get("metrics", [])), 5 * n, run_id)
                if n == 1 or run_id in before:
                    self.assertEqual(n, 1)
                    file = folder / "data/artifacts/0" / run_id / "artifacts/file"
                    self.assertEqual(file.read_text(), run_id)


if __name__ == "__main__":
    unittest.main()
