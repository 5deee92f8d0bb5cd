"""The Open Inference Protocol over gRPC, by Triton's client: the same answers, rules and limits."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path
from typing import Any

import grpc
import numpy
import tritonclient.grpc
from tritonclient.grpc import service_pb2
from tritonclient.utils import InferenceServerException

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from live_server import LiveServer, find_slipway  # noqa: E402
from object_stores import free_port  # noqa: E402
from served_models import Client  # noqa: E402

MIXED_ROWS = "".join(f"{i % 37}.5,c{i % 5},{int(i % 37 > 18)}\n" for i in range(400))


class GrpcTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        folder = Path(cls.enterClassContext(tempfile.TemporaryDirectory(prefix="slipway-grpc-")))
        (folder / "train.csv").write_text("x,color,y\n" + MIXED_ROWS)
        command = "train --data train.csv --label y --param n_estimators=8 --out model"
        slipway = find_slipway(None)
        subprocess.run([slipway, *command.split()], cwd=folder, check=True, capture_output=True)
        cls.port = free_port()
        server = LiveServer(slipway, folder, ["--grpc-port", str(cls.port)])
        cls.server = cls.enterClassContext(server)
        cls.rest = cls.enterClassContext(contextlib.closing(Client(cls.server.address)))
        cls.rest.make_token()
        cls.rest.make_run()
        cls.rest.mlflow("registered-models/create", {"name": "constant"})
        for answer in (1, 2):
            cls.rest.upload_constant(f"m{answer}", answer)
            cls.rest.register("constant", f"m{answer}")
        cls.rest.mlflow("registered-models/create", {"name": "mixed"})
        files = {
            str(file.relative_to(folder / "model")): file.read_bytes()
            for file in (folder / "model").rglob("*")
            if file.is_file()
        }
        cls.rest.upload("mixed", files)
        cls.rest.register("mixed", "mixed")
        for name in ("constant", "mixed"):
            cls.rest.mlflow("endpoints/enable", {"registered_model_name": name})

    def setUp(self) -> None:
        client = tritonclient.grpc.InferenceServerClient(f"127.0.0.1:{self.port}")
        self.client = self.enterContext(contextlib.closing(client))
        self.headers = {"authorization": f"Bearer {self.rest.token}"}

    def mixed_inputs(self) -> list[Any]:
        number = tritonclient.grpc.InferInput("x", [2, 1], "FP64")
        number.set_data_from_numpy(numpy.array([[1.5], [30.5]]))
        color = tritonclient.grpc.InferInput("color", [2], "BYTES")
        color.set_data_from_numpy(numpy.array([b"c1", b"c4"], dtype=object))
        return [number, color]

    def test_health_and_metadata(self) -> None:
        self.assertTrue(self.client.is_server_live())
        self.assertTrue(self.client.is_server_ready())
        self.assertEqual(self.client.get_server_metadata().name, "slipway")
        self.assertTrue(self.client.is_model_ready("mixed", headers=self.headers))
        self.assertFalse(self.client.is_model_ready("other", headers=self.headers))
        described = self.client.get_model_metadata("mixed", headers=self.headers)
        found = [(i.name, i.datatype) for i in described.inputs]
        self.assertEqual(found, [("x", "FP64"), ("color", "BYTES")])
        self.assertEqual([list(i.shape) for i in described.inputs], [[-1], [-1]])

    def test_answers_are_those_of_rest(self) -> None:
        answer = self.client.infer(
            "mixed", self.mixed_inputs(), request_id="r1", headers=self.headers
        )
        body = '{"inputs": {"x": [1.5, 30.5], "color": ["c1", "c4"]}}'
        status, told = self.rest.send("POST", "/model/mixed/1/invocations", body.encode())
        self.assertEqual(status, 200, told)
        scores = [p["score"] for p in told["predictions"]]
        self.assertEqual(answer.as_numpy("score").tolist(), scores)
        self.assertEqual(answer.get_response().id, "r1")
        self.assertEqual(answer.get_response().model_version, "1")

    def test_a_version_is_chosen(self) -> None:
        rows = tritonclient.grpc.InferInput("rows", [3, 2], "FP32")
        rows.set_data_from_numpy(numpy.ones((3, 2), "float32"))
        for version in ("1", "2"):
            answer = self.client.infer("constant", [rows], version, headers=self.headers)
            (output,) = answer.get_response().outputs
            found = answer.as_numpy(output.name).reshape(-1).tolist()
            self.assertEqual(found, [float(version)] * 3)

    def test_typed_contents(self) -> None:
        request = service_pb2.ModelInferRequest(model_name="mixed")
        number = request.inputs.add(name="x", datatype="FP64", shape=[2])
        number.contents.fp64_contents.extend([1.5, 30.5])
        color = request.inputs.add(name="color", datatype="BYTES", shape=[2])
        color.contents.bytes_contents.extend([b"c1", b"c4"])
        with grpc.insecure_channel(f"127.0.0.1:{self.port}") as channel:
            ask = channel.unary_unary(
                "/inference.GRPCInferenceService/ModelInfer",
                service_pb2.ModelInferRequest.SerializeToString,
                service_pb2.ModelInferResponse.FromString,
            )
            metadata = [("authorization", f"Bearer {self.rest.token}")]
            response = ask(request, metadata=metadata, timeout=30)
            raw = self.client.infer("mixed", self.mixed_inputs(), headers=self.headers)
            found = numpy.frombuffer(response.raw_output_contents[0], "float64").tolist()
            self.assertEqual(found, raw.as_numpy("score").tolist())
            number.datatype = "FP16"
            with self.assertRaises(grpc.RpcError) as refused:
                ask(request, metadata=metadata, timeout=30)
            self.assertEqual(refused.exception.code(), grpc.StatusCode.INVALID_ARGUMENT)

    def refused(self, name: str, inputs: list[Any], headers: dict[str, str]) -> tuple[str, str]:
        with self.assertRaises(InferenceServerException) as caught:
            self.client.infer(name, inputs, headers=headers)
        return caught.exception.status(), caught.exception.message()

    def test_refusals(self) -> None:
        inputs = self.mixed_inputs()
        status, _ = self.refused("mixed", inputs, {})
        self.assertEqual(status, "StatusCode.UNAUTHENTICATED")
        status, _ = self.refused("mixed", inputs, {"authorization": "Bearer dapi0"})
        self.assertEqual(status, "StatusCode.UNAUTHENTICATED")
        status, message = self.refused("other", inputs, self.headers)
        self.assertEqual(status, "StatusCode.NOT_FOUND")
        self.assertIn("'other'", message)
        status, message = self.refused("mixed", inputs[:1], self.headers)
        self.assertEqual(status, "StatusCode.INVALID_ARGUMENT")
        self.assertIn("color", message)
        large = tritonclient.grpc.InferInput("rows", [3_000_000, 2], "FP32")
        large.set_data_from_numpy(numpy.ones((3_000_000, 2), "float32"))
        status, _ = self.refused("constant", [large], self.headers)
        self.assertEqual(status, "StatusCode.RESOURCE_EXHAUSTED")
        self.assertTrue(self.client.is_server_live())

    def test_calls_are_counted_like_requests(self) -> None:
        def n_scored() -> int:
            path = "/api/2.0/mlflow/endpoints/get?registered_model_name=mixed"
            return self.rest.ask("GET", path)["endpoint"]["versions"][0]["n_scored"]

        before = n_scored()
        self.client.infer("mixed", self.mixed_inputs(), headers=self.headers)
        self.assertEqual(n_scored(), before + 1)


class WithoutGrpc(unittest.TestCase):
    def test_nothing_of_it_is_loaded(self) -> None:
        with (
            tempfile.TemporaryDirectory(prefix="slipway-grpc-") as folder,
            LiveServer(find_slipway(None), Path(folder), []) as server,
        ):
            maps = Path(f"/proc/{server.pid}/maps").read_text()
            self.assertNotIn("libgrpc", maps)
            self.assertNotIn("libprotobuf", maps)
            self.assertNotIn("slipway_grpc", maps)


if __name__ == "__main__":
    unittest.main()
