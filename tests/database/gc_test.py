"""`slipway gc` where two servers share PostgreSQL and an object store, S3 (moto) or Azurite.

Rows and objects of what was deleted go, all others stay; the other server's searches see it; and a
collection that the store broke is finished by the next one.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import unittest
import urllib.parse
from pathlib import Path
from typing import ClassVar

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from live_server import LiveServer, clean_environment, find_slipway  # noqa: E402
from object_stores import BUCKET, Azurite, Moto, ObjectStoreServer  # noqa: E402
from postgres import Cluster  # noqa: E402
from servers_test import Client, Folder, batch  # noqa: E402

PROXY = "/api/2.0/mlflow-artifacts/artifacts"
TABLES = ["params", "run_tags", "latest_metrics", "metric_log", "metric_chunks"]


class GcCase:
    """What must hold with every store; each subclass says which."""

    kind: ClassVar[type[ObjectStoreServer]]

    @classmethod
    def setUpClass(cls) -> None:
        cls.cluster = cls.enterClassContext(Cluster(durable=False))

    def setUp(self) -> None:
        super().setUp()
        stack = self.enterContext(contextlib.ExitStack())
        (self.folder / "store").mkdir()
        self.store = stack.enter_context(self.kind(self.folder / "store"))
        self.database = self.cluster.new_database()
        self.flags = ["--db", self.database, "--artifacts", self.store.artifacts("team")]
        self.servers = []
        for name in "ab":
            (self.folder / name).mkdir()
            server = LiveServer(find_slipway(None), self.folder / name, self.flags)
            self.servers.append(stack.enter_context(server))
        self.a, self.b = (
            stack.enter_context(contextlib.closing(Client(server.address)))
            for server in self.servers
        )

    def gc(self, *flags: str) -> subprocess.CompletedProcess[str]:
        command = [str(find_slipway(None)), "gc", "--older-than", "0s", "--json", *flags]
        environment = clean_environment(self.folder) | self.store.environment
        return subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=120, check=False
        )

    def freed(self, *flags: str) -> dict:
        done = self.gc(*flags)
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)

    def put(self, path: str) -> str:
        for name in ("a.txt", "deep/b c.txt"):
            address = f"{PROXY}/{path}/{urllib.parse.quote(name)}"
            self.assertEqual(self.a.send("PUT", address, path.encode())[0], 200)
        return path

    def new_run(self, experiment_id: str) -> str:
        made = self.a.post("runs/create", {"experiment_id": experiment_id})
        run_id = made["run"]["info"]["run_id"]
        body = batch(run_id, 1, 3) | {
            "params": [{"key": "p", "value": "1"}],
            "tags": [{"key": "t", "value": "1"}],
        }
        self.a.post("runs/log-batch", body)
        self.put(f"{experiment_id}/{run_id}/artifacts")
        return run_id

    def new_model(self, experiment_id: str) -> str:
        made = self.a.post("logged-models", {"experiment_id": experiment_id, "name": "m"})
        model_id = made["model"]["info"]["model_id"]
        self.put(f"{experiment_id}/models/{model_id}/artifacts")
        return model_id

    def searched(self, client: Client, experiment_ids: list[str]) -> set[str]:
        body = {"experiment_ids": experiment_ids, "run_view_type": "ALL"}
        found = client.post("runs/search", body | {"filter": "metrics.m0 < 9"})
        return {run["info"]["run_id"] for run in found.get("runs", [])}

    def names(self, folder: str) -> set[str]:
        status, answer = self.b.send("GET", f"{PROXY}?path={urllib.parse.quote(folder, safe='')}")
        self.assertEqual(status, 200, answer)
        return {file["path"] for file in answer.get("files", [])}

    def rows(self, table: str) -> int:
        name = self.database.rsplit("/", 1)[1]
        return int(self.cluster.sql(f"SELECT count(DISTINCT run_key) FROM {table}", name))

    def test_what_was_deleted_goes_and_nothing_else(self) -> None:
        whole = self.a.post("experiments/create", {"name": "whole"})["experiment_id"]
        kept = [self.new_run("0") for _ in range(5)]
        gone = [self.new_run("0") for _ in range(12)]
        inside = [self.new_run(whole) for _ in range(3)]
        models = [self.new_model("0"), self.new_model("0"), self.new_model(whole)]
        self.assertEqual(self.searched(self.b, ["0", whole]), {*kept, *gone, *inside})
        for run_id in gone:
            self.b.post("runs/delete", {"run_id": run_id})
        path = f"/api/2.0/mlflow/logged-models/{models[0]}"
        self.assertEqual(self.a.send("DELETE", path)[0], 200)
        self.a.post("experiments/delete", {"experiment_id": whole})

        at_a = ["--server", self.servers[0].address]
        self.assertEqual(self.freed("--dry-run", *at_a)["runs"], 15)
        freed = self.freed(*at_a)
        counts = [freed[key] for key in ("runs", "logged_models", "experiments", "left_files")]
        self.assertEqual(counts, [15, 2, 1, []])
        self.assertEqual(freed["artifact_folders"], 18)

        self.assertEqual(self.searched(self.b, ["0"]), set(kept))
        self.assertEqual(self.searched(self.a, ["0"]), set(kept))
        self.assertEqual({self.rows(table) for table in [*TABLES[:3], "runs"]}, {len(kept)})
        self.assertEqual(sum(self.rows(table) for table in TABLES[3:]), len(kept))
        self.assertEqual(self.names("0"), {*kept, "models"})
        self.assertEqual(self.names("0/models"), {models[1]})
        self.assertEqual(self.names(whole), set())
        for folder in [f"0/{run_id}" for run_id in kept] + [f"0/models/{models[1]}"]:
            self.assertEqual(self.names(f"{folder}/artifacts"), {"a.txt", "deep"})
        if isinstance(self.store, Moto):  # the bucket itself, past our own listing
            pages = self.store.client().get_paginator("list_objects_v2").paginate(Bucket=BUCKET)
            keys = [item["Key"] for page in pages for item in page.get("Contents", [])]
            owners = {key.split("/artifacts/")[0] for key in keys if "/artifacts/" in key}
            mine = {f"team/0/{run_id}" for run_id in kept} | {f"team/0/models/{models[1]}"}
            self.assertEqual(owners, mine)
        self.assertEqual(self.freed(*at_a)["artifact_folders"], 0)

    def test_a_visit_without_a_server(self) -> None:
        run_id = self.new_run("0")
        self.a.post("runs/delete", {"run_id": run_id})
        freed = self.freed("--data-dir", str(self.folder / "visit"), *self.flags)
        self.assertEqual((freed["runs"], freed["artifact_folders"]), (1, 1))
        self.assertEqual(self.searched(self.b, ["0"]), set())
        self.assertNotIn(run_id, self.names("0"))

    def test_a_store_that_is_away_is_waited_for(self) -> None:
        gone = [self.new_run("0") for _ in range(6)]
        for run_id in gone:
            self.a.post("runs/delete", {"run_id": run_id})
        self.store.kill()
        at_a = ["--server", self.servers[0].address]
        broken = self.gc(*at_a)
        self.assertEqual(broken.returncode, 1)
        self.assertRegex(broken.stderr, "does not answer")
        # the rows are gone, and what they kept of files is noted
        self.assertEqual(self.searched(self.b, ["0"]), set())
        name = self.database.rsplit("/", 1)[1]
        left = self.cluster.sql("SELECT count(*) FROM freed_artifacts", name)
        self.assertEqual(int(left), len(gone))
        self.store.start()
        freed = self.freed(*at_a)
        self.assertEqual((freed["runs"], freed["artifact_folders"]), (0, len(gone)))
        self.assertEqual(self.names("0") & set(gone), set())
        self.assertEqual(self.cluster.sql("SELECT count(*) FROM freed_artifacts", name), "0")


class S3GcTest(GcCase, Folder):
    kind = Moto


class AzureGcTest(GcCase, Folder):
    kind = Azurite


if __name__ == "__main__":
    unittest.main()
