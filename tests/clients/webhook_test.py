"""Webhooks as MLflow's client manages them, received and verified by a real receiver.

Own server: its receiver listens on 127.0.0.1, which --webhook-allow opens for it.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import queue
import sys
import tempfile
import threading
import time
import unittest
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from live_server import LiveServer, find_slipway  # noqa: E402

os.environ["MLFLOW_WEBHOOK_ALLOW_PRIVATE_IPS"] = "true"

import mlflow  # noqa: E402
from mlflow import MlflowClient  # noqa: E402

SECRET = "a secret of the test"
WAIT_S = 30


@dataclass
class Received:
    path: str
    headers: dict[str, str]
    body: str

    def data(self) -> dict:
        return json.loads(self.body)["data"]


class Receiver:
    """An HTTP server that keeps what it is sent; `answers` are the next statuses, then 200."""

    def __init__(self) -> None:
        self.received: queue.Queue[Received] = queue.Queue()
        self.answers: queue.Queue[tuple[int, dict[str, str]]] = queue.Queue()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                size = int(self.headers["Content-Length"])
                body = self.rfile.read(size).decode()
                receiver.received.put(Received(self.path, dict(self.headers), body))
                try:
                    status, headers = receiver.answers.get_nowait()
                except queue.Empty:
                    status, headers = 200, {}
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", "5")
                self.end_headers()
                self.wfile.write(b"taken")

            def log_message(self, *args: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever)
        self.thread.start()
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook?of=test"

    def next(self) -> Received:
        return self.received.get(timeout=WAIT_S)

    def close(self) -> None:
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


def is_signed(received: Received, secret: str) -> bool:
    """Verify as MLflow's page on webhooks tells receivers to."""
    signed = ".".join(
        [
            received.headers["X-MLflow-Delivery-Id"],
            received.headers["X-MLflow-Timestamp"],
            received.body,
        ]
    )
    code = hmac.new(secret.encode(), signed.encode(), hashlib.sha256).digest()
    expected = "v1," + base64.b64encode(code).decode()
    fresh = abs(time.time() - int(received.headers["X-MLflow-Timestamp"])) < 300
    return fresh and hmac.compare_digest(expected, received.headers["X-MLflow-Signature"])


class WebhookTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.folder = tempfile.TemporaryDirectory(prefix="slipway-webhooks-")
        flags = ["--webhook-allow", "127.0.0.0/8"]
        cls.server = LiveServer(find_slipway(None), Path(cls.folder.name), flags)
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


if __name__ == "__main__":
    unittest.main()
