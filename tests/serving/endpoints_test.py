"""Endpoints that outlive a restart, two servers over one database, models in S3, and limits."""

from __future__ import annotations

import contextlib
import json
import shutil
import sys
import tempfile
import time
import unittest
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from faulty_proxy import Answer, FaultyProxy  # noqa: E402
from live_server import LiveServer, find_slipway  # noqa: E402
from object_stores import Moto  # noqa: E402
from postgres import Cluster  # noqa: E402
from served_models import Client, split  # noqa: E402

ENDPOINTS = "/api/2.0/serving-endpoints"
DELAYS = "/serving-endpoints/delays/invocations"
WAIT_S = 30


class Case(unittest.TestCase):
    def setUp(self) -> None:
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory(prefix="slipway-end-")))

    def server(self, name: str, *flags: str) -> LiveServer:
        place = self.folder / name
        place.mkdir(exist_ok=True)
        return LiveServer(find_slipway(None), place, list(flags))

    def client(self, server: LiveServer, token: str = "") -> Client:
        return self.enterContext(contextlib.closing(Client(server.address, token)))

    def fill(self, client: Client) -> None:
        """Serve a model of three versions, and an endpoint over two of them."""
        client.make_token()
        client.make_run()
        client.mlflow("registered-models/create", {"name": "told"})
        client.mlflow("endpoints/enable", {"registered_model_name": "told"})
        for answer in (1, 2, 3):
            client.upload_constant(f"m{answer}", answer)
            client.register("told", f"m{answer}")
        for version, stage in (("1", "Archived"), ("2", "Production")):
            body = {"name": "told", "version": version, "stage": stage}
            client.mlflow("model-versions/transition-stage", body)
        client.mlflow("registered-models/alias", {"name": "told", "alias": "new", "version": "3"})
        config = split([("told", 2, 50), ("told", 3, 50)])
        client.ask("POST", ENDPOINTS, {"name": "delays", "config": config})
        state = client.wait_for_update("delays")["state"]
        self.assertEqual(state, {"ready": "READY", "config_update": "NOT_UPDATING"})

    def wait_until(self, client: Client, path: str, wanted: set[float]) -> None:
        """Wait until an address answers all of these, and nothing else any more."""
        end = time.monotonic() + WAIT_S
        while True:
            got = [client.score(path) for _ in range(40)]
            if {a for s, a in got if s == 200} == wanted and all(s == 200 for s, _ in got):
                return
            self.assertLess(time.monotonic(), end, got[:3])
            time.sleep(0.02)

    def check_filled(self, client: Client) -> None:
        self.wait_until(client, DELAYS, {2.0, 3.0})
        for place, answer in (("2", 2), ("3", 3), ("Production", 2), ("new", 3)):
            self.wait_until(client, f"/model/told/{place}/invocations", {float(answer)})
        self.assertEqual(client.score_model("told", "1")[0], 404)


class Restart(Case):
    def test_all_is_back(self) -> None:
        with self.server("one") as server:
            client = self.client(server)
            self.fill(client)
            self.check_filled(client)
            token = client.token
        with self.server("one") as server:
            client = self.client(server, token)
            self.check_filled(client)
            path = f"{ENDPOINTS}/delays/events?max_results=1000"
            events = client.ask("GET", path)["events"]
            self.assertEqual(len({e["server"] for e in events}), 2)
            # a version that is deleted serves no more, and says why
            body = {"name": "told", "version": "3"}
            client.ask("DELETE", "/api/2.0/mlflow/model-versions/delete", body)
            end = time.monotonic() + WAIT_S
            while client.ask("GET", f"{ENDPOINTS}/delays")["state"]["ready"] == "READY":
                self.assertLess(time.monotonic(), end)
                time.sleep(0.02)
            named = "/serving-endpoints/delays/served-models/v3/invocations"
            status, answer = client.score(named)
            self.assertEqual(status, 503, answer)
            self.assertIn("version=3", answer["message"])
            self.wait_until(client, named.replace("v3", "v2"), {2.0})


class TwoServers(Case):
    def test_both_follow(self) -> None:
        cluster = self.enterContext(Cluster(durable=False))
        flags = ["--db", cluster.new_database(), "--artifacts", str(self.folder / "artifacts")]
        with self.server("a", *flags) as one, self.server("b", *flags) as other:
            a = self.client(one)
            self.fill(a)
            b = self.client(other, a.token)
            self.check_filled(a)
            self.check_filled(b)
            b.ask("PUT", f"{ENDPOINTS}/delays/config", split([("told", 3, 100)]))
            self.assertEqual(b.wait_for_update("delays")["config"]["config_version"], 2)
            for client in (a, b):
                self.wait_until(client, DELAYS, {3.0})
                endpoint = client.wait_for_update("delays")
                self.assertEqual(endpoint["state"]["ready"], "READY")
            a.ask("DELETE", f"{ENDPOINTS}/delays")
            end = time.monotonic() + WAIT_S
            while b.score(DELAYS)[0] != 404:
                self.assertLess(time.monotonic(), end)
                time.sleep(0.02)


class InS3(Case):
    def test_models_in_a_bucket_are_served(self) -> None:
        store = self.enterContext(Moto(self.folder))
        with self.server("one", "--artifacts", store.artifacts("models")) as server:
            client = self.client(server)
            self.fill(client)
            self.check_filled(client)
            token = client.token
        with self.server("one", "--artifacts", store.artifacts("models")) as server:
            self.check_filled(self.client(server, token))


    def test_what_could_not_be_fetched_is_tried_again(self) -> None:
        store = self.enterContext(Moto(self.folder))
        proxy = self.enterContext(FaultyProxy(store.port))
        place = store.artifacts("models").replace(f":{store.port}", f":{proxy.port}")
        with self.server("one", "--artifacts", place) as server:
            client = self.client(server)
            self.fill(client)
            token = client.token
        shutil.rmtree(self.folder / "one/data/artifact-cache")
        proxy.fault = lambda _, path: Answer(503, "SlowDown") if "models" in path else None
        with self.server("one", "--artifacts", place) as server:
            client = self.client(server, token)
            end = time.monotonic() + WAIT_S
            path = "/api/2.0/mlflow/endpoints/events?registered_model_name=told&version=2"
            while client.ask("GET", path)["events"][0]["event"] != "FAILED":
                self.assertLess(time.monotonic(), end)
                time.sleep(0.1)
            self.assertEqual(client.score_model("told", "2")[0], 503)
            proxy.fault = None
            end = time.monotonic() + WAIT_S
            while client.score_model("told", "2")[0] == 503:
                self.assertLess(time.monotonic(), end)
                time.sleep(0.1)
            self.check_filled(client)


class Limits(Case):
    def score_many(self, server: LiveServer, token: str, path: str) -> list[tuple[int, str]]:
        """Score large bodies in eight threads at once; give statuses and Retry-After."""
        body = json.dumps({"inputs": [[1.0, 2.0]] * 150_000}).encode()

        def one(_: int) -> list[tuple[int, str]]:
            with contextlib.closing(Client(server.address, token)) as client:
                found = []
                for _ in range(4):
                    status, _ = client.send("POST", path, body)
                    found.append((status, client.headers["Retry-After"] or ""))
                return found

        with ThreadPoolExecutor(8) as pool:
            return [answer for answers in pool.map(one, range(8)) for answer in answers]

    def test_beyond_the_limit_is_a_429(self) -> None:
        with self.server("one", "--max-queue", "0") as server:
            client = self.client(server)
            self.fill(client)
            enable = {"registered_model_name": "told", "max_concurrency": 1}
            shown = client.mlflow("endpoints/enable", enable)["endpoint"]
            self.assertEqual(shown["max_concurrency"], 1)
            config = split([("told", 3, 100)])
            config["served_entities"][0]["max_provisioned_concurrency"] = 1
            client.ask("PUT", f"{ENDPOINTS}/delays/config", config)
            client.wait_for_update("delays")
            for path in ("/model/told/2/invocations", DELAYS):
                answers = set(self.score_many(server, client.token, path))
                self.assertEqual(answers, {(200, ""), (429, "1")})
            status, _ = client.send("POST", DELAYS, b'{"inputs": [[1, 2]]}')
            self.assertEqual(status, 200)

    def test_a_queue_lets_them_wait(self) -> None:
        flags = ["--max-concurrency", "1", "--max-queue", "8", "--queue-timeout-ms", "60000"]
        with self.server("one", *flags) as server:
            client = self.client(server)
            self.fill(client)
            answers = self.score_many(server, client.token, "/model/told/2/invocations")
            self.assertEqual(set(answers), {(200, "")})


if __name__ == "__main__":
    unittest.main()
