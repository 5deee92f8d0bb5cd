"""Registered models and versions through MlflowClient 3.17.2: their life, and the search."""

from __future__ import annotations

import os
import unittest

from shared_server import ClientTest


class RegistryTest(ClientTest):
    def test_the_life_of_a_model(self) -> None:
        import mlflow

        client = mlflow.MlflowClient()
        name = f"life {os.urandom(4).hex()}"
        model = client.create_registered_model(name, {"team": "a"}, "what it predicts")
        self.assertEqual((model.tags, model.description), ({"team": "a"}, "what it predicts"))
        with self.assertRaisesRegex(mlflow.exceptions.MlflowException, "already exists"):
            client.create_registered_model(name)
        for i in range(1, 5):
            made = client.create_model_version(name, f"s3://bucket/{i}", tags={"i": str(i)})
            self.assertEqual(
                (made.version, made.status, made.current_stage), (str(i), "READY", "None")
            )
        client.update_model_version(name, "1", "the first")
        client.set_model_version_tag(name, "1", "checked", "yes")
        client.delete_model_version_tag(name, "1", "i")
        first = client.get_model_version(name, "1")
        self.assertEqual((first.description, first.tags), ("the first", {"checked": "yes"}))
        self.assertEqual(client.get_model_version_download_uri(name, "2"), "s3://bucket/2")

        client.transition_model_version_stage(name, "1", "Production")
        client.transition_model_version_stage(name, "2", "Staging")
        client.transition_model_version_stage(
            name, "3", "Production", archive_existing_versions=True
        )
        stages = {
            v.version: v.current_stage for v in client.search_model_versions(f"name = '{name}'")
        }
        self.assertEqual(stages, {"1": "Archived", "2": "Staging", "3": "Production", "4": "None"})
        self.assertEqual(
            [v.version for v in client.get_latest_versions(name, ["Production"])], ["3"]
        )
        self.assertEqual(
            {v.version for v in client.get_latest_versions(name)}, {"1", "2", "3", "4"}
        )

        client.set_registered_model_alias(name, "champion", "3")
        client.set_registered_model_alias(name, "challenger", "4")
        self.assertEqual(client.get_model_version_by_alias(name, "champion").version, "3")
        client.set_registered_model_alias(name, "champion", "4")
        self.assertEqual(
            sorted(client.get_model_version(name, "4").aliases), ["challenger", "champion"]
        )
        self.assertEqual(
            client.get_registered_model(name).aliases, {"champion": "4", "challenger": "4"}
        )
        client.delete_registered_model_alias(name, "challenger")
        with self.assertRaisesRegex(mlflow.exceptions.MlflowException, "alias"):
            client.get_model_version_by_alias(name, "challenger")

        client.set_registered_model_tag(name, "owner", "ann")
        client.delete_registered_model_tag(name, "team")
        client.update_registered_model(name, "new words")
        client.rename_registered_model(name, name + " renamed")
        renamed = client.get_registered_model(name + " renamed")
        self.assertEqual((renamed.tags, renamed.description), ({"owner": "ann"}, "new words"))
        client.delete_model_version(name + " renamed", "2")
        with self.assertRaisesRegex(mlflow.exceptions.MlflowException, "not found"):
            client.get_model_version(name + " renamed", "2")
        client.delete_registered_model(name + " renamed")
        with self.assertRaisesRegex(mlflow.exceptions.MlflowException, "not found"):
            client.get_registered_model(name + " renamed")

    def test_a_version_that_is_copied(self) -> None:
        import mlflow

        client = mlflow.MlflowClient()
        name = f"copied {os.urandom(4).hex()}"
        client.create_registered_model(name)
        client.create_model_version(name, "s3://bucket/1", description="d", tags={"a": "b"})
        copy = client.copy_model_version(f"models:/{name}/1", name + " production")
        self.assertEqual(
            (copy.version, copy.source, copy.tags), ("1", f"models:/{name}/1", {"a": "b"})
        )
        uri = client.get_model_version_download_uri(name + " production", "1")
        self.assertEqual(uri, "s3://bucket/1")

    def test_pages_of_models_and_versions(self) -> None:
        import mlflow

        client = mlflow.MlflowClient()
        prefix = f"page {os.urandom(4).hex()}"
        for i in range(7):
            client.create_registered_model(f"{prefix} {i}", {"even": str(i % 2 == 0)})
        for i in range(5):
            client.create_model_version(f"{prefix} 0", f"s3://bucket/{i}")
        names, token = [], None
        while True:
            page = client.search_registered_models(f"name LIKE '{prefix}%'", 3, page_token=token)
            names += [m.name for m in page]
            if not (token := page.token):
                break
        self.assertEqual(names, [f"{prefix} {i}" for i in range(7)])
        even = client.search_registered_models(
            f"name ILIKE '{prefix.upper()}%' AND tags.even = 'True'", order_by=["name DESC"]
        )
        self.assertEqual([m.name[-1] for m in even], ["6", "4", "2", "0"])
        versions, token = [], None
        while True:
            page = client.search_model_versions(
                f"name = '{prefix} 0'", 2, ["version_number ASC"], page_token=token
            )
            versions += [v.version for v in page]
            if not (token := page.token):
                break
        self.assertEqual(versions, ["1", "2", "3", "4", "5"])
        found = client.search_model_versions(f"name LIKE '{prefix}%' and version_number > 3")
        self.assertEqual([v.version for v in found], ["5", "4"])
        from_fluent = mlflow.search_model_versions(
            filter_string=f"source_path = 's3://bucket/2' and name LIKE '{prefix}%'"
        )
        self.assertEqual([v.version for v in from_fluent], ["3"])

    def test_prompts_are_models_that_searches_hide(self) -> None:
        import mlflow

        name = f"prompt-{os.urandom(4).hex()}"
        mlflow.genai.register_prompt(name, "Say {{what}}", commit_message="first")
        mlflow.genai.register_prompt(name, "Please say {{what}}")
        self.assertEqual(
            mlflow.genai.load_prompt(name, version=2).format(what="hi"), "Please say hi"
        )
        found = mlflow.MlflowClient().search_registered_models(f"name = '{name}'")
        self.assertEqual(list(found), [])
        self.assertEqual([p.name for p in mlflow.genai.search_prompts(f"name = '{name}'")], [name])


if __name__ == "__main__":
    unittest.main()
