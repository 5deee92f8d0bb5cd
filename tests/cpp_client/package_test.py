"""The C++ client as a package: installed into an empty folder, found by the example's own
CMakeLists.txt, built, and run against a server. $SLIPWAY names the program in its build folder."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from live_server import REPO, LiveServer, find_slipway  # noqa: E402


class PackageTest(unittest.TestCase):
    def run_command(self, *command: str) -> str:
        done = subprocess.run(command, capture_output=True, text=True, timeout=600)
        self.assertEqual(done.returncode, 0, f"{command}\n{done.stdout}\n{done.stderr}")
        return done.stdout

    def test_the_example_from_an_installed_package(self) -> None:
        slipway = find_slipway(None)
        with tempfile.TemporaryDirectory(prefix="slipway-package-") as name:
            folder = Path(name)
            prefix, build = folder / "prefix", folder / "build"
            install = ["cmake", "--install", str(slipway.parent), "--prefix", str(prefix)]
            self.run_command(*install, "--component", "client")
            headers = sorted(str(p.relative_to(prefix)) for p in prefix.rglob("*.h"))
            self.assertIn("include/slipway/client/tracking.h", headers)
            self.assertFalse([h for h in headers if "/http/" in h], "http/ is not to be seen")
            for path in prefix.rglob("*.cmake"):
                self.assertNotIn(str(REPO), path.read_text(), f"{path} names the source tree")
            configure = ["cmake", "-S", str(REPO / "examples/cpp_client"), "-B", str(build)]
            self.run_command(*configure, "-G", "Ninja", f"-DCMAKE_PREFIX_PATH={prefix}")
            self.run_command("cmake", "--build", str(build))
            with LiveServer(slipway, folder, []) as server:
                os.environ.pop("MLFLOW_TRACKING_TOKEN", None)
                said = self.run_command(str(build / "cpp_client"), server.address)
            self.assertEqual(said, "1 run, 10000 points, version 1 of from-cpp\n")


if __name__ == "__main__":
    unittest.main()
