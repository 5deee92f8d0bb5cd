"""Make small CatBoost models as MLflow saves them, and its answers: python make.py FOLDER [NAME…].

With `--goldens` they are those of tests/golden/models/catboost. Run by Python from .deps/catboost.
"""

from __future__ import annotations

import json
import logging
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import catboost as cb
import mlflow
import numpy as np
import pandas as pd

NOT_READ = ("conda.yaml", "python_env.yaml", "requirements.txt")
CATEGORIES = ["city", "grade", "code"]
SHORT = ["Oslo", "Lima", "Bern", "Rome", "", "Ærøskøbing", "Llanfairpwllgwyngyll, which goes on"]
LONG = [*SHORT, "x" * 70, "a city whose name is longer than sixty-four characters, so it is hashed"]


def frame(seed: int, n: int = 300, cities: list[str] = LONG) -> pd.DataFrame:
    r = np.random.RandomState(seed)
    rows = pd.DataFrame(
        {
            "a": r.normal(size=n),
            "city": r.choice(cities, n),
            "b": r.exponential(size=n).round(2),
            "grade": r.choice(["low", "mid", "high"], n),
            "code": r.randint(-2, 6, n),
            "c": r.normal(size=n) * 1e6,
            "d": np.where(r.uniform(size=n) < 0.3, np.nan, r.normal(size=n)),
        }
    )
    return rows


def target(rows: pd.DataFrame, seed: int = 1) -> np.ndarray:
    noise = np.random.RandomState(seed).normal(size=len(rows)) * 0.2
    where = rows["city"].map({name: i % 3 for i, name in enumerate(LONG)}).to_numpy()
    return (rows["a"] + where + (rows["grade"] == "mid") * rows["b"] + noise).to_numpy()


def numbers(rows: pd.DataFrame) -> pd.DataFrame:
    return rows[["a", "b", "c", "d"]]


Case = tuple[str, Any, pd.DataFrame]
QUIET = {"verbose": 0, "allow_writing_files": False, "random_seed": 1, "thread_count": 1}


def by_numbers() -> Iterator[Case]:
    x, later = numbers(frame(1)), numbers(frame(2, 150))
    y = target(frame(1))
    three = np.digitize(y, [0.5, 1.5])
    names = np.array(["red", "green", "blue"])[three]
    options = {**QUIET, "iterations": 25, "depth": 5}
    classifier, regressor = cb.CatBoostClassifier, cb.CatBoostRegressor
    yield "plain", cb.CatBoost({**options, "loss_function": "RMSE"}).fit(x, y), later
    for loss in ("RMSE", "MAE", "Quantile:alpha=0.8", "Huber:delta=1.0", "Expectile:alpha=0.3"):
        model = regressor(**options, loss_function=loss).fit(x, y)
        yield loss.split(":")[0].lower(), model, later
    for loss in ("Poisson", "Tweedie:variance_power=1.4"):
        model = regressor(**options, loss_function=loss).fit(x, np.abs(y))
        yield loss.split(":")[0].lower(), model, later
    both = np.column_stack([y, -y])
    yield "targets", regressor(**options, loss_function="MultiRMSE").fit(x, both), later
    yield "binary", classifier(**options).fit(x, y > 1), later
    yield "texts", classifier(**options).fit(x, np.where(y > 1, "yes", "no")), later
    model = classifier(**options).fit(x, (y > 1).astype(int))
    model.set_probability_threshold(0.3)
    yield "threshold", model, later
    entropy = classifier(**options, loss_function="CrossEntropy")
    yield "entropy", entropy.fit(x, 1 / (1 + np.exp(-y))), later
    yield "three", classifier(**options).fit(x, names), later
    yield "three_numbers", classifier(**options).fit(x, three + 0.5), later
    ova = classifier(**options, loss_function="MultiClassOneVsAll")
    yield "three_apart", ova.fit(x, three), later
    flags = np.column_stack([y > 1, x["b"] > 1]).astype(int)
    yield "flags", classifier(**options, loss_function="MultiLogloss").fit(x, flags), later
    for policy in ("Depthwise", "Lossguide"):
        grown = {**options, "grow_policy": policy}
        yield f"{policy}_value", regressor(**grown).fit(x, y), later
        yield f"{policy}_three", classifier(**grown).fit(x, names), later
    for mode in ("Min", "Max"):
        yield f"nan_{mode}", regressor(**options, nan_mode=mode).fit(x, y), later
    yield "deep", regressor(**{**options, "depth": 10, "iterations": 5}).fit(x, y), later
    yield "fine", regressor(**options, border_count=1000).fit(x, y), later
    ranker = cb.CatBoostRanker(**options).fit(x, y, group_id=np.repeat(range(30), 10))
    yield "ranker", ranker, later


def by_categories() -> Iterator[Case]:
    x, later = frame(3), frame(4, 150, [*LONG, "Kiel"])
    y = target(x)
    three = np.digitize(y, [0.5, 1.5])
    options = {**QUIET, "iterations": 25, "depth": 4, "cat_features": CATEGORIES}
    classifier, regressor = cb.CatBoostClassifier, cb.CatBoostRegressor
    yield "counted", classifier(**options).fit(x, y > 1), later
    yield "counted_value", regressor(**options).fit(x, y), later
    yield "counted_three", classifier(**options).fit(x, three), later
    yield "one_hot", classifier(**options, one_hot_max_size=50).fit(x, y > 1), later
    yield "one_hot_some", regressor(**options, one_hot_max_size=4).fit(x, y), later
    for kind in ("Borders", "Buckets", "BinarizedTargetMeanValue", "Counter"):
        ctr = {"simple_ctr": [kind], "combinations_ctr": [kind]}
        model = regressor(**options, **ctr, max_ctr_complexity=3, one_hot_max_size=2).fit(x, y)
        yield f"counted_{kind}", model, later
        model = classifier(**options, **ctr, max_ctr_complexity=2).fit(x, three)
        yield f"counted_{kind}_three", model, later
    grown = {**options, "grow_policy": "Lossguide"}
    yield "counted_grown", classifier(**grown).fit(x, y > 1), later
    truths = x.assign(city=x["city"].str.len() > 4)
    after = later.assign(city=later["city"].str.len() > 4)
    yield "truths", classifier(**options, one_hot_max_size=3).fit(truths, y > 1), after


def goldens() -> Iterator[Case]:
    x, later = frame(5, 120, SHORT), frame(6, 12, SHORT)
    y = target(x)
    options = {**QUIET, "iterations": 6, "depth": 3}
    cats = {**options, "cat_features": CATEGORIES}
    yield "value", cb.CatBoostRegressor(**options).fit(numbers(x), y), numbers(later)
    yield "counted", cb.CatBoostClassifier(**cats).fit(x, np.where(y > 1, "yes", "no")), later
    model = cb.CatBoostClassifier(**cats, one_hot_max_size=9)
    yield "one_hot", model.fit(x, np.digitize(y, [0.5, 1.5])), later
    grown = cb.CatBoostClassifier(**options, grow_policy="Lossguide", max_leaves=5)
    yield "grown", grown.fit(numbers(x), np.digitize(y, [0.5, 1.5])), numbers(later)
    poisson = cb.CatBoostRegressor(**options, loss_function="Poisson")
    yield "exponent", poisson.fit(numbers(x), np.abs(y)), numbers(later)


def columns(rows: pd.DataFrame) -> dict[str, list[Any]]:
    """Give cells as JSON has them: null where there is none."""
    plain = rows.astype(object).where(rows.notna(), None)
    return {name: plain[name].tolist() for name in rows}


def make(name: str, model: Any, rows: pd.DataFrame, folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    signature = mlflow.models.infer_signature(rows)
    mlflow.catboost.save_model(model, str(folder), signature=signature, pip_requirements=[])
    for file in NOT_READ:
        (folder / file).unlink()
    expected = np.asarray(mlflow.pyfunc.load_model(str(folder)).predict(rows))
    listed = {
        "source": f"tests/catboost/make.py, CatBoost {cb.__version__}",
        "rows": columns(rows),
        "expected": expected.reshape(len(rows), -1).tolist(),
    }
    (folder / "case.json").write_text(json.dumps(listed))


def main() -> None:
    logging.disable(logging.WARNING)
    golden = "--goldens" in sys.argv
    folder, *wanted = (arg for arg in sys.argv[1:] if arg != "--goldens")
    for family in (goldens,) if golden else (by_numbers, by_categories):
        for name, model, rows in family():
            if not wanted or name in wanted:
                make(name, model, rows, Path(folder) / name)


if __name__ == "__main__":
    main()
