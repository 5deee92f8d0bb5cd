"""`slipway import mlflow` of stores that the real MLflow wrote, compared through its own client.

SQLite and PostgreSQL databases behind a real `mlflow server`, mlruns folders, of MLflow 3.17 and
2.x: experiments, runs, whole histories, datasets, logged models, the registry and files, with ids
and times as they were. An import that is killed in the middle and started again ends the same; over
PostgreSQL servers may run meanwhile; who may see what was imported is said with it.
"""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

os.environ |= {"MLFLOW_ALLOW_FILE_STORE": "true", "GIT_PYTHON_REFRESH": "quiet"}

import mlflow  # noqa: E402
from mlflow import MlflowClient  # noqa: E402

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from live_server import REPO, LiveServer, clean_environment, find_slipway  # noqa: E402
from mlflow_store import N_RUNS, fill, mlflow_server, whole_store  # noqa: E402
from postgres import Cluster  # noqa: E402

OLD_PYTHON = REPO / ".deps/mlflow2/bin/python"


class ImportTest(unittest.TestCase):
    maxDiff = 20_000

    def setUp(self) -> None:
        holder = tempfile.TemporaryDirectory(prefix="slipway-import-")
        self.addCleanup(holder.cleanup)
        self.folder = Path(holder.name)

    def slipway(
        self, *arguments: str, environment: dict[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(find_slipway(None)), *arguments],
            cwd=self.folder,
            env=clean_environment(self.folder) | (environment or {}),
            capture_output=True,
            text=True,
            timeout=300,
        )

    def assert_imported(self, expected: dict, *arguments: str) -> None:
        done = self.slipway("import", "mlflow", *arguments, "--data-dir", "data")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertNotIn("DIFFERENT", done.stdout)
        again = self.slipway("import", "mlflow", *arguments, "--data-dir", "data")
        self.assertEqual(again.returncode, 0, again.stdout + again.stderr)
        self.assertIn(f"{len(expected['runs'])} runs had been imported before", again.stdout)
        with LiveServer(find_slipway(None), self.folder, []) as server:
            self.assert_told(server.address, expected)

    def assert_told(self, address: str, expected: dict) -> None:
        """What a server tells is what the source told, and it goes on from there."""
        mlflow.set_tracking_uri(address)
        client = MlflowClient(address)
        got = whole_store(client, self.folder)
        for part in expected:
            self.assertEqual(set(got[part]), set(expected[part]), part)
            for name, members in expected[part].items():
                for member in members:
                    found = got[part][name][member]
                    self.assertEqual(found, members[member], f"{part} {name}: {member}")
        for version in ("1", "3"):
            at = self.folder / f"fetched{version}"
            uri = f"models:/registered/{version}"
            mlflow.artifacts.download_artifacts(uri, dst_path=str(at))
            self.assertTrue(list(at.rglob("MLmodel")), f"version {version} has no files")
        # ids are not given out again
        made = client.create_experiment("after")
        self.assertNotIn(made, expected["experiments"])
        version = client.create_model_version("registered", "models:/registered/3")
        self.assertEqual(int(version.version), 4)

    def test_a_database(self) -> None:
        with mlflow_server(self.folder) as address:
            client = MlflowClient(address)
            fill(client, address, self.folder)
            expected = whole_store(client, self.folder)
        self.assertEqual(len(expected["runs"]), N_RUNS + 2)
        flags = ["--artifacts-root", "mlartifacts"]
        self.assert_imported(expected, f"sqlite:///{self.folder}/mlflow.db", *flags)
        with sqlite3.connect(self.folder / "mlflow.db") as database:
            database.execute("UPDATE alembic_version SET version_num = 'abcdef012345'")
        refused = self.slipway("import", "mlflow", "mlflow.db", "--data-dir", "other")
        self.assertEqual(refused.returncode, 1)
        self.assertIn("abcdef012345", refused.stderr)

    def test_postgresql_into_postgresql_beside_servers(self) -> None:
        """The servers of the workspace run, and have been searched, before and while it comes."""
        cluster = self.enterContext(Cluster(durable=False))
        theirs = cluster.new_database().replace("://", "+psycopg2://", 1)
        with mlflow_server(self.folder, theirs) as address:
            client = MlflowClient(address)
            fill(client, address, self.folder)
            expected = whole_store(client, self.folder)
        ours = ["--db", cluster.new_database(), "--artifacts", str(self.folder / "shared")]
        command = ["import", "mlflow", theirs, *ours]
        command += ["--artifacts-root", "mlartifacts", "--data-dir", "import"]
        servers = []
        for name in "ab":
            (self.folder / name).mkdir()
            server = LiveServer(find_slipway(None), self.folder / name, ours)
            servers.append(self.enterContext(server))
            self.assertEqual(MlflowClient(servers[-1].address).search_runs(["0"]), [])
        for again in (False, True):
            done = self.slipway(*command)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            self.assertNotIn("DIFFERENT", done.stdout)
            self.assertEqual("had been imported before" in done.stdout, again)
            for server in servers:  # the run index of each sees it at once
                found = MlflowClient(server.address).search_runs(["0"], "tags.k LIKE 'v%'")
                wanted = {
                    run_id
                    for run_id, run in expected["runs"].items()
                    if run["info"]["experiment_id"] == "0"
                    and run["info"]["lifecycle_stage"] == "active"
                    and run["tags"].get("k")
                }
                self.assertEqual({run.info.run_id for run in found}, wanted)
        self.assert_told(servers[1].address, expected)

    def test_a_running_servers_folder_is_refused(self) -> None:
        uri = f"file://{self.folder}/mlruns"
        client = MlflowClient(uri)
        client.create_run("0")
        with LiveServer(find_slipway(None), self.folder, []) as server:
            refused = self.slipway("import", "mlflow", "mlruns", "--data-dir", "data")
            self.assertEqual(refused.returncode, 1)
            self.assertIn(f"in use by process {server.pid}", refused.stderr)
            self.assertIn("Stop it, import, and start it again", refused.stderr)
            mlflow.set_tracking_uri(server.address)
            self.assertEqual(MlflowClient(server.address).search_runs(["0"]), [])
        done = self.slipway("import", "mlflow", "mlruns", "--data-dir", "data")
        self.assertEqual(done.returncode, 0, done.stderr)
        with LiveServer(find_slipway(None), self.folder, []) as server:
            mlflow.set_tracking_uri(server.address)
            self.assertEqual(len(MlflowClient(server.address).search_runs(["0"])), 1)

    def test_who_may_see_what_was_imported(self) -> None:
        uri = f"file://{self.folder}/mlruns"
        client = MlflowClient(uri)
        experiment_id = client.create_experiment("shared")
        client.create_run(experiment_id)
        client.create_registered_model("shared")
        for name in ("root", "ada", "bob", "eve"):
            (self.folder / "password").write_text(f"{name}-password-1")
            flags = ["--admin"] if name == "root" else []
            made = self.slipway("users", "create", name, *flags, "--password-file", "password",
                                "--data-dir", "data")  # fmt: skip
            self.assertEqual(made.returncode, 0, made.stderr)
        command = ["import", "mlflow", "mlruns", "--data-dir", "data"]
        for flags, message in (
            (["--owner", "nobody"], "User with username=nobody not found"),
            (["--readers", "analysts"], "there is no group 'analysts'"),
        ):
            refused = self.slipway(*command, *flags)
            self.assertEqual(refused.returncode, 1)
            self.assertIn(message, refused.stderr)
        done = self.slipway(*command)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("only admins see what was imported", done.stdout)

        def seen(name: str, address: str) -> list[int]:
            os.environ |= {
                "MLFLOW_TRACKING_USERNAME": name,
                "MLFLOW_TRACKING_PASSWORD": f"{name}-password-1",
            }
            mlflow.set_tracking_uri(address)
            told = MlflowClient(address)
            names = [e.name for e in told.search_experiments()]
            models = told.search_registered_models()
            runs = told.search_runs([experiment_id]) if "shared" in names else []
            return [len(names), len(runs), len(models)]

        self.addCleanup(os.environ.pop, "MLFLOW_TRACKING_USERNAME", None)
        self.addCleanup(os.environ.pop, "MLFLOW_TRACKING_PASSWORD", None)
        with LiveServer(find_slipway(None), self.folder, []) as server:
            self.assertEqual(seen("root", server.address), [2, 1, 1])
            self.assertEqual(seen("ada", server.address), [0, 0, 0])
            signed_in = {"MLFLOW_TRACKING_URI": server.address}
            signed_in |= {"MLFLOW_TRACKING_USERNAME": "root"}
            signed_in |= {"MLFLOW_TRACKING_PASSWORD": "root-password-1"}
            for words in (["create", "analysts"], ["add", "analysts", "bob"]):
                made = self.slipway("groups", *words, environment=signed_in)
                self.assertEqual(made.returncode, 0, made.stderr)
        for _ in range(2):  # what was granted is granted
            done = self.slipway(*command, "--owner", "ada", "--readers", "analysts")
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertNotIn("only admins", done.stdout)
        with LiveServer(find_slipway(None), self.folder, []) as server:
            self.assertEqual(seen("ada", server.address), [2, 1, 1])
            MlflowClient(server.address).rename_experiment(experiment_id, "hers")
            self.assertEqual(seen("bob", server.address)[0], 2)
            with self.assertRaises(mlflow.exceptions.MlflowException):
                MlflowClient(server.address).rename_experiment(experiment_id, "his")
            self.assertEqual(seen("eve", server.address), [0, 0, 0])

    def old(self, *arguments: str) -> dict:
        """Run old_store.py by MLflow 2.x, and give what it tells."""
        environment = clean_environment(self.folder) | {"GIT_PYTHON_REFRESH": "quiet"}
        done = subprocess.run(
            [str(OLD_PYTHON), "-W", "ignore", str(REPO / "tests/clients/old_store.py"), *arguments],
            cwd=self.folder,
            env=environment,
            capture_output=True,
            text=True,
            timeout=300,
        )
        self.assertEqual(done.returncode, 0, done.stderr[-4000:])
        return json.loads(done.stdout.splitlines()[-1])

    def test_stores_of_mlflow_2(self) -> None:
        """The client of 2.x sees the same of its own store and of the workspace."""
        for uri, name in (
            (f"sqlite:///{self.folder}/old.db", f"sqlite:///{self.folder}/old.db"),
            (f"file://{self.folder}/old", "old"),
        ):
            with self.subTest(uri):
                made = self.folder / f"made-{uri[:4]}"
                made.mkdir()
                told = self.old("fill", uri, str(made))
                self.assertEqual(len(told["runs"]), 8)
                data = f"data-{uri[:4]}"
                for _ in range(2):
                    done = self.slipway("import", "mlflow", name, "--data-dir", f"{data}/data")
                    self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
                with LiveServer(find_slipway(None), self.folder / data, []) as server:
                    got = self.old("tell", server.address)
                for part, things in told.items():
                    self.assertEqual(set(got[part]), set(things), part)
                    for key, members in things.items():
                        for member, value in members.items():
                            found = got[part][key][member]
                            self.assertEqual(found, value, f"{part} {key}: {member}")

    def test_killed_and_started_again(self) -> None:
        """MLflow's own tables, filled directly: kill -9 at any moment loses and doubles nothing."""
        n_runs, n_points = 300, 1000
        from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

        SqlAlchemyStore(f"sqlite:///{self.folder}/mlflow.db", str(self.folder / "mlartifacts"))
        ids = [f"{i:032x}" for i in range(n_runs)]
        with sqlite3.connect(self.folder / "mlflow.db") as database:
            insert = "INSERT INTO runs (run_uuid, name, user_id, status, start_time,"
            insert += " lifecycle_stage, artifact_uri, experiment_id)"
            insert += " VALUES (?, 'r', 'u', 'FINISHED', 1, 'active', ?, 0)"
            rows = [(i, f"mlflow-artifacts:/0/{i}/artifacts") for i in ids]
            database.executemany(insert, rows)
            insert = "INSERT INTO metrics (key, value, timestamp, step, is_nan, run_uuid)"
            for i in ids:
                points = [(f"m{k % 3}", k / 7, k, k, i) for k in range(n_points)]
                database.executemany(insert + " VALUES (?, ?, ?, ?, 0, ?)", points)
        files = self.folder / "mlartifacts/0" / ids[7] / "artifacts"
        files.mkdir(parents=True)
        (files / "big").write_bytes(b"x" * 5_000_000)
        command = ["import", "mlflow", "mlflow.db", "--artifacts-root", "mlartifacts"]
        command += ["--data-dir", "data"]
        counts = []
        for k in range(1, 40):
            process = subprocess.Popen(
                [str(find_slipway(None)), *command],
                cwd=self.folder,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            try:
                process.wait(0.03 * k)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            try:
                with sqlite3.connect(self.folder / "data/slipway.db") as database:
                    counts.append(database.execute("SELECT count(*) FROM runs").fetchone()[0])
            except sqlite3.OperationalError:  # killed before there were tables
                counts.append(0)
            if counts[-1] == n_runs:
                break
        self.assertEqual(counts[-1], n_runs)
        self.assertTrue(any(0 < n < n_runs for n in counts), counts)
        done = self.slipway(*command)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertRegex(done.stdout, rf"metric points +{n_runs * n_points} +{n_runs * n_points} ")
        self.assertRegex(done.stdout, r"artifact files +1 +1 ")

    def test_a_folder(self) -> None:
        uri = f"file://{self.folder}/mlruns"
        client = MlflowClient(uri)
        fill(client, uri, self.folder)
        expected = whole_store(client, self.folder)
        self.assert_imported(expected, "mlruns")


if __name__ == "__main__":
    unittest.main()
