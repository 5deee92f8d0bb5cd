#!/usr/bin/env python3
"""Run gtest programs with a real PostgreSQL: with_postgres.py PROGRAM FLAGS [-- PROGRAM FLAGS]…

Each finds the server's address in $SLIPWAY_TEST_POSTGRES. A test that is skipped fails here, and so
does a program that has none.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from itertools import groupby
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from postgres import Cluster  # noqa: E402


def run(command: list[str], address: str) -> bool:
    outcome = subprocess.run(
        command,
        env=os.environ | {"SLIPWAY_TEST_POSTGRES": address},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    n_run = re.search(r"^\[=+\] (\d+) tests? from .* ran", outcome.stdout, re.MULTILINE)
    print("\n".join(line for line in outcome.stdout.splitlines() if " RUN " not in line))
    skipped = "SKIPPED" in outcome.stdout
    if skipped:
        print("failed: a test was skipped")
    return outcome.returncode == 0 and not skipped and bool(n_run and int(n_run[1]) > 0)


def main() -> int:
    groups = groupby(sys.argv[1:], lambda word: word == "--")
    commands = [list(words) for is_break, words in groups if not is_break]
    # not durable: no power fails here, and every test makes its tables anew
    with Cluster(durable=False) as cluster:
        outcomes = [run(command, cluster.new_database()) for command in commands]
    return 0 if outcomes and all(outcomes) else 1


if __name__ == "__main__":
    sys.exit(main())
