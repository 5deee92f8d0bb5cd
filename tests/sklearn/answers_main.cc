// Answers of our scikit-learn evaluator, for tests that hold them against the library's own.
// Each line of standard input names, by tabs apart: what is asked (predict, predict_proba,
// predict_log_proba, decision_function, transform), a saved estimator, and a pickle of
// [[name, values], …]. Each answer is one line of JSON: a list of rows, or {"error": …}.
#include <iostream>
#include <map>

#include "../print_answer.h"
#include "base/file.h"
#include "base/json.h"
#include "base/text.h"
#include "models/sklearn/estimator.h"
#include "models/sklearn/state.h"
#include "objects/read.h"

namespace slipway {
namespace {

namespace sk = models::sklearn;
using objects::Kind;

// Texts with None in between become a column with missing cells.
Result<data::Column> column_of(const objects::Object& values) {
  const auto items = sk::items_of(values);
  const bool has_text =
      std::any_of(items.begin(), items.end(), [](const auto* i) { return i->kind == Kind::text; });
  if (!has_text) return sk::labels_of(values);
  data::Column column{"", data::Type::string, data::Strings(), {}};
  data::Strings strings;
  for (const auto* item : items) {
    column.valid.push_back(item->kind == Kind::text);
    strings.push_back(item->kind == Kind::text ? item->text : "");
  }
  column.values = std::move(strings);
  return column;
}

Result<data::Batch> read_batch(const std::string& path) {
  const auto bytes = TRY(read_file(path));
  const auto graph = TRY(objects::read_saved_object(bytes));
  data::Batch batch;
  for (const auto* pair : graph.root->items) {
    auto column = TRY(column_of(*pair->items[1]));
    column.name = pair->items[0]->text;
    batch.n_rows = column.size();
    batch.columns.push_back(std::move(column));
  }
  return batch;
}

Result<sk::EstimatorPtr> read_estimator(const std::string& path) {
  const auto bytes = TRY(read_file(path));
  const auto graph = TRY(objects::read_saved_object(bytes));
  sk::Allowance allowance{4 * bytes.size() + (size_t{256} << 20)};
  return sk::make_estimator(*graph.root, allowance);
}

Result<data::Batch> ask(const sk::Estimator& estimator, const std::string& what,
                        const data::Batch& rows) {
  const sk::Value x = rows;
  if (what == "predict") return estimator.predict(x);
  if (what == "transform") {
    const auto value = TRY(estimator.transform(x));
    return sk::columns(value);
  }
  const auto method = what == "predict_proba"       ? sk::Method::predict_proba
                      : what == "predict_log_proba" ? sk::Method::predict_log_proba
                                                    : sk::Method::decision_function;
  const auto scores = TRY(estimator.scores(method, x));
  return sk::unnamed_columns(scores);
}

void append_cell(std::string& out, const data::Column& column, size_t row) {
  if (!column.is_valid(row)) {
    out += "null";
  } else if (!column.is_numeric()) {
    append_quoted(out, column.strings()[row]);
  } else if (column.type == data::Type::int64) {
    out += std::to_string(column.int64s()[row]);
  } else if (column.type == data::Type::boolean) {
    out += column.booleans()[row] != 0 ? "true" : "false";
  } else {
    append_number(out, column.number_at(row));
  }
}

Result<std::string> answer(const std::string& line,
                           std::map<std::string, sk::EstimatorPtr>& estimators) {
  const auto parts = split(line, '\t');
  if (parts.size() != 3) return fail(Code::bad_request, "three parts, not {}", parts.size());
  if (!estimators.contains(parts[1])) {
    estimators[parts[1]] = TRY(read_estimator(parts[1]));
  }
  const auto rows = TRY(read_batch(parts[2]));
  const auto result = TRY(ask(*estimators[parts[1]], parts[0], rows));
  std::string out = "[";
  for (size_t i = 0; i < result.n_rows; ++i) {
    out += i > 0 ? ",[" : "[";
    for (size_t c = 0; c < result.columns.size(); ++c) {
      if (c > 0) out += ',';
      append_cell(out, result.columns[c], i);
    }
    out += ']';
  }
  return out + "]";
}

}  // namespace
}  // namespace slipway

int main() {
  std::map<std::string, slipway::models::sklearn::EstimatorPtr> estimators;
  for (std::string line; std::getline(std::cin, line);) {
    slipway::print_answer(slipway::answer(line, estimators));
  }
}
