#include "data/profile.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <unordered_map>

namespace slipway::data {
namespace {

constexpr size_t kTopValues = 5;

// The value a part `fraction` of the way through sorted values, linear between neighbours.
double quantile(const std::vector<double>& sorted, double fraction) {
  const double place = fraction * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<size_t>(place);
  const double rest = place - static_cast<double>(below);
  if (rest == 0) return sorted[below];
  return sorted[below] + rest * (sorted[below + 1] - sorted[below]);
}

// Doubles tell integers apart up to 2^53 only; identifiers are often larger.
size_t distinct_integers(const Column& column) {
  std::vector<int64_t> values;
  for (size_t row = 0; row < column.size(); ++row) {
    if (column.is_valid(row)) values.push_back(column.int64s()[row]);
  }
  std::ranges::sort(values);
  return static_cast<size_t>(std::ranges::unique(values).begin() - values.begin());
}

void profile_numbers(const Column& column, ColumnProfile& out) {
  std::vector<double> values;
  values.reserve(column.size());
  for (size_t row = 0; row < column.size(); ++row) {
    const double value = column.number_at(row);
    if (!std::isnan(value)) values.push_back(value);
  }
  out.n_missing = column.size() - values.size();
  if (values.empty()) return;
  std::ranges::sort(values);
  out.n_distinct = 1;
  for (size_t i = 1; i < values.size(); ++i) out.n_distinct += values[i] != values[i - 1];
  constexpr double kExact = 1ll << 53;
  if (column.type == Type::int64 && (values.front() < -kExact || values.back() > kExact)) {
    out.n_distinct = distinct_integers(column);
  }

  const auto n = static_cast<double>(values.size());
  NumberProfile numbers;
  numbers.min = values.front();
  numbers.max = values.back();
  numbers.mean = std::accumulate(values.begin(), values.end(), 0.0) / n;
  double squares = 0;
  for (const double value : values) {
    squares += (value - numbers.mean) * (value - numbers.mean);
  }
  numbers.deviation = values.size() > 1 ? std::sqrt(squares / (n - 1)) : 0;
  numbers.quantile_25 = quantile(values, 0.25);
  numbers.quantile_50 = quantile(values, 0.5);
  numbers.quantile_75 = quantile(values, 0.75);
  out.numbers = numbers;
}

void profile_strings(const Column& column, ColumnProfile& out) {
  std::unordered_map<std::string_view, size_t> counts;
  const auto& strings = column.strings();
  for (size_t row = 0; row < column.size(); ++row) {
    if (!column.is_valid(row)) {
      ++out.n_missing;
    } else if (counts.size() < kDistinctLimit) {
      ++counts[strings[row]];
    } else if (const auto found = counts.find(strings[row]); found != counts.end()) {
      ++found->second;
    } else {
      out.distinct_exact = false;
    }
  }
  out.n_distinct = counts.size();
  if (!out.distinct_exact || column.type == Type::binary) return;
  std::vector<std::pair<std::string_view, size_t>> sorted(counts.begin(), counts.end());
  const auto n_top = std::min(kTopValues, sorted.size());
  std::partial_sort(sorted.begin(), sorted.begin() + static_cast<std::ptrdiff_t>(n_top),
                    sorted.end(), [](const auto& a, const auto& b) {
                      return a.second != b.second ? a.second > b.second : a.first < b.first;
                    });
  sorted.resize(n_top);
  out.top.assign(sorted.begin(), sorted.end());
}

Json number_or_time(Type type, double value) {
  if (type != Type::timestamp) return value;
  const auto text = timestamp_text(static_cast<int64_t>(value));
  return Json(text);
}

void add_numbers(Type type, const NumberProfile& numbers, JsonObject& out) {
  out["min"] = number_or_time(type, numbers.min);
  out["max"] = number_or_time(type, numbers.max);
  out["25%"] = number_or_time(type, numbers.quantile_25);
  out["50%"] = number_or_time(type, numbers.quantile_50);
  out["75%"] = number_or_time(type, numbers.quantile_75);
  if (type == Type::timestamp) return;
  out["mean"] = numbers.mean;
  out["std"] = numbers.deviation;
}

}  // namespace

Result<std::vector<ColumnProfile>> profile(const Table& table) {
  std::vector<ColumnProfile> out;
  for (const auto& name : table.names()) {
    const auto column = TRY(table.column(name));
    ColumnProfile profile;
    profile.name = name;
    profile.type = column.type;
    profile.n_rows = column.size();
    if (column.is_numeric()) {
      profile_numbers(column, profile);
    } else {
      profile_strings(column, profile);
    }
    out.push_back(std::move(profile));
  }
  return out;
}

Json to_json(const std::vector<ColumnProfile>& columns) {
  JsonArray list;
  for (const auto& column : columns) {
    JsonObject entry{{"name", column.name},           {"type", type_name(column.type)},
                     {"rows", column.n_rows},         {"missing", column.n_missing},
                     {"distinct", column.n_distinct}, {"distinct_exact", column.distinct_exact}};
    if (column.numbers) add_numbers(column.type, *column.numbers, entry);
    JsonArray top;
    for (const auto& [value, count] : column.top) top.push_back(JsonArray{Json(value), count});
    if (!top.empty()) entry["top"] = std::move(top);
    list.push_back(std::move(entry));
  }
  const size_t n_rows = columns.empty() ? 0 : columns.front().n_rows;
  return JsonObject{{"n_rows", n_rows}, {"columns", std::move(list)}};
}

}  // namespace slipway::data
