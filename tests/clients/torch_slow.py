"""Autologging of Lightning on PyTorch by MLflow's client 3.17.2, by Python from .deps/torch."""

from __future__ import annotations

import unittest
from typing import Any

from shared_server import ClientTest


def line() -> Any:
    """Make a model of one layer that is trained and validated on the mean squared error."""
    import pytorch_lightning
    import torch

    class Line(pytorch_lightning.LightningModule):
        def __init__(self) -> None:
            super().__init__()
            self.layer = torch.nn.Linear(3, 1)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.layer(x)

        def training_step(self, batch: list[torch.Tensor], _: int) -> torch.Tensor:
            loss = torch.nn.functional.mse_loss(self(batch[0]), batch[1])
            self.log("train_loss", loss, on_step=False, on_epoch=True)
            return loss

        def validation_step(self, batch: list[torch.Tensor], _: int) -> None:
            self.log("val_loss", torch.nn.functional.mse_loss(self(batch[0]), batch[1]))

        def configure_optimizers(self) -> torch.optim.Optimizer:
            return torch.optim.Adam(self.parameters(), lr=0.05)

    return Line()


class TorchTest(ClientTest):
    def fit(self, **autolog: Any) -> tuple[str, Any, Any]:
        """Fit the model in a run of its own; give the run's id, the model and its rows."""
        import mlflow
        import pytorch_lightning
        import torch

        mlflow.pytorch.autolog(**autolog)
        torch.manual_seed(0)
        rows = torch.randn(64, 3)
        data = torch.utils.data.TensorDataset(rows, rows[:, :1])
        batches = torch.utils.data.DataLoader(data, batch_size=16)
        trainer = pytorch_lightning.Trainer(
            max_epochs=3,
            accelerator="cpu",
            logger=False,
            enable_progress_bar=False,
            default_root_dir=str(self.folder),
        )
        model = line()
        with mlflow.start_run() as run:
            trainer.fit(model, batches, batches)
        return run.info.run_id, model, rows

    def test_a_fit(self) -> None:
        import mlflow
        import numpy

        experiment_id = self.experiment("autolog torch")
        run_id, model, rows = self.fit()
        client = mlflow.MlflowClient()
        run = client.get_run(run_id)
        self.assertEqual(run.info.status, "FINISHED")
        wanted = {"epochs": "3", "optimizer_name": "Adam", "lr": "0.05"}
        self.assertLessEqual(wanted.items(), run.data.params.items())
        for key in ("train_loss", "val_loss"):
            history = client.get_metric_history(run_id, key)
            self.assertEqual([p.step for p in history], [0, 1, 2], key)
            self.assertLess(history[2].value, history[0].value)
        names = {f.path for f in client.list_artifacts(run_id)}
        self.assertIn("model_summary.txt", names)
        logged = mlflow.search_logged_models([experiment_id], output_format="list")
        loaded = mlflow.pyfunc.load_model(f"models:/{logged[0].model_id}")
        expected = model(rows).detach().numpy()
        self.assertTrue(numpy.allclose(loaded.predict(rows.numpy()), expected))

    def test_checkpoints(self) -> None:
        import mlflow

        self.experiment("autolog torch checkpoints")
        run_id, model, rows = self.fit(
            log_models=False, checkpoint=True, checkpoint_monitor="val_loss"
        )
        client = mlflow.MlflowClient()
        kept = {f.path for f in client.list_artifacts(run_id, "checkpoints")}
        names = "latest_checkpoint.pth", "latest_checkpoint_metrics.json"
        self.assertEqual(kept, {f"checkpoints/{name}" for name in names})
        again = mlflow.pytorch.load_checkpoint(type(model), run_id)
        self.assertEqual(again(rows).tolist(), model(rows).tolist())


if __name__ == "__main__":
    unittest.main()
