"""What the tests of scikit-learn's estimators have in common: data, cases, and how they are saved.

A case is a fitted estimator, the rows it is asked about, and what it is asked; its answers are the
library's own, made when the test runs.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cloudpickle
import joblib
import numpy as np
import pandas as pd
import sklearn

VERSION = tuple(int(part) for part in sklearn.__version__.split(".")[:2])
N = 120
SHARES = [0.4, 0.3, 0.2, 0.07, 0.03]


@dataclass
class Case:
    name: str
    estimator: Any
    rows: Any  # an array, or a data frame
    methods: tuple[str, ...]
    relative: float = 1e-9
    absolute: float = 1e-12
    refused: tuple[Any, ...] = field(default=())  # rows that scikit-learn refuses, and we must too


Family = Callable[[], Iterator[Case]]


def random(seed: int = 0) -> np.random.RandomState:
    return np.random.RandomState(seed)


def numbers(n: int = N, width: int = 5, seed: int = 0) -> np.ndarray:
    """Give columns of very different scales."""
    scales = np.array([1, 10, 0.01, 300, 1, 2, 5, 1])[:width]
    return random(seed).normal(size=(n, width)) * scales + np.arange(width)


def two_classes(x: np.ndarray) -> np.ndarray:
    return (x[:, 0] + x[:, 1] / 10 + random(1).normal(size=len(x)) * 0.3 > 0.8).astype(int)


def three_classes(x: np.ndarray) -> np.ndarray:
    names = np.array(["blue", "green", "red"])
    return names[np.digitize(x[:, 0] - x[:, 4] + random(2).normal(size=len(x)) * 0.3, [-5, -3.5])]


def target(x: np.ndarray) -> np.ndarray:
    return x[:, 0] * 2 + x[:, 1] / 5 + np.sin(x[:, 4]) + random(3).normal(size=len(x)) * 0.1


def with_missing(x: np.ndarray, share: float = 0.15, seed: int = 4) -> np.ndarray:
    out = x.copy()
    out[random(seed).uniform(size=x.shape) < share] = np.nan
    return out


def frame(n: int = N, seed: int = 5) -> pd.DataFrame:
    """Give texts, numbers with missing ones, integers, truth values."""
    r = random(seed)
    out = pd.DataFrame(
        {
            "age": r.uniform(18, 90, size=n),
            "income": np.exp(r.normal(10, 1, size=n)),
            "city": r.choice(["Oslo", "Lima", "Bern", "Rome", "Kiel"], n, p=SHARES),
            "grade": r.choice(["low", "mid", "high"], size=n),
            "rooms": r.randint(1, 6, size=n),
            "owner": r.uniform(size=n) < 0.5,
        }
    )
    out.loc[r.uniform(size=n) < 0.1, "income"] = np.nan
    return out


def as_columns(rows: Any) -> list[list[Any]]:
    """Give rows as [[name, values], …], names being empty of an array's columns."""
    if not isinstance(rows, pd.DataFrame):
        rows = np.asarray(rows)
        if rows.ndim == 1:
            rows = rows.reshape(-1, 1)
        return [["", np.ascontiguousarray(rows[:, i])] for i in range(rows.shape[1])]
    out = []
    for name in rows.columns:
        values = rows[name].to_numpy()
        if values.dtype.kind not in "biuf":
            values = np.array([v if isinstance(v, str) else None for v in values], dtype=object)
        out.append([str(name), values])
    return out


def save(estimator: Any, folder: Path, name: str, turn: int) -> Path:
    """Save in one of the formats that are read; each in turn."""
    kinds = ["pickle2", "pickle4", "cloudpickle", "joblib", "joblib_zlib"]
    if VERSION >= (1, 2):
        kinds = ["skops", *kinds, "skops"]
    kind = kinds[turn % len(kinds)]
    path = folder / f"{name}.{kind}"
    if kind == "skops":
        import skops.io

        skops.io.dump(estimator, path)
    elif kind.startswith("pickle"):
        path.write_bytes(pickle.dumps(estimator, protocol=int(kind[-1])))
    elif kind == "cloudpickle":
        path.write_bytes(cloudpickle.dumps(estimator))
    else:
        joblib.dump(estimator, path, compress=3 if kind == "joblib_zlib" else 0)
    return path


def answer(estimator: Any, method: str, rows: Any) -> list[list[Any]]:
    """Ask the library itself."""
    result = getattr(estimator, method)(rows)
    if hasattr(result, "toarray"):
        result = result.toarray()
    result = np.asarray(result)
    if result.ndim == 1:
        result = result.reshape(-1, 1)
    return result.tolist()
