"""`slipway serve` on a model folder: MLflow's scoring routes, statuses, and limits."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import tempfile
import unittest
import urllib.error
import urllib.request
from pathlib import Path

import numpy
import pandas
import pyarrow
import pyarrow.ipc
import tritonclient.http
from tritonclient.utils import InferenceServerException

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from live_server import find_slipway  # noqa: E402


class ServeTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.folder = tempfile.TemporaryDirectory(prefix="slipway-serve-")
        folder = Path(cls.folder.name)
        slipway = find_slipway(None)
        rows = "".join(f"{i % 37}.5,c{i % 5},{int(i % 37 > 18)}\n" for i in range(400))
        (folder / "train.csv").write_text("x,color,y\n" + rows)
        command = "train --data train.csv --label y --param n_estimators=8 --out model"
        subprocess.run([slipway, *command.split()], cwd=folder, check=True, capture_output=True)
        cls.process = subprocess.Popen(
            [slipway, "serve", "-m", "model", "-p", "0", "--no-python"],
            cwd=folder,
            stdout=subprocess.PIPE,
            text=True,
        )
        cls.address = cls.process.stdout.readline().split()[-1]

    @classmethod
    def tearDownClass(cls) -> None:
        cls.process.terminate()
        code = cls.process.wait(30)
        cls.process.stdout.close()
        cls.folder.cleanup()
        assert code == 0, f"exit code {code} after SIGTERM"

    def call(self, path: str, body: bytes | None = None, kind: str = "application/json"):
        request = urllib.request.Request(self.address + path, body, {"Content-Type": kind})
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()

    def scores(self, body: str | bytes, kind: str = "application/json") -> list[float]:
        sent = body.encode() if isinstance(body, str) else body
        status, text = self.call("/invocations", sent, kind)
        self.assertEqual(status, 200, text)
        return [p["score"] for p in json.loads(text)["predictions"]]

    def test_every_body_gives_the_same_scores(self) -> None:
        data = '[[1.5, "c1"], [30.5, null]]'
        first = self.scores('{"dataframe_split": {"columns": ["x", "color"], "data": %s}}' % data)
        records = '[{"x": 1.5, "color": "c1"}, {"x": 30.5, "color": null}]'
        columns = '{"x": [1.5, 30.5], "color": ["c1", null]}'
        self.assertLess(first[0], 0.5)
        self.assertGreater(first[1], 0.5)
        for body, kind in [
            ('{"dataframe_records": %s}' % records, "application/json"),
            ('{"instances": %s}' % records, "application/json"),
            ('{"inputs": %s}' % columns, "application/json; charset=utf-8"),
            ("color,x\nc1,1.5\n,30.5\n", "text/csv"),
        ]:
            self.assertEqual(self.scores(body, kind), first)

    def test_arrow_and_parquet_bodies(self) -> None:
        frame = pandas.DataFrame({"color": ["c1", None], "x": [1.5, 30.5], "more": [1, 2]})
        split = json.loads(frame.to_json(orient="split"))
        expected = self.scores(json.dumps({"dataframe_split": split}))
        table = pyarrow.Table.from_pandas(frame.set_index("more"))
        stream = io.BytesIO()
        with pyarrow.ipc.new_stream(stream, table.schema) as writer:
            writer.write_table(table)
        file = io.BytesIO()
        packed = pyarrow.ipc.IpcWriteOptions(compression="zstd")
        dictionary = table.set_column(0, "color", table["color"].dictionary_encode())
        with pyarrow.ipc.new_file(file, dictionary.schema, options=packed) as writer:
            writer.write_table(dictionary)
        for kind, body in [
            ("vnd.apache.arrow.stream", stream.getvalue()),
            ("vnd.apache.arrow.file", file.getvalue()),
            ("vnd.apache.parquet", frame.to_parquet()),
        ]:
            self.assertEqual(self.scores(body, f"application/{kind}"), expected)
            status, text = self.call("/invocations", body[: len(body) // 2], f"application/{kind}")
            self.assertEqual(status, 400, text)
        status, text = self.call(
            "/invocations", frame[["x"]].to_parquet(), "application/vnd.apache.parquet"
        )
        self.assertEqual(status, 400)
        self.assertIn("Model is missing inputs ['color']", text)

    def test_open_inference_with_tritons_client(self) -> None:
        client = tritonclient.http.InferenceServerClient(self.address.removeprefix("http://"))
        self.addCleanup(client.close)
        self.assertTrue(client.is_server_live() and client.is_server_ready())
        self.assertTrue(client.is_model_ready("model"))
        described = client.get_model_metadata("model")
        self.assertEqual(
            [(i["name"], i["datatype"]) for i in described["inputs"]],
            [("x", "FP64"), ("color", "BYTES")],
        )
        number = tritonclient.http.InferInput("x", [2, 1], "FP64")
        number.set_data_from_numpy(numpy.array([[1.5], [30.5]]), binary_data=False)
        color = tritonclient.http.InferInput("color", [2], "BYTES")
        color.set_data_from_numpy(numpy.array([b"c1", b"c4"], dtype=object), binary_data=False)
        wanted = tritonclient.http.InferRequestedOutput("score", binary_data=False)
        answer = client.infer("model", [number, color], outputs=[wanted], request_id="r1")
        body = '{"inputs": {"x": [1.5, 30.5], "color": ["c1", "c4"]}}'
        self.assertEqual(answer.as_numpy("score").tolist(), self.scores(body))
        self.assertEqual(answer.get_response()["id"], "r1")
        for as_bytes in (True, False):
            inputs = [
                tritonclient.http.InferInput("x", [2], "FP64"),
                tritonclient.http.InferInput("color", [2], "BYTES"),
            ]
            inputs[0].set_data_from_numpy(numpy.array([1.5, 30.5]))
            inputs[1].set_data_from_numpy(numpy.array([b"c1", b"c4"], dtype=object))
            output = tritonclient.http.InferRequestedOutput("score", binary_data=as_bytes)
            answer = client.infer("model", inputs, outputs=[output])
            self.assertEqual(answer.as_numpy("score").tolist(), self.scores(body))
        answer = client.infer("model", inputs)  # the client's own defaults
        self.assertEqual(answer.as_numpy("score").tolist(), self.scores(body))
        with self.assertRaisesRegex(InferenceServerException, "'other'; there is 'model'"):
            client.infer("other", [number, color])
        wrong = tritonclient.http.InferInput("x", [1], "BYTES")
        wrong.set_data_from_numpy(numpy.array([b"warm"], dtype=object), binary_data=False)
        with self.assertRaisesRegex(InferenceServerException, "color"):
            client.infer("model", [wrong], outputs=[wanted])

    def test_health_and_version(self) -> None:
        for path in ("/ping", "/health"):
            self.assertEqual(self.call(path)[0], 200)
        self.assertEqual(self.call("/version"), (200, "3.17.2"))
        self.assertEqual(self.call("/other")[0], 404)

    def test_bad_requests(self) -> None:
        for body, kind, status, named in [
            (b"{", "application/json", 400, "JSON"),
            (b'{"instances": [{"x": "warm", "color": "c1"}]}', "application/json", 400, "'x'"),
            (b'{"instances": [{"color": "c1"}]}', "application/json", 400, "x"),
            (b"x", "image/png", 400, "image/png"),
            (b"x" * (17 << 20), "text/csv", 413, "16777216"),
        ]:
            got, text = self.call("/invocations", body, kind)
            self.assertEqual(got, status, text)
            self.assertIn(named, json.loads(text)["message"])
        self.assertEqual(self.call("/ping")[0], 200)


if __name__ == "__main__":
    unittest.main()
