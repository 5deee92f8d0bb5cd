"""Autologging and mlflow.models.evaluate of MLflow's client 3.17.2, with real libraries."""

from __future__ import annotations

import unittest

from shared_server import ClientTest


class AutologTest(ClientTest):
    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        import numpy
        import pandas

        rng = numpy.random.default_rng(0)
        cls.x = pandas.DataFrame(rng.normal(size=(120, 3)), columns=["a", "b", "c"])
        cls.y = pandas.Series((cls.x["a"] > 0).astype(int), name="y")

    def tearDown(self) -> None:
        import mlflow

        for library in (mlflow.sklearn, mlflow.xgboost, mlflow.lightgbm):
            library.autolog(disable=True)
        while mlflow.active_run():
            mlflow.end_run()

    def only_run(self, experiment_id: str, extra: str = ""):
        import mlflow

        runs = mlflow.MlflowClient().search_runs([experiment_id], extra)
        self.assertEqual(len(runs), 1)
        self.assertEqual(runs[0].info.status, "FINISHED")
        return runs[0]

    def test_scikit_learn(self) -> None:
        import mlflow
        import sklearn.metrics
        from sklearn.linear_model import LogisticRegression

        experiment_id = self.experiment("autolog sklearn")
        mlflow.sklearn.autolog(log_input_examples=True)
        model = LogisticRegression(C=0.5).fit(self.x, self.y)
        sklearn.metrics.accuracy_score(self.y, model.predict(self.x))
        run = self.only_run(experiment_id)
        self.assertEqual(run.data.params["C"], "0.5")
        self.assertIn("training_accuracy_score", run.data.metrics)
        self.assertTrue(
            any(k.startswith("accuracy_score") for k in run.data.metrics), run.data.metrics
        )
        self.assertEqual(run.data.tags["estimator_name"], "LogisticRegression")
        self.assertEqual(len(run.inputs.dataset_inputs), 1)
        names = {f.path for f in mlflow.MlflowClient().list_artifacts(run.info.run_id)}
        self.assertIn("training_confusion_matrix.png", names)
        logged = mlflow.search_logged_models([experiment_id], output_format="list")
        self.assertEqual(len(logged), 1)
        loaded = mlflow.pyfunc.load_model(f"models:/{logged[0].model_id}")
        self.assertEqual(list(loaded.predict(self.x)), list(model.predict(self.x)))

    def test_a_pipeline(self) -> None:
        import mlflow
        from sklearn.ensemble import RandomForestClassifier
        from sklearn.pipeline import Pipeline
        from sklearn.preprocessing import StandardScaler

        experiment_id = self.experiment("autolog pipeline")
        mlflow.sklearn.autolog(log_datasets=False, log_models=False)
        steps = [("scale", StandardScaler()), ("forest", RandomForestClassifier(5, max_depth=3))]
        Pipeline(steps).fit(self.x, self.y)
        params = self.only_run(experiment_id).data.params
        self.assertEqual((params["forest__max_depth"], params["scale__with_mean"]), ("3", "True"))

    def test_a_grid_search_logs_its_trials_as_children(self) -> None:
        import mlflow
        from sklearn.model_selection import GridSearchCV
        from sklearn.tree import DecisionTreeClassifier

        experiment_id = self.experiment("autolog grid")
        mlflow.sklearn.autolog(max_tuning_runs=3, log_models=False)
        grid = GridSearchCV(DecisionTreeClassifier(), {"max_depth": [1, 2, 3, 4]}, cv=2)
        grid.fit(self.x, self.y)
        parent = self.only_run(experiment_id, "tags.estimator_name = 'GridSearchCV'")
        self.assertEqual(parent.data.params["best_max_depth"], str(grid.best_params_["max_depth"]))
        children = mlflow.search_runs(
            [experiment_id], f"tags.mlflow.parentRunId = '{parent.info.run_id}'"
        )
        self.assertEqual((len(children), children["metrics.mean_test_score"].count()), (3, 3))

    def test_xgboost(self) -> None:
        import mlflow
        import xgboost

        experiment_id = self.experiment("autolog xgboost")
        mlflow.xgboost.autolog()
        data = xgboost.DMatrix(self.x, self.y)
        params = {"max_depth": 3, "objective": "binary:logistic", "nthread": 1}
        xgboost.train(params, data, 12, evals=[(data, "train")], verbose_eval=False)
        run = self.only_run(experiment_id)
        self.assertEqual(
            (run.data.params["max_depth"], run.data.params["num_boost_round"]), ("3", "12")
        )
        history = mlflow.MlflowClient().get_metric_history(run.info.run_id, "train-logloss")
        self.assertEqual([p.step for p in history], list(range(12)))
        names = {f.path for f in mlflow.MlflowClient().list_artifacts(run.info.run_id)}
        self.assertIn("feature_importance_weight.json", names)
        self.assertEqual(len(mlflow.search_logged_models([experiment_id], output_format="list")), 1)

    def test_lightgbm(self) -> None:
        import lightgbm
        import mlflow

        experiment_id = self.experiment("autolog lightgbm")
        mlflow.lightgbm.autolog(registered_model_name=f"lgb {experiment_id}")
        data = lightgbm.Dataset(self.x, self.y)
        lightgbm.train(
            {"objective": "binary", "num_leaves": 4, "verbosity": -1, "num_threads": 1},
            data,
            10,
            valid_sets=[data],
            callbacks=[lightgbm.early_stopping(3, verbose=False)],
        )
        run = self.only_run(experiment_id)
        self.assertEqual(run.data.params["num_leaves"], "4")
        key = "training-binary_logloss"
        history = mlflow.MlflowClient().get_metric_history(run.info.run_id, key)
        self.assertGreaterEqual(len(history), 10)
        self.assertEqual(
            mlflow.MlflowClient()
            .get_registered_model(f"lgb {experiment_id}")
            .latest_versions[0]
            .version,
            "1",
        )

    def test_scikit_learns_view_of_boosters(self) -> None:
        import lightgbm
        import mlflow
        import xgboost

        experiment_id = self.experiment("autolog all")
        mlflow.xgboost.autolog(log_models=False)
        mlflow.lightgbm.autolog(log_models=False)
        xgboost.XGBClassifier(n_estimators=3, n_jobs=1).fit(self.x, self.y)
        lightgbm.LGBMClassifier(n_estimators=3, n_jobs=1, verbosity=-1).fit(self.x, self.y)
        runs = mlflow.search_runs([experiment_id])
        self.assertEqual(len(runs), 2)
        self.assertEqual(set(runs["status"]), {"FINISHED"})

    def test_evaluate(self) -> None:
        import mlflow
        from sklearn.linear_model import LogisticRegression

        experiment_id = self.experiment("evaluate")
        frame = self.x.assign(y=self.y)
        with mlflow.start_run() as run:
            model = LogisticRegression().fit(self.x, self.y)
            info = mlflow.sklearn.log_model(model, name="model", pip_requirements=[])
            data = mlflow.data.from_pandas(frame, name="held out", targets="y")
            result = mlflow.models.evaluate(
                info.model_uri,
                data,
                model_type="classifier",
                evaluator_config={"log_model_explainability": False},
            )
            same = mlflow.evaluate(
                lambda rows: model.predict(rows),
                frame,
                targets="y",
                model_type="regressor",
                evaluator_config={"log_explainer": False, "metric_prefix": "second_"},
            )
        self.assertGreater(result.metrics["accuracy_score"], 0.9)
        back = mlflow.get_run(run.info.run_id)
        self.assertEqual(back.data.metrics["accuracy_score"], result.metrics["accuracy_score"])
        self.assertIn("second_mean_squared_error", back.data.metrics)
        self.assertIn("second_mean_squared_error", same.metrics)
        self.assertIn("confusion_matrix", result.artifacts)
        model = mlflow.get_logged_model(info.model_id)
        on = {m.key: (m.value, m.dataset_name) for m in model.metrics}
        self.assertEqual(on["accuracy_score"], (result.metrics["accuracy_score"], "held out"))
        found = mlflow.search_logged_models(
            [experiment_id],
            "metrics.accuracy_score > 0.9",
            datasets=[{"dataset_name": "held out", "dataset_digest": data.digest}],
            output_format="list",
        )
        self.assertEqual([m.model_id for m in found], [info.model_id])


if __name__ == "__main__":
    unittest.main()
