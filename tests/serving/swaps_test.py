"""A thousand swaps under load: versions, stages, aliases and traffic change while clients score
without pause; no request fails, and each answer is that of a version which was active."""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import threading
import time
import unittest
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from live_server import LiveServer, find_slipway  # noqa: E402
from served_models import Client, split  # noqa: E402

N_SWAPS = 1000
N_MODELS = 12  # that versions are made of; version v answers v % N_MODELS
NAME = "swapped"


@dataclass
class Span:
    """When a version may have been what a place served."""

    answer: int
    begins: float
    ends: float = float("inf")


@dataclass
class Place:
    """An address, what it may have answered when, and what it did answer."""

    path: str
    spans: list[Span] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)
    n_scored: int = 0
    failures: list[str] = field(default_factory=list)

    def begin(self, answers: set[int]) -> None:
        """From now on these may be answered, too."""
        with self.lock:
            now = time.monotonic()
            for answer in answers:
                open_now = [s for s in self.spans if s.answer == answer and s.ends == float("inf")]
                if not open_now:
                    self.spans.append(Span(answer, now))

    def end(self, answers: set[int]) -> None:
        """From now on nothing but these."""
        with self.lock:
            now = time.monotonic()
            for span in self.spans:
                if span.answer not in answers:
                    span.ends = min(span.ends, now)

    def check(self, answer: float, began: float, ended: float) -> bool:
        with self.lock:
            recent = self.spans[-40:]
            return any(s.answer == answer and s.begins <= ended and s.ends >= began for s in recent)


def score_forever(address: str, token: str, place: Place, stop: threading.Event) -> None:
    client = Client(address, token)
    while not stop.is_set():
        began = time.monotonic()
        try:
            status, answer = client.score(place.path)
        except OSError as error:
            place.failures.append(f"{place.path}: {error!r}")
            return
        ended = time.monotonic()
        place.n_scored += 1
        if status != 200:
            place.failures.append(f"{place.path}: {status} {answer}")
        elif not place.check(answer, began, ended):
            place.failures.append(f"{place.path}: {answer} at {began:.3f} to {ended:.3f}")
    client.close()


class Swapper:
    """Changes what is served, and notes what each place may answer meanwhile."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.random = random.Random(7)
        self.active: list[int] = []
        self.alias = Place(f"/model/{NAME}/champion/invocations")
        self.stage = Place(f"/model/{NAME}/Production/invocations")
        self.split = Place("/serving-endpoints/split/invocations")
        self.in_production = 0
        self.routed: set[int] = set()

    def settle(self) -> None:
        """Have the server look at the registry: what it answers after that is the new state."""
        self.client.ask("GET", f"/api/2.0/mlflow/endpoints/get?registered_model_name={NAME}")

    def add_version(self) -> None:
        made = len(self.active) and max(self.active)
        version = self.client.register(NAME, f"m{(made + 1) % N_MODELS}")
        assert version == made + 1
        self.active.append(version)

    def set_alias(self) -> None:
        version = self.random.choice(self.active[-4:])
        self.alias.begin({version % N_MODELS})
        body = {"name": NAME, "alias": "champion", "version": str(version)}
        self.client.mlflow("registered-models/alias", body)
        self.settle()
        self.alias.end({version % N_MODELS})
        self.champion = version

    def move_stage(self, version: int, stage: str) -> None:
        body: dict[str, Any] = {"name": NAME, "version": str(version), "stage": stage}
        body["archive_existing_versions"] = False
        self.client.mlflow("model-versions/transition-stage", body)

    def set_production(self) -> None:
        version = self.random.choice([v for v in self.active[-4:] if v != self.in_production])
        self.stage.begin({version % N_MODELS})
        self.move_stage(version, "Production")
        if self.in_production:
            self.move_stage(self.in_production, "Staging")
        self.settle()
        self.stage.end({version % N_MODELS})
        self.in_production = version

    def set_split(self) -> None:
        versions = self.random.sample(self.active[-4:], 2)
        share = self.random.randint(10, 90)
        parts = [(NAME, versions[0], share), (NAME, versions[1], 100 - share)]
        answers = {v % N_MODELS for v in versions}
        self.split.begin(answers)
        path = "/api/2.0/serving-endpoints"
        if self.routed:
            self.client.ask("PUT", f"{path}/split/config", split(parts))
        else:
            self.client.ask("POST", path, {"name": "split", "config": split(parts)})
        state = self.client.wait_for_update("split")["state"]
        assert state == {"ready": "READY", "config_update": "NOT_UPDATING"}, state
        self.split.end(answers)
        self.routed = set(versions)

    def drop_version(self) -> None:
        """Archive or delete the oldest version that nothing points to."""
        version = self.active[0]
        if len(self.active) < 6 or version in self.routed | {self.champion, self.in_production}:
            return self.add_version()
        if self.random.random() < 0.5:
            self.move_stage(version, "Archived")
        else:
            self.client.ask(
                "DELETE",
                "/api/2.0/mlflow/model-versions/delete",
                {"name": NAME, "version": str(version)},
            )
        self.active.pop(0)
        self.settle()
        status, answer = self.client.score_model(NAME, str(version))
        assert status == 404, (version, status, answer)
        return None


def swap(address: str, n_swaps: int, n_clients: int) -> tuple[Swapper, float]:
    client = Client(address)
    client.make_token()
    client.make_run()
    for answer in range(N_MODELS):
        client.upload_constant(f"m{answer}", answer)
    client.mlflow("registered-models/create", {"name": NAME})
    client.mlflow("endpoints/enable", {"registered_model_name": NAME})
    swapper = Swapper(client)
    for _ in range(5):
        swapper.add_version()
    swapper.set_alias()
    swapper.set_production()
    swapper.set_split()
    stop = threading.Event()
    places = [swapper.alias, swapper.stage, swapper.split]
    threads = [
        threading.Thread(target=score_forever, args=(address, client.token, place, stop))
        for i in range(n_clients)
        for place in [places[i % len(places)]]
    ]
    for thread in threads:
        thread.start()
    began = time.monotonic()
    changes = [swapper.set_alias, swapper.set_production, swapper.set_split]
    changes += [swapper.add_version, swapper.drop_version]
    try:
        for i in range(n_swaps):
            changes[i % len(changes)]()
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    return swapper, time.monotonic() - began


class SwapsTest(unittest.TestCase):
    n_swaps = N_SWAPS

    def test_no_request_fails(self) -> None:
        with (
            tempfile.TemporaryDirectory(prefix="slipway-swaps-") as folder,
            LiveServer(find_slipway(None), Path(folder), []) as server,
        ):
            swapper, seconds = swap(server.address, self.n_swaps, 6)
            places = [swapper.alias, swapper.stage, swapper.split]
            n_scored = sum(place.n_scored for place in places)
            print(f"{self.n_swaps} swaps and {n_scored} requests in {seconds:.1f} s")
            for place in places:
                self.assertEqual(place.failures, [])
                self.assertGreater(place.n_scored, self.n_swaps // 4)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--swaps", type=int, default=N_SWAPS)
    options, rest = parser.parse_known_args()
    SwapsTest.n_swaps = options.swaps
    unittest.main(argv=[sys.argv[0], *rest])
