"""Trees, forests, boosting."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
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
from sklearn import ensemble as en
from sklearn.base import clone
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.tree import (
    DecisionTreeClassifier,
    DecisionTreeRegressor,
    ExtraTreeClassifier,
    ExtraTreeRegressor,
)

PROBABILITIES = ("predict", "predict_proba", "predict_log_proba")
HISTOGRAM = ("predict", "predict_proba", "decision_function")
ALL = (*PROBABILITIES, "decision_function")
PREDICT = ("predict",)
EXACT = {"relative": 0.0, "absolute": 0.0}  # they add in the library's order
CLOSE = {"relative": 1e-14, "absolute": 1e-14}  # and exp, which may differ in its last bit


def forests() -> Iterator[Case]:
    x = numbers()
    rows = np.vstack([numbers(seed=8), numbers(seed=9) * 1e3])
    weights = random(6).uniform(size=len(x))
    bad = (np.where(rows > 2, np.inf, rows), rows * 1e300, rows[:, 1:])
    classifiers = [
        DecisionTreeClassifier(random_state=0), DecisionTreeClassifier(max_depth=2),
        ExtraTreeClassifier(random_state=0), en.RandomForestClassifier(20, random_state=0),
        en.RandomForestClassifier(9, max_depth=3, class_weight="balanced", random_state=1),
        en.ExtraTreesClassifier(15, random_state=0),
    ]  # fmt: skip
    for i, model in enumerate(classifiers):
        for kind, y in (("two", two_classes(x)), ("three", three_classes(x))):
            model = clone(model).fit(x, y, sample_weight=weights)
            name = f"forest_{kind}_{type(model).__name__}_{i}"
            yield Case(name, model, rows, PROBABILITIES[:2], **EXACT, refused=bad)
            yield Case(f"{name}_log", model, rows, ("predict_log_proba",), **CLOSE)
    regressors = [
        DecisionTreeRegressor(random_state=0), DecisionTreeRegressor(criterion="absolute_error"),
        ExtraTreeRegressor(random_state=0), en.RandomForestRegressor(20, random_state=0),
        en.ExtraTreesRegressor(15, max_features=2, random_state=0),
    ]  # fmt: skip
    for i, model in enumerate(regressors):
        model = model.fit(x, target(x))
        name = f"forest_{type(model).__name__}_{i}"
        yield Case(name, model, rows, PREDICT, **EXACT, refused=bad)
    both = np.column_stack([target(x), -target(x)])
    model = en.RandomForestRegressor(7, random_state=0).fit(x, both)
    yield Case("forest_two_targets", model, rows, PREDICT, **EXACT)
    labels = np.column_stack([three_classes(x), np.where(two_classes(x), "yes", "no")])
    model = en.RandomForestClassifier(7, random_state=0).fit(x, labels)
    yield Case("forest_two_labels", model, rows, PREDICT, **EXACT)
    singles = rows.astype("float32")
    model = en.RandomForestClassifier(7, random_state=0).fit(x, two_classes(x) > 0)
    yield Case("forest_singles", model, singles, PROBABILITIES[:2], **EXACT)
    if VERSION >= (1, 4):
        holes = with_missing(x)
        model = en.RandomForestClassifier(9, random_state=0).fit(holes, three_classes(x))
        yield Case("forest_missing", model, with_missing(rows), PROBABILITIES[:2], **EXACT)
        tree = DecisionTreeRegressor(random_state=0).fit(holes, target(x))
        yield Case("tree_missing", tree, with_missing(rows), PREDICT, **EXACT)
    for option in ({}, {"contamination": 0.1}, {"max_features": 2, "max_samples": 50}):
        model = en.IsolationForest(n_estimators=20, random_state=0, **option).fit(x)
        yield Case(
            f"isolation_{len(option)}", model, rows, ("predict", "decision_function"),
            relative=1e-10, absolute=1e-14,
        )  # fmt: skip


def exact_boosting() -> Iterator[Case]:
    x, rows = numbers(), numbers(seed=8)
    models = [
        (en.GradientBoostingClassifier(n_estimators=15), 0),
        (en.GradientBoostingClassifier(n_estimators=15, subsample=0.7, random_state=0), 0),
        (en.GradientBoostingClassifier(n_estimators=9, loss="exponential"), 2),
        (en.GradientBoostingClassifier(n_estimators=9, init="zero"), 0),
        (en.GradientBoostingClassifier(n_estimators=9, init=LogisticRegression()), 0),
    ]
    for i, (model, only) in enumerate(models):
        for kind, y in (("two", two_classes(x)), ("three", three_classes(x))):
            if only == 2 and kind == "three":
                continue
            model = clone(model).fit(x, y)
            close = {"relative": 1e-5, "absolute": 1e-6} if i == 4 else {}  # it starts in float32
            yield Case(f"boosting_{kind}_{i}", model, rows, ALL, **close)
    for i, option in enumerate((
        {}, {"loss": "huber"}, {"loss": "quantile", "alpha": 0.8}, {"loss": "absolute_error"},
        {"init": "zero"}, {"init": LinearRegression()},
    )):  # fmt: skip
        model = en.GradientBoostingRegressor(n_estimators=15, **option).fit(x, target(x))
        starts = isinstance(option.get("init"), LinearRegression)
        tolerance = {"relative": 1e-5, "absolute": 1e-5} if starts else EXACT
        yield Case(f"boosting_regressor_{i}", model, rows, PREDICT, **tolerance)


def histogram_boosting() -> Iterator[Case]:
    x, rows = with_missing(numbers(300)), with_missing(numbers(seed=8))
    rows[0, 0], rows[1, 1] = np.inf, -np.inf
    full = numbers(300)
    for kind, y in (("two", two_classes(full)), ("three", three_classes(full))):
        model = en.HistGradientBoostingClassifier(max_iter=12, min_samples_leaf=5).fit(x, y)
        yield Case(f"histogram_{kind}", model, rows, HISTOGRAM, relative=1e-9, absolute=1e-12)
    counts = np.exp(np.clip(target(full), -2, 2) / 4)
    for loss in ("squared_error", "absolute_error", "poisson", "quantile", "gamma"):
        if VERSION < (1, 3) and loss in ("quantile", "gamma"):
            continue
        extra = {"quantile": 0.3} if loss == "quantile" else {}
        model = en.HistGradientBoostingRegressor(
            loss=loss, max_iter=12, min_samples_leaf=5, **extra
        ).fit(x, counts)
        exact = {"relative": 1e-14} if loss in ("poisson", "gamma") else EXACT
        yield Case(f"histogram_{loss}", model, rows, PREDICT, **exact)
    r = random(12)
    codes = np.column_stack([r.randint(0, 40, size=300), full[:, 1], r.randint(0, 3, size=300)])
    codes[r.uniform(size=codes.shape) < 0.1] = np.nan
    y = np.nan_to_num(codes[:, 0] % 7) + np.nan_to_num(codes[:, 2]) + full[:, 0]
    strange = codes[:100].copy()
    strange[3, 0], strange[4, 2] = 55, 9
    for i, mask in enumerate(([0, 2], [True, False, False])):
        model = en.HistGradientBoostingRegressor(
            max_iter=12, min_samples_leaf=5, categorical_features=mask
        ).fit(codes, y)
        yield Case(f"histogram_categories_{i}", model, strange, PREDICT, **EXACT)
    if VERSION >= (1, 4):
        table = frame(300)
        for name in ("city", "grade"):
            table[name] = table[name].astype("category")
        model = en.HistGradientBoostingClassifier(max_iter=9, categorical_features="from_dtype")
        model.fit(table, two_classes(full))
        rows = frame(60, seed=33)
        rows.loc[3, "city"] = "Paris"
        yield Case("histogram_dtypes", model, as_categories(rows), HISTOGRAM)


def as_categories(table: pd.DataFrame) -> pd.DataFrame:
    return table.assign(**{name: table[name].astype("category") for name in ("city", "grade")})


def trees() -> Iterator[Case]:
    yield from forests()
    yield from exact_boosting()
    yield from histogram_boosting()
