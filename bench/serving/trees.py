"""Tree models beside XGBoost, LightGBM, CatBoost, ONNX Runtime, treelite and lleaves, one thread.

python bench/serving/trees.py [--quick], with the packages of `tools/setup_clients peers`.

Every way scores the same rows in the same run; a time is the processor time of a call, the median
of many, so that what else the machine does counts little. Ours, XGBoost and LightGBM (one row: its
fast form) are called from C++ (trees_speed.cc), lleaves' compiled function by ctypes, the others by
their Python packages. Ratios are the best peer's time over ours.
"""

from __future__ import annotations

import argparse
import ctypes
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

os.environ["OMP_NUM_THREADS"] = "1"
import numpy as np  # noqa: E402

REPO = Path(__file__).resolve().parent.parent.parent
PROGRAM = REPO / "build/release/bench/serving/trees_speed"
SITE = next((REPO / ".deps/python/lib").glob("python3*")) / "site-packages"
LIBRARIES = {
    "xgboost": SITE / "xgboost/lib/libxgboost.so",
    "lightgbm": SITE / "lightgbm/lib/lib_lightgbm.so",
}
# CatBoost has an environment of its own
sys.path += [str(path) for path in (REPO / ".deps/catboost/lib").glob("python3*/site-packages")]
COUNTS = [1, 100, 100_000]
N_FEATURES = 30


def data(n_rows: int) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(0)
    x = random.normal(size=(n_rows, N_FEATURES)).astype("f4")
    noise = random.normal(size=n_rows) * 0.3
    y = x[:, 0] * x[:, 1] + x[:, 2] + np.sin(x[:, 3] * 2) + noise > 0
    return x, y.astype(int)


def train(folder: Path) -> dict[str, tuple[str, Path]]:
    """Make the models: by name, the library and the file."""
    import lightgbm
    import xgboost

    x, y = data(20_000)
    models = {}
    path = folder / "xgboost.ubj"
    params = {"objective": "binary:logistic", "max_depth": 6, "nthread": 2}
    xgboost.train(params, xgboost.DMatrix(x, y), 100).save_model(path)
    models["XGBoost, 100 trees of depth 6"] = ("xgboost", path)
    quiet = {"objective": "binary", "verbosity": -1, "num_threads": 2}
    for name, options in {
        "LightGBM, 100 trees of 31 leaves": {},
        "LightGBM, 100 trees of depth 6": {"num_leaves": 64, "max_depth": 6},
        "LightGBM, 100 trees of 255 leaves": {"num_leaves": 255},
    }.items():
        path = folder / f"lightgbm{len(models)}.txt"
        booster = lightgbm.train({**quiet, **options}, lightgbm.Dataset(x.astype("f8"), y), 100)
        booster.save_model(path)
        models[name] = ("lightgbm", path)
    return models


def median_ns(predict, rows: np.ndarray, n: int) -> float:
    """Give the processor time of predict(n rows): the median of passes over other rows."""
    starts = [i * n for i in range(min(len(rows) // n, 200))]
    parts = [np.ascontiguousarray(rows[s : s + n]) for s in starts]
    predict(parts[0])
    passes = []
    begin = time.monotonic()
    while len(passes) < 3 or (time.monotonic() - begin < 1 and len(passes) < 300):
        start = time.process_time_ns()
        for part in parts:
            predict(part)
        passes.append((time.process_time_ns() - start) / len(parts))
    return float(np.median(passes))


def onnx_runtime(kind: str, path: Path, folder: Path):
    import onnxmltools
    import onnxruntime
    from onnxmltools.convert.common.data_types import FloatTensorType

    inputs = [("x", FloatTensorType([None, N_FEATURES]))]
    if kind == "xgboost":
        import xgboost

        model = xgboost.XGBClassifier()
        model.load_model(path)
        graph = onnxmltools.convert_xgboost(model, initial_types=inputs)
    else:
        import lightgbm

        booster = lightgbm.Booster(model_file=path)
        graph = onnxmltools.convert_lightgbm(booster, initial_types=inputs, zipmap=False)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(
        graph.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    names = [session.get_outputs()[-1].name]
    name = session.get_inputs()[0].name
    return lambda rows: session.run(names, {name: rows}), "f4"


def treelite_gtil(kind: str, path: Path, folder: Path):
    import treelite

    if kind == "xgboost":
        model = treelite.frontend.load_xgboost_model(path, format_choice="ubjson")
        return lambda rows: treelite.gtil.predict(model, rows, nthread=1), "f4"
    model = treelite.frontend.load_lightgbm_model(path)
    return lambda rows: treelite.gtil.predict(model, rows, nthread=1), "f8"


def tl2cgen_compiled(kind: str, path: Path, folder: Path):
    import tl2cgen
    import treelite

    frontend = treelite.frontend
    model = (
        frontend.load_xgboost_model(path, format_choice="ubjson")
        if kind == "xgboost"
        else frontend.load_lightgbm_model(path)
    )
    library = folder / f"{path.stem}.so"
    tl2cgen.export_lib(model, toolchain="gcc", libpath=library, params={"parallel_comp": 4})
    predictor = tl2cgen.Predictor(library, nthread=1)
    form = "f4" if kind == "xgboost" else "f8"
    return lambda rows: predictor.predict(tl2cgen.DMatrix(rows)), form


def lleaves_compiled(kind: str, path: Path, folder: Path):
    if kind != "lightgbm":
        raise RuntimeError("LightGBM only")
    import lleaves

    model = lleaves.Model(model_file=path)
    model.compile()
    out = np.empty(max(COUNTS))
    to = out.ctypes.data_as(ctypes.POINTER(ctypes.c_double))

    def predict(rows: np.ndarray) -> None:
        model._c_entry_func(rows.ctypes.data_as(ctypes.POINTER(ctypes.c_double)), to, 0, len(rows))

    return predict, "f8"


PEERS = {
    "ONNX Runtime": onnx_runtime,
    "treelite": treelite_gtil,
    "treelite, compiled": tl2cgen_compiled,
    "lleaves": lleaves_compiled,
}


def measure(kind: str, path: Path, folder: Path) -> tuple[dict, dict[str, dict[int, float]]]:
    x, _ = data(max(COUNTS))
    rows_path = folder / "rows.bin"
    x.astype("f8").tofile(rows_path)
    command = [PROGRAM, kind, path, rows_path, str(N_FEATURES), LIBRARIES[kind]]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    said = json.loads(done.stdout)
    times = {way: {int(n): ns for n, ns in said[way].items()} for way in ("slipway", "library")}
    for name, make in PEERS.items():
        try:
            predict, form = make(kind, path, folder)
            rows = x.astype(form)
            times[name] = {n: median_ns(predict, rows, n) for n in COUNTS}
        except Exception as error:  # a peer that is not installed, or cannot read this model
            print(f"  {name}: not measured ({type(error).__name__}: {str(error)[:80]})")
    return said, times


def print_table(kind: str, n_trees: int, times: dict[str, dict[int, float]]) -> None:
    print(f"  {'':22}{'1 row, µs':>12}{'100 rows, µs':>14}{'100,000 rows, ns a row and tree':>34}")
    for name, ns in times.items():
        shown = {"slipway": "Slipway", "library": kind}.get(name, name)
        per_tree = ns[100_000] / 100_000 / n_trees
        print(f"  {shown:22}{ns[1] / 1e3:12.2f}{ns[100] / 1e3:14.1f}{per_tree:34.2f}")
    ratios = []
    for n in COUNTS:
        name = min((way for way in times if way != "slipway"), key=lambda way: times[way][n])
        ratios.append(f"{n:,} rows {times[name][n] / times['slipway'][n]:.1f}x ({name})")
    print("  best peer beside ours: " + ", ".join(ratios))


def catboost_rows(folder: Path, names: list[str]) -> dict[str, Path]:
    """Train CatBoost's models."""
    import catboost

    x, y = data(20_000)
    quiet = {"verbose": 0, "allow_writing_files": False, "thread_count": 2, "iterations": 100}
    models = {}
    for name, options in zip(names, ({"depth": 6}, {"depth": 8, "border_count": 128}), strict=True):
        models[name] = folder / f"catboost{len(models)}.cbm"
        catboost.CatBoostClassifier(**quiet, **options).fit(x, y).save_model(str(models[name]))
    return models


def catboost(folder: Path) -> None:
    """CatBoost's own predict: of an array, and of a Pool that was made before the time began."""
    import catboost as library

    x, _ = data(max(COUNTS))
    rows_path = folder / "rows.bin"
    x.astype("f8").tofile(rows_path)
    names = ["CatBoost, 100 trees of depth 6", "CatBoost, 100 trees of depth 8"]
    for name, path in catboost_rows(folder, names).items():
        print(f"{name}, {N_FEATURES} features; load average {os.getloadavg()[0]:.1f}")
        command = [PROGRAM, "catboost", path, rows_path, str(N_FEATURES)]
        said = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
        model = library.CatBoost().load_model(str(path))
        times = {"slipway": {int(n): ns for n, ns in said["slipway"].items()}}
        raw = {"prediction_type": "RawFormulaVal", "thread_count": 1}
        times["an array"] = {n: median_ns(lambda r: model.predict(r, **raw), x, n) for n in COUNTS}
        times["a Pool"] = {}
        for n in COUNTS:
            pool = library.Pool(x[:n])
            times["a Pool"][n] = median_ns(lambda _, p=pool: model.predict(p, **raw), x[:n], n)
        print_table("CatBoost", said["trees"], times)
        ours = np.fromfile(f"{path}.scores")
        theirs = model.predict(x[: len(ours)], **raw)
        print(f"  the same bits as CatBoost: {(ours == theirs).sum()} of {len(ours)} values, "
              f"the others to {np.abs(ours / theirs - 1).max():.0e}")  # fmt: skip


def forest(folder: Path) -> None:
    """Load a forest of 3 million nodes."""
    import lightgbm
    import xgboost

    x, _ = data(60_000)
    y = np.random.default_rng(1).normal(size=len(x))
    params = {"max_depth": 24, "num_parallel_tree": 60, "subsample": 0.65, "nthread": 2}
    params |= {"min_child_weight": 0, "max_bin": 64, "lambda": 0}
    booster = xgboost.train(params, xgboost.DMatrix(x, y), 1)
    booster.save_model(folder / "forest.ubj")
    params = {"num_leaves": 25_000, "min_data_in_leaf": 1, "min_sum_hessian_in_leaf": 0}
    params |= {"boosting": "rf", "bagging_fraction": 0.65, "bagging_freq": 1, "verbosity": -1}
    text = lightgbm.train(params, lightgbm.Dataset(x.astype("f8"), y), 1).model_to_string()
    head, rest = text.split("Tree=0\n")  # growing 60 of them takes minutes: one stands for all
    tree, tail = rest.split("end of trees")
    head = "".join(line for line in head.splitlines(True) if not line.startswith("tree_sizes"))
    trees = "".join(f"Tree={i}\n{tree}" for i in range(60))
    (folder / "forest.txt").write_text(f"{head}\n{trees}end of trees{tail}")
    few = folder / "few.bin"
    x[:1000].astype("f8").tofile(few)
    for kind, path in (("xgboost", folder / "forest.ubj"), ("lightgbm", folder / "forest.txt")):
        command = [PROGRAM, kind, path, few, str(N_FEATURES), LIBRARIES[kind]]
        said = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
        size = path.stat().st_size / 1e6
        print(
            f"  {kind}, {said['trees']} trees, {said['nodes']:,} nodes, {size:.0f} MB: "
            f"{said['load_s']:.2f} s; {kind} itself {said['peer_load_s']:.2f} s; "
            f"the same bits: {said['same']}"
        )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="without the forest of 3M nodes")
    options = parser.parse_args()
    subprocess.run(
        ["cmake", "--build", REPO / "build/release", "--target", "trees_speed"],
        check=True,
        stdout=subprocess.DEVNULL,
    )
    with tempfile.TemporaryDirectory(prefix="slipway-trees-") as name:
        folder = Path(name)
        for title, (kind, path) in train(folder).items():
            print(f"{title}, {N_FEATURES} features; load average {os.getloadavg()[0]:.1f}")
            said, times = measure(kind, path, folder)
            print_table(kind, said["trees"], times)
            print(f"  the same bits as {kind}: {said['same']}")
        catboost(folder)
        if not options.quick:
            print(f"loading a forest; load average {os.getloadavg()[0]:.1f}")
            forest(folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
