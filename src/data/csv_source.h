// data/csv_source.h — the bytes of a CSV file, unpacked from .gz or .zip as they are read.
#pragma once
#include <filesystem>
#include <memory>

#include "base/result.h"

namespace arrow::io {
class InputStream;
}

namespace slipway::data {

/// Open a CSV file: by its ending .gz, .zip (the first .csv inside, or else the first file), or
/// plain. What is damaged further in shows when it is read.
/// Errors   as slipway::errno_error; invalid_parameter_value: no zip, or an empty or encrypted one.
Result<std::shared_ptr<arrow::io::InputStream>> open_csv(const std::filesystem::path& path);

}  // namespace slipway::data
