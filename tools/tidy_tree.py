"""House rules that hold between files: rooms, routes, goldens, coverage, links."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

from tidy_files import Finding, SourceFile, Tree

ARCHITECTURE = "ARCHITECTURE.md"
COVERAGE = "docs/coverage.md"
COMMANDS = "src/cli/commands.cc"
COMMAND_PAGE = "docs/command-line.md"
COMMAND = re.compile(r'^    \{"([a-z][a-z -]*)", "', re.MULTILINE)
GOLDEN = "tests/golden/"
COUNTS = {"E": 6, "T": 1, "D": 4, "R": 4, "H": 4, "I": 3, "S": 5, "J": 3, "X": 2, "M": 5, "G": 3}
GUIDE_ROWS = [f"{letter}{i}" for letter, count in COUNTS.items() for i in range(1, count + 1)]
STATES = ("done", "part", "not yet")
ROUTE = re.compile(
    r'\{\s*"(GET|POST|PUT|PATCH|DELETE|HEAD)",\s*"(/[^"]*)",\s*[\w:&]+\s*(?:,\s*(Needs::\w+))?'
)
CODE_IN_MARKDOWN = re.compile(r"```.*?```|`[^`\n]*`", re.DOTALL)
REQUEST = re.compile(r"^(GET|POST|PUT|PATCH|DELETE|HEAD) (/[^\s?]*)", re.MULTILINE)


def rooms_agree(tree: Tree) -> Iterator[Finding]:
    """src/, CMakeLists.txt and ARCHITECTURE.md name the same rooms, each with a test."""
    folders = {file.room for file in tree.files.values() if file.room}
    architecture = tree.files.get(ARCHITECTURE, SourceFile(ARCHITECTURE, ""))
    rows = re.finditer(r"^\| *`?(\w+)/`? *\|", architecture.text, re.MULTILINE)
    described = {row[1]: architecture.line_at(row.start()) for row in rows}
    for room in sorted(folders | tree.rooms.keys() | described.keys()):
        if room not in folders:
            in_cmake = room in tree.rooms
            path = "CMakeLists.txt" if in_cmake else ARCHITECTURE
            line = tree.rooms[room].line if in_cmake else described[room]
            yield Finding(path, line, "rooms", f"there is no src/{room}/")
            continue
        if room not in tree.rooms:
            yield Finding("CMakeLists.txt", 1, "rooms", f"no room({room} …) for src/{room}/")
        if room not in described:
            yield Finding(ARCHITECTURE, 1, "rooms", f"no row `{room}/` in the table of rooms")
        if not any(file.room == room and file.name.endswith("_test.cc") for file in tree.cpp):
            yield Finding(f"src/{room}", 1, "room-test", "no *_test.cc in this room")


@dataclass(frozen=True)
class Route:
    path: str
    line: int
    method: str
    pattern: str

    def fits(self, method: str, path: str) -> bool:
        """Tell whether a request of a test (variables not filled in) goes to this route."""
        if method != self.method:
            return False
        wanted, given = self.pattern.split("/"), path.split("/")
        for i, segment in enumerate(wanted):
            if segment.startswith("<path:"):
                return len(given) > i
            if i >= len(given) or (segment.startswith("<") and not given[i]):
                return False
            if not segment.startswith("<") and segment != given[i]:
                return False
        return len(wanted) == len(given)


def routes_are_tested(tree: Tree) -> Iterator[Finding]:
    """Every row of a route table in src/api has what it needs and a .rest file that calls it."""
    routes: list[Route] = []
    for file in tree.cpp:
        if file.room != "api" or file.name.endswith("_test.cc"):
            continue
        for row in ROUTE.finditer(file.text):
            line = file.line_at(row.start())
            routes.append(Route(file.path, line, row[1], row[2].replace("/ajax-api/", "/api/")))
            if not row[3]:
                message = f"{row[1]} {row[2]} has no Needs:: column"
                yield Finding(file.path, line, "route-needs", message)
    tested: set[Route] = set()
    for file in tree.files.values():
        if not file.path.startswith("tests/rest/") or not file.path.endswith((".rest", "_slow")):
            continue
        for request in REQUEST.finditer(file.text):
            path = request[2].replace("/ajax-api/", "/api/")
            fitting = [route for route in routes if route.fits(request[1], path)]
            if fitting:  # fixed segments win over parameters
                tested.add(min(fitting, key=lambda route: route.pattern.count("<")))
    for route in routes:
        if route not in tested:
            message = f"no file in tests/rest/ sends {route.method} {route.pattern}"
            yield Finding(route.path, route.line, "route-test", message)


def commands_are_shown(tree: Tree) -> Iterator[Finding]:
    """Every command that help lists stands in docs/command-line.md and is run by a test."""
    file = tree.files.get(COMMANDS)
    if file is None:
        return
    page = tree.files.get(COMMAND_PAGE, SourceFile(COMMAND_PAGE, "")).text
    tests = "\n".join(
        f.text for f in tree.files.values() if f.path.startswith("tests/") and f.path != COMMANDS
    )
    rows = list(COMMAND.finditer(file.text))
    ends = [row.start() for row in rows[1:]] + [len(file.text)]
    for row, end in zip(rows, ends, strict=True):
        if "Shown::no" in file.text[row.start() : end]:
            continue
        name, line = row[1], file.line_at(row.start())
        if not re.search(rf"`{name}[` ]", page):
            yield Finding(COMMANDS, line, "command-page", f"`{name}` is not in {COMMAND_PAGE}")
        words = r"[\"'],?\s+[\"']".join(name.split())
        if not re.search(rf"slipway(\(f?)?[ \"']+{name}\b|[\"']{words}[\"']", tests):
            yield Finding(COMMANDS, line, "command-test", f"no file in tests/ runs `{name}`")


def goldens_have_sources(tree: Tree) -> Iterator[Finding]:
    goldens = [p for p in tree.paths if p.startswith(GOLDEN) and not p.endswith(".py")]
    folders = {PurePosixPath(path).parent for path in goldens}
    for folder in sorted(folders):
        above = [f for f in (folder, *folder.parents) if f"{f}/".startswith(GOLDEN)][:-1]
        sources = [f"{f}/source.txt" for f in above]
        texts = [tree.files[s].text for s in sources if s in tree.files]
        if not any(text.strip() for text in texts):
            message = "no source.txt that says which library, version and command made it"
            yield Finding(str(folder), 1, "golden-source", message)


def coverage_is_whole(tree: Tree) -> Iterator[Finding]:
    """docs/coverage.md: one row | id | row | state | page | test | … for every guide row."""
    file = tree.files.get(COVERAGE, SourceFile(COVERAGE, ""))
    seen: set[str] = set()
    for number, line in enumerate(file.lines, 1):
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if not line.startswith("|") or not re.fullmatch(r"[A-Z]\d", cells[0]):
            continue
        for message in coverage_row(tree, cells, seen):
            yield Finding(COVERAGE, number, "coverage", message)
        seen.add(cells[0])
    for row in GUIDE_ROWS:
        if row not in seen:
            yield Finding(COVERAGE, 1, "coverage", f"no row {row}")


def coverage_row(tree: Tree, cells: list[str], seen: set[str]) -> Iterator[str]:
    row = cells[0]
    if row not in GUIDE_ROWS:
        yield f"{row} is no row of the guide"
    if row in seen:
        yield f"{row} stands here twice"
    if len(cells) < 5:
        yield f"{row}: expected | id | row | state | page | test |, got {len(cells)} cells"
        return
    state, page, test = cells[2:5]
    if state not in STATES:
        yield f"{row}: state `{state}` is none of {', '.join(STATES)}"
    pages = re.findall(r"\]\(([^)#\s]+)", page)
    tests = re.findall(r"`([^`]+)`", test) or re.findall(r"\]\(\.\./([^)#\s]+)", test)
    for missing in (p for p in pages if not tree.exists(f"docs/{p}")):
        yield f"{row}: there is no page docs/{missing}"
    for missing in (t for t in tests if not tree.exists(t)):
        yield f"{row}: there is no test {missing}"
    if state == "done" and not tests:
        yield f"{row}: a row that is done names its test in backticks"
    if state == "done" and not pages:
        yield f"{row}: a row that is done links its page"


def links_resolve(tree: Tree) -> Iterator[Finding]:
    for file in tree.files.values():
        if not file.path.endswith(".md"):
            continue
        text = CODE_IN_MARKDOWN.sub(lambda found: re.sub(r"[^\n]", " ", found[0]), file.text)
        for link in re.finditer(r"\]\(([^)\s]+)\)", text):
            target = link[1].split("#")[0]
            if not target or re.match(r"[a-z]+:", target):
                continue
            if not (tree.root / file.path).parent.joinpath(target).exists():
                line = file.line_at(link.start())
                yield Finding(file.path, line, "link", f"there is no {target}")


RULES: tuple[Callable[[Tree], Iterator[Finding]], ...] = (
    rooms_agree,
    routes_are_tested,
    commands_are_shown,
    goldens_have_sources,
    coverage_is_whole,
    links_resolve,
)
