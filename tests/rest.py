#!/usr/bin/env python3
"""Run `.rest` files against a real server; docs/testing.md describes the format.

python3 tests/rest.py tests/rest                 each file against a fresh server of its own
python3 tests/rest.py --postgres tests/rest      the same over PostgreSQL, in a cluster of its own
python3 tests/rest.py --against http://HOST F…   the same requests to another server
python3 tests/rest.py --rewrite F…               record what differs (never a 5xx)
"""

from __future__ import annotations

import argparse
import base64
import http.client
import json
import re
import secrets
import shlex
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from live_server import REPO, LiveServer, ServerError, clean_environment, find_slipway
from matching import ABSENT, REST, Unbound, Variables, is_regex, match, match_regex, shown
from postgres import Cluster

REQUEST = re.compile(r"(GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS) (/\S*)$")
HEADER = re.compile(r"([A-Za-z][A-Za-z0-9-]*): ?(.*)$")
STATUS = re.compile(r"--> (\d{3}|\?)(?: within (\d+)s)?$")
DIRECTIVE = re.compile(r"# (source|server|only|users): (.+)$")
REQUEST_LIMIT_S = 120
RETRY_PAUSE_S = 0.1


class BadFile(Exception):
    """A file that is not in the format; says where and why."""


@dataclass
class Body:
    """A block of lines: JSON, a `~regex~`, or raw text between `<<<` and `>>>`."""

    text: str = ""
    is_raw: bool = False
    first_line: int = 0  # 1-based; 0 where there is no block
    last_line: int = 0


@dataclass
class Step:
    """One request and what its answer must be."""

    line: int
    method: str
    path: str
    headers: dict[str, str] = field(default_factory=dict)
    body: Body = field(default_factory=Body)
    status: str = ""
    status_line: int = 0
    within_s: int = 0
    answer_headers: dict[str, str] = field(default_factory=dict)
    answer: Body = field(default_factory=Body)


@dataclass
class Script:
    path: Path
    lines: list[str]
    steps: list[Step] = field(default_factory=list)
    directives: dict[str, str] = field(default_factory=dict)


@dataclass
class Answer:
    status: int
    headers: dict[str, str]  # names in lower case
    body: str

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Outcome:
    path: Path
    failures: list[str] = field(default_factory=list)
    n_requests: int = 0
    skipped: str = ""
    rewritten: bool = False


class Parser:
    """Reads a script line by line; a request ends where the next begins."""

    def __init__(self, path: Path) -> None:
        self.script = Script(path, path.read_text().splitlines())
        self.at = 0  # index of the next line

    def parse(self) -> Script:
        while self.at < len(self.script.lines):
            line = self.script.lines[self.at]
            directive = DIRECTIVE.match(line)
            if directive:
                self.script.directives[directive[1]] = directive[2].strip()
            if not line.strip() or line.startswith("#"):
                self.at += 1
            else:
                self.script.steps.append(self.step())
        if "source" not in self.script.directives:
            raise BadFile("no line `# source: …` that says where the expectations come from")
        if not self.script.steps:
            raise BadFile("no request in it")
        return self.script

    def step(self) -> Step:
        request = REQUEST.match(self.script.lines[self.at])
        if not request:
            raise BadFile(f"line {self.at + 1}: expected `METHOD /path`")
        step = Step(self.at + 1, request[1], request[2])
        self.at += 1
        step.headers = self.headers()
        step.body = self.block()
        status = STATUS.match(self.line())
        if not status:
            raise BadFile(f"line {self.at + 1}: expected `--> STATUS` of the request above")
        step.status, step.status_line = status[1], self.at + 1
        step.within_s = int(status[2] or 0)
        self.at += 1
        step.answer_headers = self.headers()
        step.answer = self.block()
        return step

    def line(self) -> str:
        return self.script.lines[self.at] if self.at < len(self.script.lines) else ""

    def headers(self) -> dict[str, str]:
        found: dict[str, str] = {}
        while header := HEADER.match(self.line()):
            found[header[1]] = header[2].strip()
            self.at += 1
        return found

    def block(self) -> Body:
        """Take the lines up to the next `-->` or request; comments are no part of it."""
        body = Body()
        taken: list[str] = []
        while self.at < len(self.script.lines):
            line = self.line()
            if REQUEST.match(line) or line.startswith("-->"):
                break
            if line == "<<<" and not taken:
                return self.raw_block()
            if line.strip() and not line.startswith("#"):
                body.first_line = body.first_line or self.at + 1
                body.last_line = self.at + 1
                taken.append(line)
            self.at += 1
        body.text = "\n".join(taken)
        return body

    def raw_block(self) -> Body:
        start = self.at + 1
        try:
            end = self.script.lines.index(">>>", start)
        except ValueError:
            raise BadFile(f"line {start}: `<<<` without `>>>`") from None
        self.at = end + 1
        return Body("\n".join(self.script.lines[start:end]), True, start, end + 1)


def password_of(user: str) -> str:
    """Give the password that the tests' users have, on our server and on MLflow's."""
    return f"{user}-password-1"


def add_credentials(headers: dict[str, str], admin: str | None) -> None:
    """Turn `As: NAME` into HTTP Basic; the admin asks where a file with users names no one."""
    user = headers.pop("As", admin)
    if user and user != "nobody" and "Authorization" not in headers:
        pair = f"{user}:{password_of(user)}".encode()
        headers["Authorization"] = f"Basic {base64.b64encode(pair).decode()}"


def make_admin(slipway: Path, folder: Path, name: str, database: list[str]) -> None:
    """Make the first user, in the data folder of a server that does not run yet."""
    command = [str(slipway), "users", "create", name, "--admin", "--data-dir", f"{folder}/data"]
    command += database
    environment = clean_environment(folder) | {"SLIPWAY_PASSWORD": password_of(name)}
    subprocess.run(command, env=environment, check=True, capture_output=True, timeout=60)


def send(address: str, step: Step, variables: Variables, admin: str | None = None) -> Answer:
    """Send the request of a step as it stands in the file, variables filled in."""
    url = urlsplit(address)
    kind = http.client.HTTPSConnection if url.scheme == "https" else http.client.HTTPConnection
    connection = kind(url.netloc, timeout=REQUEST_LIMIT_S)
    headers = {name: variables.fill_text(value) for name, value in step.headers.items()}
    add_credentials(headers, admin)
    body: bytes | None = None
    if step.body.first_line:
        fill = variables.fill_text if step.body.is_raw else variables.fill_json
        body = fill(step.body.text).encode()
        if not step.body.is_raw and "content-type" not in map(str.lower, headers):
            headers["Content-Type"] = "application/json"
    try:
        connection.request(step.method, variables.fill_path(step.path), body, headers)
        answer = connection.getresponse()
        text = answer.read().decode(errors="replace")
        names = {name.lower(): value for name, value in answer.getheaders()}
        return Answer(answer.status, names, text)
    finally:
        connection.close()


def compare(step: Step, answer: Answer, variables: Variables) -> list[str]:
    """Give one line for each difference between the answer and what the file says."""
    if step.status == "?":
        return [f"status: not recorded yet (--rewrite would), got {answer.status}"]
    differences = []
    if answer.status != int(step.status):
        differences.append(f"status: expected {step.status}, got {answer.status}")
    for name, value in step.answer_headers.items():
        got = answer.headers.get(name.lower())
        differences += match(value, got, variables, f"header {name}")
    return differences + compare_body(step.answer, answer, variables)


def compare_body(expected: Body, answer: Answer, variables: Variables) -> list[str]:
    if not expected.first_line:
        return []
    if expected.is_raw:
        wanted = variables.fill_text(expected.text)
        same = wanted == answer.body
        return [] if same else [f"answer: expected {shown(wanted)}, got {shown(answer.body)}"]
    if is_regex(expected.text):
        if match_regex(expected.text, answer.body, variables):
            return []
        return [f"answer: expected {expected.text}, got {shown(answer.body)}"]
    wanted = json.loads(expected.text)
    try:
        got = answer.json()
    except ValueError:
        return [f"answer: expected {shown(wanted)}, got no JSON but {shown(answer.body)}"]
    return match(wanted, got, variables)


class Run:
    """Runs one script against one server."""

    def __init__(self, script: Script, address: str, folder: Path, rewrite: bool) -> None:
        self.script = script
        self.address = address
        self.rewrite = rewrite
        self.outcome = Outcome(script.path)
        self.recorded: dict[int, list[str]] = {}  # by index of step
        self.variables = Variables(
            unique=secrets.token_hex(6), server=address, folder=str(folder), repo=str(REPO)
        )

    def run(self) -> Outcome:
        for i, step in enumerate(self.script.steps):
            try:
                self.run_step(i, step)
            except (Unbound, OSError, http.client.HTTPException, ValueError, re.error) as error:
                self.fail(step, [f"{type(error).__name__}: {error}"])
        if self.recorded and not self.outcome.failures:
            self.write()
        return self.outcome

    def run_step(self, i: int, step: Step) -> None:
        deadline = time.monotonic() + step.within_s
        before = dict(self.variables)
        while True:
            admin = self.script.directives.get("users")
            answer = send(self.address, step, self.variables, admin)
            self.outcome.n_requests += 1
            differences = compare(step, answer, self.variables)
            if not differences or time.monotonic() >= deadline:
                break
            self.variables = Variables(before)
            time.sleep(RETRY_PAUSE_S)
        if not differences:
            return
        if self.rewrite and answer.status < 500:
            self.recorded[i] = record(step, answer, self.variables)
        else:
            self.fail(step, [*differences, f"the whole answer: {shown(answer.body)}"])

    def fail(self, step: Step, lines: list[str]) -> None:
        head = f"{self.script.path}:{step.line}: {step.method} {step.path}"
        self.outcome.failures.append("\n".join([head, *(f"    {line}" for line in lines)]))

    def write(self) -> None:
        lines = list(self.script.lines)
        for i in sorted(self.recorded, reverse=True):
            step = self.script.steps[i]
            end = max(step.answer.last_line, step.status_line + len(step.answer_headers))
            lines[step.status_line - 1 : end] = self.recorded[i]
        self.script.path.write_text("\n".join(lines) + "\n")
        self.outcome.rewritten = True


def record(step: Step, answer: Answer, variables: Variables) -> list[str]:
    """Give the lines from `-->` on as the answer would have them, keeping what still holds."""
    within = f" within {step.within_s}s" if step.within_s else ""
    lines = [f"--> {answer.status}{within}"]
    for name, value in step.answer_headers.items():
        got = answer.headers.get(name.lower(), "")
        lines.append(f"{name}: {kept(value, got, variables)}")
    if not step.answer.first_line and step.status != "?":
        return lines
    try:
        got = answer.json()
    except ValueError:
        return [*lines, "<<<", *answer.body.splitlines(), ">>>"]
    wanted: Any = None
    if not step.answer.is_raw and step.answer.text and not is_regex(step.answer.text):
        wanted = json.loads(step.answer.text)
    text = json.dumps(kept(wanted, got, variables), ensure_ascii=False)
    if len(text) > 100:
        text = json.dumps(kept(wanted, got, variables), ensure_ascii=False, indent=1)
    return [*lines, *text.splitlines()]


def kept(wanted: Any, got: Any, variables: Variables) -> Any:
    """Give what to expect from now on: the old expectation where it holds, else the answer."""
    if isinstance(wanted, dict) and isinstance(got, dict):
        both = {key: kept(wanted[key], got[key], variables) for key in wanted if key in got}
        return both | {k: v for k, v in wanted.items() if v == ABSENT and k not in got}
    if isinstance(wanted, list) and isinstance(got, list):
        rest = [REST] if wanted[-1:] == [REST] else []
        old = wanted[: len(wanted) - len(rest)] + [None] * len(got)
        end = len(wanted) - 1 if rest else len(got)
        return [kept(w, g, variables) for w, g in zip(old, got[:end])] + rest
    if wanted is not None and not match(wanted, got, variables):
        return wanted
    for name, value in variables.items():
        if isinstance(value, str) and len(value) >= 8 and value == got:
            return f"${name}"
    return got.replace("$", "$$") if isinstance(got, str) else got


def run_file(path: Path, options: argparse.Namespace) -> Outcome:
    """Run one script, with a server started for it unless --against names one."""
    try:
        script = Parser(path).parse()
    except BadFile as error:
        return Outcome(path, [f"{path}: {error}"])
    with tempfile.TemporaryDirectory(prefix="slipway-rest-") as name:
        folder = Path(name)
        if options.against:
            if "only" in script.directives:
                return Outcome(path, skipped=f"only {script.directives['only']}")
            return Run(script, options.against.rstrip("/"), folder, options.rewrite).run()
        variables = Variables(folder=name, repo=str(REPO))
        outcome = Outcome(path)
        try:
            flags = shlex.split(variables.fill_text(script.directives.get("server", "")))
            database = ["--db", options.cluster.new_database()] if options.cluster else []
            flags += database
            if "users" in script.directives:
                make_admin(options.slipway, folder, script.directives["users"], database)
            flags += shlex.split(options.server_flags)
            with LiveServer(options.slipway, folder, flags) as server:
                outcome = Run(script, server.address, folder, options.rewrite).run()
                if outcome.failures:
                    outcome.failures.append(f"server's log, its end:\n{server.last_errors()}")
        except (ServerError, Unbound) as error:
            outcome.failures.append(f"{path}: server: {error}")
        return outcome


def find_scripts(places: list[str], kind: str, slow: bool) -> list[Path]:
    """Give the files named, and those in the folders named: .KIND, and .KIND_slow if `slow`."""
    found: list[Path] = []
    for place in map(Path, places):
        if place.is_dir():
            found += sorted(place.rglob(f"*.{kind}"))
            found += sorted(place.rglob(f"*.{kind}_slow")) if slow else []
        elif place.is_file():
            found.append(place)
        else:
            raise SystemExit(f"no file or folder {place}")
    if not found:
        raise SystemExit(f"no .{kind} file in {' '.join(places)}")
    return found


def report(outcomes: list[Outcome]) -> int:
    """Print the last lines and give the exit code."""
    n_failed = sum(bool(outcome.failures) for outcome in outcomes)
    n_skipped = sum(bool(outcome.skipped) for outcome in outcomes)
    print(f"{len(outcomes) - n_failed - n_skipped} passed, {n_failed} failed")
    return 1 if n_failed else 0


def show(outcome: Outcome) -> None:
    if outcome.skipped:
        print(f"skipped {outcome.path}: {outcome.skipped}")
    if outcome.rewritten:
        print(f"rewritten {outcome.path}")
    for failure in outcome.failures:
        print(failure)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("places", nargs="+", metavar="FILE_OR_DIR")
    parser.add_argument("--slipway", help="the program (default $SLIPWAY, build/release/slipway)")
    parser.add_argument("--against", metavar="URL", help="test this server instead of our own")
    parser.add_argument("--postgres", action="store_true", help="keep all in PostgreSQL")
    parser.add_argument("--server-flags", default="", help="more flags for our own server")
    parser.add_argument("--rewrite", action="store_true", help="record answers that differ")
    parser.add_argument("--slow", action="store_true", help="also run .rest_slow files")
    parser.add_argument("--jobs", type=int, default=2, help="files at a time (default 2)")
    options = parser.parse_args()
    if not options.against:
        options.slipway = find_slipway(options.slipway)
    started = time.monotonic()
    outcomes = []
    scripts = find_scripts(options.places, "rest", options.slow)
    with ExitStack() as stack:
        # not durable: nothing here is about power cuts, and each file makes a database
        options.cluster = (
            stack.enter_context(Cluster(durable=False)) if options.postgres else None
        )
        pool = stack.enter_context(ThreadPoolExecutor(options.jobs))
        for outcome in pool.map(lambda path: run_file(path, options), scripts):
            outcomes.append(outcome)
            show(outcome)
    n_requests = sum(outcome.n_requests for outcome in outcomes)
    print(f"{n_requests} requests in {time.monotonic() - started:.1f} s")
    return report(outcomes)


if __name__ == "__main__":
    sys.exit(main())
