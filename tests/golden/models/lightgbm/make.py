"""Makes the cases beside it: python make.py, with the packages that tools/setup installs.

Each is a model file, rows and LightGBM's own predictions of them, to the bit.
"""

import json
import pathlib
import shutil

import lightgbm
import numpy as np

HERE = pathlib.Path(__file__).parent
N_ROWS = 400
SOURCE = """lightgbm {version}, Booster.predict.
{note}
lightgbm.train({params}, {rounds} rounds). input.csv has the rows, `nan` is missing; expected.csv
the predictions: float64 with 17 digits, which is exact. Made by make.py in the folder above.
"""


def write_numbers(path, table):
    lines = [",".join(f"{value:.17g}" for value in row) for row in table]
    path.write_text("\n".join(lines) + "\n")


def write(case, note, params, rounds, rows, labels, categories=(), odd_rows=()):
    folder = HERE / case
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    params = {"seed": 1, "num_threads": 1, "verbosity": -1, "min_data_in_leaf": 5, **params}
    data = lightgbm.Dataset(rows, labels, categorical_feature=list(categories))
    booster = lightgbm.train(params, data, rounds)
    booster.save_model(folder / "model.lgb")
    asked = np.concatenate([rows[:60], np.array(odd_rows).reshape(-1, rows.shape[1])])
    predicted = lightgbm.Booster(model_file=folder / "model.lgb").predict(asked)
    write_numbers(folder / "input.csv", asked)
    write_numbers(folder / "expected.csv", predicted.reshape(len(asked), -1))
    (folder / "source.txt").write_text(
        SOURCE.format(version=lightgbm.__version__, note=note, params=json.dumps(params),
                      rounds=rounds))


def main():
    random = np.random.default_rng(7)
    nan = np.nan
    rows = random.normal(size=(N_ROWS, 5))
    rows[:, 3] = np.where(random.random(N_ROWS) < 0.5, 0, rows[:, 3])
    rows[random.random(rows.shape) < 0.1] = nan
    rows[:, 4] = random.integers(0, 40, N_ROWS)
    z = np.nan_to_num(rows)
    y = z[:, 0] * z[:, 1] + z[:, 2] + np.sin(z[:, 4]) * 2 + np.isnan(rows[:, 3])
    odd = [[value] * 5 for value in (0.0, -0.0, nan, 1e30, -1e30, 1e-40, -1e-36, 1e-35, -0.5)]
    odd += [[0, 0, 0, 0, code] for code in (-1, -0.5, 3.7, 39, 40, 64, 1e7, 2.0**31, 1e18)]
    classes = np.digitize(y, [0, 1])
    write("binary", "Binary classifier; missing values go left and right.",
          {"objective": "binary", "num_leaves": 15, "sigmoid": 0.8}, 8, rows, y > 0.5,
          odd_rows=odd)
    write("categories", "Three classes; a feature of 40 category codes, also unseen ones.",
          {"objective": "multiclass", "num_class": 3, "num_leaves": 12, "max_cat_to_onehot": 1,
           "cat_smooth": 1, "min_data_per_group": 2}, 4, rows, classes, [4], odd)
    write("linear", "Leaves that are linear.", {"linear_tree": True, "num_leaves": 8}, 6, rows, y,
          odd_rows=odd)
    write("forest", "A random forest, whose trees are averaged.",
          {"boosting": "rf", "bagging_fraction": 0.6, "bagging_freq": 1, "num_leaves": 20}, 6, rows,
          y, odd_rows=odd)
    write("zero_missing", "Zero counts as missing; the square of what was learnt of roots.",
          {"zero_as_missing": True, "reg_sqrt": True, "num_leaves": 10}, 6, rows, y, odd_rows=odd)
    write("nothing_missing", "Missing values count as zero.",
          {"use_missing": False, "objective": "tweedie", "num_leaves": 10}, 6, rows, np.abs(y),
          odd_rows=odd)
    write("one_leaf", "Trees without a split.", {}, 3, rows, y * 0 + 3)


if __name__ == "__main__":
    main()
