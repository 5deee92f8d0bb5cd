"""Make small models of MLlib's stages and Spark's own answers: python make.py FOLDER [NAME…].

Each case becomes FOLDER/NAME/sparkml and FOLDER/NAME/case.json. With `--goldens` they are those of
tests/golden/models/spark, saved by MLflow. Run by Python from .deps/spark.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path
from typing import Any

os.environ["PYSPARK_PYTHON"] = sys.executable  # for Spark's own workers

import mlflow  # noqa: E402
import pandas as pd  # noqa: E402
import pyspark  # noqa: E402
from cases import Case, Rows, cases, goldens  # noqa: E402
from pyspark.ml import Pipeline, PipelineModel  # noqa: E402
from pyspark.ml.linalg import Vector  # noqa: E402
from pyspark.sql import SparkSession  # noqa: E402

NOT_READ = ("conda.yaml", "python_env.yaml", "requirements.txt", "**/.*.crc", "**/_SUCCESS")


def plain(value: Any) -> Any:
    if isinstance(value, Vector):
        return [float(x) for x in value.toArray()]
    return value


def save(model: PipelineModel, case: Case, folder: Path, golden: bool) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    if golden:
        rows = pd.DataFrame(case.scored)
        signature = mlflow.models.infer_signature(rows, pd.Series([0.0], name="prediction"))
        mlflow.spark.save_model(model, str(folder), signature=signature)
    else:
        model.write().overwrite().save(str(folder / "sparkml"))
    for pattern in NOT_READ:
        for path in folder.glob(pattern):
            path.unlink()


def make(spark: SparkSession, case: Case, folder: Path, golden: bool) -> None:
    def frame(rows: Rows) -> Any:
        return spark.createDataFrame(list(zip(*rows.values(), strict=True)), list(rows))

    model = Pipeline(stages=case.stages).fit(frame(case.fitted_on))
    save(model, case, folder, golden)
    loaded = PipelineModel.load(str(folder / "sparkml"))
    answered = loaded.transform(frame(case.scored).coalesce(1))
    rows = answered.collect()
    new = [name for name in answered.columns if name not in case.scored]
    expected = {name: [plain(row[name]) for row in rows] for name in new}
    listed = {
        "source": f"tests/spark/make.py, Spark {pyspark.__version__}", "relative": case.relative,
        "rows": case.scored, "expected": expected,
    }  # fmt: skip
    if golden:
        pyfunc = mlflow.pyfunc.load_model(str(folder))
        listed["pyfunc"] = list(pyfunc.predict(pd.DataFrame(case.scored)))
    (folder / "case.json").write_text(json.dumps(listed))


def main() -> None:
    golden = "--goldens" in sys.argv
    folder, *wanted = (arg for arg in sys.argv[1:] if arg != "--goldens")
    builder = SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false")
    builder = builder.config("spark.driver.host", "127.0.0.1")
    builder = builder.config("spark.sql.shuffle.partitions", "1")
    with builder.getOrCreate() as spark:
        spark.sparkContext.setLogLevel("ERROR")
        for case in goldens() if golden else cases():
            if not wanted or case.name in wanted:
                make(spark, case, Path(folder) / case.name, golden)


if __name__ == "__main__":
    main()
