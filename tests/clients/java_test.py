"""MLflow's Java client, from .deps/java: java/ClientTest.java, compiled and run."""

from __future__ import annotations

import os
import subprocess
import sys
import unittest
from pathlib import Path

from shared_server import ClientTest

HERE = Path(__file__).resolve().parent
JARS = HERE.parent.parent / ".deps/java"


class JavaTest(ClientTest):
    def test_the_java_client(self) -> None:
        classes = self.folder / "classes"
        path = os.pathsep.join([str(classes), *sorted(map(str, JARS.glob("*.jar")))])
        self.run_tool("javac", "-nowarn", "-d", str(classes), "-cp", path, "java/ClientTest.java")
        # one short program: the quick compiler and a single collector thread start soonest
        quick = ["-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"]
        main = ["-cp", path, "ClientTest", self.address, str(self.folder)]
        self.assertIn("passed", self.run_tool("java", *quick, *main).splitlines())

    def run_tool(self, *command: str) -> str:
        # what Java cannot do with artifacts its client leaves to MLflow's Python
        environment = os.environ | {"MLFLOW_PYTHON_EXECUTABLE": sys.executable}
        done = subprocess.run(
            command, cwd=HERE, env=environment, capture_output=True, text=True, timeout=240
        )
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done.stdout


if __name__ == "__main__":
    unittest.main()
