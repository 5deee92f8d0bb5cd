"""One metric of a million points, or more: read by page, thinned, whole; and a start on such data.

.deps/python/bin/python bench/tracking/long_history.py [--points 1000000]
"""

from __future__ import annotations

import argparse
import http.client
import json
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent.parent / "tests"))
from live_server import LiveServer, find_slipway  # noqa: E402

BATCH = 1000
PAGE = 25_000
METRICS = "/api/2.0/mlflow/metrics/"


class Client:
    def __init__(self, address: str) -> None:
        host = address.removeprefix("http://")
        self._connection = http.client.HTTPConnection(host, timeout=600)

    def call(self, method: str, path: str, body: bytes | None = None) -> Iterator[bytes]:
        """Give the answer a piece at a time."""
        self._connection.request(method, path, body, {"Content-Type": "application/json"})
        answer = self._connection.getresponse()
        if answer.status != 200:
            raise SystemExit(f"{method} {path}: {answer.status} {answer.read(300)!r}")
        while piece := answer.read(1 << 20):
            yield piece

    def get(self, what: str, **query: object) -> bytes:
        return b"".join(self.call("GET", METRICS + what + "?" + urlencode(query)))

    def post(self, path: str, text: str) -> bytes:
        return b"".join(self.call("POST", "/api/2.0/mlflow/" + path, text.encode()))


def memory_mb(server: LiveServer, field: str = "VmRSS") -> float:
    status = Path(f"/proc/{server.pid}/status").read_text()
    return int(status.split(f"{field}:")[1].split()[0]) / 1024


def fill(client: Client, n_points: int) -> str:
    made = json.loads(client.post("runs/create", '{"experiment_id": "0"}'))
    run_id = made["run"]["info"]["run_id"]
    for first in range(0, n_points, BATCH):
        points = ",".join(
            f'{{"key":"loss","value":{(i * 7919 % 10007) / 10007},'
            f'"timestamp":{1700000000000 + i * 7},"step":{i}}}'
            for i in range(first, first + BATCH)
        )
        client.post("runs/log-batch", f'{{"run_id":"{run_id}","metrics":[{points}]}}')
    return run_id


def next_token(page: bytes) -> str:
    """Give the token at the end of a page, without the time that reading all of it takes."""
    tail = page[-400:]
    if b"next_page_token" not in tail:
        return ""
    return json.loads(b"{" + tail[tail.index(b'"next_page_token"') :])["next_page_token"]


def read_pages(client: Client, run_id: str) -> tuple[int, float, float]:
    """Give how many points came, seconds in all, and seconds of the slowest page."""
    query = {"run_id": run_id, "metric_key": "loss", "max_results": PAGE}
    n_points, slowest, begin = 0, 0.0, time.monotonic()
    while True:
        started = time.monotonic()
        page = client.get("get-history", **query)
        slowest = max(slowest, time.monotonic() - started)
        n_points += page.count(b'"step"')
        token = next_token(page)
        if not token:
            return n_points, time.monotonic() - begin, slowest
        query["page_token"] = token


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--points", type=int, default=1_000_000)
    n_points = parser.parse_args().points
    with tempfile.TemporaryDirectory(dir=HERE.parent.parent / "build") as name:
        folder = Path(name)
        with LiveServer(find_slipway(None), folder, []) as server:
            print(f"idle, nothing logged: {memory_mb(server):.1f} MB")
            started = time.monotonic()
            run_id = fill(Client(server.address), n_points)
            print(f"logged {n_points} points in {time.monotonic() - started:.1f} s (the client's)")
            time.sleep(4)
            print(f"after logging and folding: {memory_mb(server):.1f} MB")
        started = time.monotonic()
        with LiveServer(find_slipway(None), folder, []) as server:
            client = Client(server.address)
            client.get("get-history", run_id="0" * 32, metric_key="loss")
            print(f"start to first answer: {(time.monotonic() - started) * 1000:.0f} ms")
            time.sleep(1)
            print(f"idle on this data: {memory_mb(server):.1f} MB")
            n_read, seconds, slowest = read_pages(client, run_id)
            print(
                f"{n_read} points by {PAGE}: {seconds:.2f} s, slowest page {slowest * 1000:.0f} ms;"
                f" at most {memory_mb(server, 'VmHWM'):.1f} MB"
            )
            for max_results in (320, 2500):
                query = {"run_ids": run_id, "metric_key": "loss", "max_results": max_results}
                started = time.monotonic()
                n_read = client.get("get-history-bulk-interval", **query).count(b'"step"')
                taken = time.monotonic() - started
                print(f"thinned to {n_read}: {taken * 1000:.0f} ms")
            query = {"run_ids": run_id, "metric_key": "loss", "max_results": 2500}
            query |= {"start_step": n_points // 2, "end_step": n_points // 2 + 2000}
            started = time.monotonic()
            n_read = client.get("get-history-bulk-interval", **query).count(b'"step"')
            print(f"zoomed in on {n_read}: {(time.monotonic() - started) * 1000:.0f} ms")
            started = time.monotonic()
            whole = METRICS + f"get-history?run_id={run_id}&metric_key=loss"
            n_bytes = sum(len(piece) for piece in client.call("GET", whole))
            print(
                f"whole, {n_bytes / 1e6:.0f} MB: {time.monotonic() - started:.2f} s; at most "
                f"{memory_mb(server, 'VmHWM'):.1f} MB"
            )


if __name__ == "__main__":
    main()
