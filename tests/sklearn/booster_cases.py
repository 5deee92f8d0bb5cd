"""LightGBM's and XGBoost's estimators, by themselves and within scikit-learn's."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from cases import Case, frame, numbers, target, three_classes, two_classes, with_missing
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import make_column_transformer
from sklearn.ensemble import StackingRegressor, VotingClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.multioutput import MultiOutputRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

SHARES = ("predict", "predict_proba")
PREDICT = ("predict",)
EXACT = {"relative": 0.0, "absolute": 0.0}


def lightgbm() -> Iterator[Case]:
    import lightgbm as lgb

    x, rows = with_missing(numbers()), with_missing(numbers(seed=8))
    options = {"n_estimators": 9, "verbose": -1, "min_child_samples": 5}
    for kind, y in (("two", two_classes(numbers())), ("three", three_classes(numbers()))):
        model = lgb.LGBMClassifier(**options).fit(x, y)
        yield Case(f"lgbm_{kind}", model, rows, (*SHARES, "decision_function"), **EXACT)
        model = make_pipeline(StandardScaler(), lgb.LGBMClassifier(**options)).fit(x, y)
        yield Case(f"lgbm_{kind}_scaled", model, rows, SHARES)
    early = lgb.LGBMRegressor(n_estimators=60, verbose=-1, learning_rate=0.5)
    stop = lgb.early_stopping(2, verbose=False)
    half = slice(None, 60)
    early.fit(x[half], target(numbers())[half], eval_set=[(rows, target(numbers(seed=8)))],
              callbacks=[stop])  # fmt: skip
    yield Case("lgbm_early", early, rows, PREDICT, **EXACT)
    ranker = lgb.LGBMRanker(**options).fit(x, two_classes(numbers()), group=[60, 60])
    yield Case("lgbm_ranker", ranker, rows, PREDICT, **EXACT)
    both = np.column_stack([target(numbers()), -target(numbers())])
    model = MultiOutputRegressor(lgb.LGBMRegressor(objective="poisson", **options))
    yield Case("lgbm_outputs", model.fit(x, np.abs(both)), rows, PREDICT, **EXACT)
    table, later = frame(), frame(seed=9)
    encode = make_column_transformer(
        (OneHotEncoder(handle_unknown="ignore"), ["city", "grade"]), remainder="passthrough"
    )
    y = np.where(table["rooms"] > 3, "big", "small")
    model = make_pipeline(encode, lgb.LGBMClassifier(**options)).fit(table, y)
    yield Case("lgbm_pipeline", model, later, SHARES, **EXACT)
    model = CalibratedClassifierCV(lgb.LGBMClassifier(**options), cv=3).fit(x, y)
    yield Case("lgbm_calibrated", model, rows, SHARES, relative=1e-6)


def xgboost() -> Iterator[Case]:
    import xgboost as xgb

    x, rows = with_missing(numbers()), with_missing(numbers(seed=8))
    codes = np.unique(three_classes(numbers()), return_inverse=True)[1]
    for kind, y in (("two", two_classes(numbers())), ("three", codes)):
        for model in (xgb.XGBClassifier(n_estimators=7), xgb.XGBRFClassifier(n_estimators=5)):
            name = f"xgb_{kind}_{type(model).__name__}"
            yield Case(name, model.fit(x, y), rows, SHARES, **EXACT)
    labels = np.column_stack([two_classes(numbers()), codes > 0]).astype(int)
    yield Case("xgb_labels", xgb.XGBClassifier(n_estimators=5).fit(x, labels), rows, SHARES,
               **EXACT)  # fmt: skip
    early = xgb.XGBRegressor(n_estimators=60, early_stopping_rounds=2, learning_rate=0.8)
    early.fit(x[:60], target(numbers())[:60], eval_set=[(rows, target(numbers(seed=8)))],
              verbose=False)  # fmt: skip
    yield Case("xgb_early", early, rows, PREDICT, **EXACT)
    filled = np.nan_to_num(rows, nan=-7.0)
    model = xgb.XGBRegressor(n_estimators=5, missing=-7.0).fit(filled, target(numbers(seed=8)))
    yield Case("xgb_own_missing", model, filled, PREDICT, **EXACT)
    table, later = frame(), frame(seed=9)
    sparse = make_column_transformer(
        (OneHotEncoder(handle_unknown="ignore"), ["city", "grade"]), sparse_threshold=1.0
    )
    model = make_pipeline(sparse, xgb.XGBRegressor(n_estimators=6)).fit(table, table["age"])
    yield Case("xgb_sparse_pipeline", model, later, PREDICT, **EXACT)
    x, rows = numbers(), numbers(seed=8)
    members = [("a", xgb.XGBClassifier(n_estimators=4)), ("b", LogisticRegression(C=0.01))]
    model = VotingClassifier(members, voting="soft").fit(x, codes)
    yield Case("xgb_voting", model, rows, SHARES, relative=1e-6)
    model = StackingRegressor([("a", xgb.XGBRegressor(n_estimators=4))], LinearRegression(), cv=3)
    yield Case("xgb_stacking", model.fit(x, target(x)), rows, PREDICT, relative=1e-6)


def boosters() -> Iterator[Case]:
    """None where the libraries are not installed."""
    try:
        yield from lightgbm()
        yield from xgboost()
    except ModuleNotFoundError:
        return
