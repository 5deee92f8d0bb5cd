"""One row over HTTP: `slipway serve` beside `mlflow models serve`, the same folders, the same run.

.deps/python/bin/python bench/serving/scoring.py [--seconds 6] [--models logistic xgboost forest]
Three models of 30 features: a scaled logistic pipeline, XGBoost of 100 trees of depth 6, a forest
of 100 trees. `--models pyfunc`: the pipeline within Python code, which runs in a worker process,
one request at a time and in batches of those that wait ("together"). Each server's answers to 200
rows are compared first. "half load" paces the clients to half of what the server can; the guide's
own target (20 requests/s, 200 ms, 99.5 %) is measured so, too.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import mlflow
import numpy
import pandas
import xgboost
from mlflow.models import infer_signature
from sklearn.datasets import make_classification
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent.parent / "tests"))
from live_server import find_slipway  # noqa: E402

N_CLIENTS = 4
MLFLOW_SERVE = [Path(sys.executable).parent / "mlflow", "models", "serve"]


def table() -> tuple[pandas.DataFrame, numpy.ndarray]:
    x, y = make_classification(4000, 30, n_informative=12, random_state=1)
    return pandas.DataFrame(x, columns=[f"f{i}" for i in range(30)]), y


class Scorer(mlflow.pyfunc.PythonModel):
    def __init__(self, model: object) -> None:
        self.model = model

    def predict(self, context: object, model_input: pandas.DataFrame, params=None) -> object:
        return self.model.predict_proba(model_input)[:, 1]


def save_models(folder: Path, wanted: list[str]) -> pandas.DataFrame:
    x, y = table()
    makers = {
        "logistic": lambda: make_pipeline(StandardScaler(), LogisticRegression()).fit(x, y),
        "xgboost": lambda: xgboost.train(
            {"objective": "binary:logistic", "max_depth": 6}, xgboost.DMatrix(x, y), 100
        ),
        "forest": lambda: RandomForestClassifier(100, random_state=0, n_jobs=1).fit(x, y),
    }
    for name in wanted:
        if name == "pyfunc":
            model = makers["logistic"]()
            signature = infer_signature(x, model.predict_proba(x[:5])[:, 1])
            mlflow.pyfunc.save_model(
                folder / name, python_model=Scorer(model), signature=signature, pip_requirements=[]
            )
            continue
        model = makers[name]()
        if name == "xgboost":
            answers = model.predict(xgboost.DMatrix(x[:5]))
            mlflow.xgboost.save_model(
                model, folder / name, signature=infer_signature(x, answers), pip_requirements=[]
            )
        else:
            mlflow.sklearn.save_model(
                model,
                folder / name,
                signature=infer_signature(x, model.predict(x[:5])),
                serialization_format="cloudpickle",
                pip_requirements=[],
            )
    return x


def body(rows: pandas.DataFrame) -> bytes:
    return json.dumps({"dataframe_split": rows.to_dict("split", index=False)}).encode()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextlib.contextmanager
def serving(command: list, log: Path) -> Iterator[str]:
    port = free_port()
    with log.open("w") as out:
        process = subprocess.Popen(
            [*command, "-p", str(port)],
            env=os.environ | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"},
            stdout=out,
            stderr=out,
            start_new_session=True,
        )
    address = f"http://127.0.0.1:{port}"
    try:
        for _ in range(240):
            if process.poll() is not None:
                raise SystemExit(f"{command}: {log.read_text()[-2000:]}")
            with contextlib.suppress(OSError):
                urllib.request.urlopen(f"{address}/ping", timeout=5).close()
                break
            time.sleep(0.25)
        yield address
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        process.wait(60)


def predictions(address: str, rows: pandas.DataFrame) -> list:
    request = urllib.request.Request(
        f"{address}/invocations", body(rows), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)["predictions"]


class Load:
    """What wrk says of one run: requests per second, errors, latencies in ms."""

    def __init__(
        self, address: str, file: Path, clients: int, seconds: int, pause_ms: float
    ) -> None:
        url = f"{address}/invocations"
        done = subprocess.run(
            ["wrk", "-t1", f"-c{clients}", f"-d{seconds}s", "-s", HERE / "score.lua", url],
            env=os.environ | {"BODY": str(file), "PAUSE_MS": str(pause_ms)},
            capture_output=True,
            text=True,
            check=True,
        )
        self.rate = float(re.search(r"Requests/sec:\s+([\d.]+)", done.stdout)[1])
        numbers = re.search(r"LATENCY (\d+) (\d+) (\d+) (\d+)", done.stdout).groups()
        self.p50, self.p99, self.p99_5, self.max = (int(n) / 1000 for n in numbers)
        failed = re.search(r"Non-2xx or 3xx responses: (\d+)", done.stdout)
        self.n_failed = int(failed[1]) if failed else 0


def measure(address: str, file: Path, seconds: int) -> tuple[Load, Load, Load, Load]:
    alone = Load(address, file, 1, seconds, 0)
    full = Load(address, file, N_CLIENTS, seconds, 0)
    pause_ms = 1000 * N_CLIENTS / (full.rate / 2) - full.p50
    half = Load(address, file, N_CLIENTS, seconds, max(pause_ms, 1))
    guide = Load(address, file, 2, max(seconds, 10), 100)
    return alone, full, half, guide


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=int, default=6)
    parser.add_argument("--models", nargs="*", default=["logistic", "xgboost", "forest"])
    options = parser.parse_args()
    print(
        f"{'model':10}{'server':9}{'req/s':>9}{'p50 ms':>9}{f'{N_CLIENTS} clients':>11}"
        f"{'p50 ms':>9}{'p99 ms':>9}{'half load':>11}{'p50 ms':>9}{'p99 ms':>9}"
        f"{'at 20/s p99.5 ms':>18}{'failed':>8}"
    )
    with tempfile.TemporaryDirectory(prefix="slipway-scoring-") as name:
        folder = Path(name)
        x = save_models(folder, options.models)
        (folder / "row.json").write_bytes(body(x[:1]))
        for model in options.models:
            ours = [find_slipway(None), "serve", "-m", folder / model]
            python = ["--env-manager", "local", "--python", sys.executable]
            commands = {
                "slipway": [*ours, *python] if model == "pyfunc" else ours,
                "together": [*ours, *python, "--model-batch", "16"],
                "mlflow": [*MLFLOW_SERVE, "-m", folder / model, "--env-manager", "local"],
            }
            if model != "pyfunc":
                del commands["together"]
            answers, rates = {}, {}
            for server, command in commands.items():
                with serving(command, folder / f"{model}-{server}.log") as address:
                    answers[server] = predictions(address, x[:200])
                    loads = measure(address, folder / "row.json", options.seconds)
                alone, full, half, guide = loads
                rates[server] = (alone.rate, full.rate)
                print(
                    f"{model:10}{server:9}{alone.rate:9.0f}{alone.p50:9.2f}{full.rate:11.0f}"
                    f"{full.p50:9.2f}{full.p99:9.2f}{half.rate:11.0f}{half.p50:9.2f}{half.p99:9.2f}"
                    f"{guide.p99_5:18.2f}{sum(load.n_failed for load in loads):8}",
                    flush=True,
                )
            for server in commands:
                if server == "mlflow":
                    continue
                one, many = (a / b for a, b in zip(rates[server], rates["mlflow"], strict=True))
                same = answers[server] == answers["mlflow"]
                print(
                    f"{model:10}{server} {one:.1f}x with 1 client, {many:.1f}x with {N_CLIENTS}; "
                    f"answers {'equal to the bit' if same else 'DIFFER'}",
                    flush=True,
                )


if __name__ == "__main__":
    main()
