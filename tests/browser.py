"""Pages in a real, headless Chromium."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path

LIMIT_S = 90
FLAGS = [
    "--headless",
    "--no-sandbox",  # Chromium refuses its sandbox to root; the pages are our own
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--virtual-time-budget=8000",
]


def _run(arguments: list[str]) -> str:
    chromium = shutil.which("chromium")
    if chromium is None:
        raise AssertionError("chromium is not installed: run `make setup`")
    with tempfile.TemporaryDirectory() as profile:
        done = subprocess.run(
            [chromium, *FLAGS, f"--user-data-dir={profile}", *arguments],
            capture_output=True,
            text=True,
            timeout=LIMIT_S,
            check=False,
        )
    if done.returncode != 0:
        raise AssertionError(f"chromium ended with {done.returncode}: {done.stderr[-1000:]}")
    return done.stdout


def page_text(url: str) -> str:
    """Give the page's document once its scripts have run."""
    return _run(["--dump-dom", url])


def screenshot(url: str, to: Path) -> None:
    """Write a picture of the page."""
    _run([f"--screenshot={to}", "--window-size=1360,900", url])
