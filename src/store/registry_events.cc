#include "store/registry_events.h"

#include "base/json.h"
#include "base/text.h"
#include "store/search_sql.h"
#include "store/webhooks.h"

namespace slipway::store {
namespace {

constexpr std::string_view kPromptTypeTag = "_mlflow_prompt_type";
constexpr std::string_view kPromptTextTag = "mlflow.prompt.text";

bool is_prompt(const std::vector<Tag>& tags) {
  for (const Tag& tag : tags) {
    if (tag.key == kPromptTag) return lower(tag.value) == "true";
  }
  return false;
}

Result<bool> is_prompt(db::Connection& conn, std::string_view name) {
  const auto value =
      TRY(conn.text("SELECT t.value FROM registered_models g JOIN registered_model_tags t"
                    " ON t.registered_model_key = g.registered_model_key"
                    " WHERE g.name = ? AND t.key = ?",
                    name, kPromptTag));
  return value && lower(*value) == "true";
}

/// The tags as an object, without those by which MLflow marks its prompts.
JsonObject tags_json(const std::vector<Tag>& tags, bool of_prompt) {
  JsonObject out;
  for (const Tag& tag : tags) {
    const bool is_mark =
        tag.key == kPromptTag || tag.key == kPromptTypeTag || tag.key == kPromptTextTag;
    if (!of_prompt || !is_mark) out[tag.key] = tag.value;
  }
  return out;
}

Json text_or_null(std::string_view text) { return text.empty() ? Json() : Json(text); }

}  // namespace

Result<void> tell_model_created(db::Connection& conn, const RegisteredModel& model) {
  const bool prompt = is_prompt(model.tags);
  return queue_event(conn, prompt ? "prompt.created" : "registered_model.created",
                     {{"name", model.name},
                      {"tags", tags_json(model.tags, prompt)},
                      {"description", model.description.value_or("")}});
}

Result<void> tell_version_created(db::Connection& conn, const ModelVersion& version) {
  const bool prompt = is_prompt(version.tags);
  JsonObject data{{"name", version.name}, {"version", std::to_string(version.version)}};
  if (prompt) {
    data["template"] = nullptr;
    for (const Tag& tag : version.tags) {
      if (tag.key == kPromptTextTag) data["template"] = tag.value;
    }
  } else {
    data["source"] = version.source;
    data["run_id"] = text_or_null(version.run_id);
  }
  data["tags"] = tags_json(version.tags, prompt);
  data["description"] = text_or_null(version.description.value_or(""));
  return queue_event(conn, prompt ? "prompt_version.created" : "model_version.created", data);
}

Result<void> tell_model_tag(db::Connection& conn, std::string_view name, std::string_view key,
                            const std::optional<std::string>& value) {
  const bool prompt = TRY(is_prompt(conn, name));
  if (!prompt) return {};  // nobody is told of a registered model's own tags
  JsonObject data{{"name", name}, {"key", key}};
  if (value) data["value"] = *value;
  return queue_event(conn, value ? "prompt_tag.set" : "prompt_tag.deleted", data);
}

Result<void> tell_version_tag(db::Connection& conn, std::string_view name, std::string_view version,
                              std::string_view key, const std::optional<std::string>& value) {
  const bool prompt = TRY(is_prompt(conn, name));
  JsonObject data{{"name", name}, {"version", version}, {"key", key}};
  if (value) data["value"] = *value;
  return queue_event(
      conn,
      fmt::format("{}_version_tag.{}", prompt ? "prompt" : "model", value ? "set" : "deleted"),
      data);
}

Result<void> tell_alias(db::Connection& conn, std::string_view name, std::string_view alias,
                        const std::optional<std::string>& version) {
  const bool prompt = TRY(is_prompt(conn, name));
  JsonObject data{{"name", name}, {"alias", alias}};
  if (version) data["version"] = *version;
  return queue_event(conn,
                     fmt::format("{}_alias.{}", prompt ? "prompt" : "model_version",
                                 version ? "created" : "deleted"),
                     data);
}

}  // namespace slipway::store
