"""Autologging of PySpark's estimators by MLflow's client 3.17.2. Run by Python from .deps/spark."""

from __future__ import annotations

import os
import sys
import unittest

from shared_server import ClientTest


os.environ["PYSPARK_PYTHON"] = sys.executable  # for Spark's own workers


class SparkTest(ClientTest):
    def test_a_logistic_regression(self) -> None:
        import mlflow
        from pyspark.ml.classification import LogisticRegression
        from pyspark.ml.evaluation import BinaryClassificationEvaluator
        from pyspark.ml.linalg import Vectors
        from pyspark.sql import SparkSession

        builder = SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false")
        builder = builder.config("spark.driver.host", "127.0.0.1")
        spark = self.enterContext(builder.getOrCreate())
        experiment_id = self.experiment("autolog spark")
        mlflow.pyspark.ml.autolog()
        rows = [(float(i > 5), Vectors.dense(float(i), 1.0)) for i in range(12)]
        frame = spark.createDataFrame(rows, ["label", "features"])
        with mlflow.start_run() as run:
            model = LogisticRegression(maxIter=5, regParam=0.01).fit(frame)
            scored = model.transform(frame)
            area = BinaryClassificationEvaluator().evaluate(scored)
        back = mlflow.get_run(run.info.run_id)
        self.assertEqual((back.data.params["maxIter"], back.data.params["regParam"]), ("5", "0.01"))
        self.assertEqual(back.data.tags["estimator_name"], "LogisticRegression")
        self.assertIn(area, back.data.metrics.values())
        self.assertEqual(len(mlflow.search_runs([experiment_id])), 1)
        loaded = mlflow.spark.load_model(f"runs:/{run.info.run_id}/model")
        expected = [row.prediction for row in scored.collect()]
        self.assertEqual([row.prediction for row in loaded.transform(frame).collect()], expected)


if __name__ == "__main__":
    unittest.main()
