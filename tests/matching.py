"""What a test file may write for an expected value: variables, regexes, near numbers, subsets."""

from __future__ import annotations

import json
import math
import re
from typing import Any
from urllib.parse import quote

VARIABLE = re.compile(r"\$(?:(?P<escaped>\$)|(?P<name>[A-Za-z_]\w*))")
QUOTED = re.compile(r'"\$(?P<whole>[A-Za-z_]\w*)"|' + VARIABLE.pattern)
ABSENT = "~absent~"
REST = "..."


class Unbound(Exception):
    """A variable is used before anything was bound to it."""

    def __init__(self, name: str) -> None:
        super().__init__(f"${name} is not bound: no earlier answer gave it a value")


class Variables(dict[str, Any]):
    """Values by name; `$$` in a text stands for one dollar sign."""

    def look_up(self, name: str) -> Any:
        if name not in self:
            raise Unbound(name)
        return self[name]

    def fill_text(self, text: str) -> str:
        return self._fill(text, lambda value: value)

    def fill_path(self, text: str) -> str:
        return self._fill(text, lambda value: quote(value, safe="/~"))

    def fill_regex(self, text: str) -> str:
        return self._fill(text, re.escape)

    def fill_json(self, text: str) -> str:
        """Fill JSON text: `"$x"` becomes the value itself, `$x` inside a string its text."""

        def one(match: re.Match[str]) -> str:
            if match["escaped"]:
                return "$"
            if match["whole"]:
                return json.dumps(self.look_up(match["whole"]))
            return json.dumps(as_text(self.look_up(match["name"])))[1:-1]

        return QUOTED.sub(one, text)

    def _fill(self, text: str, convert: Any) -> str:
        def one(match: re.Match[str]) -> str:
            if match["escaped"]:
                return "$"
            return str(convert(as_text(self.look_up(match["name"]))))

        return VARIABLE.sub(one, text)


def as_text(value: Any) -> str:
    """Give a bound value as it stands in a text: strings as they are, all else as JSON."""
    return value if isinstance(value, str) else json.dumps(value)


def is_regex(expected: Any) -> bool:
    return (
        isinstance(expected, str)
        and len(expected) > 2
        and expected.startswith("~")
        and expected.endswith("~")
    )


def match_regex(expected: str, got: str, variables: Variables) -> bool:
    """Search `got` for the regex between the tildes; its named groups are bound."""
    found = re.search(variables.fill_regex(expected[1:-1]), got, re.DOTALL)
    if found:
        variables.update(found.groupdict())
    return found is not None


def match(expected: Any, got: Any, variables: Variables, where: str = "") -> list[str]:
    """Compare an answer with what was expected, and bind variables seen for the first time.

    Gives one line for each difference; none where the answer matches.
    """
    if isinstance(expected, dict):
        return match_object(expected, got, variables, where)
    if isinstance(expected, list):
        return match_array(expected, got, variables, where)
    if matches_scalar(expected, got, variables):
        return []
    return [f"{where or 'answer'}: expected {shown(expected)}, got {shown(got)}"]


def match_object(expected: dict[str, Any], got: Any, variables: Variables, where: str) -> list[str]:
    if not isinstance(got, dict):
        return [f"{where or 'answer'}: expected an object, got {shown(got)}"]
    differences: list[str] = []
    for key, value in expected.items():
        inner = f"{where}.{key}" if where else key
        if value == ABSENT:
            if key in got:
                differences.append(f"{inner}: expected to be absent, got {shown(got[key])}")
        elif key not in got:
            differences.append(f"{inner}: expected {shown(value)}, but it is missing")
        else:
            differences += match(value, got[key], variables, inner)
    return differences


def match_array(expected: list[Any], got: Any, variables: Variables, where: str) -> list[str]:
    if not isinstance(got, list):
        return [f"{where or 'answer'}: expected an array, got {shown(got)}"]
    is_open = bool(expected) and expected[-1] == REST
    wanted = expected[:-1] if is_open else expected
    if len(got) < len(wanted) or (len(got) > len(wanted) and not is_open):
        size = f"{len(wanted)}{' or more' if is_open else ''}"
        return [f"{where or 'answer'}: expected {size} elements, got {len(got)}: {shown(got)}"]
    differences: list[str] = []
    for i, value in enumerate(wanted):
        differences += match(value, got[i], variables, f"{where}[{i}]")
    return differences


def matches_scalar(expected: Any, got: Any, variables: Variables) -> bool:
    if isinstance(expected, str):
        return matches_string(expected, got, variables)
    return same(expected, got)


def matches_string(expected: str, got: Any, variables: Variables) -> bool:
    whole = VARIABLE.fullmatch(expected)
    if whole and whole["name"]:
        return same(variables.setdefault(whole["name"], got), got)
    if is_regex(expected):
        return isinstance(got, str) and match_regex(expected, got, variables)
    if re.fullmatch(r"≈[-+0-9.eE]+", expected):
        number = isinstance(got, (int, float)) and not isinstance(got, bool)
        return number and math.isclose(float(expected[1:]), got, rel_tol=1e-9)
    return bool(variables.fill_text(expected) == got)


def same(one: Any, other: Any) -> bool:
    return isinstance(one, bool) == isinstance(other, bool) and bool(one == other)


def shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 300 else text[:300] + " …"
