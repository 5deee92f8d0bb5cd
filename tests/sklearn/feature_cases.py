"""Columns made of columns, and columns brought to another distribution."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from cases import Case, numbers, with_missing
from sklearn import preprocessing as pp

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


def features() -> Iterator[Case]:
    yield from expansions()
    yield from distributions()
