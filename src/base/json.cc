#include "base/json.h"

#include <algorithm>
#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/value_stack.hpp>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <vector>

namespace slipway {
namespace {

constexpr int kMaxDepth = 64;

// Builds the value of a document. Boost 1.81 reads one double in ten a bit off (its parse_options
// know no precision yet), so each is read again from its text.
struct Builder {
  static constexpr size_t max_object_size = JsonObject::max_size();
  static constexpr size_t max_array_size = JsonArray::max_size();
  static constexpr size_t max_key_size = boost::json::string::max_size();
  static constexpr size_t max_string_size = boost::json::string::max_size();
  using Text = boost::json::string_view;
  using Problem = boost::json::error_code;

  bool on_document_begin(Problem&) {
    stack.reset();
    return true;
  }
  bool on_document_end(Problem&) { return true; }
  bool on_object_begin(Problem&) { return true; }
  bool on_object_end(size_t n, Problem&) { return stack.push_object(n), true; }
  bool on_array_begin(Problem&) { return true; }
  bool on_array_end(size_t n, Problem&) { return stack.push_array(n), true; }
  bool on_key_part(Text part, size_t, Problem&) { return stack.push_chars(part), true; }
  bool on_key(Text rest, size_t, Problem&) { return stack.push_key(rest), true; }
  bool on_string_part(Text part, size_t, Problem&) { return stack.push_chars(part), true; }
  bool on_string(Text rest, size_t, Problem&) { return stack.push_string(rest), true; }
  bool on_number_part(Text, Problem&) { return true; }  // never: the whole text is there at once
  bool on_int64(int64_t value, Text, Problem&) { return stack.push_int64(value), true; }
  bool on_uint64(uint64_t value, Text, Problem&) { return stack.push_uint64(value), true; }
  bool on_double(double value, Text text, Problem&) {
    double exact = value;
    if (std::from_chars(text.data(), text.data() + text.size(), exact).ec != std::errc()) {
      exact = value;  // out of range: infinite or zero, as Boost has it
    }
    return stack.push_double(exact), true;
  }
  bool on_bool(bool value, Problem&) { return stack.push_bool(value), true; }
  bool on_null(Problem&) { return stack.push_null(), true; }
  bool on_comment_part(Text, Problem&) { return true; }
  bool on_comment(Text, Problem&) { return true; }

  boost::json::value_stack stack;
};

Result<Json> parse_strict(std::string_view text) {
  boost::json::parse_options options;
  options.max_depth = kMaxDepth;
  boost::json::basic_parser<Builder> parser(options);
  boost::json::error_code error;
  const size_t n_read = parser.write_some(false, text.data(), text.size(), error);
  if (!error && n_read < text.size()) error = boost::json::error::extra_data;
  if (error) return fail(Code::invalid_parameter_value, "not valid JSON: {}", error.message());
  return parser.handler().stack.release();
}

// Put quotes round NaN, Infinity and -Infinity where they stand outside a string.
std::string quote_nonfinite(std::string_view text) {
  std::string out;
  out.reserve(text.size() + 16);
  bool in_string = false;
  for (size_t i = 0; i < text.size();) {
    if (in_string) {
      if (text[i] == '\\' && i + 1 < text.size()) out += text[i++];
      if (text[i] == '"') in_string = false;
      out += text[i++];
      continue;
    }
    bool quoted = false;
    for (std::string_view word : {"NaN", "Infinity", "-Infinity"}) {
      if (text.substr(i).starts_with(word)) {
        append_quoted(out, word);
        i += word.size();
        quoted = true;
        break;
      }
    }
    if (quoted) continue;
    in_string = text[i] == '"';
    out += text[i++];
  }
  return out;
}

struct Writer {
  std::string out;
  bool pretty = false;

  void line(int depth) {
    if (!pretty) return;
    out += '\n';
    out.append(static_cast<size_t>(depth) * 2, ' ');
  }

  void object(const JsonObject& members, int depth) {
    out += '{';
    bool first = true;
    for (const auto& member : members) {
      if (!first) out += pretty ? "," : ", ";
      first = false;
      line(depth + 1);
      append_quoted(out, {member.key().data(), member.key().size()});
      out += ": ";
      value(member.value(), depth + 1);
    }
    if (!first) line(depth);
    out += '}';
  }

  void array(const JsonArray& items, int depth) {
    out += '[';
    bool first = true;
    for (const auto& item : items) {
      if (!first) out += pretty ? "," : ", ";
      first = false;
      line(depth + 1);
      value(item, depth + 1);
    }
    if (!first) line(depth);
    out += ']';
  }

  void value(const Json& json, int depth) {
    switch (json.kind()) {
      case boost::json::kind::null: out += "null"; break;
      case boost::json::kind::bool_: out += json.get_bool() ? "true" : "false"; break;
      case boost::json::kind::int64: out += std::to_string(json.get_int64()); break;
      case boost::json::kind::uint64: out += std::to_string(json.get_uint64()); break;
      case boost::json::kind::double_: append_number(out, json.get_double()); break;
      case boost::json::kind::string:
        append_quoted(out, {json.get_string().data(), json.get_string().size()});
        break;
      case boost::json::kind::array: array(json.get_array(), depth); break;
      case boost::json::kind::object: object(json.get_object(), depth); break;
    }
  }
};

// The shortest digits that read back the same, with an exponent where Python's repr has one.
std::string python_number(double value) {
  constexpr int kMostPlain = 16;
  constexpr int kLeastPlain = -4;
  if (!std::isfinite(value))
    return std::isnan(value) ? "NaN" : value > 0 ? "Infinity" : "-Infinity";
  char digits[400];
  char* end =
      std::to_chars(digits, digits + sizeof digits, value, std::chars_format::scientific).ptr;
  const std::string scientific(digits, end);
  const int exponent = std::atoi(scientific.c_str() + scientific.find('e') + 1);
  if (exponent < kLeastPlain || exponent >= kMostPlain) return scientific;
  end = std::to_chars(digits, digits + sizeof digits, value, std::chars_format::fixed).ptr;
  const std::string fixed(digits, end);
  return fixed.find('.') == fixed.npos ? fixed + ".0" : fixed;
}

// Take the code point that starts at `position` and step over it; the text is UTF-8.
uint32_t take_code_point(std::string_view text, size_t& position) {
  const auto lead = static_cast<unsigned char>(text[position++]);
  uint32_t point = lead < 0x80   ? lead
                   : lead < 0xe0 ? lead & 0x1fu
                   : lead < 0xf0 ? lead & 0x0fu
                                 : lead & 7u;
  while (position < text.size() && (static_cast<unsigned char>(text[position]) & 0xc0) == 0x80) {
    point = point << 6 | (static_cast<unsigned char>(text[position++]) & 0x3fu);
  }
  return point;
}

void append_escaped_unit(std::string& out, uint32_t unit) {
  constexpr char kHex[] = "0123456789abcdef";
  out += "\\u";
  for (int shift = 12; shift >= 0; shift -= 4) out += kHex[(unit >> shift) & 15];
}

void append_ascii(std::string& out, const Json& value);

void append_ascii_members(std::string& out, const JsonObject& members) {
  std::vector<std::string_view> keys;
  for (const auto& member : members) keys.emplace_back(member.key().data(), member.key().size());
  std::sort(keys.begin(), keys.end());
  char before = '{';
  for (const std::string_view key : keys) {
    out += before;
    before = ',';
    append_ascii_quoted(out, key);
    out += ':';
    append_ascii(out, members.at({key.data(), key.size()}));
  }
  out += keys.empty() ? "{}" : "}";
}

void append_ascii_items(std::string& out, const JsonArray& items) {
  char before = '[';
  for (const auto& item : items) {
    out += before;
    before = ',';
    append_ascii(out, item);
  }
  out += items.empty() ? "[]" : "]";
}

void append_ascii(std::string& out, const Json& value) {
  if (const auto* object = value.if_object()) return append_ascii_members(out, *object);
  if (const auto* array = value.if_array()) return append_ascii_items(out, *array);
  if (const auto* text = value.if_string())
    return append_ascii_quoted(out, {text->data(), text->size()});
  if (const auto* number = value.if_double()) {
    out += python_number(*number);
    return;
  }
  out += to_text(value);
}

Error missing(std::string_view key, std::string_view kind) {
  return fail(Code::invalid_parameter_value, "'{}' is missing or is not {}", key, kind);
}

}  // namespace

Result<Json> parse_json(std::string_view text) {
  auto strict = parse_strict(text);
  if (strict.ok()) return strict;
  if (text.find("NaN") == text.npos && text.find("Infinity") == text.npos) return strict;
  return parse_strict(quote_nonfinite(text));
}

std::string to_text(const Json& value) {
  Writer writer;
  writer.value(value, 0);
  return std::move(writer.out);
}

std::string to_ascii_text(const Json& value) {
  std::string out;
  append_ascii(out, value);
  return out;
}

std::string to_pretty_text(const Json& value) {
  Writer writer;
  writer.pretty = true;
  writer.value(value, 0);
  return std::move(writer.out);
}

void append_number(std::string& out, double value) {
  if (std::isnan(value)) {
    out += "\"NaN\"";
    return;
  }
  if (std::isinf(value)) {
    out += value > 0 ? "\"Infinity\"" : "\"-Infinity\"";
    return;
  }
  char digits[32];
  const auto end = std::to_chars(digits, digits + sizeof digits, value).ptr;
  const std::string_view written(digits, static_cast<size_t>(end - digits));
  out += written;
  if (written.find_first_of(".e") == written.npos) out += ".0";
}

void append_quoted(std::string& out, std::string_view text) {
  constexpr char kHex[] = "0123456789abcdef";
  out += '"';
  for (const char c : text) {
    switch (c) {
      case '"': out += "\\\""; break;
      case '\\': out += "\\\\"; break;
      case '\n': out += "\\n"; break;
      case '\r': out += "\\r"; break;
      case '\t': out += "\\t"; break;
      default:
        if (static_cast<unsigned char>(c) < 0x20) {
          out += "\\u00";
          out += kHex[(c >> 4) & 15];
          out += kHex[c & 15];
        } else {
          out += c;
        }
    }
  }
  out += '"';
}

void append_ascii_quoted(std::string& out, std::string_view text) {
  std::string quoted;
  append_quoted(quoted, text);
  for (size_t position = 0; position < quoted.size();) {
    const auto c = static_cast<unsigned char>(quoted[position]);
    if (c < 0x80 && c != 0x7f) {
      out += quoted[position++];
      continue;
    }
    const uint32_t point = take_code_point(quoted, position);
    if (point < 0x10000) {
      append_escaped_unit(out, point);
    } else {
      append_escaped_unit(out, 0xd800 + ((point - 0x10000) >> 10));
      append_escaped_unit(out, 0xdc00 + ((point - 0x10000) & 0x3ff));
    }
  }
}

const Json* find(const Json& object, std::string_view key) {
  const auto* members = object.if_object();
  return members ? members->if_contains({key.data(), key.size()}) : nullptr;
}

Result<std::string> text_member(const Json& object, std::string_view key) {
  const auto* member = find(object, key);
  if (!member || !member->is_string()) return missing(key, "a string");
  return std::string(member->get_string().data(), member->get_string().size());
}

Result<double> number_member(const Json& object, std::string_view key) {
  const auto* member = find(object, key);
  if (!member || !member->is_number()) return missing(key, "a number");
  return member->to_number<double>();
}

Result<int64_t> integer_member(const Json& object, std::string_view key) {
  const auto* member = find(object, key);
  if (!member || !member->is_int64()) return missing(key, "an integer");
  return member->get_int64();
}

Result<const JsonArray*> array_member(const Json& object, std::string_view key) {
  const auto* member = find(object, key);
  if (!member || !member->is_array()) return missing(key, "an array");
  return &member->get_array();
}

}  // namespace slipway
