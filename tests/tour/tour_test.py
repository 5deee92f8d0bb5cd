"""The whole tour on the real data, and what others see of it: MLflow's client, XGBoost, Chromium.

Run by Python from .deps/python (mlflow 3.17.2, xgboost). $SLIPWAY names the program.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import unittest
import urllib.error
import urllib.request
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from browser import page_text, screenshot  # noqa: E402
from live_server import clean_environment, find_slipway  # noqa: E402

TOUR_LIMIT_S = 600
N_TRIALS = 24


def processes_with(text: str) -> list[str]:
    """Command lines of all processes that have `text` in theirs."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            except OSError:
                continue
            if text in line:
                found.append(line)
    return found


class TourTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.slipway = find_slipway(None)
        cls.folder = Path(tempfile.mkdtemp(prefix="slipway-tour-test-"))
        cls.work = cls.folder / "work"
        cls.process = subprocess.Popen(
            [cls.slipway, "tour", "--json", "--keep", "--dir", cls.work],
            stdout=subprocess.PIPE,
            text=True,
            env=clean_environment(cls.folder),
        )
        text = ""
        for line in cls.process.stdout:
            text += line
            if line.rstrip() == "}":
                break
        try:
            cls.results = json.loads(text)
        except json.JSONDecodeError as error:
            raise AssertionError(f"the tour printed no results but: {text}") from error
        cls.steps = {step["name"]: step for step in cls.results["steps"]}
        cls.address = cls.results["address"]
        os.environ["MLFLOW_TRACKING_URI"] = cls.address
        os.environ["MLFLOW_REGISTRY_URI"] = cls.address

    @classmethod
    def tearDownClass(cls) -> None:
        cls.process.send_signal(signal.SIGINT)
        code = cls.process.wait(60)
        cls.process.stdout.close()
        left = processes_with(str(cls.work))
        subprocess.run(["rm", "-rf", cls.folder], check=True)
        if code != 0 or left:
            raise AssertionError(f"after Ctrl-C: exit code {code}, still running: {left}")

    def test_numbers(self) -> None:
        self.assertEqual(self.steps["load"]["rows"]["flights.csv.zip"], 336_776)
        self.assertGreaterEqual(self.results["test_auc"], 0.795)
        self.assertGreater(
            self.results["tuned_validation_auc"], self.results["untuned_validation_auc"]
        )
        logistic = self.steps["train"]["logistic"]["metrics"]["test_auc"]
        xgboost = self.steps["train"]["xgboost"]["metrics"]["test_auc"]
        self.assertGreater(logistic, 0.69)
        self.assertGreater(xgboost, 0.78)
        print(f"test AUC: logistic {logistic:.4f}, xgboost {xgboost:.4f}, tuned "
              f"{self.results['test_auc']:.4f}; {self.results['seconds']:.0f} s", file=sys.stderr)

    def test_parts_of_the_split(self) -> None:
        parts = {p["name"]: p["rows"] for p in self.steps["prepare"]["summary"]["parts"]}
        self.assertEqual(sum(parts.values()), 327_346)  # flights that arrived
        self.assertAlmostEqual(parts["train"] / 327_346, 0.6, places=4)

    def test_trials_are_child_runs(self) -> None:
        from mlflow import MlflowClient

        client = MlflowClient()
        experiment = client.get_experiment_by_name("flights")
        parent = self.steps["tune"]["study"]["refit"]["run_id"]
        children = client.search_runs(
            [experiment.experiment_id], f"tags.mlflow.parentRunId = '{parent}'"
        )
        self.assertEqual(len(children), N_TRIALS)
        for child in children:
            self.assertEqual(child.info.status, "FINISHED")
            self.assertIn("max_depth", child.data.params)
            self.assertIn("validation_auc", child.data.metrics)

    def test_metric_histories(self) -> None:
        from mlflow import MlflowClient

        client = MlflowClient()
        run_id = self.steps["train"]["xgboost"]["run_id"]
        history = client.get_metric_history(run_id, "validation-auc")
        self.assertEqual([p.step for p in history], list(range(1, len(history) + 1)))
        self.assertGreaterEqual(len(history), 50)
        run = client.get_run(run_id)
        self.assertEqual(
            sorted(i.tags[0].value for i in run.inputs.dataset_inputs),
            ["testing", "training", "validation"],
        )
        names = {f.path for f in client.list_artifacts(run_id, "plots")}
        self.assertIn("plots/roc_curve.svg", names)
        self.assertTrue(any("importance" in n for n in names), names)
        self.assertTrue(any("confusion" in n for n in names), names)

    def test_registry(self) -> None:
        from mlflow import MlflowClient

        client = MlflowClient()
        versions = client.search_model_versions("name='flight_delay'")
        stages = {str(v.version): v.current_stage for v in versions}
        self.assertEqual(stages, {"1": "Archived", "2": "Production"})

    def scored_by_endpoint(self, rows) -> list[float]:
        token = self.post("/api/2.0/token/create", {"comment": "test"})["token_value"]
        body = {"dataframe_split": json.loads(rows.to_json(orient="split", index=False))}
        answer = self.post("/model/flight_delay/Production/invocations", body, token)
        return [p["score"] for p in answer["predictions"]]

    def post(self, path: str, body: dict, token: str = "") -> dict:
        headers = {"Content-Type": "application/json"}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        request = urllib.request.Request(
            self.address + path, json.dumps(body).encode(), headers, method="POST"
        )
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)

    def test_pyfunc_predicts_what_the_endpoint_does(self) -> None:
        import mlflow.pyfunc
        import pandas

        model = mlflow.pyfunc.load_model("models:/flight_delay/Production")
        rows = pandas.read_parquet(self.work / "prepared/test.parquet").head(2000)
        rows = rows.drop(columns=["late"])
        local = model.predict(rows)["score"].to_numpy()
        remote = self.scored_by_endpoint(rows)
        self.assertEqual(len(local), len(remote))
        self.assertLess(max(abs(a - b) for a, b in zip(local, remote)), 1e-6)

    def test_our_evaluator_equals_xgboost_to_the_bit(self) -> None:
        import mlflow.pyfunc
        import numpy
        import pandas

        model = mlflow.pyfunc.load_model("models:/flight_delay/Production")
        rows = pandas.read_parquet(self.work / "prepared/test.parquet")
        library = model.predict(rows.drop(columns=["late"]))["score"].to_numpy()
        ours = pandas.read_parquet(self.work / "predictions.parquet")["score"].to_numpy()
        self.assertEqual(len(ours), len(rows))
        as_bits = lambda a: a.astype(numpy.float32).view(numpy.uint32)  # noqa: E731
        self.assertEqual(int((as_bits(library) != as_bits(ours)).sum()), 0)
        self.assertTrue(rows.isna().any().any(), "the rows have missing values")

    def test_scoring_needs_a_token_and_says_what_is_wrong(self) -> None:
        path = "/model/flight_delay/Production/invocations"
        for body, token, status, message in [
            ({"instances": [{}]}, "", 401, "token"),
            ({"instances": [{}]}, "wrong", 401, ""),
            ({"instances": [{"month": "May"}]}, None, 400, "month"),
            ({"instances": [{"month": 5}]}, None, 400, "missing"),
        ]:
            if token is None:
                token = self.post("/api/2.0/token/create", {})["token_value"]
            with self.assertRaises(urllib.error.HTTPError) as raised:
                self.post(path, body, token)
            with raised.exception as answer:
                self.assertEqual(answer.code, status)
                text = json.load(answer)["message"]
            self.assertIn(message, text)

    def test_page_in_chromium(self) -> None:
        experiment = self.steps["train"]["xgboost"]["experiment_id"]
        text = page_text(f"{self.address}/#/experiments/{experiment}")
        self.assertIn("xgboost", text)
        self.assertIn("logistic", text)
        self.assertIn("tuning", text)
        models = page_text(f"{self.address}/#/models/flight_delay")
        self.assertIn("Production", models)
        self.assertIn("Archived", models)
        picture = self.folder / "run.png"
        run_id = self.steps["tune"]["study"]["refit"]["run_id"]
        screenshot(f"{self.address}/#/experiments/{experiment}/runs/{run_id}", picture)
        self.assertGreater(picture.stat().st_size, 20_000)
        kept = os.environ.get("SLIPWAY_SCREENSHOTS")
        if kept:
            Path(kept).mkdir(parents=True, exist_ok=True)
            picture.rename(Path(kept) / "run.png")
            screenshot(f"{self.address}/#/experiments/{experiment}", Path(kept) / "runs.png")
            screenshot(f"{self.address}/#/models/flight_delay", Path(kept) / "model.png")

    def test_secret_values_are_not_in_the_store(self) -> None:
        token = self.post("/api/2.0/token/create", {})["token_value"]
        self.assertTrue(re.fullmatch(r"dapi[0-9a-f]{64}", token), token)
        for file in (self.work / "workspace").glob("slipway.db*"):
            self.assertNotIn(token[4:].encode(), file.read_bytes())


if __name__ == "__main__":
    unittest.main()
