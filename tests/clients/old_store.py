"""Fills a store with MLflow 2.x, and tells all that its client sees of one: run by .deps/mlflow2.

old_store.py fill TRACKING_URI FOLDER    log some of everything
old_store.py tell TRACKING_URI           print it as JSON
"""

from __future__ import annotations

import json
import math
import sys
import tempfile
from pathlib import Path
from typing import Any

import mlflow.data.http_dataset_source
import mlflow.data.meta_dataset
from mlflow import MlflowClient
from mlflow.entities import DatasetInput, InputTag, Metric, Param, RunTag, ViewType

VALUES = [math.nan, math.inf, -math.inf, 0.0, -1e308, 5e-324, 0.1]


def fill(client: MlflowClient, folder: Path) -> None:
    file = folder / "ünïcode file.txt"
    file.write_text("content of a file")
    first = client.create_experiment("first", tags={"team": "a", "note": "two\nlines"})
    gone = client.create_experiment("gone")
    client.create_run(gone, start_time=5)
    client.delete_experiment(gone)
    client.set_experiment_tag("0", "on", "default")
    for i in range(7):
        run = client.create_run(first if i % 3 else "0", start_time=1000 + i, run_name=f"run {i}")
        run_id = run.info.run_id
        points = [
            Metric(f"deep/m{k % 3}", VALUES[k % 7], 1_700_000_000_000 + k // 3, k // 2 - 5)
            for k in range(40 + i)
        ]
        params = [Param(f"p{k}", "x" * k * 100) for k in range(i)]
        tags = [RunTag("k", "v" * i), RunTag("mlflow.note.content", "# ümläut\n")]
        client.log_batch(run_id, points, params, tags)
        client.log_artifact(run_id, str(file), "some/where")
        source = mlflow.data.http_dataset_source.HTTPDatasetSource(f"http://example.org/{i}")
        dataset = mlflow.data.meta_dataset.MetaDataset(source, name=f"set{i % 4}")
        tag = InputTag("mlflow.data.context", "training")
        client.log_inputs(run_id, [DatasetInput(dataset._to_mlflow_entity(), [tag])])
        if i != 5:  # one goes on
            client.set_terminated(run_id, ["FINISHED", "FAILED", "KILLED"][i % 3], 5000 + i)
        if i == 4:
            client.delete_run(run_id)
    fill_registry(client, run_id, folder)


def fill_registry(client: MlflowClient, run_id: str, folder: Path) -> None:
    model = folder / "model"
    model.mkdir()
    (model / "MLmodel").write_text("flavors: {}\n")
    client.log_artifacts(run_id, str(model), "model")
    client.create_registered_model("registered", {"a": "b"}, "what it is")
    client.create_registered_model("empty")
    uri = f"{client.get_run(run_id).info.artifact_uri}/model"
    for i in range(3):
        client.create_model_version("registered", uri, run_id, {"n": str(i)}, None, f"version {i}")
    client.delete_model_version("registered", "2")
    client.transition_model_version_stage("registered", "1", "Production")
    client.set_registered_model_alias("registered", "champion", "3")


def value_text(value: float) -> str:
    """A database holds no infinities: MLflow's own puts the largest number in their place."""
    if math.isinf(value):
        value = math.copysign(sys.float_info.max, value)
    return repr(value)


def run_of(client: MlflowClient, run_id: str) -> dict[str, Any]:
    run = client.get_run(run_id)
    out: dict[str, Any] = {
        "info": {k: v for k, v in dict(run.info).items() if k not in ("artifact_uri", "run_uuid")},
        "metrics": {key: value_text(value) for key, value in run.data.metrics.items()},
        "params": run.data.params,
        "tags": run.data.tags,
        "histories": {
            key: sorted(
                (point.timestamp, point.step, value_text(point.value))
                for point in client.get_metric_history(run_id, key)
            )
            for key in run.data.metrics
        },
        "inputs": sorted(
            (dict(d.dataset), sorted((t.key, t.value) for t in d.tags))
            for d in run.inputs.dataset_inputs
        ),
    }
    if run.info.lifecycle_stage == "active":
        with tempfile.TemporaryDirectory() as folder:
            local = Path(client.download_artifacts(run_id, "", folder))
            found = [path for path in local.rglob("*") if path.is_file()]
            out["files"] = {str(path.relative_to(local)): path.read_text() for path in found}
    return out


def tell(client: MlflowClient) -> dict[str, Any]:
    experiments = client.search_experiments(view_type=ViewType.ALL)
    ids = sorted(e.experiment_id for e in experiments)
    parts = ["name", "lifecycle_stage", "creation_time", "last_update_time", "tags"]
    models = {}
    for model in client.search_registered_models():
        versions = client.search_model_versions(f"name = '{model.name}'")
        models[model.name] = {
            "times": [model.creation_timestamp, model.last_updated_timestamp],
            "texts": [model.description or None, model.tags],
            "aliases": {alias: str(number) for alias, number in model.aliases.items()},
            "versions": {
                str(v.version): [
                    v.creation_timestamp, v.last_updated_timestamp, v.description or None,
                    v.current_stage, v.run_id, v.status, v.tags,
                ]
                for v in versions
            },
        }  # fmt: skip
    return {
        "experiments": {e.experiment_id: {p: getattr(e, p) for p in parts} for e in experiments},
        "runs": {
            run.info.run_id: run_of(client, run.info.run_id)
            for run in client.search_runs(ids, run_view_type=ViewType.ALL)
        },
        "models": models,
    }


def main() -> None:
    action, uri = sys.argv[1:3]
    mlflow.set_tracking_uri(uri)
    client = MlflowClient(uri)
    if action == "fill":
        fill(client, Path(sys.argv[3]))
    print(json.dumps(tell(client)))


if __name__ == "__main__":
    main()
