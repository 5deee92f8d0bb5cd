"""Run the tests of real clients against one server, a few processes at a time.

python3 tests/clients/run_all.py            all of them
python3 tests/clients/run_all.py models     those whose file's name begins so
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
from live_server import REPO, LiveServer, clean_environment, find_slipway  # noqa: E402
from shared_server import ADDRESS  # noqa: E402

# the longest first
FILES = [
    "autolog",
    "java",
    "models",
    "serving_endpoints",
    "command_line",
    "mlflow2",
    "tracking",
    "artifacts",
    "registry",
]
LIMIT_S = 900  # for a machine that does much else; alone, the longest takes half a minute


@dataclass
class Outcome:
    file: str
    n_tests: int
    n_failed: int
    seconds: float
    output: str


def run(file: str, address: str, home: Path) -> Outcome:
    """Run one file with the Python that has its client."""
    python = REPO / ".deps" / ("mlflow2" if file == "mlflow2" else "python") / "bin/python"
    environment = clean_environment(home) | {
        ADDRESS: address,
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    started = time.monotonic()
    try:
        done = subprocess.run(
            [python, "-W", "ignore", HERE / f"{file}_test.py"],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=LIMIT_S,
        )
        output, code = done.stdout, done.returncode
    except subprocess.TimeoutExpired as late:
        said = late.stdout.decode(errors="replace") if late.stdout else ""
        output, code = f"{said}\nmore than {LIMIT_S} s", 1
    ran = re.search(r"^Ran (\d+) test", output, re.MULTILINE)
    n_tests = int(ran[1]) if ran else 0
    failed = sum(int(n) for n in re.findall(r"(?:failures|errors)=(\d+)", output))
    if n_tests == 0 or (code != 0 and failed == 0):
        failed += 1  # it broke off, or tested nothing
        n_tests = max(n_tests, failed)
    return Outcome(file, n_tests, failed, time.monotonic() - started, output)


def main() -> int:
    wanted = sys.argv[1:] or [""]
    files = [f for f in FILES if any(f.startswith(name) for name in wanted)]
    if not files:
        raise SystemExit(f"no such file; accepted: {', '.join(FILES)}")
    with tempfile.TemporaryDirectory(prefix="slipway-clients-") as name:
        folder = Path(name)
        with (
            LiveServer(find_slipway(None), folder, []) as server,
            ThreadPoolExecutor(max_workers=os.cpu_count() or 2) as pool,
        ):
            waits = [pool.submit(run, file, server.address, folder) for file in files]
            outcomes = [wait.result() for wait in waits]
    for outcome in outcomes:
        n_passed = outcome.n_tests - outcome.n_failed
        print(f"{outcome.file}: {n_passed} of {outcome.n_tests} in {outcome.seconds:.1f} s")
        if outcome.n_failed:
            print(outcome.output)
    n_failed = sum(o.n_failed for o in outcomes)
    print(f"{sum(o.n_tests for o in outcomes) - n_failed} passed, {n_failed} failed")
    return 1 if n_failed else 0


if __name__ == "__main__":
    sys.exit(main())
