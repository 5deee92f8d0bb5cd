"""House rules that are seen in one file: lengths, names, includes, TRY, layout."""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

from tidy_files import Finding, SourceFile, Tree

MAX_LINES = 500
MAX_FUNCTION_LINES = 70
MAX_COLUMNS = 100
FLAT_SWITCH = "// tidy: flat switch"

COUNTED = (".h", ".cc", ".py", ".ts", ".tsx", ".js", ".css")
WIDE = (".h", ".cc", ".py", ".cmake")
BLANKS = (*COUNTED, ".cmake", ".md", ".rest", ".cli", ".yaml", ".json", ".html", "CMakeLists.txt")

# Where a foreign header may be included; tests/, bench/ and fuzz/ may include any.
FOREIGN = {
    "sqlite3.h": {"db"},
    "libpq-fe.h": {"db"},
    "arrow/": {"data", "files"},
    "parquet/": {"data"},
    "zip.h": {"data"},
    "boost/beast": {"http"},
    "boost/asio": {"http"},
    "simdjson.h": {"serve", "api"},
    "yaml-cpp": {"data", "models", "intake", "cli"},
    "lbfgs.h": {"train"},
    "CLI/": {"cli"},
}

BANNED = {
    "common": "name it for what it is, in the lowest room that uses it",
    "util": "name it for what it does, such as text, file or clock",
    "utils": "name it for what it does, such as text, file or clock",
    "misc": "give each thing a file of its own",
    "helper": "name it for what it does",
    "helpers": "name it for what it does",
    "core": "name the noun it is about",
    "impl": "name it for how it differs, such as SqliteConnection",
    "manager": "name it for its duty, such as Writer, Supervisor or Pool",
}

# What belongs to one machine only; put together here so that this file passes its own rule.
MACHINE_PATHS = tuple(f"/{folder}/" for folder in ("work", "root"))
TEMPORARY_PATH = "/" + "tmp/"


def file_lengths(tree: Tree) -> Iterator[Finding]:
    for file in tree.files.values():
        if file.path.endswith(COUNTED) and len(file.lines) > MAX_LINES:
            message = f"{len(file.lines)} lines; split it, the cap is {MAX_LINES}"
            yield Finding(file.path, 1, "file-length", message)


def columns_and_blanks(tree: Tree) -> Iterator[Finding]:
    for file in tree.files.values():
        is_wide = file.path.endswith(WIDE) or file.name == "CMakeLists.txt"
        has_blanks = file.path.endswith(BLANKS)
        for number, line in enumerate(file.lines if is_wide or has_blanks else [], 1):
            if is_wide and len(line) > MAX_COLUMNS:
                message = f"{len(line)} columns; break the line at {MAX_COLUMNS}"
                yield Finding(file.path, number, "columns", message)
            if has_blanks and "\t" in line:
                yield Finding(file.path, number, "tab", "use blanks, or \\t inside a string")
            if has_blanks and line != line.rstrip():
                yield Finding(file.path, number, "trailing-blank", "drop the blanks at the end")


HEAD_START = re.compile(r"\s*(?:(?:public|protected|private)\s*:\s*)?")


def functions(file: SourceFile) -> Iterator[tuple[int, int]]:
    """Give first and last line of each C++ function that is not inside another."""
    depth, start, inside, head = 0, 0, 0, 0  # `inside`: depth of what is not looked into
    is_function = False
    for brace in re.finditer(r"[{};]", file.code):
        place = brace.start()
        if brace[0] == "{":
            depth += 1
            if not inside:
                kind = head_kind(file.code[head:place])
                if kind != "scope":
                    inside, is_function = depth, kind == "function"
                    before = HEAD_START.match(file.code, head)
                    start = before.end() if before else head
        elif brace[0] == "}":
            if inside == depth:
                if is_function:
                    yield file.line_at(start), file.line_at(place)
                inside = 0
            depth -= 1
        if not inside:
            head = place + 1


def head_kind(head: str) -> str:
    """Tell from the text before `{` whether it opens a scope, a function, or other data."""
    flat = re.sub(r"<[^<>]*>", "", head)
    while "(" in flat and (smaller := re.sub(r"\([^()]*\)", "@", flat)) != flat:
        flat = smaller
    if re.search(r"\boperator\b", flat):
        return "function"
    if re.search(r"=\s*\[.*\]", flat):
        return "function"  # a named lambda
    if "=" in flat:
        return "data"
    if re.search(r"\b(namespace|class|struct|union|extern)\b", flat) and "@" not in flat:
        return "scope"
    if "@" in flat:
        return "function"
    return "data" if re.search(r"\w\s*$", flat) else "scope"


def function_lengths(tree: Tree) -> Iterator[Finding]:
    for file in tree.files.values():
        if file.is_cpp:
            spans = list(functions(file))
        elif file.path.endswith(".py"):
            spans = list(python_functions(file))
        else:
            continue
        for first, last in spans:
            flat = any(FLAT_SWITCH in line for line in file.lines[max(first - 2, 0) : last])
            n_lines = last - first + 1
            if n_lines > MAX_FUNCTION_LINES and not flat:
                message = f"{n_lines} lines; split it, the cap is {MAX_FUNCTION_LINES}"
                yield Finding(file.path, first, "function-length", message)


def python_functions(file: SourceFile) -> Iterator[tuple[int, int]]:
    try:
        nodes = ast.walk(ast.parse(file.text))
    except SyntaxError:
        return
    for node in nodes:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.lineno, node.end_lineno or node.lineno


def header_sentences(tree: Tree) -> Iterator[Finding]:
    for file in tree.cpp:
        if not file.room or not file.path.endswith(".h"):
            continue
        wanted = f"// {file.path.removeprefix('src/')} — "
        comment = []
        for line in file.lines:
            if not line.startswith("//"):
                break
            comment.append(line)
        if not comment or not comment[0].startswith(wanted) or not comment[-1].endswith("."):
            message = f"begin with `{wanted}` and a sentence: what the file is for"
            yield Finding(file.path, 1, "header-sentence", message)


def includes(tree: Tree) -> Iterator[Finding]:
    for file in tree.cpp:
        if not file.room:
            continue
        allowed = tree.rooms[file.room].uses if file.room in tree.rooms else {file.room}
        for number, line in enumerate(file.lines, 1):
            ours = re.match(r'\s*#\s*include "(\w+)/', line)
            if ours and ours[1] not in allowed:
                message = f"{file.room} may not use {ours[1]}; see DEPS in CMakeLists.txt"
                yield Finding(file.path, number, "layering", message)
            foreign = re.match(r"\s*#\s*include [<\"]([^>\"]+)", line)
            for start, rooms in FOREIGN.items():
                if foreign and foreign[1].startswith(start) and file.room not in rooms:
                    message = f"<{start}…> stays in {', '.join(sorted(rooms))}"
                    yield Finding(file.path, number, "foreign-header", message)


def closing(code: str, opening: int) -> int:
    """Give the place of the `)` that closes the `(` at `opening`, or the end."""
    depth = 0
    for place in range(opening, len(code)):
        depth += {"(": 1, ")": -1}.get(code[place], 0)
        if depth == 0:
            return place
    return len(code) - 1


# What may stand between the last `;`, `{` or `}` and a TRY: a label or a condition, then the name
# that is initialised or assigned.
BEFORE_TRY = re.compile(
    r"(?:.*[):]|else|do)?\s*"
    r"(?:(?!return\b|co_return\b)\w(?:[\w:*&.\[\],\s]|->|<[^;{}()]*>)*=)?"
)
CONDITION = re.compile(r"(?:.*\W)?(?:if|while)\s*\(!?")


def tries(tree: Tree) -> Iterator[Finding]:
    """TRY is a whole statement, initialiser or condition: within braces g++ 12 leaks."""
    for file in tree.cpp:
        for found in re.finditer(r"\bTRY\s*\(", file.code):
            number = file.line_at(found.start())
            before = " ".join(re.split(r"[;{}]", file.code[: found.start()])[-1].split())
            end = closing(file.code, found.end() - 1)
            after = file.code[end + 1 :].lstrip()[:1]
            is_statement = after == ";" and BEFORE_TRY.fullmatch(before)
            is_condition = after == ")" and CONDITION.fullmatch(before)
            if not is_statement and not is_condition:
                message = "TRY stands alone or is the whole initialiser: give it a name first"
                yield Finding(file.path, number, "try", message)
            if re.search(r"\bco_await\b", file.code[found.end() : end]):
                message = "await into a name first, then TRY it"
                yield Finding(file.path, number, "try", message)


def words(name: str) -> set[str]:
    spaced = re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", name)
    return {word.lower() for word in re.split(r"[^A-Za-z]+", spaced)}


def names(tree: Tree) -> Iterator[Finding]:
    for path in tree.paths:
        for word in sorted(words(path) & BANNED.keys()):
            yield Finding(path, 1, "name", f"no `{word}` in a path: {BANNED[word]}")
    for file in tree.files.values():
        if file.is_cpp:
            found = re.finditer(r"(?<![\w:.>])[A-Za-z_]\w*(?!\w|::)", file.code)
        elif file.path.endswith(".py"):
            found = re.finditer(r"(?<=\bdef )\w+|(?<=\bclass )\w+", file.text)
        else:
            continue
        for name in found:
            for word in sorted(words(name[0]) & BANNED.keys()):
                message = f"no `{word}` in a name ({name[0]}): {BANNED[word]}"
                yield Finding(file.path, file.line_at(name.start()), "name", message)


def machine_paths(tree: Tree) -> Iterator[Finding]:
    for file in tree.files.values():
        banned = MACHINE_PATHS if file.is_test else (*MACHINE_PATHS, TEMPORARY_PATH)
        if not any(path in file.text for path in banned):
            continue
        for number, line in enumerate(file.lines, 1):
            for path in banned:
                if re.search(rf"(?<![\w.$}}/~>-]){re.escape(path)}", line):
                    message = f"{path} is a path of one machine: make it relative or an option"
                    yield Finding(file.path, number, "machine-path", message)


def layout(tree: Tree) -> Iterator[Finding]:
    """Ask clang-format, where it is installed, about every C++ file."""
    tool = shutil.which("clang-format-19")
    paths = [file.path for file in tree.cpp]
    if not tool or not paths or not tree.exists(".clang-format"):
        return
    n_parts = os.cpu_count() or 1

    def ask(part: list[str]) -> str:
        command = [tool or "", "--dry-run", "-Werror", "--ferror-limit=1", *part]
        return subprocess.run(command, cwd=tree.root, capture_output=True, text=True).stderr

    with ThreadPoolExecutor(n_parts) as pool:
        answers = pool.map(ask, [paths[i::n_parts] for i in range(n_parts) if paths[i::n_parts]])
    for found in re.finditer(r"^(\S+?):(\d+):\d+: error: code", "\n".join(answers), re.MULTILINE):
        yield Finding(found[1], int(found[2]), "layout", "run clang-format-19 -i (`make format`)")


RULES: tuple[Callable[[Tree], Iterator[Finding]], ...] = (
    file_lengths,
    columns_and_blanks,
    function_lengths,
    header_sentences,
    includes,
    tries,
    names,
    machine_paths,
    layout,
)
