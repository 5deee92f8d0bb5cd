"""MLflow's deployments client and Databricks' SDK, unmodified, on serving endpoints."""

from __future__ import annotations

import collections
import json
import os
import time
import unittest
import urllib.error
import urllib.request
from typing import Any

from shared_server import ClientTest


class ServingEndpointsTest(ClientTest):
    token: str
    model: str

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.token = cls.ask("POST", "/api/2.0/token/create", {"comment": "serving"})["token_value"]
        os.environ["DATABRICKS_HOST"] = cls.address
        os.environ["DATABRICKS_TOKEN"] = cls.token
        cls.model = f"told {os.urandom(4).hex()}"
        for answer in (1, 2, 3):
            cls.register(cls.model, answer)

    @classmethod
    def ask(cls, method: str, path: str, body: Any = None, token: str = "") -> Any:
        headers = {"Content-Type": "application/json"}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(cls.address + path, data, headers, method=method)
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)

    @classmethod
    def register(cls, name: str, answer: float) -> None:
        """Log a model that answers a number whatever it is asked, as the next version."""
        import mlflow
        import numpy
        from sklearn.linear_model import LinearRegression

        x = numpy.arange(6.0).reshape(3, 2)
        model = LinearRegression().fit(x, numpy.full(3, float(answer)))
        mlflow.set_experiment(f"of {name}")
        with mlflow.start_run():
            mlflow.sklearn.log_model(model, name="model", registered_model_name=name)

    def entity(self, version: int, name: str) -> dict[str, Any]:
        return {
            "name": name,
            "entity_name": self.model,
            "entity_version": str(version),
            "workload_size": "Small",
            "scale_to_zero_enabled": False,
        }

    def wait(self, client: Any, name: str, update: str = "NOT_UPDATING") -> Any:
        end = time.monotonic() + 30
        while time.monotonic() < end:
            endpoint = client.get_endpoint(name)
            if endpoint["state"]["config_update"] != "IN_PROGRESS":
                self.assertEqual(endpoint["state"]["config_update"], update, endpoint)
                return endpoint
            time.sleep(0.02)
        raise AssertionError(f"still updating: {endpoint}")

    def test_mlflow_deployments_client(self) -> None:
        from mlflow.deployments import get_deploy_client

        client = get_deploy_client("databricks")
        name = f"one-{os.urandom(4).hex()}"
        made = client.create_endpoint(
            config={
                "name": name,
                "config": {"served_entities": [self.entity(1, "first")]},
                "tags": [{"key": "team", "value": "delay"}],
            }
        )
        self.assertEqual(made.name, name)
        self.assertEqual(made.pending_config["served_entities"][0]["name"], "first")
        endpoint = self.wait(client, name)
        self.assertEqual(endpoint.state["ready"], "READY")
        self.assertNotIn("pending_config", endpoint)
        served = endpoint.config["served_entities"][0]
        self.assertEqual(served["state"]["deployment"], "DEPLOYMENT_READY")
        self.assertEqual(served["entity_version"], "1")
        (route,) = endpoint.config["traffic_config"]["routes"]
        self.assertEqual((route["served_model_name"], route["traffic_percentage"]), ("first", 100))
        rows = {"inputs": [[1.0, 2.0], [3.0, 4.0]]}
        answers = client.predict(endpoint=name, inputs=rows)["predictions"]
        self.assertEqual([round(a, 9) for a in answers], [1, 1])
        self.assertIn(name, [e["name"] for e in client.list_endpoints()])

        client.update_endpoint_config(name, {"served_entities": [self.entity(2, "second")]})
        endpoint = self.wait(client, name)
        self.assertEqual(endpoint.config["config_version"], 2)
        answers = client.predict(endpoint=name, inputs=rows)["predictions"]
        self.assertEqual([round(a, 9) for a in answers], [2, 2])

        tags = client.update_endpoint_tags(
            name, {"add_tags": [{"key": "x", "value": "y"}], "delete_tags": ["team"]}
        )
        self.assertEqual(tags["tags"], [{"key": "x", "value": "y"}])
        client.delete_endpoint(name)
        self.assertNotIn(name, [e["name"] for e in client.list_endpoints()])
        with self.assertRaisesRegex(Exception, "does not exist"):
            client.predict(endpoint=name, inputs=rows)

    def test_a_failed_update_keeps_the_old_one_and_says_why(self) -> None:
        from mlflow.deployments import get_deploy_client

        broken = f"broken {os.urandom(4).hex()}"
        self.ask("POST", "/api/2.0/mlflow/registered-models/create", {"name": broken})
        version = {"name": broken, "source": "s3://elsewhere/model"}
        self.ask("POST", "/api/2.0/mlflow/model-versions/create", version)
        client = get_deploy_client("databricks")
        name = f"kept-{os.urandom(4).hex()}"
        config = {"served_entities": [self.entity(1, "old")]}
        client.create_endpoint(config={"name": name, "config": config})
        self.wait(client, name)
        wrong = self.entity(1, "new") | {"entity_name": broken}
        client.update_endpoint_config(name, {"served_entities": [wrong]})
        endpoint = self.wait(client, name, "UPDATE_FAILED")
        self.assertIn("s3://elsewhere/model", endpoint.state["message"])
        self.assertEqual(endpoint.state["ready"], "READY")
        self.assertEqual(endpoint.config["served_entities"][0]["name"], "old")
        answers = client.predict(endpoint=name, inputs={"inputs": [[1.0, 2.0]]})["predictions"]
        self.assertEqual(round(answers[0], 9), 1)
        events = self.ask("GET", f"/api/2.0/serving-endpoints/{name}/events")["events"]
        self.assertEqual([e["event"] for e in events], ["UPDATE_FAILED", "SWAPPED_IN"])
        client.delete_endpoint(name)

    def test_databricks_sdk(self) -> None:
        from databricks.sdk import WorkspaceClient
        from databricks.sdk.service import serving

        client = WorkspaceClient(host=self.address, token=self.token).serving_endpoints
        name = f"two-{os.urandom(4).hex()}"
        entities = [
            serving.ServedEntityInput(
                name=which,
                entity_name=self.model,
                entity_version=str(version),
                workload_size="Medium",
                scale_to_zero_enabled=False,
            )
            for which, version in (("blue", 2), ("green", 3))
        ]
        routes = [
            serving.Route(served_model_name="blue", traffic_percentage=80),
            serving.Route(served_model_name="green", traffic_percentage=20),
        ]
        config = serving.EndpointCoreConfigInput(
            name=name,
            served_entities=entities,
            traffic_config=serving.TrafficConfig(routes=routes),
        )
        made = client.create_and_wait(name=name, config=config)
        self.assertEqual(made.state.ready, serving.EndpointStateReady.READY)
        answer = client.query(name, inputs=[[1.0, 2.0]])
        self.assertIn(round(answer.predictions[0], 9), (2, 3))
        self.assertIn(answer.served_model_name, ("blue", "green"))
        listed = {e.name: e for e in client.list()}
        self.assertEqual([e.name for e in listed[name].config.served_entities], ["blue", "green"])
        self.assertIn("SWAPPED_IN", client.build_logs(name, "green").logs)
        self.assertIn("LOADED", client.build_logs(name, "green").logs)
        self.assertEqual(client.logs(name, "green").logs, "")
        metrics = client.export_metrics(name).contents.read().decode()
        self.assertIn(f'endpoint="{name}",served_model="blue"', metrics)
        updated = client.update_config_and_wait(
            name=name,
            traffic_config=serving.TrafficConfig(
                routes=[serving.Route(served_model_name="green", traffic_percentage=100)]
            ),
        )
        self.assertEqual(updated.config.config_version, 2)
        self.assertEqual(client.query(name, inputs=[[1.0, 2.0]]).served_model_name, "green")
        client.delete(name)

    def test_the_split_is_as_asked(self) -> None:
        name = f"split-{os.urandom(4).hex()}"
        entities = [self.entity(v, f"v{v}") for v in (1, 2, 3)]
        shares = {"v1": 70, "v2": 30, "v3": 0}
        routes = [{"served_entity_name": k, "traffic_percentage": v} for k, v in shares.items()]
        config = {"served_entities": entities, "traffic_config": {"routes": routes}}
        self.ask("POST", "/api/2.0/serving-endpoints", {"name": name, "config": config})
        end = time.monotonic() + 30
        path = f"/api/2.0/serving-endpoints/{name}"
        while self.ask("GET", path)["state"]["ready"] != "READY":
            self.assertLess(time.monotonic(), end)
            time.sleep(0.02)
        counts: collections.Counter[str] = collections.Counter()
        body = json.dumps({"inputs": [[1.0, 2.0]]}).encode()
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {self.token}"}
        for _ in range(3000):
            request = urllib.request.Request(
                f"{self.address}/serving-endpoints/{name}/invocations", body, headers
            )
            with urllib.request.urlopen(request, timeout=30) as answer:
                served = answer.headers["served-model-name"]
                score = json.load(answer)["predictions"][0]
            self.assertEqual(f"v{score:.0f}", served)
            counts[served] += 1
        # 5 deviations of 3,000 draws are 4.2 %
        self.assertAlmostEqual(counts["v1"] / 3000, 0.7, delta=0.042)
        self.assertEqual(counts["v3"], 0)
        named = f"/serving-endpoints/{name}/served-models/v3/invocations"
        answer = self.ask("POST", named, {"inputs": [[1.0, 2.0]]}, self.token)
        self.assertAlmostEqual(answer["predictions"][0], 3)
        with self.assertRaises(urllib.error.HTTPError) as refused:
            self.ask("POST", f"/serving-endpoints/{name}/invocations", {"inputs": [[1.0, 2.0]]})
        self.assertEqual(refused.exception.code, 401)
        refused.exception.close()
        self.ask("DELETE", path)


if __name__ == "__main__":
    unittest.main()
