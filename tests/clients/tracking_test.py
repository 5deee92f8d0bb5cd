"""What MLflow's client 3.17.2 logs in runs, and what it reads back."""

from __future__ import annotations

import math
import time
import unittest

from shared_server import ClientTest


class TrackingTest(ClientTest):
    def test_a_run_with_everything(self) -> None:
        import mlflow
        from mlflow import MlflowClient

        experiment_id = self.experiment("everything")
        with mlflow.start_run(run_name="first", description="what it is") as run:
            mlflow.log_param("depth", 6)
            mlflow.log_params({f"p{i}": i for i in range(150)})
            for step in range(20):
                mlflow.log_metric("loss", 1 / (step + 1), step=step)
            mlflow.log_metrics({f"m{i}": i / 7 for i in range(1200)})
            mlflow.set_tags({"team": "a", "note": "é"})
        client = MlflowClient()
        back = client.get_run(run.info.run_id)
        self.assertEqual(back.info.status, "FINISHED")
        self.assertEqual(back.info.run_name, "first")
        self.assertEqual(back.data.params["depth"], "6")
        self.assertEqual(len(back.data.params), 151)
        self.assertEqual(back.data.metrics["loss"], 1 / 20)
        self.assertEqual(len(back.data.metrics), 1201)
        self.assertEqual(back.data.tags["note"], "é")
        self.assertEqual(back.data.tags["mlflow.note.content"], "what it is")
        self.assertIn("mlflow.source.name", back.data.tags)
        history = client.get_metric_history(run.info.run_id, "loss")
        self.assertEqual([p.value for p in history], [1 / (s + 1) for s in range(20)])
        self.assertEqual([p.step for p in history], list(range(20)))
        found = mlflow.search_runs(
            [experiment_id],
            "metrics.loss < 0.1 and params.depth = '6' and tags.team = 'a'",
            order_by=["metrics.loss DESC"],
        )
        self.assertEqual(list(found["run_id"]), [run.info.run_id])
        with self.assertRaisesRegex(mlflow.exceptions.MlflowException, "Changing param values"):
            client.log_param(run.info.run_id, "depth", 7)

    def test_nested_runs_and_resuming(self) -> None:
        import mlflow

        experiment_id = self.experiment("nested")
        with mlflow.start_run(run_name="parent") as parent:
            for i in range(3):
                with mlflow.start_run(run_name=f"child {i}", nested=True):
                    mlflow.log_metric("score", i)
                    if i == 2:
                        with mlflow.start_run(nested=True, run_name="grandchild"):
                            mlflow.log_metric("score", 10)
        children = mlflow.search_runs(
            [experiment_id],
            f"tags.mlflow.parentRunId = '{parent.info.run_id}'",
            order_by=["metrics.score DESC"],
        )
        self.assertEqual(list(children["tags.mlflow.runName"]), ["child 2", "child 1", "child 0"])
        with mlflow.start_run(run_id=parent.info.run_id):
            self.assertEqual(mlflow.active_run().info.status, "RUNNING")
            mlflow.log_metric("late", 1)
        again = mlflow.get_run(parent.info.run_id)
        self.assertEqual((again.info.status, again.data.metrics["late"]), ("FINISHED", 1))
        self.assertEqual(
            mlflow.get_parent_run(children["run_id"][0]).info.run_id, parent.info.run_id
        )
        with self.assertRaises(RuntimeError), mlflow.start_run() as failed:
            raise RuntimeError
        self.assertEqual(mlflow.get_run(failed.info.run_id).info.status, "FAILED")

    def test_the_frame_of_search_runs(self) -> None:
        import mlflow

        experiment_id = self.experiment("frame")
        for i in range(7):
            with mlflow.start_run(run_name=f"run {i}"):
                mlflow.log_metric("value", math.nan if i == 3 else i)
                mlflow.log_param("even", i % 2 == 0)
                if i == 6:
                    mlflow.log_metric("only here", 1)
        frame = mlflow.search_runs([experiment_id], order_by=["metrics.value ASC"])
        self.assertEqual(len(frame), 7)
        self.assertEqual(list(frame["metrics.value"][:6]), [0, 1, 2, 4, 5, 6])
        self.assertEqual(str(frame["start_time"].dtype)[:10], "datetime64")
        self.assertEqual(frame["metrics.only here"].count(), 1)
        even = mlflow.search_runs([experiment_id], "params.even = 'True'", max_results=3)
        self.assertEqual(list(even["tags.mlflow.runName"]), ["run 6", "run 4", "run 2"])
        client = mlflow.MlflowClient()
        names, token = [], None
        while True:
            page = client.search_runs([experiment_id], "", max_results=3, page_token=token)
            names += [run.info.run_name for run in page]
            if not (token := page.token):
                break
        self.assertEqual(names, [f"run {i}" for i in range(6, -1, -1)])

    def test_logging_in_the_background(self) -> None:
        import mlflow

        experiment_id = self.experiment("background")
        with mlflow.start_run() as run:
            waits = [mlflow.log_metric("m", s / 2, step=s, synchronous=False) for s in range(500)]
            waits.append(mlflow.log_params({"a": 1, "b": 2}, synchronous=False))
            waits.append(mlflow.set_tags({"t": "x"}, synchronous=False))
            for wait in waits:
                wait.wait()
            mlflow.log_metrics({"late": 1}, step=7, synchronous=False)
            mlflow.flush_async_logging()
        back = mlflow.get_run(run.info.run_id).data
        self.assertEqual((back.metrics["m"], back.metrics["late"]), (249.5, 1))
        self.assertEqual((back.params, back.tags["t"]), ({"a": "1", "b": "2"}, "x"))
        history = mlflow.MlflowClient().get_metric_history(run.info.run_id, "m")
        self.assertEqual([p.value for p in history], [s / 2 for s in range(500)])
        mlflow.config.enable_async_logging()
        try:
            with mlflow.start_run():
                mlflow.log_param("p", 1)
                mlflow.log_metric("q", 2)
                mlflow.flush_async_logging()
        finally:
            mlflow.config.enable_async_logging(False)
        frame = mlflow.search_runs([experiment_id], "metrics.q = 2 and params.p = '1'")
        self.assertEqual(len(frame), 1)

    def test_datasets(self) -> None:
        import mlflow
        import numpy
        import pandas

        experiment_id = self.experiment("datasets")
        frame = pandas.DataFrame({"x": [1.0, 2.0, 3.0], "y": [0, 1, 0]})
        with mlflow.start_run() as run:
            train = mlflow.data.from_pandas(frame, name="trips", targets="y")
            mlflow.log_input(train, context="training", tags={"split": "first"})
            test = mlflow.data.from_numpy(numpy.ones((4, 2)), name="ones")
            mlflow.log_input(test, context="testing")
            mlflow.log_metric("auc", 0.5, dataset=train)
        inputs = mlflow.get_run(run.info.run_id).inputs.dataset_inputs
        known = {
            i.dataset.name: (i.dataset.source_type, {t.key: t.value for t in i.tags})
            for i in inputs
        }
        self.assertEqual(set(known), {"trips", "ones"})
        self.assertEqual(known["trips"][1], {"split": "first", "mlflow.data.context": "training"})
        self.assertIn(
            '"num_rows": 3', next(i for i in inputs if i.dataset.name == "trips").dataset.profile
        )
        for clause in ("dataset.name = 'trips'", "datasets.context = 'testing'"):
            self.assertEqual(len(mlflow.search_runs([experiment_id], clause)), 1, clause)
        self.assertEqual(len(mlflow.search_runs([experiment_id], "dataset.name = 'other'")), 0)

    def test_a_profile_of_the_greatest_length(self) -> None:
        import mlflow
        from mlflow.entities import Dataset, DatasetInput

        client = mlflow.MlflowClient()
        run = client.create_run(self.experiment("profiles"))
        longest = 16_777_215

        def log(profile: str) -> None:
            dataset = Dataset("d", "1", "local", "{}", profile=profile)
            client.log_inputs(run.info.run_id, [DatasetInput(dataset)])

        with self.assertRaisesRegex(mlflow.exceptions.MlflowException, "exceeds the maximum"):
            log("x" * (longest + 1))
        log("é" + "x" * (longest - 1))
        (known,) = client.get_run(run.info.run_id).inputs.dataset_inputs
        self.assertEqual(len(known.dataset.profile), longest)

    def test_deleting_and_restoring(self) -> None:
        import mlflow
        from mlflow.entities import ViewType

        client = mlflow.MlflowClient()
        experiment_id = self.experiment("short-lived")
        run = client.create_run(experiment_id, run_name="old")
        run_id = run.info.run_id
        client.update_run(run_id, status="KILLED", name="new")
        self.assertEqual(client.get_run(run_id).info.run_name, "new")
        client.set_tag(run_id, "a", "b")
        client.delete_tag(run_id, "a")
        client.set_terminated(run_id, "FINISHED", int(time.time() * 1000))
        client.delete_run(run_id)
        self.assertEqual(list(client.search_runs([experiment_id])), [])
        deleted = client.search_runs([experiment_id], run_view_type=ViewType.DELETED_ONLY)
        self.assertEqual([r.info.run_id for r in deleted], [run_id])
        client.restore_run(run_id)
        self.assertEqual(len(client.search_runs([experiment_id])), 1)
        client.delete_experiment(experiment_id)
        self.assertEqual(client.get_experiment(experiment_id).lifecycle_stage, "deleted")
        with self.assertRaises(mlflow.exceptions.MlflowException):
            client.create_run(experiment_id)
        client.restore_experiment(experiment_id)
        client.create_run(experiment_id)

    def test_experiments(self) -> None:
        import mlflow

        client = mlflow.MlflowClient()
        name = f"many {time.time_ns()}"
        ids = [client.create_experiment(f"{name} {i}", tags={"i": str(i)}) for i in range(5)]
        client.set_experiment_tag(ids[0], "owner", "ann")
        client.rename_experiment(ids[1], f"{name} renamed")
        self.assertEqual(client.get_experiment_by_name(f"{name} renamed").experiment_id, ids[1])
        self.assertIsNone(client.get_experiment_by_name(f"{name} 1"))
        found = mlflow.search_experiments(
            filter_string=f"name LIKE '{name}%'", order_by=["name DESC"], max_results=3
        )
        self.assertEqual([e.name[len(name) + 1 :] for e in found], ["renamed", "4", "3"])
        page = client.search_experiments(max_results=2, filter_string=f"name LIKE '{name}%'")
        rest = client.search_experiments(
            filter_string=f"name LIKE '{name}%'", page_token=page.token
        )
        self.assertEqual([e.experiment_id for e in [*page, *rest]], ids[::-1])
        tagged = client.search_experiments(
            filter_string=f"tags.owner = 'ann' AND name LIKE '{name}%'"
        )
        self.assertEqual([e.tags for e in tagged], [{"i": "0", "owner": "ann"}])
        client.delete_experiment_tag(ids[0], "owner")
        self.assertEqual(client.get_experiment(ids[0]).tags, {"i": "0"})

    def test_system_metrics(self) -> None:
        import mlflow

        self.experiment("system metrics")
        mlflow.set_system_metrics_sampling_interval(0.2)
        mlflow.set_system_metrics_samples_before_logging(1)
        key = "system/system_memory_usage_megabytes"
        client = mlflow.MlflowClient()
        with mlflow.start_run(log_system_metrics=True) as run:
            for _ in range(300):  # a busy machine samples late
                if len(client.get_metric_history(run.info.run_id, key)) >= 2:
                    break
                time.sleep(0.1)
        metrics = mlflow.get_run(run.info.run_id).data.metrics
        self.assertIn("system/cpu_utilization_percentage", metrics)
        self.assertGreaterEqual(len(client.get_metric_history(run.info.run_id, key)), 2)


if __name__ == "__main__":
    unittest.main()
