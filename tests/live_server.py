"""A real `slipway server` on a free port and in a folder of its own, for the test runners."""

from __future__ import annotations

import os
import queue
import signal
import subprocess
import threading
from pathlib import Path
from types import TracebackType

REPO = Path(__file__).resolve().parent.parent
START_LIMIT_S = 60
STOP_LIMIT_S = 30
READY = "Listening on "


class ServerError(Exception):
    """The server did not start, did not stop, or did not stop cleanly."""


def find_slipway(option: str | None) -> Path:
    """Give the program under test: --slipway, else $SLIPWAY, else the release build."""
    path = Path(option or os.environ.get("SLIPWAY") or REPO / "build/release/slipway").resolve()
    if not path.is_file():
        raise SystemExit(f"no program at {path}: run `make build`, or name one with --slipway")
    return path


def clean_environment(home: Path) -> dict[str, str]:
    """Give an environment in which nothing of this account's own settings is seen."""
    kept = {
        key: value
        for key, value in os.environ.items()
        if not key.startswith(("SLIPWAY", "MLFLOW_", "DATABRICKS_"))
    }
    return kept | {"HOME": str(home)}


class LiveServer:
    """A server that runs from __enter__ to __exit__; it must end with 0 after SIGTERM."""

    def __init__(
        self,
        slipway: Path,
        folder: Path,
        flags: list[str],
        environment: dict[str, str] | None = None,
        log: Path | None = None,
    ) -> None:
        self.address = ""
        self._environment = environment or {}
        self._errors = log or folder / "server.stderr"
        self._command = [str(slipway), "server", "--port", "0"]
        self._command += ["--data-dir", str(folder / "data"), *flags]
        self._folder = folder
        self._process: subprocess.Popen[str] | None = None

    @property
    def pid(self) -> int:
        """The process while the server runs."""
        assert self._process is not None
        return self._process.pid

    def __enter__(self) -> LiveServer:
        with self._errors.open("w") as errors:
            self._process = subprocess.Popen(
                self._command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                cwd=self._folder,
                env=clean_environment(self._folder) | self._environment,
            )
        lines: queue.Queue[str | None] = queue.Queue()
        threading.Thread(target=self._read, args=(self._process, lines), daemon=True).start()
        try:
            self.address = self._wait_until_ready(lines)
        except ServerError:
            self._kill()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)
        try:
            code = self._process.wait(STOP_LIMIT_S)
        except subprocess.TimeoutExpired:
            self._kill()
            raise ServerError(f"still running {STOP_LIMIT_S} s after SIGTERM") from None
        if code != 0:
            raise ServerError(f"exit code {code} after SIGTERM\n{self.last_errors()}")

    def last_errors(self, n_characters: int = 4000) -> str:
        """Give the end of what the server wrote to standard error."""
        return self._errors.read_text(errors="replace")[-n_characters:].rstrip()

    @staticmethod
    def _read(process: subprocess.Popen[str], lines: queue.Queue[str | None]) -> None:
        assert process.stdout is not None
        for line in process.stdout:  # to the end, so that a full pipe never stops the server
            lines.put(line)
        lines.put(None)

    def _wait_until_ready(self, lines: queue.Queue[str | None]) -> str:
        while True:
            try:
                line = lines.get(timeout=START_LIMIT_S)
            except queue.Empty:
                raise ServerError(f"no line `{READY}ADDRESS` within {START_LIMIT_S} s") from None
            if line is None:
                raise ServerError(f"ended before it was ready\n{self.last_errors()}")
            if line.startswith(READY):
                return line[len(READY) :].strip()

    def _kill(self) -> None:
        assert self._process is not None
        self._process.kill()
        self._process.wait()
