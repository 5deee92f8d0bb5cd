#include "cli/yaml.h"

#include <yaml-cpp/yaml.h>

#include "base/file.h"
#include "base/text.h"

namespace slipway::cli {
namespace {

constexpr int kMaxDepth = 32;
constexpr size_t kMaxValues = 10'000;

struct Converter {
  size_t n_values = 0;

  Result<Json> convert(const YAML::Node& node, int depth) {
    if (depth > kMaxDepth || ++n_values > kMaxValues) {
      return fail(Code::invalid_parameter_value,
                  "nested deeper than {} levels, or more than {} "
                  "values",
                  kMaxDepth, kMaxValues);
    }
    if (node.IsMap()) {
      JsonObject object;
      for (const auto& member : node) {
        auto value = TRY(convert(member.second, depth + 1));
        object[member.first.Scalar()] = std::move(value);
      }
      return Json(std::move(object));
    }
    if (node.IsSequence()) {
      JsonArray array;
      for (const auto& item : node) {
        auto value = TRY(convert(item, depth + 1));
        array.push_back(std::move(value));
      }
      return Json(std::move(array));
    }
    return scalar(node);
  }

  static Json scalar(const YAML::Node& node) {
    if (!node.IsScalar()) return nullptr;
    const auto& text = node.Scalar();
    if (node.Tag() == "!") return Json(text);  // it was quoted
    if (text == "~" || text == "null" || text.empty()) return nullptr;
    if (text == "true" || text == "false") return text == "true";
    if (const auto integer = to_integer(text)) return *integer;
    if (const auto number = to_number(text)) return *number;
    return Json(text);
  }
};

std::string flag_text(const Json& value) {
  if (value.is_string()) return std::string(value.get_string());
  return to_text(value);
}

}  // namespace

Result<Json> read_yaml(const std::filesystem::path& file) {
  const auto text = TRY(read_file(file, 1u << 20));
  Converter converter;
  try {
    auto json = converter.convert(YAML::Load(text), 0);
    if (json.ok()) return json;
    return fail(json.error().code, "{}: {}", file.string(), json.error().message);
  } catch (const YAML::Exception& error) {
    return fail(Code::invalid_parameter_value, "{} line {}: {}", file.string(), error.mark.line + 1,
                error.msg);
  }
}

Result<std::vector<std::string>> config_flags(const std::filesystem::path& file) {
  const auto json = TRY(read_yaml(file));
  const auto* members = json.if_object();
  if (!members) {
    return fail(Code::invalid_parameter_value, "{}: a map of settings is expected", file.string());
  }
  std::vector<std::string> flags;
  for (const auto& member : *members) {
    const auto flag = "--" + std::string(member.key());
    const auto& value = member.value();
    if (value.is_bool()) {
      if (value.get_bool()) flags.push_back(flag);
    } else if (const auto* list = value.if_array()) {
      for (const auto& item : *list) flags.insert(flags.end(), {flag, flag_text(item)});
    } else if (const auto* map = value.if_object()) {
      for (const auto& entry : *map) {
        flags.insert(flags.end(), {flag, fmt::format("{}={}", std::string_view(entry.key()),
                                                     flag_text(entry.value()))});
      }
    } else {
      flags.insert(flags.end(), {flag, flag_text(value)});
    }
  }
  return flags;
}

}  // namespace slipway::cli
