"""Eight processes of MLflow's client at once: nothing fails, nothing is lost, no number twice.

Run by Python from .deps/python; `tools/test_slow` does.
"""

from __future__ import annotations

import os
import subprocess
import sys
import unittest
from pathlib import Path

from shared_server import ClientTest

N_PROCESSES = 8
N_RUNS = 10
N_STEPS = 50


def log(number: int) -> None:
    """What each process does: runs with children, metrics both ways, files, versions, searches."""
    import mlflow

    mlflow.set_experiment("crowd")
    client = mlflow.MlflowClient()
    for i in range(N_RUNS):
        with mlflow.start_run(run_name=f"{number} {i}", tags={"process": str(number)}) as run:
            mlflow.log_params({"process": number, "i": i})
            for step in range(N_STEPS):
                mlflow.log_metric("now", step * number, step=step)
                mlflow.log_metric("later", step, step=step, synchronous=False)
            mlflow.log_text(f"{number} {i}", "who.txt")
            with mlflow.start_run(nested=True):
                mlflow.log_metric("child", 1)
            mlflow.flush_async_logging()
        client.create_model_version("crowd", f"{run.info.artifact_uri}/model", run.info.run_id)
        mine = mlflow.search_runs(filter_string=f"tags.process = '{number}'", output_format="list")
        assert len(mine) == i + 1, f"process {number} finds {len(mine)} of its {i + 1} runs"


class CrowdTest(ClientTest):
    def test_eight_processes_at_once(self) -> None:
        import mlflow

        mlflow.MlflowClient().create_registered_model("crowd")
        command = [sys.executable, "-W", "ignore", str(Path(__file__).resolve())]
        children = [
            subprocess.Popen(
                [*command, "--log", str(number)],
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                env=os.environ | {"MLFLOW_DISABLE_TELEMETRY": "true"},
            )
            for number in range(N_PROCESSES)
        ]
        outputs = [child.communicate(timeout=600)[0] for child in children]
        for child, output in zip(children, outputs, strict=True):
            self.assertEqual(child.returncode, 0, output)
        client = mlflow.MlflowClient()
        experiment_id = client.get_experiment_by_name("crowd").experiment_id
        parents = client.search_runs([experiment_id], "params.i != ''", max_results=1000)
        self.assertEqual(len(parents), N_PROCESSES * N_RUNS)
        self.assertEqual({run.info.status for run in parents}, {"FINISHED"})
        for run in parents:
            number = int(run.data.params["process"])
            for key, factor in (("now", number), ("later", 1)):
                history = client.get_metric_history(run.info.run_id, key)
                self.assertEqual(
                    [(p.step, p.value) for p in history], [(s, s * factor) for s in range(N_STEPS)]
                )
        children_found = client.search_runs([experiment_id], "metrics.child = 1", max_results=1000)
        self.assertEqual(len(children_found), N_PROCESSES * N_RUNS)
        versions = client.search_model_versions("name = 'crowd'")
        numbers = sorted(int(v.version) for v in versions)
        self.assertEqual(numbers, list(range(1, N_PROCESSES * N_RUNS + 1)))
        self.assertEqual(len({v.run_id for v in versions}), N_PROCESSES * N_RUNS)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--log"]:
        log(int(sys.argv[2]))
    else:
        unittest.main()
