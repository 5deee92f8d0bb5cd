"""Autologging of Keras on TensorFlow by MLflow's client 3.17.2, by Python from .deps/tensorflow."""

from __future__ import annotations

import os
import unittest

from shared_server import ClientTest

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"


class TensorflowTest(ClientTest):
    def test_a_fit(self) -> None:
        import keras
        import mlflow
        import numpy

        experiment_id = self.experiment("autolog tensorflow")
        mlflow.tensorflow.autolog()
        x = numpy.random.default_rng(0).normal(size=(64, 3)).astype("float32")
        layers = [keras.Input((3,)), keras.layers.Dense(4), keras.layers.Dense(1)]
        model = keras.Sequential(layers)
        model.compile("adam", "mse", metrics=["mae"])
        model.fit(x, x[:, 0], epochs=3, batch_size=16, validation_split=0.25, verbose=0)
        client = mlflow.MlflowClient()
        runs = client.search_runs([experiment_id])
        self.assertEqual([run.info.status for run in runs], ["FINISHED"])
        self.assertEqual(
            (runs[0].data.params["epochs"], runs[0].data.params["opt_name"]), ("3", "adam")
        )
        run_id = runs[0].info.run_id
        for key in ("loss", "val_loss", "mae"):
            history = client.get_metric_history(run_id, key)
            self.assertEqual([p.step for p in history], [0, 1, 2], key)
        names = {f.path for f in client.list_artifacts(run_id)}
        self.assertLessEqual({"model_summary.txt", "tensorboard_logs"}, names)
        logged = mlflow.search_logged_models([experiment_id], output_format="list")
        loaded = mlflow.pyfunc.load_model(f"models:/{logged[0].model_id}")
        self.assertTrue(numpy.allclose(loaded.predict(x), model.predict(x, verbose=0)))


if __name__ == "__main__":
    unittest.main()
