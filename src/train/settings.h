// train/settings.h — a learner's parameters: the table of them, and values checked against it.
#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.h"
#include "base/result.h"

namespace slipway::train {

/// A row of a learner's table of parameters.
struct Parameter {
  enum class Kind { integer, number, choice };
  enum class Low { accepted, excluded };

  std::string_view name;
  std::string_view alias;  // another name that is taken; "" = none
  Kind kind = Kind::number;
  std::string_view fallback;  // the default, as text
  double low = 0;
  double high = 0;
  Low low_end = Low::accepted;
  std::string_view choices;  // choice: what is accepted, with blanks between
  std::string_view description;
};

/// Say which values a parameter takes, such as "a number > 0 and <= 1".
std::string accepted_text(const Parameter& parameter);

/// A value for every parameter of a learner: the given one or the default. Immutable.
class Settings {
 public:
  /// Check values against the table.
  ///
  /// given    by name or alias: JSON numbers, or texts of them as from a command line; a number
  ///          without a fraction is an integer too (6.0).
  /// Errors   invalid_parameter_value: an unknown name, one given twice (by alias), or a value out
  ///          of range or of the wrong kind; the message names the parameter, the value and what
  ///          is accepted.
  static Result<Settings> check(std::string_view learner, std::span<const Parameter> table,
                                const JsonObject& given);

  // `name` must be in the table, and of that kind.
  double number(std::string_view name) const;
  int64_t integer(std::string_view name) const;
  const std::string& text(std::string_view name) const;

  /// Every parameter with its value as text, in the table's order: what a run logs.
  const std::vector<std::pair<std::string, std::string>>& all() const { return values_; }

 private:
  std::vector<std::pair<std::string, std::string>> values_;
};

}  // namespace slipway::train
