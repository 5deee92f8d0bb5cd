"""The `mlflow` command line of 3.17.2, pointed at the server by MLFLOW_TRACKING_URI."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
import unittest
from pathlib import Path

from shared_server import ClientTest


class CommandLineTest(ClientTest):
    def mlflow(self, *arguments: str) -> str:
        """Run one command within this process, as its start takes seconds; give what it printed."""
        from click.testing import CliRunner
        from mlflow.cli import cli

        done = CliRunner().invoke(cli, list(arguments))
        self.assertEqual(done.exit_code, 0, f"{arguments}: {done.output}\n{done.exception!r}")
        return done.output

    def test_as_a_program(self) -> None:
        program = Path(sys.executable).parent / "mlflow"
        listed = subprocess.run(
            [program, "experiments", "search"],
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        )
        self.assertRegex(listed.stdout, r"(?m)^0 .* mlflow-artifacts:/0\b")

    def test_experiments_and_runs(self) -> None:
        import mlflow

        name = f"cli {os.urandom(4).hex()}"
        self.mlflow("experiments", "create", "-n", name)
        experiment_id = mlflow.get_experiment_by_name(name).experiment_id
        self.assertIn(name, self.mlflow("experiments", "get", "-x", experiment_id))
        self.mlflow("experiments", "rename", "-x", experiment_id, "--new-name", name + " new")
        self.assertIn(name + " new", self.mlflow("experiments", "search"))
        self.mlflow("runs", "create", "--experiment-id", experiment_id, "--run-name", "by hand")
        with mlflow.start_run(experiment_id=experiment_id, run_name="one") as run:
            mlflow.log_metric("auc", 0.75)
            mlflow.log_param("depth", 6)
        run_id = run.info.run_id
        listed = self.mlflow("runs", "list", "--experiment-id", experiment_id)
        self.assertRegex(listed, f"one +{run_id}|{run_id}.*one")
        self.assertIn('"auc": 0.75', self.mlflow("runs", "describe", "--run-id", run_id))
        table = self.folder / "runs.csv"
        self.mlflow("experiments", "csv", "-x", experiment_id, "-o", str(table))
        with table.open() as file:
            rows = list(csv.DictReader(file))
        self.assertEqual({r["run_id"]: r["metrics.auc"] for r in rows}[run_id], "0.75")
        self.mlflow("runs", "delete", "--run-id", run_id)
        deleted = self.mlflow(
            "runs", "list", "--experiment-id", experiment_id, "-v", "deleted_only"
        )
        self.assertIn(run_id, deleted)
        self.mlflow("runs", "restore", "--run-id", run_id)
        self.mlflow("experiments", "delete", "-x", experiment_id)
        self.assertNotIn(name, self.mlflow("experiments", "search"))
        self.mlflow("experiments", "restore", "-x", experiment_id)
        self.assertIn(name, self.mlflow("experiments", "search"))

    def test_artifacts(self) -> None:
        import mlflow

        self.experiment("cli artifacts")
        local = self.folder / "sent"
        (local / "deep").mkdir(parents=True)
        (local / "deep" / "b.txt").write_text("b")
        (local / "a.txt").write_text("a")
        with mlflow.start_run() as run:
            pass
        run_id = run.info.run_id
        self.mlflow(
            "artifacts", "log-artifact", "-l", str(local / "a.txt"), "-r", run_id, "-a", "one"
        )
        self.mlflow("artifacts", "log-artifacts", "-l", str(local), "-r", run_id, "-a", "all")
        self.assertIn(
            '"path": "all/deep"', self.mlflow("artifacts", "list", "-r", run_id, "-a", "all")
        )
        into = self.folder / "back"
        self.mlflow("artifacts", "download", "-r", run_id, "-a", "all", "-d", str(into))
        self.assertEqual((into / "all/deep/b.txt").read_text(), "b")
        again = self.mlflow("artifacts", "download", "-u", f"runs:/{run_id}/one/a.txt")
        self.assertEqual(Path(again.strip().splitlines()[-1]).read_text(), "a")

    def test_a_registered_model_scores(self) -> None:
        import mlflow
        from sklearn.linear_model import LinearRegression

        self.experiment("cli models")
        name = f"cli-{os.urandom(4).hex()}"
        model = LinearRegression().fit([[0.0], [1.0]], [0.0, 2.0])
        with mlflow.start_run():
            mlflow.sklearn.log_model(
                model, name="model", registered_model_name=name, pip_requirements=["scikit-learn"]
            )
        rows = self.folder / "rows.json"
        rows.write_text('{"inputs": [[3.0], [5.0]]}')
        out = self.folder / "scores.json"
        command = ["models", "predict", "-m", f"models:/{name}/1", "-i", str(rows), "-t", "json"]
        self.mlflow(*command, "-o", str(out), "--env-manager", "local")
        self.assertRegex(out.read_text(), r'\{"predictions": \[(6|5\.9{6,}\d*|6\.0+\d*), ')


if __name__ == "__main__":
    unittest.main()
