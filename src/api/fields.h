// api/fields.h — reads named values out of a request, with the wire's own words when they are
// wrong.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"

namespace slipway::api {

/// Where values come from: in a query all of them are text, and a list may be a single one.
enum class Source { body, query };

/// The members of one JSON object. A member that is null is taken as missing.
///
/// Errors of all   invalid_parameter_value: a required member is missing (an empty text counts as
///                 missing), or a member is of the wrong kind; the message names the whole path.
/// Source   messages and conversions as observed on mlflow 3.17.2.
class Fields {
 public:
  /// `members` is borrowed; `prefix` is such as "metrics[0]." in messages.
  explicit Fields(const JsonObject& members, Source source = Source::body, std::string prefix = {});

  bool has(std::string_view key) const { return member(key) != nullptr; }
  /// The member as it was sent, or null.
  const Json* raw(std::string_view key) const { return member(key); }

  Result<std::string> text(std::string_view key) const;
  Result<std::string> text_or(std::string_view key, std::string_view otherwise) const;
  Result<std::optional<std::string>> maybe_text(std::string_view key) const;

  /// Integers may be written as text or as a number without a fraction, also with an exponent.
  Result<int64_t> integer(std::string_view key) const;
  Result<int64_t> integer_or(std::string_view key, int64_t otherwise) const;
  Result<std::optional<int64_t>> maybe_integer(std::string_view key) const;

  /// Numbers may be written as text, also "NaN" and "Infinity"; true is 1. Beyond
  /// the range of a double they are infinite.
  Result<double> number(std::string_view key) const;

  Result<bool> truth_or(std::string_view key, bool otherwise) const;

  /// A list of texts; empty where the member is missing.
  Result<std::vector<std::string>> texts(std::string_view key) const;
  /// A list of objects; empty where the member is missing.
  Result<std::vector<Fields>> items(std::string_view key) const;
  /// One object; with no members where it is missing.
  Result<Fields> object(std::string_view key) const;

  /// Make the error for a member that is missing, or is not what it should be.
  Error missing(std::string_view key) const;
  Error wrong(std::string_view key, const Json& value) const;

 private:
  const Json* member(std::string_view key) const;
  /// The first where a query has several.
  const Json* single(std::string_view key) const;

  const JsonObject* members_;
  Source source_;
  std::string prefix_;
};

}  // namespace slipway::api
