"""Models that need Python, in worker processes: MLflow's answers, and what becomes of failures."""

from __future__ import annotations

import concurrent.futures
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

import mlflow
import numpy as np
import pandas as pd
from mlflow.models import ModelSignature, infer_signature
from mlflow.pyfunc import scoring_server
from mlflow.types import Schema

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from live_server import find_slipway  # noqa: E402
from process_tree import children, runs  # noqa: E402
from python_models import (  # noqa: E402
    BROKEN,
    MOODY,
    PACKAGE,
    RAGGED,
    SCALE,
    Served,
    TELLS,
    TENSOR,
    wait_until,
    without_sets,
)


class WorkersTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.kept = tempfile.TemporaryDirectory(prefix="slipway-workers-")
        cls.folder = Path(cls.kept.name)

    @classmethod
    def tearDownClass(cls) -> None:
        cls.kept.cleanup()

    def model(self, name: str, code: str, **more: object) -> Path:
        path = self.folder / name
        if path.exists():
            return path
        source = self.folder / f"{name}.py"
        source.write_text(code)
        mlflow.pyfunc.save_model(
            path, python_model=str(source), **{"pip_requirements": [], **more}
        )
        return path

    def scale(self) -> Path:
        frame = pd.DataFrame({"x": [1.0, 2.0]})
        signature = infer_signature(frame, frame.rename(columns={"x": "y"}), {"factor": 2.0})
        return self.model("scale", SCALE, signature=signature, input_example=frame)

    def test_answers_are_those_of_mlflow(self) -> None:
        path = self.scale()
        model = mlflow.pyfunc.load_model(str(path))
        schema = model.metadata.get_input_schema()
        split = {"columns": ["x"], "data": [[1], [2.5]]}
        bodies = [
            {"dataframe_split": split},
            {"dataframe_split": split, "params": {"factor": 10.0}},
            {"dataframe_records": [{"x": 1.5, "more": "text"}]},
            {"inputs": {"x": [1.5, 2.5]}},
            {"instances": [{"x": 3.5}]},
            {"dataframe_split": {"columns": ["z"], "data": [[1]]}},
            {"inputs": {"x": ["a"]}},
            {"inputs": {"x": [1.5]}, "params": {"factor": "a"}},
            {"inputs": {"x": [1.5]}, "params": {"unknown": 1}},
            {"rows": []},
        ]
        with Served(path) as served:
            for body in bodies:
                text = json.dumps(body)
                try:
                    answer = scoring_server.invocations(text, "application/json", model, schema)
                    expected = answer.status, json.loads(answer.response)
                    self.assertEqual(served.post(body), expected, body)
                except mlflow.MlflowException as error:
                    status, said = served.post(body)
                    self.assertEqual(status, error.get_http_status_code(), body)
                    self.assertEqual(said["error_code"], error.error_code)
                    # MLflow puts what was sent before its own words, and sets in any order
                    words = said["message"].split(" Error: ")[-1]
                    self.assertIn(without_sets(words), without_sets(str(error)))
            self.assertEqual(
                served.post(b"x\n1\n2.5\n", kind="text/csv"),
                (200, {"predictions": [{"y": 2.0}, {"y": 5.0}]}),
            )
            tensors = {"inputs": [{"name": "x", "shape": [2], "datatype": "FP64", "data": [1, 2]}]}
            status, answer = served.post(tensors, "/v2/models/model/infer")
            self.assertEqual(status, 200, answer)
            self.assertEqual(answer["outputs"][0]["data"], [2.0, 4.0])
            self.assertEqual(answer["outputs"][0]["name"], "y")

    def test_a_model_gets_what_mlflow_gives_it(self) -> None:
        columns = [
            {"name": kind, "type": kind}
            for kind in ("long", "integer", "float", "double", "boolean", "string")
        ]
        schema = Schema.from_json(json.dumps(columns))
        mixed = self.model("tells", TELLS, signature=ModelSignature(schema))
        doubles = Schema.from_json(json.dumps([{"name": n, "type": "double"} for n in "ab"]))
        alike = self.model("tells-doubles", TELLS, signature=ModelSignature(doubles))
        good = {"long": 7, "integer": -3, "float": 0.1, "double": 0.1, "boolean": True}
        good["string"] = "é"
        changes = [
            {}, {"long": 2.0}, {"long": 2.5}, {"long": 2**62}, {"long": 2**63}, {"integer": 2**31},
            {"integer": None}, {"float": 16777217}, {"float": 1e300}, {"double": 3},
            {"double": None}, {"double": True}, {"double": "3"}, {"double": 2**60}, {"boolean": 1},
            {"boolean": None}, {"string": 5}, {"string": None}, {"string": ""}, {"more": [1, 2]},
            {"string": "params"},
        ]  # fmt: skip
        rows = [{**good, **change} for change in changes]
        bodies = [{"dataframe_records": [row]} for row in rows]
        bodies += [{"dataframe_records": [good, row]} for row in rows]
        for row in rows:
            split = {"columns": list(row)[::-1], "data": [list(row.values())[::-1]]}
            bodies.append({"dataframe_split": split})
        bodies.append({"dataframe_split": {**split, "index": [41]}})
        bodies.append({"dataframe_records": [{k: v for k, v in good.items() if k != "float"}]})
        bodies += [{"inputs": {k: [v] for k, v in good.items()}}, {"instances": [good]}]
        pairs = [{"dataframe_split": {"columns": ["b", "a"], "data": [[1, 2.5], [3, -0.0]]}}]
        for path, asked in ((mixed, bodies), (alike, pairs)):
            model = mlflow.pyfunc.load_model(str(path))
            schema = model.metadata.get_input_schema()
            with Served(path) as served:
                for body in asked:
                    found = served.post(body)
                    text = json.dumps(body)
                    try:
                        said = scoring_server.invocations(text, "application/json", model, schema)
                        self.assertEqual(found, (200, json.loads(said.response)), body)
                    except mlflow.MlflowException as error:
                        self.assertEqual(found[1].get("error_code"), error.error_code, body)

    def test_every_kind_of_output(self) -> None:
        path = self.model("shapes", RAGGED)
        model = mlflow.pyfunc.load_model(str(path))
        with Served(path) as served:
            for kind in ("dict", "records", "matrix", "series", "text"):
                body = {"dataframe_records": [{"kind": kind}, {"kind": kind}]}
                answer = scoring_server.invocations(
                    json.dumps(body), "application/json", model, None
                )
                self.assertEqual(served.post(body), (200, json.loads(answer.response)))

    def test_tensors(self) -> None:
        x = np.arange(12, dtype=np.float32).reshape(2, 2, 3)
        path = self.model("tensor", TENSOR, signature=infer_signature(x, x.sum(axis=2)))
        with Served(path) as served:
            status, answer = served.post({"inputs": x.tolist()})
            self.assertEqual((status, answer), (200, {"predictions": x.sum(axis=2).tolist()}))
            flat = x.reshape(-1).tolist()
            tensor = {"name": "x", "shape": [2, 2, 3], "datatype": "FP32", "data": flat}
            status, answer = served.post({"inputs": [tensor]}, "/v2/models/model/infer")
            (output,) = answer["outputs"]
            self.assertEqual((status, output["shape"]), (200, [2, 2]))
            self.assertEqual(output["data"], x.sum(axis=2).reshape(-1).tolist())

    def test_a_table_is_scored_in_batches(self) -> None:
        table = self.folder / "table.csv"
        table.write_text("x,kind\n1,matrix\n2.5,matrix\n")
        out = self.folder / "scored.csv"
        for path, columns in (
            (self.scale(), {"y": [2.0, 5.0]}),
            (self.model("shapes", RAGGED), {"prediction_0": [3.5] * 2, "prediction_1": [7.5] * 2}),
        ):
            python = ["--env-manager", "local", "--python", sys.executable]
            command = [find_slipway(None), "predict", "-m", str(path), "--data", str(table)]
            done = subprocess.run(
                [*command, "--out", str(out), *python], capture_output=True, text=True, timeout=60
            )
            self.assertEqual(done.returncode, 0, done.stderr)
            scored = pd.read_csv(out)
            self.assertEqual(list(scored["x"]), [1.0, 2.5])
            for name, values in columns.items():
                self.assertEqual(list(scored[name]), values)

    def test_an_error_of_the_model_leaves_its_worker(self) -> None:
        with Served(self.model("moody", MOODY)) as served:
            before = served.worker()
            status, answer = served.do("raise")
            self.assertEqual(status, 400)  # as MLflow's server has it
            self.assertIn("ValueError: nothing to say", answer["message"])
            self.assertEqual(served.do("hello"), (200, {"predictions": ["hello"]}))
            self.assertEqual(served.do("close"), (200, {"predictions": ["close"]}))
            self.assertEqual(served.worker(), before)
            self.assertIn("asked for hello", served.text())

    def test_crash_deadline_and_memory(self) -> None:
        limits = ("--model-timeout", "5", "--model-memory", "1500")
        with Served(self.model("moody", MOODY), *limits) as served:
            failures = (
                ("exit", 500, "ended (exit code 3)"),
                ("hang", 504, "no answer within 5000 ms"),
                ("eat", 500, "out of memory: its worker may use 1500 MB"),
            )
            for number, (what, expected_status, words) in enumerate(failures, 1):
                (before,) = children(served.process.pid)
                status, answer = served.do(what)
                self.assertEqual(status, expected_status, answer)
                self.assertIn(words, answer["message"])
                self.assertTrue(wait_until(lambda: not runs(before)))  # noqa: B023
                self.assertTrue(served.wait_for_starts(number + 1), served.text())
                self.assertEqual(served.do("hello"), (200, {"predictions": ["hello"]}))
            log = served.text()
        for event in ("crashed", "deadline", "out_of_memory"):
            self.assertIn(f"worker of model: {event}: ", log)

    def test_a_model_that_does_not_load_is_refused_with_its_own_words(self) -> None:
        path = self.model("import", SCALE)
        (path / "import.py").write_text(BROKEN)
        done = subprocess.run(Served(path).command, capture_output=True, text=True, timeout=60)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("No module named 'a_module_that_is_not_there'", done.stderr.splitlines()[-1])

    def test_an_environment_that_cannot_be_built_says_why(self) -> None:
        path = self.model("wants", SCALE)
        (path / "requirements.txt").write_text("./not-there-at-all\n")
        (path / "python_env.yaml").write_text("dependencies: [-r requirements.txt]\n")
        command = [*Served(path).command, "--env-manager", "virtualenv"]
        cache = {**os.environ, "XDG_CACHE_HOME": str(self.folder / "cache")}
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, env=cache)
        self.assertNotEqual(done.returncode, 0)
        last = done.stderr.splitlines()[-1]
        self.assertIn("environment could not be built (exit code 1)", last)
        self.assertIn("not-there-at-all", last)

    def test_an_environment_is_built_once(self) -> None:
        path = self.model("bare", SCALE)
        package = self.folder / "package"
        package.mkdir()
        (package / "setup.py").write_text(PACKAGE)
        (package / "tiny_slipway_test.py").write_text("")
        (path / "requirements.txt").write_text(f"{package}\n")
        (path / "python_env.yaml").write_text("dependencies: [-r requirements.txt]\n")
        cache = {**os.environ, "XDG_CACHE_HOME": str(self.folder / "cache-once")}
        command = [*Served(path).command, "--env-manager", "virtualenv"]
        started = [
            subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=cache)
            for _ in range(3)
        ]
        said = [one.communicate(timeout=240)[1] for one in started]
        for text in said:  # each got an environment, which has no MLflow
            self.assertIn("No module named 'mlflow'", text.splitlines()[-1])
        self.assertEqual(sum(text.count("environment: building") for text in said), 1, said)

    def test_no_python_refuses(self) -> None:
        for path in (self.scale(), self.unknown_estimator()):
            command = [*Served(path).command, "--no-python"]
            done = subprocess.run(command, capture_output=True, text=True, timeout=30)
            self.assertNotEqual(done.returncode, 0)
            self.assertIn("leave out --no-python", done.stderr)

    def unknown_estimator(self) -> Path:
        from sklearn.gaussian_process import GaussianProcessRegressor

        path = self.folder / "process"
        if not path.exists():
            x = np.arange(6.0).reshape(-1, 1)
            model = GaussianProcessRegressor().fit(x, np.sin(x[:, 0]))
            mlflow.sklearn.save_model(
                model, path, serialization_format="cloudpickle", pip_requirements=[]
            )
        return path

    def test_an_estimator_that_we_do_not_evaluate(self) -> None:
        path = self.unknown_estimator()
        expected = mlflow.pyfunc.load_model(str(path)).predict(np.array([[2.5]]))
        with Served(path) as served:
            status, answer = served.post({"inputs": [[2.5]]})
        self.assertEqual((status, answer), (200, {"predictions": list(expected)}))

    def test_killed_under_load(self) -> None:
        flags = ("--model-processes", "2")
        with (
            Served(self.model("moody", MOODY), *flags) as served,
            concurrent.futures.ThreadPoolExecutor(4) as clients,
        ):
            self.assertTrue(served.wait_for_starts(2))
            for _ in range(3):
                victim = served.worker_of_two()
                asked = [clients.submit(served.do, "slow") for _ in range(8)]
                time.sleep(0.1)
                os.kill(victim, signal.SIGKILL)
                outcomes = [one.result() for one in asked]
                failed = [answer for status, answer in outcomes if status != 200]
                self.assertLessEqual(len(failed), 1, failed)  # the one that the victim had
                for answer in failed:
                    self.assertIn("signal 9 (Killed)", answer["message"])
                self.assertEqual(served.do("hello")[0], 200)
                self.assertTrue(
                    wait_until(lambda: len(children(served.process.pid)) == 2), served.text()
                )

    def test_nothing_is_left_of_a_server_that_is_killed(self) -> None:
        with Served(self.model("moody", MOODY)) as served:
            worker = served.worker()
            served.process.kill()
            served.process.wait(30)
            self.assertTrue(wait_until(lambda: not runs(worker), 5))

    def test_requests_that_wait_are_scored_together(self) -> None:
        frame = pd.DataFrame({"x": [1.0]})
        code = SCALE.replace("factor = ", "__import__('time').sleep(0.2); factor = ")
        path = self.model("slow", code, signature=infer_signature(frame, frame))

        def ask(number: int) -> tuple:
            return served.post({"inputs": {"x": [float(number)] * (1 + number % 3)}})

        with (
            Served(path, "--model-batch", "16") as served,
            concurrent.futures.ThreadPoolExecutor(12) as clients,
        ):
            begin = time.monotonic()
            bad = clients.submit(served.post, {"inputs": {"z": [1.0]}})
            answers = list(clients.map(ask, range(36)))
            seconds = time.monotonic() - begin
            self.assertEqual(bad.result()[0], 400)
        for number, answer in enumerate(answers):
            rows = [{"y": 2.0 * number}] * (1 + number % 3)
            self.assertEqual(answer, (200, {"predictions": rows}))
        self.assertLess(seconds, 36 * 0.2 / 2)  # one by one it takes 7.2 s


if __name__ == "__main__":
    unittest.main()
