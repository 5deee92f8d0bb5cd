"""The unmodified MLflow client (3.17.2) and our command line over https, with a real certificate.

Run by Python from .deps/python. $SLIPWAY names the program; the program openssl makes the files.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from live_server import LiveServer, clean_environment, find_slipway  # noqa: E402

KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]


def make_certificates(folder: Path) -> None:
    """Make an authority's certificate, and a server's for 127.0.0.1 that it signed."""

    def openssl(*arguments: str) -> None:
        subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)

    for name in ("authority", "stranger"):
        files = ["-keyout", f"{name}.key", "-out", f"{name}.pem"]
        extensions = ["-addext", "keyUsage=critical,keyCertSign,cRLSign"]  # Python 3.13 wants it
        openssl("req", "-x509", *KEY, "-days", "2", "-subj", f"/CN={name}", *extensions, *files)
    openssl("req", "-new", *KEY, "-subj", "/CN=server", "-keyout", "server.key", "-out", "csr.pem")
    (folder / "names").write_text("subjectAltName=IP:127.0.0.1\n")
    signing = ["-CA", "authority.pem", "-CAkey", "authority.key", "-CAcreateserial"]
    to = ["-days", "2", "-extfile", "names", "-out", "server.pem"]
    openssl("x509", "-req", "-in", "csr.pem", *signing, *to)


class TlsTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.temporary = tempfile.TemporaryDirectory(prefix="slipway-tls-")
        cls.folder = Path(cls.temporary.name)
        make_certificates(cls.folder)
        flags = ["--tls-cert", str(cls.folder / "server.pem")]
        flags += ["--tls-key", str(cls.folder / "server.key")]
        cls.server = LiveServer(find_slipway(None), cls.folder, flags)
        cls.server.__enter__()
        os.environ["MLFLOW_HTTP_REQUEST_MAX_RETRIES"] = "0"

    @classmethod
    def tearDownClass(cls) -> None:
        cls.server.__exit__(None, None, None)
        cls.temporary.cleanup()

    def trust(self, name: str) -> None:
        os.environ["MLFLOW_TRACKING_SERVER_CERT_PATH"] = str(self.folder / name)

    def slipway(self, address: str, certificate: str) -> subprocess.CompletedProcess[str]:
        environment = clean_environment(self.folder)
        environment["MLFLOW_TRACKING_SERVER_CERT_PATH"] = str(self.folder / certificate)
        command = [str(find_slipway(None)), "experiments", "list", "--server", address]
        return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)

    def test_mlflow_logs_and_downloads(self) -> None:
        import mlflow

        self.assertTrue(self.server.address.startswith("https://127.0.0.1:"))
        self.trust("authority.pem")
        mlflow.set_tracking_uri(self.server.address)
        with mlflow.start_run() as run:
            mlflow.log_metric("loss", 0.5)
            mlflow.log_text("x" * 2_000_000, "notes/long.txt")
        client = mlflow.MlflowClient()
        self.assertEqual(client.get_run(run.info.run_id).data.metrics, {"loss": 0.5})
        text = mlflow.artifacts.load_text(f"runs:/{run.info.run_id}/notes/long.txt")
        self.assertEqual(text, "x" * 2_000_000)

    def test_mlflow_refuses_a_stranger(self) -> None:
        import mlflow

        self.trust("stranger.pem")
        client = mlflow.MlflowClient(self.server.address)
        with self.assertRaisesRegex(mlflow.exceptions.MlflowException, "CERTIFICATE_VERIFY_FAILED"):
            client.search_experiments()

    def test_our_command_line(self) -> None:
        good = self.slipway(self.server.address, "authority.pem")
        self.assertEqual((good.returncode, "Default" in good.stdout), (0, True), good.stderr)
        wrong_name = self.server.address.replace("127.0.0.1", "localhost")
        for address, certificate, reason in (
            (self.server.address, "stranger.pem", "its certificate is refused"),
            (wrong_name, "authority.pem", "hostname mismatch"),
        ):
            refused = self.slipway(address, certificate)
            self.assertEqual(refused.returncode, 1)
            self.assertIn(reason, refused.stderr)


if __name__ == "__main__":
    unittest.main()
