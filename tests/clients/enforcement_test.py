"""What requests are taken, beside MLflow's own scoring server over the same model: the same bodies
are taken and refused with the same answers, but for the few that are named here."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
import tempfile
import unittest
import urllib.error
import urllib.request
from pathlib import Path

import mlflow
import pandas
from mlflow.models import ModelSignature
from mlflow.pyfunc.scoring_server import invocations
from mlflow.types import ColSpec, DataType, Schema
from sklearn.compose import ColumnTransformer
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import Pipeline

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from live_server import find_slipway  # noqa: E402

COLUMNS = {
    "l": DataType.long,
    "d": DataType.double,
    "i": DataType.integer,
    "f": DataType.float,
    "s": DataType.string,
    "b": DataType.boolean,
    "t": DataType.datetime,
    "x": DataType.binary,
}
ROW = {"l": 1, "d": 2.0}  # the others are optional

# values of one column, all else right
SAME: dict[str, list] = {
    "l": [1, 1.0, None, "1", True, 2**31, 2**53 + 1, "x", [1]],
    "d": [1, 1.5, None, "1.5", " 2 ", True, 1e300, "x", [1.0]],
    "i": [1, 1.0, None, "1", True, "x"],
    "f": [1, 1.5, None, 2**24 + 1, "1", True, "x"],
    "s": ["a", "", None],
    "b": [True, False, 1, 0, 1.0, None],
    "t": ["2020-01-01", "2020-01-01T05:06:07", "2020-01-01 05:06:07.123", "soon", None],
    "x": ["aGk="],
}
# what MLflow takes by losing something of it: cut to an integer, wrapped to 32 bits, a text that
# is true because it is not empty, a number where the model knows texts, nanoseconds since 1970
STRICTER: dict[str, list] = {
    "l": [1.5],
    "i": [1.5],
    "s": [1, 1.5, True, ["a"]],
    "b": ["true", "false", "x"],
    "t": [1577836800000],
    "x": ["***"],
}
# what MLflow refuses although it can be told what is meant
WIDER: dict[str, list] = {"t": ["2020-01-01T00:00:00Z", "2020-01-01T00:00:00+02:00"]}

SAME_BODIES: list = [
    {"dataframe_records": [{"l": 1}]},
    {"dataframe_records": [{"d": 1}]},
    {"dataframe_records": [ROW | {"z": 1}]},
    {"dataframe_records": []},
    {"dataframe_records": [ROW, {"l": 2}]},
    {"dataframe_records": [ROW, {"d": 2}]},
    {"dataframe_records": [ROW], "instances": [ROW]},
    {"dataframe_records": [ROW], "params": {"a": 1}},
    {"dataframe_records": [ROW], "extra": 1},
    {"dataframe_split": {"columns": ["l", "d"], "data": []}},
    {"dataframe_split": {"index": [5], "columns": ["d", "l"], "data": [[1, 2]]}},
    {"instances": [ROW, {"l": 2}]},
    {"inputs": {"l": [1, 2], "d": [1.0]}},
    {"inputs": ROW},
    {"inputs": [ROW]},
    {"other": 1},
    [],
]
SAME_TABLES = [
    "l,d\n1,2.5\n",
    "d,l\n2.5,1\n",
    "l,d\n1,\n",
    "l,d\n,2\n",
    "l,d\n1.5,2\n",
    "l,d\n1, 2.5\n",
    "l,d\r\n1,2.5\r\n",
    '"l","d"\n1,2\n',
    "l\n1\n",
    "l,d\nx,1\n",
    "",
    "l,d\n",
    'l,d,s\n1,2,"a\nb"\n',
    "l,d,s\n1,2,007\n",
    "l,d,b\n1,2,True\n",
    "l,d,i\n1,2,3\n",
    "l,d,x\n1,2,aGk=\n",
]


def save_model(folder: Path) -> None:
    frame = pandas.DataFrame({"l": [1, 2, 3], "d": [1.5, 2.5, 3.0], "unused": ["a", "b", "c"]})
    chosen = ColumnTransformer([("chosen", "passthrough", ["l", "d"])], remainder="drop")
    model = Pipeline([("columns", chosen), ("line", LinearRegression())])
    columns = [ColSpec(kind, name, required=name in ROW) for name, kind in COLUMNS.items()]
    mlflow.sklearn.save_model(
        model.fit(frame, [1.0, 2.0, 4.0]), folder, signature=ModelSignature(Schema(columns))
    )


class EnforcementTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        logging.disable(logging.CRITICAL)
        cls.folder = tempfile.TemporaryDirectory(prefix="slipway-enforcement-")
        path = Path(cls.folder.name) / "model"
        save_model(path)
        cls.model = mlflow.pyfunc.load_model(str(path))
        cls.process = subprocess.Popen(
            [find_slipway(None), "serve", "-m", path, "-p", "0", "--no-python"],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        cls.address = cls.process.stdout.readline().split()[-1]

    @classmethod
    def tearDownClass(cls) -> None:
        cls.process.terminate()
        cls.process.wait(30)
        cls.process.stdout.close()
        cls.folder.cleanup()
        logging.disable(logging.NOTSET)

    def ours(self, body: str, kind: str) -> tuple[int, str]:
        headers = {"Content-Type": kind}
        request = urllib.request.Request(self.address + "/invocations", body.encode(), headers)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()

    def theirs(self, body: str, kind: str) -> tuple[int, str]:
        schema = self.model.metadata.get_input_schema()
        try:
            answer = invocations(body, kind, self.model, schema)
            return answer.status, answer.response
        except Exception as error:  # noqa: BLE001: its server makes a 400 of any
            return 400, str(error)

    def compare(self, body: str, kind: str, ours: int | None = None, theirs: int | None = None):
        mine, other = self.ours(body, kind), self.theirs(body, kind)
        self.assertEqual(mine[0], ours or other[0], f"{body}\nours {mine[1]}\nMLflow {other[1]}")
        self.assertEqual(other[0], theirs or other[0], f"{body}\nMLflow {other[1]}")
        if mine[0] == other[0] == 200:
            scores = [json.loads(answer[1])["predictions"] for answer in (mine, other)]
            for one, two in zip(*scores, strict=True):
                self.assertAlmostEqual(one, two, delta=1e-9 * max(1, abs(two)))

    def test_values(self) -> None:
        for values, ours, theirs in (
            (SAME, None, None),
            (STRICTER, 400, 200),
            (WIDER, 200, 400),
        ):
            rows = [ROW | {name: value} for name, some in values.items() for value in some]
            for row in rows:
                split = {"columns": list(row), "data": [list(row.values())] * 2}
                for body in ({"dataframe_records": [row]}, {"dataframe_split": split}):
                    with self.subTest(body=body):
                        self.compare(json.dumps(body), "application/json", ours, theirs)

    def test_bodies(self) -> None:
        for body in SAME_BODIES:
            with self.subTest(body=body):
                self.compare(json.dumps(body), "application/json")
        for body in SAME_TABLES:
            with self.subTest(body=body):
                self.compare(body, "text/csv")
        self.compare('{"instances": [[1, 2.0]]}', "application/json", 200, 400)  # by position


if __name__ == "__main__":
    unittest.main()
