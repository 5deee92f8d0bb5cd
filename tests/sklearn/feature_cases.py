"""Columns made of columns, and columns brought to another distribution."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from cases import Case, numbers, two_classes, with_missing
from sklearn import feature_selection as fs
from sklearn import preprocessing as pp
from sklearn.decomposition import PCA, FastICA, IncrementalPCA, TruncatedSVD
from sklearn.ensemble import RandomForestClassifier
from sklearn.kernel_approximation import Nystroem, RBFSampler
from sklearn.linear_model import LogisticRegression
from sklearn.random_projection import GaussianRandomProjection, SparseRandomProjection
from sklearn.tree import DecisionTreeClassifier

TRANSFORM = ("transform",)


def expansions() -> Iterator[Case]:
    x = numbers(width=4)
    for i, option in enumerate((
        {}, {"degree": 3, "interaction_only": True}, {"degree": 4, "include_bias": False},
        {"degree": (2, 3)}, {"degree": 1},
    )):  # fmt: skip
        yield Case(f"polynomial_{i}", pp.PolynomialFeatures(**option).fit(x), x, TRANSFORM)
    wide = x * 1.3
    options = [
        {}, {"degree": 2, "extrapolation": "linear"}, {"extrapolation": "continue", "degree": 4},
        {"extrapolation": "periodic"}, {"include_bias": False, "n_knots": 7},
        {"degree": 1, "extrapolation": "linear"}, {"degree": 0, "extrapolation": "continue"},
        {"knots": "quantile"},
    ]  # fmt: skip
    for i, option in enumerate(options):
        spline = pp.SplineTransformer(**option).fit(x)
        yield Case(f"spline_{i}", spline, wide, TRANSFORM, relative=1e-8, absolute=1e-9)
    stop = pp.SplineTransformer(extrapolation="error").fit(x)
    yield Case("spline_error", stop, x, TRANSFORM, refused=(wide * 3,))
    for encode in ("ordinal", "onehot", "onehot-dense"):
        for strategy in ("uniform", "quantile"):
            bins = pp.KBinsDiscretizer(n_bins=4, encode=encode, strategy=strategy).fit(x)
            yield Case(f"bins_{encode}_{strategy}", bins, wide, TRANSFORM)
    uneven = pp.KBinsDiscretizer(n_bins=[2, 3, 4, 5], encode="ordinal").fit(x)
    yield Case("bins_uneven", uneven, wide, TRANSFORM)


def distributions() -> Iterator[Case]:
    x = numbers(width=4)
    later = with_missing(numbers(width=4, seed=8) * 1.2)
    repeated = np.round(x, 1)
    for kind in ("uniform", "normal"):
        for n in (10, 100):
            step = pp.QuantileTransformer(n_quantiles=n, output_distribution=kind).fit(repeated)
            name = f"quantile_{kind}_{n}"
            yield Case(name, step, later, TRANSFORM, relative=1e-8, absolute=1e-9)
            rows = np.round(later, 1)
            yield Case(f"{name}_round", step, rows, TRANSFORM, relative=1e-8, absolute=1e-9)
    yield Case("power", pp.PowerTransformer().fit(x), later, TRANSFORM, relative=1e-8)
    plain = pp.PowerTransformer(standardize=False).fit(x)
    yield Case("power_plain", plain, later, TRANSFORM, relative=1e-8)
    positive = np.abs(x) + 0.1
    box = pp.PowerTransformer("box-cox").fit(positive)
    yield Case("power_box_cox", box, np.abs(later) + 0.2, TRANSFORM, relative=1e-8, refused=(x,))


def projections() -> Iterator[Case]:
    x, rows = numbers(), numbers(seed=8)
    close = {"relative": 1e-7, "absolute": 1e-9}
    for i, step in enumerate((
        PCA(), PCA(3, whiten=True), TruncatedSVD(3, random_state=0), IncrementalPCA(2),
        FastICA(3, random_state=0, whiten="unit-variance"), RBFSampler(random_state=0),
        GaussianRandomProjection(3, random_state=0), SparseRandomProjection(3, random_state=0),
        Nystroem(n_components=9, random_state=0),
        Nystroem(kernel="poly", degree=2, gamma=0.1, n_components=4),
    )):  # fmt: skip
        name = f"projection_{type(step).__name__}_{i}"
        yield Case(name, step.fit(x), rows, TRANSFORM, **close)


def selections() -> Iterator[Case]:
    x, rows = numbers(), numbers(seed=8)
    y = two_classes(x)
    tree = DecisionTreeClassifier(random_state=0)
    forest = RandomForestClassifier(7, random_state=0)
    sparse = LogisticRegression(penalty="l1", solver="liblinear")
    for i, step in enumerate((
        fs.VarianceThreshold(0.5), fs.SelectKBest(k=2), fs.SelectKBest(k="all"),
        fs.SelectPercentile(percentile=40), fs.SelectFpr(), fs.SelectFdr(), fs.SelectFwe(),
        fs.GenericUnivariateSelect(mode="k_best", param=3), fs.SelectFromModel(tree),
        fs.SelectFromModel(forest, threshold="0.5*median"), fs.SelectFromModel(sparse),
        fs.SelectFromModel(LogisticRegression(), max_features=2, threshold=-np.inf),
        fs.RFE(tree, n_features_to_select=2), fs.RFECV(tree, cv=3),
        fs.SequentialFeatureSelector(tree, n_features_to_select=2, cv=2),
    )):  # fmt: skip
        name = f"selection_{type(step).__name__}_{i}"
        yield Case(name, step.fit(x, y), rows, TRANSFORM)
    chosen = fs.RFE(LogisticRegression(), n_features_to_select=2).fit(x, y)
    yield Case("selection_predicts", chosen, rows, ("predict", "predict_proba"), relative=1e-8)


def features() -> Iterator[Case]:
    yield from projections()
    yield from selections()
    yield from expansions()
    yield from distributions()
