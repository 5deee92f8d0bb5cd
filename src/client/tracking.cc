#include "client/tracking.h"

#include <algorithm>

#include "base/text.h"
#include "client/fields.h"
#include "client/pages.h"

namespace slipway::client {
namespace {

constexpr std::string_view kApi = "/api/2.0/mlflow/";
constexpr size_t kMaxParams = 100;
constexpr size_t kMaxTags = 100;
constexpr size_t kMaxItems = 1000;

std::string route(std::string_view name) { return std::string(kApi) + std::string(name); }

constexpr int64_t kPageSize = 1000;

std::string_view view_name(View view) {
  switch (view) {
    case View::active: return "ACTIVE_ONLY";
    case View::deleted: return "DELETED_ONLY";
    case View::all: return "ALL";
  }
  return "";
}

// How many of a page's `n` are still wanted of `most` (0: all), after `n_before`.
size_t n_wanted(size_t n, size_t n_before, int64_t most) {
  return most == 0 ? n : std::min(n, static_cast<size_t>(most) - n_before);
}

Experiment experiment_of(const Json& json) {
  return {text_or(json, "experiment_id"),    text_or(json, "name"),
          text_or(json, "lifecycle_stage"),  text_or(json, "artifact_location"),
          integer_or(json, "creation_time"), integer_or(json, "last_update_time"),
          texts_by_key(json, "tags")};
}

Run run_of(const Json& json) {
  Run run;
  const auto& info = member(json, "info");
  run.run_id = text_or(info, "run_id");
  run.run_name = text_or(info, "run_name");
  run.experiment_id = text_or(info, "experiment_id");
  run.status = text_or(info, "status");
  run.lifecycle_stage = text_or(info, "lifecycle_stage");
  run.artifact_uri = text_or(info, "artifact_uri");
  run.start_time_ms = integer_or(info, "start_time");
  run.end_time_ms = integer_or(info, "end_time");
  const auto& data = member(json, "data");
  for (const auto& item : items(data, "metrics")) {
    run.metrics[text_or(item, "key")] = number_or(item, "value");
  }
  run.params = texts_by_key(data, "params");
  run.tags = texts_by_key(data, "tags");
  return run;
}

// The i-th part of a list that goes in requests of at most `n` each; empty behind the end.
template <typename T>
std::span<const T> part_of(const std::vector<T>& list, size_t i, size_t n) {
  const size_t begin = std::min(i * n, list.size());
  return std::span(list).subspan(begin, std::min(n, list.size() - begin));
}

JsonArray metrics_json(std::span<const MetricPoint> metrics) {
  JsonArray array;
  for (const auto& point : metrics) {
    array.push_back(JsonObject{{"key", point.key},
                               {"value", point.value},
                               {"timestamp", point.time_ms},
                               {"step", point.step}});
  }
  return array;
}

JsonObject of_run(std::string_view run_id) {
  JsonObject body;
  body["run_id"] = run_id;
  return body;
}

}  // namespace

Result<std::string> create_experiment(Server& server, std::string_view name,
                                      std::string_view artifact_location, const Pairs& tags) {
  JsonObject body{{"name", name}};
  if (!artifact_location.empty()) body["artifact_location"] = artifact_location;
  if (!tags.empty()) body["tags"] = pairs_json(tags);
  const auto made = TRY(server.post(route("experiments/create"), body));
  return text_member(made, "experiment_id");
}

Result<Experiment> find_experiment(Server& server, std::string_view name) {
  const auto found =
      TRY(server.get(route("experiments/get-by-name"), {{"experiment_name", std::string(name)}}));
  return experiment_of(member(found, "experiment"));
}

Result<Experiment> get_experiment(Server& server, std::string_view experiment_id) {
  const auto found =
      TRY(server.get(route("experiments/get"), {{"experiment_id", std::string(experiment_id)}}));
  return experiment_of(member(found, "experiment"));
}

Result<Experiment> experiment_called(Server& server, std::string_view id_or_name) {
  if (!to_integer(id_or_name)) return find_experiment(server, id_or_name);
  auto by_id = get_experiment(server, id_or_name);
  if (by_id.ok() || by_id.error().code != Code::resource_does_not_exist) return by_id;
  auto by_name = find_experiment(server, id_or_name);
  return by_name.ok() ? by_name : by_id;
}

Result<std::string> get_or_create_experiment(Server& server, std::string_view name) {
  const auto found = find_experiment(server, name);
  if (found.ok()) {
    if (found->lifecycle_stage != "deleted") return found->experiment_id;
    return fail(Code::invalid_parameter_value,
                "the experiment '{}' is deleted: restore it or take another name", name);
  }
  if (found.error().code != Code::resource_does_not_exist) return found.error();
  auto made = create_experiment(server, name);
  const bool raced = !made.ok() && made.error().code == Code::resource_already_exists;
  return raced ? get_or_create_experiment(server, name) : made;
}

Result<void> delete_experiment(Server& server, std::string_view experiment_id) {
  TRY(server.post(route("experiments/delete"), JsonObject{{"experiment_id", experiment_id}}));
  return {};
}

Result<std::vector<Experiment>> search_experiments(Server& server, const ExperimentSearch& search) {
  const int64_t most = search.max_results;
  JsonObject body{{"max_results", most == 0 ? kPageSize : std::min(most, kPageSize)},
                  {"view_type", view_name(search.view)}};
  if (!search.filter.empty()) body["filter"] = search.filter;
  if (!search.order_by.empty()) body["order_by"] = texts_json(search.order_by);
  std::vector<Experiment> found;
  TRY(post_pages(server, route("experiments/search"), body, [&](const Json& page) -> Result<Next> {
    const auto experiments = items(page, "experiments");
    for (const auto& item : experiments.first(n_wanted(experiments.size(), found.size(), most))) {
      found.push_back(experiment_of(item));
    }
    return static_cast<int64_t>(found.size()) == most ? Next::nothing : Next::page;
  }));
  return found;
}

Result<Run> create_run(Server& server, const NewRun& run) {
  auto tags = run.tags;
  if (!run.parent_run_id.empty()) tags.emplace_back("mlflow.parentRunId", run.parent_run_id);
  JsonObject body;
  body["experiment_id"] = run.experiment_id;
  body["start_time"] = run.start_time_ms;
  if (!run.run_name.empty()) body["run_name"] = run.run_name;
  body["tags"] = pairs_json(tags);
  const auto made = TRY(server.post(route("runs/create"), body));
  return run_of(member(made, "run"));
}

Result<Run> get_run(Server& server, std::string_view run_id) {
  const auto got = TRY(server.get(route("runs/get"), {{"run_id", std::string(run_id)}}));
  return run_of(member(got, "run"));
}

Result<void> end_run(Server& server, std::string_view run_id, std::string_view status) {
  auto body = of_run(run_id);
  body["status"] = status;
  body["end_time"] = now_ms();
  TRY(server.post(route("runs/update"), body));
  return {};
}

Result<void> delete_run(Server& server, std::string_view run_id) {
  TRY(server.post(route("runs/delete"), of_run(run_id)));
  return {};
}

Result<void> log_batch(Server& server, std::string_view run_id, const Pairs& params,
                       const std::vector<MetricPoint>& metrics, const Pairs& tags) {
  const size_t n_metrics_each = kMaxItems - kMaxParams - kMaxTags;
  for (size_t i = 0; i * kMaxParams < params.size() || i * n_metrics_each < metrics.size() ||
                     i * kMaxTags < tags.size();
       ++i) {
    auto body = of_run(run_id);
    body["params"] = pairs_json(part_of(params, i, kMaxParams));
    body["metrics"] = metrics_json(part_of(metrics, i, n_metrics_each));
    body["tags"] = pairs_json(part_of(tags, i, kMaxTags));
    TRY(server.post(route("runs/log-batch"), body));
  }
  return {};
}

Result<void> log_inputs(Server& server, std::string_view run_id,
                        const std::vector<DatasetInput>& datasets) {
  JsonArray array;
  for (const auto& input : datasets) {
    JsonObject dataset{{"name", input.name},
                       {"digest", input.digest},
                       {"source_type", input.source_type},
                       {"source", input.source}};
    if (!input.schema.empty()) dataset["schema"] = input.schema;
    if (!input.profile.empty()) dataset["profile"] = input.profile;
    const JsonObject tag{{"key", "mlflow.data.context"}, {"value", input.context}};
    array.push_back(JsonObject{{"dataset", dataset}, {"tags", JsonArray{tag}}});
  }
  auto body = of_run(run_id);
  body["datasets"] = std::move(array);
  TRY(server.post(route("runs/log-inputs"), body));
  return {};
}

Result<void> visit_runs(Server& server, const RunSearch& search,
                        const std::function<Result<void>(const std::vector<Run>&)>& take) {
  const int64_t most = search.max_results;
  const JsonObject body{{"experiment_ids", texts_json(search.experiment_ids)},
                        {"filter", search.filter},
                        {"order_by", texts_json(search.order_by)},
                        {"run_view_type", view_name(search.view)},
                        {"max_results", most == 0 ? kPageSize : std::min(most, kPageSize)}};
  size_t n_taken = 0;
  return post_pages(server, route("runs/search"), body, [&](const Json& page) -> Result<Next> {
    const auto found = items(page, "runs");
    std::vector<Run> runs;
    for (const auto& item : found.first(n_wanted(found.size(), n_taken, most))) {
      runs.push_back(run_of(item));
    }
    TRY(take(runs));
    n_taken += runs.size();
    return static_cast<int64_t>(n_taken) == most ? Next::nothing : Next::page;
  });
}

Result<std::vector<Run>> search_runs(Server& server, const RunSearch& search) {
  std::vector<Run> runs;
  TRY(visit_runs(server, search, [&](const std::vector<Run>& page) -> Result<void> {
    runs.insert(runs.end(), page.begin(), page.end());
    return {};
  }));
  return runs;
}

Result<void> visit_history(
    Server& server, std::string_view run_id, std::string_view key,
    const std::function<Result<void>(const std::vector<MetricPoint>&)>& take) {
  const Query query{
      {"run_id", std::string(run_id)}, {"metric_key", std::string(key)}, {"max_results", "25000"}};
  return get_pages(server, route("metrics/get-history"), query,
                   [&](const Json& page) -> Result<Next> {
                     std::vector<MetricPoint> points;
                     for (const auto& item : items(page, "metrics")) {
                       points.push_back({text_or(item, "key"), number_or(item, "value"),
                                         integer_or(item, "timestamp"), integer_or(item, "step")});
                     }
                     TRY(take(points));
                     return Next::page;
                   });
}

Result<std::vector<MetricPoint>> metric_history(Server& server, std::string_view run_id,
                                                std::string_view key) {
  std::vector<MetricPoint> points;
  TRY(visit_history(server, run_id, key, [&](const std::vector<MetricPoint>& page) -> Result<void> {
    points.insert(points.end(), page.begin(), page.end());
    return {};
  }));
  return points;
}

}  // namespace slipway::client
