"""Ensembles of any estimators, and estimators around others."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from cases import VERSION, Case, numbers, target, three_classes, two_classes
from sklearn import ensemble as en
from sklearn.calibration import CalibratedClassifierCV
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import (
    LinearRegression,
    LogisticRegression,
    RANSACRegressor,
    Ridge,
    RidgeClassifier,
)
from sklearn.model_selection import GridSearchCV
from sklearn.multiclass import OneVsOneClassifier, OneVsRestClassifier
from sklearn.multioutput import (
    ClassifierChain,
    MultiOutputClassifier,
    MultiOutputRegressor,
    RegressorChain,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.semi_supervised import SelfTrainingClassifier
from sklearn.svm import LinearSVC
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

SHARES = ("predict", "predict_proba")
PREDICT = ("predict",)


def logistic() -> object:
    return make_pipeline(StandardScaler(), LogisticRegression())


def ensembles() -> Iterator[Case]:
    x, rows = numbers(), numbers(seed=8)
    tree = DecisionTreeClassifier(max_depth=3, random_state=0)
    for kind, y in (("two", two_classes(x)), ("three", three_classes(x))):
        pairs = [("l", logistic()), ("t", tree), ("gone", "drop")]
        models = {
            "bagging": (en.BaggingClassifier(n_estimators=7, random_state=0), SHARES),
            "bagging_columns": (
                en.BaggingClassifier(logistic(), n_estimators=5, max_features=3, random_state=0),
                SHARES,
            ),
            "bagging_votes": (
                en.BaggingClassifier(RidgeClassifier(), n_estimators=5, random_state=0), SHARES,
            ),
            "soft": (en.VotingClassifier(pairs, voting="soft", weights=[1, 2, 5]), SHARES),
            "hard": (en.VotingClassifier(pairs, voting="hard", weights=[1, 1.5, 0]), PREDICT),
            "stack": (en.StackingClassifier(pairs[:2], cv=3), SHARES),
            "stack_through": (
                en.StackingClassifier([*pairs[:2], ("s", LinearSVC())], passthrough=True, cv=3),
                SHARES,
            ),
            "ada": (
                en.AdaBoostClassifier(tree, n_estimators=6, random_state=0),
                (*SHARES, "decision_function", "predict_log_proba"),
            ),
        }  # fmt: skip
        if VERSION < (1, 6):
            models["ada_plain"] = (
                en.AdaBoostClassifier(tree, n_estimators=6, algorithm="SAMME", random_state=0),
                (*SHARES, "decision_function"),
            )
        for name, (model, methods) in models.items():
            yield Case(f"ensemble_{kind}_{name}", model.fit(x, y), rows, methods, relative=1e-7)
    y = target(x)
    stump = DecisionTreeRegressor(max_depth=3, random_state=0)
    both = [("r", Ridge()), ("t", stump)]
    for name, model in {
        "bagging": en.BaggingRegressor(n_estimators=7, random_state=0),
        "voting": en.VotingRegressor(both, weights=[1, 3]),
        "stack": en.StackingRegressor(both, cv=3),
        "ada": en.AdaBoostRegressor(stump, n_estimators=7, random_state=0),
    }.items():
        yield Case(f"ensemble_values_{name}", model.fit(x, y), rows, PREDICT, relative=1e-8)


def wrappers() -> Iterator[Case]:
    x, rows = numbers(), numbers(seed=8)
    decision = (*SHARES, "decision_function")
    shallow = DecisionTreeClassifier(max_depth=3)
    for kind, y in (("two", two_classes(x)), ("three", three_classes(x))):
        models = {
            "rest": (OneVsRestClassifier(logistic()), decision),
            "rest_tree": (OneVsRestClassifier(DecisionTreeClassifier(max_depth=3)), SHARES),
            "one": (OneVsOneClassifier(logistic()), ("predict", "decision_function")),
            "one_tree": (OneVsOneClassifier(DecisionTreeClassifier(max_depth=3)), PREDICT),
            "search": (GridSearchCV(logistic(), {"logisticregression__C": [0.1, 1]}), decision),
            "sigmoid": (CalibratedClassifierCV(LinearSVC(), cv=3), SHARES),
            "isotonic": (CalibratedClassifierCV(logistic(), method="isotonic", cv=3), SHARES),
            "calibrated_tree": (CalibratedClassifierCV(shallow), SHARES),
            "alone": (CalibratedClassifierCV(LinearSVC(), cv=3, ensemble=False), SHARES),
        }
        if VERSION >= (1, 8):
            warm = CalibratedClassifierCV(logistic(), method="temperature", cv=3)
            models["temperature"] = (warm, SHARES)
        for name, (model, methods) in models.items():
            yield Case(f"wrapper_{kind}_{name}", model.fit(x, y), rows, methods, relative=1e-7)
    labels = np.column_stack([two_classes(x), x[:, 4] > 4, x[:, 2] > 2]).astype(int)
    many = OneVsRestClassifier(logistic()).fit(x, labels)
    yield Case("wrapper_labels", many, rows, SHARES, relative=1e-8)
    texts = np.column_stack([three_classes(x), np.where(two_classes(x), "yes", "no")])
    yield Case(
        "wrapper_outputs", MultiOutputClassifier(logistic()).fit(x, texts), rows, PREDICT
    )
    values = np.column_stack([target(x), -target(x) ** 2])
    yield Case("wrapper_values", MultiOutputRegressor(Ridge()).fit(x, values), rows, PREDICT)
    chain = RegressorChain(Ridge(), order=[1, 0]).fit(x, values)
    yield Case("wrapper_chain", chain, rows, PREDICT, relative=1e-8)
    chain = ClassifierChain(logistic(), order=[2, 0, 1]).fit(x, labels)
    yield Case("wrapper_label_chain", chain, rows, PREDICT)
    few = two_classes(x)
    few[::3] = -1
    learner = SelfTrainingClassifier(logistic()).fit(x, few)
    yield Case("wrapper_self_training", learner, rows, SHARES, relative=1e-8)
    ransac = RANSACRegressor(LinearRegression(), random_state=0).fit(x, target(x))
    yield Case("wrapper_ransac", ransac, rows, PREDICT, relative=1e-8)
    line = IsotonicRegression(out_of_bounds="clip").fit(x[:, 0], target(x))
    yield Case("wrapper_isotonic", line, rows[:, :1], PREDICT)


def committees() -> Iterator[Case]:
    yield from ensembles()
    yield from wrappers()
