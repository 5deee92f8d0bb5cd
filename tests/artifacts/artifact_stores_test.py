"""Artifacts on a local disk, in S3 and in Azure Blob Storage: the same behaviour, the same safety.

The stores are real servers (moto, Azurite); the client is the unmodified MLflow where it matters.
"""

from __future__ import annotations

import http.client
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path
from typing import ClassVar

REPO = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(REPO / "tests"))
from live_server import LiveServer, find_slipway  # noqa: E402
from object_stores import Azurite, Moto, ObjectStoreServer  # noqa: E402

PROXY = "/api/2.0/mlflow-artifacts/artifacts"
ODD_NAMES = [
    "a b", "é+", "100%", "x+y", "h#q?z", "a;b=c&d", "it's", "t~!()*\"", "日本", "a:b", "[x]",
    "{c}^`|", "dot.", "%41", "...", "-", "a,b", "$HOME", "<b>", "@",
]  # fmt: skip
HOSTILE = [
    "../x", "a/../../x", "%2E%2E/x", "%252E%252E%252Fx", "..%2fx", "..%5cx", "..\\x", "a\\..\\x",
    "/etc/passwd", "C:\\x", "C:x", "file://x", "s3://bucket/x", "x\x00y", "x\ny", "%2%0952e/x",
]  # fmt: skip
BIG_BYTES = 24 << 20


def put_at(url: str, body: bytes, headers: dict[str, str] | None = None) -> str:
    """Send bytes to a signed address; give the ETag that the store answers with."""
    sent = {"Content-Type": "application/octet-stream"} | (headers or {})
    request = urllib.request.Request(url, body, sent, method="PUT")
    with urllib.request.urlopen(request, timeout=60) as answer:
        return answer.headers.get("ETag", "")


class StoreCase:
    """What every store must do; each subclass says where the artifacts are."""

    store: ClassVar[ObjectStoreServer | None] = None

    @classmethod
    def make_store(cls, folder: Path) -> ObjectStoreServer | None:
        return None

    @classmethod
    def setUpClass(cls) -> None:
        cls.folder = Path(cls.enterClassContext(tempfile.TemporaryDirectory()))
        cls.store = cls.make_store(cls.folder)
        if cls.store:
            cls.enterClassContext(cls.store)
        server = LiveServer(find_slipway(None), cls.folder, cls.flags("main"))
        cls.address = cls.enterClassContext(server).address

    @classmethod
    def flags(cls, prefix: str) -> list[str]:
        return ["--artifacts", cls.store.artifacts(prefix)] if cls.store else []

    def call(
        self, method: str, path: str, body: bytes | None = None, **headers: str
    ) -> tuple[int, bytes, dict[str, str]]:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        request = urllib.request.Request(self.address + path, body, sent, method=method)
        try:
            with urllib.request.urlopen(request, timeout=120) as answer:
                return answer.status, answer.read(), dict(answer.headers)
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read(), dict(error.headers)

    def at(self, name: str) -> str:
        return f"{PROXY}/{urllib.parse.quote(name, safe='/')}"

    def put(self, name: str, body: bytes) -> int:
        return self.call("PUT", self.at(name), body)[0]

    def names(self, folder: str) -> list[str]:
        status, body, _ = self.call("GET", f"{PROXY}?path={urllib.parse.quote(folder, safe='')}")
        self.assertEqual(status, 200, body)
        return [f["path"] for f in json.loads(body).get("files", [])]

    def post(self, path: str, body: dict) -> tuple[int, dict]:
        status, text, _ = self.call(
            "POST", path, json.dumps(body).encode(), Content_Type="application/json"
        )
        return status, json.loads(text)

    def test_odd_names_come_back(self) -> None:
        for name in ODD_NAMES:
            self.assertEqual(self.put(f"odd/{name}", name.encode()), 200, name)
            self.assertEqual(self.call("GET", self.at(f"odd/{name}"))[1], name.encode(), name)
        self.assertEqual(self.names("odd"), sorted(ODD_NAMES, key=str.encode))
        for name in ODD_NAMES:
            self.assertEqual(self.call("DELETE", self.at(f"odd/{name}"))[0], 200, name)
        self.assertEqual(self.names("odd"), [])

    def test_folders(self) -> None:
        for name in ("tree/a.txt", "tree/b/c.txt", "tree/b/d/e.txt", "tree2/x"):
            self.assertEqual(self.put(name, b"x"), 200)
        self.assertEqual(self.names("tree"), ["a.txt", "b"])
        self.assertEqual(self.names("tree/b"), ["c.txt", "d"])
        self.assertEqual(self.names("tree/a.txt"), [])
        self.assertEqual(self.call("GET", self.at("tree/b"))[0], 404)
        self.assertEqual(self.call("DELETE", self.at("tree/b"))[0], 200)
        self.assertEqual(self.names("tree"), ["a.txt"])
        self.assertEqual(self.call("DELETE", self.at("tree"))[0], 200)
        self.assertEqual(self.call("DELETE", self.at("tree"))[0], 200)
        self.assertEqual(self.names("tree"), [])
        self.assertEqual(self.names("tree2"), ["x"])

    def test_ranges_and_validators(self) -> None:
        self.put("r/x.bin", b"0123456789")
        status, body, headers = self.call("GET", self.at("r/x.bin"))
        self.assertEqual((status, body), (200, b"0123456789"))
        etag = headers["ETag"]
        self.assertEqual(self.call("GET", self.at("r/x.bin"), If_None_Match=etag)[0], 304)
        status, body, headers = self.call("GET", self.at("r/x.bin"), Range="bytes=2-4")
        self.assertEqual((status, body), (206, b"234"))
        self.assertEqual(headers["Content-Range"], "bytes 2-4/10")
        self.assertEqual(self.call("GET", self.at("r/x.bin"), Range="bytes=-3")[1], b"789")
        self.assertEqual(self.call("GET", self.at("r/x.bin"), Range="bytes=10-")[0], 416)
        self.assertEqual(self.call("HEAD", self.at("r/x.bin"))[2]["Content-Length"], "10")
        self.put("r/x.bin", b"9876543210")
        status, _, headers = self.call("GET", self.at("r/x.bin"), If_None_Match=etag)
        self.assertEqual(status, 200)
        self.assertNotEqual(headers["ETag"], etag)
        self.put("r/empty", b"")
        status, body, headers = self.call("GET", self.at("r/empty"))
        self.assertEqual((status, body, headers["Content-Length"]), (200, b"", "0"))

    def test_hostile_paths_are_refused(self) -> None:
        self.put("safe/x", b"x")
        before = self.names("")
        for text in HOSTILE:
            for path in (f"{PROXY}/{urllib.parse.quote(text, safe='')}", f"{PROXY}/{text}"):
                if any(c <= " " for c in path):
                    continue
                for method in ("PUT", "GET", "DELETE"):
                    status, body, _ = self.call(method, path, b"evil" if method == "PUT" else None)
                    self.assertIn(status, (400, 404), f"{method} {path}: {body!r}")
            for route in ("mpu/create", "mpu/complete", "mpu/abort"):
                name = urllib.parse.quote(text, safe="")
                status, answer = self.post(
                    f"/api/2.0/mlflow-artifacts/{route}/{name}",
                    {"path": "x", "num_parts": 1, "upload_id": "u", "parts": [{"part_number": 1}]},
                )
                self.assertIn(status, (400, 404, 501), f"{route} {text}: {answer}")
            status = self.call("GET", f"{PROXY}?path={urllib.parse.quote(text, safe='')}")[0]
            self.assertEqual(status, 400, text)
        self.assertEqual(self.names(""), before)

    def test_a_name_cannot_change_the_headers(self) -> None:
        for name in ('a"; filename=evil.html', "x.html", "x.svg", "a%0d%0aSet-Cookie: b=c"):
            if self.put(f"h/{name}", b"<script>") != 200:
                continue  # refused is as good
            _, _, headers = self.call("GET", self.at(f"h/{name}"))
            self.assertTrue(headers["Content-Disposition"].startswith("attachment"))
            self.assertNotIn('"; filename=evil', headers["Content-Disposition"])
            self.assertEqual(headers["X-Content-Type-Options"], "nosniff")
            self.assertIn("sandbox", headers["Content-Security-Policy"])
            self.assertNotIn("Set-Cookie", headers)
        self.call("PUT", self.at("h/t.txt"), b"<html>", Content_Type="text/html")
        self.assertEqual(self.call("GET", self.at("h/t.txt"))[2]["Content-Type"], "text/plain")

    def test_an_upload_shows_whole_or_not_at_all(self) -> None:
        old, new = b"o" * 1000, os.urandom(BIG_BYTES)
        self.put("whole/x", old)
        seen: set[int] = set()
        broken: list[str] = []
        done = threading.Event()

        def watch() -> None:
            while not done.is_set():
                try:
                    seen.add(len(self.call("GET", self.at("whole/x"))[1]))
                except http.client.IncompleteRead:
                    broken.append("replaced while it was read: the client is told by the length")

        watcher = threading.Thread(target=watch)
        watcher.start()
        try:
            self.assertEqual(self.put("whole/x", new), 200)
        finally:
            done.set()
            watcher.join()
        self.assertLessEqual(seen, {len(old), len(new)})
        self.assertEqual(self.call("GET", self.at("whole/x"))[1], new)

    def test_a_server_killed_in_an_upload_leaves_nothing(self) -> None:
        folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        command = [str(find_slipway(None)), "server", "--port", "0", *self.flags("killed")]
        command += ["--data-dir", str(folder / "d")]
        with (folder / "err").open("w") as errors:
            process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True)
        try:
            address = process.stdout.readline().removeprefix("Listening on ").strip()
            url = f"{address}{PROXY}/k/x"
            body = os.urandom(BIG_BYTES)

            def upload() -> None:
                request = urllib.request.Request(url, body, method="PUT")
                try:
                    urllib.request.urlopen(request, timeout=60).close()
                except OSError:
                    pass

            uploader = threading.Thread(target=upload)
            uploader.start()
            time.sleep(0.15)
        finally:
            process.kill()
            process.wait()
            process.stdout.close()
        uploader.join()
        with LiveServer(find_slipway(None), folder, self.flags("killed")) as server:
            listing = urllib.request.urlopen(f"{server.address}{PROXY}?path=k", timeout=60)
            with listing:
                files = json.load(listing).get("files", [])
        self.assertIn([f["file_size"] for f in files], ([], [BIG_BYTES]))


class ObjectCase(StoreCase):
    """What the stores add that clients can reach themselves."""

    def test_server_info_says_what_is_there(self) -> None:
        info = json.loads(self.call("GET", "/api/3.0/mlflow/server-info")[1])
        self.assertTrue(info["multipart_uploads_enabled"])
        self.assertTrue(info["multipart_downloads_enabled"])

    def test_upload_in_parts(self) -> None:
        parts = [os.urandom(5 << 20), b"the end"]
        for folder, name in (("mpu/d", "x.bin"), ("mpu", "a b+é%.bin")):
            route = f"/api/2.0/mlflow-artifacts/mpu/{{}}/{folder}"
            own = f"/home/someone/{name}"
            status, made = self.post(route.format("create"), {"path": own, "num_parts": 2})
            self.assertEqual(status, 200, made)
            sent = []
            for credential, part in zip(made["credentials"], parts, strict=True):
                etag = put_at(credential["url"], part)
                sent.append({"part_number": credential["part_number"], "etag": etag})
            self.assertNotIn(name, self.names(folder))
            body = {"path": own, "upload_id": made["upload_id"], "parts": sent}
            self.assertEqual(self.post(route.format("complete"), body), (200, {}))
            got = self.call("GET", self.at(f"{folder}/{name}"))
            self.assertEqual(got[1], b"".join(parts))

    def test_an_aborted_upload_leaves_nothing(self) -> None:
        route = "/api/2.0/mlflow-artifacts/mpu/{}/aborted"
        status, made = self.post(route.format("create"), {"path": "x", "num_parts": 1})
        self.assertEqual(status, 200, made)
        put_at(made["credentials"][0]["url"], b"part")
        body = {"path": "x", "upload_id": made["upload_id"]}
        self.assertEqual(self.post(route.format("abort"), body), (200, {}))
        self.assertEqual(self.names("aborted"), [])
        self.assertEqual(self.post(route.format("create"), {"path": "x", "num_parts": 0})[0], 400)
        upwards = {"path": "a/..", "num_parts": 1}
        self.assertEqual(self.post(route.format("create"), upwards)[0], 400)
        unknown = {"path": "x", "upload_id": "nosuch", "parts": [{"part_number": 1, "etag": "e"}]}
        status = self.post(route.format("complete"), unknown)[0]
        # moto itself fails on an upload that it does not know
        self.assertEqual(status, 500 if isinstance(self.store, Moto) else 404)

    def test_signed_downloads(self) -> None:
        for name in ("s/x.txt", "s/a b+é%#?.html"):
            self.put(name, b"signed")
            path = f"/api/2.0/mlflow-artifacts/presigned/{urllib.parse.quote(name)}"
            status, body, _ = self.call("GET", path)
            self.assertEqual(status, 200, body)
            answer = json.loads(body)
            self.assertEqual(answer["file_size"], 6)
            with urllib.request.urlopen(answer["url"], timeout=60) as got:
                self.assertEqual(got.read(), b"signed")
                self.assertTrue(got.headers["Content-Disposition"].startswith("attachment"))
        missing = self.call("GET", "/api/2.0/mlflow-artifacts/presigned/s/none")
        self.assertEqual(missing[0], 404, missing[1])

    def test_addresses_of_runs_and_models(self) -> None:
        _, run = self.post("/api/2.0/mlflow/runs/create", {"experiment_id": "0"})
        run_id = run["run"]["info"]["run_id"]
        _, model = self.post("/api/2.0/mlflow/logged-models", {"experiment_id": "0", "name": "m"})
        model_id = model["model"]["info"]["model_id"]
        up, down = (f"/api/2.0/mlflow/artifacts/presigned-{w}-url" for w in ("upload", "download"))
        for of in ({"run_id": run_id}, {"model_id": model_id}):
            status, answer = self.post(up, {**of, "path": "d/x.txt"})
            self.assertEqual(status, 200, answer)
            put_at(answer["presigned_url"], b"direct", answer["headers"])
            status, answer = self.post(down, {**of, "path": "d/x.txt"})
            self.assertEqual(status, 200, answer)
            with urllib.request.urlopen(answer["presigned_url"], timeout=60) as got:
                self.assertEqual(got.read(), b"direct")
        self.assertEqual(self.post(up, {"path": "x"})[0], 400)
        self.assertEqual(self.post(up, {"run_id": run_id, "path": "../x"})[0], 400)
        self.assertEqual(self.post(up, {"run_id": run_id, "path": "x", "expiration": 0})[0], 400)

    def test_mlflow_goes_to_the_store_itself(self) -> None:
        code = """if True:
            import os, sys, mlflow
            from pathlib import Path
            big = Path("big.bin")
            big.write_bytes(os.urandom(12 << 20))
            with mlflow.start_run() as run:
                mlflow.log_artifact(str(big), "d")
                mlflow.log_text("small", "small.txt")
            uri = f"runs:/{run.info.run_id}/d/big.bin"
            got = Path(mlflow.artifacts.download_artifacts(uri, dst_path="got"))
            assert got.read_bytes() == big.read_bytes()
            assert mlflow.artifacts.load_text(f"runs:/{run.info.run_id}/small.txt") == "small"
        """
        folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        for forced in ({}, {"MLFLOW_ENABLE_PROXY_MULTIPART_UPLOAD": "true"}):
            environment = os.environ | forced | {
                "MLFLOW_TRACKING_URI": self.address,
                "MLFLOW_MULTIPART_UPLOAD_MINIMUM_FILE_SIZE": str(6 << 20),
                "MLFLOW_MULTIPART_UPLOAD_CHUNK_SIZE": str(5 << 20),
            }
            ran = subprocess.run(
                [sys.executable, "-c", code], env=environment, cwd=folder, capture_output=True,
                text=True, timeout=300, check=False,
            )  # fmt: skip
            self.assertEqual(ran.returncode, 0, ran.stderr)
        log = (self.folder / "store.log").read_text(errors="replace")
        if isinstance(self.store, Moto):  # it logs every request
            self.assertRegex(log, r"PUT /bucket/main/\S+big\.bin\?\S*partNumber=3")
            self.assertRegex(log, r"GET /bucket/main/\S+big\.bin\?\S*X-Amz-Signature=")

    def test_direct_ways_can_be_turned_off(self) -> None:
        folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        flags = ["--artifacts", self.store.artifacts("off") + "&direct=off"]
        with LiveServer(find_slipway(None), folder, flags) as server:
            url = f"{server.address}/api/3.0/mlflow/server-info"
            with urllib.request.urlopen(url, timeout=60) as answer:
                self.assertFalse(json.load(answer)["multipart_uploads_enabled"])

    def failed_start(self, artifacts: str, **environment: str) -> str:
        folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        command = [str(find_slipway(None)), "server", "--port", "0", "--data-dir", str(folder)]
        ran = subprocess.run(
            [*command, "--artifacts", artifacts], capture_output=True, text=True, timeout=60,
            check=False, env=os.environ | environment,
        )  # fmt: skip
        self.assertNotEqual(ran.returncode, 0)
        return ran.stderr

    def test_a_missing_bucket_is_named_at_the_start(self) -> None:
        artifacts = self.store.artifacts("x").replace("/bucket/", "/nosuch/")
        self.assertRegex(self.failed_start(artifacts), "there is no .*nosuch")

    def test_a_store_that_dies_gives_a_clear_error_and_comes_back(self) -> None:
        folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        with type(self.store)(folder) as store:
            flags = ["--artifacts", store.artifacts("dies")]
            with LiveServer(find_slipway(None), folder, flags) as server:
                old, self.address = self.address, server.address
                try:
                    self.assertEqual(self.put("x", b"before"), 200)
                    killer = threading.Timer(0.3, store.kill)
                    killer.start()
                    statuses = [self.put(f"y{i}", os.urandom(BIG_BYTES)) for i in range(3)]
                    killer.join()
                    self.assertIn(statuses[-1], (500, 503))
                    status, body, _ = self.call("GET", self.at("x"))
                    self.assertEqual(status, 503, body)
                    self.assertIn(b"does not answer", body)
                    store.start()
                    self.assertEqual(self.put("z", b"after"), 200)
                    self.assertEqual(self.call("GET", self.at("z"))[1], b"after")
                    for name in self.names(""):
                        if name.startswith("y"):
                            got = self.call("GET", self.at(name))[1]
                            self.assertEqual(len(got), BIG_BYTES)
                finally:
                    self.address = old


class LocalTest(StoreCase, unittest.TestCase):
    def test_there_are_no_direct_ways(self) -> None:
        status, answer = self.post("/api/2.0/mlflow-artifacts/mpu/create/a", {"path": "x"})
        self.assertEqual((status, answer["error_code"]), (501, "NOT_IMPLEMENTED"))

    def test_a_folder_of_ones_own(self) -> None:
        folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        with LiveServer(find_slipway(None), folder, ["--artifacts", str(folder / "own")]) as server:
            old, self.address = self.address, server.address
            self.assertEqual(self.put("a/b", b"x"), 200)
            self.address = old
        self.assertEqual((folder / "own/a/b").read_bytes(), b"x")


class S3Test(ObjectCase, unittest.TestCase):
    @classmethod
    def make_store(cls, folder: Path) -> ObjectStoreServer:
        return Moto(folder)

    def test_signatures_are_those_of_botocore(self) -> None:
        """moto takes any signature; botocore makes the one that Amazon would."""
        from datetime import datetime
        from unittest import mock

        import botocore.auth
        from botocore.awsrequest import AWSRequest
        from botocore.credentials import Credentials

        for name in ("sig/x.txt", "sig/a b+é%#?&=.bin", "sig/~!()*'"):
            self.put(name, b"x")
            path = f"/api/2.0/mlflow-artifacts/presigned/{urllib.parse.quote(name)}"
            url = json.loads(self.call("GET", path)[1])["url"]
            parts = urllib.parse.urlsplit(url)
            query = dict(urllib.parse.parse_qsl(parts.query))
            made = datetime.strptime(query["X-Amz-Date"], "%Y%m%dT%H%M%SZ")
            unsigned = {k: v for k, v in query.items() if not k.startswith("X-Amz-")}
            request = AWSRequest(
                "GET",
                f"{parts.scheme}://{parts.netloc}{parts.path}?"
                + urllib.parse.urlencode(unsigned, quote_via=urllib.parse.quote),
            )
            signer = botocore.auth.S3SigV4QueryAuth(
                Credentials("testing", "testingsecret"),
                "s3",
                "us-east-1",
                expires=int(query["X-Amz-Expires"]),
            )
            with mock.patch.object(botocore.auth, "get_current_datetime", lambda: made):
                signer.add_auth(request)
            theirs = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(request.url).query))
            self.assertEqual(query["X-Amz-Signature"], theirs["X-Amz-Signature"], url)

    def test_no_upload_in_parts_is_left_over(self) -> None:
        self.put("left/x", os.urandom(BIG_BYTES))
        found = self.store.client().list_multipart_uploads(Bucket="bucket").get("Uploads", [])
        self.assertEqual([u["Key"] for u in found if "/left/" in u["Key"]], [])


class AzureTest(ObjectCase, unittest.TestCase):
    @classmethod
    def make_store(cls, folder: Path) -> ObjectStoreServer:
        return Azurite(folder)

    def test_a_wrong_key_is_said_at_the_start(self) -> None:
        wrong = {"AZURE_STORAGE_ACCESS_KEY": "d3Jvbmcga2V5"}
        said = self.failed_start(self.store.artifacts("x"), **wrong)
        self.assertRegex(said, "refuses this server's credentials")


if __name__ == "__main__":
    unittest.main()
