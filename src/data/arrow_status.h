// data/arrow_status.h — Arrow's outcomes as ours.
#pragma once
#include <exception>
#include <filesystem>
#include <string_view>
#include <utility>

#include "base/result.h"

namespace arrow {
class Status;
template <typename T>
class Result;
}  // namespace arrow

namespace slipway::data {

/// Turn what Arrow says into an Error: `what` comes first, such as "flights.parquet".
/// A bad file is invalid_parameter_value; a failed call of the system is as errno_error.
Error arrow_error(const arrow::Status& status, std::string_view what);

/// As arrow_error for reading or writing (`doing`) a file, which the message names.
Error arrow_file_error(const arrow::Status& status, std::string_view doing,
                       const std::filesystem::path& path);

/// Unwrap an arrow::Result or give its status as arrow_error(status, what).
template <typename T>
Result<T> taken_from(arrow::Result<T> result, std::string_view what) {
  if (!result.ok()) return arrow_error(result.status(), what);
  return std::move(result).ValueUnsafe();
}

}  // namespace slipway::data
