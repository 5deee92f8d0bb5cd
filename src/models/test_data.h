// models/test_data.h — small models and where the goldens lie, for this room's tests.
#pragma once
#include <cmath>
#include <filesystem>
#include <limits>
#include <string>
#include <vector>

#include "base/file.h"
#include "base/text.h"
#include "data/column.h"
#include "models/preprocess.h"

namespace slipway::models {

/// tests/golden above the folder that the test is run in.
inline std::filesystem::path golden_folder() {
  auto folder = std::filesystem::current_path();
  while (!std::filesystem::exists(folder / "tests/golden") && folder != folder.parent_path()) {
    folder = folder.parent_path();
  }
  return folder / "tests/golden";
}

/// A CSV of numbers without a header.
struct NumberTable {
  std::vector<float> values;  // row-major
  size_t n_rows = 0;

  size_t n_columns() const { return n_rows == 0 ? 0 : values.size() / n_rows; }
};

inline NumberTable read_numbers(const std::filesystem::path& path) {
  NumberTable table;
  const auto text = read_file(path);
  check(text.ok(), "the golden is there");
  for (const auto& line : split(trim(*text), '\n')) {
    ++table.n_rows;
    for (const auto& cell : split(line, ',')) {
      table.values.push_back(static_cast<float>(to_number(cell).value()));
    }
  }
  return table;
}

constexpr double kNotANumber = std::numeric_limits<double>::quiet_NaN();

/// Flights: dates, a distance with a missing value, two categories with missing and rare ones.
inline data::Batch flights() {
  data::Batch rows;
  rows.n_rows = 6;
  rows.columns.push_back(data::int64_column("year", {2013, 2013, 2012, 2013, 2013, 2013}));
  rows.columns.push_back(data::int64_column("month", {1, 2, 2, 12, 7, 7}));
  rows.columns.push_back(data::int64_column("day", {1, 28, 29, 31, 4, 5}));
  rows.columns.push_back(
      data::float64_column("distance", {1400, 200.5, kNotANumber, 0.1, 2475, 944}));
  rows.columns.push_back(
      data::string_column("carrier", {"UA", "AA", "UA", "B6", "", "Zürich \"x\""}));
  auto origin = data::string_column("origin", {"EWR", "JFK", "", "LGA", "JFK", "EWR"});
  origin.valid = {1, 1, 0, 1, 1, 1};
  rows.columns.push_back(std::move(origin));
  return rows;
}

inline FitOptions flight_options(Encoding encoding) {
  FitOptions options;
  options.encoding = encoding;
  options.weekdays = {Weekday{}};
  options.columns = {"month", "distance", "carrier", "origin", "weekday"};
  if (encoding == Encoding::one_hot) {
    options.impute = Impute::mean;
    options.standardize = Standardize::mean_scale;
  }
  return options;
}

}  // namespace slipway::models
