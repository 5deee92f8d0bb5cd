#include "serve/request_body.h"

#include <simdjson.h>

#include <unordered_set>

#include "base/text.h"
#include "data/bytes.h"
#include "serve/csv_body.h"
#include "serve/gatherer.h"

namespace slipway::serve {
namespace {

namespace dom = simdjson::dom;
using models::Signature;

constexpr std::string_view kAccepted =
    "accepted: a JSON object with one of 'dataframe_split', 'dataframe_records', 'instances', "
    "'inputs'";

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
  std::vector<Gathering*> targets;
  for (const auto& name : columns) gatherer.column(name);  // first make all: builders may move
  std::unordered_set<std::string_view> seen;
  for (const auto& name : columns) {
    targets.push_back(gatherer.column(name));
    if (!seen.insert(name).second) {
      return fail(Code::invalid_parameter_value, "column '{}' is there twice", name);
    }
  }
  size_t n_rows = 0;
  for (const auto row : rows) {
    dom::array cells;
    if (row.get(cells)) return not_shaped("data", "a list of lists");
    size_t i = 0;
    for (const auto value : cells) {
      if (i < targets.size() && targets[i]) {
        TRY(targets[i]->add(value));
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
    TRY(gatherer.fill(*builder));
    TRY(builder->add(field.value));
  }
  return gatherer.end_row();
}

// Rows as objects, as lists, or (one column) as bare values.
Result<void> gather_rows(std::string_view key, dom::element value, Gatherer& gatherer) {
  dom::array rows;
  if (value.get(rows)) return not_shaped(key, "a list of rows");
  for (const auto row : rows) {
    if (auto* only = gatherer.only_tensor(); only != nullptr && !row.is_object()) {
      TRY(only->add(row));
      TRY(gatherer.end_row());
      continue;
    }
    if (row.is_object()) {
      TRY(gather_record(row, gatherer));
      continue;
    }
    size_t i = 0;
    if (row.is_array()) {
      for (const auto field : dom::array(row)) {
        auto* builder = TRY(gatherer.column_at(i++));
        TRY(builder->add(field));
      }
    } else {
      auto* builder = TRY(gatherer.column_at(0));
      TRY(builder->add(row));
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
    if (!field.value.get(cells)) {
      for (const auto value : cells) TRY(builder->add(value));
    } else {
      TRY(builder->add(field.value));  // one row
    }
    n_rows = std::max(n_rows, builder->size());
  }
  gatherer.set_n_rows(n_rows);
  return {};
}

// Whether rows without names are one tensor: where the signature has one of three dimensions or
// more, or where, without a signature, rows are lists of lists.
bool is_tensor(dom::element content, const Signature& signature) {
  if (signature.tensor) return signature.tensor->shape.size() > 2 && content.is_array();
  dom::element value;
  return signature.inputs.empty() && !content.at_pointer("/0/0").get(value) && value.is_array();
}

Result<data::Batch> gather_tensor(dom::element content, const Signature& signature) {
  TensorBuilder tensor("", signature.tensor);
  for (const auto row : dom::array(content)) TRY(tensor.add(row));
  data::Batch batch;
  batch.n_rows = tensor.size();
  if (batch.n_rows == 0) return fail(Code::invalid_parameter_value, "the request has no rows");
  batch.columns.push_back(tensor.finish());
  return batch;
}

Result<data::Batch> gather_json(dom::object root, const Signature& signature) {
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
  const bool is_frame = found.starts_with("dataframe_");
  if (!is_frame && is_tensor(content, signature)) return gather_tensor(content, signature);
  Gatherer gatherer(signature);
  if (found == "dataframe_split") {
    TRY(gather_split(content, gatherer));
  } else if (content.is_object()) {
    TRY(gather_columns(content, gatherer));
  } else {
    TRY(gather_rows(found, content, gatherer));
  }
  return gatherer.finish();
}

Result<JsonObject> params_of(dom::object root) {
  dom::element value;
  if (root["params"].get(value) || value.is_null()) return JsonObject();
  if (!value.is_object()) {
    return fail(Code::invalid_parameter_value, "'params' must be an object, not {}",
                std::string(simdjson::minify(value)).substr(0, 80));
  }
  const auto json = TRY(parse_json(simdjson::minify(value)));
  return json.get_object();
}

Result<ScoringRequest> read_json(std::string_view body, const Signature& signature) {
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
  ScoringRequest request;
  request.rows = TRY(gather_json(root, signature));
  if (!signature.params.empty()) {
    const auto params = TRY(params_of(root));
    request.params = TRY(models::enforce_params(signature, params));
  }
  return request;
}

Result<ScoringRequest> rows_alone(Result<data::Batch> rows, const Signature& signature) {
  if (!rows.ok()) return rows.error();
  if (rows->n_rows == 0) return fail(Code::invalid_parameter_value, "the request has no rows");
  ScoringRequest request{std::move(rows).value(), {}};
  request.params = TRY(models::enforce_params(signature, {}));
  return request;
}

}  // namespace

Result<ScoringRequest> read_request_body(std::string_view body, std::string_view content_type,
                                         const Signature& signature) {
  const auto kind = lower(trim(content_type.substr(0, content_type.find(';'))));
  try {
    if (kind == "application/json") return read_json(body, signature);
  } catch (const simdjson::simdjson_error& error) {
    return fail(Code::invalid_parameter_value, "the body is not valid JSON ({})", error.what());
  }
  if (kind == "text/csv") return rows_alone(read_csv_body(body, signature), signature);
  if (kind == "application/vnd.apache.parquet") {
    return rows_alone(data::read_parquet_bytes(body), signature);
  }
  if (kind == "application/vnd.apache.arrow.stream" ||
      kind == "application/vnd.apache.arrow.file") {
    return rows_alone(data::read_ipc(body), signature);
  }
  return fail(Code::invalid_parameter_value, "the content type '{}' is not supported; accepted: {}",
              kind, kContentTypes);
}

}  // namespace slipway::serve
