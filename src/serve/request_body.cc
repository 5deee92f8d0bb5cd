#include "serve/request_body.h"

#include <simdjson.h>

#include <memory>
#include <unordered_map>

#include "base/text.h"
#include "serve/cell.h"

namespace slipway::serve {
namespace {

namespace dom = simdjson::dom;
using models::Signature;

constexpr std::string_view kAccepted =
    "accepted: a JSON object with one of 'dataframe_split', 'dataframe_records', 'instances', "
    "'inputs'";

// The columns of a request on their way: where each field of a row goes, or nowhere.
class Gatherer {
 public:
  explicit Gatherer(const Signature& signature) : open_(signature.inputs.empty()) {
    for (const auto& spec : signature.inputs) {
      places_.emplace(spec.name, builders_.size());
      builders_.emplace_back(spec);
    }
  }

  // The builder of a column; null where the signature does not name it.
  ColumnBuilder* column(std::string_view name) {
    const auto place = places_.find(std::string(name));
    if (place != places_.end()) return &builders_[place->second];
    if (!open_) return nullptr;
    places_.emplace(std::string(name), builders_.size());
    builders_.emplace_back(std::string(name));
    return &builders_.back();
  }

  // The builder of the column at a position, for rows without names.
  Result<ColumnBuilder*> column_at(size_t index) {
    if (index < builders_.size()) return &builders_[index];
    if (open_) return column(std::to_string(index));
    return fail(Code::invalid_parameter_value,
                "row {} has more than the {} values that the model takes", n_rows_,
                builders_.size());
  }

  // Rows before this one that did not name the column are missing there.
  Result<void> fill(ColumnBuilder& builder) {
    while (builder.size() < n_rows_) TRY(builder.add({}));
    return {};
  }

  // Close a row: what it did not name is missing.
  Result<void> end_row() {
    ++n_rows_;
    for (auto& builder : builders_) {
      if (builder.size() < n_rows_ && builder.size() > 0) TRY(builder.add({}));
    }
    return {};
  }

  void set_n_rows(size_t n_rows) { n_rows_ = n_rows; }

  // Columns that no row named are left out, so that the model names them as missing.
  Result<data::Batch> finish() {
    if (n_rows_ == 0) return fail(Code::invalid_parameter_value, "the request has no rows");
    data::Batch batch;
    batch.n_rows = n_rows_;
    for (auto& builder : builders_) {
      if (builder.size() == 0) continue;
      if (builder.size() != n_rows_) {
        return fail(Code::invalid_parameter_value, "column '{}' has {} values where others have {}",
                    builder.name(), builder.size(), n_rows_);
      }
      batch.columns.push_back(builder.finish());
    }
    return batch;
  }

 private:
  bool open_;
  size_t n_rows_ = 0;
  std::vector<ColumnBuilder> builders_;
  std::unordered_map<std::string, size_t> places_;
};

Result<Cell> cell_of(dom::element value) {
  switch (value.type()) {
    case dom::element_type::NULL_VALUE: return Cell();
    case dom::element_type::BOOL: return Cell(bool(value));
    case dom::element_type::INT64: return Cell(int64_t(value));
    case dom::element_type::UINT64: return Cell(static_cast<double>(uint64_t(value)));
    case dom::element_type::DOUBLE: return Cell(double(value));
    case dom::element_type::STRING: return Cell(std::string_view(value));
    default: break;
  }
  return fail(Code::invalid_parameter_value, "a cell holds a list or an object: {}",
              simdjson::minify(value).substr(0, 80));
}

Error not_shaped(std::string_view key, std::string_view shape) {
  return fail(Code::invalid_parameter_value, "'{}' must be {}", key, shape);
}

Result<void> gather_split(dom::element split, Gatherer& gatherer) {
  dom::array names;
  dom::array rows;
  if (split["columns"].get(names) || split["data"].get(rows)) {
    return not_shaped("dataframe_split", "an object with the lists 'columns' and 'data'");
  }
  std::vector<std::string> columns;
  for (const auto name : names) {
    std::string_view text;
    if (name.get(text)) return not_shaped("columns", "a list of strings");
    columns.emplace_back(text);
  }
  std::vector<ColumnBuilder*> targets;
  for (const auto& name : columns) gatherer.column(name);  // first make all: builders may move
  for (const auto& name : columns) {
    targets.push_back(gatherer.column(name));
    for (size_t i = 0; i + 1 < targets.size(); ++i) {
      if (columns[i] == name) {
        return fail(Code::invalid_parameter_value, "column '{}' is there twice", name);
      }
    }
  }
  size_t n_rows = 0;
  for (const auto row : rows) {
    dom::array cells;
    if (row.get(cells)) return not_shaped("data", "a list of lists");
    size_t i = 0;
    for (const auto value : cells) {
      if (i < targets.size() && targets[i]) {
        const Cell cell = TRY(cell_of(value));
        TRY(targets[i]->add(cell));
      }
      ++i;
    }
    if (i != targets.size()) {
      return fail(Code::invalid_parameter_value, "row {} has {} values for {} columns", n_rows, i,
                  targets.size());
    }
    ++n_rows;
  }
  gatherer.set_n_rows(n_rows);
  return {};
}

Result<void> gather_record(dom::object record, Gatherer& gatherer) {
  for (const auto field : record) {
    auto* builder = gatherer.column(field.key);
    if (!builder) continue;
    const Cell cell = TRY(cell_of(field.value));
    TRY(gatherer.fill(*builder));
    TRY(builder->add(cell));
  }
  return gatherer.end_row();
}

// Rows as objects, as lists, or (one column) as bare values.
Result<void> gather_rows(std::string_view key, dom::element value, Gatherer& gatherer) {
  dom::array rows;
  if (value.get(rows)) return not_shaped(key, "a list of rows");
  for (const auto row : rows) {
    if (row.is_object()) {
      TRY(gather_record(row, gatherer));
      continue;
    }
    size_t i = 0;
    if (row.is_array()) {
      for (const auto field : dom::array(row)) {
        auto* builder = TRY(gatherer.column_at(i++));
        const Cell cell = TRY(cell_of(field));
        TRY(builder->add(cell));
      }
    } else {
      auto* builder = TRY(gatherer.column_at(0));
      const Cell cell = TRY(cell_of(row));
      TRY(builder->add(cell));
    }
    TRY(gatherer.end_row());
  }
  return {};
}

// {"column": [values…], …}
Result<void> gather_columns(dom::object columns, Gatherer& gatherer) {
  size_t n_rows = 0;
  for (const auto field : columns) {
    auto* builder = gatherer.column(field.key);
    if (!builder) continue;
    dom::array cells;
    if (field.value.get(cells)) return not_shaped(field.key, "a list of values");
    for (const auto value : cells) {
      const Cell cell = TRY(cell_of(value));
      TRY(builder->add(cell));
    }
    n_rows = std::max(n_rows, builder->size());
  }
  gatherer.set_n_rows(n_rows);
  return {};
}

Result<void> gather_json(dom::object root, Gatherer& gatherer) {
  std::string_view found;
  dom::element content;
  for (const std::string_view key :
       {"dataframe_split", "dataframe_records", "instances", "inputs"}) {
    dom::element value;
    if (root[key].get(value)) continue;
    if (!found.empty()) {
      return fail(Code::invalid_parameter_value, "both '{}' and '{}' are given; {}", found, key,
                  kAccepted);
    }
    found = key;
    content = value;
  }
  if (found.empty()) return fail(Code::invalid_parameter_value, "no rows are given; {}", kAccepted);
  if (found == "dataframe_split") return gather_split(content, gatherer);
  if (content.is_object()) return gather_columns(content, gatherer);
  return gather_rows(found, content, gatherer);
}

Result<data::Batch> read_json(std::string_view body, const Signature& signature) {
  dom::parser parser;
  dom::object root;
  const simdjson::padded_string padded(body);
  const auto parsed = parser.parse(padded);
  if (parsed.error()) {
    return fail(Code::invalid_parameter_value, "the body is not valid JSON ({}); {}",
                simdjson::error_message(parsed.error()), kAccepted);
  }
  if (parsed.get(root)) {
    return fail(Code::invalid_parameter_value, "the body is not an object; {}", kAccepted);
  }
  Gatherer gatherer(signature);
  TRY(gather_json(root, gatherer));
  return gatherer.finish();
}

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

Result<data::Batch> read_csv(std::string_view body, const Signature& signature) {
  Gatherer gatherer(signature);
  const auto header = next_record(body);
  std::vector<std::pair<ColumnBuilder*, bool>> targets;
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

}  // namespace

Result<data::Batch> read_request_body(std::string_view body, std::string_view content_type,
                                      const Signature& signature) {
  const auto kind = lower(trim(content_type.substr(0, content_type.find(';'))));
  try {
    if (kind == "application/json") return read_json(body, signature);
  } catch (const simdjson::simdjson_error& error) {
    return fail(Code::invalid_parameter_value, "the body is not valid JSON ({})", error.what());
  }
  if (kind == "text/csv") return read_csv(body, signature);
  return fail(Code::invalid_parameter_value,
              "the content type '{}' is not supported; accepted: application/json, text/csv", kind);
}

}  // namespace slipway::serve
