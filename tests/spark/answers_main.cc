// Answers of our Spark ML evaluator, for tests that hold them against Spark's own.
// Each argument is a folder with case.json (rows, as lists by their columns' names) and sparkml/.
// Each answer is one line of JSON: {column: values, …} of all columns that the stages made, or
// {"error": …}.
#include <cmath>

#include "../print_answer.h"
#include "base/file.h"
#include "base/json.h"
#include "models/folder.h"
#include "models/spark_flavor.h"

namespace slipway {
namespace {

namespace sp = models::spark;

data::Column column_of(std::string name, const JsonArray& values) {
  bool has_text = false;
  bool has_fraction = false;
  for (const auto& value : values) {
    has_text = has_text || (value.is_string() && value.get_string() != "NaN");
    has_fraction = has_fraction || value.is_double() || value.is_string();
  }
  data::Column out{std::move(name), data::Type::string, data::Strings(), {}};
  data::Strings texts;
  std::vector<double> numbers;
  std::vector<int64_t> whole;
  for (const auto& value : values) {
    const bool missing = value.is_null();
    out.valid.push_back(missing ? 0 : 1);
    texts.push_back(value.is_string() ? std::string_view(value.get_string()) : "");
    numbers.push_back(value.is_number() ? value.to_number<double>() : std::nan(""));
    whole.push_back(value.is_int64() ? value.get_int64() : 0);
  }
  if (has_text) {
    out.values = std::move(texts);
  } else if (has_fraction) {
    out.type = data::Type::float64;
    out.values = std::move(numbers);
  } else {
    out.type = data::Type::int64;
    out.values = std::move(whole);
  }
  return out;
}

void append_cell(std::string& out, const sp::FrameColumn& column, size_t row) {
  if (const auto* vectors = std::get_if<sp::Vectors>(&column.cells)) {
    std::vector<double> all(vectors->size);
    vectors->each(row, [&](size_t c, double value) { all[c] = value; });
    for (size_t c = 0; c < all.size(); ++c) {
      out += c == 0 ? "[" : ",";
      append_number(out, all[c]);
    }
    out += all.empty() ? "[]" : "]";
    return;
  }
  if (const auto* words = std::get_if<sp::Words>(&column.cells)) {
    out += '[';
    for (size_t k = words->starts[row]; k < words->starts[row + 1]; ++k) {
      if (k > words->starts[row]) out += ',';
      append_quoted(out, words->words[k]);
    }
    out += ']';
    return;
  }
  const auto& cells = std::get<data::Column>(column.cells);
  if (cells.is_numeric()) {
    append_number(out, cells.number_at(row));
  } else {
    append_quoted(out, cells.strings()[row]);
  }
}

Result<std::string> answer(const std::string& folder) {
  const auto text = TRY(read_file(folder + "/case.json"));
  const auto listed = TRY(parse_json(text));
  data::Batch rows;
  for (const auto& [name, values] : find(listed, "rows")->get_object()) {
    rows.columns.push_back(column_of(name, values.get_array()));
    rows.n_rows = rows.columns.back().size();
  }
  const auto files = TRY(models::read_model_files(folder, "sparkml"));
  const auto pipeline = TRY(models::SparkPipeline::load(files));
  const auto frame = TRY(pipeline.transform(rows));
  std::string out = "{";
  for (const auto& [name, values] : find(listed, "expected")->get_object()) {
    const auto* column = frame.find(name);
    if (column == nullptr) continue;
    out += out.size() > 1 ? ", " : "";
    append_quoted(out, name);
    out += ": [";
    for (size_t i = 0; i < frame.n_rows(); ++i) {
      out += i == 0 ? "" : ",";
      append_cell(out, *column, i);
    }
    out += "]";
  }
  return out + "}";
}

}  // namespace
}  // namespace slipway

int main(int argc, char** argv) {
  for (int i = 1; i < argc; ++i) slipway::print_answer(slipway::answer(argv[i]));
}
