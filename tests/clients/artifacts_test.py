"""Files, texts, figures, images and tables through MLflow's client 3.17.2, and back."""

from __future__ import annotations

import json
import unittest
from pathlib import Path

from shared_server import ClientTest


class ArtifactsTest(ClientTest):
    def test_every_kind_of_artifact(self) -> None:
        import matplotlib

        matplotlib.use("Agg")
        import mlflow
        import numpy
        from matplotlib import pyplot
        from PIL import Image

        self.experiment("artifacts")
        figure, axes = pyplot.subplots()
        axes.plot([1, 2])
        local = self.folder / "local"
        (local / "deep" / "er").mkdir(parents=True)
        (local / "a b.txt").write_text("a")
        (local / "deep" / "er" / "é ü.bin").write_bytes(bytes(range(256)))
        (local / "empty").write_bytes(b"")
        with mlflow.start_run() as run:
            mlflow.log_text("hello", "notes/hello.txt")
            mlflow.log_dict({"a": [1, 2]}, "notes/a.json")
            mlflow.log_dict({"a": [1, 2]}, "notes/a.yaml")
            mlflow.log_figure(figure, "figures/plot.png")
            mlflow.log_image(Image.new("RGB", (4, 4), "red"), "figures/red.png")
            for step in range(3):
                mlflow.log_image(numpy.full((8, 8, 3), step, "uint8"), key="seen", step=step)
            mlflow.log_artifact(local / "a b.txt")
            mlflow.log_artifact(local / "a b.txt", "under/here")
            mlflow.log_artifacts(local, "copied")
        client = mlflow.MlflowClient()
        run_id = run.info.run_id
        listed = {f.path: (f.is_dir, f.file_size) for f in client.list_artifacts(run_id)}
        self.assertEqual(set(listed), {"notes", "figures", "images", "a b.txt", "under", "copied"})
        self.assertEqual(listed["a b.txt"], (False, 1))
        self.assertEqual(listed["notes"], (True, None))
        self.assertEqual(len(client.list_artifacts(run_id, "images")), 6)  # with a small one each
        self.assertEqual(mlflow.artifacts.load_text(f"runs:/{run_id}/notes/hello.txt"), "hello")
        root = mlflow.get_run(run_id).info.artifact_uri
        self.assertEqual(mlflow.artifacts.load_dict(f"{root}/notes/a.json"), {"a": [1, 2]})
        self.assertEqual(mlflow.artifacts.load_image(f"{root}/figures/red.png").size, (4, 4))
        back = Path(client.download_artifacts(run_id, "copied", str(self.folder)))
        self.assertEqual((back / "deep/er/é ü.bin").read_bytes(), bytes(range(256)))
        self.assertEqual(sorted(p.name for p in back.iterdir()), ["a b.txt", "deep", "empty"])
        everything = Path(mlflow.artifacts.download_artifacts(run_id=run_id))
        self.assertEqual(json.loads((everything / "notes/a.json").read_text()), {"a": [1, 2]})
        self.assertEqual((everything / "copied/empty").read_bytes(), b"")

    def test_a_large_file(self) -> None:
        import mlflow

        self.experiment("large")
        block = bytes(range(256)) * 4096
        large = self.folder / "large.bin"
        with large.open("wb") as out:
            for _ in range(64):
                out.write(block)
        with mlflow.start_run() as run:
            mlflow.log_artifact(large)
        back = mlflow.artifacts.download_artifacts(
            run_id=run.info.run_id, artifact_path="large.bin", dst_path=str(self.folder / "back")
        )
        self.assertEqual(Path(back).stat().st_size, 64 * len(block))
        with Path(back).open("rb") as file:
            for _ in range(64):
                self.assertTrue(file.read(len(block)) == block)

    def test_tables(self) -> None:
        import mlflow
        import pandas

        experiment_id = self.experiment("tables")
        with mlflow.start_run() as run:
            mlflow.log_table({"x": [1, 2], "y": ["a", "b"]}, "table.json")
            mlflow.log_table(pandas.DataFrame({"x": [3], "y": ["c"]}), "table.json")
        frame = mlflow.load_table("table.json", run_ids=[run.info.run_id])
        self.assertEqual((list(frame["x"]), list(frame["y"])), ([1, 2, 3], ["a", "b", "c"]))
        with mlflow.start_run():
            mlflow.log_table({"x": [9], "y": ["z"]}, "table.json")
        both = mlflow.MlflowClient().load_table(
            experiment_id, "table.json", extra_columns=["run_id"]
        )
        self.assertEqual((sorted(both["x"]), both["run_id"].nunique()), ([1, 2, 3, 9], 2))

    def test_what_is_not_there(self) -> None:
        import mlflow

        self.experiment("nothing")
        with mlflow.start_run() as run:
            pass
        client = mlflow.MlflowClient()
        self.assertEqual(client.list_artifacts(run.info.run_id), [])
        self.assertEqual(client.list_artifacts(run.info.run_id, "no/such"), [])
        with self.assertRaises(Exception) as caught:
            client.download_artifacts(run.info.run_id, "no/such.txt", str(self.folder))
        self.assertRegex(str(caught.exception), "such.txt")
        with mlflow.start_run(run.info.run_id):
            mlflow.log_text("x", "gone.txt")
        from mlflow.artifacts import list_artifacts

        self.assertEqual([f.path for f in list_artifacts(run_id=run.info.run_id)], ["gone.txt"])
        from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

        get_artifact_repository(run.info.artifact_uri).delete_artifacts("gone.txt")
        self.assertEqual(list_artifacts(run_id=run.info.run_id), [])


if __name__ == "__main__":
    unittest.main()
