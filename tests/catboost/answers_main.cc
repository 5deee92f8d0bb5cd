// Answers of models that MLflow saved, for tests that hold them against their libraries' own.
// Each argument is a folder with an MLmodel and case.json (rows, as lists by their columns' names).
// Each answer is one line of JSON: a list of rows, or {"error": …}.
#include <algorithm>
#include <cmath>

#include "../print_answer.h"
#include "base/file.h"
#include "base/json.h"
#include "models/model.h"

namespace slipway {
namespace {

data::Column column_of(std::string name, const JsonArray& values) {
  const auto is = [&](auto&& kind) { return std::any_of(values.begin(), values.end(), kind); };
  data::Column out{std::move(name), data::Type::float64, {}, {}};
  if (is([](const Json& v) { return v.is_string(); })) {
    data::Strings texts;
    for (const auto& v : values) texts.push_back(std::string_view(v.get_string()));
    out.type = data::Type::string;
    out.values = std::move(texts);
  } else if (is([](const Json& v) { return v.is_bool(); })) {
    std::vector<uint8_t> truths;
    for (const auto& v : values) truths.push_back(v.get_bool() ? 1 : 0);
    out.type = data::Type::boolean;
    out.values = std::move(truths);
  } else if (is([](const Json& v) { return v.is_double() || v.is_null(); })) {
    std::vector<double> numbers;
    for (const auto& v : values) {
      numbers.push_back(v.is_number() ? v.to_number<double>() : std::nan(""));
    }
    out.values = std::move(numbers);
  } else {
    std::vector<int64_t> numbers;
    for (const auto& v : values) numbers.push_back(v.get_int64());
    out.type = data::Type::int64;
    out.values = std::move(numbers);
  }
  return out;
}

Result<std::string> answer(const std::string& folder) {
  const auto text = TRY(read_file(folder + "/case.json"));
  const auto listed = TRY(parse_json(text));
  data::Batch rows;
  for (const auto& [name, values] : find(listed, "rows")->get_object()) {
    rows.columns.push_back(column_of(name, values.get_array()));
    rows.n_rows = rows.columns.back().size();
  }
  const auto model = TRY(models::load(folder));
  const auto made = TRY(model->predict(rows));
  std::string out;
  for (size_t i = 0; i < made.n_rows; ++i) {
    for (size_t c = 0; c < made.columns.size(); ++c) {
      const auto& column = made.columns[c];
      out += c > 0 ? "," : i > 0 ? ",[" : "[";
      if (column.type == data::Type::string) {
        append_quoted(out, column.strings()[i]);
      } else if (column.type == data::Type::boolean) {
        out += column.booleans()[i] != 0 ? "true" : "false";
      } else {
        append_number(out, column.number_at(i));
      }
    }
    out += "]";
  }
  return "[" + out + "]";
}

}  // namespace
}  // namespace slipway

int main(int argc, char** argv) {
  for (int i = 1; i < argc; ++i) slipway::print_answer(slipway::answer(argv[i]));
}
