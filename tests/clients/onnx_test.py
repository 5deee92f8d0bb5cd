"""ONNX graphs as sklearn-onnx and onnxmltools make them, saved by MLflow, scored here and by ONNX
Runtime.
"""

from __future__ import annotations

import json
import io
import json
import os
import re
import subprocess
import sys
import tempfile
import unittest
import urllib.request
import warnings
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
import onnx_cases  # noqa: E402
from live_server import find_slipway  # noqa: E402

RUNTIME = next(Path(onnxruntime.__file__).parent.glob("capi/libonnxruntime.so*"))


def save(graph: onnx.ModelProto, path: Path, **more) -> Path:
    import mlflow

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        mlflow.onnx.save_model(graph, str(path), pip_requirements=["onnxruntime"], **more)
    return path


def answers(case: onnx_cases.Case) -> dict[str, np.ndarray]:
    """Give what ONNX Runtime says: an array for each output, maps as matrices."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(
        case.graph.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    inputs = session.get_inputs()
    if len(inputs) == 1:
        feed = {inputs[0].name: case.rows.to_numpy().astype("f4")}
    else:
        feed = {i.name: case.rows[[i.name]].to_numpy() for i in inputs}
        feed = {k: v.astype(object if v.dtype == object else "f4") for k, v in feed.items()}
    given = session.run(None, feed)
    out = {}
    for port, value in zip(session.get_outputs(), given, strict=True):
        if isinstance(value, list):
            value = np.array([list(row.values()) for row in value], "f4")
        out[port.name] = np.asarray(value)
    return out


class OnnxTest(unittest.TestCase):
    def setUp(self) -> None:
        warnings.simplefilter("ignore")
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory(prefix="slipway-onnx-")))

    def predict(self, model: Path, rows: pd.DataFrame, runtime: Path | None) -> pd.DataFrame:
        rows.to_parquet(self.folder / "rows.parquet")
        out = self.folder / "scores.parquet"
        # without the library, a graph that we do not evaluate ourselves is refused
        environment = {**os.environ, "SLIPWAY_ONNXRUNTIME": str(runtime or "/none")}
        command = [find_slipway(None), "predict", "--no-python", "-m", model, "--out", out]
        done = subprocess.run(
            [*command, "--data", self.folder / "rows.parquet"],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        self.assertEqual(done.returncode, 0, f"{model.name}: {done.stderr}")
        return pd.read_parquet(out)

    def test_cases(self) -> None:
        worst = {}
        for case in onnx_cases.all_cases():
            with self.subTest(case.name):
                model = save(case.graph, self.folder / case.name)
                scores = self.predict(model, case.rows, RUNTIME if case.engine else None)
                for name, wanted in answers(case).items():
                    width = wanted.size // len(wanted)
                    names = [f"{name}_{k}" for k in range(width)] if width > 1 else [name]
                    got = scores[names].to_numpy()
                    self.assertEqual(len(got), len(wanted))
                    got = got.reshape(wanted.shape)
                    if wanted.dtype.kind in "OUi":
                        self.assertEqual(got.astype(str).tolist(), wanted.astype(str).tolist())
                        continue
                    if case.exact:
                        same = got.astype("f4").tobytes() == wanted.astype("f4").tobytes()
                        self.assertTrue(same, f"{name}: {np.abs(got - wanted).max()}")
                    # sums of float32 that nearly cancel are known to what is added up
                    scale = np.maximum(np.abs(wanted), np.abs(wanted).mean())
                    worst[case.name] = float(np.max(np.abs(got - wanted) / scale))
                    self.assertLessEqual(worst[case.name], case.tolerance, name)
        self.assertGreater(len(worst), 30)

    def served(self, model: Path, body: dict) -> dict:
        """Give /invocations' answer."""
        server = subprocess.Popen(
            [find_slipway(None), "serve", "-m", model, "-p", "0", "--no-python"],
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            address = re.search(r"http://\S+", server.stdout.readline())[0].rstrip("/.")
            request = urllib.request.Request(
                f"{address}/invocations",
                json.dumps(body).encode(),
                {"Content-Type": "application/json"},
            )
            return json.loads(urllib.request.urlopen(request).read())
        finally:
            server.terminate()
            server.wait()

    def test_answers_have_mlflows_form(self) -> None:
        """Rows of named columns are answered row by row, tensors output by output."""
        import mlflow
        from mlflow.models import ModelSignature
        from mlflow.pyfunc import scoring_server
        from mlflow.types.schema import ColSpec, Schema, TensorSpec

        cases = {case.name: case for case in onnx_cases.sklearn_cases() if "forest" in case.name}
        case = cases["forest_two_maps"]
        rows = case.rows[:3]
        columns = Schema([ColSpec("float", name) for name in rows.columns])
        model = save(case.graph, self.folder / "maps", signature=ModelSignature(columns))
        got = self.served(model, {"dataframe_split": rows.to_dict("split")})
        wanted = io.StringIO()
        predicted = mlflow.pyfunc.load_model(str(model)).predict(rows)
        scoring_server.predictions_to_json(predicted, wanted)
        self.assertEqual(got, json.loads(wanted.getvalue()))

        tensor = Schema([TensorSpec(np.dtype("f4"), (-1, 5))])
        case = cases["forest_three"]
        model = save(case.graph, self.folder / "tensor", signature=ModelSignature(tensor))
        got = self.served(model, {"inputs": rows.to_numpy().tolist()})
        wanted = io.StringIO()
        predicted = mlflow.pyfunc.load_model(str(model)).predict(rows.to_numpy())
        scoring_server.predictions_to_json(predicted, wanted)
        self.assertEqual(got, json.loads(wanted.getvalue()))

    def test_weights_in_other_files(self) -> None:
        cases = {case.name: case for case in onnx_cases.operator_cases()}
        case = cases["operators_shapes"]
        graph = onnx.ModelProto()
        graph.CopyFrom(case.graph)
        plain = save(case.graph, self.folder / "plain", save_as_external_data=False)
        model = save(graph, self.folder / "apart", size_threshold=0)
        self.assertGreater(len(list(model.iterdir())), len(list(plain.iterdir())))
        expected = self.predict(plain, case.rows, None)
        pd.testing.assert_frame_equal(self.predict(model, case.rows, None), expected)
        known = {path.name for path in plain.iterdir()}
        for path in model.iterdir():
            if path.name not in known:
                path.unlink()
        with self.assertRaises(AssertionError):
            self.predict(model, case.rows, None)

    def test_engine_settings(self) -> None:
        case = next(case for case in onnx_cases.operator_cases() if case.engine)
        options = {"intra_op_num_threads": 1, "execution_mode": "sequential"}
        options["extra_session_config"] = {"session.intra_op.allow_spinning": "0"}
        model = save(case.graph, self.folder / "engine", onnx_session_options=options)
        self.predict(model, case.rows, RUNTIME)
        with self.assertRaisesRegex(AssertionError, "HardSwish.*ONNX Runtime is not installed"):
            self.predict(model, case.rows, None)


if __name__ == "__main__":
    unittest.main()
