#include "store/experiments.h"

#include <algorithm>
#include <filesystem>

#include "base/clock.h"
#include "base/text.h"
#include "store/experiment_rows.h"
#include "store/limits.h"
#include "store/readable.h"
#include "store/rows.h"
#include "store/run_changes.h"
#include "store/search_sql.h"

namespace slipway::store {
namespace {

constexpr std::string_view kColumns =
    "SELECT experiment_id, name, artifact_location, deleted, creation_time_ms,"
    " last_update_time_ms FROM experiments";

constexpr Field kFields[] = {
    {"name", "e.name"},
    {"experiment_id", "CAST(e.experiment_id AS TEXT)", FieldKind::text, Lists::accepted},
    {"creation_time", "e.creation_time_ms", FieldKind::number},
    {"last_update_time", "e.last_update_time_ms", FieldKind::number},
};

Experiment experiment_of(const db::Row& row) {
  Experiment out;
  out.experiment_id = std::to_string(row.integer(0));
  out.name = row.text(1);
  out.artifact_location = row.text(2);
  out.lifecycle_stage = row.integer(3) == 0 ? LifecycleStage::active : LifecycleStage::deleted;
  out.creation_time_ms = row.integer(4);
  out.last_update_time_ms = row.integer(5);
  return out;
}

Result<void> read_tags(db::Connection& conn, int64_t key, Experiment& experiment) {
  experiment.tags = TRY(
      read_pairs<Tag>(conn, "SELECT key, value FROM experiment_tags WHERE experiment_id = ?", key));
  return {};
}

Result<std::optional<Experiment>> find_experiment(db::Connection& conn, int64_t key) {
  std::optional<Experiment> out;
  {
    auto cursor = TRY(conn.query(std::string(kColumns) + " WHERE experiment_id = ?", key));
    if (!TRY(cursor.next())) return out;
    out = experiment_of(cursor.row());
  }
  TRY(read_tags(conn, key, *out));
  return out;
}

/// A relative path is meant from the server's working directory.
std::string absolute_location(std::string_view location) {
  if (!scheme_of(location).empty() || location.starts_with('/')) return std::string(location);
  std::error_code error;
  const auto folder = std::filesystem::current_path(error);
  if (error) return std::string(location);
  const auto path = (folder / location).lexically_normal().generic_string();
  return path.ends_with('/') ? path.substr(0, path.size() - 1) : path;
}

Error name_taken(std::string_view name) {
  return fail(Code::resource_already_exists, "Experiment(name={}) already exists.", name);
}

Result<void> check_name_free(db::Connection& conn, std::string_view name) {
  const auto holder =
      TRY(conn.integer("SELECT experiment_id FROM experiments WHERE name = ?", name));
  if (holder) return name_taken(name);
  return {};
}

Result<void> put_tag(db::Connection& conn, int64_t key, const Tag& tag) {
  return conn.exec(
      "INSERT INTO experiment_tags (experiment_id, key, value) VALUES (?, ?, ?)"
      " ON CONFLICT (experiment_id, key) DO UPDATE SET value = excluded.value",
      key, tag.key, tag.value);
}

/// Moves an experiment from one stage to the other, or says that none is in the first.
Result<int64_t> change_stage(db::Connection& conn, std::string_view experiment_id, bool deleted) {
  const int64_t key = TRY(experiment_key(experiment_id));
  TRY(
      conn.exec("UPDATE experiments SET deleted = ?, last_update_time_ms = ?"
                " WHERE experiment_id = ? AND deleted = ?",
                deleted, now_ms(), key, !deleted));
  if (conn.changes() > 0) return key;
  return fail(Code::resource_does_not_exist, "No Experiment with id={} exists", key);
}

/// Experiments are told by whole ids.
Result<void> check_id_clause(const Comparison& comparison) {
  constexpr std::string_view kAll[] = {"=", "!=", "IN", "NOT IN"};
  if (std::find(std::begin(kAll), std::end(kAll), comparison.comparator) == std::end(kAll)) {
    return fail(Code::invalid_parameter_value, "Invalid comparator for experiment_id: {}",
                comparison.comparator);
  }
  if (comparison.literal.kind == LiteralKind::text) TRY(experiment_key(comparison.literal.text));
  for (const std::string& text : comparison.literal.texts) TRY(experiment_key(text));
  return {};
}

Result<Sql> clause(const Comparison& comparison) {
  const Entity entity = TRY(attribute_or_tag(comparison.identifier.entity));
  const std::string& key = comparison.identifier.key;
  if (entity == Entity::attribute) {
    const Field* const field = TRY(find_field(kFields, key));
    if (asks_presence(comparison)) {
      return fail(Code::invalid_parameter_value,
                  "IS NULL / IS NOT NULL is only supported for tags, not for attribute '{}'", key);
    }
    if (key == "experiment_id") TRY(check_id_clause(comparison));
    const Literal& literal = comparison.literal;
    const bool is_time = field->kind == FieldKind::number && literal.kind == LiteralKind::number;
    if (is_time && !to_integer(literal.written)) {
      return fail(Code::invalid_parameter_value, "Invalid value for numeric attribute '{}': '{}'",
                  key, python_number(literal));
    }
    return attribute_test(kFields, *field, comparison);
  }
  Sql sql;
  sql.add(comparison.comparator == "IS NULL" ? "NOT EXISTS (" : "EXISTS (");
  sql.add(
      "SELECT 1 FROM experiment_tags t WHERE t.experiment_id = e.experiment_id"
      " AND t.key = ?",
      key);
  if (!asks_presence(comparison)) {
    const bool is_text = comparison.literal.kind == LiteralKind::text;
    if (is_text) TRY(check_text_comparator(comparison, "tag"));
    const Sql test = TRY(text_test("t.value", entity, comparison));
    sql.add(" AND ");
    sql.add(test);
  }
  sql.add(")");
  return sql;
}

Result<std::string> order_of(const std::vector<std::string>& order_by) {
  std::string out = " ORDER BY ";
  for (const std::string& text : order_by) {
    const Ordering ordering = TRY(parse_ordering(text));
    const Entity entity = TRY(attribute_or_tag(ordering.identifier.entity));
    if (entity != Entity::attribute) {
      return fail(Code::invalid_parameter_value, "Invalid order_by entity: tag");
    }
    const Field* const field = TRY(find_field(kFields, ordering.identifier.key));
    // as a number, though filters compare it as text
    out += field->name == "experiment_id" ? "e.experiment_id" : field->column;
    out += direction_text(ordering.direction);
    out += ", ";
  }
  return out + (order_by.empty() ? "e.creation_time_ms DESC, e.experiment_id ASC"
                                 : "e.experiment_id DESC");
}

}  // namespace

Result<ExperimentRow> active_experiment(db::Connection& conn, std::string_view experiment_id) {
  const int64_t key = TRY(experiment_key(experiment_id));
  auto cursor = TRY(conn.query(
      "SELECT artifact_location, deleted FROM experiments WHERE experiment_id = ?", key));
  if (!TRY(cursor.next())) {
    return fail(Code::resource_does_not_exist, "No Experiment with id={} exists", key);
  }
  if (cursor.row().integer(1) != 0) {
    return fail(Code::invalid_parameter_value,
                "The experiment {} must be in the 'active' state. Current state is deleted.", key);
  }
  return ExperimentRow{key, cursor.row().text(0)};
}

std::string below_location(std::string_view location, std::string_view tail) {
  const size_t end = scheme_of(location).empty() ? std::string_view::npos : location.find('?');
  const std::string_view path = location.substr(0, end);
  const std::string_view query = location.substr(path.size());
  return fmt::format("{}{}{}{}", path, path.ends_with('/') ? "" : "/", tail, query);
}

Result<std::string> create_experiment(db::Connection& conn, std::string_view name,
                                      std::string_view artifact_location,
                                      const std::vector<Tag>& tags) {
  TRY(check_artifact_location(artifact_location));
  TRY(check_experiment_name(name));
  for (const Tag& tag : tags) TRY(check_experiment_tag(tag));
  TRY(check_name_free(conn, name));
  const int64_t time_ms = now_ms();
  const auto last = TRY(conn.integer("SELECT max(experiment_id) FROM experiments"));
  const int64_t key = last.value_or(0) + 1;
  const std::string experiment_id = std::to_string(key);
  const std::string location = artifact_location.empty() ? "mlflow-artifacts:/" + experiment_id
                                                         : absolute_location(artifact_location);
  TRY(
      conn.exec("INSERT INTO experiments (experiment_id, name, artifact_location,"
                " creation_time_ms, last_update_time_ms) VALUES (?, ?, ?, ?, ?)",
                key, name, location, time_ms, time_ms));
  for (const Tag& tag : tags) TRY(put_tag(conn, key, tag));
  return experiment_id;
}

Result<Experiment> get_experiment(db::Connection& conn, std::string_view experiment_id) {
  const int64_t key = TRY(experiment_key(experiment_id));
  auto found = TRY(find_experiment(conn, key));
  if (found) return *std::move(found);
  return fail(Code::resource_does_not_exist, "No Experiment with id={} exists", key);
}

Result<Experiment> get_experiment_by_name(db::Connection& conn, std::string_view name) {
  const auto key = TRY(conn.integer("SELECT experiment_id FROM experiments WHERE name = ?", name));
  if (key) return get_experiment(conn, std::to_string(*key));
  return fail(Code::resource_does_not_exist, "Could not find experiment with name '{}'", name);
}

Result<void> rename_experiment(db::Connection& conn, std::string_view experiment_id,
                               std::string_view new_name) {
  TRY(check_experiment_name(new_name));
  const Experiment experiment = TRY(get_experiment(conn, experiment_id));
  if (experiment.lifecycle_stage != LifecycleStage::active) {
    return fail(Code::invalid_state, "Cannot rename a non-active experiment.");
  }
  if (new_name != experiment.name && !check_name_free(conn, new_name).ok()) {
    return fail(Code::bad_request, "{}", name_taken(new_name).message);
  }
  const int64_t key = TRY(experiment_key(experiment_id));
  return conn.exec(
      "UPDATE experiments SET name = ?, last_update_time_ms = ? WHERE experiment_id = ?", new_name,
      now_ms(), key);
}

Result<void> delete_experiment(db::Connection& conn, std::string_view experiment_id) {
  const int64_t key = TRY(change_stage(conn, experiment_id, true));
  TRY(note_experiment_changes(conn, key));
  return conn.exec(
      "UPDATE runs SET deleted = 1, deleted_time_ms = ? WHERE experiment_id = ? AND deleted = 0",
      now_ms(), key);
}

Result<void> restore_experiment(db::Connection& conn, std::string_view experiment_id) {
  const int64_t key = TRY(change_stage(conn, experiment_id, false));
  TRY(note_experiment_changes(conn, key));
  return conn.exec("UPDATE runs SET deleted = 0, deleted_time_ms = NULL WHERE experiment_id = ?",
                   key);
}

Result<void> set_experiment_tag(db::Connection& conn, std::string_view experiment_id,
                                const Tag& tag) {
  TRY(check_experiment_tag(tag));
  const ExperimentRow experiment = TRY(active_experiment(conn, experiment_id));
  return put_tag(conn, experiment.key, tag);
}

Result<void> delete_experiment_tag(db::Connection& conn, std::string_view experiment_id,
                                   std::string_view key) {
  const ExperimentRow experiment = TRY(active_experiment(conn, experiment_id));
  TRY(conn.exec("DELETE FROM experiment_tags WHERE experiment_id = ? AND key = ?", experiment.key,
                key));
  if (conn.changes() > 0) return {};
  return fail(Code::resource_does_not_exist, "No tag with name: {} in experiment with id {}", key,
              experiment_id);
}

Result<Page<Experiment>> search_experiments(db::Connection& conn, const SearchRequest& request,
                                            ViewType view) {
  Sql sql;
  sql.add("SELECT e.experiment_id FROM experiments e WHERE 1 = 1");
  if (view != ViewType::all) sql.add(" AND e.deleted = ?", view == ViewType::deleted_only ? 1 : 0);
  const auto comparisons = TRY(parse_filter(request.filter, Language::experiments));
  for (const Comparison& comparison : comparisons) {
    const Sql test = TRY(clause(comparison));
    sql.add(" AND ");
    sql.add(test);
  }
  TRY(add_readable(conn, sql, "e.experiment_id", Resource::experiment, request.readable));
  const std::string order = TRY(order_of(request.order_by));
  sql.add(order);
  const auto keys =
      TRY(page_of_keys(conn, std::move(sql), request.page_token, request.max_results, 50'000));
  Page<Experiment> page;
  page.next_page_token = keys.next_page_token;
  for (const int64_t key : keys.items) {
    auto found = TRY(find_experiment(conn, key));
    if (found) page.items.push_back(*std::move(found));
  }
  return page;
}

Result<std::vector<std::pair<std::string, std::string>>> artifact_locations(
    db::Connection& conn, std::string_view prefix) {
  std::vector<std::pair<std::string, std::string>> found;
  TRY(conn.for_each(
      "SELECT experiment_id, artifact_location FROM experiments WHERE"
      " substr(artifact_location, 1, length(?)) = ? ORDER BY experiment_id",
      [&](const db::Row& row) { found.emplace_back(std::to_string(row.integer(0)), row.text(1)); },
      prefix, prefix));
  return found;
}

}  // namespace slipway::store
