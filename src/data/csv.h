// data/csv.h — CSV files to tables, with errors that name file, line, column and value.
#pragma once
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "data/table.h"

namespace slipway::data {

struct CsvOptions {
  std::map<std::string, Type> types;  // by column; the others are inferred
  char delimiter = ',';
  /// Fields that stand for "no value", quoted or not.
  std::vector<std::string> na_values = {"",     "NA",   "N/A",  "n/a",  "NaN",  "nan",
                                        "null", "NULL", "Null", "None", "#N/A", "<NA>"};
};

/// Read the `column=type` pairs of a command line, such as "age=float64,id=string".
/// Errors   invalid_parameter_value: not of that form, or no type of ours (the message lists them).
Result<std::map<std::string, Type>> parse_types(std::string_view text);

/// Read a CSV file (RFC 4180, UTF-8 with or without byte order mark, first row = names): plain,
/// gzip (.gz), or the first file inside a .zip.
///
/// Types are inferred over the whole file: int64, float64, boolean (true/false), ISO timestamps
/// and dates, string. A column of which at least 95 % of 20 or more values are numbers is taken
/// for a numeric column with a mistake in it, unless options.types says string.
/// Errors   resource_does_not_exist: no such file; invalid_parameter_value: empty file, names that
///          are empty or there twice, a type for a column that is not there, a row with another
///          number of fields, a value that is not of its column's type, not UTF-8, damaged gzip or
///          zip; the message names the file, the line (line breaks inside quotes count), the
///          column and the value.
Result<Table> read_csv(const std::filesystem::path& path, const CsvOptions& options = {});

}  // namespace slipway::data
