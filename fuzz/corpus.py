"""Gather what a fuzz target begins with, from the goldens, and run the target over it.

python3 fuzz/corpus.py search FOLDER               gather into a folder
python3 fuzz/corpus.py search FOLDER -- PROGRAM    and run `PROGRAM FILES…`
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from urllib.parse import unquote_plus

REPO = Path(__file__).resolve().parent.parent
FILTER = re.compile(r'"filter": ?"((?:[^"\\]|\\.)*)"|filter=([^&\s]+)')
SKLEARN_CASES = ("pipeline", "onehot", "ordinal", "imputer", "linear_three", "scaler_Min")
ORDER = re.compile(r'"order_by": ?\[([^\]]*)\]')


def search_texts() -> set[bytes]:
    """Give every filter and ordering of the .rest files."""
    found: set[str] = set()
    for path in sorted((REPO / "tests/rest").rglob("*.rest*")):
        text = path.read_text()
        for body, query in FILTER.findall(text):
            found.add(body.replace('\\"', '"') if body else unquote_plus(query))
        for orderings in ORDER.findall(text):
            found.update(re.findall(r'"((?:[^"\\]|\\.)*)"', orderings))
    return {text.encode() for text in found}


def sklearn_models(folder: Path) -> None:
    """Make small models of every format with the library itself."""
    made = folder.with_suffix(".cases")
    shutil.rmtree(made, ignore_errors=True)
    made.mkdir(parents=True)
    maker = [sys.executable, REPO / "tests/sklearn/make.py", made, *SKLEARN_CASES]
    subprocess.run(maker, check=True)
    files = (path for path in made.iterdir() if ".rows" not in path.suffix)
    for path in files:
        if not path.name.startswith("cases") and "refused" not in path.suffix:
            shutil.copy(path, folder / path.name)


def spark_models(folder: Path) -> None:
    """Put each golden, and each of its stages by itself, into one file: path, size, bytes."""
    for golden in sorted((REPO / "tests/golden/models/spark").glob("*/sparkml")):
        for i, top in enumerate([golden, *sorted(golden.glob("stages/*"))]):
            files = sorted(path for path in top.rglob("*") if path.is_file())
            parts = [
                f"{path.relative_to(top)}\n{path.stat().st_size}\n".encode() + path.read_bytes()
                for path in files
            ]
            (folder / f"{golden.parent.name}{i:02}").write_bytes(b"".join(parts))


def request_bodies(folder: Path) -> None:
    """Write one body of each kind; the byte before it says which (see request_body_fuzz.cc)."""
    import pyarrow
    from pyarrow import ipc, parquet

    frame = {"month": [1, 2], "temp": [30.5, None], "origin": ["JFK", ""]}
    table = pyarrow.table(frame | {"ids": [[1, 2, 3], [4, 5, 6]]})
    sinks = [pyarrow.BufferOutputStream() for _ in range(3)]
    parquet.write_table(table, sinks[0])
    for sink, new in zip(sinks[1:], (ipc.new_stream, ipc.new_file), strict=True):
        with new(sink, table.schema) as writer:
            writer.write_table(table)
    tensor = {"name": "ids", "shape": [1, 3], "datatype": "INT64"}
    columns = [
        {"name": name, "shape": [1], "datatype": kind, "parameters": {"binary_data_size": size}}
        for name, kind, size in (("month", "INT8", 1), ("temp", "FP16", 2), ("origin", "BYTES", 5))
    ]
    row = {"month": 1, "temp": None, "origin": "JFK", "when": "2013-01-31T05:00", "image": "AAE="}
    split = {"columns": list(row), "data": [list(row.values())]}
    tensors = {"ids": [[1, 2, 3]], "mask": [True]}
    bodies: list[tuple[int, int, bytes]] = [
        (0, 0, json.dumps({"dataframe_split": split, "params": {"t": 1}}).encode()),
        (0, 0, json.dumps({"dataframe_records": [row]}).encode()),
        (0, 1, b'{"instances": [[[1, 2], [3, 4.5]]]}'),
        (0, 2, json.dumps({"inputs": tensors}).encode()),
        (0, 3, b'{"inputs": {"a": [1, "x"], "b": [[true], [false]]}}'),
        (1, 0, b'month,temp,origin\n1,2.5,"a""b"\n'),
        (2, 0, sinks[0].getvalue().to_pybytes()),
        (3, 2, sinks[1].getvalue().to_pybytes()),
        (4, 3, sinks[2].getvalue().to_pybytes()),
        (5, 2, json.dumps({"inputs": [tensor | {"data": [1, 2, 3]}]}).encode()),
        (5, 0, json.dumps({"inputs": columns}).encode() + b"\1\0\x3e\1\0\0\0a"),
    ]
    for i, (kind, signature, body) in enumerate(bodies):
        (folder / f"body{i:02}").write_bytes(bytes([kind * 4 + signature]) + body)


def onnx_models(folder: Path) -> None:
    """Make graphs with the converters."""
    sys.path.insert(0, str(REPO / "tests/clients"))
    import onnx_cases

    for case in onnx_cases.all_cases():
        bytes_ = case.graph.SerializeToString()
        if len(bytes_) < 20_000:
            (folder / case.name).write_bytes(bytes_)


def gather(target: str, folder: Path) -> list[Path]:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    if target == "search":
        for i, text in enumerate(sorted(search_texts())):
            (folder / f"text{i:03}").write_bytes(text)
    elif target == "sklearn_model":
        sklearn_models(folder)
    elif target == "spark_model":
        spark_models(folder)
    elif target == "request_body":
        request_bodies(folder)
    elif target == "onnx_model":
        onnx_models(folder)
    else:
        library = target.removesuffix("_model")
        models = sorted((REPO / "tests/golden/models").glob(f"{library}/*/model.*"))
        for i, path in enumerate(models):
            shutil.copy(path, folder / f"model{i:03}")
    return sorted(folder.iterdir())


def main() -> int:
    target, folder = sys.argv[1], Path(sys.argv[2])
    files = gather(target, folder)
    if len(files) < 5:
        raise SystemExit(f"only {len(files)} files for {target}: the goldens have moved?")
    if "--" not in sys.argv:
        return 0
    command = sys.argv[sys.argv.index("--") + 1 :]
    return subprocess.run([*command, *files], check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
