"""ONNX graphs of all kinds, made by the converters that people use, and rows for each."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import onnx
import pandas as pd
from onnx import TensorProto, helper, numpy_helper

N_ROWS = 300


@dataclass
class Case:
    name: str
    graph: onnx.ModelProto
    rows: pd.DataFrame  # float32, int64 or texts
    exact: bool = False  # the adding order is ONNX Runtime's: the same bits
    tolerance: float = 1e-6
    engine: bool = False  # not evaluated by our own operators


def numeric_rows(n_columns: int = 5, missing: bool = False) -> pd.DataFrame:
    random = np.random.default_rng(3)
    x = random.normal(size=(N_ROWS, n_columns)).astype("f4")
    if missing:
        x[random.random(x.shape) < 0.1] = np.nan
    return pd.DataFrame(x, columns=[f"x{i}" for i in range(n_columns)])


def targets(rows: pd.DataFrame, kind: str):
    x = np.nan_to_num(rows.to_numpy())
    value = x[:, 0] * 2 + np.sin(x[:, 1]) + x[:, 2] * x[:, 3]
    if kind == "value":
        return value
    if kind == "two":
        return (value > 0).astype(int)
    three = np.digitize(value, [-1, 1])
    return np.array(["low", "mid", "top"])[three] if kind == "texts" else three


def estimators() -> Iterator[tuple[str, Callable, str, bool, bool]]:
    """Give (name, estimator, target, whether bits are equal, whether rows lack values)."""
    from sklearn import ensemble, linear_model, naive_bayes, neural_network, preprocessing, tree
    from sklearn.decomposition import PCA
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import make_pipeline

    few = {"n_estimators": 12, "random_state": 0}
    yield "tree", tree.DecisionTreeRegressor(max_depth=6), "value", True, False
    yield "tree_labels", tree.DecisionTreeClassifier(max_depth=6), "texts", True, False
    yield "forest", ensemble.RandomForestRegressor(**few), "value", True, False
    yield "forest_two", ensemble.RandomForestClassifier(**few), "two", True, False
    yield "forest_three", ensemble.RandomForestClassifier(**few), "three", True, False
    yield "extra", ensemble.ExtraTreesClassifier(**few), "texts", True, False
    yield "boosting", ensemble.GradientBoostingRegressor(**few), "value", True, False
    yield "boosting_two", ensemble.GradientBoostingClassifier(**few), "two", False, False
    yield "boosting_three", ensemble.GradientBoostingClassifier(**few), "three", False, False
    yield "linear", linear_model.LinearRegression(), "value", False, False
    yield "logistic", linear_model.LogisticRegression(), "two", False, False
    yield "logistic_texts", linear_model.LogisticRegression(), "texts", False, False
    yield "sgd", linear_model.SGDClassifier(loss="log_loss", random_state=0), "three", False, False
    scaled = make_pipeline(preprocessing.StandardScaler(), linear_model.Ridge())
    yield "scaled", scaled, "value", False, False
    filled = make_pipeline(
        SimpleImputer(), preprocessing.MinMaxScaler(), linear_model.LogisticRegression()
    )
    yield "filled", filled, "three", False, True
    projected = make_pipeline(PCA(3), preprocessing.Normalizer(), linear_model.Lasso(0.01))
    yield "projected", projected, "value", False, False
    expanded = make_pipeline(preprocessing.PolynomialFeatures(2), linear_model.Ridge())
    yield "expanded", expanded, "value", False, False
    network = {"hidden_layer_sizes": (8,), "max_iter": 60, "random_state": 0}
    yield "network", neural_network.MLPClassifier(**network), "three", False, False
    network["activation"] = "tanh"
    yield "network_tanh", neural_network.MLPRegressor(**network), "value", False, False
    yield "bayes", naive_bayes.GaussianNB(), "three", False, False
    yield "voting", ensemble.VotingRegressor(
        [("a", linear_model.Ridge()), ("b", tree.DecisionTreeRegressor(max_depth=3))]
    ), "value", False, False


def sklearn_cases() -> Iterator[Case]:
    import skl2onnx
    from skl2onnx.common.data_types import FloatTensorType
    from sklearn.base import is_classifier

    for name, estimator, kind, exact, missing in estimators():
        rows = numeric_rows(missing=missing)
        estimator.fit(rows.to_numpy(), targets(rows, kind))
        inputs = [("x", FloatTensorType([None, rows.shape[1]]))]
        forms = [("", {"zipmap": False}), ("_maps", {})] if is_classifier(estimator) else [("", {})]
        for suffix, options in forms:
            made = skl2onnx.to_onnx(
                estimator,
                initial_types=inputs,
                options={id(estimator): options} if options else None,
                target_opset=18,
            )
            # ONNX Runtime takes exponents of sums of float32 there
            yield Case(name + suffix, made, rows, exact, 5e-6 if name == "bayes" else 1e-6)


def mixed_case() -> Case:
    """Give a pipeline over named columns of numbers and texts."""
    import skl2onnx
    from skl2onnx.common.data_types import FloatTensorType, StringTensorType
    from sklearn.compose import make_column_transformer
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    random = np.random.default_rng(5)
    rows = numeric_rows(3)
    rows["city"] = random.choice(["Oslo", "Rome", "Bern"], N_ROWS)
    rows["size"] = random.choice(["s", "m", "l"], N_ROWS)
    y = (rows["x0"] + (rows["city"] == "Oslo") > 0.5).astype(int)
    prepared = make_column_transformer(
        (StandardScaler(), ["x0", "x1", "x2"]),
        (OneHotEncoder(handle_unknown="ignore"), ["city", "size"]),
    )
    model = make_pipeline(prepared, RandomForestClassifier(12, random_state=0)).fit(rows, y)
    inputs = [
        (name, (FloatTensorType if name.startswith("x") else StringTensorType)([None, 1]))
        for name in rows.columns
    ]
    made = skl2onnx.to_onnx(
        model, initial_types=inputs, options={id(model): {"zipmap": False}}, target_opset=18
    )
    return Case("mixed", made, rows)


def booster_cases() -> Iterator[Case]:
    import lightgbm
    import onnxmltools
    import xgboost
    from onnxmltools.convert.common.data_types import FloatTensorType

    for kind in ("value", "two", "three"):
        rows = numeric_rows(missing=True)
        x, y = rows.to_numpy(), targets(rows, kind)
        inputs = [("x", FloatTensorType([None, 5]))]
        classes = kind != "value"
        model = (xgboost.XGBClassifier if classes else xgboost.XGBRegressor)(n_estimators=15)
        made = onnxmltools.convert_xgboost(model.fit(x, y), initial_types=inputs)
        yield Case(f"xgboost_{kind}", made, rows, exact=not classes)
        model = (lightgbm.LGBMClassifier if classes else lightgbm.LGBMRegressor)(
            n_estimators=15, verbosity=-1
        )
        made = onnxmltools.convert_lightgbm(
            model.fit(x, y), initial_types=inputs, zipmap=False, target_opset=15
        )
        yield Case(f"lightgbm_{kind}", made, rows)
    rows = numeric_rows()
    rows["x4"] = np.arange(N_ROWS, dtype="f4") % 7
    y = targets(rows, "value") + (rows["x4"].to_numpy() % 3)
    booster = lightgbm.LGBMRegressor(n_estimators=15, verbosity=-1, min_child_samples=5)
    booster.fit(rows.to_numpy(), y, categorical_feature=[4])
    made = onnxmltools.convert_lightgbm(booster, initial_types=inputs, target_opset=15)
    yield Case("lightgbm_categories", made, rows)


def model_of(nodes: list, constants: list, width: int, ml_opset: int = 3) -> onnx.ModelProto:
    graph = helper.make_graph(
        nodes,
        "made",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [None, width])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
        constants,
    )
    opsets = [helper.make_opsetid("", 18), helper.make_opsetid("ai.onnx.ml", ml_opset)]
    made = helper.make_model(graph, opset_imports=opsets)
    made.ir_version = 9
    return made


def newer_trees() -> Case:
    """Give a TreeEnsemble of ai.onnx.ml 5, with a split by membership."""

    def floats(values):
        return numpy_helper.from_array(np.array(values, "f4"))

    node = helper.make_node(
        "TreeEnsemble",
        ["x"],
        ["y"],
        domain="ai.onnx.ml",
        n_targets=2,
        tree_roots=[0],
        nodes_featureids=[0, 1, 4],
        nodes_splits=floats([0.25, -0.5, 0]),
        nodes_modes=numpy_helper.from_array(np.array([0, 1, 6], "u1")),
        nodes_truenodeids=[1, 0, 2],
        nodes_trueleafs=[0, 1, 1],
        nodes_falsenodeids=[2, 1, 3],
        nodes_falseleafs=[0, 1, 1],
        leaf_targetids=[0, 1, 0, 1],
        leaf_weights=floats([1.5, -2, 0.125, 7]),
        membership_values=floats([1, 3, np.nan]),
    )
    rows = numeric_rows()
    rows["x4"] = np.arange(N_ROWS, dtype="f4") % 5
    return Case("newer_trees", model_of([node], [], 5, 5), rows, exact=True)


def constant(name: str, values, kind="f4"):
    return numpy_helper.from_array(np.array(values, kind), name)


def node(kind: str, inputs: str, output: str, **attributes):
    return helper.make_node(kind, inputs.split(), [output], **attributes)


def operator_cases() -> Iterator[Case]:
    """Give chains of plain operators."""
    yield Case(
        "operators_elements",
        model_of(
            [
                node("Abs", "x", "a"),
                node("Sqrt", "a", "b"),
                node("Clip", "b low high", "c"),
                node("Erf", "x", "d"),
                node("Greater", "x row", "e"),
                node("Where", "e c d", "f"),
                node("Pow", "f two", "g"),
                node("Max", "g x row", "h"),
                node("Sigmoid", "h", "i"),
                node("ReduceSum", "i axis", "y", keepdims=1),
            ],
            [
                constant("low", 0.2),
                constant("high", 1.1),
                constant("two", 2),
                constant("row", [0.1, -0.3, 0.2, 0, 0.5]),
                constant("axis", [1], "i8"),
            ],
            5,
        ),
        numeric_rows(),
    )
    yield Case(
        "operators_shapes",
        model_of(
            [
                node("Transpose", "x", "a", perm=[1, 0]),
                node("Gather", "a places", "b", axis=0),
                node("Slice", "b from to axes steps", "c"),
                node("Transpose", "c", "d"),
                node("Unsqueeze", "d last", "e"),
                node("Squeeze", "e last", "f"),
                node("Concat", "f x", "g", axis=1),
                node("Reshape", "g shape", "h"),
                node("Softmax", "h", "i", axis=1),
                node("Flatten", "i", "j"),
                node("Gemm", "j weights", "y", alpha=0.5),
            ],
            [
                constant("places", [3, 0, -1], "i8"),
                constant("from", [2], "i8"),
                constant("to", [-9], "i8"),
                constant("axes", [0], "i8"),
                constant("steps", [-1], "i8"),
                constant("last", [2], "i8"),
                constant("shape", [0, 2, -1], "i8"),
                constant("weights", np.linspace(-1, 1, 16).reshape(8, 2)),
            ],
            5,
        ),
        numeric_rows(),
    )
    yield Case(
        "engine",
        model_of([node("HardSwish", "x", "y")], [], 5),
        numeric_rows(),
        engine=True,
    )


def all_cases() -> Iterator[Case]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield from sklearn_cases()
        yield mixed_case()
        yield from booster_cases()
        yield newer_trees()
        yield from operator_cases()
