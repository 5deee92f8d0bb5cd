#include "store/metrics.h"

#include <algorithm>

#include "api/points_body.h"
#include "api/routes.h"

namespace slipway::api {
namespace {

constexpr int64_t kMaxBulkPoints = 25'000;
constexpr int64_t kMaxIntervalPoints = 2'500;
constexpr size_t kMaxRuns = 100;
constexpr std::string_view kSeeDocs =
    " See the API docs for more information about request parameters.";

/// Whether each point of an answer names its run.
enum class Named { no, yes };

store::PointSink adds_to(PointsBody& body, Named named) {
  return [&body, named](std::string_view run_id, std::span<const store::MetricPoint> points) {
    return body.add(named == Named::yes ? run_id : "", points);
  };
}

Result<http::Response> history(Call& call, Workspace& workspace) {
  const auto run_uuid = TRY(call.text_or("run_uuid", ""));
  const auto run_id =
      TRY(run_uuid.empty() ? call.text("run_id") : call.text_or("run_id", run_uuid));
  const auto key = TRY(call.text("metric_key"));
  const auto max_results = TRY(call.maybe_integer("max_results"));
  const auto token = TRY(call.text_or("page_token", ""));
  if (max_results && *max_results <= 0) {
    return fail(Code::invalid_parameter_value,
                "Invalid value {} for parameter 'max_results' supplied. It must be a positive "
                "integer.",
                *max_results);
  }
  PointsBody body(workspace.artifacts.spool_folder(), key);
  const auto next_page_token = TRY(workspace.store.read([&](db::Connection& c) {
    return store::metric_history(c, run_id, key, max_results, token, adds_to(body, Named::no));
  }));
  return body.finish(next_page_token);
}

Result<http::Response> history_bulk(Call& call, Workspace& workspace) {
  constexpr std::string_view kName = "GetMetricHistoryBulk request";
  const auto run_ids = TRY(call.texts("run_id"));
  const auto key = TRY(call.text_or("metric_key", ""));
  if (run_ids.empty()) {
    return fail(Code::invalid_parameter_value, "{} must specify at least one run_id.", kName);
  }
  if (run_ids.size() > kMaxRuns) {
    return fail(Code::invalid_parameter_value,
                "{} cannot specify more than {} run_ids. Received {} run_ids.", kName, kMaxRuns,
                run_ids.size());
  }
  if (key.empty()) {
    return fail(Code::invalid_parameter_value, "{} must specify a metric_key.", kName);
  }
  const auto asked = TRY(call.integer_or("max_results", kMaxBulkPoints));
  const auto max_results = std::min(asked, kMaxBulkPoints);
  PointsBody body(workspace.artifacts.spool_folder(), key, PointsBody::WhenEmpty::list);
  TRY(workspace.store.read([&](db::Connection& c) {
    return store::metric_history_bulk(c, run_ids, key, max_results, adds_to(body, Named::yes));
  }));
  return body.finish("");
}

Result<store::StepRange> read_steps(const Call& call) {
  const auto start_step = TRY(call.maybe_integer("start_step"));
  const auto end_step = TRY(call.maybe_integer("end_step"));
  if (start_step.has_value() != end_step.has_value()) {
    return fail(Code::invalid_parameter_value,
                "If either start step or end step are specified, both must be specified.");
  }
  if (!start_step) return store::StepRange{};
  if (*start_step > *end_step) {
    return fail(Code::invalid_parameter_value,
                "end_step must be greater than start_step. Found start_step={} and end_step={}.",
                *start_step, *end_step);
  }
  return store::StepRange{*start_step, *end_step};
}

Result<http::Response> history_bulk_interval(Call& call, Workspace& workspace) {
  const auto run_ids = TRY(call.texts("run_ids"));
  if (run_ids.empty()) {
    return fail(Code::invalid_parameter_value, "Missing value for required parameter 'run_ids'.{}",
                kSeeDocs);
  }
  if (run_ids.size() > kMaxRuns) {
    return fail(Code::invalid_parameter_value,
                "GetMetricHistoryBulkInterval request must specify at most {} run_ids. Received {} "
                "run_ids.{}",
                kMaxRuns, run_ids.size(), kSeeDocs);
  }
  const auto key = TRY(call.text("metric_key"));
  const auto max_results = TRY(call.integer_or("max_results", kMaxIntervalPoints));
  if (max_results < 1 || max_results > kMaxIntervalPoints) {
    return fail(Code::invalid_parameter_value, "max_results must be between 1 and {}.{}",
                kMaxIntervalPoints, kSeeDocs);
  }
  const auto steps = TRY(read_steps(call));
  PointsBody body(workspace.artifacts.spool_folder(), key);
  TRY(workspace.store.read([&](db::Connection& c) {
    return store::metric_history_interval(c, run_ids, key, steps, max_results,
                                          adds_to(body, Named::yes));
  }));
  return body.finish("");
}

constexpr Route kRoutes[] = {
    {"GET", "/api/2.0/mlflow/metrics/get-history", history, Needs::read_run},
    {"GET", "/api/2.0/mlflow/metrics/get-history-bulk", history_bulk, Needs::read_run},
    {"GET", "/api/2.0/mlflow/metrics/get-history-bulk-interval", history_bulk_interval,
     Needs::read_run},
};
static_assert(all_guarded(kRoutes));

}  // namespace

std::span<const Route> metric_routes() { return kRoutes; }

}  // namespace slipway::api
