"""A real MLflow server for the tests of imports: filled with some of everything, and told of."""

from __future__ import annotations

import math
import os
import random
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import mlflow
import mlflow.data
import mlflow.data.http_dataset_source
import mlflow.data.meta_dataset
from mlflow import MlflowClient
from mlflow.entities import (
    DatasetInput,
    InputTag,
    LoggedModelInput,
    LoggedModelOutput,
    LoggedModelStatus,
    Metric,
    Param,
    RunTag,
    ViewType,
)

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from live_server import clean_environment  # noqa: E402

N_RUNS = 8
MAX_KEYS = 7
EXPERIMENT = ["name", "lifecycle_stage", "creation_time", "last_update_time", "tags"]


@contextmanager
def mlflow_server(folder: Path, database: str = "") -> Iterator[str]:
    """A real MLflow server, over SQLite if nothing else, with its artifacts in its own folder."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port)]
    store = database or f"sqlite:///{folder}/mlflow.db"
    command += ["--backend-store-uri", store, "--workers", "1"]
    command += ["--artifacts-destination", str(folder / "mlartifacts")]
    environment = clean_environment(folder) | {"PATH": os.environ["PATH"]}
    with (folder / "mlflow.log").open("w") as log:
        process = subprocess.Popen(
            command, cwd=folder, env=environment, stdout=log, stderr=log, start_new_session=True
        )
    address = f"http://127.0.0.1:{port}"
    try:
        for _ in range(600):
            try:
                urllib.request.urlopen(f"{address}/health", timeout=5)
                break
            except OSError:
                time.sleep(0.1)
        yield address
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def points(seed: int, n: int) -> list[Metric]:
    rng = random.Random(seed)
    odd = [math.nan, math.inf, -math.inf, 0.0, -1e308, 5e-324]
    out = []
    for i in range(n):
        value = odd[i] if i < len(odd) else rng.gauss(0, 1)
        out.append(Metric(f"deep/m{i % MAX_KEYS}", value, 1_700_000_000_000 + i // 3, i // 2 - 5))
    return out


def fill(client: MlflowClient, uri: str, folder: Path) -> None:
    """Log some of everything."""
    mlflow.set_tracking_uri(uri)
    file = folder / "ünïcode file.txt"
    file.write_text("content of a file")
    first = client.create_experiment("first", tags={"team": "a", "note": "two\nlines"})
    gone = client.create_experiment("gone")
    client.create_run(gone, start_time=5)
    client.delete_experiment(gone)
    client.set_experiment_tag("0", "on", "default")
    for i in range(N_RUNS):
        run = client.create_run(first if i % 3 else "0", start_time=1000 + i, run_name=f"run {i}")
        run_id = run.info.run_id
        tags = [RunTag("k", "v" * i), RunTag("mlflow.note.content", "# ümläut\n")]
        client.log_batch(run_id, points(i, 40 + i), [Param(f"p{i % 3}", "x" * i)], tags)
        if i % 2:
            client.log_artifact(run_id, str(file), "some/where")
            source = mlflow.data.http_dataset_source.HTTPDatasetSource(f"http://example.org/{i}")
            dataset = mlflow.data.meta_dataset.MetaDataset(source, name=f"set{i % 4}")
            tag = InputTag("mlflow.data.context", "training")
            client.log_inputs(run_id, [DatasetInput(dataset._to_mlflow_entity(), [tag])])
        client.set_terminated(run_id, ["FINISHED", "FAILED", "KILLED"][i % 3], 5000 + i)
        if i % 5 == 4:
            client.delete_run(run_id)
    fill_models(client, first, folder)


def fill_models(client: MlflowClient, experiment_id: str, folder: Path) -> None:
    made = folder / "model"
    made.mkdir()
    (made / "MLmodel").write_text("flavors: {}\n")
    run_id = client.create_run(experiment_id, run_name="with models").info.run_id
    for i in range(3):
        model = client.create_logged_model(
            experiment_id,
            name=f"model{i}",
            source_run_id=run_id,
            tags={"t": str(i)},
            params={"depth": str(i)},
            model_type="classifier",
        )
        client.log_model_artifacts(model.model_id, str(made))
        client.finalize_logged_model(model.model_id, LoggedModelStatus.READY)
        client.log_outputs(run_id, [LoggedModelOutput(model.model_id, step=i)])
        client.log_metric(run_id, "auc", 0.5 + i / 10, step=i, model_id=model.model_id)
    client.log_inputs(run_id, models=[LoggedModelInput(model.model_id)])
    client.log_artifacts(run_id, str(made), "old")
    client.create_registered_model("registered", tags={"a": "b"}, description="what it is")
    client.create_registered_model("empty")
    sources = [f"models:/{model.model_id}", f"runs:/{run_id}/old"]
    sources.append(f"{client.get_run(run_id).info.artifact_uri}/old")
    for i, source in enumerate(sources):
        client._create_model_version(
            "registered",
            source,
            run_id=run_id,
            tags={"n": str(i)},
            description=f"version {i}",
            model_id=model.model_id if i == 0 else None,
        )
    client.delete_model_version("registered", "2")
    client.transition_model_version_stage("registered", "1", "Production")
    client.set_registered_model_alias("registered", "champion", "3")


def value_text(value: float) -> str:
    """A database holds no infinities: MLflow's own puts the largest number in their place."""
    if math.isinf(value):
        value = math.copysign(sys.float_info.max, value)
    return repr(value)


def whole_run(client: MlflowClient, run_id: str, folder: Path) -> dict:
    run = client.get_run(run_id)
    info = {k: v for k, v in dict(run.info).items() if k not in ("artifact_uri", "run_uuid")}
    histories = {
        key: sorted(
            (point.timestamp, point.step, value_text(point.value))
            for point in client.get_metric_history(run_id, key)
        )
        for key in run.data.metrics
    }
    inputs = sorted(
        (d.dataset.to_dictionary(), sorted((t.key, t.value) for t in d.tags))
        for d in run.inputs.dataset_inputs
    ) if run.inputs else []
    files = {}
    if run.info.lifecycle_stage == "active":
        target = folder / f"{run_id}-{random.random()}"
        target.mkdir()
        local = Path(client.download_artifacts(run_id, "", str(target)))
        files = {str(p.relative_to(local)): p.read_bytes() for p in local.rglob("*") if p.is_file()}
    return {
        "info": info,
        "metrics": {key: value_text(value) for key, value in run.data.metrics.items()},
        "params": run.data.params,
        "tags": run.data.tags,
        "histories": histories,
        "inputs": inputs,
        "model inputs": sorted(m.model_id for m in run.inputs.model_inputs) if run.inputs else [],
        "model outputs": sorted((m.model_id, m.step) for m in run.outputs.model_outputs)
        if run.outputs
        else [],
        "files": files,
    }


def whole_model(client: MlflowClient, model_id: str) -> dict:
    model = client.get_logged_model(model_id)
    members = dict(model.to_dictionary())
    members.pop("artifact_location")
    members["status_message"] = members["status_message"] or None
    metrics = members.pop("metrics") or []
    found = [dict(metric) for metric in metrics]
    members["metrics"] = sorted((m["key"], m["value"], m["step"], m["run_id"]) for m in found)
    return members


def whole_store(client: MlflowClient, folder: Path) -> dict:
    """All that a client can see, without where the files lie."""
    experiments = client.search_experiments(view_type=ViewType.ALL)
    ids = sorted(e.experiment_id for e in experiments)
    out: dict = {"experiments": {}, "runs": {}, "models": {}, "registered": {}}
    for e in experiments:
        out["experiments"][e.experiment_id] = {name: getattr(e, name) for name in EXPERIMENT}
    for run in client.search_runs(ids, run_view_type=ViewType.ALL):
        out["runs"][run.info.run_id] = whole_run(client, run.info.run_id, folder)
    for model in client.search_logged_models(ids):
        out["models"][model.model_id] = whole_model(client, model.model_id)
    for model in client.search_registered_models():
        versions = client.search_model_versions(f"name = '{model.name}'")
        out["registered"][model.name] = {
            "times": (model.creation_timestamp, model.last_updated_timestamp),
            "text": (model.description or None, model.tags, model.aliases),
            "versions": {
                int(v.version): (
                    v.creation_timestamp,
                    v.last_updated_timestamp,
                    v.description or None,
                    v.current_stage,
                    v.run_id,
                    v.status,
                    v.tags,
                )
                for v in versions
            },
        }
    return out
