"""The tree that tools/tidy.py reads: files, their lines, rooms, and C++ without its comments."""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

CODE_ENDS = (".h", ".cc")
SKIPPED = ("build/", ".deps/", "node_modules/", "web/node_modules/", "__pycache__/")
# A comment, a raw string, a string, or a character (not the ' of 1'000).
NOT_CODE = re.compile(
    r"//[^\n]*|/\*.*?\*/"
    r'|R"([^(\s"]*)\(.*?\)\1"'
    r'|"(?:\\.|[^"\\\n])*"'
    r"|(?<![0-9a-fA-F])'(?:\\.|[^'\\\n])+'",
    re.DOTALL,
)


@dataclass(frozen=True, order=True)
class Finding:
    path: str
    line: int
    rule: str
    message: str


@dataclass(frozen=True)
class SourceFile:
    """A text file by its path from the root."""

    path: str
    text: str

    @cached_property
    def lines(self) -> list[str]:
        return self.text.splitlines()

    @cached_property
    def code(self) -> str:
        """C++ with comments, literals and preprocessor lines blanked; places are unchanged."""
        text = NOT_CODE.sub(lambda found: re.sub(r"[^\n]", " ", found[0]), self.text)
        directive = re.compile(r"^[ \t]*#(?:[^\n]*\\\n)*[^\n]*", re.MULTILINE)
        return directive.sub(lambda found: re.sub(r"[^\n]", " ", found[0]), text)

    @property
    def name(self) -> str:
        return self.path.rsplit("/", 1)[-1]

    @property
    def room(self) -> str:
        """Give the room of src/<room>/…, or nothing."""
        parts = self.path.split("/")
        return parts[1] if parts[0] == "src" and len(parts) > 2 else ""

    @property
    def is_cpp(self) -> bool:
        return self.path.endswith(CODE_ENDS)

    @property
    def is_test(self) -> bool:
        return self.path.startswith("tests/") or "_test." in self.name

    def line_at(self, place: int) -> int:
        return self.text.count("\n", 0, place) + 1


@dataclass
class Room:
    """One room() line of CMakeLists.txt."""

    line: int
    uses: set[str] = field(default_factory=set)


class Tree:
    """All text files that are ours: known to git or about to be."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.paths = self._paths()
        self.files: dict[str, SourceFile] = {}
        for path in self.paths:
            data = (root / path).read_bytes()
            if b"\0" in data[:4096]:
                continue
            try:
                self.files[path] = SourceFile(path, data.decode())
            except UnicodeDecodeError:
                continue

    def _paths(self) -> list[str]:
        if (self.root / ".git").exists():
            command = ["git", "-C", str(self.root), "ls-files", "-co", "--exclude-standard", "-z"]
            listed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
            names = set(listed.split("\0")) - {""}
        else:
            names = {str(path.relative_to(self.root)) for path in self.root.rglob("*")}
        own = (name for name in names if not name.startswith(SKIPPED))
        return sorted(name for name in own if (self.root / name).is_file())

    def exists(self, path: str) -> bool:
        return (self.root / path).exists()

    @cached_property
    def cpp(self) -> list[SourceFile]:
        return [file for file in self.files.values() if file.is_cpp]

    @cached_property
    def rooms(self) -> dict[str, Room]:
        """Give the rooms of CMakeLists.txt with all that each may include, itself too."""
        cmake = self.files.get("CMakeLists.txt", SourceFile("CMakeLists.txt", ""))
        rooms: dict[str, Room] = {}
        for call in re.finditer(r"^room\((\w+)([^)]*)\)", cmake.text, re.MULTILINE):
            named = re.search(r"\bDEPS\s+([^A-Z]*)", call[2])
            uses = set(named[1].split()) if named else set()
            rooms[call[1]] = Room(cmake.line_at(call.start()), uses | {call[1]})
        for _ in rooms:  # as often as a chain can be long
            for room in rooms.values():
                room.uses |= {far for near in room.uses & rooms.keys() for far in rooms[near].uses}
        return rooms
