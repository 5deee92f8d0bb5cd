"""Tiny models whose answer tells which they are, and a client that registers and scores them."""

from __future__ import annotations

import http.client
import json
import time
from typing import Any
from urllib.parse import quote, urlsplit

ML_MODEL = """flavors:
  xgboost:
    data: model.ubj
    model_class: xgboost.core.Booster
    model_format: ubj
    xgb_version: 3.2.0
"""
ROWS = {"inputs": [[1.0, 2.0]]}


def constant_model(answer: float) -> bytes:
    """Give XGBoost's file of a model that answers `answer` whatever it is asked."""
    import numpy
    import xgboost

    rows = xgboost.DMatrix(numpy.arange(8.0).reshape(4, 2), label=numpy.full(4, float(answer)))
    params = {"base_score": float(answer), "max_depth": 1}
    return bytes(xgboost.train(params, rows, 1).save_raw("ubj"))


class Client:
    """One connection to a server; a thread's own."""

    def __init__(self, address: str, token: str = "") -> None:
        self._connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=60)
        self.token = token
        self.run_id = ""
        self.headers: http.client.HTTPMessage | None = None  # of the last answer

    def close(self) -> None:
        self._connection.close()

    def send(self, method: str, path: str, body: bytes | None = None) -> tuple[int, Any]:
        headers = {"Content-Type": "application/json"} if body is not None else {}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        self._connection.request(method, path, body, headers)
        answer = self._connection.getresponse()
        text = answer.read()
        self.headers = answer.headers
        return answer.status, json.loads(text or b"{}")

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        sent = None if body is None else json.dumps(body).encode()
        status, answer = self.send(method, path, sent)
        assert status == 200, (method, path, status, answer)
        return answer

    def mlflow(self, path: str, body: Any) -> Any:
        return self.ask("POST", f"/api/2.0/mlflow/{path}", body)

    def make_token(self) -> None:
        self.token = self.ask("POST", "/api/2.0/token/create", {"comment": "test"})["token_value"]

    def make_run(self) -> None:
        """Make the run that uploaded models belong to."""
        run = self.mlflow("runs/create", {"experiment_id": "0", "start_time": 1})["run"]
        self.run_id = run["info"]["run_id"]

    def upload(self, name: str, files: dict[str, bytes]) -> None:
        """Put a model's files among the run's artifacts."""
        for file, content in files.items():
            path = f"/api/2.0/mlflow-artifacts/artifacts/0/{self.run_id}/artifacts/{name}/{file}"
            status, answer = self.send("PUT", path, content)
            assert status == 200, (status, answer)

    def upload_constant(self, name: str, answer: float) -> None:
        self.upload(name, {"MLmodel": ML_MODEL.encode(), "model.ubj": constant_model(answer)})

    def register(self, model: str, name: str) -> int:
        """Register an uploaded model as the next version of a registered model."""
        body = {"name": model, "source": f"runs:/{self.run_id}/{name}", "run_id": self.run_id}
        return int(self.mlflow("model-versions/create", body)["model_version"]["version"])

    def score(self, path: str) -> tuple[int, Any]:
        status, answer = self.send("POST", path, json.dumps(ROWS).encode())
        return status, answer["predictions"][0] if status == 200 else answer

    def score_model(self, name: str, place: str) -> tuple[int, Any]:
        return self.score(f"/model/{quote(name)}/{place}/invocations")

    def wait_for_update(self, name: str) -> dict[str, Any]:
        """Wait until a serving endpoint is no longer being updated, and give it."""
        end = time.monotonic() + 60
        while True:
            endpoint = self.ask("GET", f"/api/2.0/serving-endpoints/{name}")
            if endpoint["state"]["config_update"] != "IN_PROGRESS":
                return endpoint
            assert time.monotonic() < end, endpoint
            time.sleep(0.005)


def split(parts: list[tuple[str, int, int]]) -> dict[str, Any]:
    """Give a config that serves (model, version, percentage), each called v and its version."""
    entities = [
        {"name": f"v{version}", "entity_name": model, "entity_version": str(version)}
        for model, version, _ in parts
    ]
    routes = [{"served_entity_name": f"v{v}", "traffic_percentage": p} for _, v, p in parts]
    return {"served_entities": entities, "traffic_config": {"routes": routes}}
