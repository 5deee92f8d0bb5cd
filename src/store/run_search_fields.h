// store/run_search_fields.h — what a search over runs may name, in SQL and in the run index.
#pragma once
#include <string_view>

#include "base/result.h"
#include "store/run_columns.h"
#include "store/search_sql.h"

namespace slipway::store {

inline constexpr std::string_view kRunStatusColumn =
    "(CASE r.status WHEN 1 THEN 'RUNNING' WHEN 2 THEN 'SCHEDULED' WHEN 3 THEN 'FINISHED'"
    " WHEN 4 THEN 'FAILED' ELSE 'KILLED' END)";

inline constexpr Field kRunFields[] = {
    {"run_id", "r.run_id", FieldKind::text, Lists::accepted},
    {"run_name", "r.run_name"},
    {"run name", "r.run_name"},
    {"Run name", "r.run_name"},
    {"Run Name", "r.run_name"},
    {"status", kRunStatusColumn},
    {"artifact_uri", "r.artifact_uri"},
    {"user_id", "r.user_id"},
    {"start_time", "r.start_time_ms", FieldKind::number},
    {"created", "r.start_time_ms", FieldKind::number},
    {"Created", "r.start_time_ms", FieldKind::number},
    {"end_time", "r.end_time_ms", FieldKind::number},
};

inline constexpr Entity kRunEntities[] = {Entity::metric, Entity::param, Entity::tag,
                                          Entity::attribute, Entity::dataset};

/// Where the run index has an attribute: a column, or with the runs themselves.
struct AttributePlace {
  enum class In : uint8_t { column, start_times, run_ids };
  In in = In::column;
  ColumnKind kind = ColumnKind::run_name;  // where it is a column
};

inline AttributePlace attribute_place(const Field& field) {
  using In = AttributePlace::In;
  if (field.column == "r.run_id") return {In::run_ids};
  if (field.column == "r.start_time_ms") return {In::start_times};
  if (field.column == "r.end_time_ms") return {In::column, ColumnKind::end_time};
  if (field.column == "r.run_name") return {In::column, ColumnKind::run_name};
  if (field.column == "r.user_id") return {In::column, ColumnKind::user_id};
  if (field.column == "r.artifact_uri") return {In::column, ColumnKind::artifact_uri};
  check(field.column == kRunStatusColumn, "every attribute of runs has its place");
  return {In::column, ColumnKind::status};
}

inline ColumnKind column_kind(Entity entity) {
  if (entity == Entity::metric) return ColumnKind::metric;
  return entity == Entity::param ? ColumnKind::param : ColumnKind::tag;
}

}  // namespace slipway::store
