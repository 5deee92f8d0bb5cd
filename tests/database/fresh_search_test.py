"""Two servers over one PostgreSQL database: a search at one sees all that the other acknowledged.

Each keeps columns of runs in memory (the run index), mended before each search by what the database
notes of changes, whoever made them.
"""

from __future__ import annotations

import contextlib
import json
import random
import subprocess
import sys
import threading
import unittest
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from live_server import clean_environment, find_slipway  # noqa: E402
from postgres import Cluster  # noqa: E402
from servers_test import Client, Folder, batch  # noqa: E402

N_CHANGES = 300
KEYS = ["a", "b"]
VALUES = ["x", "y"]


class Model:
    """What the runs of some experiments must be like; every change is made at a server and here."""

    def __init__(self, experiment_ids: list[str], rng: random.Random) -> None:
        self.experiment_ids = experiment_ids
        self.rng = rng
        self.runs: dict[str, dict[str, Any]] = {}
        self.deleted_experiments: set[str] = set()
        self.step = 0

    def change(self, client: Client) -> str:
        """Make one random change that is allowed at this moment, and give its name."""
        names = [name for name in dir(self) if name.startswith("do_")]
        self.step += 1
        while True:
            name = self.rng.choice(names)
            if getattr(self, name)(client):
                return name

    def some(self, *, deleted: bool = False) -> str:
        fitting = [
            run_id
            for run_id, run in self.runs.items()
            if run["deleted"] == deleted and run["experiment_id"] not in self.deleted_experiments
        ]
        return self.rng.choice(fitting) if fitting else ""

    def do_create(self, client: Client) -> bool:
        experiment_id = self.rng.choice(self.experiment_ids)
        if experiment_id in self.deleted_experiments:
            return False
        tag = {"key": "made", "value": str(self.step)}
        body = {"experiment_id": experiment_id, "start_time": self.step, "tags": [tag]}
        run_id = client.post("runs/create", body)["run"]["info"]["run_id"]
        self.runs[run_id] = {
            "experiment_id": experiment_id, "deleted": False, "metrics": {}, "params": {},
            "tags": {"made": str(self.step)}, "name": "", "status": "RUNNING",
        }  # fmt: skip
        return True

    def do_metric(self, client: Client) -> bool:
        run_id, key, value = self.some(), self.rng.choice(KEYS), self.rng.randrange(10)
        if run_id:
            point = {"key": key, "value": value, "timestamp": self.step, "step": self.step}
            client.post("runs/log-metric", {"run_id": run_id} | point)
            self.runs[run_id]["metrics"][key] = value
        return bool(run_id)

    def do_param(self, client: Client) -> bool:
        run_id, key, value = self.some(), self.rng.choice(KEYS), self.rng.choice(VALUES)
        if not run_id or key in self.runs[run_id]["params"]:
            return False
        client.post("runs/log-parameter", {"run_id": run_id, "key": key, "value": value})
        self.runs[run_id]["params"][key] = value
        return True

    def do_tag(self, client: Client) -> bool:
        run_id, key, value = self.some(), self.rng.choice(KEYS), self.rng.choice(VALUES)
        if run_id:
            client.post("runs/set-tag", {"run_id": run_id, "key": key, "value": value})
            self.runs[run_id]["tags"][key] = value
        return bool(run_id)

    def do_delete_tag(self, client: Client) -> bool:
        run_id, key = self.some(), self.rng.choice(KEYS)
        if not run_id or key not in self.runs[run_id]["tags"]:
            return False
        client.post("runs/delete-tag", {"run_id": run_id, "key": key})
        del self.runs[run_id]["tags"][key]
        return True

    def do_update(self, client: Client) -> bool:
        run_id, status = self.some(), self.rng.choice(["FINISHED", "FAILED", "RUNNING"])
        if run_id:
            name = f"name {self.step % 5}"
            body = {"run_id": run_id, "status": status, "end_time": self.step, "run_name": name}
            client.post("runs/update", body)
            self.runs[run_id] |= {"status": status, "name": name}
        return bool(run_id)

    def do_delete(self, client: Client) -> bool:
        run_id = self.some()
        if run_id:
            client.post("runs/delete", {"run_id": run_id})
            self.runs[run_id]["deleted"] = True
        return bool(run_id)

    def do_restore(self, client: Client) -> bool:
        run_id = self.some(deleted=True)
        if run_id:
            client.post("runs/restore", {"run_id": run_id})
            self.runs[run_id]["deleted"] = False
        return bool(run_id)

    def asked(self) -> list[tuple[str, str, Any]]:
        """Give questions: a filter, a view, and the predicate that says the same."""
        number = self.rng.randrange(10)
        key, value = self.rng.choice(KEYS), self.rng.choice(VALUES)
        return [
            ("", "ALL", lambda run: True),
            ("", "ACTIVE_ONLY", lambda run: not run["deleted"]),
            ("", "DELETED_ONLY", lambda run: run["deleted"]),
            (f"metrics.{key} >= {number}", "ALL",
             lambda run: run["metrics"].get(key, -1) >= number),
            (f"params.{key} = '{value}'", "ALL", lambda run: run["params"].get(key) == value),
            (f"tags.{key} != '{value}'", "ALL",
             lambda run: key in run["tags"] and run["tags"][key] != value),
            (f"attributes.status = 'FAILED' AND tags.{key} = '{value}'", "ACTIVE_ONLY",
             lambda run: run["status"] == "FAILED" and run["tags"].get(key) == value
             and not run["deleted"]),
            (f"attributes.run_name = 'name {number % 5}'", "ALL",
             lambda run: run["name"] == f"name {number % 5}"),
        ]  # fmt: skip


class FreshSearch(Folder):
    @classmethod
    def setUpClass(cls) -> None:
        cls.cluster = cls.enterClassContext(Cluster(durable=False))

    def setUp(self) -> None:
        super().setUp()
        stack = self.enterContext(contextlib.ExitStack())
        database = self.cluster.new_database()
        self.servers = [stack.enter_context(self.server(name, database)) for name in "ab"]
        self.clients = [
            stack.enter_context(contextlib.closing(Client(server.address)))
            for server in self.servers
        ]

    def search(self, client: Client, ids: list[str], text: str, view: str) -> list[str]:
        body = {"experiment_ids": ids, "filter": text, "run_view_type": view, "max_results": 5000}
        body["order_by"] = ["metrics.a DESC", "tags.made"]
        return [run["info"]["run_id"] for run in client.post("runs/search", body).get("runs", [])]

    def test_every_change_is_seen_at_once_by_the_other(self) -> None:
        seed = random.randrange(1 << 32)
        rng = random.Random(seed)
        ids = [
            self.clients[0].post("experiments/create", {"name": f"e{i}"})["experiment_id"]
            for i in range(3)
        ]
        model = Model(ids, rng)
        for client in self.clients:  # columns of each kind are in memory from now on
            for text, view, _ in model.asked():
                self.assertEqual(self.search(client, ids, text, view), [])
        made: dict[str, int] = {}
        for i in range(N_CHANGES):
            here, there = rng.sample(self.clients, 2)
            name = model.change(here)
            made[name] = made.get(name, 0) + 1
            for text, view, holds in rng.sample(model.asked(), 3):
                wanted = {run_id for run_id, run in model.runs.items() if holds(run)}
                found = self.search(there, ids, text, view)
                self.assertEqual(set(found), wanted, f"seed {seed}, {i}: {name}; {text!r} {view}")
                self.assertEqual(len(found), len(wanted))
        self.assertGreaterEqual(len(made), 8, made)
        # whole experiments, and what gc frees for good
        self.clients[0].post("experiments/delete", {"experiment_id": ids[0]})
        of_first = {r for r, run in model.runs.items() if run["experiment_id"] == ids[0]}
        deleted = of_first | {r for r, run in model.runs.items() if run["deleted"]}
        found = self.search(self.clients[1], ids, "", "DELETED_ONLY")
        self.assertEqual(set(found), deleted, f"seed {seed}")
        command = [str(find_slipway(None)), "gc", "--older-than", "0s", "--json"]
        freed = subprocess.run(
            [*command, "--server", self.servers[0].address], capture_output=True, text=True,
            env=clean_environment(self.folder), timeout=60, check=True,
        )  # fmt: skip
        self.assertEqual(json.loads(freed.stdout)["runs"], len(deleted))
        found = self.search(self.clients[1], ids[1:], "", "ALL")
        self.assertEqual(set(found), set(model.runs) - deleted, f"seed {seed}")

    def test_under_load_a_search_has_all_that_was_acknowledged(self) -> None:
        """Four writers at A and B; meanwhile every search at either has what was told before it."""
        told: list[tuple[str, int]] = []
        stop = threading.Event()

        def write(i: int) -> None:
            with contextlib.closing(Client(self.servers[i % 2].address)) as client:
                for k in range(60):
                    body = {"experiment_id": "0", "start_time": k}
                    run_id = client.post("runs/create", body)["run"]["info"]["run_id"]
                    client.post("runs/log-batch", batch(run_id, k, 1))
                    told.append((run_id, k))
                    if stop.is_set():
                        return

        def watch(i: int) -> int:
            n_searches = 0
            with contextlib.closing(Client(self.servers[i % 2].address)) as client:
                while not done.is_set():
                    before = {run_id for run_id, _ in list(told)}
                    found = set(self.search(client, ["0"], "metrics.m0 >= 0", "ALL"))
                    self.assertLessEqual(before, found)
                    n_searches += 1
            return n_searches

        done = threading.Event()
        with ThreadPoolExecutor(8) as pool:
            watchers = [pool.submit(watch, i) for i in range(2)]
            writers = [pool.submit(write, i) for i in range(4)]
            try:
                for writer in writers:
                    writer.result()
            finally:
                stop.set()
                done.set()
            for watcher in watchers:
                self.assertGreater(watcher.result(), 5)
        for client in self.clients:
            self.assertEqual(len(self.search(client, ["0"], "metrics.m0 >= 0", "ALL")), 240)


if __name__ == "__main__":
    unittest.main()
