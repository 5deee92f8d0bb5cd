"""Makes the cases beside it whose names begin with binary_form: python make_binary.py, with xgboost
1.7.6 and numpy below 1.26, which are not among the packages of tools/setup: later ones do not write
the old binary form.
"""

import json
import pathlib
import shutil

import numpy as np
import xgboost

HERE = pathlib.Path(__file__).parent
SOURCE = """xgboost {version}, Booster.predict on CPU.
{note}
xgboost.train({params}, {rounds} rounds), saved as model.bin. input.csv has the rows, `nan` is
missing; expected.csv the predictions: float32 with 9 digits, which is exact. Made by
make_binary.py in the folder above.
"""


def write_numbers(path, table):
    lines = [",".join(f"{value:.9g}" for value in row) for row in table]
    path.write_text("\n".join(lines) + "\n")


def write(case, note, params, rounds, rows, labels):
    folder = HERE / f"binary_form_{case}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    params = {"seed": 1, "nthread": 1, **params}
    booster = xgboost.train(params, xgboost.DMatrix(rows, labels), rounds)
    booster.set_attr(best_iteration="1")
    booster.save_model(folder / "model.bin")
    predicted = booster.predict(xgboost.DMatrix(rows[:60])).reshape(60, -1)
    write_numbers(folder / "input.csv", rows[:60])
    write_numbers(folder / "expected.csv", predicted)
    (folder / "source.txt").write_text(
        SOURCE.format(version=xgboost.__version__, note=note, params=json.dumps(params),
                      rounds=rounds))


def main():
    random = np.random.default_rng(7)
    rows = random.normal(size=(400, 5)).astype("f4")
    rows[random.random(rows.shape) < 0.15] = np.nan
    z = np.nan_to_num(rows)
    y = z[:, 0] * z[:, 1] + z[:, 2]
    write("trees", "Binary classifier.", {"objective": "binary:logistic", "max_depth": 4}, 6, rows,
          y > 0.3)
    write("classes", "Three classes, two parallel trees.",
          {"objective": "multi:softprob", "num_class": 3, "max_depth": 3, "num_parallel_tree": 2,
           "subsample": 0.7}, 3, rows, np.digitize(y, [0, 1]))
    write("dart", "Trees with weights.",
          {"booster": "dart", "rate_drop": 0.5, "max_depth": 3, "base_score": 0.2}, 6, rows, y)
    write("linear", "Without trees.", {"booster": "gblinear", "updater": "coord_descent"}, 6, rows,
          y)


if __name__ == "__main__":
    main()
