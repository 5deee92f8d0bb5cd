// cli/yaml.h — YAML files of settings, as JSON and as command-line flags.
#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/result.h"

namespace slipway::cli {

/// Read a YAML (or JSON) file. Plain scalars become integers, numbers, true/false or null where
/// they read as one; anchors are followed, but not into more than 10,000 values. Errors
/// resource_does_not_exist; invalid_parameter_value: not YAML, with the line.
Result<Json> read_yaml(const std::filesystem::path& file);

/// Turn a file of settings into flags: `seed: 7` → --seed 7, a list → the flag for each, a map
/// `param: {max_depth: 6}` → --param max_depth=6, `refit: true` → --refit.
/// Errors   as read_yaml; invalid_parameter_value: deeper nested than that.
Result<std::vector<std::string>> config_flags(const std::filesystem::path& file);

}  // namespace slipway::cli
