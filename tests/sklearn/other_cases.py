"""Naive Bayes, discriminants, perceptrons, neighbours, clusters, support vectors."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from cases import VERSION, Case, numbers, random, target, three_classes, two_classes, with_missing
from scipy.sparse import csr_matrix
from sklearn import naive_bayes as nb
from sklearn.cluster import KMeans, MiniBatchKMeans
from sklearn.cross_decomposition import PLSRegression
from sklearn.discriminant_analysis import QuadraticDiscriminantAnalysis
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.impute import KNNImputer
from sklearn.kernel_ridge import KernelRidge
from sklearn.linear_model import LogisticRegression
from sklearn.mixture import BayesianGaussianMixture, GaussianMixture
from sklearn.neighbors import (
    KNeighborsClassifier,
    KNeighborsRegressor,
    RadiusNeighborsClassifier,
    RadiusNeighborsRegressor,
)
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC, SVR, NuSVC, NuSVR, OneClassSVM

PROBABILITIES = ("predict", "predict_proba", "predict_log_proba")
SHARES = ("predict", "predict_proba")
PREDICT = ("predict",)


def scaled(seed: int = 0) -> np.ndarray:
    return StandardScaler().fit(numbers()).transform(numbers(seed=seed))


def bayes() -> Iterator[Case]:
    x, rows = numbers(), numbers(seed=8)
    counts, later = np.abs(x).astype(int), np.abs(rows).astype(int)
    for kind, y in (("two", two_classes(x)), ("three", three_classes(x))):
        yield Case(f"bayes_{kind}_gauss", nb.GaussianNB().fit(x, y), rows, PROBABILITIES)
        yield Case(
            f"bayes_{kind}_quadratic",
            QuadraticDiscriminantAnalysis(reg_param=0.01).fit(x, y), rows,
            (*PROBABILITIES, "decision_function"), relative=1e-7,
        )  # fmt: skip
        for model in (nb.MultinomialNB(), nb.ComplementNB(), nb.BernoulliNB(binarize=1.0)):
            name = f"bayes_{kind}_{type(model).__name__}"
            yield Case(name, model.fit(counts, y), later, PROBABILITIES)
        codes = random(3).randint(0, 4, size=(len(x), 3))
        model = nb.CategoricalNB(min_categories=5).fit(codes, y)
        codes = random(5).randint(0, 4, size=(50, 3))
        yield Case(f"bayes_{kind}_categories", model, codes, PROBABILITIES)


def perceptrons() -> Iterator[Case]:
    x, rows = scaled(), scaled(8)
    options = {"max_iter": 30, "random_state": 0, "hidden_layer_sizes": (7, 4)}
    for kind, y in (("two", two_classes(numbers())), ("three", three_classes(numbers()))):
        for activation in ("identity", "logistic", "tanh", "relu"):
            model = MLPClassifier(activation=activation, **options).fit(x, y)
            yield Case(f"mlp_{kind}_{activation}", model, rows, PROBABILITIES, relative=1e-8)
    labels = np.column_stack([two_classes(numbers()), x[:, 4] > 0]).astype(int)
    yield Case("mlp_labels", MLPClassifier(**options).fit(x, labels), rows, SHARES, relative=1e-8)
    y = target(numbers())
    yield Case("mlp_values", MLPRegressor(**options).fit(x, y), rows, PREDICT, relative=1e-8)
    both = np.column_stack([y, -y])
    yield Case("mlp_two_values", MLPRegressor(**options).fit(x, both), rows, PREDICT, relative=1e-8)
    single = x.astype("float32")
    model = MLPRegressor(**options).fit(single, y)
    yield Case("mlp_single", model, rows.astype("float32"), PREDICT, relative=1e-4, absolute=1e-5)


def vectors() -> Iterator[Case]:
    x, rows = scaled(), scaled(8)
    all_of = ("predict", "decision_function")
    for kind, y in (("two", two_classes(numbers())), ("three", three_classes(numbers()))):
        for i, option in enumerate((
            {}, {"kernel": "linear"}, {"kernel": "poly", "coef0": 1}, {"kernel": "sigmoid"},
            {"gamma": "auto", "decision_function_shape": "ovo"}, {"break_ties": True},
        )):  # fmt: skip
            yield Case(f"svc_{kind}_{i}", SVC(**option).fit(x, y), rows, all_of, relative=1e-8)
        model = SVC(probability=True, random_state=0).fit(x, y)
        yield Case(f"svc_{kind}_shares", model, rows, (*PROBABILITIES, *all_of), relative=1e-7)
        yield Case(f"nusvc_{kind}", NuSVC(nu=0.1).fit(x, y), rows, all_of, relative=1e-8)
        model = SVC().fit(csr_matrix(x), y)
        yield Case(f"svc_{kind}_sparse", model, rows, all_of, relative=1e-8)
    y = target(numbers())
    for model in (SVR(), SVR(kernel="linear"), NuSVR(), KernelRidge(kernel="rbf"),
                  KernelRidge(kernel="polynomial", degree=2)):  # fmt: skip
        name = f"svr_{type(model).__name__}_{model.kernel}"
        yield Case(name, model.fit(x, y), rows, PREDICT, relative=1e-8, absolute=1e-10)
    yield Case("svm_one_class", OneClassSVM(nu=0.2).fit(x), rows, all_of, relative=1e-8)


def neighbours() -> Iterator[Case]:
    x, rows = scaled(), scaled(8)
    rows[5] = x[7]
    for kind, y in (("two", two_classes(numbers())), ("three", three_classes(numbers()))):
        for i, option in enumerate((
            {}, {"weights": "distance"}, {"p": 1, "n_neighbors": 3}, {"algorithm": "brute"},
            {"metric": "chebyshev"}, {"metric": "cosine"}, {"p": 3, "weights": "distance"},
        )):  # fmt: skip
            model = KNeighborsClassifier(**option).fit(x, y)
            yield Case(f"neighbours_{kind}_{i}", model, rows, SHARES, relative=1e-6)
    y = target(numbers())
    for i, option in enumerate(({}, {"weights": "distance"}, {"n_neighbors": 1})):
        model = KNeighborsRegressor(**option).fit(x, y)
        yield Case(f"neighbours_values_{i}", model, rows, PREDICT, relative=1e-6)
    model = KNeighborsRegressor().fit(x, np.column_stack([y, -y]))
    yield Case("neighbours_two_values", model, rows, PREDICT)
    both = ("predict", "transform")
    yield Case("kmeans", KMeans(4, n_init=1, random_state=0).fit(x), rows, both, relative=1e-7)
    small = MiniBatchKMeans(4, n_init=1, random_state=0).fit(x)
    yield Case("kmeans_batches", small, rows, both, relative=1e-7)
    holes, later = with_missing(x), with_missing(rows, 0.3)
    for i, option in enumerate(({}, {"weights": "distance"}, {"add_indicator": True})):
        imputer = KNNImputer(**option).fit(holes)
        yield Case(f"knn_imputer_{i}", imputer, later, ("transform",), relative=1e-7)
    yield Case("knn_imputer_full", KNNImputer().fit(x), rows, ("transform",))


def mixtures() -> Iterator[Case]:
    x, rows = scaled(), scaled(8)
    for kind in ("full", "tied", "diag", "spherical"):
        options = {"n_components": 3, "covariance_type": kind, "random_state": 0}
        for model in (GaussianMixture(**options), BayesianGaussianMixture(**options)):
            name = f"mixture_{type(model).__name__}_{kind}"
            yield Case(name, model.fit(x), rows, SHARES, relative=1e-6, absolute=1e-10)
    model = BayesianGaussianMixture(
        n_components=3, weight_concentration_prior_type="dirichlet_distribution", random_state=0
    )
    yield Case("mixture_dirichlet", model.fit(x), rows, SHARES, relative=1e-6, absolute=1e-10)
    y = target(numbers())
    both = np.column_stack([y, x[:, 0]])
    for name, wanted in (("one", y), ("two", both)):
        model = PLSRegression(2).fit(x, wanted)
        yield Case(f"least_squares_{name}", model, rows, ("predict", "transform"), relative=1e-8)


def decisions() -> Iterator[Case]:
    x, rows = scaled(), scaled(8)
    y = three_classes(numbers())
    for strategy in ("prior", "most_frequent"):
        model = DummyClassifier(strategy=strategy).fit(x, y)
        yield Case(f"dummy_{strategy}", model, rows, PROBABILITIES)
    model = DummyClassifier(strategy="constant", constant="red").fit(x, y)
    yield Case("dummy_constant", model, rows, SHARES)
    for strategy in ("mean", "median"):
        model = DummyRegressor(strategy=strategy).fit(x, target(numbers()))
        yield Case(f"dummy_{strategy}", model, rows, PREDICT)
    yield Case("dummy_two", DummyRegressor().fit(x, x[:, :2]), rows, PREDICT)
    if VERSION >= (1, 5):
        from sklearn.model_selection import FixedThresholdClassifier as Fixed
        from sklearn.model_selection import TunedThresholdClassifierCV as Tuned

        y = np.where(two_classes(numbers()), "yes", "no")
        for i, option in enumerate((
            {}, {"threshold": 0.2}, {"pos_label": "no", "threshold": 0.3},
            {"response_method": "decision_function", "threshold": 0.5},
            {"response_method": "decision_function", "pos_label": "no"},
        )):  # fmt: skip
            model = Fixed(LogisticRegression(), **option).fit(x, y)
            yield Case(f"threshold_{i}", model, rows, SHARES)
        yield Case("threshold_tuned", Tuned(LogisticRegression()).fit(x, y), rows, PREDICT)


def several_neighbours() -> Iterator[Case]:
    x, rows = scaled(), scaled(8)
    rows[5] = x[7]
    labels = np.column_stack([three_classes(numbers()), two_classes(numbers())])
    for weights in ("uniform", "distance"):
        model = KNeighborsClassifier(weights=weights).fit(x, labels)
        yield Case(f"neighbours_labels_{weights}", model, rows, PREDICT)
        options = {"radius": 9.0, "weights": weights}
        model = RadiusNeighborsClassifier(**options).fit(x, three_classes(numbers()))
        yield Case(f"radius_classes_{weights}", model, rows, SHARES, relative=1e-6)
        model = RadiusNeighborsRegressor(**options).fit(x, target(numbers()))
        yield Case(f"radius_values_{weights}", model, rows, PREDICT, relative=1e-6)


def others() -> Iterator[Case]:
    yield from mixtures()
    yield from decisions()
    yield from several_neighbours()
    yield from neighbours()
    yield from vectors()
    yield from bayes()
    yield from perceptrons()
