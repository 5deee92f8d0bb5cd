"""Models in Python's own words, and `slipway serve` on a folder of one, for tests of workers."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from live_server import find_slipway  # noqa: E402
from process_tree import children, runs  # noqa: E402

SCALE = """
import mlflow

class Scale(mlflow.pyfunc.PythonModel):
    def predict(self, context, model_input, params=None):
        factor = (params or {}).get("factor", 2.0)
        return (model_input[["x"]] * factor).rename(columns={"x": "y"})

mlflow.models.set_model(Scale())
"""

# Does what it is told.
MOODY = """
import os
import time

import mlflow
import numpy as np

class Moody(mlflow.pyfunc.PythonModel):
    def predict(self, context, model_input, params=None):
        what = model_input["do"].iloc[0]
        print("asked for", what, flush=True)
        if what == "exit":
            os._exit(3)
        if what == "hang":
            time.sleep(1000)
        if what == "eat":
            kept = []
            while True:
                kept.append(np.ones(4_000_000))
        if what == "raise":
            raise ValueError("nothing to say")
        if what == "close":
            os.closerange(0, 3)
        if what == "pid":
            return [str(os.getpid())] * len(model_input)
        if what == "slow":
            time.sleep(0.3)
        return list(model_input["do"])

mlflow.models.set_model(Moody())
"""

BROKEN = """
import mlflow
import a_module_that_is_not_there
"""

TENSOR = """
import mlflow

class Sums(mlflow.pyfunc.PythonModel):
    def predict(self, context, model_input, params=None):
        assert model_input.dtype.name == "float32", model_input.dtype
        return model_input.sum(axis=2)

mlflow.models.set_model(Sums())
"""

# Tells what it was given.
TELLS = """
import mlflow

class Tells(mlflow.pyfunc.PythonModel):
    def predict(self, context, model_input, params=None):
        kinds = [f"{name}: {kind}" for name, kind in model_input.dtypes.items()]
        rows = [[repr(cell) for cell in row] for row in model_input.itertuples()]
        index = repr(model_input.index)
        return [{"kinds": kinds, "row": row, "index": index, "params": params} for row in rows]

mlflow.models.set_model(Tells())
"""

RAGGED = """
import mlflow

class Shapes(mlflow.pyfunc.PythonModel):
    def predict(self, context, model_input, params=None):
        kind = model_input["kind"].iloc[0]
        n = len(model_input)
        if kind == "dict":
            return {"a": [1] * n, "b": ["x"] * n}
        if kind == "records":
            return [{"label": "yes", "scores": [0.1, 0.9]}] * n
        if kind == "matrix":
            import numpy
            return numpy.ones((n, 2)) * [3.5, 7.5]
        if kind == "series":
            return model_input["kind"]
        return "one text for all"

mlflow.models.set_model(Shapes())
"""


# Without a pyproject.toml it is installed without a download.
PACKAGE = """
from setuptools import setup

setup(name="tiny-slipway-test", version="1", py_modules=["tiny_slipway_test"])
"""


def without_sets(text: str) -> str:
    return re.sub(r"{[^{}]*}", "{}", text)


def wait_until(holds: object, seconds: float = 20) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if holds():
            return True
        time.sleep(0.02)
    return False


class Served:
    """`slipway serve` on a folder, for as long as a `with` lasts."""

    def __init__(self, folder: Path, *flags: str) -> None:
        self.log = tempfile.TemporaryFile(mode="w+")
        self.command = [
            find_slipway(None), "serve", "-m", str(folder), "-p", "0",
            "--env-manager", "local", "--python", sys.executable, *flags,
        ]  # fmt: skip

    def __enter__(self) -> Served:
        self.process = subprocess.Popen(
            self.command, stdout=subprocess.PIPE, stderr=self.log, text=True
        )
        line = self.process.stdout.readline()
        if not line:
            raise AssertionError(self.text())
        self.address = line.split()[-1]
        return self

    def __exit__(self, *_: object) -> None:
        workers = children(self.process.pid) if self.process.poll() is None else []
        self.process.terminate()
        self.process.wait(30)
        self.process.stdout.close()
        self.log.close()
        left = [pid for pid in workers if not wait_until(lambda pid=pid: not runs(pid), 5)]
        assert not left, f"workers outlive their server: {left}"

    def text(self) -> str:
        self.log.seek(0)
        return self.log.read()

    def wait_for_starts(self, count: int) -> bool:
        return wait_until(lambda: self.text().count(": ready: ") == count, 60)

    def worker(self) -> int:
        (pid,) = children(self.process.pid)
        return pid

    def worker_of_two(self) -> int:
        return children(self.process.pid)[0]

    def post(
        self, body: object, path: str = "/invocations", kind: str = "application/json"
    ) -> tuple:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        request = urllib.request.Request(self.address + path, data, {"Content-Type": kind})
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.load(error)

    def do(self, what: str) -> tuple:
        return self.post({"dataframe_records": [{"do": what}]})
