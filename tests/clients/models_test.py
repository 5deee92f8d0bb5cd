"""Models through MLflow's client 3.17.2: logged, registered, loaded by every address."""

from __future__ import annotations

import json
import os
import unittest
import urllib.error
import urllib.request

from shared_server import ClientTest, small_classifier


class ModelsTest(ClientTest):
    def test_a_scikit_learn_model_by_every_address(self) -> None:
        import mlflow

        self.experiment("models")
        name = f"sk {os.urandom(4).hex()}"
        x, model = small_classifier()
        with mlflow.start_run() as run:
            logged = mlflow.sklearn.log_model(
                model,
                name="model",
                registered_model_name=name,
                input_example=x[:2],
                pip_requirements=["scikit-learn"],
            )
        client = mlflow.MlflowClient()
        self.assertEqual(client.get_model_version(name, "1").status, "READY")
        client.set_registered_model_alias(name, "champion", "1")
        client.transition_model_version_stage(name, "1", "Staging")
        addresses = [f"models:/{name}/1", f"models:/{name}@champion", f"models:/{name}/Staging"]
        addresses += [f"models:/{name}/latest", f"models:/{logged.model_id}", logged.model_uri]
        addresses += [f"runs:/{run.info.run_id}/model"]
        for address in addresses:
            loaded = mlflow.pyfunc.load_model(address)
            self.assertEqual(list(loaded.predict(x)), list(model.predict(x)), address)
        same = mlflow.sklearn.load_model(addresses[0])
        self.assertTrue((same.coef_ == model.coef_).all())
        self.assertEqual(
            mlflow.models.get_model_info(addresses[1]).signature.inputs.input_types()[0].name,
            "float64",
        )
        again = mlflow.register_model(
            f"runs:/{run.info.run_id}/model", name, tags={"how": "by run"}
        )
        self.assertEqual((again.version, again.tags), ("2", {"how": "by run"}))
        by_model = mlflow.register_model(logged.model_uri, name)
        self.assertEqual(by_model.version, "3")
        with self.assertRaisesRegex(mlflow.exceptions.MlflowException, "not found"):
            mlflow.pyfunc.load_model(f"models:/{name}/9")
        with self.assertRaisesRegex(mlflow.exceptions.MlflowException, "alias"):
            mlflow.pyfunc.load_model(f"models:/{name}@nobody")

    def test_logged_models_and_how_they_are_found(self) -> None:
        import mlflow
        import pandas

        experiment_id = self.experiment("logged models")

        class Doubles(mlflow.pyfunc.PythonModel):
            def predict(self, context, model_input, params=None):
                return model_input * 2

        frame = pandas.DataFrame({"x": [1.0, 2.0]})
        dataset = mlflow.data.from_pandas(frame, name="two")
        with mlflow.start_run() as run:
            for i in range(4):
                info = mlflow.pyfunc.log_model(
                    name=f"doubles{i}",
                    python_model=Doubles(),
                    pip_requirements=[],
                    params={"i": i},
                    tags={"even": str(i % 2 == 0)},
                    model_type="toy",
                    step=i,
                )
                mlflow.log_metric("error", i / 4, dataset=dataset, model_id=info.model_id)
        found = mlflow.search_logged_models(
            [experiment_id],
            "metrics.error < 0.6 AND tags.even = 'True'",
            datasets=[{"dataset_name": "two", "dataset_digest": dataset.digest}],
            order_by=[{"field_name": "metrics.error", "ascending": False}],
            output_format="list",
        )
        self.assertEqual([m.name for m in found], ["doubles2", "doubles0"])
        self.assertEqual((found[0].params, found[0].model_type), ({"i": "2"}, "toy"))
        self.assertEqual(found[0].metrics[0].value, 0.5)
        frame_of_models = mlflow.search_logged_models([experiment_id], "params.i = '3'")
        self.assertEqual(list(frame_of_models["source_run_id"]), [run.info.run_id])
        client = mlflow.MlflowClient()
        first = client.search_logged_models([experiment_id], max_results=3)
        rest = client.search_logged_models([experiment_id], max_results=3, page_token=first.token)
        self.assertEqual((len(first), len(rest)), (3, 1))
        self.assertEqual(len({m.model_id for m in [*first, *rest]}), 4)
        outputs = client.get_run(run.info.run_id).outputs.model_outputs
        self.assertEqual(sorted(o.step for o in outputs), [0, 1, 2, 3])
        model_id = found[0].model_id
        client.set_logged_model_tags(model_id, {"seen": "yes"})
        client.delete_logged_model_tag(model_id, "even")
        client.log_model_params(model_id, {"late": "1"})
        back = client.get_logged_model(model_id)
        self.assertEqual((back.tags["seen"], back.params["late"]), ("yes", "1"))
        self.assertNotIn("even", back.tags)
        self.assertEqual(
            list(mlflow.pyfunc.load_model(f"models:/{model_id}").predict(frame)["x"]), [2, 4]
        )
        client.delete_logged_model(model_id)
        left = mlflow.search_logged_models([experiment_id], output_format="list")
        self.assertEqual(len(left), 3)

    def test_a_model_outside_any_run(self) -> None:
        import mlflow

        self.experiment("external")
        model = mlflow.create_external_model(name="elsewhere", params={"a": "1"}, tags={"t": "x"})
        self.assertEqual(mlflow.get_logged_model(model.model_id).params, {"a": "1"})
        with mlflow.start_run():
            started = mlflow.initialize_logged_model(name="later")
            self.assertEqual(mlflow.get_logged_model(started.model_id).status.value, "PENDING")
            mlflow.finalize_logged_model(started.model_id, "READY")
        self.assertEqual(mlflow.get_logged_model(started.model_id).status.value, "READY")

    def test_every_flavour_that_is_installed(self) -> None:
        import lightgbm
        import mlflow
        import numpy
        import xgboost
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler
        from sklearn.svm import SVC

        self.experiment("flavours")
        x = numpy.random.default_rng(0).normal(size=(200, 4)).astype("float32")
        y = (x[:, 0] > 0).astype(int)
        quiet = {"verbosity": -1, "num_threads": 1}
        models = {
            "sklearn": make_pipeline(StandardScaler(), SVC()).fit(x, y),
            "xgboost": xgboost.XGBClassifier(n_estimators=5, n_jobs=1).fit(x, y),
            "lightgbm": lightgbm.train(quiet, lightgbm.Dataset(x, y), 5),
        }
        for flavour, model in models.items():
            module = getattr(mlflow, flavour)
            with mlflow.start_run():
                info = module.log_model(
                    model, name=flavour, input_example=x[:2], pip_requirements=[]
                )
            native = module.load_model(info.model_uri)
            self.assertEqual(list(native.predict(x)), list(model.predict(x)), flavour)
            loaded = mlflow.pyfunc.load_model(info.model_uri)
            self.assertEqual(list(loaded.predict(x)), list(model.predict(x)), flavour)
            self.assertIn(flavour, mlflow.models.get_model_info(info.model_uri).flavors)

    def test_an_xgboost_model_is_served_from_its_own_file(self) -> None:
        import mlflow
        import numpy
        import xgboost

        self.experiment("xgboost")
        name = f"xgb-{os.urandom(4).hex()}"
        x = numpy.random.default_rng(0).normal(size=(300, 4)).astype("float32")
        y = (x[:, 0] + x[:, 1] ** 2 > 0.5).astype(int)
        booster = xgboost.train(
            {"objective": "binary:logistic", "max_depth": 4}, xgboost.DMatrix(x, y), 12
        )
        with mlflow.start_run():
            mlflow.xgboost.log_model(
                booster,
                name="model",
                registered_model_name=name,
                input_example=x[:2],
                pip_requirements=[],
            )
        token = self.call("/api/2.0/token/create", {})["token_value"]
        enable = {"registered_model_name": name}
        endpoint = self.call("/api/2.0/mlflow/endpoints/enable", enable)["endpoint"]
        self.assertEqual([v["state"] for v in endpoint["versions"]], ["READY"], endpoint)
        answer = self.call(f"/model/{name}/1/invocations", {"inputs": x.tolist()}, token)
        expected = booster.predict(xgboost.DMatrix(x))
        scores = [
            s if isinstance(s, float) else next(iter(s.values())) for s in answer["predictions"]
        ]
        self.assertEqual([numpy.float32(s) for s in scores], list(expected))
        tensor = {"name": "x", "shape": [300, 4], "datatype": "FP32", "data": x.tolist()}
        answer = self.call(f"/v2/models/{name}/infer", {"inputs": [tensor]}, token)
        self.assertEqual(answer["model_version"], "1")
        self.assertEqual([numpy.float32(s) for s in answer["outputs"][0]["data"]], list(expected))
        with self.assertRaises(urllib.error.HTTPError):
            self.call(f"/model/{name}/1/invocations", {"inputs": [["warm"]]}, token)
        listed = self.call("/api/2.0/mlflow/endpoints/enable", enable)["endpoint"]["versions"][0]
        counts = {key: listed[key] for key in ("n_scored", "n_refused", "n_failed", "n_rows")}
        expected_counts = {"n_scored": 2, "n_refused": 1, "n_failed": 0, "n_rows": 600}
        self.assertEqual(counts, expected_counts)
        with urllib.request.urlopen(f"{self.address}/metrics", timeout=30) as metrics:
            told = metrics.read().decode()
        self.assertIn(f'slipway_model_rows_total{{model="{name}",version="1"}} 600\n', told)
        self.assertIn(f'slipway_model_duration_seconds_count{{model="{name}",version="1"}} 3', told)

    def call(self, path: str, body: dict, token: str = "") -> dict:
        headers = {"Content-Type": "application/json"}
        headers |= {"Authorization": f"Bearer {token}"} if token else {}
        request = urllib.request.Request(self.address + path, json.dumps(body).encode(), headers)
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)


if __name__ == "__main__":
    unittest.main()
