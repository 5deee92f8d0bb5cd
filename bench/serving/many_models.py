"""1,000 models of 1 MB each behind one server: time until all are served, memory, time to score.

.deps/python/bin/python bench/serving/many_models.py [--models 1000]
Ten XGBoost and ten LightGBM files of about 1 MB, trained by the libraries; each registered model is
one of them, read and kept by itself. No peer: `mlflow models serve` is a process of its own for
each model, whose memory is printed for one.
"""

from __future__ import annotations

import argparse
import contextlib
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import lightgbm
import numpy
import xgboost

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent.parent / "tests"))
from live_server import LiveServer, find_slipway  # noqa: E402
from served_models import ML_MODEL, Client  # noqa: E402

N_FILES = 20
N_FEATURES = 20
SIZE = 1 << 20
LIGHTGBM = """flavors:
  lightgbm:
    data: model.lgb
    lgb_version: 4.6.0
    model_class: lightgbm.basic.Booster
"""


def table(seed: int) -> tuple[numpy.ndarray, numpy.ndarray]:
    random = numpy.random.default_rng(seed)
    x = random.normal(size=(4000, N_FEATURES)).astype("float32")
    return x, (x[:, 0] * x[:, 1] + x[:, 2] > random.normal(size=4000)).astype("float32")


def of_size(train: object) -> bytes:
    """Train with as many rounds as make about 1 MB."""
    few = len(train(20)) / 20
    return train(max(1, round(SIZE / few)))


def make_file(i: int) -> dict[str, bytes]:
    x, y = table(i)
    if i % 2 == 0:
        rows = xgboost.DMatrix(x, y)
        params = {"objective": "binary:logistic", "max_depth": 6, "nthread": 1}
        content = of_size(lambda n: bytes(xgboost.train(params, rows, n).save_raw("ubj")))
        return {"MLmodel": ML_MODEL.encode(), "model.ubj": content}
    params = {"objective": "binary", "num_leaves": 63, "num_threads": 1, "verbosity": -1}
    content = of_size(
        lambda n: lightgbm.train(params, lightgbm.Dataset(x, y), n).model_to_string().encode()
    )
    return {"MLmodel": LIGHTGBM.encode(), "model.lgb": content}


def resident_mb(pid: int) -> float:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) / 1024
    return 0


def fill(server: LiveServer, n_models: int) -> str:
    with contextlib.closing(Client(server.address)) as client:
        client.make_token()
        client.make_run()
        sizes = []
        for i in range(N_FILES):
            files = make_file(i)
            sizes.append(max(len(content) for content in files.values()) / SIZE)
            client.upload(f"m{i}", files)
        print(f"files: {N_FILES}, {min(sizes):.2f} to {max(sizes):.2f} MB")
        for i in range(n_models):
            client.mlflow("registered-models/create", {"name": f"model{i}"})
            client.register(f"model{i}", f"m{i % N_FILES}")
        return client.token


def wait_for_all(client: Client, n_models: int) -> None:
    while True:
        endpoints = client.ask("GET", "/api/2.0/mlflow/endpoints/list")["endpoints"]
        states = [v["state"] for e in endpoints for v in e["versions"]]
        if states.count("READY") == n_models:
            return
        assert "FAILED" not in states, [e for e in endpoints if e["versions"]][0]
        time.sleep(0.1)


def measure(folder: Path, token: str, n_models: int) -> None:
    began = time.monotonic()
    with LiveServer(find_slipway(None), folder, []) as server:
        started = time.monotonic() - began
        with contextlib.closing(Client(server.address, token)) as client:
            wait_for_all(client, n_models)
            print(f"first answer after {started * 1e3:.0f} ms, "
                  f"all {n_models} served after {time.monotonic() - began:.1f} s")  # fmt: skip
            print(f"memory with all of them: {resident_mb(server.pid):.0f} MB")
            body = b'{"inputs": [[' + b",".join([b"0.5"] * N_FEATURES) + b"]]}"
            for name in ("first", "second"):
                times = []
                for i in range(n_models):
                    before = time.perf_counter()
                    status, answer = client.send("POST", f"/model/model{i}/1/invocations", body)
                    times.append(time.perf_counter() - before)
                    assert status == 200, answer
                times.sort()
                print(f"{name} row of each: median {times[len(times) // 2] * 1e6:.0f} us, "
                      f"p99 {times[len(times) * 99 // 100] * 1e6:.0f} us")  # fmt: skip
            print(f"memory after scoring with each: {resident_mb(server.pid):.0f} MB")
            before = time.perf_counter()
            client.mlflow("registered-models/alias",
                          {"name": "model0", "alias": "a", "version": "1"})  # fmt: skip
            while client.send("POST", "/model/model0/a/invocations", body)[0] != 200:
                pass
            print(f"a new alias takes requests after {(time.perf_counter() - before) * 1e3:.0f} ms")


def peer_mb() -> float:
    """The memory of a Python that has imported what `mlflow models serve` does, without a model."""
    code = "import mlflow.pyfunc.scoring_server, resource;"
    code += "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)"
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", code], capture_output=True)
    return float(done.stdout)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--models", type=int, default=1000)
    n_models = parser.parse_args().models
    with tempfile.TemporaryDirectory(prefix="slipway-many-") as name:
        folder = Path(name)
        with LiveServer(find_slipway(None), folder, []) as server:
            print(f"memory of the server without models: {resident_mb(server.pid):.0f} MB")
            token = fill(server, n_models)
            with contextlib.closing(Client(server.address)) as client:
                for i in range(n_models):
                    body = {"registered_model_name": f"model{i}"}
                    client.mlflow("endpoints/enable", body)
        measure(folder, token, n_models)
    print(f"one process of `mlflow models serve`, before its model: {peer_mb():.0f} MB")


if __name__ == "__main__":
    main()
