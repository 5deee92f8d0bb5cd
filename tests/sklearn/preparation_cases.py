"""Scalers, encoders, imputers, and pipelines of them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from cases import (
    VERSION,
    Case,
    frame,
    numbers,
    random,
    target,
    three_classes,
    two_classes,
    with_missing,
)
from sklearn import preprocessing as pp
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor, make_column_transformer
from sklearn.impute import MissingIndicator, SimpleImputer
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, OrdinalEncoder, StandardScaler

TRANSFORM = ("transform",)


def scalers() -> Iterator[Case]:
    x = numbers()
    more = numbers(seed=7) * 2
    missing = with_missing(more)
    for i, scaler in enumerate((
        StandardScaler(), StandardScaler(with_mean=False), StandardScaler(with_std=False),
        pp.MinMaxScaler(), pp.MinMaxScaler((-1, 2), clip=True), pp.MaxAbsScaler(),
        pp.RobustScaler(), pp.RobustScaler(with_centering=False),
        pp.RobustScaler(with_scaling=False),
    )):  # fmt: skip
        name = f"scaler_{type(scaler).__name__}_{i}"
        bad = (more[:, 1:], np.where(more > 2, np.inf, more))
        yield Case(name, scaler.fit(x), missing, TRANSFORM, refused=bad)
        single = type(scaler)(**scaler.get_params()).fit(x.astype("float32"))
        rows = missing.astype("float32")
        yield Case(f"{name}_single", single, rows, TRANSFORM, relative=1e-6, absolute=1e-6)
    constant = np.column_stack([np.ones(20), np.arange(20)])
    yield Case("scaler_constant", StandardScaler().fit(constant), constant, TRANSFORM)
    zero = more.copy()
    zero[3] = 0
    for norm in ("l1", "l2", "max"):
        yield Case(f"normalizer_{norm}", pp.Normalizer(norm).fit(x), zero, TRANSFORM)
    yield Case("binarizer", pp.Binarizer(threshold=0.5).fit(x), x, TRANSFORM)


def encoders() -> Iterator[Case]:
    seen = frame()[["city", "grade", "rooms", "owner"]]
    other = frame(40, seed=11)[["city", "grade", "rooms", "owner"]]
    strange = other.copy()
    strange.loc[2, "city"] = "Paris"
    strange.loc[5, "rooms"] = 77
    options = [
        {"handle_unknown": "ignore"}, {"drop": "first"}, {"drop": "if_binary"},
        {"handle_unknown": "infrequent_if_exist", "min_frequency": 15},
        {"handle_unknown": "infrequent_if_exist", "max_categories": 3, "drop": "first"},
    ]  # fmt: skip
    for i, option in enumerate(options):
        encoder = OneHotEncoder(**option).fit(seen)
        known = "handle_unknown" not in option
        rows = other if known else strange
        yield Case(f"onehot_{i}", encoder, rows, TRANSFORM, refused=(strange,) if known else ())
    if VERSION >= (1, 2):
        yield Case("onehot_dense", OneHotEncoder(sparse_output=False).fit(seen), other, TRANSFORM)
    encoder = OrdinalEncoder().fit(seen)
    yield Case("ordinal", encoder, other, TRANSFORM, refused=(strange,))
    encoder = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1).fit(seen)
    yield Case("ordinal_unknown", encoder, strange, TRANSFORM)
    mixed = random(3).choice([1.0, 2.5, np.nan], size=(60, 2))
    yield Case("ordinal_missing", OrdinalEncoder().fit(mixed), mixed, TRANSFORM)
    encoder = OrdinalEncoder(encoded_missing_value=-7).fit(mixed)
    yield Case("ordinal_missing_value", encoder, mixed, TRANSFORM)
    yield Case("onehot_missing", OneHotEncoder().fit(mixed), mixed, TRANSFORM)
    if VERSION >= (1, 3):
        rare = OrdinalEncoder(
            handle_unknown="use_encoded_value", unknown_value=-3, min_frequency=12
        ).fit(seen)
        yield Case("ordinal_rare", rare, strange, TRANSFORM)
        for kind in ("binary", "continuous", *(("multiclass",) if VERSION >= (1, 4) else ())):
            x = numbers(len(seen))
            y = {"binary": two_classes, "continuous": target, "multiclass": three_classes}[kind](x)
            encoder = pp.TargetEncoder(target_type=kind, random_state=0).fit(seen, y)
            yield Case(f"target_encoder_{kind}", encoder, strange, TRANSFORM)
    label = pp.LabelEncoder().fit(seen["city"])
    yield Case("label_encoder", label, other["city"].to_numpy(dtype=object), TRANSFORM)


def imputers() -> Iterator[Case]:
    x = with_missing(numbers())
    x[:, 3] = np.nan
    rows = with_missing(numbers(seed=8), 0.3)
    for i, option in enumerate((
        {}, {"strategy": "median"}, {"strategy": "most_frequent"}, {"add_indicator": True},
        {"strategy": "constant", "fill_value": -1}, {"strategy": "constant", "add_indicator": True},
    )):  # fmt: skip
        yield Case(f"imputer_{i}", SimpleImputer(**option).fit(x), rows, TRANSFORM)
    coded = np.where(np.isnan(rows), -99, rows)
    yield Case("imputer_code", SimpleImputer(missing_values=-99).fit(coded), coded, TRANSFORM)
    features = "all"
    yield Case("indicator", MissingIndicator(features=features).fit(x), rows, TRANSFORM)
    texts = frame()[["city", "grade"]].astype(object)
    texts.iloc[3:20, 0] = np.nan
    imputer = make_pipeline(SimpleImputer(strategy="most_frequent"), OneHotEncoder())
    yield Case("imputer_texts", imputer.fit(texts), texts, TRANSFORM)
    imputer = make_pipeline(
        SimpleImputer(strategy="constant", fill_value="none"), OneHotEncoder()
    )
    yield Case("imputer_constant_text", imputer.fit(texts), texts, TRANSFORM)


def pipelines() -> Iterator[Case]:
    table, later = frame(300), frame(50, seed=21)
    y = (table["age"] + table["rooms"] * 5 > 60).astype(int).to_numpy()
    numeric = make_pipeline(SimpleImputer(), StandardScaler())
    kinds = OneHotEncoder(handle_unknown="ignore")
    columns = ColumnTransformer(
        [("n", numeric, ["age", "income", "rooms"]), ("c", kinds, ["city", "grade"])],
        remainder="passthrough",
    )
    later.loc[4, "city"] = "Paris"
    model = make_pipeline(columns, LogisticRegression(max_iter=500)).fit(table, y)
    methods = ("predict", "predict_proba")
    yield Case("pipeline_columns", model, later, methods, relative=1e-8)
    shuffled = later[["owner", "city", "rooms", "grade", "income", "age"]]
    yield Case("pipeline_columns_alone", columns.fit(table), shuffled, TRANSFORM)
    x = numbers()
    places = make_column_transformer(
        (StandardScaler(), [0, -1]), ("passthrough", slice(1, 3)), ("drop", [3]),
        remainder=pp.MinMaxScaler(),
    )  # fmt: skip
    yield Case("pipeline_places", places.fit(x), x, TRANSFORM)
    mask = ColumnTransformer(
        [("a", StandardScaler(), [True, False, True, False, False])],
        remainder="drop", transformer_weights={"a": 2.5},
    )  # fmt: skip
    yield Case("pipeline_mask", mask.fit(x), x, TRANSFORM)
    union = FeatureUnion(
        [("a", StandardScaler()), ("b", pp.MinMaxScaler()), ("c", "drop"), ("d", "passthrough")],
        transformer_weights={"b": 10},
    )
    yield Case("pipeline_union", union.fit(x), x, TRANSFORM)
    steps = Pipeline([("a", "passthrough"), ("b", StandardScaler()), ("c", LinearRegression())])
    yield Case("pipeline_passthrough", steps.fit(x, target(x)), x, ("predict",))
    positive = np.abs(x)
    for name in ("log1p", "sqrt", "square", "exp2", "tanh", "arctan", "rint", "sign"):
        step = FunctionTransformer(getattr(np, name))
        yield Case(f"function_{name}", step.fit(positive), positive, TRANSFORM)
    yield Case("function_none", FunctionTransformer().fit(x), x, TRANSFORM)


def targets() -> Iterator[Case]:
    x = numbers()
    y = np.abs(target(x)) + 1
    for name, option in {
        "log": {"func": np.log1p, "inverse_func": np.expm1},
        "standard": {"transformer": StandardScaler()},
        "min_max": {"transformer": pp.MinMaxScaler()},
        "robust": {"transformer": pp.RobustScaler()},
    }.items():
        model = TransformedTargetRegressor(LinearRegression(), **option).fit(x, y)
        yield Case(f"target_{name}", model, x, ("predict",), relative=1e-8)


def preparation() -> Iterator[Case]:
    yield from scalers()
    yield from encoders()
    yield from imputers()
    yield from pipelines()
    yield from targets()
