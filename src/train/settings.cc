#include "train/settings.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include "base/text.h"

namespace slipway::train {
namespace {

using Kind = Parameter::Kind;

/// As Python writes a float: what a run logs reads the same from either.
std::string number_text(double value) {
  auto out = fmt::format("{}", value);
  if (out.find_first_not_of("-0123456789") == out.npos) out += ".0";
  return out;
}

std::string shown(const Json& value) {
  return value.is_string() ? std::string(value.get_string()) : to_text(value);
}

/// The canonical text of a value, or nothing where it is not accepted.
std::optional<std::string> taken(const Parameter& parameter, const Json& value) {
  const auto text = shown(value);
  if (value.is_object() || value.is_array() || value.is_null()) return std::nullopt;
  if (parameter.kind == Kind::choice) {
    for (const auto& choice : split(parameter.choices, ' ')) {
      if (text == choice) return choice;
    }
    return std::nullopt;
  }
  const auto number = to_number(text);
  if (!number || !std::isfinite(*number)) return std::nullopt;
  if (*number > parameter.high || *number < parameter.low) return std::nullopt;
  if (*number == parameter.low && parameter.low_end == Parameter::Low::excluded) {
    return std::nullopt;
  }
  if (parameter.kind == Kind::number) return number_text(*number);
  if (std::floor(*number) != *number) return std::nullopt;
  return std::to_string(static_cast<int64_t>(*number));
}

const Parameter* find_parameter(std::span<const Parameter> table, std::string_view name) {
  for (const auto& parameter : table) {
    if (parameter.name == name || (!parameter.alias.empty() && parameter.alias == name)) {
      return &parameter;
    }
  }
  return nullptr;
}

}  // namespace

std::string accepted_text(const Parameter& parameter) {
  if (parameter.kind == Kind::choice) {
    return "one of " + join(split(parameter.choices, ' '), ", ");
  }
  const bool whole = parameter.kind == Kind::integer;
  const auto end = [&](double value) {
    return whole ? std::to_string(static_cast<int64_t>(value)) : fmt::format("{}", value);
  };
  std::string out = whole ? "an integer " : "a number ";
  out += parameter.low_end == Parameter::Low::excluded ? "> " : ">= ";
  out += end(parameter.low);
  if (std::isfinite(parameter.high)) out += " and <= " + end(parameter.high);
  return out;
}

Result<Settings> Settings::check(std::string_view learner, std::span<const Parameter> table,
                                 const JsonObject& given) {
  Settings out;
  for (const auto& parameter : table) {
    out.values_.emplace_back(parameter.name, parameter.fallback);
  }
  std::vector<const Parameter*> seen;
  for (const auto& [key, value] : given) {
    const auto* parameter = find_parameter(table, key);
    if (parameter == nullptr) {
      std::vector<std::string> names;
      for (const auto& row : table) names.emplace_back(row.name);
      return fail(Code::invalid_parameter_value,
                  "learner '{}' has no parameter '{}'; there are: {}", learner,
                  std::string_view(key), join(names, ", "));
    }
    if (std::find(seen.begin(), seen.end(), parameter) != seen.end()) {
      return fail(Code::invalid_parameter_value,
                  "parameter '{}' is given twice: as '{}' and as '{}'", parameter->name,
                  parameter->name, parameter->alias);
    }
    seen.push_back(parameter);
    auto text = taken(*parameter, value);
    if (!text) {
      return fail(Code::invalid_parameter_value, "parameter '{}' is '{}'; accepted is {}",
                  parameter->name, shown(value), accepted_text(*parameter));
    }
    out.values_[static_cast<size_t>(parameter - table.data())].second = *std::move(text);
  }
  return out;
}

const std::string& Settings::text(std::string_view name) const {
  for (const auto& [key, value] : values_) {
    if (key == name) return value;
  }
  slipway::check(false, "a setting that is in no table");
  return values_.front().second;
}

double Settings::number(std::string_view name) const { return to_number(text(name)).value_or(0); }

int64_t Settings::integer(std::string_view name) const {
  return to_integer(text(name)).value_or(0);
}

}  // namespace slipway::train
