"""Ctrl-C at any step of the tour: it ends, nothing is left running, and the store is whole."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from live_server import clean_environment, find_slipway  # noqa: E402
from tour_test import processes_with  # noqa: E402

DELAYS_S = [0.3, 2, 4, 8, 14, 22, 32]


class InterruptTest(unittest.TestCase):
    def interrupt_after(self, delay_s: float) -> None:
        with tempfile.TemporaryDirectory(prefix="slipway-interrupt-") as folder:
            work = Path(folder) / "work"
            process = subprocess.Popen(
                [find_slipway(None), "tour", "--trials", "4", "--dir", work],
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                text=True,
                env=clean_environment(Path(folder)),
            )
            time.sleep(delay_s)
            process.send_signal(signal.SIGINT)
            _, said = process.communicate(timeout=60)
            if process.returncode != 0:  # else the tour was over before
                self.assertEqual(process.returncode, 1, said)
                self.assertIn("interrupted", said)
            self.assertEqual(processes_with(str(work)), [])
            database = work / "workspace/slipway.db"
            if database.exists():
                with sqlite3.connect(database) as connection:
                    check = connection.execute("PRAGMA integrity_check").fetchone()
                connection.close()
                self.assertEqual(check, ("ok",))
            left = [p.name for p in work.rglob("*.part")]
            self.assertEqual(left, [])

    def test_at_any_step(self) -> None:
        for delay_s in DELAYS_S:
            with self.subTest(delay_s=delay_s):
                self.interrupt_after(delay_s)


if __name__ == "__main__":
    unittest.main()
