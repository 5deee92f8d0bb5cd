// intake/mlflow_revisions.h — which tables and columns a version of MLflow's database has.
#pragma once
#include <string_view>

#include "base/result.h"

namespace slipway::intake {

/// What of MLflow's tables came later than release 2.0.
struct MlflowTables {
  bool has_aliases = false;
  bool has_datasets = false;
  bool has_storage_location = false;
  bool has_traces = false;
  bool has_logged_models = false;
  bool has_input_steps = false;
  bool has_webhooks = false;
  bool has_workspaces = false;
};

/// Errors   not_implemented: a revision that is none of those from release 2.0 to 3.17.
/// Source   the order of alembic revisions, mlflow 3.17.2.
Result<MlflowTables> mlflow_tables(std::string_view revision);

}  // namespace slipway::intake
