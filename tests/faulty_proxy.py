"""Stands before a real object store and spoils some requests, as a full or a failing one would.

What is not spoilt goes to the store and comes back unchanged.
"""

from __future__ import annotations

import http.client
import threading
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

# Of one request (method, path with query): its own answer, None for the store's, or "cut" for none.
Fault = Callable[[str, str], "Answer | str | None"]
HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length"}


@dataclass
class Answer:
    status: int
    code: str  # of S3's XML
    message: str = "so says the test"

    def body(self) -> bytes:
        return (
            '<?xml version="1.0" encoding="UTF-8"?>\n'
            f"<Error><Code>{self.code}</Code><Message>{self.message}</Message>"
            "<RequestId>1</RequestId><HostId>1</HostId></Error>"
        ).encode()


class FaultyProxy:
    """Listens on `port` from __enter__ to __exit__; `fault` may be set at any moment."""

    def __init__(self, store_port: int) -> None:
        self.fault: Fault | None = None
        self.n_spoilt = 0
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_any(self) -> None:
                body = self.body()
                spoilt = proxy.fault(self.command, self.path) if proxy.fault else None
                if spoilt is not None:
                    proxy.n_spoilt += 1
                if isinstance(spoilt, str):
                    self.close_connection = True
                    return
                if spoilt:
                    self.answer(spoilt.status, {"Content-Type": "application/xml"}, spoilt.body())
                    return
                store = http.client.HTTPConnection("127.0.0.1", store_port, timeout=60)
                try:
                    sent = {
                        name: value
                        for name, value in self.headers.items()
                        if name.lower() not in (*HOP_BY_HOP, "expect")
                    }
                    store.request(self.command, self.path, body, sent)
                    got = store.getresponse()
                    self.answer(got.status, dict(got.headers.items()), got.read())
                finally:
                    store.close()

            def body(self) -> bytes:
                if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
                    return self.rfile.read(int(self.headers.get("Content-Length") or 0))
                pieces = []
                while size := int(self.rfile.readline().split(b";")[0], 16):
                    pieces.append(self.rfile.read(size))
                    self.rfile.readline()
                while self.rfile.readline().strip():
                    pass
                return b"".join(pieces)

            def answer(self, status: int, headers: dict[str, str], body: bytes) -> None:
                self.send_response_only(status)
                for name, value in headers.items():
                    if name.lower() not in HOP_BY_HOP:
                        self.send_header(name, value)
                length = len(body)
                if self.command == "HEAD":
                    length = int(headers.get("Content-Length", 0))
                self.send_header("Content-Length", str(length))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(body)

            do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = handle_any  # noqa: N815

            def log_message(self, *args: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.port = self.server.server_port
        self.thread = threading.Thread(target=self.server.serve_forever)

    def __enter__(self) -> FaultyProxy:
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()
