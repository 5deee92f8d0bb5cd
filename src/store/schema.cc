#include "store/schema.h"

namespace slipway::store {
namespace {

// Runs and the names of their metrics, params and tags have integer keys, so that the big tables
// and their indexes stay small and searches compare integers. A NULL metric value is NaN.
constexpr std::string_view kTracking = R"sql(
CREATE TABLE names (name_id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
CREATE TABLE experiments (
  experiment_id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  artifact_location TEXT NOT NULL,
  deleted INTEGER NOT NULL DEFAULT 0,
  creation_time_ms INTEGER NOT NULL,
  last_update_time_ms INTEGER NOT NULL
);
CREATE TABLE experiment_tags (
  experiment_id INTEGER NOT NULL REFERENCES experiments,
  key TEXT NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (experiment_id, key)
) WITHOUT ROWID;
CREATE TABLE runs (
  run_key INTEGER PRIMARY KEY,
  run_id TEXT NOT NULL UNIQUE,
  experiment_id INTEGER NOT NULL REFERENCES experiments,
  run_name TEXT NOT NULL,
  user_id TEXT NOT NULL,
  status INTEGER NOT NULL,
  start_time_ms INTEGER NOT NULL,
  end_time_ms INTEGER,
  artifact_uri TEXT NOT NULL,
  deleted INTEGER NOT NULL DEFAULT 0,
  deleted_time_ms INTEGER
);
CREATE INDEX runs_by_start ON runs (experiment_id, deleted, start_time_ms DESC, run_id);
CREATE TABLE metric_log (
  log_id INTEGER PRIMARY KEY,
  run_key INTEGER NOT NULL,
  points BLOB NOT NULL
);
CREATE INDEX metric_log_by_run ON metric_log (run_key);
CREATE TABLE latest_metrics (
  run_key INTEGER NOT NULL,
  name_id INTEGER NOT NULL,
  experiment_id INTEGER NOT NULL,
  value REAL,
  timestamp_ms INTEGER NOT NULL,
  step INTEGER NOT NULL,
  PRIMARY KEY (run_key, name_id)
) WITHOUT ROWID;
CREATE INDEX latest_metrics_by_value ON latest_metrics (experiment_id, name_id, value);
CREATE TABLE params (
  run_key INTEGER NOT NULL,
  name_id INTEGER NOT NULL,
  experiment_id INTEGER NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (run_key, name_id)
) WITHOUT ROWID;
CREATE INDEX params_by_value ON params (experiment_id, name_id, substr(value, 1, 40));
CREATE TABLE run_tags (
  run_key INTEGER NOT NULL,
  name_id INTEGER NOT NULL,
  experiment_id INTEGER NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (run_key, name_id)
) WITHOUT ROWID;
CREATE INDEX run_tags_by_value ON run_tags (experiment_id, name_id, substr(value, 1, 40));
)sql";

constexpr std::string_view kInputs = R"sql(
CREATE TABLE datasets (
  dataset_key INTEGER PRIMARY KEY,
  experiment_id INTEGER NOT NULL REFERENCES experiments,
  name TEXT NOT NULL,
  digest TEXT NOT NULL,
  source_type TEXT NOT NULL,
  source TEXT NOT NULL,
  schema TEXT NOT NULL,
  profile TEXT NOT NULL,
  UNIQUE (experiment_id, name, digest)
);
CREATE TABLE run_datasets (
  run_key INTEGER NOT NULL REFERENCES runs,
  dataset_key INTEGER NOT NULL REFERENCES datasets,
  PRIMARY KEY (run_key, dataset_key)
) WITHOUT ROWID;
CREATE INDEX run_datasets_by_dataset ON run_datasets (dataset_key);
CREATE TABLE run_dataset_tags (
  run_key INTEGER NOT NULL,
  dataset_key INTEGER NOT NULL,
  key TEXT NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (run_key, dataset_key, key),
  FOREIGN KEY (run_key, dataset_key) REFERENCES run_datasets
) WITHOUT ROWID;
CREATE TABLE logged_models (
  model_key INTEGER PRIMARY KEY,
  model_id TEXT NOT NULL UNIQUE,
  experiment_id INTEGER NOT NULL REFERENCES experiments,
  name TEXT NOT NULL,
  artifact_uri TEXT NOT NULL,
  creation_timestamp_ms INTEGER NOT NULL,
  last_updated_timestamp_ms INTEGER NOT NULL,
  status INTEGER NOT NULL,
  status_message TEXT NOT NULL DEFAULT '',
  model_type TEXT NOT NULL,
  source_run_id TEXT NOT NULL,
  deleted INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX logged_models_by_creation
  ON logged_models (experiment_id, creation_timestamp_ms DESC, model_id);
CREATE TABLE logged_model_params (
  model_key INTEGER NOT NULL REFERENCES logged_models,
  key TEXT NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (model_key, key)
) WITHOUT ROWID;
CREATE TABLE logged_model_tags (
  model_key INTEGER NOT NULL REFERENCES logged_models,
  key TEXT NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (model_key, key)
) WITHOUT ROWID;
CREATE TABLE logged_model_metrics (
  model_key INTEGER NOT NULL REFERENCES logged_models,
  key TEXT NOT NULL,
  timestamp_ms INTEGER NOT NULL,
  step INTEGER NOT NULL,
  run_id TEXT NOT NULL,
  value REAL,
  dataset_name TEXT NOT NULL,
  dataset_digest TEXT NOT NULL,
  PRIMARY KEY (model_key, key, timestamp_ms, step, run_id)
) WITHOUT ROWID;
CREATE TABLE run_models (
  run_key INTEGER NOT NULL REFERENCES runs,
  direction INTEGER NOT NULL,
  model_id TEXT NOT NULL REFERENCES logged_models (model_id),
  step INTEGER NOT NULL,
  PRIMARY KEY (run_key, direction, model_id)
) WITHOUT ROWID;
)sql";

constexpr std::string_view kRegistry = R"sql(
CREATE TABLE registered_models (
  registered_model_key INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  creation_timestamp_ms INTEGER NOT NULL,
  last_updated_timestamp_ms INTEGER NOT NULL,
  description TEXT,
  next_version INTEGER NOT NULL DEFAULT 1
);
CREATE TABLE registered_model_tags (
  registered_model_key INTEGER NOT NULL REFERENCES registered_models ON DELETE CASCADE,
  key TEXT NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (registered_model_key, key)
) WITHOUT ROWID;
CREATE TABLE model_versions (
  version_key INTEGER PRIMARY KEY,
  registered_model_key INTEGER NOT NULL REFERENCES registered_models ON DELETE CASCADE,
  version INTEGER NOT NULL,
  creation_timestamp_ms INTEGER NOT NULL,
  last_updated_timestamp_ms INTEGER NOT NULL,
  description TEXT,
  user_id TEXT NOT NULL DEFAULT '',
  current_stage TEXT NOT NULL DEFAULT 'None',
  source TEXT NOT NULL,
  storage_location TEXT NOT NULL,
  run_id TEXT NOT NULL,
  run_link TEXT NOT NULL,
  model_id TEXT NOT NULL,
  status INTEGER NOT NULL,
  status_message TEXT NOT NULL DEFAULT '',
  UNIQUE (registered_model_key, version)
);
CREATE TABLE model_version_tags (
  version_key INTEGER NOT NULL REFERENCES model_versions ON DELETE CASCADE,
  key TEXT NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (version_key, key)
) WITHOUT ROWID;
CREATE TABLE model_aliases (
  registered_model_key INTEGER NOT NULL REFERENCES registered_models ON DELETE CASCADE,
  alias TEXT NOT NULL,
  version_key INTEGER NOT NULL REFERENCES model_versions ON DELETE CASCADE,
  PRIMARY KEY (registered_model_key, alias)
) WITHOUT ROWID;
CREATE INDEX model_aliases_by_version ON model_aliases (version_key);
CREATE TABLE endpoints (
  registered_model_key INTEGER PRIMARY KEY REFERENCES registered_models ON DELETE CASCADE,
  enabled_time_ms INTEGER NOT NULL,
  creator TEXT NOT NULL
);
CREATE TABLE registry_generation (generation INTEGER NOT NULL);
INSERT INTO registry_generation (generation) VALUES (1);
CREATE TABLE tokens (
  token_id TEXT PRIMARY KEY,
  digest TEXT NOT NULL UNIQUE,
  user_id TEXT NOT NULL,
  comment TEXT NOT NULL,
  creation_time_ms INTEGER NOT NULL,
  expiry_time_ms INTEGER
) WITHOUT ROWID;
)sql";

constexpr std::string_view kAccess = R"sql(
CREATE TABLE users (
  user_key INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  password_hash TEXT NOT NULL,
  is_admin INTEGER NOT NULL,
  creation_time_ms INTEGER NOT NULL
);
CREATE TABLE roles (
  role_key INTEGER PRIMARY KEY,
  workspace TEXT NOT NULL,
  name TEXT NOT NULL,
  description TEXT,
  UNIQUE (workspace, name)
);
CREATE TABLE role_users (
  assignment_key INTEGER PRIMARY KEY,
  role_key INTEGER NOT NULL REFERENCES roles ON DELETE CASCADE,
  user_key INTEGER NOT NULL REFERENCES users ON DELETE CASCADE,
  UNIQUE (role_key, user_key)
);
CREATE INDEX role_users_by_user ON role_users (user_key);
CREATE TABLE grants (
  grant_key INTEGER PRIMARY KEY,
  role_key INTEGER NOT NULL REFERENCES roles ON DELETE CASCADE,
  resource_type TEXT NOT NULL,
  resource_pattern TEXT NOT NULL,
  permission TEXT NOT NULL,
  UNIQUE (role_key, resource_type, resource_pattern)
);
CREATE INDEX grants_by_resource ON grants (resource_type, resource_pattern);
CREATE TABLE access_generation (generation INTEGER NOT NULL);
INSERT INTO access_generation (generation) VALUES (1);
)sql";

// What of metric_log is folded: chunks of one key's points, found by run and key. The summary of a
// chunk says whether it is worth reading.
constexpr std::string_view kMetricChunks = R"sql(
CREATE TABLE metric_chunks (
  chunk_id INTEGER PRIMARY KEY,
  run_key INTEGER NOT NULL,
  name_id INTEGER NOT NULL,
  n_points INTEGER NOT NULL,
  first_timestamp_ms INTEGER NOT NULL,
  first_step INTEGER NOT NULL,
  last_timestamp_ms INTEGER NOT NULL,
  last_step INTEGER NOT NULL,
  min_step INTEGER NOT NULL,
  max_step INTEGER NOT NULL,
  steps_rise INTEGER NOT NULL,
  min_value REAL,
  max_value REAL,
  points BLOB NOT NULL
);
CREATE INDEX metric_chunks_by_key ON metric_chunks (run_key, name_id, last_timestamp_ms);
CREATE TABLE metric_folding (through_log_id INTEGER NOT NULL);
INSERT INTO metric_folding (through_log_id) VALUES (0);
)sql";

// Numbers rise in the order of commits: writers wait for each other. The newest rows are kept.
constexpr std::string_view kRunChanges = R"sql(
CREATE TABLE run_changes (change_no INTEGER PRIMARY KEY, run_key INTEGER NOT NULL);
)sql";

// The orders that lists of 100,000 are asked for in, and the versions of a run.
constexpr std::string_view kListIndexes = R"sql(
CREATE INDEX experiments_by_creation ON experiments (creation_time_ms DESC, experiment_id);
CREATE INDEX experiments_by_update ON experiments (last_update_time_ms DESC, experiment_id DESC);
CREATE INDEX registered_models_by_update
  ON registered_models (last_updated_timestamp_ms DESC, name);
CREATE INDEX model_versions_by_update ON model_versions (last_updated_timestamp_ms DESC);
CREATE INDEX model_versions_by_run ON model_versions (run_id);
)sql";

constexpr std::string_view kWebhooks = R"sql(
CREATE TABLE webhooks (
  webhook_key INTEGER PRIMARY KEY,
  webhook_id TEXT NOT NULL UNIQUE,
  name TEXT NOT NULL,
  url TEXT NOT NULL,
  description TEXT,
  secret TEXT NOT NULL,
  disabled INTEGER NOT NULL,
  creation_timestamp_ms INTEGER NOT NULL,
  last_updated_timestamp_ms INTEGER NOT NULL
);
CREATE TABLE webhook_events (
  webhook_key INTEGER NOT NULL REFERENCES webhooks ON DELETE CASCADE,
  event TEXT NOT NULL,
  place INTEGER NOT NULL,
  PRIMARY KEY (event, webhook_key)
) WITHOUT ROWID;
CREATE TABLE webhook_deliveries (
  delivery_key INTEGER PRIMARY KEY,
  webhook_key INTEGER NOT NULL REFERENCES webhooks ON DELETE CASCADE,
  delivery_id TEXT NOT NULL,
  body TEXT NOT NULL,
  n_attempts INTEGER NOT NULL,
  due_ms INTEGER NOT NULL
);
CREATE INDEX webhook_deliveries_by_time ON webhook_deliveries (due_ms);
)sql";

// A version without a description has an empty one; NULL is one whose description was taken away.
constexpr std::string_view kVersionDescriptions = R"sql(
UPDATE model_versions SET description = '' WHERE description IS NULL;
)sql";

// What gc frees has no rows any more, but files until they are removed too; the indexes are what
// its deletions would otherwise read whole tables for.
constexpr std::string_view kFreed = R"sql(
CREATE TABLE freed_artifacts (artifact_uri TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE INDEX logged_model_metrics_by_run ON logged_model_metrics (run_id);
CREATE INDEX run_models_by_model ON run_models (model_id);
)sql";

// Which key a secret is sealed with: '' where it lies as it is, as all did before; store/secrets.h.
constexpr std::string_view kSealedSecrets = R"sql(
ALTER TABLE webhooks ADD COLUMN secret_key_id TEXT NOT NULL DEFAULT '';
)sql";

// A config is read and replaced whole, so it is one JSON text ('' for none):
// store/serving_config.h. Of endpoint_events the newest of each endpoint are kept; they go with
// their endpoint.
constexpr std::string_view kServingEndpoints = R"sql(
CREATE TABLE serving_endpoints (
  serving_endpoint_key INTEGER PRIMARY KEY,
  endpoint_id TEXT NOT NULL UNIQUE,
  name TEXT NOT NULL UNIQUE,
  creator TEXT NOT NULL,
  description TEXT NOT NULL,
  creation_time_ms INTEGER NOT NULL,
  last_updated_time_ms INTEGER NOT NULL,
  last_version INTEGER NOT NULL,
  config TEXT NOT NULL,
  pending TEXT NOT NULL,
  failure TEXT NOT NULL
);
CREATE TABLE serving_endpoint_tags (
  serving_endpoint_key INTEGER NOT NULL REFERENCES serving_endpoints ON DELETE CASCADE,
  key TEXT NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (serving_endpoint_key, key)
) WITHOUT ROWID;
CREATE TABLE endpoint_events (
  event_key INTEGER PRIMARY KEY,
  registered_model_key INTEGER REFERENCES registered_models ON DELETE CASCADE,
  serving_endpoint_key INTEGER REFERENCES serving_endpoints ON DELETE CASCADE,
  served TEXT NOT NULL,
  time_ms INTEGER NOT NULL,
  event TEXT NOT NULL,
  server TEXT NOT NULL,
  message TEXT NOT NULL
);
CREATE INDEX endpoint_events_by_model ON endpoint_events (registered_model_key, event_key);
CREATE INDEX endpoint_events_by_endpoint ON endpoint_events (serving_endpoint_key, event_key);
ALTER TABLE endpoints ADD COLUMN max_concurrency INTEGER NOT NULL DEFAULT 0;
)sql";

constexpr db::Migration kMigrations[] = {
    {1, kTracking},    {2, kInputs},         {3, kRegistry},
    {4, kAccess},      {5, kMetricChunks},   {6, kRunChanges},
    {7, kListIndexes}, {8, kWebhooks},       {9, kVersionDescriptions},
    {10, kFreed},      {11, kSealedSecrets}, {12, kServingEndpoints}};

}  // namespace

std::span<const db::Migration> migrations() { return kMigrations; }

}  // namespace slipway::store
