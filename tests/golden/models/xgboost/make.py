"""Makes the cases beside it: python make.py, with the packages that tools/setup installs.

Each is a model file, rows and XGBoost's own predictions of them, to the bit.
"""

import json
import pathlib
import shutil

import numpy as np
import xgboost

HERE = pathlib.Path(__file__).parent
N_ROWS = 400
SOURCE = """xgboost {version}, Booster.predict on CPU (inplace_predict gives the same bits).
{note}
xgboost.train({params}, {rounds} rounds){stopping}. input.csv has the rows, `nan` is missing;
expected.csv the predictions: float32 with 9 digits, which is exact. Made by make.py in the folder
above.
"""


def write_numbers(path, table):
    lines = [",".join(f"{value:.9g}" for value in row) for row in table]
    path.write_text("\n".join(lines) + "\n")


def write(case, note, params, rounds, rows, labels, form="ubj", types=None, names=None,
          odd_rows=None, stop_early=False):
    folder = HERE / case
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    options = {"feature_types": types, "feature_names": names, "enable_categorical": True}
    data = xgboost.DMatrix(rows, labels, **options)
    params = {"seed": 1, "nthread": 1, **params}
    if stop_early:
        half = N_ROWS // 2
        booster = xgboost.train(params, data.slice(range(half)), rounds,
                                evals=[(data.slice(range(half, N_ROWS)), "valid")],
                                early_stopping_rounds=3, verbose_eval=False)
    else:
        booster = xgboost.train(params, data, rounds)
    booster.save_model(folder / f"model.{form}")

    asked = rows[:60]
    if odd_rows is not None:
        asked = np.concatenate([asked, np.array(odd_rows, dtype="f4")])
    predicted = booster.predict(xgboost.DMatrix(asked, **options)).reshape(len(asked), -1)
    in_place = booster.inplace_predict(asked, validate_features=False)
    assert (predicted == in_place.reshape(predicted.shape)).all(), case
    write_numbers(folder / "input.csv", asked)
    write_numbers(folder / "expected.csv", predicted)
    (folder / "source.txt").write_text(
        SOURCE.format(version=xgboost.__version__, note=note, params=json.dumps(params),
                      rounds=rounds, stopping=", early stopping" if stop_early else ""))


def main():
    random = np.random.default_rng(7)
    nan = np.nan
    full = random.normal(size=(N_ROWS, 5)).astype("f4")
    full[:, 3] = np.round(full[:, 3] * 2) / 2
    rows = full.copy()
    rows[random.random(rows.shape) < 0.15] = nan
    zeroed = np.nan_to_num(rows)
    extreme = [[value] * 5 for value in (0.0, -0.0, nan, 1e30, -1e30, 1e-40)]
    codes = random.integers(0, 40, (N_ROWS, 2)).astype("f4")
    codes[random.random(codes.shape) < 0.1] = nan
    mixed = np.concatenate([rows[:, :3], codes], axis=1)
    known = np.nan_to_num(codes, nan=3).astype(int)
    weights = random.normal(size=(2, 40))
    odd_codes = [[0, 0, 0, 39, 0], [0, 0, 0, 41, 5], [0, 0, 0, 1e7, nan], [1, 1, 1, nan, nan],
                 [0, 0, 0, 2**24, 3], [0.5, 0.5, 0.5, 7, 31], [0, 0, 0, 32, 33], [0, 0, 0, 63, 64],
                 [0, 0, 0, -1, -5], [0, 0, 0, 3.7, -0.5]]
    squares = zeroed[:, 0] * 3 + zeroed[:, 1] ** 2

    write("binary_missing", "Binary classifier; missing values go left and right.",
          {"objective": "binary:logistic", "max_depth": 5, "eta": 0.3}, 12, rows,
          (zeroed[:, 0] * zeroed[:, 1] + zeroed[:, 2] > 0.3).astype(int), names=list("abcde"),
          odd_rows=extreme)
    write("categories", "Binary classifier, two features of 40 category codes; also unseen codes.",
          {"objective": "binary:logistic", "max_depth": 6, "eta": 0.3, "max_cat_to_onehot": 4,
           "max_cat_threshold": 64}, 12, mixed,
          (zeroed[:, 0] + weights[0][known[:, 0]] + weights[1][known[:, 1]] > 0).astype(int),
          types=["q", "q", "q", "c", "c"], odd_rows=odd_codes)
    write("categories_onehot", "Regression with splits by single categories, as JSON.",
          {"objective": "reg:squarederror", "max_depth": 4, "eta": 0.3, "max_cat_to_onehot": 100},
          6, mixed, zeroed[:, 0] + weights[0][known[:, 0]], form="json",
          types=["float", "float", "float", "c", "c"], odd_rows=odd_codes)
    write("multiclass", "Four classes, two parallel trees.",
          {"objective": "multi:softprob", "num_class": 4, "max_depth": 3, "num_parallel_tree": 2,
           "subsample": 0.7}, 4, full, (full[:, 0] > 0) * 2 + (full[:, 1] > 0.5),
          odd_rows=extreme)
    write("multiclass_max", "Three classes, the class itself, as JSON.",
          {"objective": "multi:softmax", "num_class": 3, "max_depth": 3}, 4, full,
          (full[:, 0] > 0).astype(int) + (full[:, 1] > 0.5), form="json", odd_rows=extreme)
    write("regression", "Regression with a given base_score, as JSON.",
          {"objective": "reg:squarederror", "max_depth": 5, "eta": 0.2, "base_score": 0.7}, 10,
          rows, squares, form="json", odd_rows=extreme)
    write("pruned", "Regression with pruned trees: they have nodes that nothing leads to.",
          {"objective": "reg:squarederror", "max_depth": 6, "eta": 0.3, "gamma": 8.0,
           "tree_method": "exact"}, 6, rows, squares, odd_rows=extreme)
    write("poisson", "Counts.", {"objective": "count:poisson", "max_depth": 4}, 8, rows,
          random.poisson(np.exp(zeroed[:, 0])), odd_rows=extreme)
    write("logitraw", "Margins of a binary classifier, with a given base_score.",
          {"objective": "binary:logitraw", "max_depth": 3, "base_score": 0.3}, 5, full,
          (full[:, 0] > 0).astype(int))
    write("early_stopped", "Has trees after best_iteration: Booster.predict uses all of them.",
          {"objective": "binary:logistic", "max_depth": 5, "eta": 0.8}, 60, full,
          (full[:, 0] + random.normal(size=N_ROWS) > 0).astype(int), stop_early=True)
    write("lossguide", "Deep trees out of balance.",
          {"objective": "binary:logistic", "grow_policy": "lossguide", "max_leaves": 40,
           "max_depth": 0, "min_child_weight": 0}, 5, full,
          (np.sin(full[:, 0] * 5) > 0).astype(int), odd_rows=extreme)
    write("two_targets", "Two targets, a tree for each.",
          {"objective": "reg:squarederror", "max_depth": 3,
           "multi_strategy": "one_output_per_tree"}, 4, full,
          np.stack([full[:, 0], full[:, 1] * 2], axis=1))


if __name__ == "__main__":
    main()
