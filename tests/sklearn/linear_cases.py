"""Linear regressions and classifiers."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from cases import VERSION, Case, numbers, random, target, three_classes, two_classes
from sklearn import linear_model as lm
from sklearn.base import clone
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.svm import LinearSVC, LinearSVR


def regressors() -> Iterator[Case]:
    x, y = numbers(), target(numbers())
    both = np.column_stack([y, -y * 2])
    plain = [
        lm.ARDRegression(), lm.BayesianRidge(), lm.ElasticNet(alpha=0.01), lm.ElasticNetCV(),
        lm.HuberRegressor(max_iter=1000), lm.Lars(), lm.Lasso(alpha=0.01), lm.LassoCV(),
        lm.LassoLars(alpha=0.01), lm.LassoLarsIC(), lm.LinearRegression(),
        lm.LinearRegression(fit_intercept=False), lm.OrthogonalMatchingPursuit(),
        lm.PassiveAggressiveRegressor(), lm.Ridge(), lm.RidgeCV(),
        lm.SGDRegressor(max_iter=5, eta0=1e-6), lm.TheilSenRegressor(random_state=0), LinearSVR(),
        lm.QuantileRegressor(alpha=0.01, solver="highs"),
    ]  # fmt: skip
    for i, model in enumerate(plain):
        bad = (x[:, :-1], np.where(x > 2, np.nan, x), np.where(x > 2, np.inf, x))
        name = f"linear_{type(model).__name__}_{i}"
        yield Case(name, model.fit(x, y), x, ("predict",), refused=bad)
    for model in (lm.LinearRegression(), lm.Ridge(), lm.MultiTaskLasso(alpha=0.01)):
        yield Case(f"linear_two_{type(model).__name__}", model.fit(x, both), x, ("predict",))
    counts = np.exp(np.clip(y, -2, 2) / 4)
    small = x / np.abs(x).max(axis=0)
    for model in (
        lm.PoissonRegressor(), lm.GammaRegressor(), lm.TweedieRegressor(power=1.5),
        lm.TweedieRegressor(power=0), lm.TweedieRegressor(power=0, link="log"),
    ):  # fmt: skip
        kind = f"{getattr(model, 'power', '')}_{getattr(model, 'link', '')}"
        name = f"glm_{type(model).__name__}_{kind}"
        yield Case(name, model.fit(small, counts), small, ("predict",))


def classifiers() -> Iterator[Case]:
    x = numbers()
    probabilities = ("predict", "predict_proba", "predict_log_proba", "decision_function")
    decision = ("predict", "decision_function")
    models = [
        (lm.LogisticRegression(), probabilities), (lm.LogisticRegressionCV(Cs=3), probabilities),
        (lm.LogisticRegression(C=0.1, fit_intercept=False), probabilities),
        (LinearDiscriminantAnalysis(), probabilities),
        (lm.SGDClassifier(loss="modified_huber"), probabilities),
        (lm.SGDClassifier(loss="log_loss"), probabilities),
        (lm.SGDClassifier(), decision), (lm.Perceptron(), decision),
        (lm.PassiveAggressiveClassifier(), decision), (lm.RidgeClassifier(), decision),
        (lm.RidgeClassifierCV(), decision), (LinearSVC(), decision),
    ]  # fmt: skip
    if VERSION < (1, 7):
        models.append((lm.LogisticRegression(multi_class="ovr"), probabilities))
        models.append((lm.LogisticRegression(multi_class="multinomial"), probabilities))
    for i, (model, methods) in enumerate(models):
        for kind, y in (("two", two_classes(x)), ("three", three_classes(x))):
            name = f"linear_{kind}_{type(model).__name__}_{i}"
            if "log_loss" in str(model) and VERSION < (1, 3):
                continue  # no probability where every class has 0: NaN then, equal shares since
            yield Case(name, model.fit(x, y), x, methods, relative=1e-8)
            model = clone(model)
    liblinear = lm.LogisticRegression(solver="liblinear").fit(x, two_classes(x))
    yield Case("linear_liblinear", liblinear, x, probabilities)
    single = x.astype("float32")
    model = lm.LogisticRegression().fit(single, three_classes(x))
    yield Case("linear_single", model, single, probabilities, relative=1e-5, absolute=1e-5)
    whole = random(9).randint(-5, 5, size=(80, 3))
    model = lm.LogisticRegression().fit(whole, whole[:, 0] > 0)
    yield Case("linear_whole_numbers", model, whole, probabilities)
    yield Case(
        "discriminant_transform",
        LinearDiscriminantAnalysis().fit(x, three_classes(x)), x, ("transform",),
    )  # fmt: skip


def linear() -> Iterator[Case]:
    yield from regressors()
    yield from classifiers()
