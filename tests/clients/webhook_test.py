"""Webhooks as MLflow's client manages them, received and verified by a real receiver.

Own server: its receiver listens on 127.0.0.1, which --webhook-allow opens for it.
"""

from __future__ import annotations

import json
import os
import queue
import sqlite3
import subprocess
import sys
import tempfile
import unittest
from contextlib import closing
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from live_server import LiveServer, clean_environment, find_slipway  # noqa: E402
from webhook_receiver import Receiver, is_signed  # noqa: E402

os.environ["MLFLOW_WEBHOOK_ALLOW_PRIVATE_IPS"] = "true"

import mlflow  # noqa: E402
from mlflow import MlflowClient  # noqa: E402

SECRET = "a secret of the test"
ALLOW = ["--webhook-allow", "127.0.0.0/8"]


class WebhookTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.folder = tempfile.TemporaryDirectory(prefix="slipway-webhooks-")
        cls.server = LiveServer(find_slipway(None), Path(cls.folder.name), ALLOW)
        cls.server.__enter__()
        mlflow.set_tracking_uri(cls.server.address)
        mlflow.set_registry_uri(cls.server.address)
        cls.client = MlflowClient()

    @classmethod
    def tearDownClass(cls) -> None:
        cls.server.__exit__(None, None, None)
        cls.folder.cleanup()

    def setUp(self) -> None:
        self.receiver = Receiver()
        self.addCleanup(self.receiver.close)

    def hook(self, name: str, *events: str, secret: str | None = SECRET):
        webhook = self.client.create_webhook(
            name=name, url=self.receiver.url, events=list(events), secret=secret
        )
        self.addCleanup(self.client.delete_webhook, webhook.webhook_id)
        return webhook

    def test_every_event_is_told_and_signed(self) -> None:
        self.hook(
            "all",
            "registered_model.created",
            "model_version.created",
            "model_version_tag.set",
            "model_version_tag.deleted",
            "model_version_alias.created",
            "model_version_alias.deleted",
        )
        client = self.client
        steps = [
            (
                lambda: client.create_registered_model("told", {"team": "a"}, "the model"),
                ("registered_model", "created"),
                {"name": "told", "tags": {"team": "a"}, "description": "the model"},
            ),
            (
                lambda: client.create_model_version("told", "s3://bucket/a", tags={"k": "v"}),
                ("model_version", "created"),
                {
                    "name": "told",
                    "version": "1",
                    "source": "s3://bucket/a",
                    "run_id": None,
                    "tags": {"k": "v"},
                    "description": None,
                },
            ),
            (
                lambda: client.set_model_version_tag("told", "1", "stage", "é"),
                ("model_version_tag", "set"),
                {"name": "told", "version": "1", "key": "stage", "value": "é"},
            ),
            (
                lambda: client.delete_model_version_tag("told", "1", "stage"),
                ("model_version_tag", "deleted"),
                {"name": "told", "version": "1", "key": "stage"},
            ),
            (
                lambda: client.set_registered_model_alias("told", "best", "1"),
                ("model_version_alias", "created"),
                {"name": "told", "alias": "best", "version": "1"},
            ),
            (
                lambda: client.delete_registered_model_alias("told", "best"),
                ("model_version_alias", "deleted"),
                {"name": "told", "alias": "best"},
            ),
        ]
        for act, (entity, action), data in steps:
            with self.subTest(entity=entity, action=action):
                act()
                received = self.receiver.next()
                body = json.loads(received.body)
                self.assertEqual((body["entity"], body["action"]), (entity, action))
                self.assertEqual(body["data"], data)
                self.assertEqual(received.path, "/hook?of=test")
                self.assertTrue(is_signed(received, SECRET))

    def test_prompts_have_their_own_events(self) -> None:
        self.hook("prompts", "prompt.created", "prompt_version.created", secret=None)
        mlflow.genai.register_prompt(name="greeting", template="Hello {{name}}!")
        created = self.receiver.next()
        self.assertEqual(created.data()["name"], "greeting")
        self.assertNotIn("X-MLflow-Signature", created.headers)
        version = self.receiver.next()
        self.assertEqual(version.data()["template"], "Hello {{name}}!")

    def test_a_failed_delivery_is_tried_again_under_the_same_id(self) -> None:
        self.hook("again", "registered_model.created")
        for status in (503, 429):
            self.receiver.answers.put((status, {"Retry-After": "0"}))
        self.client.create_registered_model("tried-again")
        tries = [self.receiver.next() for _ in range(3)]
        self.assertEqual(len({one.headers["X-MLflow-Delivery-Id"] for one in tries}), 1)
        self.assertTrue(all(is_signed(one, SECRET) for one in tries))
        self.assert_nothing_more()

    def test_what_is_refused_or_redirected_is_not_sent_again(self) -> None:
        self.hook("once", "registered_model.created")
        self.receiver.answers.put((302, {"Location": self.receiver.url + "&moved=1"}))
        self.client.create_registered_model("moved")
        self.assertEqual(self.receiver.next().path, "/hook?of=test")
        self.receiver.answers.put((404, {}))
        self.client.create_registered_model("refused")
        self.assertEqual(self.receiver.next().data()["name"], "refused")
        self.assert_nothing_more()

    def test_a_disabled_webhook_hears_nothing(self) -> None:
        webhook = self.hook("quiet", "registered_model.created")
        self.client.update_webhook(webhook.webhook_id, status="DISABLED")
        self.client.create_registered_model("unheard")
        self.client.update_webhook(webhook.webhook_id, status="ACTIVE")
        self.client.create_registered_model("heard")
        self.assertEqual(self.receiver.next().data()["name"], "heard")

    def test_a_try_says_what_came_back(self) -> None:
        webhook = self.hook("tried", "model_version.created")
        result = self.client.test_webhook(webhook.webhook_id)
        self.assertTrue(result.success, result)
        self.assertEqual((result.response_status, result.response_body), (200, "taken"))
        self.assertEqual(self.receiver.next().data()["name"], "example_model")
        self.receiver.answers.put((418, {}))
        result = self.client.test_webhook(webhook.webhook_id, event="prompt_tag.set")
        self.assertFalse(result.success)
        self.assertEqual(self.receiver.next().data()["name"], "example_prompt")

    def test_nothing_is_told_of_what_failed(self) -> None:
        self.hook("failed", "registered_model.created")
        with self.assertRaises(mlflow.exceptions.MlflowException):
            self.client.create_registered_model("bad", {"a$b": "no such key may be"})
        self.client.create_registered_model("good")
        self.assertEqual(self.receiver.next().data()["name"], "good")

    def assert_nothing_more(self) -> None:
        with self.assertRaises(queue.Empty):
            self.receiver.received.get(timeout=2)


class SealedSecretTest(unittest.TestCase):
    """Secrets lie sealed, and open again after a restart, an upgrade, a backup, another key."""

    def setUp(self) -> None:
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.receiver = Receiver()
        self.addCleanup(self.receiver.close)

    def server(self, keys: str = "", place: str = "") -> LiveServer:
        environment = {"SLIPWAY_SECRETS_KEY": keys} if keys else {}
        return LiveServer(find_slipway(None), self.folder / place, ALLOW, environment)

    def client(self, server: LiveServer) -> MlflowClient:
        mlflow.set_tracking_uri(server.address)
        mlflow.set_registry_uri(server.address)
        return MlflowClient(server.address, server.address)

    def add(self, client: MlflowClient) -> str:
        events = ["registered_model.created"]
        made = client.create_webhook("sealed", self.receiver.url, events, secret=SECRET)
        return made.webhook_id

    def holding(self, text: str) -> list[str]:
        found = [path for path in (self.folder / "data").rglob("*") if path.is_file()]
        self.assertTrue(found)
        return [path.name for path in found if text.encode() in path.read_bytes()]

    def assert_told(self, client: MlflowClient, name: str, secret: str) -> None:
        client.create_registered_model(name)
        received = self.receiver.next()
        self.assertEqual(received.data()["name"], name)
        self.assertTrue(is_signed(received, secret))

    def test_no_file_holds_it(self) -> None:
        key = self.folder / "data/secrets.key"
        with self.server() as server:
            client = self.client(server)
            self.assertFalse(key.exists())
            self.add(client)
            self.assert_told(client, "one", SECRET)
            self.assertEqual(self.holding(SECRET), [])
            self.assertEqual(key.stat().st_mode & 0o777, 0o600)
            self.assertEqual(self.holding(key.read_text().strip()), ["secrets.key"])
        with self.server() as server:
            self.assert_told(self.client(server), "two", SECRET)
        self.assertEqual(self.holding(SECRET), [])

    def test_what_lay_readable_is_sealed(self) -> None:
        """A database of an earlier version, which kept secrets as they are."""
        with self.server() as server:
            self.add(self.client(server))
        old = "a readable secret of before"
        with closing(sqlite3.connect(self.folder / "data/slipway.db")) as database, database:
            database.execute("UPDATE webhooks SET secret = ?, secret_key_id = ''", [old])
        self.assertIn("slipway.db", self.holding(old))
        with self.server() as server:
            self.assert_told(self.client(server), "one", old)
            self.assertIn("sealed the secrets of 1 webhooks", server.last_errors())
        self.assertEqual(self.holding(old), [])

    def test_a_backup_has_its_key(self) -> None:
        with self.server() as server:
            self.add(self.client(server))
            for command in (
                ["backup", "backups", "--data-dir", "data"],
                ["restore", "backups", "--data-dir", "restored/data"],
            ):
                done = subprocess.run(
                    [str(find_slipway(None)), *command], cwd=self.folder, capture_output=True,
                    text=True, env=clean_environment(self.folder), timeout=60, check=False,
                )  # fmt: skip
                self.assertEqual(done.returncode, 0, done.stderr)
        key = self.folder / "restored/data/secrets.key"
        self.assertEqual(key.stat().st_mode & 0o777, 0o600)
        with self.server(place="restored") as server:
            self.assert_told(self.client(server), "restored", SECRET)

    def test_keys_of_the_environment(self) -> None:
        old, new = "1" * 64, "2" * 64
        with self.server(old) as server:
            webhook_id = self.add(self.client(server))
        self.assertFalse((self.folder / "data/secrets.key").exists())
        with self.server(f"{new},{old}") as server:
            self.assertIn("sealed the secrets of 1 webhooks", server.last_errors())
        with self.server(new) as server:
            self.assert_told(self.client(server), "taken-over", SECRET)
        # the key is lost: it is said, nothing is told wrongly, and a new secret helps
        with self.server(old) as server:
            client = self.client(server)
            self.assertIn("sealed with keys that this server does not have", server.last_errors())
            client.create_registered_model("untold")
            with self.assertRaises(mlflow.exceptions.MlflowException) as refused:
                client.test_webhook(webhook_id)
            self.assertIn("which this server does not have", str(refused.exception))
            with self.assertRaises(queue.Empty):
                self.receiver.received.get(timeout=2)
            client.update_webhook(webhook_id, secret="another")
            received = self.receiver.next()
            self.assertEqual(received.data()["name"], "untold")
            self.assertTrue(is_signed(received, "another"))
        command = [str(find_slipway(None)), "server", "--port", "0", "--data-dir", "data"]
        refused = subprocess.run(
            command, cwd=self.folder, capture_output=True, text=True, timeout=60, check=False,
            env=clean_environment(self.folder) | {"SLIPWAY_SECRETS_KEY": "no-key-at-all"},
        )  # fmt: skip
        self.assertEqual(refused.returncode, 1)
        self.assertIn("64 hexadecimal digits", refused.stderr)
        self.assertNotIn("no-key-at-all", refused.stderr)


if __name__ == "__main__":
    unittest.main()
