// base/json.h — JSON values, and reading and writing them the way MLflow's wire does.
#pragma once
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <string>
#include <string_view>

#include "base/result.h"

namespace slipway {

using Json = boost::json::value;
using JsonObject = boost::json::object;
using JsonArray = boost::json::array;

/// Parse one JSON document; bare NaN, Infinity and -Infinity are taken as those strings.
///
/// Errors   invalid_parameter_value: not JSON, or nested deeper than 64 levels.
Result<Json> parse_json(std::string_view text);

/// Write a value on one line. Doubles are the shortest text that reads back the same and always
/// look like doubles (`1.0`); NaN and the infinities become "NaN", "Infinity", "-Infinity".
std::string to_text(const Json& value);

/// Write a value without blanks, members sorted by name, all beyond ASCII escaped, and numbers as
/// Python writes them (`1e+300`, `100000.0`): as MLflow's messages show a value.
std::string to_ascii_text(const Json& value);

/// Write a value indented by two spaces, for people and for files.
std::string to_pretty_text(const Json& value);

/// Append a double as to_text() does, for writers that build JSON by hand.
void append_number(std::string& out, double value);

/// Append a quoted, escaped JSON string; with all beyond ASCII escaped, as to_ascii_text() does.
void append_ascii_quoted(std::string& out, std::string_view text);

/// Append a quoted, escaped JSON string.
void append_quoted(std::string& out, std::string_view text);

/// Find a member, or null where `object` is no object or has no such key.
const Json* find(const Json& object, std::string_view key);

/// Give a string member; Errors invalid_parameter_value: it is missing or not a string.
Result<std::string> text_member(const Json& object, std::string_view key);

/// Give a number member (integer or not); Errors as text_member.
Result<double> number_member(const Json& object, std::string_view key);

/// Give an integral number member; Errors as text_member.
Result<int64_t> integer_member(const Json& object, std::string_view key);

/// Give an array member; Errors as text_member. The reference is into `object`.
Result<const JsonArray*> array_member(const Json& object, std::string_view key);

}  // namespace slipway
