"""A database that an earlier Slipway wrote opens, and its server answers as that one did.

Each folder of tests/golden/databases holds the text of a database and what its own server answered.
"""

from __future__ import annotations

import json
import sqlite3
import sys
import tempfile
import unittest
import urllib.request
from contextlib import closing
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from live_server import REPO, LiveServer, find_slipway  # noqa: E402

GOLDENS = REPO / "tests/golden/databases"
API = "/api/2.0/mlflow/"


def without(found: object, golden: object) -> object:
    """Give `found` less the members that an object of the golden lacks: later versions add some."""
    if isinstance(found, dict) and isinstance(golden, dict):
        return {key: without(found[key], golden[key]) for key in golden if key in found}
    if isinstance(found, list) and isinstance(golden, list) and len(found) == len(golden):
        return [without(a, b) for a, b in zip(found, golden, strict=True)]
    return found


class MigrationTest(unittest.TestCase):
    maxDiff = 4000

    def get(self, address: str, path: str) -> object:
        with urllib.request.urlopen(address + API + path, timeout=60) as answer:
            return json.load(answer)

    def post(self, address: str, path: str, body: dict) -> None:
        request = urllib.request.Request(
            address + API + path, json.dumps(body).encode(), {"Content-Type": "application/json"}
        )
        urllib.request.urlopen(request, timeout=60).close()

    def check(self, address: str, answers: list[dict]) -> None:
        for expected in answers:
            with self.subTest(expected["path"]):
                found = self.get(address, expected["path"])
                self.assertEqual(without(found, expected["answer"]), expected["answer"])

    def test_every_earlier_version(self) -> None:
        versions = sorted(folder for folder in GOLDENS.iterdir() if folder.is_dir())
        self.assertTrue(versions)
        for golden in versions:
            answers = json.loads((golden / "answers.json").read_text())
            with self.subTest(golden.name), tempfile.TemporaryDirectory() as name:
                data = Path(name) / "data"
                data.mkdir()
                with closing(sqlite3.connect(data / "slipway.db")) as database:
                    database.executescript((golden / "database.sql").read_text())
                with LiveServer(find_slipway(None), Path(name), []) as server:
                    self.check(server.address, answers)
                with LiveServer(find_slipway(None), Path(name), []) as server:
                    self.check(server.address, answers)
                    run = next(a["answer"]["run"] for a in answers if "runs/get?" in a["path"])
                    point = {"key": "after", "value": 1, "timestamp": 2}
                    body = {"run_id": run["info"]["run_id"]} | point
                    self.post(server.address, "runs/log-metric", body)
                    path = f"metrics/get-history?run_id={body['run_id']}&metric_key=after"
                    self.assertEqual(len(self.get(server.address, path)["metrics"]), 1)


if __name__ == "__main__":
    unittest.main()
