#include "serve/csv_body.h"

#include <vector>

#include "base/text.h"
#include "serve/gatherer.h"

namespace slipway::serve {
namespace {

using models::Signature;

// One record of RFC 4180 from `text`, which is advanced behind it.
std::vector<std::pair<std::string, bool>> next_record(std::string_view& text) {
  std::vector<std::pair<std::string, bool>> fields(1);
  bool inside = false;
  size_t i = 0;
  for (; i < text.size(); ++i) {
    const char c = text[i];
    auto& [field, quoted] = fields.back();
    if (inside) {
      if (c != '"') {
        field += c;
      } else if (i + 1 < text.size() && text[i + 1] == '"') {
        field += text[++i];
      } else {
        inside = false;
      }
    } else if (c == '"' && field.empty()) {
      inside = quoted = true;
    } else if (c == ',') {
      fields.emplace_back();
    } else if (c == '\n') {
      break;
    } else if (c != '\r') {
      field += c;
    }
  }
  text.remove_prefix(std::min(text.size(), i + 1));
  return fields;
}

// A CSV field: empty is missing, and what reads as a number is one where a number is expected.
Cell csv_cell(const std::pair<std::string, bool>& field, bool as_text) {
  const auto& [text, quoted] = field;
  if (text.empty() && !quoted) return {};
  if (as_text || quoted) return std::string_view(text);
  if (const auto integer = to_integer(text)) return *integer;
  if (const auto number = to_number(text)) return *number;
  if (lower(text) == "true") return true;
  if (lower(text) == "false") return false;
  return std::string_view(text);
}

}  // namespace

Result<data::Batch> read_csv_body(std::string_view body, const Signature& signature) {
  Gatherer gatherer(signature);
  const auto header = next_record(body);
  std::vector<std::pair<Gathering*, bool>> targets;
  for (const auto& [name, quoted] : header) gatherer.column(name);
  for (const auto& [name, quoted] : header) {
    bool as_text = false;
    for (const auto& spec : signature.inputs) {
      as_text |= spec.name == name && (spec.type == models::ColumnType::string ||
                                       spec.type == models::ColumnType::binary ||
                                       spec.type == models::ColumnType::datetime);
    }
    targets.emplace_back(gatherer.column(name), as_text);
  }
  size_t n_rows = 0;
  while (!trim(body).empty()) {
    const auto fields = next_record(body);
    if (fields.size() != targets.size()) {
      return fail(Code::invalid_parameter_value, "row {} has {} fields where the header has {}",
                  n_rows, fields.size(), targets.size());
    }
    for (size_t i = 0; i < fields.size(); ++i) {
      const auto [builder, as_text] = targets[i];
      if (builder) TRY(builder->add(csv_cell(fields[i], as_text)));
    }
    ++n_rows;
  }
  gatherer.set_n_rows(n_rows);
  return gatherer.finish();
}

}  // namespace slipway::serve
