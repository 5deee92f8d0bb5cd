"""Many loggers for minutes: no error, no growth of latency, a bounded write-ahead log.

.deps/python/bin/python bench/tracking/loggers.py [--loggers 100] [--seconds 300] [--db URI]
Each logger has a run and logs a batch of 20 metrics every tenth of a second.
"""

from __future__ import annotations

import argparse
import json
import random
import socket
import sqlite3
import sys
import tempfile
import threading
import time
import urllib.request
from contextlib import closing
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent.parent / "tests"))
from live_server import LiveServer, find_slipway  # noqa: E402

N_KEYS = 20
PAUSE_S = 0.1
PERIODS = 5


def new_run(address: str) -> str:
    request = urllib.request.Request(
        f"{address}/api/2.0/mlflow/runs/create",
        b'{"experiment_id": "0"}',
        {"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)["run"]["info"]["run_id"]


class Logger(threading.Thread):
    def __init__(self, address: str, until: float) -> None:
        super().__init__(daemon=True)
        self.address, self.until = address, until
        self.run_id = new_run(address)
        self.done: list[tuple[float, float]] = []  # when, and how long it took
        self.errors: list[str] = []

    def run(self) -> None:
        host, port = self.address.removeprefix("http://").split(":")
        source = random.Random(self.run_id)
        with socket.create_connection((host, int(port)), timeout=60) as connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            step = 0
            while time.monotonic() < self.until:
                now_ms = time.time_ns() // 1_000_000
                at = f'"timestamp":{now_ms},"step":{step}'
                metrics = ",".join(
                    f'{{"key":"m{key}","value":{source.random()},{at}}}' for key in range(N_KEYS)
                )
                body = f'{{"run_id":"{self.run_id}","metrics":[{metrics}]}}'.encode()
                head = (
                    "POST /api/2.0/mlflow/runs/log-batch HTTP/1.1\r\nHost: localhost\r\n"
                    f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
                )
                started = time.monotonic()
                connection.sendall(head.encode() + body)
                answer = connection.recv(65536)
                self.done.append((started, time.monotonic() - started))
                if not answer.startswith(b"HTTP/1.1 200"):
                    self.errors.append(answer[:300].decode(errors="replace"))
                step += 1
                time.sleep(PAUSE_S * source.uniform(0.5, 1.5))


class Reader(threading.Thread):
    """Reads histories without a pause, so that the write-ahead log is always being read, too."""

    def __init__(self, address: str, loggers: list[Logger], until: float) -> None:
        super().__init__(daemon=True)
        self.address, self.loggers, self.until = address, loggers, until
        self.n_pages = 0

    def run(self) -> None:
        path = f"{self.address}/api/2.0/mlflow/metrics/get-history?max_results=25000&metric_key=m0"
        while time.monotonic() < self.until:
            run_id = random.choice(self.loggers).run_id
            with urllib.request.urlopen(f"{path}&run_id={run_id}", timeout=60) as answer:
                answer.read()
            self.n_pages += 1


def state_of(database: Path) -> str:
    if not database.exists():
        return ""
    wal = database.with_name(database.name + "-wal")
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        rows = connection.execute("SELECT count(*) FROM metric_log").fetchone()[0]
        folded = connection.execute("SELECT coalesce(sum(n_points), 0) FROM metric_chunks")
        points = folded.fetchone()[0]
    size = database.stat().st_size / 1e6
    return f"{size:9.1f}{wal.stat().st_size / 1e6:8.1f}{rows:9}{points:11}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--loggers", type=int, default=100)
    parser.add_argument("--seconds", type=float, default=300)
    parser.add_argument("--readers", type=int, default=2)
    parser.add_argument("--db")
    options = parser.parse_args()
    flags = ["--db", options.db] if options.db else []
    with (
        tempfile.TemporaryDirectory(dir=HERE.parent.parent / "build") as name,
        LiveServer(find_slipway(None), Path(name), flags) as server,
    ):
        begin = time.monotonic()
        loggers = [Logger(server.address, begin + options.seconds) for _ in range(options.loggers)]
        readers = [
            Reader(server.address, loggers, begin + options.seconds) for _ in range(options.readers)
        ]
        for thread in loggers + readers:
            thread.start()
        head = f"{'seconds':>12}{'batches':>9}{'p50 ms':>8}{'p99 ms':>8}{'max ms':>8}"
        print(head + f"{'MB':>9}{'WAL MB':>8}{'log rows':>9}{'in chunks':>11}")
        period = options.seconds / PERIODS
        for i in range(PERIODS):
            first, last = begin + i * period, begin + (i + 1) * period
            time.sleep(max(0, last - time.monotonic()))
            state = state_of(Path(name) / "data/slipway.db")
            taken = [t for log in loggers for at, t in list(log.done) if first <= at < last]
            taken.sort()
            p50, p99 = (taken[int(len(taken) * part)] * 1000 for part in (0.5, 0.99))
            when = f"{i * period:.0f}-{(i + 1) * period:.0f}"
            most = taken[-1] * 1000
            print(f"{when:>12}{len(taken):9}{p50:8.1f}{p99:8.1f}{most:8.1f}{state}", flush=True)
        for thread in loggers + readers:
            thread.join()
    errors = [error for logger in loggers for error in logger.errors]
    print(f"{sum(reader.n_pages for reader in readers)} histories read meanwhile")
    print(f"{len(errors)} errors{': ' + errors[0] if errors else ''}")
    sys.exit(1 if errors else 0)


if __name__ == "__main__":
    main()
