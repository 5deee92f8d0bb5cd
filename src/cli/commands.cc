#include "cli/commands.h"

#include "cli/command_list.h"

namespace slipway::cli {
namespace {

constexpr Command kCommands[] = {
    {"tour", "Walk the whole life cycle on real data",
     "  slipway tour\n  slipway tour --keep\n  slipway tour --json > tour.json", tour},
    {"server", "Run the workspace's server: tracking, registry, artifacts, endpoints",
     "  slipway server --data-dir ~/slipway\n"
     "  slipway server --host 0.0.0.0 --port 8080 --allowed-hosts ml.example.org",
     server},
    {"serve", "Serve one MLflow model folder: /invocations, /ping, /version",
     "  slipway serve -m ./model -p 8081\n"
     "  curl -H 'Content-Type: application/json' -d '{\"dataframe_split\": …}' "
     "http://127.0.0.1:8081/invocations",
     serve_model},
    {"data schema", "Show a table's columns and types", "  slipway data schema flights.csv.zip",
     data_schema},
    {"data head", "Show a table's first rows", "  slipway data head flights.parquet -n 5",
     data_head},
    {"data profile", "Show missing values, spread and top values of each column",
     "  slipway data profile weather.csv\n  slipway data profile weather.csv --json", data_profile},
    {"data prepare", "Join, filter, label and split tables by a recipe",
     "  slipway data prepare recipe.yaml --root ./tables --out ./prepared", data_prepare},
    {"data convert", "Write a table in another format",
     "  slipway data convert flights.csv.zip flights.parquet", data_convert},
    {"train", "Train a model and log it as a run",
     "  slipway train --data train.parquet --validation validation.parquet --label late \\\n"
     "      --learner xgboost --param max_depth=8 --experiment flights\n"
     "  slipway train --data train.csv --label late --learner logistic --out ./model",
     train_model},
    {"tune", "Search for good parameters with trials in parallel",
     "  slipway tune --data train.parquet --validation validation.parquet --label late \\\n"
     "      --space space.yaml --trials 24 --parallelism 2 --sample 60000 --refit \\\n"
     "      --experiment flights",
     tune_model},
    {"predict", "Score a table with a model, into a table",
     "  slipway predict --model models:/flight_delay/Production --data test.parquet \\\n"
     "      --out scores.parquet --label late",
     predict},
    {"experiments list", "List experiments", "  slipway experiments list --json", experiments_list},
    {"experiments create", "Make an experiment", "  slipway experiments create flights",
     experiments_create},
    {"experiments delete", "Delete an experiment and its runs (restorable)",
     "  slipway experiments delete 3", experiments_delete},
    {"experiments get", "Show an experiment", "  slipway experiments get flights --json",
     experiments_get},
    {"experiments rename", "Give an experiment another name",
     "  slipway experiments rename 3 flights-2013", experiments_rename},
    {"experiments restore", "Bring a deleted experiment and its runs back",
     "  slipway experiments restore 3", experiments_restore},
    {"experiments tag", "Set a tag of an experiment", "  slipway experiments tag 3 team weather",
     experiments_tag},
    {"runs create", "Begin a run, and print its id",
     "  RUN_ID=$(slipway runs create flights --name nightly)", runs_create},
    {"runs log-param", "Log a parameter", "  slipway runs log-param RUN_ID depth 6",
     runs_log_param},
    {"runs log-metric", "Log a metric point", "  slipway runs log-metric RUN_ID auc 0.79 --step 3",
     runs_log_metric},
    {"runs tag", "Set a tag of a run", "  slipway runs tag RUN_ID team weather", runs_tag},
    {"runs end", "End a run", "  slipway runs end RUN_ID --status FAILED", runs_end},
    {"runs restore", "Bring a deleted run back", "  slipway runs restore RUN_ID", runs_restore},
    {"runs compare", "Show runs side by side", "  slipway runs compare RUN_ID OTHER_RUN_ID",
     runs_compare},
    {"runs search", "Find runs by metrics, parameters, tags",
     "  slipway runs search --experiment flights --filter 'metrics.test_auc > 0.79' \\\n"
     "      --order-by 'metrics.test_auc DESC' --csv",
     runs_search},
    {"runs get", "Show a run", "  slipway runs get 0123456789abcdef0123456789abcdef", runs_get},
    {"runs history", "Show a metric's history",
     "  slipway runs history RUN_ID validation-auc --csv", runs_history},
    {"runs delete", "Delete a run (restorable)", "  slipway runs delete RUN_ID", runs_delete},
    {"models list", "List registered models", "  slipway models list", models_list},
    {"models get", "Show a registered model and its versions", "  slipway models get flight_delay",
     models_get},
    {"models register", "Register a run's model as the next version",
     "  slipway models register flight_delay --source runs:/RUN_ID/model", models_register},
    {"models create", "Make a registered model without versions",
     "  slipway models create flight_delay", models_create},
    {"models rename", "Give a registered model another name",
     "  slipway models rename flight_delay delay", models_rename},
    {"models describe", "Say what a registered model is",
     "  slipway models describe flight_delay 'Late by 15 minutes or more'", models_describe},
    {"models tag", "Set a tag of a registered model",
     "  slipway models tag flight_delay team weather", models_tag},
    {"models unalias", "Remove an alias", "  slipway models unalias flight_delay champion",
     models_unalias},
    {"models transition", "Move a version to a stage",
     "  slipway models transition flight_delay 2 Production --archive", models_transition},
    {"models alias", "Point an alias to a version",
     "  slipway models alias flight_delay champion 2", models_alias},
    {"models delete", "Delete a registered model, or one version of it",
     "  slipway models delete flight_delay --version 1", models_delete},
    {"artifacts list", "List a run's artifacts", "  slipway artifacts list RUN_ID model",
     artifacts_list},
    {"artifacts download", "Fetch a run's artifacts, or a model",
     "  slipway artifacts download runs:/RUN_ID/model ./model\n"
     "  slipway artifacts download models:/flight_delay/Production ./model",
     artifacts_download},
    {"artifacts upload", "Add a file or a folder to a run's artifacts",
     "  slipway artifacts upload RUN_ID report.html reports", artifacts_upload},
    {"endpoints enable", "Serve a registered model's active versions",
     "  slipway endpoints enable flight_delay", endpoints_enable},
    {"endpoints disable", "Stop serving a registered model",
     "  slipway endpoints disable flight_delay", endpoints_disable},
    {"endpoints list", "List what is served", "  slipway endpoints list", endpoints_list},
    {"tokens create", "Make a personal access token",
     "  slipway tokens create --comment ci --lifetime 86400\n"
     "  slipway tokens create --data-dir ~/slipway    # before the server runs",
     tokens_create},
    {"tokens list", "List tokens (not their values)", "  slipway tokens list", tokens_list},
    {"tokens delete", "Revoke a token", "  slipway tokens delete TOKEN_ID", tokens_delete},
    {"tokens revoke", "The same as tokens delete", "", tokens_delete, Shown::no},
    {"users create", "Make a user; the first one, an admin, in the data folder",
     "  slipway users create root --admin --data-dir ~/slipway    # before the server runs\n"
     "  slipway users create ada --password-file ada.txt",
     users_create},
    {"users list", "List users and their groups", "  slipway users list", users_list},
    {"users delete", "Delete a user with their tokens and grants", "  slipway users delete ada",
     users_delete},
    {"users set-password", "Give a user another password",
     "  slipway users set-password ada\n"
     "  slipway users set-password root --data-dir ~/slipway    # forgotten; server stopped",
     users_set_password},
    {"users set-admin", "Make a user an admin, or no longer one",
     "  slipway users set-admin ada\n  slipway users set-admin ada --no", users_set_admin},
    {"groups create", "Make a group", "  slipway groups create analysts", groups_create},
    {"groups list", "List groups and what they may do", "  slipway groups list", groups_list},
    {"groups delete", "Delete a group", "  slipway groups delete analysts", groups_delete},
    {"groups add", "Put a user into a group", "  slipway groups add analysts ada", groups_add},
    {"groups remove", "Take a user out of a group", "  slipway groups remove analysts ada",
     groups_remove},
    {"permissions grant", "Say what a user or a group may do with a thing",
     "  slipway permissions grant edit --user ada --experiment 3\n"
     "  slipway permissions grant manage-staging --group analysts --model flight_delay",
     permissions_grant},
    {"permissions revoke", "Take back what was granted on a thing",
     "  slipway permissions revoke --user ada --experiment 3", permissions_revoke},
    {"permissions list", "List what a user or a group was granted",
     "  slipway permissions list --user ada", permissions_list},
    {"backup", "Copy a server's data folder while it runs",
     "  slipway backup /backups/slipway --data-dir ~/slipway --keep 7", backup_folder},
    {"restore", "Put a backup into a new data folder",
     "  slipway restore /backups/slipway --data-dir ~/slipway-again", restore_folder},
    {"import mlflow", "Bring in all that an MLflow server or an mlruns folder holds",
     "  slipway import mlflow sqlite:///mlflow.db --artifacts-root ./mlartifacts \\\n"
     "      --data-dir ~/slipway\n"
     "  slipway import mlflow ./mlruns --data-dir ~/slipway",
     import_mlflow},
    {"gc", "Free for good what was deleted 30 days ago: rows and files",
     "  slipway gc --dry-run\n"
     "  slipway gc --older-than 7d12h\n"
     "  slipway gc --data-dir ~/slipway --run-ids ID,ID   # while the server does not run",
     gc},
    {"doctor", "Say what is installed, what is missing and how to get it",
     "  slipway doctor\n  slipway doctor --json", doctor},
    {"version", "Show the version", "  slipway version --json", version},
    {"trial", "Train once from a matrix file, for a study", "", trial, Shown::no},
};

}  // namespace

std::span<const Command> commands() { return kCommands; }

}  // namespace slipway::cli
