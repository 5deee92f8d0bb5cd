"""Boosters that XGBoost and LightGBM train now, saved by MLflow and scored here: the same bits.

Rows have missing, tiny, huge and negative values, zeros of both signs, and unseen categories.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import unittest
import urllib.request
import warnings
from pathlib import Path

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from live_server import find_slipway  # noqa: E402

TRUSTED = [
    "collections.OrderedDict", "collections.defaultdict", "lightgbm.basic.Booster",
    "lightgbm.sklearn.LGBMRegressor",
]  # fmt: skip
ODD = [np.nan, 0.0, -0.0, 1e-36, -1e-36, 1e-40, 1e30, -1e30, -0.5, 7.5]


def table(seed: int = 0, n_rows: int = 600) -> pd.DataFrame:
    """Five numbers, two of them coarse, and two category codes; a tenth of all is missing."""
    random = np.random.default_rng(seed)
    x = random.normal(size=(n_rows, 5))
    x[:, 2] = np.round(x[:, 2])
    x[:, 3] = np.where(random.random(n_rows) < 0.6, 0, x[:, 3])
    frame = pd.DataFrame(x, columns=list("abcde"))
    frame["f"] = random.integers(0, 60, n_rows).astype("f8")
    frame["g"] = random.integers(0, 5, n_rows).astype("f8")
    return frame.mask(random.random(frame.shape) < 0.1)


def awkward(seed: int = 1) -> pd.DataFrame:
    frame = table(seed, 150)
    random = np.random.default_rng(seed)
    for name in "abcde":
        hit = random.random(len(frame)) < 0.4
        frame.loc[hit, name] = random.choice(ODD, hit.sum())
    for name in "fg":
        hit = random.random(len(frame)) < 0.3
        frame.loc[hit, name] = random.choice([-1, -0.5, 3.7, 61, 1e7, 2.0**31, 1e18], hit.sum())
    return frame


def target(frame: pd.DataFrame) -> np.ndarray:
    z = frame.fillna(0)
    return (z.a * z.b + z.c**2 + np.sin(z.f) + (z.g == 2) * 2 + (frame.d.isna()) * 1.5).to_numpy()


class TreesTest(unittest.TestCase):
    def setUp(self) -> None:
        warnings.simplefilter("ignore")
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory(prefix="slipway-trees-")))
        self.n_models = 0

    def asked(self, path: Path, rows: pd.DataFrame) -> list:
        """Give what `slipway serve` predicts of the rows."""
        process = subprocess.Popen(
            [find_slipway(None), "serve", "-m", str(path), "-p", "0", "--no-python"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        with process:
            line = process.stdout.readline()
            try:
                self.assertTrue(line, "no address")
                cells = rows.astype(object).to_numpy().tolist()
                data = [[None if v is None or v != v else v for v in row] for row in cells]
                body = {"columns": list(rows.columns), "data": data}
                request = urllib.request.Request(
                    line.split()[-1] + "/invocations",
                    json.dumps({"dataframe_split": body}).encode(),
                    {"Content-Type": "application/json"},
                )
                with urllib.request.urlopen(request, timeout=30) as answer:
                    predictions = json.load(answer)["predictions"]
            finally:
                process.terminate()
                errors = process.communicate(timeout=30)[1]
                if not line:
                    self.fail(errors)
        return predictions

    def served(self, path: Path, rows: pd.DataFrame) -> np.ndarray:
        """Give the same as a matrix."""
        predictions = self.asked(path, rows)
        if isinstance(predictions[0], dict):
            predictions = [list(row.values()) for row in predictions]
        return np.array(predictions, dtype="f8").reshape(len(rows), -1)

    def same(self, flavour, model, train: pd.DataFrame, rows: pd.DataFrame, **options) -> None:
        """Hold ours against what MLflow's pyfunc gives of the saved model, bit by bit."""
        import mlflow

        self.n_models += 1
        path = self.folder / f"model{self.n_models}"
        signature = mlflow.models.infer_signature(train.head(50).fillna(0.5))
        flavour.save_model(model, path, signature=signature, pip_requirements=[], **options)
        expected = mlflow.pyfunc.load_model(str(path)).predict(rows)
        expected = np.asarray(expected, dtype="f8").reshape(len(rows), -1)
        np.testing.assert_array_equal(self.served(path, rows), expected)

    def test_lightgbm(self) -> None:
        import lightgbm
        import mlflow.lightgbm

        train = table()
        y = target(train)
        classes = np.digitize(y, [0, 1, 2])
        counts = np.random.default_rng(2).poisson(np.exp(np.clip(y / 3, -2, 2)))
        quiet = {"verbosity": -1, "num_threads": 1, "min_data_in_leaf": 5, "seed": 3}
        rf = {"boosting": "rf", "bagging_fraction": 0.6, "bagging_freq": 1}
        cases = {
            "regression": (y, {}),
            "many leaves": (y, {"num_leaves": 200, "min_data_in_leaf": 1}),
            "sqrt": (y, {"objective": "regression", "reg_sqrt": True}),
            "l1": (y, {"objective": "regression_l1"}),
            "huber": (y, {"objective": "huber"}),
            "fair": (y, {"objective": "fair"}),
            "quantile": (y, {"objective": "quantile", "alpha": 0.8}),
            "mape": (y, {"objective": "mape"}),
            "poisson": (counts, {"objective": "poisson"}),
            "gamma": (np.abs(y) + 0.1, {"objective": "gamma"}),
            "tweedie": (counts, {"objective": "tweedie"}),
            "binary": (y > 1, {"objective": "binary", "sigmoid": 0.7}),
            "unbalanced": (y > 2.5, {"objective": "binary", "is_unbalance": True}),
            "multiclass": (classes, {"objective": "multiclass", "num_class": 4}),
            "ova": (classes, {"objective": "multiclassova", "num_class": 4, "sigmoid": 1.3}),
            "entropy": (1 / (1 + np.exp(-y)), {"objective": "cross_entropy"}),
            "lambda": (1 / (1 + np.exp(-y)), {"objective": "cross_entropy_lambda"}),
            "zero as missing": (y, {"zero_as_missing": True}),
            "no missing": (y, {"use_missing": False}),
            "forest": (y, rf),
            "forest of classes": (classes, {**rf, "objective": "multiclass", "num_class": 4}),
            "binary forest": (y > 1, {**rf, "objective": "binary"}),
            "dart": (y, {"boosting": "dart", "drop_rate": 0.5}),
            "goss": (y, {"data_sample_strategy": "goss"}),
            "linear": (y, {"linear_tree": True}),
            "linear classes": (
                classes,
                {"linear_tree": True, "objective": "multiclass", "num_class": 4},
            ),
            "one leaf": (y * 0 + 3, {}),
        }
        rows = awkward()
        for name, (label, params) in cases.items():
            for categories in ([], [5, 6]):
                with self.subTest(name, categories=categories):
                    used = dict(params)
                    if categories and name != "many leaves":
                        used |= {"max_cat_to_onehot": 1, "cat_smooth": 1, "min_data_per_group": 2}
                    data = lightgbm.Dataset(train, label, categorical_feature=categories)
                    booster = lightgbm.train({**quiet, **used}, data, 12)
                    self.same(mlflow.lightgbm, booster, train, rows)

    def test_lightgbm_ranks_stops_early_and_takes_own_objectives(self) -> None:
        import lightgbm
        import mlflow.lightgbm

        train = table()
        y = target(train)
        quiet = {"verbosity": -1, "num_threads": 1, "seed": 3}
        rows = awkward()
        for objective in ("lambdarank", "rank_xendcg"):
            label = np.digitize(y, [0, 1, 2])
            data = lightgbm.Dataset(train, label, group=[20] * 30)
            booster = lightgbm.train({**quiet, "objective": objective}, data, 10)
            self.same(mlflow.lightgbm, booster, train, rows)
        valid = lightgbm.Dataset(table(5), np.random.default_rng(0).normal(size=600))
        stop = [lightgbm.early_stopping(3, verbose=False)]
        booster = lightgbm.train(
            quiet, lightgbm.Dataset(train, y), 60, valid_sets=[valid], callbacks=stop
        )
        self.assertLess(booster.num_trees(), 60)
        self.same(mlflow.lightgbm, booster, train, rows)

        def squares(prediction, data):
            return prediction - data.get_label(), np.ones_like(prediction)

        own = lightgbm.train({**quiet, "objective": squares}, lightgbm.Dataset(train, y), 10)
        self.same(mlflow.lightgbm, own, train, rows)

    def test_lightgbm_scikit_learn_classes(self) -> None:
        import lightgbm
        import mlflow.lightgbm

        train = table()
        y = target(train)
        names = np.array(["low", "mid", "top"])[np.digitize(y, [0, 2])]
        options = {"n_estimators": 12, "verbosity": -1, "num_threads": 1}
        regressor = lightgbm.LGBMRegressor(**options).fit(train, y)
        for kind in ("skops", "cloudpickle", "pickle"):
            self.same(
                mlflow.lightgbm, regressor, train, awkward(), serialization_format=kind,
                **({"skops_trusted_types": TRUSTED} if kind == "skops" else {}),
            )  # fmt: skip
        classifier = lightgbm.LGBMClassifier(**options).fit(train, names)
        path = self.folder / "classes"
        signature = mlflow.models.infer_signature(train.head(50).fillna(0.5))
        mlflow.lightgbm.save_model(classifier, path, signature=signature, pip_requirements=[])
        expected = mlflow.pyfunc.load_model(str(path)).predict(awkward())
        self.assertEqual(self.asked(path, awkward()), list(expected))

    def test_lightgbm_looks_up_pandas_categories(self) -> None:
        import lightgbm
        import mlflow.lightgbm

        random = np.random.default_rng(4)
        names = np.array(["Zürich", "Oslo", "a b", "Rom", 'with "quotes"'])
        frame = table()[["a", "b"]]
        frame["town"] = pd.Categorical(names[random.integers(0, 5, len(frame))])
        frame["size"] = pd.Categorical(random.choice([30, 10, 20], len(frame)))
        y = frame.a.fillna(0) + frame.town.cat.codes * 2 + (frame["size"] == 20) * 3
        quiet = {"verbosity": -1, "num_threads": 1, "min_data_per_group": 5}
        booster = lightgbm.train(quiet, lightgbm.Dataset(frame, y), 15)
        asked = frame.head(80).copy()
        asked.loc[asked.index[:5], "town"] = np.nan
        expected = booster.predict(asked)
        plain = asked.astype({"town": object, "size": "f8"})
        signature = mlflow.models.ModelSignature.from_dict(
            {
                "inputs": json.dumps(
                    [
                        {"name": "a", "type": "double"},
                        {"name": "b", "type": "double"},
                        {"name": "town", "type": "string"},
                        {"name": "size", "type": "double"},
                    ]
                ),
                "outputs": None,
            }
        )
        path = self.folder / "categories"
        mlflow.lightgbm.save_model(booster, path, signature=signature, pip_requirements=[])
        np.testing.assert_array_equal(self.served(path, plain)[:, 0], expected)

    def test_xgboost(self) -> None:
        import mlflow.xgboost
        import xgboost

        train = table().astype("f4")
        y = target(train)
        classes = np.digitize(y, [0, 1, 2])
        counts = np.random.default_rng(2).poisson(np.exp(np.clip(y / 3, -2, 2)))
        two = np.stack([y, -y / 2], axis=1)
        dart = {"booster": "dart", "rate_drop": 0.4}
        linear = {"booster": "gblinear", "updater": "coord_descent"}
        vector = {"multi_strategy": "multi_output_tree"}
        softprob = {"objective": "multi:softprob", "num_class": 4}
        cases = {
            "regression": (y, {}),
            "linear name": (y, {"objective": "reg:squarederror", "base_score": 0.2}),
            "absolute": (y, {"objective": "reg:absoluteerror"}),
            "huber": (y, {"objective": "reg:pseudohubererror"}),
            "squared log": (np.abs(y), {"objective": "reg:squaredlogerror"}),
            "logistic": (1 / (1 + np.exp(-y)), {"objective": "reg:logistic"}),
            "gamma": (np.abs(y) + 0.1, {"objective": "reg:gamma"}),
            "tweedie": (counts, {"objective": "reg:tweedie"}),
            "poisson": (counts, {"objective": "count:poisson"}),
            "cox": (np.abs(y) + 0.1, {"objective": "survival:cox"}),
            "quantile": (y, {"objective": "reg:quantileerror", "quantile_alpha": [0.1, 0.5, 0.9]}),
            "binary": (y > 1, {"objective": "binary:logistic"}),
            "raw": (y > 1, {"objective": "binary:logitraw"}),
            "hinge": (y > 1, {"objective": "binary:hinge"}),
            "softprob": (classes, softprob),
            "softmax": (classes, {"objective": "multi:softmax", "num_class": 4}),
            "two targets": (two, {}),
            "vector leaves": (two, vector),
            "vector leaves of classes": (classes, {**softprob, **vector}),
            "dart": (y > 1, {**dart, "objective": "binary:logistic"}),
            "dart of classes": (classes, {**dart, **softprob}),
            "dart normalized": (y, {**dart, "normalize_type": "forest", "one_drop": 1}),
            "gblinear": (y, linear),
            "gblinear logistic": (y > 1, {**linear, "objective": "binary:logistic"}),
            "gblinear of classes": (classes, {**linear, **softprob}),
            "forest": (y, {"num_parallel_tree": 4, "subsample": 0.6}),
        }
        rows = awkward().astype("f4")
        forms = ["ubj", "json"]
        for i, (name, (label, params)) in enumerate(cases.items()):
            with self.subTest(name):
                data = xgboost.DMatrix(train, label)
                booster = xgboost.train({"nthread": 1, "max_depth": 5, **params}, data, 9)
                form = forms[i % 2]
                self.same(mlflow.xgboost, booster, train, rows, model_format=form)

    def test_xgboost_survival_and_ranking(self) -> None:
        import mlflow.xgboost
        import xgboost

        train = table().astype("f4")
        y = target(train)
        rows = awkward().astype("f4")
        data = xgboost.DMatrix(train)
        low = np.abs(y) + 0.1
        data.set_float_info("label_lower_bound", low)
        data.set_float_info("label_upper_bound", np.where(y > 1, np.inf, low))
        booster = xgboost.train({"objective": "survival:aft", "nthread": 1}, data, 8)
        self.same(mlflow.xgboost, booster, train, rows)
        for objective in ("rank:ndcg", "rank:pairwise", "rank:map"):
            label = (y > 1) if objective == "rank:map" else np.digitize(y, [0, 1, 2])
            data = xgboost.DMatrix(train, label, qid=np.repeat(np.arange(30), 20))
            booster = xgboost.train({"objective": objective, "nthread": 1}, data, 8)
            self.same(mlflow.xgboost, booster, train, rows)

    def test_xgboost_scikit_learn_classes_give_labels(self) -> None:
        import mlflow.xgboost
        import xgboost

        train = table().astype("f4")
        y = target(train)
        classes = np.digitize(y, [0, 1, 2])
        flags = np.stack([y > 0, y > 1, y > 2], axis=1).astype(int)
        rows = awkward().astype("f4")
        half = {"eval_set": [(train[300:], None)], "verbose": False}
        cases = {
            "binary": (xgboost.XGBClassifier, y > 1, {}),
            "classes": (xgboost.XGBClassifier, classes, {}),
            "softmax": (xgboost.XGBClassifier, classes, {"objective": "multi:softmax"}),
            "targets": (xgboost.XGBClassifier, flags, {}),
            "forest": (xgboost.XGBRFClassifier, classes, {}),
            "stopped": (xgboost.XGBClassifier, classes, {"early_stopping_rounds": 2}),
            "regressor": (xgboost.XGBRegressor, y, {}),
            "stopped regressor": (xgboost.XGBRegressor, y, {"early_stopping_rounds": 1}),
            "forest regressor": (xgboost.XGBRFRegressor, y, {}),
            "dart": (xgboost.XGBClassifier, classes, {"booster": "dart"}),
            "linear": (xgboost.XGBRegressor, y, {"booster": "gblinear"}),
        }
        for name, (kind, label, params) in cases.items():
            with self.subTest(name):
                label = np.asarray(label).astype(float if kind.__name__.endswith("sor") else int)
                model = kind(n_estimators=30, max_depth=4, learning_rate=0.8, n_jobs=1, **params)
                fit = {}
                if "early_stopping_rounds" in params:
                    noise = np.random.default_rng(0).permutation(label[300:])
                    fit = {**half, "eval_set": [(train[300:], noise)]}
                model.fit(train, label, **fit)
                self.same(mlflow.xgboost, model, train, rows)
        ranker = xgboost.XGBRanker(n_estimators=5, n_jobs=1)
        ranker.fit(train, classes, qid=np.repeat(np.arange(30), 20))
        self.same(mlflow.xgboost, ranker, train, rows)


if __name__ == "__main__":
    unittest.main()
