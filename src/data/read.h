// data/read.h — table files of any kind we know, chosen by their names' endings.
#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "base/result.h"
#include "data/csv.h"
#include "data/table.h"

namespace slipway::data {

struct ReadOptions {
  CsvOptions csv;
  std::vector<std::string> columns;  // empty = all
};

/// Read a table from .csv, .csv.gz, .csv.zip, .zip (a CSV inside), .parquet or .arrow/.feather.
/// Errors   invalid_parameter_value: another ending (the message lists those accepted), no such
///          column, or as read_csv and read_parquet.
Result<Table> read_table(const std::filesystem::path& path, const ReadOptions& options = {});

/// Write a table as .parquet, .csv or .arrow/.feather, whole or not at all.
/// Errors   invalid_parameter_value: another ending; else as errno_error.
Result<void> write_table(const Table& table, const std::filesystem::path& path);

}  // namespace slipway::data
