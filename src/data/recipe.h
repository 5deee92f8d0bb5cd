// data/recipe.h — a preparation written down as YAML: tables, joins, filter, label, split.
#pragma once
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "data/csv.h"
#include "data/split.h"
#include "data/table.h"

namespace slipway::data {

struct RecipeJoin {
  std::string table;
  std::map<std::string, Type> types;
  std::vector<std::string> on;
  std::vector<std::pair<std::string, std::string>> columns;  // from, to; empty = all but the keys
};

struct RecipeLabel {
  std::string name;
  std::string when;  // a condition; the label is int64 1 where it holds, else 0
};

struct RecipeSplit {
  uint64_t seed = 0;
  std::string stratify;  // a column; empty = none
  std::vector<Part> parts;
};

/// A preparation; docs/data.md describes its YAML.
struct Recipe {
  std::filesystem::path root;  // where relative table paths start
  std::string table;
  std::map<std::string, Type> types;  // of CSV columns, where inference is wrong
  std::vector<RecipeJoin> joins;
  std::string filter;  // empty = all rows
  std::optional<RecipeLabel> label;
  std::vector<std::string> columns;  // kept besides the label; empty = all
  std::optional<RecipeSplit> split;  // none = one part "all"
};

/// Read a recipe; its root is the recipe's own folder.
/// Errors   resource_does_not_exist; invalid_parameter_value: not YAML, or a key that is unknown
///          (the message lists those accepted), missing or of the wrong kind; with its line.
Result<Recipe> read_recipe(const std::filesystem::path& path);

/// As read_recipe, from the text itself; `source` names it in errors.
Result<Recipe> parse_recipe(std::string_view text, const std::filesystem::path& root,
                            std::string_view source);

/// What one step did to the rows.
struct PrepareStep {
  std::string what;   // "read flights.csv.zip", "join weather.csv", "filter", "label", "part train"
  size_t n_rows = 0;  // after it
  std::optional<size_t> n_matched;  // join: rows that found a partner; label: rows labelled 1
  std::optional<size_t> n_dropped;  // filter
};

struct NamedTable {
  std::string name;
  Table table;
};

struct Prepared {
  std::vector<NamedTable> parts;  // in the recipe's order
  std::string label;              // "" where the recipe has none
  std::vector<PrepareStep> steps;
};

/// Do what the recipe says, in its order: read, join, filter, label, columns, split.
/// Errors   of every step, each with the recipe's key in front.
Result<Prepared> prepare(const Recipe& recipe);

/// Describe what was done, for people and for a run's record:
/// {"label", "steps": [{"step", "rows", "matched", "dropped"}], "parts": [{"name", "rows",
/// "columns", "digest"}]}. Errors as Table::digest.
Result<Json> summary(const Prepared& prepared);

}  // namespace slipway::data
