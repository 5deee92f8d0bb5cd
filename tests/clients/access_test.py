"""MLflow's own client of its basic-auth app (3.17.2) administers our server, and is let in by it.

Run by Python from .deps/python. $SLIPWAY names the program.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import unittest
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from live_server import LiveServer, clean_environment, find_slipway  # noqa: E402
from rest import make_admin, password_of  # noqa: E402


class AccessTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.temporary = tempfile.TemporaryDirectory(prefix="slipway-access-")
        cls.folder = Path(cls.temporary.name)
        make_admin(find_slipway(None), cls.folder, "root", [])
        cls.server = LiveServer(find_slipway(None), cls.folder, ["--access-log"])
        cls.server.__enter__()
        os.environ["MLFLOW_HTTP_REQUEST_MAX_RETRIES"] = "0"
        import mlflow
        from mlflow.server.auth.client import AuthServiceClient

        mlflow.set_tracking_uri(cls.server.address)
        cls.admin = AuthServiceClient(cls.server.address)
        with cls.user("root"):
            for name in ("ann", "bob"):
                cls.admin.create_user(name, password_of(name))

    @classmethod
    def tearDownClass(cls) -> None:
        cls.server.__exit__(None, None, None)
        cls.temporary.cleanup()

    @staticmethod
    @contextmanager
    def user(name: str, token: str = "") -> Iterator[None]:
        """Ask as a user, by name and password or by one of their tokens."""
        given = {"MLFLOW_TRACKING_USERNAME": name, "MLFLOW_TRACKING_PASSWORD": password_of(name)}
        if token:
            given = {"MLFLOW_TRACKING_TOKEN": token}
        os.environ.update(given)
        try:
            yield
        finally:
            for key in given:
                del os.environ[key]

    @contextmanager
    def refused(self, words: str = "Permission denied") -> Iterator[None]:
        from mlflow.exceptions import MlflowException

        with self.assertRaisesRegex(MlflowException, words):
            yield

    def slipway(self, arguments: str, user: str = "root", given: str = "") -> str:
        environment = clean_environment(self.folder) | {
            "MLFLOW_TRACKING_URI": self.server.address,
            "MLFLOW_TRACKING_USERNAME": user,
            "MLFLOW_TRACKING_PASSWORD": password_of(user),
        }
        command = [str(find_slipway(None)), *arguments.split()]
        run = subprocess.run(
            command, env=environment, input=given, capture_output=True, text=True, timeout=60
        )
        return run.stdout if run.returncode == 0 else f"! {run.stderr}"

    def test_who_trains_and_who_looks(self) -> None:
        import mlflow

        with self.user("ann"):
            experiment = mlflow.create_experiment("trained by ann")
            with mlflow.start_run(experiment_id=experiment) as run:
                mlflow.log_metric("loss", 0.5)
                mlflow.log_text("secret", "notes.txt")
        client = mlflow.MlflowClient()
        address = f"runs:/{run.info.run_id}/notes.txt"
        with self.user("bob"):
            self.assertEqual(client.search_experiments(), [])
            self.assertEqual(client.search_runs([experiment]), [])
            with self.refused():
                client.get_run(run.info.run_id)
            with self.refused():
                client.get_experiment(experiment)
        with self.user("ann"):
            self.admin.grant_user_permission("bob", "experiment", experiment, "READ")
        with self.user("bob"):
            self.assertEqual(client.get_run(run.info.run_id).data.metrics, {"loss": 0.5})
            self.assertEqual(mlflow.artifacts.load_text(address), "secret")
            with self.refused():
                client.log_metric(run.info.run_id, "loss", 0.1)
            with self.refused():
                self.admin.grant_user_permission("bob", "experiment", experiment, "MANAGE")
        with self.user("root"):
            held = self.admin.get_user_permission("bob", "experiment", experiment)
            self.assertEqual((held.allowed, held.permission), (False, "READ"))
            self.admin.revoke_user_permission("bob", "experiment", experiment)
        with self.user("bob"), self.refused():
            client.get_run(run.info.run_id)
        with self.refused("not authenticated"):
            client.get_run(run.info.run_id)

    def test_roles(self) -> None:
        import mlflow

        with self.user("root"):
            experiment = mlflow.create_experiment("of a team")
            role = self.admin.create_role("default", "team", "who trains")
            grant = self.admin.add_role_permission(role.id, "experiment", experiment, "EDIT")
            self.admin.assign_role("ann", role.id)
            names = [role.name for role in self.admin.list_user_roles("ann")]
            self.assertIn("team", names)
            self.assertEqual(len(self.admin.list_role_users(role.id)), 1)
        with self.user("ann"):
            with mlflow.start_run(experiment_id=experiment):
                mlflow.log_param("depth", 3)
        with self.user("root"):
            self.admin.update_role_permission(grant.id, "READ")
        with self.user("ann"), self.refused():
            mlflow.MlflowClient().create_run(experiment)
        with self.user("root"):
            self.assertEqual(self.admin.list_role_permissions(role.id)[0].permission, "READ")
            self.admin.remove_role_permission(grant.id)
            self.admin.unassign_role("ann", role.id)
            self.admin.delete_role(role.id)
            with self.refused("not found"):
                self.admin.get_role(role.id)

    def test_users(self) -> None:
        with self.user("root"):
            user = self.admin.create_user("cleo", password_of("cleo"))
            self.assertEqual((user.username, user.is_admin), ("cleo", False))
            with self.refused("already exists"):
                self.admin.create_user("cleo", password_of("cleo"))
        with self.user("cleo"):
            self.assertEqual(self.admin.get_user("cleo").id, user.id)
            with self.refused():
                self.admin.get_user("ann")
            with self.refused():
                self.admin.create_user("dan", password_of("dan"))
            self.admin.update_user_password("cleo", "another password", password_of("cleo"))
            with self.refused("not authenticated"):
                self.admin.get_user("cleo")
        with self.user("root"):
            self.admin.update_user_admin("cleo", True)
            self.assertTrue(self.admin.get_user("cleo").is_admin)
            self.admin.delete_user("cleo")
            with self.refused("User with username=cleo not found"):
                self.admin.get_user("cleo")

    def test_the_command_line(self) -> None:
        import mlflow

        self.assertEqual(
            self.slipway("users create dora", given=f"{password_of('dora')}\n"),
            "created user dora\n",
        )
        self.slipway("groups create readers")
        self.slipway("groups add readers dora")
        self.slipway("permissions grant read --group readers --experiment *")
        self.slipway("permissions grant manage-staging --user dora --model flights")
        listed = self.slipway("permissions list --user dora --csv")
        self.assertIn("read,experiment,*,readers", listed)
        self.assertIn("manage_staging,registered_model,flights,", listed)
        self.assertIn("dora", self.slipway("groups list"))
        self.assertIn("Default", self.slipway("experiments list", user="dora"))
        self.assertIn("Permission denied", self.slipway("experiments delete 0", user="dora"))
        self.assertIn("Permission denied", self.slipway("groups create more", user="dora"))
        token = self.slipway("tokens create --comment ci", user="dora").strip()
        with self.user("dora", token):
            self.assertEqual(mlflow.get_experiment("0").name, "Default")
        self.slipway("permissions revoke --group readers --experiment *")
        with self.user("dora", token), self.refused():
            mlflow.get_experiment("0")
        self.assertEqual(self.slipway("users delete dora"), "")
        with self.user("dora", token), self.refused("not authenticated"):
            mlflow.get_experiment("0")
        log = self.server.last_errors()
        for secret in (token, password_of("dora"), "Basic ", "Bearer "):
            self.assertNotIn(secret, log)

    def test_groups_and_people_by_the_command_line(self) -> None:
        self.slipway("users create eve", given=f"{password_of('eve')}\n")
        self.assertEqual(self.slipway("users whoami", user="eve"), "eve\n")
        self.assertIn('"admin": true', self.slipway("users whoami --json"))
        self.slipway("groups create lookers")
        self.slipway("groups rename lookers readers2")
        self.slipway("groups describe readers2 everyone")
        self.slipway("groups add readers2 eve")
        self.slipway("permissions grant edit --group readers2 --experiment 0")
        self.assertIn(
            "readers2,eve,edit experiment 0,everyone\n", self.slipway("groups list --csv")
        )
        self.assertIn("edit,experiment,0,", self.slipway("permissions list --group readers2 --csv"))
        check = "permissions check eve --experiment 0"
        self.assertEqual(self.slipway(check, user="eve"), "edit\n")
        self.slipway("groups remove readers2 eve")
        self.assertEqual(self.slipway(check), "no_permissions\n")
        self.assertEqual(self.slipway("groups delete readers2"), "")
        self.assertIn("no group 'readers2'", self.slipway("groups add readers2 eve"))
        self.slipway("users set-admin eve")
        self.assertIn("eve,yes,", self.slipway("users list --csv"))
        self.slipway("users set-admin eve --no")
        self.slipway("users set-password eve", given="another password\n")
        self.assertIn("not authenticated", self.slipway("users whoami", user="eve"))
        self.assertEqual(self.slipway("users delete eve"), "")

    def test_weak_passwords_and_open_addresses(self) -> None:
        for weak in ("", "password", "short"):
            answer = self.slipway("users create weak", given=f"{weak}\n")
            self.assertTrue(answer.startswith("! "), answer)
        environment = clean_environment(self.folder)
        empty = ["server", "--data-dir", str(self.folder / "empty"), "--port", "0"]
        command = [str(find_slipway(None)), *empty, "--host", "0.0.0.0"]
        run = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)
        self.assertEqual(run.returncode, 1)
        self.assertIn("slipway users create NAME --admin --data-dir", run.stderr)


if __name__ == "__main__":
    unittest.main()
