"""Object stores that are full or fail in the midst of an upload: a clear 5xx, the old file or none,
the server goes on, and uploads work as soon as the store does.

The stores are real: moto behind a proxy that spoils some requests, Azurite on a small disk.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import unittest
import urllib.error
import urllib.request
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from faulty_proxy import Answer, Fault, FaultyProxy  # noqa: E402
from live_server import LiveServer, find_slipway  # noqa: E402
from object_stores import BUCKET, Azurite, Moto  # noqa: E402

PROXY = "/api/2.0/mlflow-artifacts/artifacts"
BIG_BYTES = 24 << 20
DISK_MB = 64


class Case(unittest.TestCase):
    def setUp(self) -> None:
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory()))

    def start(self, artifacts: str) -> None:
        server = LiveServer(find_slipway(None), self.folder, ["--artifacts", artifacts])
        self.address = self.enterContext(server).address

    def call(self, method: str, path: str, body: bytes | None = None) -> tuple[int, bytes]:
        kind = "application/json" if method == "POST" else "application/octet-stream"
        request = urllib.request.Request(
            self.address + path, body, {"Content-Type": kind}, method=method
        )
        try:
            with urllib.request.urlopen(request, timeout=120) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read()

    def files(self) -> dict[str, int]:
        status, body = self.call("GET", f"{PROXY}?path=d")
        self.assertEqual(status, 200, body)
        return {file["path"]: file["file_size"] for file in json.loads(body).get("files", [])}

    def assert_refused(self, name: str, body: bytes, code: str, words: str) -> None:
        status, answer = self.call("PUT", f"{PROXY}/d/{name}", body)
        told = json.loads(answer)
        self.assertEqual(told["error_code"], code, told)
        self.assertEqual(status, 503 if code == "TEMPORARILY_UNAVAILABLE" else 500)
        self.assertIn(f"'d/{name}'", told["message"])
        self.assertRegex(told["message"], words)
        # what has nothing to do with the store goes on
        made = self.call("POST", "/api/2.0/mlflow/runs/create", b'{"experiment_id": "0"}')
        self.assertEqual(made[0], 200, made)


class FailingS3(Case):
    def setUp(self) -> None:
        super().setUp()
        self.store = self.enterContext(Moto(self.folder))
        self.proxy = self.enterContext(FaultyProxy(self.store.port))
        self.start(self.store.artifacts("p").replace(str(self.store.port), str(self.proxy.port)))

    def left_over(self) -> list[str]:
        """Give the keys of uploads in parts that were neither finished nor aborted."""
        found = self.store.client().list_multipart_uploads(Bucket=BUCKET)
        return [upload["Key"] for upload in found.get("Uploads", [])]

    def check(self, fault: Fault, code: str, words: str) -> None:
        old, new = b"old", os.urandom(BIG_BYTES)
        self.proxy.fault = None
        self.assertEqual(self.call("PUT", f"{PROXY}/d/x", old)[0], 200)
        before = self.files()
        self.proxy.n_spoilt = 0
        self.proxy.fault = fault
        for name in ("x", "new"):
            self.assert_refused(name, new, code, words)
        self.assertGreater(self.proxy.n_spoilt, 0)
        self.assertEqual(self.files(), before)
        self.assertEqual(self.call("GET", f"{PROXY}/d/x"), (200, old))
        self.assertEqual(self.left_over(), [])
        self.proxy.fault = None
        self.assertEqual(self.call("PUT", f"{PROXY}/d/x", new)[0], 200)
        self.assertEqual(self.call("GET", f"{PROXY}/d/x"), (200, new))

    def test_full_from_the_third_part_on(self) -> None:
        for answer in (
            Answer(403, "QuotaExceeded"),  # Ceph
            Answer(507, "XMinioStorageFull"),  # MinIO
            Answer(507, "InsufficientStorage"),
        ):
            with self.subTest(answer.code):
                self.check(
                    lambda _, path, answer=answer: answer if "partNumber=3" in path else None,
                    "TEMPORARILY_UNAVAILABLE",
                    "s3://bucket is full",
                )

    def test_failing_from_the_second_part_on(self) -> None:
        self.check(
            lambda _, path: Answer(500, "InternalError") if "partNumber=2" in path else None,
            "INTERNAL_ERROR",
            "in s3://bucket",
        )
        self.check(
            lambda _, path: Answer(503, "SlowDown") if "partNumber=2" in path else None,
            "TEMPORARILY_UNAVAILABLE",
            "does not answer",
        )
        self.check(
            lambda _, path: "cut" if "partNumber=2" in path else None,
            "TEMPORARILY_UNAVAILABLE",
            "does not answer",
        )

    def test_failing_at_the_very_end(self) -> None:
        """All parts are there, and the store cannot put them together."""

        def fault(method: str, path: str) -> Answer | None:
            is_last = method == "POST" and "uploadId=" in path
            return Answer(507, "XMinioStorageFull") if is_last else None

        self.check(fault, "TEMPORARILY_UNAVAILABLE", "s3://bucket is full")

    def test_a_small_file(self) -> None:
        self.assertEqual(self.call("PUT", f"{PROXY}/d/x", b"old")[0], 200)

        def fault(method: str, path: str) -> Answer | None:
            spoilt = method == "PUT" and path.split("?")[0].endswith("/d/x")
            return Answer(403, "QuotaExceeded") if spoilt else None

        self.proxy.fault = fault
        self.assert_refused("x", b"new", "TEMPORARILY_UNAVAILABLE", "s3://bucket is full")
        self.assertEqual(self.call("GET", f"{PROXY}/d/x"), (200, b"old"))
        self.proxy.fault = None
        self.assertEqual(self.call("PUT", f"{PROXY}/d/x", b"new")[0], 200)
        self.assertEqual(self.call("GET", f"{PROXY}/d/x"), (200, b"new"))

    def test_where_even_the_abort_fails_nothing_shows(self) -> None:
        def fault(method: str, path: str) -> Answer | None:
            spoilt = "partNumber=2" in path or (method == "DELETE" and "uploadId=" in path)
            return Answer(507, "XMinioStorageFull") if spoilt else None

        self.proxy.fault = fault
        self.assert_refused("x", os.urandom(BIG_BYTES), "TEMPORARILY_UNAVAILABLE", "is full")
        self.proxy.fault = None
        self.assertEqual(self.files(), {})
        self.assertEqual(self.call("PUT", f"{PROXY}/d/x", b"new")[0], 200)
        self.assertEqual(self.files(), {"x": 3})


class FullAzurite(Case):
    """Azurite keeps blobs in files; its disk is a tmpfs, which needs root to mount."""

    def setUp(self) -> None:
        super().setUp()
        self.disk = self.folder / "disk"
        self.disk.mkdir()
        command = ["mount", "-t", "tmpfs", "-o", f"size={DISK_MB}m", "tmpfs", str(self.disk)]
        mounted = subprocess.run(command, capture_output=True, text=True, check=False)
        if mounted.returncode != 0:
            self.skipTest(f"no small disk to fill: mount: {mounted.stderr.strip()}")
        self.addCleanup(subprocess.run, ["umount", "--lazy", str(self.disk)], check=False)
        self.store = self.enterContext(Azurite(self.disk))
        self.start(self.store.artifacts("p"))

    def test_a_full_disk(self) -> None:
        kept: dict[str, int] = {}
        for i in range(4):
            status, answer = self.call("PUT", f"{PROXY}/d/f{i}", os.urandom(BIG_BYTES))
            if status != 200:
                break
            kept[f"f{i}"] = BIG_BYTES
        self.assertIn(status, (500, 503), answer)
        self.assertRegex(json.loads(answer)["message"], f"cannot write 'd/f{i}'")
        self.assertGreaterEqual(len(kept), 1)
        self.assertEqual(self.files(), kept)
        made = self.call("POST", "/api/2.0/mlflow/runs/create", b'{"experiment_id": "0"}')
        self.assertEqual(made[0], 200)
        subprocess.run(["mount", "-o", "remount,size=512m", str(self.disk)], check=True)
        new = os.urandom(BIG_BYTES)
        self.assertEqual(self.call("PUT", f"{PROXY}/d/f{i}", new)[0], 200)
        self.assertEqual(self.call("GET", f"{PROXY}/d/f{i}"), (200, new))
        self.assertEqual(self.files(), kept | {f"f{i}": BIG_BYTES})


if __name__ == "__main__":
    unittest.main()
