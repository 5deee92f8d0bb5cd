"""kill -9 under load: what was acknowledged is there, no batch is half there, work goes on at once.

python3 tests/crash/kill_test.py [--kills 20] [--seed N] [--db URI | --postgres]
Clients log batches, create runs and register models while the server is killed at random moments
and started again on the same data, or the same database: --db, or a PostgreSQL of the test's own.
"""

from __future__ import annotations

import argparse
import http.client
import itertools
import json
import random
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, urlencode

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from live_server import READY, clean_environment, find_slipway  # noqa: E402
from postgres import Cluster  # noqa: E402

N_CLIENTS = 6
N_KEYS = 3
API = "/api/2.0/mlflow/"
LONGEST_LIFE_S = 1.4
START_LIMIT_S = 60  # on a busy machine; the median is printed
ANSWER_LIMIT_S = 120


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Server:
    """The program under test, started again and again at one port."""

    def __init__(self, folder: Path, flags: list[str]) -> None:
        self.port = free_port()
        self._folder = folder
        self._command = [str(find_slipway(None)), "server", "--port", str(self.port)]
        self._command += ["--data-dir", str(folder / "data"), *flags]
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> float:
        """Start, wait for the first answer, and give the seconds that took."""
        started = time.monotonic()
        with (self._folder / "server.log").open("a") as log:
            self._process = subprocess.Popen(
                self._command,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                env=clean_environment(self._folder),
            )
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line.startswith(READY):
            raise SystemExit(f"did not start again:\n{self.log()}")
        call(self.port, "GET", "experiments/get?experiment_id=0")
        return time.monotonic() - started

    def end(self) -> None:
        """End what a test that failed leaves running."""
        if self._process is not None and self._process.poll() is None:
            self.kill()

    def kill(self) -> None:
        assert self._process is not None
        if self._process.poll() is not None:
            raise SystemExit(f"ended by itself:\n{self.log()}")
        self._process.kill()
        self._process.communicate()

    def stop(self) -> int:
        assert self._process is not None
        self._process.terminate()
        self._process.communicate(timeout=ANSWER_LIMIT_S)
        return self._process.returncode

    def log(self) -> str:
        return (self._folder / "server.log").read_text()[-3000:]


def call(port: int, method: str, path: str, body: dict | None = None) -> dict:
    """Call once on a connection of its own; what is not 200 is an error of the test."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=ANSWER_LIMIT_S)
    try:
        return exchange(connection, method, path, body)
    finally:
        connection.close()


def exchange(
    connection: http.client.HTTPConnection, method: str, path: str, body: dict | None
) -> dict:
    text = json.dumps(body) if body is not None else None
    connection.request(method, API + path, text, {"Content-Type": "application/json"})
    answer = connection.getresponse()
    content = answer.read()
    if answer.status != 200:
        raise AssertionError(f"{method} {path}: {answer.status} {content[:300]!r}")
    return json.loads(content)


@dataclass
class Books:
    """What clients sent and what was acknowledged: batches by run, runs, models by name."""

    batches: dict[str, dict[int, bool]] = field(default_factory=dict)
    runs: set[str] = field(default_factory=set)
    models: dict[str, int] = field(default_factory=dict)  # name: versions acknowledged
    lock: threading.Lock = field(default_factory=threading.Lock)


class Client(threading.Thread):
    """Works until the server is gone."""

    def __init__(self, port: int, books: Books, numbers: itertools.count, common_run: str) -> None:
        super().__init__()
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=ANSWER_LIMIT_S)
        self.books, self.numbers, self.common_run = books, numbers, common_run
        self.error: str | None = None

    def run(self) -> None:
        try:
            self.work()
        except (OSError, http.client.HTTPException):
            pass  # killed: what was sent last may be there or not
        except AssertionError as error:
            self.error = str(error)
        finally:
            self.connection.close()

    def post(self, path: str, body: dict) -> dict:
        return exchange(self.connection, "POST", path, body)

    def work(self) -> None:
        made = self.post("runs/create", {"experiment_id": "0", "start_time": 1})
        own_run = made["run"]["info"]["run_id"]
        with self.books.lock:
            self.books.runs.add(own_run)
        model = f"model{next(self.numbers)}"
        self.post("registered-models/create", {"name": model})
        self.books.models[model] = 0
        for turn in itertools.count():
            self.log_batch(self.common_run if turn % 2 else own_run)
            if turn % 10 == 9:
                self.post("model-versions/create", {"name": model, "source": "s3://of/others"})
                self.books.models[model] += 1

    def log_batch(self, run_id: str) -> None:
        number = next(self.numbers)
        point = {"value": number, "timestamp": number, "step": number}
        body = {"run_id": run_id, "metrics": [{"key": f"m{k}"} | point for k in range(N_KEYS)]}
        if run_id != self.common_run:
            body["params"] = [{"key": f"p{number}.{i}", "value": str(number)} for i in range(2)]
            body["tags"] = [{"key": f"t{number}.{i}", "value": str(number)} for i in range(2)]
        with self.books.lock:
            self.books.batches.setdefault(run_id, {})[number] = False
        self.post("runs/log-batch", body)
        with self.books.lock:
            self.books.batches[run_id][number] = True


def history(port: int, run_id: str, key: str) -> list[int]:
    """Give the steps of a key's points, read by page."""
    steps: list[int] = []
    query = {"run_id": run_id, "metric_key": key, "max_results": "1000"}
    while True:
        page = call(port, "GET", "metrics/get-history?" + urlencode(query))
        steps += [int(point["step"]) for point in page.get("metrics", [])]
        if "next_page_token" not in page:
            return steps
        query["page_token"] = page["next_page_token"]


def check_run(port: int, run_id: str, batches: dict[int, bool], has_params: bool) -> int:
    """Check each batch of a run: acknowledged and there, or whole, or not there. Give how many."""
    found: dict[int, int] = dict.fromkeys(batches, 0)
    for key in range(N_KEYS):
        steps = history(port, run_id, f"m{key}")
        assert len(set(steps)) == len(steps), f"run {run_id} has points twice"
        assert steps == sorted(steps), f"run {run_id} is out of order"
        for step in steps:
            found[step] += 1
    n_parts = N_KEYS
    if has_params:
        n_parts += 4
        data = call(port, "GET", f"runs/get?run_id={run_id}")["run"]["data"]
        tags = [tag for tag in data.get("tags", []) if not tag["key"].startswith("mlflow.")]
        for item in data.get("params", []) + tags:
            assert item["key"][1:].split(".")[0] == item["value"]
            found[int(item["value"])] += 1
    for number, acknowledged in batches.items():
        wanted = (n_parts,) if acknowledged else (0, n_parts)
        assert found[number] in wanted, (
            f"run {run_id}: batch {number} (acknowledged: {acknowledged}) has {found[number]} of "
            f"{n_parts} parts"
        )
    return sum(1 for n_found in found.values() if n_found)


def check_models(port: int, models: dict[str, int]) -> None:
    for name, n_acknowledged in models.items():
        query = urlencode({"filter": f"name='{name}'", "max_results": "1000"})
        found = call(port, "GET", f"model-versions/search?{query}")
        versions = sorted(int(v["version"]) for v in found.get("model_versions", []))
        assert versions == list(range(1, len(versions) + 1)), f"{name} has versions {versions}"
        extra = len(versions) - n_acknowledged
        assert extra in (0, 1), f"{name}: {n_acknowledged} acknowledged, {len(versions)} there"
        call(port, "GET", f"registered-models/get?name={quote(name)}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 30))
    parser.add_argument("--db", help="a database of a server of its own, such as PostgreSQL")
    parser.add_argument("--postgres", action="store_true", help="on a PostgreSQL of its own")
    options = parser.parse_args()
    print(f"seed {options.seed}")
    source = random.Random(options.seed)
    starts: list[float] = []
    numbers = itertools.count(1)
    n_batches = 0
    with ExitStack() as stack:
        name = stack.enter_context(tempfile.TemporaryDirectory(prefix="slipway-kill-"))
        database = options.db
        if options.postgres:
            database = stack.enter_context(Cluster()).new_database()
        server = Server(Path(name), ["--db", database] if database else [])
        stack.callback(server.end)
        server.start()
        made = call(server.port, "POST", "runs/create", {"experiment_id": "0", "start_time": 1})
        common_run = made["run"]["info"]["run_id"]
        common: dict[int, bool] = {}
        for kill in range(options.kills):
            books = Books(batches={common_run: common})
            clients = [Client(server.port, books, numbers, common_run) for _ in range(N_CLIENTS)]
            for client in clients:
                client.start()
            time.sleep(source.uniform(0.02, LONGEST_LIFE_S))
            server.kill()
            starts.append(server.start())
            for client in clients:
                client.join()
                assert client.error is None, client.error
            for run_id in books.runs - {common_run}:
                n_batches += check_run(server.port, run_id, books.batches.get(run_id, {}), True)
            check_models(server.port, books.models)
            if kill % 5 == 4 or kill == options.kills - 1:
                n_common = check_run(server.port, common_run, common, False)
            if kill % 50 == 49:  # a new one, or checking it takes longer and longer
                n_batches += n_common
                made = call(server.port, "POST", "runs/create", {"experiment_id": "0"})
                common_run, common = made["run"]["info"]["run_id"], {}
                n_common = 0
        code = server.stop()
        assert code == 0, f"exit code {code} after SIGTERM\n{server.log()}"
    assert max(starts) < START_LIMIT_S, f"took {max(starts):.1f} s to answer again"
    print(
        f"{options.kills} kills: {n_batches + n_common} batches, each whole or not there; first "
        f"answer after {statistics.median(starts) * 1000:.0f} ms (at most {max(starts) * 1000:.0f})"
    )


if __name__ == "__main__":
    main()
