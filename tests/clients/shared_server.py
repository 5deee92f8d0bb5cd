"""The server that the client tests talk to: one for all, or one's own when run alone."""

from __future__ import annotations

import os
import sys
import tempfile
import unittest
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from live_server import LiveServer, find_slipway  # noqa: E402

ADDRESS = "SLIPWAY_TEST_SERVER"  # set by run_all.py


class ClientTest(unittest.TestCase):
    """Tests with an `address`, a `folder` for files, and MLflow's client set to the server."""

    address: str
    folder: Path

    @classmethod
    def setUpClass(cls) -> None:
        folder = cls.enterClassContext(tempfile.TemporaryDirectory(prefix="slipway-client-"))
        cls.folder = Path(folder)
        cls.address = os.environ.get(ADDRESS, "")
        if not cls.address:
            server = cls.enterClassContext(LiveServer(find_slipway(None), cls.folder, []))
            cls.address = server.address
        os.environ["MLFLOW_TRACKING_URI"] = cls.address
        os.environ["MLFLOW_HTTP_REQUEST_MAX_RETRIES"] = "1"  # a wrong 500 fails at once
        os.environ["GIT_PYTHON_REFRESH"] = "quiet"

    def experiment(self, name: str) -> str:
        """Make an experiment that no other test has, set it, and give its id."""
        import mlflow

        full = f"{name} {os.urandom(4).hex()}"
        return mlflow.set_experiment(full).experiment_id


def small_classifier() -> tuple[Any, Any]:
    """Give 20 rows of two columns, and a logistic regression fitted to them."""
    import numpy
    from sklearn.linear_model import LogisticRegression

    x = numpy.arange(40.0).reshape(20, 2)
    return x, LogisticRegression().fit(x, x[:, 0] > 20)
