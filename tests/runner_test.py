"""The runners themselves: a right expectation passes, a wrong one fails, and says where."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import textwrap
import unittest
from pathlib import Path

TESTS = Path(__file__).resolve().parent

# Stands for the program: echoes requests as JSON, counts them, and prints its arguments.
PROGRAM = '''#!{python}
import json, signal, sys
from http.server import BaseHTTPRequestHandler, HTTPServer

count = 0

class Echo(BaseHTTPRequestHandler):
    def do_POST(self):
        global count
        count += 1
        text = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        status = 503 if self.path == "/broken" else 200
        body = text if self.path == "/raw" else json.dumps(
            {{"path": self.path, "count": count, "half": 0.5 + 1e-12, "sent": text,
             "items": [1, 2, 3], "info": {{"id": "abcdef0123456789", "kind": "echo"}}}})
        self.send_response(status)
        self.send_header("Content-Type", self.headers.get("Content-Type", "none"))
        self.end_headers()
        self.wfile.write(body.encode())
    do_GET = do_POST
    def log_message(self, *arguments): pass

def stop(*arguments): sys.exit(3 if "--bad-exit" in sys.argv else 0)

if sys.argv[1:2] == ["server"]:
    signal.signal(signal.SIGTERM, stop)
    server = HTTPServer(("127.0.0.1", 0), Echo)
    print("Listening on http://127.0.0.1:%d" % server.server_port, flush=True)
    server.serve_forever()
print("arguments:", *sys.argv[1:])
print("run 77aa of slipway")
print("a warning", file=sys.stderr)
sys.exit(2 if "--fail" in sys.argv else 0)
'''


class RunnerCase(unittest.TestCase):
    runner = ""

    def setUp(self) -> None:
        self.temporary = tempfile.TemporaryDirectory()
        self.addCleanup(self.temporary.cleanup)
        self.folder = Path(self.temporary.name)
        self.program = self.folder / "slipway"
        self.program.write_text(PROGRAM.format(python=sys.executable))
        self.program.chmod(0o755)

    def run_text(self, text: str, *flags: str) -> tuple[int, str]:
        self.path = self.folder / f"case.{self.runner}"
        self.path.write_text(textwrap.dedent(text))
        command = [sys.executable, str(TESTS / f"{self.runner}.py"), str(self.path)]
        command += ["--slipway", str(self.program), *flags]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
        return done.returncode, done.stdout + done.stderr

    def assert_passes(self, text: str, *flags: str) -> None:
        code, output = self.run_text(text, *flags)
        self.assertEqual(code, 0, output)
        self.assertIn("1 passed, 0 failed", output)

    def assert_fails(self, text: str, reason: str, *flags: str) -> None:
        code, output = self.run_text(text, *flags)
        self.assertEqual(code, 1, output)
        self.assertIn("0 passed, 1 failed", output)
        self.assertIn(reason, output)


class RestTest(RunnerCase):
    runner = "rest"

    def one(self, answer: str, request: str = 'POST /x\n{"a": 1}') -> str:
        return f"# source: the echo program\n\n{request}\n{answer}\n"

    def test_all_forms_match(self) -> None:
        self.assert_passes(
            """\
            # Everything the grammar has.
            # source: the echo program
            POST /first
            X-Kind: none
            {"a": 1,
             "b": [1, 2]}
            --> 200
            Content-Type: ~json~
            {"half": "≈0.5", "items": [1, "..."], "info": {"id": "$id", "kind": "~^ec~"},
             "missing": "~absent~", "sent": "~\\\\[1, 2\\\\]~"}

            # Bound variables: in paths, bodies, headers, and again in answers.
            POST /second/$id?x=$id
            Content-Type: text/$id
            <<<
            raw $id and $$5
            >>>
            --> 200
            Content-Type: text/$id
            {"path": "/second/$id?x=$id", "sent": "raw $id and $$5", "info": {"id": "$id"}}

            POST /raw
            {"id": "$id", "n": [1]}
            --> 200
            <<<
            {"id": "$id", "n": [1]}
            >>>

            GET /poll
            --> 200 within 5s
            {"count": 6}
            """
        )

    def test_wrong_expectations_fail(self) -> None:
        self.assert_fails(self.one("--> 201"), "status: expected 201, got 200")
        self.assert_fails(self.one("--> 201"), "case.rest:3: POST /x")
        self.assert_fails(self.one('--> 200\n{"count": 2}'), "count: expected 2, got 1")
        self.assert_fails(self.one('--> 200\n{"count": true}'), "count: expected true, got 1")
        self.assert_fails(self.one('--> 200\n{"none": 2}'), "none: expected 2, but it is missing")
        self.assert_fails(self.one('--> 200\n{"path": "~absent~"}'), "expected to be absent")
        self.assert_fails(self.one('--> 200\n{"half": 0.5}'), "half: expected 0.5")
        self.assert_fails(self.one('--> 200\n{"half": "≈0.51"}'), "≈0.51")
        self.assert_fails(self.one('--> 200\n{"items": [1, 2]}'), "expected 2 elements, got 3")
        self.assert_fails(self.one('--> 200\n{"info": {"kind": "~^co~"}}'), "info.kind: expected")
        self.assert_fails(self.one('--> 200\n{"path": "$x", "sent": "$x"}'), "sent: expected")
        self.assert_fails(self.one("--> 200\nContent-Type: text"), "header Content-Type")
        self.assert_fails(self.one("--> 200\n<<<\nno\n>>>"), "answer: expected")
        self.assert_fails(self.one("--> 200", "GET /$never"), "$never is not bound")

    def test_bad_files_and_servers_fail(self) -> None:
        self.assert_fails("GET /x\n--> 200\n", "# source:")
        self.assert_fails("# source: x\nFETCH /x\n--> 200\n", "expected `METHOD /path`")
        self.assert_fails("# source: x\nGET /x\n", "expected `--> STATUS`")
        self.assert_fails("# server: --bad-exit\n" + self.one("--> 200"), "exit code 3")

    def test_rewrite_keeps_what_holds_and_never_records_5xx(self) -> None:
        text = self.one('--> 404\n{"path": "/y", "info": {"id": "$id", "kind": "~ec~"}}')
        code, output = self.run_text(text, "--rewrite")
        self.assertEqual(code, 0, output)
        again = self.path.read_text()
        self.assertIn('{"path": "/x", "info": {"id": "$id", "kind": "~ec~"}}', again)
        self.assert_passes(again)
        broken = self.one("--> 200", "GET /broken")
        self.assert_fails(broken, "got 503", "--rewrite")
        self.assertEqual(self.path.read_text(), broken)


class CliTest(RunnerCase):
    runner = "cli"

    def test_all_forms_match(self) -> None:
        self.assert_passes(
            """\
            # What it shows.
            # server: --flag
            $ slipway one "two words" $SERVER
            arguments: one two words $SERVER
            run $run of slipway

            $ slipway --fail $run
            ~^arguments: .* 77aa$~
            ...
            ! a warning
            ? 2

            $ sh: printf '%s\\n' a b c "$run" > x; cat x; slipway x | wc -l
            a
            ...
            $run
            2
            """
        )

    def test_wrong_expectations_fail(self) -> None:
        self.assert_fails("$ slipway x\n...\n? 1\n", "exit code: expected 1, got 0")
        self.assert_fails("$ slipway --fail\n...\n", "exit code: expected 0, got 2")
        self.assert_fails("$ slipway x\narguments: y\n...\n", "- arguments: y")
        self.assert_fails("$ slipway x\narguments: x\n", "line 2 was not expected")
        self.assert_fails("$ slipway x\n", "line 1 was not expected")
        self.assert_fails("$ slipway x\n...\nrun 78 of slipway\n", "expected another line: run 78")
        self.assert_fails("$ slipway x\n...\n! another\n", "error output: line 1")
        self.assert_fails("$ slipway x\narguments: $a\nrun $a of slipway\n", "- run $a of slipway")
        self.assert_fails("$ rm x\n", "case.cli:1: $ rm x")


if __name__ == "__main__":
    unittest.main()
