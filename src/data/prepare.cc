#include <algorithm>
#include <set>
#include <utility>

#include "base/text.h"
#include "data/filter.h"
#include "data/join.h"
#include "data/read.h"
#include "data/recipe.h"

namespace slipway::data {
namespace {

Error in_step(std::string_view step, const Error& error) {
  return fail(error.code, "{}: {}", step, error.message);
}

Result<Table> read_source(const Recipe& recipe, const std::string& name,
                          const std::map<std::string, Type>& types) {
  ReadOptions options;
  options.csv.types = types;
  return read_table(recipe.root / name, options);
}

Result<Condition> parsed(std::string_view step, const std::string& text) {
  auto condition = Condition::parse(text);
  if (condition.ok()) return condition;
  return fail(condition.error().code, "{} '{}': {}", step, text, condition.error().message);
}

// The steps of one recipe on their way; each appends what it did.
class Preparation {
 public:
  explicit Preparation(const Recipe& recipe) : recipe_(recipe) {}

  Result<Prepared> run() {
    out_.label = recipe_.label ? recipe_.label->name : "";
    table_ = TRY(read_source(recipe_, recipe_.table, recipe_.types));
    note("read " + recipe_.table);
    for (const auto& entry : recipe_.joins) TRY(join_table(entry));
    if (!recipe_.filter.empty()) TRY(filter());
    if (recipe_.label) TRY(label());
    const auto kept = TRY(kept_columns());
    TRY(split(kept));
    return std::move(out_);
  }

 private:
  PrepareStep& note(std::string what) {
    out_.steps.push_back({std::move(what), table_.n_rows(), {}, {}});
    return out_.steps.back();
  }

  Result<void> join_table(const RecipeJoin& entry) {
    const auto step = "join " + entry.table;
    const auto right = TRY(read_source(recipe_, entry.table, entry.types));
    auto joined = left_join(table_, right, entry.on, {entry.columns});
    if (!joined.ok()) return in_step(step, joined.error());
    table_ = std::move(joined->table);
    note(step).n_matched = joined->n_matched;
    return {};
  }

  Result<void> filter() {
    const auto condition = TRY(parsed("filter", recipe_.filter));
    const size_t n_before = table_.n_rows();
    auto filtered = condition.filter(table_);
    if (!filtered.ok()) return in_step("filter", filtered.error());
    if (filtered->n_rows() == 0) {
      return fail(Code::invalid_parameter_value, "filter: '{}' is true for none of the {} rows",
                  recipe_.filter, n_before);
    }
    table_ = std::move(filtered).value();
    note("filter " + recipe_.filter).n_dropped = n_before - table_.n_rows();
    return {};
  }

  Result<void> label() {
    const auto& [name, when] = *recipe_.label;
    const auto condition = TRY(parsed("label", when));
    const auto truths = condition.judge(table_);
    if (!truths.ok()) return in_step("label", truths.error());
    std::vector<int64_t> values;
    size_t n_positive = 0;
    for (const auto truth : *truths) {
      values.push_back(truth == Truth::yes);
      n_positive += truth == Truth::yes;
    }
    const auto n_unknown = std::ranges::count(*truths, Truth::unknown);
    if (n_unknown != 0) {
      return fail(Code::invalid_parameter_value,
                  "label: '{}' is unknown for {} of {} rows, as a value is missing there; leave "
                  "these rows out with 'filter: … is not null'",
                  when, n_unknown, values.size());
    }
    Batch column{{int64_column(name, std::move(values))}, table_.n_rows()};
    auto labelled = table_.with_columns(column);
    if (!labelled.ok()) return in_step("label", labelled.error());
    table_ = std::move(labelled).value();
    note("label " + name).n_matched = n_positive;
    return {};
  }

  // The recipe's columns and the label last.
  Result<Table> kept_columns() const {
    if (recipe_.columns.empty()) return table_;
    auto names = recipe_.columns;
    if (!out_.label.empty() && std::ranges::count(names, out_.label) == 0) {
      names.push_back(out_.label);
    }
    std::set<std::string> seen;
    for (const auto& name : names) {
      if (!seen.insert(name).second) {
        return fail(Code::invalid_parameter_value, "columns: '{}' is listed twice", name);
      }
    }
    auto kept = table_.select(names);
    if (!kept.ok()) return in_step("columns", kept.error());
    return kept;
  }

  Result<void> split(const Table& kept) {
    if (!recipe_.split) {
      out_.parts.push_back({"all", kept});
      return {};
    }
    const auto rows = split_rows();
    if (!rows.ok()) return in_step("split", rows.error());
    for (size_t i = 0; i < rows->size(); ++i) {
      const auto& name = recipe_.split->parts[i].name;
      auto part = TRY(kept.take((*rows)[i]));
      note("part " + name).n_rows = part.n_rows();
      out_.parts.push_back({name, std::move(part)});
    }
    return {};
  }

  Result<std::vector<std::vector<size_t>>> split_rows() const {
    const auto& [seed, stratify, parts] = *recipe_.split;
    if (stratify.empty()) return random_split(table_.n_rows(), parts, seed);
    const auto classes = TRY(table_.column(stratify));
    return stratified_split(classes, parts, seed);
  }

  const Recipe& recipe_;
  Table table_;
  Prepared out_;
};

}  // namespace

Result<Prepared> prepare(const Recipe& recipe) { return Preparation(recipe).run(); }

Result<Json> summary(const Prepared& prepared) {
  JsonArray steps;
  for (const auto& step : prepared.steps) {
    JsonObject entry{{"step", step.what}, {"rows", step.n_rows}};
    if (step.n_matched) entry["matched"] = *step.n_matched;
    if (step.n_dropped) entry["dropped"] = *step.n_dropped;
    steps.push_back(std::move(entry));
  }
  JsonArray parts;
  for (const auto& [name, table] : prepared.parts) {
    const auto digest = TRY(table.digest());
    parts.push_back(JsonObject{{"name", name},
                               {"rows", table.n_rows()},
                               {"columns", table.n_columns()},
                               {"digest", digest}});
  }
  return Json(JsonObject{
      {"label", prepared.label}, {"steps", std::move(steps)}, {"parts", std::move(parts)}});
}

}  // namespace slipway::data
