#!/usr/bin/env python3
"""Send the requests of `.rest` files, and odd changes of each, to two servers; print what differs.

python3 tests/differential.py THEIRS OURS tests/rest/runs …     addresses of two fresh servers

Every member of a request's body, and every value of its query, is left out and replaced by
values of every kind. Answers are compared by status, error code and message (or body), after
ids and times are replaced by what they stand for. It is a tool to look for differences, not a test:
which of them are meant is written in docs/tracking.md.
"""

from __future__ import annotations

import argparse
import copy
import json
import re
import sys
from pathlib import Path
from typing import Any, Iterator
from urllib.parse import parse_qsl, quote, urlsplit

from matching import Unbound, Variables, match
from rest import BadFile, Parser, Step, find_scripts, send

LEFT_OUT = object()
ODD: list[Any] = [
    LEFT_OUT, None, "", " ", "0", "1", "abc", "-5", "1e3", "7.0", "NaN", "a$b", "a/b", "../a",
    "a//b", "a\nb", "a'b", 'a"b', "%2e%2e", "é日本", "😀", "99999999999999999999", "x" * 251,
    "x" * 501, "x" * 6001, 0, 1, -1, 7.0, 7.5, 1e300, 2**63 - 1, 2**63, True, False, [], ["a"], [1],
    {}, {"a": 1},
]  # fmt: skip
HIDDEN = {"sqlstate", "error_class"}
TIME = re.compile(r"\b1[5-9]\d{11}\b")
HEX = re.compile(r"\b(m-)?[0-9a-f]{32}\b")
INVENTED = re.compile(r"\b[a-z]+-[a-z]+-\d{1,3}\b")
SQL = re.compile(r"( Error:)? ?\((raised as|sqlite3\.).*", re.DOTALL)
SET = re.compile(r"\{('[^{}]*')\}")


class Side:
    """One server, and what the file's variables are there."""

    def __init__(self, address: str, unique: str) -> None:
        self.address = address.rstrip("/")
        self.variables = Variables(unique=unique, server=self.address, folder="/tmp", repo="/")

    def ask(self, step: Step) -> tuple[int, Any]:
        answer = send(self.address, step, self.variables)
        try:
            return answer.status, answer.json()
        except ValueError:
            return answer.status, None

    def plain(self, value: Any) -> Any:
        """Replace what is each server's own."""
        if isinstance(value, dict):
            return {k: self.plain(v) for k, v in sorted(value.items()) if k not in HIDDEN}
        if isinstance(value, list):
            return [self.plain(item) for item in value]
        if isinstance(value, int) and not isinstance(value, bool):
            return "TIME" if TIME.fullmatch(str(value)) else value
        if not isinstance(value, str):
            return value
        for name, known in self.variables.items():
            if isinstance(known, str) and len(known) > 5:
                value = value.replace(known, f"<{name}>")
        value = SQL.sub("", value)  # what mlflow tells of its database
        value = SET.sub(lambda m: "{" + ", ".join(sorted(m[1].split(", "))) + "}", value)
        return INVENTED.sub("NAME", HEX.sub("HEX", TIME.sub("TIME", value)))


def changes(step: Step) -> Iterator[Step]:
    """Give the request as it stands, after every odd change of it; one that is refused as it stands
    is not made odder."""
    if step.status.startswith(("4", "5")):
        yield step
        return
    body = json.loads(step.body.text) if step.body.text and not step.body.is_raw else None
    if isinstance(body, dict):
        for name in body:
            for odd in ODD:
                changed = {k: v for k, v in body.items() if k != name}
                if odd is not LEFT_OUT:
                    changed[name] = odd
                yield with_body(step, changed)
    path, query = urlsplit(step.path).path, parse_qsl(urlsplit(step.path).query)
    for i, (name, _) in enumerate(query):
        for odd in ODD:
            if odd is None or isinstance(odd, (dict, list)):
                continue
            pairs = [*query[:i], *([] if odd is LEFT_OUT else [(name, odd)]), *query[i + 1 :]]
            text = "&".join(f"{k}={quote(str(v), safe='$')}" for k, v in pairs)
            changed_step = copy.copy(step)
            changed_step.path = f"{path}?{text}"
            yield changed_step
    yield step


def with_body(step: Step, body: dict[str, Any]) -> Step:
    changed = copy.deepcopy(step)
    changed.body.text = json.dumps(body)
    return changed


def difference(theirs: tuple[int, Any], ours: tuple[int, Any]) -> str:
    """Say how two answers differ; nothing where both refuse in the same way."""
    if theirs[0] >= 500:
        return ""  # what crashes there says nothing
    if theirs[0] != ours[0]:
        return f"status {theirs[0]} / {ours[0]}"
    if theirs[0] in (404, 405) and theirs[1] is None:
        return ""
    if theirs[0] >= 400 and isinstance(theirs[1], dict) and isinstance(ours[1], dict):
        for member in ("error_code", "message"):
            if theirs[1].get(member) != ours[1].get(member):
                return member
        return ""
    return "" if theirs[1] == ours[1] else "body"


def run(path: Path, sides: list[Side], seen: set[str]) -> int:
    n_different = 0
    for step in Parser(path).parse().steps:
        for asked in changes(step):
            try:
                answers = [side.ask(asked) for side in sides]
            except (Unbound, OSError):
                continue
            theirs, ours = [(a[0], s.plain(a[1])) for s, a in zip(sides, answers)]
            how = difference(theirs, ours)
            kind = f"{step.path.split('?')[0]} {how} {re.sub(r'[^a-z ]', '', str(theirs[1]))[:60]}"
            if how and kind not in seen:
                seen.add(kind)
                n_different += 1
                print(f"\n{how}: {asked.method} {asked.path} {asked.body.text[:300]}")
                print(f"    theirs {json.dumps(theirs[1], ensure_ascii=False)[:400]}")
                print(f"    ours   {json.dumps(ours[1], ensure_ascii=False)[:400]}")
        if step.answer.text.startswith(("{", "[")):  # the last answers were to the plain request
            for side, answer in zip(sides, answers):
                try:
                    match(json.loads(step.answer.text), answer[1], side.variables)
                except Unbound:
                    continue  # what would have given the value was refused
    return n_different


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("theirs")
    parser.add_argument("ours")
    parser.add_argument("places", nargs="+", metavar="FILE_OR_DIR")
    options = parser.parse_args()
    seen: set[str] = set()
    n_different = 0
    for i, path in enumerate(find_scripts(options.places, "rest", slow=False)):
        sides = [Side(address, f"unique{i}") for address in (options.theirs, options.ours)]
        try:
            n_different += run(path, sides, seen)
        except BadFile as error:
            print(f"{path}: {error}")
    print(f"\n{n_different} kinds of difference")
    return 0


if __name__ == "__main__":
    sys.exit(main())
