"""Requests and answers of served models are found as Parquet after the server has stopped."""

from __future__ import annotations

import datetime
import json
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import pyarrow.dataset

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from live_server import LiveServer, find_slipway  # noqa: E402
from served_models import ROWS, Client, split  # noqa: E402


class PayloadLogTest(unittest.TestCase):
    def test_what_was_asked_is_kept(self) -> None:
        slipway = find_slipway(None)
        with tempfile.TemporaryDirectory(prefix="slipway-payloads-") as name:
            folder = Path(name)
            kept = folder / "kept"
            flags = ["--payload-log", str(kept), "--payload-models", "told"]
            before = datetime.datetime.now(datetime.UTC)
            with LiveServer(slipway, folder, flags) as server:
                self.ask(Client(server.address))
            rows = pyarrow.dataset.dataset(kept, partitioning="hive").to_table().to_pylist()
        rows.sort(key=lambda row: row["time"])
        self.assertEqual([row["status"] for row in rows], [200, 400, 200, 200])
        self.assertEqual({(row["model"], row["version"]) for row in rows}, {("told", "1")})
        self.assertEqual(json.loads(rows[0]["request"]), ROWS)
        self.assertEqual(json.loads(rows[0]["response"]), {"predictions": [7.0]})
        self.assertEqual(rows[1]["request"], b"{")
        self.assertIn(b"error_code", rows[1]["response"])
        for row in rows:
            self.assertEqual(row["content_type"], "application/json")
            self.assertGreater(row["seconds"], 0)
            self.assertGreaterEqual(row["time"], before - datetime.timedelta(milliseconds=1))
        self.assertEqual(str(rows[0]["date"]), rows[0]["time"].strftime("%Y-%m-%d"))

    def ask(self, client: Client) -> None:
        """Score on every kind of address, and a model that is not to be kept."""
        client.make_token()
        client.make_run()
        client.upload_constant("seven", 7)
        for model in ("told", "silent"):
            client.mlflow("registered-models/create", {"name": model})
            client.register(model, "seven")
            client.mlflow("endpoints/enable", {"registered_model_name": model})
            self.assertEqual(client.score_model(model, "1"), (200, 7.0))
        self.assertEqual(client.send("POST", "/model/told/1/invocations", b"{")[0], 400)
        tensor = {"name": "input-0", "shape": [1, 2], "datatype": "FP64", "data": [1, 2]}
        answer = client.ask("POST", "/v2/models/told/infer", {"inputs": [tensor]})
        self.assertEqual(answer["outputs"][0]["data"], [7.0])
        config = split([("told", 1, 100)])
        client.ask("POST", "/api/2.0/serving-endpoints", {"name": "e", "config": config})
        client.wait_for_update("e")
        self.assertEqual(client.score("/serving-endpoints/e/invocations"), (200, 7.0))
        client.close()

    def test_flags_that_make_no_sense(self) -> None:
        with tempfile.NamedTemporaryFile() as file:
            for flags, said in (
                (["--payload-models", "m"], "--payload-models needs --payload-log FOLDER"),
                (["--payload-log", file.name], file.name),
            ):
                with tempfile.TemporaryDirectory() as data:
                    command = [find_slipway(None), "server", "-p", "0", "--data-dir", data, *flags]
                    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
                self.assertNotEqual(done.returncode, 0)
                self.assertIn(said, done.stderr)


if __name__ == "__main__":
    unittest.main()
