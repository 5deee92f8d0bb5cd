"""A real PostgreSQL cluster in a temporary folder, for the tests: made, started, stopped, gone."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import threading
from pathlib import Path
from types import TracebackType
from typing import Any

PROGRAMS = Path("/usr/lib/postgresql/15/bin")
USER = "slipway"


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def account() -> pwd.struct_passwd | None:
    """Give whom the server runs as: PostgreSQL refuses root, so one who may do nothing else."""
    if os.getuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise SystemExit("root needs an account `postgres` or `nobody` to run PostgreSQL as")


class Cluster:
    """PostgreSQL on 127.0.0.1 from __enter__ to __exit__.

    fsync is on, as it is by default; without it (Cluster(durable=False)) tests that are not about
    power cuts are quicker, and see the same.
    """

    def __init__(self, *, durable: bool = True, settings: dict[str, str] | None = None) -> None:
        if not (PROGRAMS / "postgres").is_file():
            raise SystemExit(f"no PostgreSQL in {PROGRAMS}: run `tools/setup test` first")
        self.port = free_port()
        self._settings = {"max_connections": "200", "shared_buffers": "64MB"} | (settings or {})
        if not durable:
            self._settings |= {"fsync": "off", "full_page_writes": "off"}
        self._folder = Path(tempfile.mkdtemp(prefix="slipway-postgres-"))
        self._account = account()
        if self._account:
            os.chown(self._folder, self._account.pw_uid, self._account.pw_gid)
        self._running = False
        self._n_databases = 0
        self._counting = threading.Lock()

    def __enter__(self) -> Cluster:
        try:
            how = ["--no-sync", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8"]
            self._run("initdb", *how, f"--username={USER}", f"--pgdata={self.data}")
            self.start()
        except BaseException:
            with contextlib.suppress(AssertionError):
                self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            if self._running:
                self.stop("immediate")  # nothing of it is kept
        finally:
            self._clean()

    @property
    def data(self) -> Path:
        return self._folder / "data"

    def start(self) -> None:
        options = f"-p {self.port} -c listen_addresses=127.0.0.1 -k {self._folder}"
        for name, value in self._settings.items():
            options += f" -c {name}={value}"
        log = f"--log={self._folder / 'log'}"
        where = f"--pgdata={self.data}"
        self._running = True  # also where it is slow to start
        self._run("pg_ctl", "start", "--wait", "--timeout=60", where, log, f"--options={options}")

    def stop(self, mode: str = "fast") -> None:
        """Stop it: `fast` ends what is under way, `immediate` is as good as a power cut."""
        self._running = False
        self._run("pg_ctl", "stop", "--wait", f"--mode={mode}", f"--pgdata={self.data}")

    def sql(self, text: str, database: str = "postgres") -> str:
        """Run SQL by psql, and give its rows, one a line, cells separated by `|`."""
        how = ["--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--set=ON_ERROR_STOP=1"]
        return self._run("psql", *how, f"--dbname={self.address(database)}", f"--command={text}")

    def new_database(self) -> str:
        """Make an empty database and give its address. Safe from any thread."""
        with self._counting:
            self._n_databases += 1
            name = f"test{self._n_databases}"
        self.sql(f"CREATE DATABASE {name}")
        return self.address(name)

    def address(self, name: str) -> str:
        return f"postgresql://{USER}@127.0.0.1:{self.port}/{name}"

    def log(self) -> str:
        return (self._folder / "log").read_text(errors="replace")

    def _run(self, program: str, *arguments: str) -> str:
        who: dict[str, Any] = {}
        if self._account:
            who = {"user": self._account.pw_uid, "group": self._account.pw_gid, "extra_groups": []}
        outcome = subprocess.run(
            [str(PROGRAMS / program), *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            timeout=120,
            cwd=self._folder,
            env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "HOME": str(self._folder)},
            **who,
        )
        if outcome.returncode == 0:
            return outcome.stdout.strip()
        raise AssertionError(f"{program} {' '.join(arguments)}: {outcome.stderr.strip()}")

    def _clean(self) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)
