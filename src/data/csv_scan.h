// data/csv_scan.h — CSV read field by field with line numbers, to say where a file is wrong.
#pragma once
#include <cstddef>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "data/csv.h"

namespace arrow::io {
class InputStream;
}

namespace slipway::data {

struct CsvField {
  std::string text;
  size_t line = 0;  // where it begins, from 1
};

using CsvRow = std::vector<CsvField>;

/// Reads rows as Arrow's reader cuts them (RFC 4180; empty lines are skipped; a quote inside a
/// field that does not begin with one is an ordinary character), only with line numbers.
class CsvScanner {
 public:
  /// Errors   as open_csv.
  static Result<CsvScanner> open(const std::filesystem::path& path, char delimiter);

  /// Give the next row; empty behind the last.
  /// Errors   invalid_parameter_value: damaged gzip or zip, or a quote that is never closed.
  Result<CsvRow> next();

 private:
  CsvScanner(std::filesystem::path path, char delimiter,
             std::shared_ptr<arrow::io::InputStream> stream);
  static constexpr int kEnd = -1;
  int peek();
  void skip();
  Result<CsvField> read_field();
  Result<void> read_quoted(CsvField& field);

  std::filesystem::path path_;
  char delimiter_;
  std::shared_ptr<arrow::io::InputStream> stream_;
  std::string block_;
  size_t at_ = 0;
  size_t line_ = 1;
  std::optional<Error> damage_;  // what the stream said when it could not be read further
};

/// What is asked of a column's values; the text it says is what would be accepted.
struct CsvExpectation {
  size_t column = 0;
  std::function<bool(std::string_view)> accepts;  // never asked about a missing value
  std::string mistake;                            // "is not a number"
  std::string accepted;                           // "a number"
};

/// Walk through a file to its first mistake: a row with another number of fields than the header,
/// or a value that an expectation does not accept. Returns the Error that names it, or nothing
/// where there is none.
std::optional<Error> first_mistake(const std::filesystem::path& path, const CsvOptions& options,
                                   const std::vector<CsvExpectation>& expectations);

/// Read and check the column names.
/// Errors   invalid_parameter_value: an empty file, bytes that are no text, names that are empty
///          or there twice.
Result<std::vector<std::string>> csv_header(const std::filesystem::path& path, char delimiter);

}  // namespace slipway::data
