// models/folder.h — the files of a model folder, and nothing outside it.
#pragma once
#include <filesystem>
#include <map>
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

/// Read all files of a folder within a model's folder, by their paths in it; hidden ones aside.
///
/// Errors   as read_model_file(); invalid_parameter_value: more than 100,000 files or `max_bytes`.
Result<std::map<std::string, std::string>> read_model_files(const std::filesystem::path& folder,
                                                            std::string_view path,
                                                            size_t max_bytes = size_t{4} << 30);

}  // namespace slipway::models
