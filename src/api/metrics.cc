#include "store/metrics.h"

#include <algorithm>

#include "api/routes.h"
#include "api/wire.h"

namespace slipway::api {
namespace {

constexpr int64_t kMaxBulkPoints = 25'000;
constexpr int64_t kMaxIntervalPoints = 2'500;
constexpr size_t kMaxRuns = 100;

http::Response points_response(const std::vector<store::Metric>& points,
                               std::string_view next_page_token) {
  std::string out = "{";
  std::string_view separator = "\"metrics\": [";
  for (const auto& point : points) {
    out += separator;
    append_metric(out, point);
    separator = ", ";
  }
  if (!points.empty()) out += ']';
  if (!next_page_token.empty()) {
    out += points.empty() ? "\"next_page_token\": " : ", \"next_page_token\": ";
    append_quoted(out, next_page_token);
  }
  out += '}';
  return http::respond(200, std::move(out), "application/json");
}

Result<http::Response> history(Call& call, Workspace& workspace) {
  const auto run_id = TRY(call.text("run_id"));
  const auto key = TRY(call.text("metric_key"));
  const auto max_results = TRY(call.maybe_integer("max_results"));
  const auto token = TRY(call.text_or("page_token", ""));
  if (max_results && *max_results <= 0) {
    return fail(Code::invalid_parameter_value,
                "Invalid value {} for parameter 'max_results' supplied. It must be a positive "
                "integer.",
                *max_results);
  }
  const auto page = TRY(workspace.store.read([&](db::Connection& c) {
    return store::metric_history(c, run_id, key, max_results, token);
  }));
  return points_response(page.items, page.next_page_token);
}

Result<void> check_run_ids(std::string_view request, std::string_view name,
                           const std::vector<std::string>& run_ids) {
  if (run_ids.empty()) {
    return fail(Code::invalid_parameter_value, "{} request must specify at least one {}.", request,
                name);
  }
  if (run_ids.size() > kMaxRuns) {
    return fail(Code::invalid_parameter_value,
                "{} request cannot specify more than {} {}s. Received {} {}s.", request, kMaxRuns,
                name, run_ids.size(), name);
  }
  return {};
}

Result<http::Response> history_bulk(Call& call, Workspace& workspace) {
  const auto run_ids = TRY(call.texts("run_id"));
  TRY(check_run_ids("GetMetricHistoryBulk", "run_id", run_ids));
  const auto key = TRY(call.text("metric_key"));
  const auto asked = TRY(call.integer_or("max_results", kMaxBulkPoints));
  const auto max_results = std::min(asked, kMaxBulkPoints);
  const auto points = TRY(workspace.store.read(
      [&](db::Connection& c) { return store::metric_history_bulk(c, run_ids, key, max_results); }));
  return points_response(points, "");
}

Result<http::Response> history_bulk_interval(Call& call, Workspace& workspace) {
  const auto run_ids = TRY(call.texts("run_ids"));
  TRY(check_run_ids("GetMetricHistoryBulkInterval", "run_id", run_ids));
  const auto key = TRY(call.text("metric_key"));
  const auto start_step = TRY(call.maybe_integer("start_step"));
  const auto end_step = TRY(call.maybe_integer("end_step"));
  const auto max_results = TRY(call.integer_or("max_results", kMaxIntervalPoints));
  if (start_step.has_value() != end_step.has_value()) {
    return fail(Code::invalid_parameter_value,
                "If either start step or end step are specified, both must be specified.");
  }
  if (start_step && *start_step > *end_step) {
    return fail(Code::invalid_parameter_value,
                "end_step must be greater than start_step. Found start_step={} and end_step={}.",
                *start_step, *end_step);
  }
  const auto points = TRY(workspace.store.read([&](db::Connection& c) {
    return store::metric_history_interval(c, run_ids, key, start_step, end_step, max_results);
  }));
  return points_response(points, "");
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
