"""Scores a Slipway model folder in Python: what mlflow.pyfunc loads, without any Slipway package.

The folder's data/ holds preprocess.json (how raw columns become float32 features) and the
estimator: model.ubj (XGBoost) or linear.json (logistic regression). Nothing here depends on one
model, so several can be loaded in one process. The module's name carries its version.
"""

import json
import os

import numpy as np
import pandas as pd


def _read_json(path):
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def _numbers(frame, name):
    """A column as float64, NaN where missing."""
    column = frame[name]
    if not (pd.api.types.is_numeric_dtype(column) or pd.api.types.is_bool_dtype(column)):
        if column.notna().any() and not all(
            isinstance(value, (bool, int, float, np.number)) for value in column.dropna()
        ):
            raise ValueError(f"column '{name}' is {column.dtype}, not a number")
    return column.to_numpy(dtype="float64", na_value=np.nan)


def _date_part(frame, name, low, high):
    values = _numbers(frame, name)
    given = ~np.isnan(values)
    wrong = given & ((values != np.floor(values)) | (values < low) | (values > high))
    if wrong.any():
        row = int(np.argmax(wrong))
        value = f"{values[row]:g}"
        raise ValueError(f"column '{name}', row {row}: {value} is not a whole {low}..{high}")
    return np.where(given, values, low).astype("int64"), given


def _weekday(frame, parts):
    """0 = Monday … 6 = Sunday, NaN where a part of the date is missing."""
    year, has_year = _date_part(frame, parts["year"], 1, 9999)
    month, has_month = _date_part(frame, parts["month"], 1, 12)
    day, has_day = _date_part(frame, parts["day"], 1, 31)
    months = ((year - 1970) * 12 + month - 1).astype("datetime64[M]")
    days = months.astype("datetime64[D]") + (day - 1)
    given = has_year & has_month & has_day
    wrong = given & (days.astype("datetime64[M]") != months)
    if wrong.any():
        row = int(np.argmax(wrong))
        raise ValueError(f"column '{parts['day']}', row {row}: {day[row]} is no day of that month")
    return np.where(given, (days.astype("int64") + 3) % 7, np.nan)


def _encode(preprocess, frame):
    """Raw columns as the estimator's float32 matrix: computed in float64 and rounded once."""
    derived = {parts["name"]: _weekday(frame, parts) for parts in preprocess["derived"]}
    blocks = []
    for feature in preprocess["features"]:
        name = feature["name"]
        if feature["kind"] == "number":
            values = derived[name] if name in derived else _numbers(frame, name)
            if "impute" in feature:
                values = np.where(np.isnan(values), feature["impute"], values)
            if "scale" in feature:
                values = (values - feature["mean"]) / feature["scale"]
            blocks.append(values.reshape(-1, 1))
            continue
        place = {category: code for code, category in enumerate(feature["categories"])}
        codes = np.array([place.get(value, np.nan) for value in frame[name]], dtype="float64")
        if feature["encoding"] == "codes":
            blocks.append(codes.reshape(-1, 1))
        else:
            blocks.append(codes.reshape(-1, 1) == np.arange(len(place)).reshape(1, -1))
    with np.errstate(over="ignore"):
        return np.concatenate([block.astype("float32") for block in blocks], axis=1)


class _Model:
    def __init__(self, folder):
        self._preprocess = _read_json(os.path.join(folder, "preprocess.json"))
        if self._preprocess["version"] != 1:
            raise ValueError(f"preprocess.json has version {self._preprocess['version']}, not 1")
        self._booster = self._linear = None
        linear = os.path.join(folder, "linear.json")
        if os.path.exists(linear):
            self._linear = _read_json(linear)
        else:
            import xgboost

            self._booster = xgboost.Booster(model_file=os.path.join(folder, "model.ubj"))

    def _scores(self, matrix):
        if self._booster is not None:
            return self._booster.inplace_predict(matrix, validate_features=False)
        sums = matrix.astype("float64") @ np.array(self._linear["coefficients"], dtype="float64")
        with np.errstate(over="ignore"):
            return 1 / (1 + np.exp(-(sums + self._linear["intercept"])))

    def predict(self, model_input, params=None):
        """Give a data frame with the column `score` (`score_0` … where there are several)."""
        scores = self._scores(_encode(self._preprocess, model_input)).astype("float64")
        if scores.ndim == 1:
            return pd.DataFrame({"score": scores})
        return pd.DataFrame(scores, columns=[f"score_{i}" for i in range(scores.shape[1])])


def _load_pyfunc(path):
    return _Model(path)
