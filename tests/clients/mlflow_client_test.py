"""The unmodified MLflow client (3.17.2) against a real server: log, find, register, load.

Run by Python from .deps/python. $SLIPWAY names the program.
"""

from __future__ import annotations

import os
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from live_server import LiveServer, find_slipway  # noqa: E402


class MlflowClientTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.folder = tempfile.TemporaryDirectory(prefix="slipway-client-")
        cls.server = LiveServer(find_slipway(None), Path(cls.folder.name), [])
        cls.server.__enter__()
        os.environ["MLFLOW_TRACKING_URI"] = cls.server.address
        os.environ["MLFLOW_HTTP_REQUEST_MAX_RETRIES"] = "1"
        import mlflow

        mlflow.set_tracking_uri(cls.server.address)

    @classmethod
    def tearDownClass(cls) -> None:
        cls.server.__exit__(None, None, None)
        cls.folder.cleanup()

    def test_a_run_with_everything(self) -> None:
        import mlflow
        from mlflow import MlflowClient

        mlflow.set_experiment("everything")
        with mlflow.start_run(run_name="first") as run:
            mlflow.log_param("depth", 6)
            mlflow.log_params({f"p{i}": i for i in range(150)})
            for step in range(20):
                mlflow.log_metric("loss", 1 / (step + 1), step=step)
            mlflow.log_metrics({f"m{i}": i / 7 for i in range(1200)})
            mlflow.set_tags({"team": "a", "note": "é"})
            mlflow.log_text("hello", "notes/hello.txt")
            mlflow.log_dict({"a": [1, 2]}, "notes/a.json")
            with mlflow.start_run(nested=True, run_name="child"):
                mlflow.log_metric("loss", 0.5)
        client = MlflowClient()
        back = client.get_run(run.info.run_id)
        self.assertEqual(back.info.status, "FINISHED")
        self.assertEqual(back.data.params["depth"], "6")
        self.assertEqual(len(back.data.params), 151)
        self.assertEqual(back.data.metrics["loss"], 1 / 20)
        self.assertEqual(len(back.data.metrics), 1201)
        self.assertEqual(back.data.tags["note"], "é")
        history = client.get_metric_history(run.info.run_id, "loss")
        self.assertEqual([p.value for p in history], [1 / (s + 1) for s in range(20)])
        names = {f.path for f in client.list_artifacts(run.info.run_id, "notes")}
        self.assertEqual(names, {"notes/hello.txt", "notes/a.json"})
        text = mlflow.artifacts.load_text(f"{back.info.artifact_uri}/notes/hello.txt")
        self.assertEqual(text, "hello")
        found = mlflow.search_runs(
            experiment_names=["everything"],
            filter_string="metrics.loss < 0.1 and params.depth = '6' and tags.team = 'a'",
            order_by=["metrics.loss DESC"],
        )
        self.assertEqual(list(found["run_id"]), [run.info.run_id])
        with self.assertRaisesRegex(mlflow.exceptions.MlflowException, "Changing param values"):
            client.log_param(run.info.run_id, "depth", 7)

    def test_deleting_and_restoring(self) -> None:
        import mlflow
        from mlflow import MlflowClient

        client = MlflowClient()
        experiment_id = client.create_experiment("short-lived")
        run = client.create_run(experiment_id)
        client.delete_run(run.info.run_id)
        self.assertEqual(client.search_runs([experiment_id]), [])
        client.restore_run(run.info.run_id)
        self.assertEqual(len(client.search_runs([experiment_id])), 1)
        client.delete_experiment(experiment_id)
        self.assertEqual(client.get_experiment(experiment_id).lifecycle_stage, "deleted")
        with self.assertRaises(mlflow.exceptions.MlflowException):
            client.create_run(experiment_id)
        client.restore_experiment(experiment_id)
        client.create_run(experiment_id)

    def test_a_scikit_learn_model_through_the_registry(self) -> None:
        import mlflow
        import numpy
        from mlflow import MlflowClient
        from sklearn.linear_model import LogisticRegression

        mlflow.set_experiment("models")
        x = numpy.arange(40.0).reshape(20, 2)
        y = (x[:, 0] > 20).astype(int)
        model = LogisticRegression().fit(x, y)
        with mlflow.start_run():
            logged = mlflow.sklearn.log_model(
                model, name="model", registered_model_name="sk", input_example=x[:2]
            )
        client = MlflowClient()
        version = client.get_model_version("sk", "1")
        self.assertEqual(version.status, "READY")
        client.set_registered_model_alias("sk", "champion", "1")
        client.transition_model_version_stage("sk", "1", "Production")
        by_name = ["models:/sk/1", "models:/sk@champion", "models:/sk/Production"]
        for uri in [*by_name, logged.model_uri]:
            loaded = mlflow.pyfunc.load_model(uri)
            self.assertEqual(list(loaded.predict(x)), list(model.predict(x)))
        self.assertEqual([m.name for m in client.search_registered_models("name = 'sk'")], ["sk"])
        self.assertEqual(len(mlflow.search_logged_models(output_format="list")), 1)

    def test_an_xgboost_model_is_served_from_its_own_file(self) -> None:
        import json
        import urllib.request

        import mlflow
        import numpy
        import xgboost

        mlflow.set_experiment("xgboost")
        rng = numpy.random.default_rng(0)
        x = rng.normal(size=(300, 4)).astype("float32")
        y = (x[:, 0] + x[:, 1] ** 2 > 0.5).astype(int)
        booster = xgboost.train(
            {"objective": "binary:logistic", "max_depth": 4}, xgboost.DMatrix(x, y), 12
        )
        with mlflow.start_run():
            mlflow.xgboost.log_model(
                booster, name="model", registered_model_name="xgb", input_example=x[:2]
            )
        call = self.call
        token = call("/api/2.0/token/create", {})["token_value"]
        endpoint = call("/api/2.0/mlflow/endpoints/enable", {"registered_model_name": "xgb"})
        states = [v["state"] for v in endpoint["endpoint"]["versions"]]
        self.assertEqual(states, ["READY"], endpoint)
        body = json.dumps({"inputs": x.tolist()}).encode()
        request = urllib.request.Request(
            self.server.address + "/model/xgb/1/invocations",
            body,
            {"Content-Type": "application/json", "Authorization": f"Bearer {token}"},
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            scores = json.load(answer)["predictions"]
        expected = booster.predict(xgboost.DMatrix(x))
        got = [s if isinstance(s, float) else next(iter(s.values())) for s in scores]
        self.assertEqual([numpy.float32(s) for s in got], list(expected))

    def call(self, path: str, body: dict) -> dict:
        import json
        import urllib.request

        request = urllib.request.Request(
            self.server.address + path,
            json.dumps(body).encode(),
            {"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)


if __name__ == "__main__":
    unittest.main()
