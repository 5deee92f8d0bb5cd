"""Each rule of tools/tidy.py, proven to fail on a small tree that breaks it, and only then."""

from __future__ import annotations

import shutil
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import tidy
import tidy_code
import tidy_tree
from tidy_files import SourceFile

CMAKE = "room(base)\nroom(db   DEPS base USES SQLite::SQLite3)\nroom(store DEPS db)\n"
ARCHITECTURE = "| room | what |\n| --- | --- |\n| `base/` | x |\n| `db/` | x |\n| `store/` | x |\n"
COVERAGE = "".join(f"| {row} | what | not yet | — | — | all |\n" for row in tidy_tree.GUIDE_ROWS)
GOOD = {
    "CMakeLists.txt": CMAKE,
    "ARCHITECTURE.md": ARCHITECTURE,
    "docs/coverage.md": COVERAGE,
    "src/base/base_test.cc": "int one() { return 1; }\n",
    "src/db/db_test.cc": '#include <sqlite3.h>\n#include "base/a.h"\n',
    "src/store/store_test.cc": '#include "db/a.h"\n#include "base/a.h"\n',
}


class TidyCase(unittest.TestCase):
    def findings(self, **files: str) -> list[str]:
        """Check the good tree with some files added or changed."""
        with tempfile.TemporaryDirectory() as name:
            for path, text in (GOOD | self.tree | files).items():
                (Path(name) / path).parent.mkdir(parents=True, exist_ok=True)
                (Path(name) / path).write_text(text)
            _, found = tidy.check(Path(name).resolve())
        return [f"{f.path}:{f.line}: {f.rule}: {f.message}" for f in found]

    def setUp(self) -> None:
        self.tree: dict[str, str] = {}

    def assert_clean(self, path: str, text: str) -> None:
        self.assertEqual(self.findings(**{path: text}), [])

    def assert_finds(self, path: str, text: str, *wanted: str) -> None:
        found = self.findings(**{path: text})
        self.assertEqual(len(found), len(wanted), found)
        for line, start in zip(found, wanted, strict=True):
            self.assertIn(start, line)

    def test_the_good_tree_is_clean(self) -> None:
        self.assertEqual(self.findings(), [])


class CodeTest(TidyCase):
    def test_lengths_and_blanks(self) -> None:
        path = "src/base/a.cc"
        self.assert_finds(path, "//\n" * 501, f"{path}:1: file-length: 501")
        self.assert_finds("tests/a.py", "#\n" * 501, "tests/a.py:1: file-length")
        self.assert_clean(path, "//\n" * 500)
        self.assert_finds(path, "//" + "é" * 99 + "\n", f"{path}:1: columns: 101")
        self.assert_finds(path, "int x;\n\tint y; \n", ":2: tab", ":2: trailing-blank")

    def test_function_length(self) -> None:
        path = "src/base/a.cc"
        body = "  call({1, 2});\n"
        long = "namespace a {\n\nint f(int x = 1)\n{\n" + body * 68 + "}\n}\n"
        self.assert_finds(path, long, f"{path}:3: function-length: 71 lines")
        self.assert_clean(path, long.replace(body, "", 1))
        self.assert_clean(path, long.replace(body, f"  {tidy_code.FLAT_SWITCH}\n", 1))
        self.assert_clean(path, "const T x[] = {\n" + '    {"a", f(1)},\n' * 90 + "};\n")
        self.assert_clean(path, "class A : public B<int()> {\n" + "  int f();\n" * 90 + "};\n")
        method = (
            "struct A {\n public:\n  bool operator==(const A& a) const {\n" + body * 70 + "}};\n"
        )
        self.assert_finds(path, method, "function-length: 72 lines")
        lambda_text = "const auto f = [](int x) {\n" + body * 70 + "};\n"
        self.assert_finds(path, lambda_text, "function-length: 72 lines")
        python = "def f() -> None:\n" + "    pass\n" * 70
        self.assert_finds("tools/a.py", python, "tools/a.py:1: function-length: 71 lines")

    def test_header_sentence(self) -> None:
        path = "src/base/a.h"
        self.assert_clean(path, "// base/a.h — what it is\n// for.\n")
        self.assert_finds(path, "// base/b.h — what it is for.\n", "header-sentence")
        self.assert_finds(path, "// base/a.h — what it is for\n", "header-sentence")
        self.assert_finds(path, "#pragma once\n", "header-sentence")

    def test_includes(self) -> None:
        self.assert_finds("src/db/a.cc", '#include "store/a.h"\n', ":1: layering: db may not use")
        self.assert_clean("src/store/a.cc", '#include "base/a.h"\n')
        self.assert_finds("src/store/a.cc", "\n#include <sqlite3.h>\n", ":2: foreign-header")
        self.assert_finds("src/base/a.cc", "#include <arrow/api.h>\n", "foreign-header: <arrow/…>")
        self.assert_clean("tests/a.cc", "#include <sqlite3.h>\n")

    def test_try(self) -> None:
        good = [
            "TRY(f(a, {1, 2}));",
            "const auto x = TRY(f());",
            "auto [a, b] =\n    TRY(f(g(1)));",
            "std::map<int, std::string> x = TRY(f());",
            "this->a[i].b = TRY(f());",
            "if (x) TRY(f());",
            "case 1: TRY(f());",
            "while (TRY(rows.next())) {}",
            "if (!TRY(rows.next())) {}",
            "// return TRY(f());",
            's = "return TRY(f())";',
        ]
        bad = [
            "return TRY(f());",
            "Point p{TRY(a()), 1};",
            "Point p{.x = TRY(a())};",
            "Point p{1, TRY(a())};",
            "g(TRY(f()));",
            "const auto n = TRY(f()).size();",
            "const auto n = 1 + TRY(f());",
            "for (const auto& x : TRY(f())) {}",
            "const auto x = TRY(co_await f());",
        ]
        for line in good:
            self.assert_clean("src/base/a.cc", f"void f() {{\n  {line}\n}}\n")
        for line in bad:
            self.assert_finds("src/base/a.cc", f"void f() {{\n  {line}\n}}\n", "a.cc:2: try")

    def test_names(self) -> None:
        bad = "hel" + "per"
        self.assert_finds(f"src/base/{bad}.cc", "", "name: no `helper` in a path")
        self.assert_finds("src/base/a.cc", f"int row_{bad} = 0;\n", f":1: name: no `{bad}` in a")
        self.assert_finds("src/base/a.cc", "struct RowMan" + "ager {};\n", "no `manager`")
        self.assert_finds("tools/a.py", f"class Row{bad.title()}: pass\n", "no `helper`")
        self.assert_clean("src/base/a.cc", f'auto x = arrow::util::f("{bad}");  // {bad}\n')
        self.assert_clean("src/base/a.cc", "int n_cores = 0, commonly = 1;\n")

    def test_machine_paths(self) -> None:
        self.assert_finds("docs/a.md", "see /wo" + "rk/x\n", "docs/a.md:1: machine-path")
        self.assert_finds("src/base/a.cc", '// "/t' + 'mp/x"\n', "machine-path: /tmp/")
        self.assert_clean("src/base/a_test.cc", '// "/t' + 'mp/x"\n')
        self.assert_clean("docs/a.md", "https://example.org/wo" + "rk/x\n")

    @unittest.skipUnless(shutil.which("clang-format-19"), "clang-format-19 is not installed")
    def test_layout(self) -> None:
        self.tree = {".clang-format": "BasedOnStyle: Google\n"}
        found = self.findings(**{"src/base/a.cc": "int  x;\n"})
        self.assertIn("src/base/a.cc:1: layout", found[0])

    def test_code_blanks_what_is_no_code(self) -> None:
        text = "#define A \\\n {\nint x = 1'000; // {\nchar c = '{'; auto s = R\"a({ )\" })a\";\n"
        code = SourceFile("a.cc", text).code
        self.assertNotIn("{", code)
        self.assertIn("1'000;", code)
        self.assertEqual(len(code), len(text))


class TreeTest(TidyCase):
    def test_rooms(self) -> None:
        self.assert_finds("CMakeLists.txt", CMAKE + "room(x)\n", ":4: rooms: there is no src/x/")
        architecture = ARCHITECTURE + "| `y/` | z |\n"
        self.assert_finds("ARCHITECTURE.md", architecture, ":6: rooms: there is no src/y/")
        new = ["ARCHITECTURE.md:1: rooms: no row `z/`", "CMakeLists.txt:1: rooms: no room(z"]
        self.assert_finds("src/z/z_test.cc", "", *new)
        self.assert_finds("src/z/z.cc", "", *new, "src/z:1: room-test")

    def test_routes(self) -> None:
        self.tree = {
            "CMakeLists.txt": CMAKE + "room(api DEPS store)\n",
            "ARCHITECTURE.md": ARCHITECTURE + "| `api/` | x |\n",
            "src/api/api_test.cc": "",
        }
        rows = (
            "constexpr Route kRoutes[] = {\n"
            '    {"GET", "/api/2.0/x/<id>", get_x, Needs::read_x},\n'
            '    {"GET", "/api/2.0/x/find", find_x, Needs::read_x},\n'
            '    {"PUT", "/api/2.0/files/<path:file>", put_file, Needs::edit_x},\n};\n'
        )
        self.tree["src/api/x.cc"] = rows
        test = "GET /api/2.0/x/$id?a=1\n--> 200\n\nPUT /ajax-api/2.0/files/a/b\n--> 200\n"
        self.assert_finds("tests/rest/x.rest", test, "x.cc:3: route-test: no file in tests/rest/ s")
        test += "GET /api/2.0/x/find\n"
        self.assert_clean("tests/rest/x.rest", test)
        self.tree["src/api/x.cc"] = rows.replace("find_x, Needs::read_x", "find_x")
        self.assert_finds("tests/rest/x.rest", test, "x.cc:3: route-needs: GET /api/2.0/x/find")

    def test_commands(self) -> None:
        rows = (
            '    {"runs get", "Show a run",\n     "  slipway runs get ID", runs_get},\n'
            '    {"runs rm", "The same as runs delete", "", runs_delete, Shown::no},\n'
        )
        self.tree = {"src/cli/commands.cc": rows, "docs/command-line.md": "`runs getter`\n"}
        test = "$ slipway runs getter\n"
        wanted = "`runs get` is not in docs", "no file in tests/ runs `runs get`"
        for line in wanted:
            self.assertIn(line, " ".join(self.findings(**{"tests/cli/x.cli": test})))
        self.tree["docs/command-line.md"] = "| `runs get ID` | one |\n"
        for run in ("$ slipway runs get ID\n", 'self.slipway("runs get ID")', '["runs", "get"]'):
            self.assertNotIn("command-", " ".join(self.findings(**{"tests/cli/x.cli": run})))

    def test_goldens(self) -> None:
        case = "tests/golden/models/xgboost/one/model"
        self.assert_finds(f"{case}/a.json", "{}\n", "golden-source")
        self.tree = {"tests/golden/models/xgboost/one/source.txt": "xgboost 3.2.0\n"}
        self.assert_clean(f"{case}/a.json", "{}\n")
        self.assert_clean("tests/golden/models/xgboost/make.py", "")  # makes goldens, is none
        self.tree = {"tests/golden/source.txt": "all\n"}  # too far up to speak of one case
        found = self.findings(**{f"{case}/a.json": "{}\n"})
        self.assertIn("golden-source", " ".join(found))

    def test_coverage(self) -> None:
        self.tree = {"docs/tune.md": "", "tests/x.py": ""}
        page = "docs/coverage.md"
        self.assert_finds(page, COVERAGE.replace("| G3 |", "| Z |"), "coverage: no row G3")
        self.assert_finds(page, COVERAGE + COVERAGE.splitlines()[0] + "\n", "E1 stands here twice")

        def with_row(row: str) -> str:
            return COVERAGE.replace(
                "| H1 | what | not yet | — | — | all |", f"| H1 | what | {row} |"
            )

        self.assert_clean(page, with_row("done | [tune](tune.md) | `tests/x.py` | "))
        self.assert_finds(page, with_row("well | [t](tune.md) | `tests/x.py` | "), "state `well`")
        self.assert_finds(page, with_row("done | [tune](tune.md) | | "), "names its test")
        self.assert_finds(page, with_row("done | | `tests/x.py` | "), "links its page")
        self.assert_finds(page, with_row("part | | `tests/y.py` | "), "no test tests/y.py")
        lost = ["there is no page docs/y.md", "link: there is no y.md"]
        self.assert_finds(page, with_row("part | [y](y.md) | | "), *lost)

    def test_links(self) -> None:
        self.assert_finds(
            "docs/a.md", "x\n[b](../b.md#c)\n", "docs/a.md:2: link: there is no ../b.md"
        )
        self.assert_clean("docs/a.md", "[c](coverage.md) [d](https://e.org/f) `[g](h)` [i](#j)\n")


if __name__ == "__main__":
    unittest.main()
