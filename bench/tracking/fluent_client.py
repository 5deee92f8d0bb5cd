"""MLflow's own client: makes runs of 10 metrics and 10 parameters; prints when it began and ended.

fluent_client.py ADDRESS N_RUNS START   START is the Unix time to wait for, so that several begin
together.
"""

from __future__ import annotations

import logging
import sys
import time

import mlflow

METRICS = {f"m{k}": k + 0.5 for k in range(10)}
PARAMS = {f"p{k}": k % 2 for k in range(10)}


def make_run() -> None:
    with mlflow.start_run():
        mlflow.log_metrics(METRICS)
        mlflow.log_params(PARAMS)


def main() -> None:
    address, n_runs, start = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
    logging.getLogger("mlflow").setLevel(logging.ERROR)
    mlflow.set_tracking_uri(address)
    make_run()  # connects, imports
    time.sleep(max(0.0, start - time.time()))
    began = time.time()
    for _ in range(n_runs):
        make_run()
    print(f"TIMES {began} {time.time()}")


if __name__ == "__main__":
    main()
