#!/usr/bin/env python3
"""Run `.cli` files: commands and what they must print; docs/testing.md describes the format.

python3 tests/cli.py tests/cli             each file in a fresh folder, HOME is that folder
"""

from __future__ import annotations

import argparse
import os
import re
import secrets
import shlex
import signal
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from live_server import REPO, LiveServer, ServerError, clean_environment, find_slipway
from matching import VARIABLE, Unbound, Variables, is_regex, match_regex
from rest import BadFile, Outcome, find_scripts, report, show

SERVER = re.compile(r"# server(?:: (.+))?$")
ANY_LINES = "..."
SHELL = "sh: "


@dataclass
class Step:
    """One command and what it must print."""

    line: int
    command: str
    stdout: list[str] = field(default_factory=list)
    stderr: list[str] = field(default_factory=list)
    exit_code: int = 0


@dataclass
class Script:
    path: Path
    steps: list[Step] = field(default_factory=list)
    server_flags: str | None = None


def parse(path: Path) -> Script:
    """Read a script: `$ command`, then its output, `! error output` and `? exit code`."""
    script = Script(path)
    for number, line in enumerate(path.read_text().splitlines(), 1):
        server = SERVER.match(line)
        if server:
            script.server_flags = server[1] or ""
        elif line.startswith("$ "):
            script.steps.append(Step(number, line[2:].strip()))
        elif line.startswith("#"):
            continue
        elif not script.steps:
            if line.strip():
                raise BadFile(f"line {number}: output before the first `$ command`")
        elif re.fullmatch(r"\? \d+", line):
            script.steps[-1].exit_code = int(line[2:])
        elif line == "!" or line.startswith("! "):
            script.steps[-1].stderr.append(line[2:])
        else:
            script.steps[-1].stdout.append(line)
    if not script.steps:
        raise BadFile("no `$ command` in it")
    return script


def matches_line(expected: str, got: str, variables: Variables) -> bool:
    """Compare one line: `~regex~`, or text in which a new $x takes one word."""
    if is_regex(expected):
        return match_regex(expected, got, variables)
    pattern, at, new = "", 0, set()
    for variable in VARIABLE.finditer(expected):
        pattern += re.escape(expected[at : variable.start()])
        name = variable["name"]
        if variable["escaped"]:
            pattern += re.escape("$")
        elif name in variables:
            pattern += re.escape(variables[name])
        else:
            pattern += f"(?P={name})" if name in new else rf"(?P<{name}>\S+)"
            new.add(name)
        at = variable.end()
    found = re.fullmatch(pattern + re.escape(expected[at:]), got)
    if found:
        variables.update(found.groupdict())
    return found is not None


def first_difference(expected: list[str], got: list[str], variables: Variables) -> str:
    """Compare outputs line by line; `...` stands for any lines. Empty text where they match."""
    at = 0
    for i, line in enumerate(expected):
        if line == ANY_LINES:
            if i + 1 == len(expected):
                return ""
            following = expected[i + 1]
            while at < len(got) and not matches_line(following, got[at], variables):
                at += 1
            continue
        if at == len(got):
            return f"expected another line: {line}"
        if not matches_line(line, got[at], variables):
            return f"line {at + 1}:\n      - {line}\n      + {got[at]}"
        at += 1
    return "" if at == len(got) else f"line {at + 1} was not expected:\n      + {got[at]}"


def output_lines(text: str) -> list[str]:
    return [line.rstrip() for line in text.strip("\n").splitlines()]


class Run:
    """Runs one script in its folder."""

    def __init__(self, script: Script, options: argparse.Namespace, folder: Path) -> None:
        self.script = script
        self.slipway: Path = options.slipway
        self.timeout_s: float = options.timeout
        self.folder = folder
        self.outcome = Outcome(script.path)
        self.variables = Variables(unique=secrets.token_hex(6), FOLDER=str(folder), REPO=str(REPO))

    def run(self) -> Outcome:
        for step in self.script.steps:
            try:
                differences = self.run_step(step)
            except (Unbound, OSError, ValueError, re.error) as error:
                differences = [f"{type(error).__name__}: {error}"]
            except subprocess.TimeoutExpired:
                differences = [f"still running after {self.timeout_s} s"]
            if differences:
                head = f"{self.script.path}:{step.line}: $ {step.command}"
                lines = [head, *(f"    {line}" for line in differences)]
                self.outcome.failures.append("\n".join(lines))
        return self.outcome

    def run_command(self, command: str) -> tuple[int, str, str]:
        """Run a command to its end; one that takes too long ends with all that it started."""
        process = subprocess.Popen(
            self.arguments(command),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            cwd=self.folder,
            env=self.environment(),
            start_new_session=True,
        )
        try:
            stdout, stderr = process.communicate(timeout=self.timeout_s)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
            raise
        return process.returncode, stdout, stderr

    def run_step(self, step: Step) -> list[str]:
        self.outcome.n_requests += 1
        returncode, stdout, stderr = self.run_command(step.command)
        differences = []
        if returncode != step.exit_code:
            differences.append(f"exit code: expected {step.exit_code}, got {returncode}")
        difference = self.compare(step.stdout, stdout)
        if difference:
            differences.append(f"output: {difference}")
        difference = self.compare(step.stderr, stderr) if step.stderr else ""
        if difference:
            differences.append(f"error output: {difference}")
        if differences:
            differences.append(f"the whole output: {stdout[-2000:]}")
            differences.append(f"the whole error output: {stderr[-2000:]}")
        return differences

    def compare(self, expected: list[str], got: str) -> str:
        wanted = output_lines("\n".join(expected))
        return first_difference(wanted, output_lines(got), self.variables)

    def arguments(self, command: str) -> list[str]:
        if command.startswith(SHELL):  # the shell finds the variables in its environment
            return ["/bin/sh", "-c", command[len(SHELL) :]]
        words = [self.variables.fill_text(word) for word in shlex.split(command)]
        if words[0] != "slipway":
            raise ValueError(f"only `slipway …` and `{SHELL}…` can be run, not {words[0]}")
        return [str(self.slipway), *words[1:]]

    def environment(self) -> dict[str, str]:
        environment = clean_environment(self.folder)
        environment["PATH"] = f"{self.slipway.parent}:{environment.get('PATH', '')}"
        if "SERVER" in self.variables:
            environment["MLFLOW_TRACKING_URI"] = self.variables["SERVER"]
        return environment | {name: str(value) for name, value in self.variables.items()}


def run_file(path: Path, options: argparse.Namespace) -> Outcome:
    """Run one script in a fresh folder, beside a server where it asks for one."""
    try:
        script = parse(path)
    except BadFile as error:
        return Outcome(path, [f"{path}: {error}"])
    with (
        tempfile.TemporaryDirectory(prefix="slipway-cli-") as name,
        tempfile.TemporaryDirectory(prefix="slipway-cli-server-") as server_name,
    ):
        run = Run(script, options, Path(name))
        if script.server_flags is None:
            return run.run()
        try:
            flags = [run.variables.fill_text(flag) for flag in shlex.split(script.server_flags)]
            with LiveServer(options.slipway, Path(server_name), flags) as server:
                run.variables["SERVER"] = server.address
                run.run()
        except (ServerError, Unbound) as error:
            run.outcome.failures.append(f"{path}: server: {error}")
        return run.outcome


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("places", nargs="+", metavar="FILE_OR_DIR")
    parser.add_argument("--slipway", help="the program (default $SLIPWAY, build/release/slipway)")
    parser.add_argument("--slow", action="store_true", help="also run .cli_slow files")
    parser.add_argument("--timeout", type=float, default=120, help="seconds a command (120)")
    parser.add_argument("--jobs", type=int, default=2, help="files at a time (default 2)")
    options = parser.parse_args()
    options.slipway = find_slipway(options.slipway)
    started = time.monotonic()
    outcomes = []
    with ThreadPoolExecutor(options.jobs) as pool:
        scripts = find_scripts(options.places, "cli", options.slow)
        for outcome in pool.map(lambda path: run_file(path, options), scripts):
            outcomes.append(outcome)
            show(outcome)
    n_commands = sum(outcome.n_requests for outcome in outcomes)
    print(f"{n_commands} commands in {time.monotonic() - started:.1f} s")
    return report(outcomes)


if __name__ == "__main__":
    sys.exit(main())
