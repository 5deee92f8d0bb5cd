"""Models of PyTorch and TensorFlow behind `slipway serve`, by the Python that this runs in:

.deps/torch/bin/python tests/clients/foreign_models_slow.py TorchTest
.deps/tensorflow/bin/python tests/clients/foreign_models_slow.py TensorflowTest
"""

from __future__ import annotations

import sys
import tempfile
import unittest
from pathlib import Path

import mlflow
import numpy as np
from mlflow.models import infer_signature

sys.path.insert(0, str(Path(__file__).resolve().parent))
from python_models import Served  # noqa: E402


class ForeignTest(unittest.TestCase):
    def setUp(self) -> None:
        kept = tempfile.TemporaryDirectory(prefix="slipway-foreign-")
        self.addCleanup(kept.cleanup)
        self.folder = Path(kept.name) / "model"
        self.rows = np.random.default_rng(0).normal(size=(5, 2, 3)).astype(np.float32)

    def compare(self, expected: np.ndarray) -> None:
        """Hold the answers to tensors, over both protocols, against what the library says."""
        flat = self.rows.reshape(-1).tolist()
        tensor = {"name": "input-0", "shape": [5, 2, 3], "datatype": "FP32", "data": flat}
        with Served(self.folder, "--model-start-timeout", "300") as served:
            status, answer = served.post({"inputs": self.rows.tolist()})
            self.assertEqual(status, 200, answer)
            np.testing.assert_allclose(answer["predictions"], expected, rtol=1e-6)
            status, answer = served.post({"inputs": [tensor]}, "/v2/models/model/infer")
            self.assertEqual(status, 200, answer)
            output = answer["outputs"][0]
            found = np.reshape(output["data"], output["shape"])
            np.testing.assert_allclose(found, expected, rtol=1e-6)


class TorchTest(ForeignTest):
    def model(self) -> object:
        import torch

        torch.manual_seed(0)
        return torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(6, 2), torch.nn.Tanh())

    def expected(self, model: object) -> np.ndarray:
        import torch

        with torch.no_grad():
            return model(torch.from_numpy(self.rows)).numpy()

    def test_a_module(self) -> None:
        model = self.model()
        expected = self.expected(model)
        mlflow.pytorch.save_model(
            model, self.folder, signature=infer_signature(self.rows, expected),
            serialization_format="pickle", pip_requirements=[],
        )  # fmt: skip
        self.compare(expected)

    def test_torchscript(self) -> None:
        import torch

        model = torch.jit.script(self.model())
        expected = self.expected(model)
        mlflow.pytorch.save_model(
            model, self.folder, signature=infer_signature(self.rows, expected),
            serialization_format="pickle", pip_requirements=[],
        )  # fmt: skip
        self.compare(expected)


class TensorflowTest(ForeignTest):
    def model(self) -> object:
        import keras

        keras.utils.set_random_seed(0)
        layers = [keras.layers.Input((2, 3)), keras.layers.Flatten()]
        return keras.Sequential([*layers, keras.layers.Dense(2, activation="tanh")])

    def test_keras(self) -> None:
        model = self.model()
        expected = model.predict(self.rows)
        mlflow.tensorflow.save_model(
            model, self.folder, signature=infer_signature(self.rows, expected), pip_requirements=[]
        )
        self.compare(expected)

    def test_saved_model(self) -> None:
        import tensorflow as tf

        layer = tf.Variable(np.full((6, 2), 0.25, np.float32))

        class Module(tf.Module):
            @tf.function(input_signature=[tf.TensorSpec([None, 2, 3], tf.float32)])
            def __call__(self, x: tf.Tensor) -> tf.Tensor:
                return tf.tanh(tf.matmul(tf.reshape(x, [-1, 6]), layer))

        module = Module()
        module.layer = layer
        expected = module(self.rows).numpy()
        mlflow.tensorflow.save_model(
            module, self.folder, signature=infer_signature(self.rows, expected), pip_requirements=[]
        )
        self.compare(expected)


if __name__ == "__main__":
    unittest.main()
