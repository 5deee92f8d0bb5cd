"""Webhooks of two servers over one PostgreSQL database: each event is told once, by whichever.

Their secrets are sealed with one key, which both must have.
"""

from __future__ import annotations

import contextlib
import queue
import shutil
import sys
import unittest
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from live_server import LiveServer, find_slipway  # noqa: E402
from postgres import Cluster  # noqa: E402
from servers_test import Client, Folder  # noqa: E402
from webhook_receiver import Receiver, is_signed  # noqa: E402

SECRET = "a secret of the test"
KEY = {"SLIPWAY_SECRETS_KEY": "7" * 64}
N_EVENTS = 160


class SharedWebhooks(Folder):
    @classmethod
    def setUpClass(cls) -> None:
        cls.cluster = cls.enterClassContext(Cluster(durable=False))

    def setUp(self) -> None:
        super().setUp()
        self.database = self.cluster.new_database()
        self.receiver = Receiver()
        self.addCleanup(self.receiver.close)

    def at(self, name: str, environment: dict[str, str]) -> LiveServer:
        place = self.folder / name
        place.mkdir(exist_ok=True)
        flags = ["--db", self.database, "--artifacts", str(self.folder / "artifacts")]
        flags += ["--webhook-allow", "127.0.0.0/8"]
        return LiveServer(find_slipway(None), place, flags, environment)

    def hook(self, client: Client, name: str, secret: str) -> dict:
        event = {"entity": "REGISTERED_MODEL", "action": "CREATED"}
        body = {"name": name, "url": self.receiver.url, "secret": secret, "events": [event]}
        return client.post("webhooks", body)["webhook"]

    def told(self, seconds: float) -> list:
        """Give what comes until nothing has come for some seconds."""
        found = []
        with contextlib.suppress(queue.Empty):
            while True:
                found.append(self.receiver.received.get(timeout=seconds))
        return found

    def test_each_event_is_told_once(self) -> None:
        self.receiver.seconds = 0.01  # so that calls of both servers overlap
        with self.at("a", KEY) as a, self.at("b", KEY) as b:
            addresses = [a.address, b.address]
            with contextlib.closing(Client(a.address)) as client:
                for name in ("first", "second"):
                    self.hook(client, name, SECRET)

            def create(i: int) -> None:
                with contextlib.closing(Client(addresses[i % 2])) as client:
                    for k in range(i, N_EVENTS, 8):
                        client.post("registered-models/create", {"name": f"m{k}"})

            with ThreadPoolExecutor(8) as pool:
                list(pool.map(create, range(8)))
            told = self.told(10)
        names = Counter(one.data()["name"] for one in told)
        self.assertEqual(names, Counter({f"m{k}": 2 for k in range(N_EVENTS)}))
        ids = {one.headers["X-MLflow-Delivery-Id"] for one in told}
        self.assertEqual(len(ids), 2 * N_EVENTS)
        self.assertTrue(all(is_signed(one, SECRET) for one in told))
        name = self.database.rsplit("/", 1)[1]
        self.assertEqual(self.cluster.sql("SELECT count(*) FROM webhook_deliveries", name), "0")
        kept = self.cluster.sql("SELECT secret FROM webhooks", name)
        self.assertNotIn(SECRET, kept)

    def test_a_server_without_the_key_leaves_them_to_the_other(self) -> None:
        b = self.at("b", {})
        with self.at("a", {}) as a, contextlib.closing(Client(a.address)) as at_a:
            hook = self.hook(at_a, "sealed", SECRET)
            with b, contextlib.closing(Client(b.address)) as at_b:
                self.assertIn("keys that this server does not have", b.last_errors())
                for i in range(20):
                    at_b.post("registered-models/create", {"name": f"m{i}"})
                told = self.told(3)
                self.assertEqual(len(told), 20)
                self.assertTrue(all(is_signed(one, SECRET) for one in told))
                event = {"entity": "REGISTERED_MODEL", "action": "CREATED"}
                body = {"name": "x", "url": self.receiver.url, "secret": "s", "events": [event]}
                trial = f"webhooks/{hook['webhook_id']}/test"
                for path, asked in (("webhooks", body), (trial, {})):
                    status, answer = at_b.call(path, asked)
                    self.assertEqual((status, answer["error_code"]), (409, "RESOURCE_CONFLICT"))
                    self.assertIn("SLIPWAY_SECRETS_KEY", answer["message"])
                self.assertFalse((self.folder / "b/data/secrets.key").exists())
                # what has no secret any server tells
                self.hook(at_b, "open", "")
        with b, contextlib.closing(Client(b.address)) as at_b:
            at_b.post("registered-models/create", {"name": "later"})
            open_one = self.receiver.next()
            self.assertNotIn("X-MLflow-Signature", open_one.headers)
            self.assertEqual(self.told(2), [])
        shutil.copy(self.folder / "a/data/secrets.key", self.folder / "b/data/secrets.key")
        with b:
            sealed = self.receiver.next()
            self.assertEqual(sealed.data()["name"], "later")
            self.assertTrue(is_signed(sealed, SECRET))


if __name__ == "__main__":
    unittest.main()
