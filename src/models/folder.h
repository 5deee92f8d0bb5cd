// models/folder.h — the files of a model folder, and nothing outside it.
#pragma once
#include <filesystem>
#include <string>
#include <string_view>

#include "base/result.h"

namespace slipway::models {

/// Read a file that a model names, by its path within the folder.
///
/// Errors   invalid_parameter_value: the path is absolute, has "..", or leads out by a link;
///          otherwise as read_file.
Result<std::string> read_model_file(const std::filesystem::path& folder, std::string_view path,
                                    size_t max_bytes = 1u << 30);

}  // namespace slipway::models
