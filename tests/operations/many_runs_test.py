"""`slipway runs search --csv` and `--json` of many runs: all of them, in the memory of one page.

python3 tests/operations/many_runs_test.py [--runs 20000]
"""

from __future__ import annotations

import argparse
import csv
import http.client
import json
import re
import subprocess
import sys
import tempfile
import time
import unittest
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from live_server import LiveServer, clean_environment, find_slipway  # noqa: E402

N_RUNS = 12_000
N_FEW = 2_000
N_METRICS = 8
N_CLIENTS = 4
LEEWAY_KB = 8_000  # of memory, for six times as many runs


def log_runs(address: str, experiment_id: str, numbers: range) -> None:
    """Log runs over one connection; each has a parameter that no other has every thousandth run."""
    connection = http.client.HTTPConnection(address.removeprefix("http://"), timeout=300)

    def post(path: str, body: dict) -> dict:
        connection.request(
            "POST",
            f"/api/2.0/mlflow/runs/{path}",
            json.dumps(body),
            {"Content-Type": "application/json"},
        )
        answer = connection.getresponse()
        text = answer.read()
        if answer.status != 200:
            raise RuntimeError(f"{path}: {text.decode()}")
        return json.loads(text)

    for number in numbers:
        made = post("create", {"experiment_id": experiment_id, "start_time": number + 1})
        metrics = [
            {"key": f"m{k}", "value": number + k / 8, "timestamp": 1, "step": 0}
            for k in range(N_METRICS)
        ]
        params = [{"key": "number", "value": str(number)}, {"key": "text", "value": 'a, "b"\nc'}]
        if number % 1000 == 0:
            params.append({"key": f"only {number}", "value": "x"})
        run_id = made["run"]["info"]["run_id"]
        post("log-batch", {"run_id": run_id, "metrics": metrics, "params": params})
    connection.close()


def peak_kb(process: subprocess.Popen) -> int:
    """Give the most memory that a process takes until it ends; looked at often."""
    peak = 0
    while process.poll() is None:
        status = Path(f"/proc/{process.pid}/status").read_text()
        found = re.search(r"VmHWM:\s+(\d+)", status)
        peak = max(peak, int(found[1]) if found else 0)
        time.sleep(0.005)
    return peak


class ManyRunsTest(unittest.TestCase):
    n_runs = N_RUNS

    @classmethod
    def setUpClass(cls) -> None:
        cls.folder = Path(
            cls.enterClassContext(tempfile.TemporaryDirectory(prefix="slipway-runs-"))
        )
        cls.server = cls.enterClassContext(LiveServer(find_slipway(None), cls.folder, []))
        with ThreadPoolExecutor(N_CLIENTS) as pool:
            waits = [
                pool.submit(log_runs, cls.server.address, "0", range(i, cls.n_runs, N_CLIENTS))
                for i in range(N_CLIENTS)
            ]
            for wait in waits:
                wait.result()

    def search(self, *flags: str) -> tuple[Path, int]:
        """Give the file with the output, and the most memory that the command took, in kB."""
        out = self.folder / "out"
        environment = clean_environment(self.folder) | {"TMPDIR": str(self.folder)}
        command = [str(find_slipway(None)), "runs", "search", "--server", self.server.address]
        with out.open("wb") as file:
            process = subprocess.Popen([*command, *flags], env=environment, stdout=file)
            peak = peak_kb(process)
        self.assertEqual(process.returncode, 0)
        return out, peak

    def assert_flat(self, *flags: str) -> Path:
        """Search for few runs and for all: the second must not take more memory."""
        _, few_kb = self.search(*flags, "--max-results", str(N_FEW))
        out, all_kb = self.search(*flags)
        print(f"{' '.join(flags)}: {few_kb} kB for {N_FEW} runs, {all_kb} kB for {self.n_runs}")
        self.assertLess(all_kb, few_kb + LEEWAY_KB)
        return out

    def test_csv_of_everything(self) -> None:
        out = self.assert_flat("--csv")
        with out.open(newline="") as file:
            rows = list(csv.DictReader(file))
        self.assertEqual(len({row["run_id"] for row in rows}), self.n_runs)
        numbers = [int(row["params.number"]) for row in rows]
        self.assertEqual(numbers, list(reversed(range(self.n_runs))))  # newest first
        for row in rows:
            number = int(row["params.number"])
            self.assertEqual(float(row["metrics.m3"]), number + 3 / 8)
            self.assertEqual(row["params.text"], 'a, "b"\nc')
        named = [name for name in rows[0] if name.startswith("params.only ")]
        self.assertEqual(len(named), (self.n_runs + 999) // 1000)
        self.assertEqual([r["params.number"] for r in rows if r["params.only 1000"]], ["1000"])
        self.assertEqual(list(self.folder.glob("slipway-*")), [])  # nothing is left behind

    def test_json(self) -> None:
        runs = json.loads(self.assert_flat("--json").read_text())
        self.assertEqual(len({run["run_id"] for run in runs}), self.n_runs)
        self.assertEqual(runs[0]["metrics"]["m0"], self.n_runs - 1)

    def test_csv_of_some_columns(self) -> None:
        columns = "run_id,metrics.m1,params.only 2000"
        lines = self.assert_flat("--columns", columns, "--csv").read_text().splitlines()
        self.assertEqual((lines[0], len(lines)), (columns, self.n_runs + 1))
        self.assertEqual(sum(line.endswith(",x") for line in lines), 1)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=N_RUNS)
    options, rest = parser.parse_known_args()
    ManyRunsTest.n_runs = options.runs
    unittest.main(argv=[sys.argv[0], *rest])
