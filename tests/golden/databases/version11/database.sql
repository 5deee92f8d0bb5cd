BEGIN TRANSACTION;
CREATE TABLE access_generation (generation INTEGER NOT NULL);
INSERT INTO "access_generation" VALUES(1);
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
CREATE TABLE endpoints (
  registered_model_key INTEGER PRIMARY KEY REFERENCES registered_models ON DELETE CASCADE,
  enabled_time_ms INTEGER NOT NULL,
  creator TEXT NOT NULL
);
INSERT INTO "endpoints" VALUES(1,1795472543486,'');
CREATE TABLE experiment_tags (
  experiment_id INTEGER NOT NULL REFERENCES experiments,
  key TEXT NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (experiment_id, key)
) WITHOUT ROWID;
INSERT INTO "experiment_tags" VALUES(1,'team','ops');
CREATE TABLE experiments (
  experiment_id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  artifact_location TEXT NOT NULL,
  deleted INTEGER NOT NULL DEFAULT 0,
  creation_time_ms INTEGER NOT NULL,
  last_update_time_ms INTEGER NOT NULL
);
INSERT INTO "experiments" VALUES(0,'Default','mlflow-artifacts:/0',0,1795472543376,1795472543376);
INSERT INTO "experiments" VALUES(1,'delays','mlflow-artifacts:/1',0,1795472543390,1795472543390);
CREATE TABLE freed_artifacts (artifact_uri TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE grants (
  grant_key INTEGER PRIMARY KEY,
  role_key INTEGER NOT NULL REFERENCES roles ON DELETE CASCADE,
  resource_type TEXT NOT NULL,
  resource_pattern TEXT NOT NULL,
  permission TEXT NOT NULL,
  UNIQUE (role_key, resource_type, resource_pattern)
);
CREATE TABLE latest_metrics (
  run_key INTEGER NOT NULL,
  name_id INTEGER NOT NULL,
  experiment_id INTEGER NOT NULL,
  value REAL,
  timestamp_ms INTEGER NOT NULL,
  step INTEGER NOT NULL,
  PRIMARY KEY (run_key, name_id)
) WITHOUT ROWID;
INSERT INTO "latest_metrics" VALUES(1,2,1,0.25,4,3);
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
CREATE TABLE metric_folding (through_log_id INTEGER NOT NULL);
INSERT INTO "metric_folding" VALUES(0);
CREATE TABLE metric_log (
  log_id INTEGER PRIMARY KEY,
  run_key INTEGER NOT NULL,
  points BLOB NOT NULL
);
INSERT INTO "metric_log" VALUES(1,1,X'010102010200000000000000F03F');
INSERT INTO "metric_log" VALUES(2,1,X'010102010402000000000000E03F');
INSERT INTO "metric_log" VALUES(3,1,X'010102010604555555555555D53F');
INSERT INTO "metric_log" VALUES(4,1,X'010102010806000000000000D03F');
CREATE TABLE model_aliases (
  registered_model_key INTEGER NOT NULL REFERENCES registered_models ON DELETE CASCADE,
  alias TEXT NOT NULL,
  version_key INTEGER NOT NULL REFERENCES model_versions ON DELETE CASCADE,
  PRIMARY KEY (registered_model_key, alias)
) WITHOUT ROWID;
INSERT INTO "model_aliases" VALUES(1,'champion',3);
CREATE TABLE model_version_tags (
  version_key INTEGER NOT NULL REFERENCES model_versions ON DELETE CASCADE,
  key TEXT NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (version_key, key)
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
INSERT INTO "model_versions" VALUES(1,1,1,1795472543415,1795472543455,'','','Archived','s3://elsewhere/model','s3://elsewhere/model','','','',2,'');
INSERT INTO "model_versions" VALUES(2,1,2,1795472543434,1795472543446,'','','Production','s3://elsewhere/model','s3://elsewhere/model','','','',2,'');
INSERT INTO "model_versions" VALUES(3,1,3,1795472543442,1795472543442,'','','None','s3://elsewhere/model','s3://elsewhere/model','','','',2,'');
CREATE TABLE names (name_id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
INSERT INTO "names" VALUES(1,'mlflow.runName');
INSERT INTO "names" VALUES(2,'loss');
INSERT INTO "names" VALUES(3,'depth');
CREATE TABLE params (
  run_key INTEGER NOT NULL,
  name_id INTEGER NOT NULL,
  experiment_id INTEGER NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (run_key, name_id)
) WITHOUT ROWID;
INSERT INTO "params" VALUES(1,3,1,'6');
CREATE TABLE registered_model_tags (
  registered_model_key INTEGER NOT NULL REFERENCES registered_models ON DELETE CASCADE,
  key TEXT NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (registered_model_key, key)
) WITHOUT ROWID;
CREATE TABLE registered_models (
  registered_model_key INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  creation_timestamp_ms INTEGER NOT NULL,
  last_updated_timestamp_ms INTEGER NOT NULL,
  description TEXT,
  next_version INTEGER NOT NULL DEFAULT 1
);
INSERT INTO "registered_models" VALUES(1,'delay',1795472543412,1795472543455,'late or not',4);
INSERT INTO "registered_models" VALUES(2,'quiet',1795472543413,1795472543413,NULL,1);
CREATE TABLE registry_generation (generation INTEGER NOT NULL);
INSERT INTO "registry_generation" VALUES(10);
CREATE TABLE role_users (
  assignment_key INTEGER PRIMARY KEY,
  role_key INTEGER NOT NULL REFERENCES roles ON DELETE CASCADE,
  user_key INTEGER NOT NULL REFERENCES users ON DELETE CASCADE,
  UNIQUE (role_key, user_key)
);
CREATE TABLE roles (
  role_key INTEGER PRIMARY KEY,
  workspace TEXT NOT NULL,
  name TEXT NOT NULL,
  description TEXT,
  UNIQUE (workspace, name)
);
CREATE TABLE run_changes (change_no INTEGER PRIMARY KEY, run_key INTEGER NOT NULL);
INSERT INTO "run_changes" VALUES(1,1);
INSERT INTO "run_changes" VALUES(2,1);
INSERT INTO "run_changes" VALUES(3,1);
INSERT INTO "run_changes" VALUES(4,1);
INSERT INTO "run_changes" VALUES(5,1);
INSERT INTO "run_changes" VALUES(6,1);
CREATE TABLE run_dataset_tags (
  run_key INTEGER NOT NULL,
  dataset_key INTEGER NOT NULL,
  key TEXT NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (run_key, dataset_key, key),
  FOREIGN KEY (run_key, dataset_key) REFERENCES run_datasets
) WITHOUT ROWID;
CREATE TABLE run_datasets (
  run_key INTEGER NOT NULL REFERENCES runs,
  dataset_key INTEGER NOT NULL REFERENCES datasets,
  PRIMARY KEY (run_key, dataset_key)
) WITHOUT ROWID;
CREATE TABLE run_models (
  run_key INTEGER NOT NULL REFERENCES runs,
  direction INTEGER NOT NULL,
  model_id TEXT NOT NULL REFERENCES logged_models (model_id),
  step INTEGER NOT NULL,
  PRIMARY KEY (run_key, direction, model_id)
) WITHOUT ROWID;
CREATE TABLE run_tags (
  run_key INTEGER NOT NULL,
  name_id INTEGER NOT NULL,
  experiment_id INTEGER NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (run_key, name_id)
) WITHOUT ROWID;
INSERT INTO "run_tags" VALUES(1,1,1,'a run');
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
INSERT INTO "runs" VALUES(1,'8d5aa590738ec2240b4a23134f8cf5d4',1,'a run','',1,1,NULL,'mlflow-artifacts:/1/8d5aa590738ec2240b4a23134f8cf5d4/artifacts',0,NULL);
CREATE TABLE schema_version (version INTEGER NOT NULL);
INSERT INTO "schema_version" VALUES(11);
CREATE TABLE tokens (
  token_id TEXT PRIMARY KEY,
  digest TEXT NOT NULL UNIQUE,
  user_id TEXT NOT NULL,
  comment TEXT NOT NULL,
  creation_time_ms INTEGER NOT NULL,
  expiry_time_ms INTEGER
) WITHOUT ROWID;
CREATE TABLE users (
  user_key INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  password_hash TEXT NOT NULL,
  is_admin INTEGER NOT NULL,
  creation_time_ms INTEGER NOT NULL
);
CREATE TABLE webhook_deliveries (
  delivery_key INTEGER PRIMARY KEY,
  webhook_key INTEGER NOT NULL REFERENCES webhooks ON DELETE CASCADE,
  delivery_id TEXT NOT NULL,
  body TEXT NOT NULL,
  n_attempts INTEGER NOT NULL,
  due_ms INTEGER NOT NULL
);
CREATE TABLE webhook_events (
  webhook_key INTEGER NOT NULL REFERENCES webhooks ON DELETE CASCADE,
  event TEXT NOT NULL,
  place INTEGER NOT NULL,
  PRIMARY KEY (event, webhook_key)
) WITHOUT ROWID;
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
, secret_key_id TEXT NOT NULL DEFAULT '');
CREATE INDEX runs_by_start ON runs (experiment_id, deleted, start_time_ms DESC, run_id);
CREATE INDEX metric_log_by_run ON metric_log (run_key);
CREATE INDEX latest_metrics_by_value ON latest_metrics (experiment_id, name_id, value);
CREATE INDEX params_by_value ON params (experiment_id, name_id, substr(value, 1, 40));
CREATE INDEX run_tags_by_value ON run_tags (experiment_id, name_id, substr(value, 1, 40));
CREATE INDEX run_datasets_by_dataset ON run_datasets (dataset_key);
CREATE INDEX logged_models_by_creation
  ON logged_models (experiment_id, creation_timestamp_ms DESC, model_id);
CREATE INDEX model_aliases_by_version ON model_aliases (version_key);
CREATE INDEX role_users_by_user ON role_users (user_key);
CREATE INDEX grants_by_resource ON grants (resource_type, resource_pattern);
CREATE INDEX metric_chunks_by_key ON metric_chunks (run_key, name_id, last_timestamp_ms);
CREATE INDEX experiments_by_creation ON experiments (creation_time_ms DESC, experiment_id);
CREATE INDEX experiments_by_update ON experiments (last_update_time_ms DESC, experiment_id DESC);
CREATE INDEX registered_models_by_update
  ON registered_models (last_updated_timestamp_ms DESC, name);
CREATE INDEX model_versions_by_update ON model_versions (last_updated_timestamp_ms DESC);
CREATE INDEX model_versions_by_run ON model_versions (run_id);
CREATE INDEX webhook_deliveries_by_time ON webhook_deliveries (due_ms);
CREATE INDEX logged_model_metrics_by_run ON logged_model_metrics (run_id);
CREATE INDEX run_models_by_model ON run_models (model_id);
COMMIT;
