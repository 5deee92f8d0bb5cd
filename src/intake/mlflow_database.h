// intake/mlflow_database.h — the database of an MLflow server, releases 2.0 to 3.17.
#pragma once
#include <memory>
#include <string>

#include "intake/source.h"

namespace slipway::intake {

/// Open `sqlite:///FILE` (or a file's name) or `postgresql://…`, to read it only.
///
/// Errors   invalid_parameter_value: it holds no MLflow tables; not_implemented: a version of them
///          that this program does not know (the message says what to do), workspaces, or another
///          kind of database; others as db::Connection::open.
Result<std::unique_ptr<Source>> open_mlflow_database(const std::string& uri);

}  // namespace slipway::intake
