// store/logged_models.h — models as runs logged them, before any registration.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "db/connection.h"
#include "store/metrics.h"
#include "store/values.h"

namespace slipway::store {

enum class LoggedModelStatus { unspecified, pending, ready, upload_failed };

/// Give the wire's spelling, such as `LOGGED_MODEL_READY`; and read it (unspecified for others).
std::string_view logged_model_status_name(LoggedModelStatus status);
LoggedModelStatus logged_model_status_from_name(std::string_view name);

struct LoggedModel {
  std::string model_id;  // "m-" and 32 hex digits
  std::string experiment_id;
  std::string name;
  std::string artifact_uri;
  int64_t creation_timestamp_ms = 0;
  int64_t last_updated_timestamp_ms = 0;
  LoggedModelStatus status = LoggedModelStatus::pending;
  std::string status_message;
  std::string model_type;
  std::string source_run_id;
  std::vector<Tag> tags;
  std::vector<Param> params;
  std::vector<Metric> metrics;  // with run_id, model_id, dataset
};

struct NewLoggedModel {
  std::string experiment_id;
  std::string name;  // empty: invented
  std::string model_type;
  std::string source_run_id;
  std::vector<Param> params;
  std::vector<Tag> tags;
};

/// Make a pending logged model and give it.
/// Errors   as create_run; invalid_parameter_value: the name holds one of `/:.%"'`.
Result<LoggedModel> create_logged_model(db::Connection& conn, const NewLoggedModel& request);

/// Give a logged model. Errors resource_does_not_exist: unknown or deleted.
Result<LoggedModel> get_logged_model(db::Connection& conn, std::string_view model_id);

/// Set the status and give what it is then. Errors as get_logged_model.
Result<LoggedModel> finalize_logged_model(db::Connection& conn, std::string_view model_id,
                                          LoggedModelStatus status);

/// Delete softly. Errors as get_logged_model.
Result<void> delete_logged_model(db::Connection& conn, std::string_view model_id);

/// Add params (insert only). Errors as get_logged_model; invalid_parameter_value.
Result<void> log_logged_model_params(db::Connection& conn, std::string_view model_id,
                                     const std::vector<Param>& params);
/// Set tags; delete one. Errors   resource_does_not_exist: also where the tag is not there.
Result<void> set_logged_model_tags(db::Connection& conn, std::string_view model_id,
                                   const std::vector<Tag>& tags);
Result<void> delete_logged_model_tag(db::Connection& conn, std::string_view model_id,
                                     std::string_view key);

/// Narrows metric clauses of a logged-model search to points of one dataset; empty digest: any.
struct DatasetFilter {
  std::string name;
  std::string digest;
};

struct LoggedModelOrder {
  std::string field_name;  // an attribute or metrics.<key>
  bool ascending = true;
  std::string dataset_name;
  std::string dataset_digest;
};

struct LoggedModelSearch {
  std::vector<std::string> experiment_ids;
  std::string filter;
  std::vector<DatasetFilter> datasets;
  std::vector<LoggedModelOrder> order_by;
  int64_t max_results = 50;
  std::string page_token;
};

/// Find logged models. Errors   invalid_parameter_value: filter, ordering, or a token of another
/// search.
Result<Page<LoggedModel>> search_logged_models(db::Connection& conn,
                                               const LoggedModelSearch& request);

}  // namespace slipway::store
