#include "store/registry.h"

#include <algorithm>

#include "base/clock.h"
#include "base/text.h"
#include "store/limits.h"
#include "store/registry_events.h"
#include "store/registry_search.h"
#include "store/roles.h"
#include "store/rows.h"
#include "store/search_lists.h"
#include "store/version_rows.h"

namespace slipway::store {
namespace {

constexpr size_t kMaxNameLength = 256;

constexpr Field kFields[] = {
    {"name", "g.name", FieldKind::text, Lists::accepted},
};

constexpr Field kOrderFields[] = {
    {"name", "g.name"},
    {"timestamp", "g.last_updated_timestamp_ms", FieldKind::number},
    {"last_updated_timestamp", "g.last_updated_timestamp_ms", FieldKind::number},
};

Result<RegisteredModel> load_model(db::Connection& conn, int64_t key) {
  RegisteredModel out;
  {
    auto cursor =
        TRY(conn.query("SELECT name, creation_timestamp_ms, last_updated_timestamp_ms, description"
                       " FROM registered_models WHERE registered_model_key = ?",
                       key));
    if (!TRY(cursor.next())) return fail(Code::resource_does_not_exist, "Registered Model is gone");
    const db::Row row = cursor.row();
    out.name = row.text(0);
    out.creation_timestamp_ms = row.integer(1);
    out.last_updated_timestamp_ms = row.integer(2);
    out.description = row.optional_text(3);
  }
  out.tags = TRY(read_pairs<Tag>(
      conn, "SELECT key, value FROM registered_model_tags WHERE registered_model_key = ?", key));
  TRY(conn.for_each(
      "SELECT a.alias, v.version FROM model_aliases a JOIN model_versions v"
      " ON v.version_key = a.version_key WHERE a.registered_model_key = ?",
      [&](const db::Row& row) { out.aliases.push_back({row.text(0), row.integer(1)}); }, key));
  out.latest_versions = TRY(highest_of_stages(conn, key, {}));
  for (ModelVersion& version : out.latest_versions)
    version.aliases.clear();  // they are the model's
  return out;
}

Result<void> check_name_free(db::Connection& conn, std::string_view name) {
  const auto holder =
      TRY(conn.integer("SELECT registered_model_key FROM registered_models WHERE name = ?", name));
  if (!holder) return {};
  return fail(Code::resource_already_exists, "Registered Model (name={}) already exists.", name);
}

bool marks_prompt(const Tag& tag) { return tag.key == kPromptTag && lower(tag.value) == "true"; }

/// As check_name_free, in the words for models and prompts, which share their names.
Result<void> check_name_free_for(db::Connection& conn, std::string_view name,
                                 const std::vector<Tag>& tags) {
  const auto holder =
      TRY(conn.integer("SELECT registered_model_key FROM registered_models WHERE name = ?", name));
  if (!holder) return {};
  const auto holder_tag = TRY(conn.text(
      "SELECT value FROM registered_model_tags WHERE registered_model_key = ? AND key = ?", *holder,
      kPromptTag));
  const bool was_prompt = holder_tag && lower(*holder_tag) == "true";
  const bool is_prompt = std::any_of(tags.begin(), tags.end(), marks_prompt);
  if (was_prompt == is_prompt) {
    return fail(Code::resource_already_exists, "{} (name={}) already exists.",
                is_prompt ? "Prompt" : "Registered Model", name);
  }
  return fail(Code::resource_already_exists,
              "Tried to create a {} with name {}, but the name is already taken by a {}. MLflow "
              "does not allow creating a model and a prompt with the same name.",
              is_prompt ? "prompt" : "registered model", python_text(name),
              was_prompt ? "prompt" : "registered model");
}

Result<void> put_tag(db::Connection& conn, int64_t key, const Tag& tag) {
  TRY(check_registry_tag(tag));
  return conn.exec(
      "INSERT INTO registered_model_tags (registered_model_key, key, value) VALUES (?, ?, ?)"
      " ON CONFLICT (registered_model_key, key) DO UPDATE SET value = excluded.value",
      key, tag.key, tag.value);
}

Result<Sql> attribute_clause(const Comparison& comparison) {
  const Field* const field = TRY(find_field(kFields, comparison.identifier.key));
  constexpr std::string_view kLists[] = {"IN", "NOT IN"};
  const bool is_text = comparison.literal.kind == LiteralKind::text;
  if (is_text) TRY(check_text_comparator(comparison, "attribute", kLists));
  const bool is_number = comparison.literal.kind == LiteralKind::number;
  if (is_number || comparison.literal.kind == LiteralKind::other) {
    return no_text_or_list(comparison.literal);
  }
  return attribute_test(kFields, *field, comparison);
}

Result<std::string> order_of(const std::vector<std::string>& order_by) {
  std::string out = " ORDER BY ";
  OrderedOnce once;
  for (const std::string& text : order_by) {
    const Ordering ordering = TRY(parse_ordering(text));
    const auto field = find_field(kOrderFields, ordering.written);
    if (!field.ok()) {
      return fail(Code::invalid_parameter_value,
                  "Invalid order by key '{}' specified. Valid keys are "
                  "'{{'name', 'timestamp'}}'",
                  ordering.written);
    }
    TRY(once.add(ordering));
    out += fmt::format("{}{}, ", (*field)->column, direction_text(ordering.direction));
  }
  return out + "g.name";
}

constexpr RegistrySearch kSearch{
    "SELECT g.registered_model_key FROM registered_models g",
    "registered_model_tags t WHERE t.registered_model_key = g.registered_model_key",
    attribute_clause, order_of, 1000};

}  // namespace

Result<RegisteredModel> create_registered_model(db::Connection& conn, std::string_view name,
                                                const std::vector<Tag>& tags,
                                                const std::optional<std::string>& description) {
  TRY(check_model_name(name));
  TRY(check_length(name, kMaxNameLength, "name"));
  TRY(check_name_free_for(conn, name, tags));
  const int64_t time_ms = now_ms();
  const int64_t key =
      TRY(conn.insert("INSERT INTO registered_models (name, creation_timestamp_ms,"
                      " last_updated_timestamp_ms, description) VALUES (?, ?, ?, ?)"
                      " RETURNING registered_model_key",
                      name, time_ms, time_ms, description));
  for (const Tag& tag : tags) TRY(put_tag(conn, key, tag));
  TRY(raise_generation(conn));
  RegisteredModel model = TRY(load_model(conn, key));
  TRY(tell_model_created(conn, model));
  return model;
}

Result<RegisteredModel> get_registered_model(db::Connection& conn, std::string_view name) {
  const int64_t key = TRY(registered_model_key(conn, name));
  return load_model(conn, key);
}

Result<RegisteredModel> rename_registered_model(db::Connection& conn, std::string_view name,
                                                std::string_view new_name) {
  if (trim(new_name).empty()) {
    return fail(Code::invalid_parameter_value, "Missing value for required parameter 'new_name'.");
  }
  TRY(check_model_name(new_name));
  TRY(check_length(new_name, kMaxNameLength, "new_name"));
  const int64_t key = TRY(registered_model_key(conn, name));
  if (name != new_name) TRY(check_name_free(conn, new_name));
  TRY(conn.exec("UPDATE registered_models SET name = ? WHERE registered_model_key = ?", new_name,
                key));
  TRY(conn.exec(
      "UPDATE model_versions SET last_updated_timestamp_ms = ? WHERE registered_model_key = ?",
      now_ms(), key));
  if (name != new_name) {
    TRY(rename_grants(conn, Resource::registered_model, name, new_name));
    TRY(rename_grants(conn, Resource::endpoint, name, new_name));
  }
  TRY(touch_model(conn, key));
  return load_model(conn, key);
}

Result<RegisteredModel> update_registered_model(db::Connection& conn, std::string_view name,
                                                const std::optional<std::string>& description) {
  const int64_t key = TRY(registered_model_key(conn, name));
  TRY(conn.exec("UPDATE registered_models SET description = ? WHERE registered_model_key = ?",
                description, key));
  TRY(touch_model(conn, key));
  return load_model(conn, key);
}

Result<void> delete_registered_model(db::Connection& conn, std::string_view name) {
  const int64_t key = TRY(registered_model_key(conn, name));
  TRY(conn.exec("DELETE FROM registered_models WHERE registered_model_key = ?", key));
  TRY(forget_grants(conn, Resource::registered_model, name));
  TRY(forget_grants(conn, Resource::endpoint, name));
  return raise_generation(conn);
}

Result<void> set_registered_model_tag(db::Connection& conn, std::string_view name, const Tag& tag) {
  const int64_t key = TRY(registered_model_key(conn, name));
  TRY(put_tag(conn, key, tag));
  TRY(tell_model_tag(conn, name, tag.key, tag.value));
  return raise_generation(conn);
}

Result<void> delete_registered_model_tag(db::Connection& conn, std::string_view name,
                                         std::string_view key) {
  TRY(check_registry_tag({std::string(key), ""}));
  const int64_t model_key = TRY(registered_model_key(conn, name));
  TRY(conn.exec("DELETE FROM registered_model_tags WHERE registered_model_key = ? AND key = ?",
                model_key, key));
  TRY(tell_model_tag(conn, name, key, std::nullopt));
  return raise_generation(conn);
}

Result<void> set_alias(db::Connection& conn, std::string_view name, std::string_view alias,
                       std::string_view version) {
  TRY(check_alias(alias));
  const int64_t key = TRY(version_key(conn, name, version));
  const int64_t model_key = TRY(registered_model_key(conn, name));
  TRY(
      conn.exec("INSERT INTO model_aliases (registered_model_key, alias, version_key)"
                " VALUES (?, ?, ?) ON CONFLICT (registered_model_key, alias)"
                " DO UPDATE SET version_key = excluded.version_key",
                model_key, alias, key));
  TRY(tell_alias(conn, name, alias, std::string(version)));
  return raise_generation(conn);
}

Result<void> delete_alias(db::Connection& conn, std::string_view name, std::string_view alias) {
  TRY(check_alias_characters(alias));
  const int64_t model_key = TRY(registered_model_key(conn, name));
  TRY(conn.exec("DELETE FROM model_aliases WHERE registered_model_key = ? AND alias = ?", model_key,
                alias));
  TRY(tell_alias(conn, name, alias, std::nullopt));
  return raise_generation(conn);
}

Result<ModelVersion> get_by_alias(db::Connection& conn, std::string_view name,
                                  std::string_view alias) {
  TRY(check_alias_characters(alias));
  const int64_t model_key = TRY(registered_model_key(conn, name));
  if (lower(alias) == "latest") {  // reserved: it stands for the newest version
    const auto newest =
        TRY(conn.integer("SELECT version_key FROM model_versions WHERE registered_model_key = ?"
                         " ORDER BY version DESC LIMIT 1",
                         model_key));
    if (newest) return load_version(conn, *newest);
    return fail(Code::resource_does_not_exist, "Latest version not found for model {}.", name);
  }
  const auto key = TRY(conn.integer(
      "SELECT version_key FROM model_aliases WHERE registered_model_key = ? AND alias = ?",
      model_key, alias));
  if (key) return load_version(conn, *key);
  return fail(Code::invalid_parameter_value, "Registered model alias {} not found.", alias);
}

Result<std::vector<ModelVersion>> latest_versions(db::Connection& conn, std::string_view name,
                                                  const std::vector<std::string>& stages) {
  const int64_t model_key = TRY(registered_model_key(conn, name));
  std::vector<std::string> canonical;
  for (const std::string& stage : stages) {
    std::string known = TRY(canonical_stage(stage));
    canonical.push_back(std::move(known));
  }
  return highest_of_stages(conn, model_key, canonical);
}

Result<Page<RegisteredModel>> search_registered_models(db::Connection& conn,
                                                       const SearchRequest& request) {
  const auto keys = TRY(find_in_registry(conn, kSearch, request));
  Page<RegisteredModel> page;
  page.next_page_token = keys.next_page_token;
  for (const int64_t key : keys.items) {
    RegisteredModel model = TRY(load_model(conn, key));
    page.items.push_back(std::move(model));
  }
  return page;
}

Result<int64_t> registry_generation(db::Connection& conn) {
  const auto generation = TRY(conn.integer("SELECT generation FROM registry_generation"));
  return generation.value_or(0);
}

}  // namespace slipway::store
