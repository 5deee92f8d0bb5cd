"""Servers over PostgreSQL: two over one database, and one whose database goes away under load."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
import unittest
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from live_server import REPO, LiveServer, clean_environment, find_slipway  # noqa: E402
from postgres import Cluster, free_port  # noqa: E402

MODEL = REPO / "tests/golden/models/xgboost/binary_missing"
ML_MODEL = """flavors:
  xgboost:
    data: model.ubj
    model_class: xgboost.core.Booster
    model_format: ubj
    xgb_version: 3.2.0
"""


class Client:
    """One connection to a server; a thread's own."""

    def __init__(self, address: str) -> None:
        self._connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=60)
        self.token = ""

    def close(self) -> None:
        self._connection.close()

    def send(self, method: str, path: str, body: bytes | None = None) -> tuple[int, Any]:
        try:
            headers = {"Content-Type": "application/json"} if body else {}
            if self.token:
                headers["Authorization"] = f"Bearer {self.token}"
            self._connection.request(method, path, body, headers)
            answer = self._connection.getresponse()
            return answer.status, json.loads(answer.read() or b"{}")
        except OSError:
            self.close()
            raise

    def call(self, path: str, body: dict) -> tuple[int, Any]:
        return self.send("POST", f"/api/2.0/mlflow/{path}", json.dumps(body).encode())

    def post(self, path: str, body: dict) -> Any:
        status, answer = self.call(path, body)
        assert status == 200, (status, answer)
        return answer

    def get(self, path: str) -> Any:
        status, answer = self.send("GET", f"/api/2.0/mlflow/{path}")
        assert status == 200, (status, answer)
        return answer

    def steps(self, run_id: str, key: str) -> list[int]:
        path = f"metrics/get-history?run_id={run_id}&metric_key={key}&max_results=25000"
        return [point["step"] for point in self.get(path).get("metrics", [])]


def batch(run_id: str, step: int, n_keys: int) -> dict:
    metrics = [{"key": f"m{k}", "value": k, "timestamp": step, "step": step} for k in range(n_keys)]
    return {"run_id": run_id, "metrics": metrics}


class Folder(unittest.TestCase):
    def setUp(self) -> None:
        holder = tempfile.TemporaryDirectory(prefix="slipway-servers-")
        self.addCleanup(holder.cleanup)
        self.folder = Path(holder.name)

    def server(self, name: str, database: str) -> LiveServer:
        """Give a server with a data folder of its own; artifacts are in one that all share."""
        place = self.folder / name
        place.mkdir(exist_ok=True)
        shared = ["--artifacts", str(self.folder / "artifacts")]
        return LiveServer(find_slipway(None), place, ["--db", database, *shared])

    def refused(self, database: str) -> str:
        """Start a server that must not start; give what it says."""
        command = [str(find_slipway(None)), "server", "--port", "0", "--db", database]
        command += ["--data-dir", str(self.folder / "refused")]
        outcome = subprocess.run(
            command,
            capture_output=True,
            text=True,
            timeout=60,
            env=clean_environment(self.folder),
        )
        self.assertNotEqual(outcome.returncode, 0)
        return outcome.stdout + outcome.stderr


class TwoServers(Folder):
    """Two servers over one database, started together, so that both would make its tables."""

    @classmethod
    def setUpClass(cls) -> None:
        # not durable: this is about two servers, not about power cuts
        cls.cluster = cls.enterClassContext(Cluster(durable=False))

    def setUp(self) -> None:
        super().setUp()
        stack = self.enterContext(contextlib.ExitStack())
        self.database = self.cluster.new_database()
        servers = [self.server(name, self.database) for name in "ab"]
        with ThreadPoolExecutor(2) as pool:
            for server in pool.map(lambda server: server.__enter__(), servers):
                stack.push(server)
        self.servers = servers
        self.a, self.b = (
            stack.enter_context(contextlib.closing(Client(server.address))) for server in servers
        )

    def both(self, n_threads: int, work: Any) -> list[Any]:
        """Run work(client, i) in threads, which take turns at the servers; give what they give."""

        def one(i: int) -> Any:
            with contextlib.closing(Client(self.servers[i % 2].address)) as client:
                return work(client, i)

        with ThreadPoolExecutor(n_threads) as pool:
            return list(pool.map(one, range(n_threads)))

    def test_what_one_writes_the_other_reads_at_once(self) -> None:
        for i in range(20):
            here, there = (self.a, self.b) if i % 2 else (self.b, self.a)
            made = here.post("runs/create", {"experiment_id": "0", "start_time": i})
            run_id = made["run"]["info"]["run_id"]
            there.post("runs/log-batch", batch(run_id, i, 3))
            here.post("runs/set-tag", {"run_id": run_id, "key": "from", "value": "here"})
            run = there.get(f"runs/get?run_id={run_id}")["run"]
            self.assertEqual({m["key"]: m["step"] for m in run["data"]["metrics"]},
                             {"m0": i, "m1": i, "m2": i})  # fmt: skip
            there.post("runs/delete", {"run_id": run_id})
            status, answer = here.call("runs/log-batch", batch(run_id, i + 1, 1))
            self.assertEqual((status, answer["error_code"]), (400, "INVALID_PARAMETER_VALUE"))

    def test_writers_of_both_servers_lose_nothing(self) -> None:
        run_id = self.a.post("runs/create", {"experiment_id": "0"})["run"]["info"]["run_id"]

        def log(client: Client, i: int) -> None:
            for k in range(25):
                client.post("runs/log-batch", batch(run_id, i * 25 + k, 4))
                # a new name, which both servers may meet first
                body = {"run_id": run_id, "key": f"p{k}", "value": "same"}
                client.post("runs/log-parameter", body)

        self.both(8, log)
        for client in (self.a, self.b):
            for key in ("m0", "m3"):
                self.assertEqual(sorted(client.steps(run_id, key)), list(range(200)))
            run = client.get(f"runs/get?run_id={run_id}")["run"]
            self.assertEqual(len(run["data"]["params"]), 25)
        names = self.cluster.sql("SELECT count(*), count(DISTINCT name) FROM names",
                                 self.database.rsplit("/", 1)[1])  # fmt: skip
        self.assertEqual(*names.split("|"))
        body = {"run_id": run_id, "key": "p0", "value": "other"}
        self.assertEqual(self.b.call("runs/log-parameter", body)[0], 400)

    def test_version_numbers_and_names_are_unique(self) -> None:
        self.a.post("registered-models/create", {"name": "shared"})

        def register(client: Client, i: int) -> list[str]:
            body = {"name": "shared", "source": "s3://elsewhere/model"}
            return [
                client.post("model-versions/create", body)["model_version"]["version"]
                for _ in range(10)
            ]

        numbers = [int(number) for part in self.both(6, register) for number in part]
        self.assertEqual(sorted(numbers), list(range(1, 61)))
        answers = self.both(6, lambda client, i: client.call("experiments/create", {"name": "x"}))
        codes = sorted(answer.get("error_code", "") for _, answer in answers)
        self.assertEqual(codes, [""] + ["RESOURCE_ALREADY_EXISTS"] * 5)

    def test_the_others_endpoints_follow_the_registry(self) -> None:
        _, token = self.a.send("POST", "/api/2.0/token/create", b'{"comment": "for both"}')
        self.a.token = self.b.token = token["token_value"]
        made = self.a.post("runs/create", {"experiment_id": "0"})
        run_id = made["run"]["info"]["run_id"]
        for name, content in (
            ("MLmodel", ML_MODEL.encode()),
            ("model.ubj", (MODEL / "model.ubj").read_bytes()),
        ):
            path = f"/api/2.0/mlflow-artifacts/artifacts/0/{run_id}/artifacts/model/{name}"
            self.assertEqual(self.a.send("PUT", path, content)[0], 200)
        self.a.post("registered-models/create", {"name": "golden"})
        source = f"mlflow-artifacts:/0/{run_id}/artifacts/model"
        for version in "12":
            body = {"name": "golden", "run_id": run_id, "source": source}
            self.a.post("model-versions/create", body)
            if version == "1":
                self.a.post("endpoints/enable", {"registered_model_name": "golden"})
            scores = self.wait_for_status(200, self.b, f"/model/golden/{version}/invocations")
            self.assertIn("0.02471526", scores)
        stage = {"name": "golden", "version": "1", "stage": "Archived"}
        stage |= {"archive_existing_versions": False}
        self.b.post("model-versions/transition-stage", stage)
        self.wait_for_status(404, self.a, "/model/golden/1/invocations")
        self.assertEqual(self.score(self.a, "/model/golden/2/invocations")[0], 200)

    def test_a_killed_server_leaves_the_other_working(self) -> None:
        run_id = self.a.post("runs/create", {"experiment_id": "0"})["run"]["info"]["run_id"]
        place = self.folder / "c"
        place.mkdir()
        for i in range(5):
            victim = self.server("c", self.database)
            with contextlib.suppress(Exception), victim:
                threads = [
                    threading.Thread(target=self.log_until_dead, args=(victim, run_id, t))
                    for t in range(4)
                ]
                for thread in threads:
                    thread.start()
                time.sleep(0.2)
                os.kill(victim.pid, signal.SIGKILL)
                for thread in threads:
                    thread.join()
            started = time.monotonic()
            self.b.post("runs/log-batch", batch(run_id, 10_000 + i, 10))
            self.assertLess(time.monotonic() - started, 5)
        steps = [sorted(self.b.steps(run_id, f"m{k}")) for k in range(10)]
        self.assertEqual(steps, [steps[0]] * 10)  # no half batch
        self.assertGreater(len(steps[0]), 5)

    @staticmethod
    def log_until_dead(server: LiveServer, run_id: str, thread: int) -> None:
        failures = contextlib.suppress(OSError, http.client.HTTPException)
        with contextlib.closing(Client(server.address)) as client, failures:
            for step in range(1000):
                client.post("runs/log-batch", batch(run_id, thread * 1000 + step, 10))

    def test_a_newer_schema_is_refused(self) -> None:
        name = self.database.rsplit("/", 1)[1]
        version = self.cluster.sql("SELECT version FROM schema_version", name)
        self.cluster.sql("UPDATE schema_version SET version = 999", name)
        said = self.refused(self.database)
        self.assertIn("schema version 999", said)
        self.assertIn("newer Slipway", said)
        self.cluster.sql(f"UPDATE schema_version SET version = {version}", name)

    def score(self, client: Client, path: str) -> tuple[int, Any]:
        rows = [[0.00123015337, 0.298745543, None, -1, -0.454670787]]
        return client.send("POST", path, json.dumps({"instances": rows}).encode())

    def wait_for_status(self, status: int, client: Client, path: str) -> str:
        deadline = time.monotonic() + 60
        while True:
            answer = self.score(client, path)
            if answer[0] == status:
                return str(answer[1])
            self.assertLess(time.monotonic(), deadline, answer)
            time.sleep(0.05)


class LostDatabase(Folder):
    """The cluster is durable here, and stopped as by a power cut."""

    def test_restarts_under_load(self) -> None:
        with (
            Cluster() as cluster,
            self.server("a", cluster.new_database()) as server,
            contextlib.closing(Client(server.address)) as client,
        ):
            made = client.post("runs/create", {"experiment_id": "0"})
            self.run_id = made["run"]["info"]["run_id"]
            self.kept: list[int] = []
            self.statuses: set[int] = set()
            self.messages: set[str] = set()
            stopping = threading.Event()
            threads = [
                threading.Thread(target=self.log, args=(server.address, t, stopping))
                for t in range(4)
            ]
            for thread in threads:
                thread.start()
            for mode in ("immediate", "fast", "immediate"):
                self.wait_for_more()
                cluster.stop(mode)
                self.wait_for(lambda: 503 in self.statuses)
                path = f"/api/2.0/mlflow/runs/get?run_id={self.run_id}"
                status, answer = client.send("GET", path)
                self.assertEqual((status, answer["error_code"]), (503, "TEMPORARILY_UNAVAILABLE"))
                self.statuses.clear()
                cluster.start()
            self.wait_for_more()
            stopping.set()
            for thread in threads:
                thread.join()
            self.assertLessEqual(self.statuses, {200, 503})
            self.assertTrue(any("was lost" in text for text in self.messages), self.messages)
            steps = [sorted(client.steps(self.run_id, f"m{k}")) for k in range(10)]
            self.assertEqual(steps, [steps[0]] * 10, "a half batch")
            self.assertLessEqual(set(self.kept), set(steps[0]), "an acknowledged batch is gone")

    def log(self, address: str, thread: int, stopping: threading.Event) -> None:
        step = thread * 1_000_000
        with contextlib.closing(Client(address)) as client:
            while not stopping.is_set():
                step += 1
                status, answer = client.call("runs/log-batch", batch(self.run_id, step, 10))
                self.statuses.add(status)
                if status == 200:
                    self.kept.append(step)
                else:
                    self.messages.add(answer["message"])
                    time.sleep(0.02)

    def wait_for_more(self) -> None:
        n_before = len(self.kept)
        self.wait_for(lambda: len(self.kept) > n_before + 50)

    def wait_for(self, holds: Any) -> None:
        deadline = time.monotonic() + 60
        while not holds():
            self.assertLess(time.monotonic(), deadline, self.messages)
            time.sleep(0.02)

    def test_no_message_tells_the_password(self) -> None:
        for database, wanted in (
            (f"postgresql://ann:s3cret@127.0.0.1:{free_port()}/team", "127.0.0.1"),
            ("postgresql://ann:s3cret@127.0.0.1:port/team", "postgresql://"),
            ("postgres:ann:s3cret", "postgresql://"),
        ):
            said = self.refused(database)
            self.assertIn(wanted, said)
            self.assertNotIn("s3cret", said)


if __name__ == "__main__":
    unittest.main()
