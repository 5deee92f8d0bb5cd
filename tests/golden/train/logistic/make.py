"""Make this folder's data and expectations with the real scikit-learn: see source.txt."""
import json
import pathlib

import numpy
import sklearn
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss

folder = pathlib.Path(__file__).parent
random = numpy.random.default_rng(7)
n = 400
numbers = random.normal(size=(n, 3))
category = random.integers(0, 6, size=n)
one_hot = numpy.eye(6)[category]
one_hot[random.random(n) < 0.05] = 0  # unknown categories
rows = numpy.round(numpy.hstack([numbers, one_hot]), 4).astype(numpy.float32)
margin = rows @ numpy.array([0.8, -1.1, 0.05, 0.5, -0.7, 0.1, 1.5, 0.0, -2.0]) - 0.6
label = (random.random(n) < 1 / (1 + numpy.exp(-margin))).astype(int)

with open(folder / "data.csv", "w") as out:
    for row, y in zip(rows, label):
        out.write(",".join(f"{x:.4f}".rstrip("0").rstrip(".") for x in row) + f",{y}\n")

cases = []
x = rows.astype(numpy.float64)
for c in (0.01, 1.0, 100.0):
    model = LogisticRegression(C=c, tol=1e-9, max_iter=10000).fit(x, label)
    p = model.predict_proba(x)[:, 1]
    cases.append({
        "C": c,
        "intercept": model.intercept_[0],
        "coefficients": list(model.coef_[0]),
        "log_loss": log_loss(label, p),
        "objective": c * n * log_loss(label, p) + 0.5 * float((model.coef_**2).sum()),
    })
with open(folder / "expected.json", "w") as out:
    json.dump({"sklearn": sklearn.__version__, "cases": cases}, out, indent=1)
    out.write("\n")
