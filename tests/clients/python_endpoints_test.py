"""Registered models that need Python behind a server's endpoints: deployed, swapped, restarted."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import urllib.error
import urllib.request
from pathlib import Path

import mlflow

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from live_server import LiveServer, find_slipway  # noqa: E402
from process_tree import children, runs  # noqa: E402

CODE = """
import os

import mlflow

class Says(mlflow.pyfunc.PythonModel):
    def predict(self, context, model_input, params=None):
        word = model_input["say"].iloc[0]
        if word == "secret":
            return [os.environ.get("AWS_SECRET_ACCESS_KEY", "none"), os.environ.get("PATH", "")]
        if word == "print":
            print("a line of the model", flush=True)
        return ["WORD"] * len(model_input)

mlflow.models.set_model(Says())
"""


class PythonEndpointsTest(unittest.TestCase):
    def setUp(self) -> None:
        kept = tempfile.TemporaryDirectory(prefix="slipway-python-endpoints-")
        self.addCleanup(kept.cleanup)
        self.folder = Path(kept.name)

    def start(self, *flags: str) -> LiveServer:
        server = LiveServer(
            find_slipway(None),
            self.folder,
            ["--python", sys.executable, *flags],
            {"AWS_SECRET_ACCESS_KEY": "hush", "PYTHONPATH": os.environ.get("PYTHONPATH", "")},
        )
        running = contextlib.ExitStack()
        self.stop = running.close
        self.addCleanup(running.close)
        running.enter_context(server)
        mlflow.set_tracking_uri(server.address)
        done = subprocess.run(
            [find_slipway(None), "tokens", "create", "--server", server.address],
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        self.token = done.stdout.split()[0]
        self.client = mlflow.MlflowClient()
        return server

    def call(self, path: str, body: object = None) -> tuple:
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(mlflow.get_tracking_uri() + path, data, headers)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.load(error)

    def say(self, place: str, word: str = "hello") -> tuple:
        body = {"dataframe_records": [{"say": word}, {"say": word}]}
        return self.call(f"/model/parrot/{place}/invocations", body)

    def register(self, word: str) -> str:
        source = self.folder / f"{word}.py"
        source.write_text(CODE.replace("WORD", word))
        with mlflow.start_run():
            logged = mlflow.pyfunc.log_model(
                name="model", python_model=str(source), pip_requirements=[]
            )
        return mlflow.register_model(logged.model_uri, "parrot").version

    def versions(self) -> dict[str, dict]:
        path = "/api/2.0/mlflow/endpoints/get?registered_model_name=parrot"
        status, answer = self.call(path)
        self.assertEqual(status, 200, answer)
        return {one["version"]: one for one in answer["endpoint"]["versions"]}

    def enable(self) -> None:
        body = {"registered_model_name": "parrot"}
        self.assertEqual(self.call("/api/2.0/mlflow/endpoints/enable", body)[0], 200)

    def wait_for(self, version: str, state: str = "READY") -> dict:
        end = time.monotonic() + 60
        while time.monotonic() < end:
            found = self.versions().get(version, {})
            if found.get("state") == state:
                return found
            time.sleep(0.05)
        self.fail(f"version {version} is not {state}: {self.versions()}")

    def wait_until_gone(self, pid: int) -> None:
        end = time.monotonic() + 10
        while runs(pid) and time.monotonic() < end:
            time.sleep(0.02)
        self.assertFalse(runs(pid))

    def wait_for_workers(self, server: LiveServer, count: int) -> list[int]:
        end = time.monotonic() + 10
        while len(children(server.pid)) != count and time.monotonic() < end:
            time.sleep(0.02)
        found = children(server.pid)
        self.assertEqual(len(found), count)
        return found

    def test_refused_until_the_administrator_says_so(self) -> None:
        self.start()
        version = self.register("polly")
        self.enable()
        self.assertIn("--python-models", self.wait_for(version, "FAILED")["message"])
        status, answer = self.say(version)
        self.assertEqual(status, 503)
        self.assertIn("only where its administrator says so", answer["message"])

    def test_deployed_swapped_and_gone(self) -> None:
        server = self.start("--python-models", "local")
        first = self.register("polly")
        self.client.transition_model_version_stage("parrot", first, "Production")
        self.client.set_registered_model_alias("parrot", "best", first)
        self.enable()
        self.wait_for(first)
        self.assertEqual(self.say("Production"), (200, {"predictions": ["polly", "polly"]}))
        self.assertEqual(self.say(first, "secret")[1]["predictions"][0], "none")
        self.say(first, "print")
        (log,) = (self.folder / "data/worker-logs").iterdir()
        self.assertIn("a line of the model", log.read_text())

        answers: list[tuple] = []
        stop = threading.Event()

        def keep_asking() -> None:
            while not stop.is_set():
                answers.append(self.say("Production"))
                answers.append(self.say("best"))

        asking = threading.Thread(target=keep_asking)
        asking.start()
        second = self.register("jack")
        self.client.transition_model_version_stage(
            "parrot", second, "Production", archive_existing_versions=True
        )
        self.client.set_registered_model_alias("parrot", "best", second)
        self.wait_for(second)
        time.sleep(0.3)
        stop.set()
        asking.join()
        failed = [answer for answer in answers if answer[0] != 200]
        self.assertEqual(failed, [])
        words = [answer["predictions"][0] for _, answer in answers]
        self.assertEqual((words[0], words[-1]), ("polly", "jack"))
        self.assertEqual(self.say(first)[0], 404)
        (worker,) = self.wait_for_workers(server, 1)
        os.kill(worker, signal.SIGKILL)
        while "crashed: the worker process ended (signal 9" not in server.last_errors():
            time.sleep(0.02)
        self.assertEqual(self.say(second), (200, {"predictions": ["jack", "jack"]}))
        self.call("/api/2.0/mlflow/endpoints/disable", {"registered_model_name": "parrot"})
        self.wait_for_workers(server, 0)

    def test_a_server_stops_while_a_worker_starts(self) -> None:
        server = self.start("--python-models", "local")
        version = self.register("polly")
        self.enable()
        self.wait_for(version, "LOADING")
        self.assertEqual(self.say(version)[0], 503)
        (worker,) = self.wait_for_workers(server, 1)
        begin = time.monotonic()
        self.stop()
        self.assertLess(time.monotonic() - begin, 5)
        self.wait_until_gone(worker)


if __name__ == "__main__":
    unittest.main()
