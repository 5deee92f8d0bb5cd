// cli/run_table.h — runs as rows: what their columns are called, and rows that wait in a file until
// all columns are known.
#pragma once
#include <array>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/descriptor.h"
#include "base/result.h"
#include "cli/output.h"
#include "client/tracking.h"

namespace slipway::cli {

/// Check a column's name: run_id, run_name, experiment_id, status, lifecycle_stage, artifact_uri,
/// start_time, end_time, metrics.NAME, params.NAME or tags.NAME.
/// Errors   invalid_parameter_value: none of these; lists them.
Result<void> check_column(std::string_view name);

/// Make the heading of a column that check_column() takes.
Listing::Heading heading_of(std::string_view column);

/// Give a cell of such a column; "" where the run has none. Metrics are short for people.
std::string cell_of(const client::Run& run, std::string_view column, Format format);

/// Everything of a run, as `runs get --json` shows it.
Json run_json(const client::Run& run);

/// Runs on their way to CSV with a column for every metric, parameter and tag of any of them: any
/// number in little memory, since they wait in an unlinked file of the temporary folder.
class RunSpool {
 public:
  /// Errors   as errno_error.
  static Result<RunSpool> make();

  /// Add a page. Errors   temporarily_unavailable: the disk is full.
  Result<void> add(std::span<const client::Run> runs);

  /// Print all. Errors as errno_error and written().
  Result<void> print_csv();

 private:
  enum Kind : size_t { metric, param, tag, n_kinds };
  explicit RunSpool(Descriptor file) : file_(std::move(file)) {}
  size_t number_of(Kind kind, const std::string& name);

  Descriptor file_;  // a line of JSON a run: its own fields, then column, value, column, value, …
  std::array<std::map<std::string, size_t>, n_kinds> columns_;  // name → number
  size_t n_columns_ = 0;
};

}  // namespace slipway::cli
