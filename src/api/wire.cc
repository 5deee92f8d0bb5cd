#include "api/wire.h"

#include <fmt/format.h>

#include <iterator>

namespace slipway::api {
namespace {

void put(JsonObject& out, std::string_view key, Json value) {
  out.insert_or_assign({key.data(), key.size()}, std::move(value));
}

void put_if_any(JsonObject& out, std::string_view key, const std::string& text) {
  if (!text.empty()) put(out, key, Json(text));
}

template <typename Pair>
void put_pairs(JsonObject& out, std::string_view key, const std::vector<Pair>& pairs) {
  if (pairs.empty()) return;
  JsonArray list;
  for (const auto& pair : pairs) {
    list.push_back(JsonObject{{"key", pair.key}, {"value", pair.value}});
  }
  put(out, key, std::move(list));
}

// Members of a JSON object, one after the other.
class ObjectText {
 public:
  explicit ObjectText(std::string& out) : out_(out) { out_ += '{'; }
  ObjectText(const ObjectText&) = delete;
  ObjectText& operator=(const ObjectText&) = delete;
  ~ObjectText() { out_ += '}'; }

  std::string& key(std::string_view name) {
    out_ += first_ ? "\"" : ", \"";
    first_ = false;
    out_ += name;
    out_ += "\": ";
    return out_;
  }
  void text(std::string_view name, std::string_view value) { append_quoted(key(name), value); }
  void text_if_any(std::string_view name, std::string_view value) {
    if (!value.empty()) text(name, value);
  }
  void integer(std::string_view name, int64_t value) {
    fmt::format_to(std::back_inserter(key(name)), "{}", value);
  }
  void number(std::string_view name, double value) { append_number(key(name), value); }

  template <typename Items, typename Append>
  void list_if_any(std::string_view name, const Items& items, Append append) {
    if (items.empty()) return;
    auto& out = key(name);
    char separator = '[';
    for (const auto& item : items) {
      out += separator;
      append(out, item);
      separator = ',';
    }
    out += ']';
  }

 private:
  std::string& out_;
  bool first_ = true;
};

template <typename Pair>
void append_pair(std::string& out, const Pair& pair) {
  ObjectText object(out);
  object.text("key", pair.key);
  object.text("value", pair.value);
}

void append_dataset_input(std::string& out, const store::DatasetInput& input) {
  ObjectText object(out);
  object.list_if_any("tags", input.tags, append_pair<store::Tag>);
  ObjectText dataset(object.key("dataset"));
  dataset.text("name", input.dataset.name);
  dataset.text("digest", input.dataset.digest);
  dataset.text("source_type", input.dataset.source_type);
  dataset.text("source", input.dataset.source);
  dataset.text_if_any("schema", input.dataset.schema);
  dataset.text_if_any("profile", input.dataset.profile);
}

void append_model_input(std::string& out, const std::string& model_id) {
  ObjectText(out).text("model_id", model_id);
}

void append_model_output(std::string& out, const store::ModelOutput& output) {
  ObjectText object(out);
  object.text("model_id", output.model_id);
  object.integer("step", output.step);
}

}  // namespace

JsonObject to_json(const store::Experiment& experiment) {
  JsonObject out{{"experiment_id", experiment.experiment_id},
                 {"name", experiment.name},
                 {"artifact_location", experiment.artifact_location},
                 {"last_update_time", experiment.last_update_time_ms},
                 {"creation_time", experiment.creation_time_ms}};
  put(out, "lifecycle_stage", Json(std::string(stage_name(experiment.lifecycle_stage))));
  put_pairs(out, "tags", experiment.tags);
  put(out, "workspace", "default");
  return out;
}

JsonObject to_json(const store::Metric& metric) {
  JsonObject out{{"key", metric.key},
                 {"value", metric.value},
                 {"timestamp", metric.timestamp_ms},
                 {"step", metric.step}};
  put_if_any(out, "dataset_name", metric.dataset_name);
  put_if_any(out, "dataset_digest", metric.dataset_digest);
  put_if_any(out, "model_id", metric.model_id);
  put_if_any(out, "run_id", metric.run_id);
  return out;
}

JsonObject to_json(const store::LoggedModel& model) {
  JsonObject info{{"model_id", model.model_id},
                  {"experiment_id", model.experiment_id},
                  {"name", model.name},
                  {"creation_timestamp_ms", model.creation_timestamp_ms},
                  {"last_updated_timestamp_ms", model.last_updated_timestamp_ms},
                  {"artifact_uri", model.artifact_uri}};
  put(info, "status", Json(std::string(logged_model_status_name(model.status))));
  put_if_any(info, "status_message", model.status_message);
  put(info, "model_type", Json(model.model_type));
  put(info, "source_run_id", Json(model.source_run_id));
  put_pairs(info, "tags", model.tags);
  JsonObject data;
  put_pairs(data, "params", model.params);
  if (!model.metrics.empty()) put(data, "metrics", list_json("", model.metrics)[""]);
  return {{"info", std::move(info)}, {"data", std::move(data)}};
}

JsonObject to_json(const store::ModelVersion& version) {
  JsonObject out{{"name", version.name},
                 {"version", std::to_string(version.version)},
                 {"creation_timestamp", version.creation_timestamp_ms},
                 {"last_updated_timestamp", version.last_updated_timestamp_ms}};
  put_if_any(out, "user_id", version.user_id);
  put(out, "current_stage", Json(version.current_stage));
  if (version.description) put(out, "description", Json(*version.description));
  put(out, "source", Json(version.source));
  put(out, "run_id", Json(version.run_id));
  put(out, "status", Json(std::string(version_status_name(version.status))));
  put_if_any(out, "status_message", version.status_message);
  put_pairs(out, "tags", version.tags);
  put(out, "run_link", Json(version.run_link));
  if (!version.aliases.empty()) {
    put(out, "aliases", Json(JsonArray(version.aliases.begin(), version.aliases.end())));
  }
  put_if_any(out, "model_id", version.model_id);
  return out;
}

JsonObject to_json(const store::RegisteredModel& model) {
  JsonObject out{{"name", model.name},
                 {"creation_timestamp", model.creation_timestamp_ms},
                 {"last_updated_timestamp", model.last_updated_timestamp_ms}};
  if (model.description && !model.description->empty()) {
    put(out, "description", Json(*model.description));
  }
  if (!model.latest_versions.empty()) {
    put(out, "latest_versions", list_json("", model.latest_versions)[""]);
  }
  put_pairs(out, "tags", model.tags);
  if (!model.aliases.empty()) {
    JsonArray aliases;
    for (const auto& [alias, version] : model.aliases) {
      aliases.push_back(JsonObject{{"alias", alias}, {"version", std::to_string(version)}});
    }
    put(out, "aliases", std::move(aliases));
  }
  return out;
}

JsonObject to_json(const store::Grant& grant) {
  return {{"id", grant.grant_key},
          {"role_id", grant.role_key},
          {"resource_type", store::resource_name(grant.resource)},
          {"resource_pattern", grant.pattern},
          {"permission", store::permission_name(grant.permission)}};
}

JsonObject to_json(const store::Role& role) {
  JsonArray grants;
  for (const auto& grant : role.grants) grants.push_back(to_json(grant));
  return {{"id", role.role_key},
          {"name", role.name},
          {"workspace", role.workspace},
          {"description", role.description ? Json(*role.description) : Json(nullptr)},
          {"permissions", std::move(grants)}};
}

JsonObject to_json(const store::TokenInfo& token) {
  return {{"token_id", token.token_id},
          {"user_id", token.user_id},
          {"creation_time", token.creation_time_ms},
          {"expiry_time", token.expiry_time_ms.value_or(-1)},
          {"comment", token.comment}};
}

JsonObject to_json(const files::Entry& entry, std::string_view folder) {
  JsonObject out{{"path", folder.empty() ? entry.name : fmt::format("{}/{}", folder, entry.name)},
                 {"is_dir", entry.is_dir}};
  if (!entry.is_dir) put(out, "file_size", Json(entry.size_bytes));
  return out;
}

void append_metric(std::string& out, const store::Metric& metric) {
  ObjectText object(out);
  object.text("key", metric.key);
  object.number("value", metric.value);
  object.integer("timestamp", metric.timestamp_ms);
  object.integer("step", metric.step);
  object.text_if_any("dataset_name", metric.dataset_name);
  object.text_if_any("dataset_digest", metric.dataset_digest);
  object.text_if_any("model_id", metric.model_id);
  object.text_if_any("run_id", metric.run_id);
}

void append_run_info(std::string& out, const store::RunInfo& info) {
  ObjectText object(out);
  object.text("run_uuid", info.run_id);
  object.text("experiment_id", info.experiment_id);
  object.text("run_name", info.run_name);
  object.text("user_id", info.user_id);
  object.text("status", run_status_name(info.status));
  object.integer("start_time", info.start_time_ms);
  if (info.end_time_ms.value_or(0) != 0) object.integer("end_time", *info.end_time_ms);
  object.text("artifact_uri", info.artifact_uri);
  object.text("lifecycle_stage", stage_name(info.lifecycle_stage));
  object.text("run_id", info.run_id);
}

void append_run(std::string& out, const store::Run& run, EmptyOutputs empty_outputs) {
  ObjectText object(out);
  append_run_info(object.key("info"), run.info);
  {
    ObjectText data(object.key("data"));
    data.list_if_any("metrics", run.metrics, append_metric);
    data.list_if_any("params", run.params, append_pair<store::Param>);
    data.list_if_any("tags", run.tags, append_pair<store::Tag>);
  }
  {
    ObjectText inputs(object.key("inputs"));
    inputs.list_if_any("dataset_inputs", run.dataset_inputs, append_dataset_input);
    inputs.list_if_any("model_inputs", run.model_inputs, append_model_input);
  }
  if (run.model_outputs.empty() && empty_outputs == EmptyOutputs::left_out) return;
  ObjectText outputs(object.key("outputs"));
  outputs.list_if_any("model_outputs", run.model_outputs, append_model_output);
}

}  // namespace slipway::api
