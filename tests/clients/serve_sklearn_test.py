"""Models that `mlflow.sklearn` saved, behind `slipway serve`: MLflow's answers, no pickle run."""

from __future__ import annotations

import json
import pickle
import subprocess
import sys
import tempfile
import unittest
import urllib.error
import urllib.request
from pathlib import Path

import mlflow
import numpy as np
import pandas as pd
from sklearn.compose import make_column_transformer
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from live_server import find_slipway  # noqa: E402


class Served:
    """`slipway serve` on a folder, for as long as a `with` lasts."""

    def __init__(self, folder: Path) -> None:
        self.command = [find_slipway(None), "serve", "-m", str(folder), "-p", "0", "--no-python"]

    def __enter__(self) -> Served:
        self.process = subprocess.Popen(self.command, stdout=subprocess.PIPE, text=True)
        self.address = self.process.stdout.readline().split()[-1]
        return self

    def __exit__(self, *_: object) -> None:
        self.process.terminate()
        self.process.wait(30)
        self.process.stdout.close()

    def ask(self, body: dict) -> list:
        headers = {"Content-Type": "application/json"}
        text = json.dumps(body).encode()
        request = urllib.request.Request(self.address + "/invocations", text, headers)
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)["predictions"]


def split(frame: pd.DataFrame) -> dict:
    return {"dataframe_split": json.loads(frame.to_json(orient="split", index=False))}


class ServeSklearnTest(unittest.TestCase):
    def setUp(self) -> None:
        kept = tempfile.TemporaryDirectory(prefix="slipway-serve-sklearn-")
        self.addCleanup(kept.cleanup)
        self.folder = Path(kept.name)
        r = np.random.default_rng(0)
        self.frame = pd.DataFrame(
            {
                "age": r.uniform(18, 90, size=200).round(3),
                "rooms": r.integers(1, 6, size=200),
                "city": r.choice(["Oslo", "Lima", "Bern"], size=200),
            }
        )
        self.label = np.where(self.frame["age"] + self.frame["rooms"] > 50, "yes", "no")

    def pipeline(self) -> object:
        columns = make_column_transformer(
            (StandardScaler(), ["age", "rooms"]), (OneHotEncoder(handle_unknown="ignore"), ["city"])
        )
        return make_pipeline(columns, LogisticRegression()).fit(self.frame, self.label)

    def test_every_format_and_predict_fn(self) -> None:
        model = self.pipeline()
        for kind in ("skops", "cloudpickle", "pickle"):
            for fn in ("predict", "predict_proba"):
                path = self.folder / f"{kind}-{fn}"
                mlflow.sklearn.save_model(
                    model, path, serialization_format=kind, pyfunc_predict_fn=fn,
                    input_example=self.frame[:2], pip_requirements=[],
                )  # fmt: skip
                expected = mlflow.pyfunc.load_model(str(path)).predict(self.frame)
                with Served(path) as served:
                    shuffled = self.frame[["city", "age", "rooms"]]
                    answer = served.ask(split(shuffled))
                if fn == "predict":
                    self.assertEqual(answer, list(expected))
                else:
                    np.testing.assert_allclose(answer, expected, rtol=1e-9)

    def test_without_a_signature(self) -> None:
        path = self.folder / "plain"
        mlflow.sklearn.save_model(self.pipeline(), path, pip_requirements=[])
        expected = mlflow.pyfunc.load_model(str(path)).predict(self.frame)
        with Served(path) as served:
            self.assertEqual(served.ask(split(self.frame)), list(expected))

    def test_arrays_and_targets_of_two_dimensions(self) -> None:
        x = self.frame[["age", "rooms"]].to_numpy()
        model = LinearRegression().fit(x, x[:, :1] * 2)
        path = self.folder / "matrix"
        mlflow.sklearn.save_model(model, path, input_example=x[:2], pip_requirements=[])
        expected = mlflow.pyfunc.load_model(str(path)).predict(x)
        with Served(path) as served:
            answer = served.ask({"inputs": x.tolist()})
        np.testing.assert_allclose(answer, expected, rtol=1e-9)

    def test_a_pickle_is_not_run(self) -> None:
        class Evil:
            def __reduce__(self) -> tuple:
                return (exec, (f"open({str(self.mark)!r}, 'w')",))

        path = self.folder / "evil"
        mlflow.sklearn.save_model(
            self.pipeline(), path, serialization_format="pickle", pip_requirements=[]
        )
        Evil.mark = self.folder / "was-run"
        (path / "model.pkl").write_bytes(pickle.dumps(Evil()))
        done = subprocess.run(Served(path).command, capture_output=True, text=True, timeout=30)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("builtins.exec", done.stderr)
        self.assertFalse(Evil.mark.exists())


if __name__ == "__main__":
    unittest.main()
