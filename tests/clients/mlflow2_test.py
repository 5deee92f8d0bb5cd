"""MLflow's client 2.22.5, by Python from .deps/mlflow2: models lie in their runs."""

from __future__ import annotations

import json
import math
import os
import unittest

from shared_server import ClientTest, small_classifier


class Mlflow2Test(ClientTest):
    def test_it_is_the_old_client(self) -> None:
        import mlflow

        self.assertEqual(mlflow.__version__, "2.22.5")

    def test_runs(self) -> None:
        import mlflow

        experiment_id = self.experiment("mlflow 2")
        with mlflow.start_run(run_name="first", tags={"team": "a"}) as run:
            mlflow.log_params({f"p{i}": i for i in range(120)})
            mlflow.log_metrics({f"m{i}": i for i in range(30)})
            for step in range(5):
                mlflow.log_metric("loss", math.inf if step == 3 else 1 / (step + 1), step=step)
            mlflow.log_text("hello", "notes/hello.txt")
            mlflow.log_dict({"a": 1}, "notes/a.json")
            mlflow.log_table({"x": [1, 2]}, "table.json")
            mlflow.log_metric("later", 2, synchronous=False)
            mlflow.flush_async_logging()
            with mlflow.start_run(nested=True, run_name="child"):
                mlflow.log_metric("loss", 9)
        client = mlflow.MlflowClient()
        back = client.get_run(run.info.run_id)
        self.assertEqual((back.info.status, back.data.metrics["later"]), ("FINISHED", 2))
        self.assertEqual((len(back.data.params), back.data.tags["team"]), (120, "a"))
        history = client.get_metric_history(run.info.run_id, "loss")
        self.assertEqual([p.step for p in history], [0, 1, 2, 3, 4])
        self.assertEqual(
            [f.path for f in client.list_artifacts(run.info.run_id)], ["notes", "table.json"]
        )
        self.assertEqual(
            mlflow.artifacts.load_text(f"runs:/{run.info.run_id}/notes/hello.txt"), "hello"
        )
        self.assertEqual(list(mlflow.load_table("table.json", [run.info.run_id])["x"]), [1, 2])
        frame = mlflow.search_runs([experiment_id], "metrics.m3 = 3 and params.`p7` = '7'")
        self.assertEqual(list(frame["tags.mlflow.runName"]), ["first"])
        children = client.search_runs(
            [experiment_id], f"tags.mlflow.parentRunId = '{run.info.run_id}'"
        )
        self.assertEqual([r.info.run_name for r in children], ["child"])
        client.delete_run(run.info.run_id)
        self.assertEqual(len(client.search_runs([experiment_id])), 1)
        client.restore_run(run.info.run_id)
        with self.assertRaisesRegex(mlflow.exceptions.MlflowException, "Changing param values"):
            client.log_param(run.info.run_id, "p1", "other")

    def test_datasets(self) -> None:
        import mlflow
        import pandas

        experiment_id = self.experiment("mlflow 2 data")
        frame = pandas.DataFrame({"x": [1.0, 2.0]})
        with mlflow.start_run() as run:
            mlflow.log_input(mlflow.data.from_pandas(frame, name="two"), context="train")
        inputs = mlflow.get_run(run.info.run_id).inputs.dataset_inputs
        self.assertEqual([i.dataset.name for i in inputs], ["two"])
        self.assertEqual(len(mlflow.search_runs([experiment_id], "dataset.name = 'two'")), 1)

    def test_a_model_and_the_registry(self) -> None:
        import mlflow

        self.experiment("mlflow 2 models")
        name = f"two {os.urandom(4).hex()}"
        x, model = small_classifier()
        with mlflow.start_run() as run:
            info = mlflow.sklearn.log_model(
                model,
                artifact_path="model",
                registered_model_name=name,
                input_example=x[:2],
                pip_requirements=["scikit-learn"],
            )
        run_id = run.info.run_id
        self.assertEqual(info.model_uri, f"runs:/{run_id}/model")
        client = mlflow.MlflowClient()
        history = json.loads(client.get_run(run_id).data.tags["mlflow.log-model.history"])
        self.assertEqual([m["artifact_path"] for m in history], ["model"])
        self.assertIn("model/MLmodel", {f.path for f in client.list_artifacts(run_id, "model")})
        version = client.get_model_version(name, "1")
        self.assertEqual((version.run_id, version.status), (run_id, "READY"))
        self.assertEqual(mlflow.register_model(info.model_uri, name).version, "2")
        client.transition_model_version_stage(name, "1", "Production")
        client.transition_model_version_stage(
            name, "2", "Production", archive_existing_versions=True
        )
        client.set_registered_model_alias(name, "champion", "1")
        stages = {
            v.version: v.current_stage for v in client.search_model_versions(f"name='{name}'")
        }
        self.assertEqual(stages, {"1": "Archived", "2": "Production"})
        addresses = [info.model_uri, f"models:/{name}/1", f"models:/{name}@champion"]
        addresses += [f"models:/{name}/Production", f"models:/{name}/latest"]
        for address in addresses:
            loaded = mlflow.pyfunc.load_model(address)
            self.assertEqual(list(loaded.predict(x)), list(model.predict(x)), address)
        client.rename_registered_model(name, name + " renamed")
        client.delete_model_version(name + " renamed", "2")
        found = client.search_registered_models(f"name = '{name} renamed'")
        self.assertEqual([v.version for v in found[0].latest_versions], ["1"])
        client.delete_registered_model(name + " renamed")

    def test_autologging(self) -> None:
        import mlflow
        import numpy
        from sklearn.linear_model import LinearRegression

        experiment_id = self.experiment("mlflow 2 autolog")
        mlflow.sklearn.autolog(log_models=False)
        x = numpy.arange(20.0).reshape(10, 2)
        LinearRegression().fit(x, x[:, 0])
        runs = mlflow.MlflowClient().search_runs([experiment_id])
        self.assertEqual(runs[0].data.params["fit_intercept"], "True")
        self.assertIn("training_r2_score", runs[0].data.metrics)
        mlflow.sklearn.autolog(disable=True)


if __name__ == "__main__":
    unittest.main()
