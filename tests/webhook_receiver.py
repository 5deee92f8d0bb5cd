"""A receiver of webhooks for the tests: a real HTTP server that keeps what it is sent."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import queue
import threading
import time
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

WAIT_S = 30


@dataclass
class Received:
    path: str
    headers: dict[str, str]
    body: str

    def data(self) -> dict:
        return json.loads(self.body)["data"]


class Receiver:
    """An HTTP server that keeps what it is sent; `answers` are the next statuses, then 200."""

    def __init__(self) -> None:
        self.received: queue.Queue[Received] = queue.Queue()
        self.answers: queue.Queue[tuple[int, dict[str, str]]] = queue.Queue()
        self.seconds = 0.0  # that an answer takes
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                size = int(self.headers["Content-Length"])
                body = self.rfile.read(size).decode()
                receiver.received.put(Received(self.path, dict(self.headers), body))
                time.sleep(receiver.seconds)
                try:
                    status, headers = receiver.answers.get_nowait()
                except queue.Empty:
                    status, headers = 200, {}
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", "5")
                self.end_headers()
                self.wfile.write(b"taken")

            def log_message(self, *args: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever)
        self.thread.start()
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook?of=test"

    def next(self) -> Received:
        return self.received.get(timeout=WAIT_S)

    def close(self) -> None:
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


def is_signed(received: Received, secret: str) -> bool:
    """Verify as MLflow's page on webhooks tells receivers to."""
    signed = ".".join(
        [
            received.headers["X-MLflow-Delivery-Id"],
            received.headers["X-MLflow-Timestamp"],
            received.body,
        ]
    )
    code = hmac.new(secret.encode(), signed.encode(), hashlib.sha256).digest()
    expected = "v1," + base64.b64encode(code).decode()
    fresh = abs(time.time() - int(received.headers["X-MLflow-Timestamp"])) < 300
    return fresh and hmac.compare_digest(expected, received.headers["X-MLflow-Signature"])
