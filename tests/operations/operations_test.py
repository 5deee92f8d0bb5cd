"""What those who run a server rely on: figures that Prometheus can read, logs that tell requests
apart and give nothing away, an end that fails no request, and a unit that systemd accepts."""

from __future__ import annotations

import base64
import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest
from pathlib import Path
from urllib.parse import urlsplit

from prometheus_client.parser import text_string_to_metric_families

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from live_server import REPO, LiveServer, clean_environment, find_slipway  # noqa: E402
from rest import make_admin  # noqa: E402

JSON = {"Content-Type": "application/json"}


class Folder(unittest.TestCase):
    def setUp(self) -> None:
        holder = tempfile.TemporaryDirectory(prefix="slipway-operations-")
        self.addCleanup(holder.cleanup)
        self.folder = Path(holder.name)

    def server(self, *flags: str) -> LiveServer:
        return LiveServer(find_slipway(None), self.folder, list(flags))


def connect(address: str) -> http.client.HTTPConnection:
    return http.client.HTTPConnection(urlsplit(address).netloc, timeout=60)


def call(
    connection: http.client.HTTPConnection,
    method: str,
    path: str,
    body: dict | None = None,
    headers: dict[str, str] | None = None,
) -> tuple[int, bytes]:
    text = None if body is None else json.dumps(body)
    connection.request(method, path, text, (JSON if body is not None else {}) | (headers or {}))
    answer = connection.getresponse()
    return answer.status, answer.read()


def scrape(connection: http.client.HTTPConnection) -> dict[tuple, float]:
    """Read /metrics with Prometheus' own parser: {(sample name, labels): value}."""
    status, text = call(connection, "GET", "/metrics")
    assert status == 200, text
    samples: dict[tuple, float] = {}
    for family in text_string_to_metric_families(text.decode()):
        assert family.type in ("counter", "gauge", "histogram"), family
        assert family.documentation, family.name
        for sample in family.samples:
            key = (sample.name, *sorted(sample.labels.items()))
            assert key not in samples, f"{key} stands there twice"
            samples[key] = sample.value
    return samples


class MetricsTest(Folder):
    def test_prometheus_reads_what_happened(self) -> None:
        with self.server() as server:
            connection = connect(server.address)
            before = scrape(connection)
            for i in range(5):
                body = {"name": f"e{i}"}
                call(connection, "POST", "/api/2.0/mlflow/experiments/create", body)
            call(connection, "POST", "/ajax-api/2.0/mlflow/experiments/create", {"name": "e0"})
            for i in range(300):  # paths of a scanner make no series
                call(connection, "GET", f"/wp-admin/{i}")
            after = scrape(connection)
            route = ("method", "POST"), ("route", "/api/2.0/mlflow/experiments/create")
            total = "slipway_http_requests_total"
            self.assertEqual(after[(total, *route, ("status", "200"))], 5)
            self.assertEqual(after[(total, *route, ("status", "400"))], 1)
            none = ("method", "other"), ("route", "none"), ("status", "404")
            self.assertEqual(after[(total, *none)], 300)
            seconds = "slipway_http_request_duration_seconds"
            self.assertEqual(after[(seconds + "_count", *route)], 6)
            bounds = [k for k in after if k[0] == seconds + "_bucket" and set(route) < set(k)]
            counts = [after[k] for k in bounds]
            self.assertEqual(counts, sorted(counts))
            self.assertEqual(counts[-1], 6)
            self.assertGreater(after[(seconds + "_sum", *route)], 0)
            self.assertLess(len(after) - len(before), 60)
            group = after[("slipway_store_group_size_count",)]
            self.assertGreaterEqual(group, before[("slipway_store_group_size_count",)] + 5)
            self.assertEqual(after[("slipway_store_writes_waiting",)], 0)
            self.assertEqual(after[("slipway_http_connections",)], 1)
            self.assertEqual(after[("slipway_http_requests_in_progress",)], 1)  # this one
            self.assertGreater(after[("slipway_store_size_bytes",)], 4096)
            self.assertGreater(after[("process_resident_memory_bytes",)], 1 << 20)
            self.assertLess(abs(after[("process_start_time_seconds",)] - time.time()), 60)
            self.assertTrue(any(key[0] == "slipway_build_info" for key in after))

    def test_a_public_server_shows_its_figures_to_callers_it_knows(self) -> None:
        make_admin(find_slipway(None), self.folder, "root", [])
        with self.server("--host", "0.0.0.0") as server:
            port = urlsplit(server.address).port
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
            self.assertEqual(call(connection, "GET", "/metrics")[0], 401)


class LogTest(Folder):
    def lines(self) -> list[dict]:
        return [json.loads(line) for line in self.text().splitlines()]

    def text(self) -> str:
        return (self.folder / "server.stderr").read_text()

    def test_lines_are_json_and_keep_secrets(self) -> None:
        secret = "dapi0123456789abcdef0123456789abcdef"
        basic = base64.b64encode(b"ada:the-password").decode()
        with self.server("--log-format", "json", "--access-log", "--verbose") as server:
            connection = connect(server.address)
            body = {"name": "n", "tags": [{"key": "k", "value": "the-body"}]}
            path = "/api/2.0/mlflow/experiments/create?key=the-query"
            call(connection, "POST", path, body, {"X-Request-Id": "req-1"})
            for authorization in (f"Bearer {secret}", f"Basic {basic}"):
                headers = {"Authorization": authorization}
                call(connection, "GET", "/api/2.0/mlflow/experiments/get", None, headers)
            call(connection, "GET", "/a%0aforged%1b[2J", None, {"X-Request-Id": "bad id"})
            call(connection, "GET", "/version", None, {"Host": "evil\tname"})
            raw = socket.create_connection(("127.0.0.1", urlsplit(server.address).port))
            with raw:
                raw.sendall(b"GET /x HTTP/1.1\r\nHost: a\x1b[31m\xc2\x9b\r\n\r\n")
                raw.recv(4096)
        lines = self.lines()
        requests = [line for line in lines if line["message"] == "request"]
        made = next(line for line in requests if line["request_id"] == "req-1")
        self.assertEqual(made["path"], "/api/2.0/mlflow/experiments/create")
        self.assertEqual((made["method"], made["status"]), ("POST", 200))
        self.assertGreater(made["ms"], 0)
        self.assertEqual(made["peer"], "127.0.0.1")
        self.assertEqual(len({line["request_id"] for line in requests}), len(requests))
        for hidden in (secret, basic, "the-password", "the-body", "the-query", "bad id"):
            self.assertNotIn(hidden, self.text())
        for control in ("\x1b", "\x9b", "\t"):
            self.assertNotIn(control, self.text())

    def test_text_lines(self) -> None:
        with self.server("--access-log") as server:
            call(connect(server.address), "GET", "/version", None, {"X-Request-Id": "v-1"})
        line = next(line for line in self.text().splitlines() if "v-1" in line)
        what = r"Z info request method=GET path=/version status=200 ms=\S+ bytes=6 "
        self.assertRegex(line, what)


class DrainTest(Folder):
    """Clients that keep their connections lose no request when the server is asked to stop."""

    def start(self, *flags: str) -> subprocess.Popen:
        command = [str(find_slipway(None)), "server", "--port", "0", "--data-dir", "data", *flags]
        process = subprocess.Popen(
            command,
            cwd=self.folder,
            env=clean_environment(self.folder),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.kill)
        line = process.stdout.readline()
        self.address = line.removeprefix("Listening on ").strip()
        return process

    def test_under_load(self) -> None:
        process = self.start("--drain-delay", "1")
        failures: list[str] = []
        n_answered = [0] * 8
        statuses: set[int] = set()
        stop_sent = threading.Event()

        def load(i: int) -> None:
            connection = connect(self.address)
            body = {"experiment_id": "0", "start_time": 1}
            while True:
                try:
                    connection.connect() if connection.sock is None else None
                except OSError:  # refused: allowed once the server was asked to stop
                    if not stop_sent.is_set():
                        failures.append("refused before the end")
                    return
                try:
                    path = "/api/2.0/mlflow/runs/create"
                    status, answer = call(connection, "POST", path, body)
                except (OSError, http.client.HTTPException) as error:
                    failures.append(repr(error))
                    return
                if status != 200:
                    failures.append(f"{status} {answer!r}")
                n_answered[i] += 1

        threads = [threading.Thread(target=load, args=(i,)) for i in range(len(n_answered))]
        for thread in threads:
            thread.start()
        watcher = connect(self.address)
        time.sleep(0.5)
        self.assertEqual(call(watcher, "GET", "/health"), (200, b"OK"))
        stop_sent.set()
        process.send_signal(signal.SIGTERM)
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            try:
                statuses.add(call(connect(self.address), "GET", "/health")[0])
            except OSError:
                break
            time.sleep(0.02)
        for thread in threads:
            thread.join(30)
        self.assertEqual(process.wait(30), 0)
        self.assertEqual(failures, [])
        self.assertIn(503, statuses)
        self.assertGreater(min(n_answered), 0)
        n_answered_in_all = sum(n_answered)
        with LiveServer(find_slipway(None), self.folder, []) as server:
            found: list[str] = []
            token = ""
            while True:
                body = {"experiment_ids": ["0"], "max_results": 5000, "page_token": token}
                path = "/api/2.0/mlflow/runs/search"
                page = json.loads(call(connect(server.address), "POST", path, body)[1])
                found += [run["info"]["run_id"] for run in page["runs"]]
                token = page.get("next_page_token", "")
                if not token:
                    break
        self.assertEqual(len(found), n_answered_in_all)

    def test_the_deadline_holds(self) -> None:
        process = self.start("--drain-timeout", "1")
        port = urlsplit(self.address).port
        with socket.create_connection(("127.0.0.1", port)) as slow:  # a body that never ends
            slow.sendall(b"POST /api/2.0/mlflow/runs/create HTTP/1.1\r\nHost: localhost\r\n")
            slow.sendall(b"Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{")
            time.sleep(0.3)
            began = time.monotonic()
            process.send_signal(signal.SIGTERM)
            self.assertEqual(process.wait(20), 0)
            self.assertLess(time.monotonic() - began, 10)


class ServiceTest(Folder):
    def test_readiness_is_told(self) -> None:
        path = self.folder / "notify"
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
            manager.bind(str(path))
            manager.settimeout(60)
            environment = clean_environment(self.folder) | {"NOTIFY_SOCKET": str(path)}
            command = [str(find_slipway(None)), "server", "--port", "0", "--data-dir", "data"]
            process = subprocess.Popen(
                command, cwd=self.folder, env=environment, stdout=subprocess.DEVNULL
            )
            self.addCleanup(process.kill)
            self.assertEqual(manager.recv(64), b"READY=1")
            process.send_signal(signal.SIGTERM)
            self.assertEqual(manager.recv(64), b"STOPPING=1")
            self.assertEqual(process.wait(60), 0)

    @unittest.skipUnless(shutil.which("systemd-analyze"), "systemd-analyze is not installed")
    def test_the_unit_is_accepted(self) -> None:
        unit = (REPO / "packaging/slipway.service").read_text()
        path = self.folder / "slipway.service"
        path.write_text(unit.replace("/usr/bin/slipway", str(find_slipway(None))))
        checked = subprocess.run(
            ["systemd-analyze", "verify", "--man=no", "--recursive-errors=no", str(path)],
            capture_output=True,
            text=True,
            env=os.environ | {"SYSTEMD_LOG_TARGET": "console"},
            timeout=60,
        )
        self.assertEqual((checked.returncode, checked.stdout), (0, ""), checked.stderr)
        self.assertNotIn("slipway.service", checked.stderr)


if __name__ == "__main__":
    unittest.main()
