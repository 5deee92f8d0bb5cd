#include "models/preprocess.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <unordered_map>

#include "base/clock.h"
#include "base/text.h"

namespace slipway::models {
namespace {

using data::Batch;
using data::Column;
using data::Type;

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr int64_t kMaxYear = 9999;

// Errors name what, row and value.
Result<int> date_part(const Column& column, size_t row, int low, int high) {
  const double value = column.number_at(row);
  if (value != std::floor(value) || value < low || value > high) {
    return fail(Code::invalid_parameter_value, "column '{}', row {}: {} is not a whole {}..{}",
                column.name, row, value, low, high);
  }
  return static_cast<int>(value);
}

Result<double> weekday_at(const Column& year, const Column& month, const Column& day, size_t row) {
  for (const auto* part : {&year, &month, &day}) {
    if (std::isnan(part->number_at(row))) return kNan;
  }
  constexpr int kDays[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const int y = TRY(date_part(year, row, 1, kMaxYear));
  const int m = TRY(date_part(month, row, 1, 12));
  const bool leap = (y % 4 == 0 && y % 100 != 0) || y % 400 == 0;
  const int d = TRY(date_part(day, row, 1, kDays[m - 1] + (m == 2 && leap ? 1 : 0)));
  return static_cast<double>(weekday(y, m, d));
}

Result<const Column*> number_column(const Batch& rows, std::string_view name) {
  const Column* column = TRY(rows.column(name));
  if (column->type == Type::timestamp || !column->is_numeric()) {
    return fail(Code::invalid_parameter_value, "column '{}' is {}, not a number", name,
                type_name(column->type));
  }
  return column;
}

Result<Column> weekday_column(const Batch& rows, const Weekday& parts) {
  const Column* year = TRY(number_column(rows, parts.year));
  const Column* month = TRY(number_column(rows, parts.month));
  const Column* day = TRY(number_column(rows, parts.day));
  std::vector<double> values(rows.n_rows);
  for (size_t i = 0; i < rows.n_rows; ++i) {
    const double value = TRY(weekday_at(*year, *month, *day, i));
    values[i] = value;
  }
  return data::float64_column(parts.name, std::move(values));
}

// The most frequent texts, sorted by their bytes.
std::vector<std::string> categories_of(const Column& column, size_t max_categories) {
  std::unordered_map<std::string_view, size_t> counts;
  for (size_t i = 0; i < column.size(); ++i) {
    if (column.is_valid(i)) ++counts[column.strings()[i]];
  }
  std::vector<std::pair<std::string_view, size_t>> order(counts.begin(), counts.end());
  std::ranges::sort(order, [](const auto& a, const auto& b) {
    return a.second != b.second ? a.second > b.second : a.first < b.first;
  });
  order.resize(std::min(order.size(), max_categories));
  std::vector<std::string> categories;
  for (const auto& [text, count] : order) categories.emplace_back(text);
  std::ranges::sort(categories);
  return categories;
}

Preprocess::Feature number_feature(const Column& column, const FitOptions& options) {
  Preprocess::Feature feature;
  feature.name = column.name;
  double sum = 0;
  size_t n = 0;
  for (size_t i = 0; i < column.size(); ++i) {
    const double value = column.number_at(i);
    if (std::isnan(value)) continue;
    sum += value;
    ++n;
  }
  const double mean = n == 0 ? 0 : sum / static_cast<double>(n);
  if (options.impute == Impute::mean) feature.impute = mean;
  if (options.standardize == Standardize::none) return feature;
  double squares = 0;
  for (size_t i = 0; i < column.size(); ++i) {
    const double value = column.number_at(i);
    const double difference = std::isnan(value) ? 0 : value - mean;
    squares += difference * difference;
  }
  const double deviation = n == 0 ? 0 : std::sqrt(squares / static_cast<double>(n));
  feature.standardized = true;
  feature.mean = mean;
  feature.scale = deviation > 0 && std::isfinite(deviation) ? deviation : 1;
  return feature;
}

// A whole-number column that misses values is a double for pandas, and so for the signature.
ColumnSpec input_spec(const Column& column) {
  const bool float_needed = column.type == Type::int64 && column.n_missing() > 0;
  return {column.name, float_needed ? ColumnType::double_ : column_type(column.type), true};
}

const Column* find_in(const std::vector<Column>& columns, std::string_view name) {
  const auto found = std::ranges::find(columns, name, &Column::name);
  return found == columns.end() ? nullptr : &*found;
}

}  // namespace

size_t Preprocess::Feature::n_columns() const {
  return is_category && encoding == Encoding::one_hot ? categories.size() : 1;
}

Result<Preprocess> Preprocess::fit(const Batch& rows, const FitOptions& options) {
  Preprocess out;
  out.weekdays_ = options.weekdays;
  std::vector<Column> derived;
  for (const auto& parts : options.weekdays) {
    auto column = TRY(weekday_column(rows, parts));
    derived.push_back(std::move(column));
  }
  auto names = options.columns;
  if (names.empty()) {
    for (const auto& column : rows.columns) names.push_back(column.name);
    for (const auto& column : derived) names.push_back(column.name);
  }

  const auto add_input = [&](const Column& column) {
    if (std::ranges::find(out.inputs_, column.name, &ColumnSpec::name) == out.inputs_.end()) {
      out.inputs_.push_back(input_spec(column));
    }
  };
  for (const auto& name : names) {
    const Column* column = find_in(derived, name);
    if (column == nullptr) {
      column = TRY(rows.column(name));
      add_input(*column);
    }
    if (column->type == Type::timestamp || column->type == Type::binary) {
      return fail(Code::invalid_parameter_value,
                  "column '{}' is {}; features are numbers, booleans or strings", name,
                  type_name(column->type));
    }
    if (column->type == Type::string) {
      Feature feature;
      feature.name = name;
      feature.is_category = true;
      feature.encoding = options.encoding;
      feature.categories = categories_of(*column, options.max_categories);
      out.features_.push_back(std::move(feature));
    } else {
      out.features_.push_back(number_feature(*column, options));
    }
  }
  for (const auto& parts : options.weekdays) {
    for (const auto* name : {&parts.year, &parts.month, &parts.day}) {
      const Column* column = TRY(rows.column(*name));
      add_input(*column);
    }
  }
  TRY(out.validate());
  return out;
}

Result<void> Preprocess::validate() {
  constexpr size_t kMaxColumns = 1u << 24;
  n_columns_ = 0;
  for (const auto& feature : features_) n_columns_ += feature.n_columns();
  if (n_columns_ > kMaxColumns) {
    return fail(Code::invalid_parameter_value, "{} feature columns; at most {} are possible",
                n_columns_, kMaxColumns);
  }
  const auto known = [&](std::string_view name) {
    return std::ranges::find(inputs_, name, &ColumnSpec::name) != inputs_.end();
  };
  const auto is_derived = [&](std::string_view name) {
    return std::ranges::find(weekdays_, name, &Weekday::name) != weekdays_.end();
  };
  for (const auto& feature : features_) {
    if (!known(feature.name) && !is_derived(feature.name)) {
      return fail(Code::invalid_parameter_value, "feature '{}' is neither input nor derived",
                  feature.name);
    }
    if (feature.standardized &&
        !(std::isfinite(feature.mean) && std::isfinite(feature.scale) && feature.scale > 0)) {
      return fail(Code::invalid_parameter_value, "feature '{}': mean {}, scale {}", feature.name,
                  feature.mean, feature.scale);
    }
  }
  for (const auto& parts : weekdays_) {
    for (const auto* name : {&parts.year, &parts.month, &parts.day}) {
      if (known(*name)) continue;
      return fail(Code::invalid_parameter_value, "'{}' is derived from '{}', which is no input",
                  parts.name, *name);
    }
  }
  return {};
}

Result<std::vector<float>> Preprocess::encode(const Batch& rows) const {
  std::vector<Column> derived;
  for (const auto& parts : weekdays_) {
    auto column = TRY(weekday_column(rows, parts));
    derived.push_back(std::move(column));
  }
  std::vector<float> out(rows.n_rows * n_columns_);
  size_t at = 0;  // matrix column
  for (const auto& feature : features_) {
    const Column* column = find_in(derived, feature.name);
    if (column == nullptr) {
      column = TRY(rows.column(feature.name));
    }
    if (feature.is_category) {
      if (column->type != Type::string) {
        return fail(Code::invalid_parameter_value, "column '{}' is {}, not a string", feature.name,
                    type_name(column->type));
      }
      encode_category(feature, *column, out.data() + at);
    } else {
      if (column->type == Type::timestamp || !column->is_numeric()) {
        return fail(Code::invalid_parameter_value, "column '{}' is {}, not a number", feature.name,
                    type_name(column->type));
      }
      encode_number(feature, *column, out.data() + at);
    }
    at += feature.n_columns();
  }
  return out;
}

// `out` is the feature's first cell of the first row, in both of these.
void Preprocess::encode_number(const Feature& feature, const Column& column, float* out) const {
  for (size_t i = 0; i < column.size(); ++i, out += n_columns_) {
    double value = column.number_at(i);
    if (feature.impute && std::isnan(value)) value = *feature.impute;
    if (feature.standardized) value = (value - feature.mean) / feature.scale;
    *out = static_cast<float>(value);
  }
}

void Preprocess::encode_category(const Feature& feature, const Column& column, float* out) const {
  std::unordered_map<std::string_view, size_t> codes;
  const bool few = column.size() < 16;  // then a search is cheaper than the table
  if (!few) {
    for (size_t i = 0; i < feature.categories.size(); ++i) codes.emplace(feature.categories[i], i);
  }
  const auto code_of = [&](std::string_view text) -> std::optional<size_t> {
    if (few) {
      const auto found = std::ranges::find(feature.categories, text);
      if (found == feature.categories.end()) return std::nullopt;
      return static_cast<size_t>(found - feature.categories.begin());
    }
    const auto found = codes.find(text);
    return found == codes.end() ? std::nullopt : std::optional(found->second);
  };
  for (size_t i = 0; i < column.size(); ++i, out += n_columns_) {
    const auto code = column.is_valid(i) ? code_of(column.strings()[i]) : std::nullopt;
    if (feature.encoding == Encoding::codes) {
      *out = code ? static_cast<float>(*code) : static_cast<float>(kNan);
    } else if (code) {
      out[*code] = 1;
    }
  }
}

std::vector<std::string> Preprocess::feature_names() const {
  std::vector<std::string> names;
  for (const auto& feature : features_) {
    if (!feature.is_category || feature.encoding == Encoding::codes) {
      names.push_back(feature.name);
      continue;
    }
    for (const auto& category : feature.categories) names.push_back(feature.name + "=" + category);
  }
  return names;
}

std::vector<std::string> Preprocess::feature_types() const {
  std::vector<std::string> types;
  for (const auto& feature : features_) {
    const bool is_code = feature.is_category && feature.encoding == Encoding::codes;
    types.insert(types.end(), feature.n_columns(), is_code ? "c" : "q");
  }
  return types;
}

}  // namespace slipway::models
