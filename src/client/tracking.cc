#include "client/tracking.h"

#include <algorithm>

#include "client/fields.h"

namespace slipway::client {
namespace {

constexpr std::string_view kApi = "/api/2.0/mlflow/";
constexpr size_t kMaxParams = 100;
constexpr size_t kMaxTags = 100;
constexpr size_t kMaxItems = 1000;

std::string route(std::string_view name) { return std::string(kApi) + std::string(name); }

Experiment experiment_of(const Json& json) {
  return {text_or(json, "experiment_id"), text_or(json, "name"), text_or(json, "lifecycle_stage"),
          text_or(json, "artifact_location"), integer_or(json, "creation_time")};
}

Run run_of(const Json& json) {
  Run run;
  const auto& info = member(json, "info");
  run.run_id = text_or(info, "run_id");
  run.run_name = text_or(info, "run_name");
  run.experiment_id = text_or(info, "experiment_id");
  run.status = text_or(info, "status");
  run.artifact_uri = text_or(info, "artifact_uri");
  run.start_time_ms = integer_or(info, "start_time");
  run.end_time_ms = integer_or(info, "end_time");
  const auto& data = member(json, "data");
  for (const auto& item : items(data, "metrics")) {
    run.metrics[text_or(item, "key")] = number_or(item, "value");
  }
  for (const auto& item : items(data, "params")) {
    run.params[text_or(item, "key")] = text_or(item, "value");
  }
  for (const auto& item : items(data, "tags")) {
    run.tags[text_or(item, "key")] = text_or(item, "value");
  }
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

Result<std::string> create_experiment(Server& server, std::string_view name) {
  const auto made = TRY(server.post(route("experiments/create"), JsonObject{{"name", name}}));
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

Result<std::vector<Experiment>> list_experiments(Server& server) {
  std::vector<Experiment> experiments;
  JsonObject body{{"max_results", 1000}};
  while (true) {
    const auto page = TRY(server.post(route("experiments/search"), body));
    for (const auto& item : items(page, "experiments")) {
      experiments.push_back(experiment_of(item));
    }
    const auto token = text_or(page, "next_page_token");
    if (token.empty()) return experiments;
    body["page_token"] = token;
  }
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

Result<std::vector<Run>> search_runs(Server& server, const RunSearch& search) {
  JsonObject body;
  body["experiment_ids"] = texts_json(search.experiment_ids);
  body["filter"] = search.filter;
  body["order_by"] = texts_json(search.order_by);
  std::vector<Run> runs;
  while (static_cast<int64_t>(runs.size()) < search.max_results) {
    const auto wanted = search.max_results - static_cast<int64_t>(runs.size());
    body["max_results"] = std::min<int64_t>(1000, wanted);
    const auto page = TRY(server.post(route("runs/search"), body));
    for (const auto& item : items(page, "runs")) runs.push_back(run_of(item));
    const auto token = text_or(page, "next_page_token");
    if (token.empty()) break;
    body["page_token"] = token;
  }
  return runs;
}

Result<std::vector<MetricPoint>> metric_history(Server& server, std::string_view run_id,
                                                std::string_view key) {
  std::vector<MetricPoint> points;
  Query query{
      {"run_id", std::string(run_id)}, {"metric_key", std::string(key)}, {"max_results", "25000"}};
  while (true) {
    const auto page = TRY(server.get(route("metrics/get-history"), query));
    for (const auto& item : items(page, "metrics")) {
      points.push_back({text_or(item, "key"), number_or(item, "value"),
                        integer_or(item, "timestamp"), integer_or(item, "step")});
    }
    const auto token = text_or(page, "next_page_token");
    if (token.empty()) return points;
    query.resize(3);
    query.emplace_back("page_token", token);
  }
}

}  // namespace slipway::client
