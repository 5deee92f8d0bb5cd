#include "serve/tensors.h"

#include <simdjson.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include "base/text.h"
#include "serve/cell.h"

namespace slipway::serve {
namespace {

namespace dom = simdjson::dom;
using data::Column;
using data::Type;
using models::ColumnSpec;
using models::ColumnType;
using models::Signature;
using models::TensorSpec;

constexpr size_t kMaxValues = 1u << 26;  // of one tensor: a 16 MB body cannot hold more
constexpr size_t kMaxDimensions = 16;
constexpr std::string_view kUnnamedOutput = "output-1";

struct Datatype {
  std::string_view name;
  Type type;
  double low = 0;  // of whole numbers
  double high = 0;
};

constexpr Datatype kDatatypes[] = {
    {"BOOL", Type::boolean},
    {"INT8", Type::int64, -0x1p7, 0x1p7 - 1},
    {"INT16", Type::int64, -0x1p15, 0x1p15 - 1},
    {"INT32", Type::int64, -0x1p31, 0x1p31 - 1},
    {"INT64", Type::int64, -0x1p63, 0x1p63},
    {"UINT8", Type::int64, 0, 0x1p8 - 1},
    {"UINT16", Type::int64, 0, 0x1p16 - 1},
    {"UINT32", Type::int64, 0, 0x1p32 - 1},
    {"UINT64", Type::int64, 0, 0x1p63},
    {"FP16", Type::float32},
    {"FP32", Type::float32},
    {"FP64", Type::float64},
    {"BYTES", Type::string},
};

std::string_view datatype_of(Type type) {
  switch (type) {
    case Type::boolean: return "BOOL";
    case Type::int64: return "INT64";
    case Type::float32: return "FP32";
    case Type::float64: return "FP64";
    case Type::string:
    case Type::binary:
    case Type::timestamp: return "BYTES";
  }
  return "BYTES";
}

std::string_view datatype_of(ColumnType type) {
  constexpr std::string_view kNames[] = {"BOOL", "INT32", "INT64", "FP32",
                                         "FP64", "BYTES", "BYTES", "BYTES"};
  return kNames[static_cast<int>(type)];
}

/// numpy's name of a type as the protocol has it: "float32" is FP32.
std::string_view datatype_of(const TensorSpec& tensor) {
  constexpr std::pair<std::string_view, std::string_view> kNames[] = {
      {"float16", "FP16"},  {"float32", "FP32"},  {"float64", "FP64"},  {"int8", "INT8"},
      {"int16", "INT16"},   {"int32", "INT32"},   {"int64", "INT64"},   {"uint8", "UINT8"},
      {"uint16", "UINT16"}, {"uint32", "UINT32"}, {"uint64", "UINT64"}, {"bool", "BOOL"}};
  for (const auto& [dtype, name] : kNames) {
    if (dtype == tensor.dtype) return name;
  }
  return "BYTES";
}

template <typename... Args>
Error refused(fmt::format_string<Args...> format, Args&&... args) {
  return fail(Code::invalid_parameter_value, format, std::forward<Args>(args)...);
}

/// A tensor as it was sent: its values are flat, row-major.
struct Tensor {
  std::string_view name;
  const Datatype* datatype = nullptr;
  size_t n_rows = 0;
  size_t width = 1;           // values of a row
  std::vector<size_t> shape;  // of a row
  std::vector<dom::element> values;

  Error misfit(size_t at, std::string_view why) const {
    return refused("input '{}', value {}: {} is {} {}", name, at,
                   std::string(simdjson::minify(values[at])).substr(0, 80), why, datatype->name);
  }
};

Result<const Datatype*> find_datatype(std::string_view tensor, dom::object object) {
  std::string_view name;
  if (object["datatype"].get(name)) return refused("input '{}' has no 'datatype'", tensor);
  const auto* found = std::ranges::find(kDatatypes, name, &Datatype::name);
  if (found != std::end(kDatatypes)) return found;
  std::vector<std::string> names;
  for (const auto& datatype : kDatatypes) names.emplace_back(datatype.name);
  return refused("input '{}': datatype '{}' is not known; accepted: {}", tensor, name,
                 join(names, ", "));
}

Result<void> read_shape(dom::object object, Tensor& tensor) {
  dom::array shape;
  if (object["shape"].get(shape)) return refused("input '{}' has no 'shape'", tensor.name);
  std::vector<uint64_t> sizes;
  size_t n_values = 1;
  for (const auto element : shape) {
    uint64_t size = 0;
    if (element.get(size) || size > kMaxValues || n_values * size > kMaxValues) {
      return refused("input '{}': shape {} is not possible", tensor.name,
                     std::string(simdjson::minify(shape)).substr(0, 80));
    }
    sizes.push_back(size);
    n_values *= size;
  }
  if (sizes.empty() || sizes.size() > kMaxDimensions) {
    return refused("input '{}' has {} dimensions; accepted: [rows], [rows, columns] and up to {}",
                   tensor.name, sizes.size(), kMaxDimensions);
  }
  tensor.n_rows = sizes[0];
  tensor.shape.assign(sizes.begin() + 1, sizes.end());
  for (const size_t size : tensor.shape) tensor.width *= size;
  if (tensor.width == 0) return refused("input '{}' has rows without values", tensor.name);
  return {};
}

Result<void> flatten(dom::array data, Tensor& tensor, size_t depth) {
  for (const auto element : data) {
    if (element.is_array() && depth <= tensor.shape.size()) {
      TRY(flatten(dom::array(element), tensor, depth + 1));
    } else if (element.is_array() || element.is_object()) {
      return refused("input '{}': 'data' is nested deeper than its shape", tensor.name);
    } else {
      tensor.values.push_back(element);
    }
  }
  return {};
}

Result<Tensor> read_tensor(dom::element element) {
  dom::object object;
  Tensor tensor;
  if (element.get(object) || object["name"].get(tensor.name)) {
    return refused("'inputs' must be a list of objects, each with a 'name'");
  }
  tensor.datatype = TRY(find_datatype(tensor.name, object));
  TRY(read_shape(object, tensor));
  dom::array data;
  if (object["data"].get(data)) {
    return refused("input '{}' has no list 'data' (binary tensor data is not taken)", tensor.name);
  }
  TRY(flatten(data, tensor, 1));
  if (tensor.values.size() != tensor.n_rows * tensor.width) {
    return refused("input '{}' has {} values where its shape has {}", tensor.name,
                   tensor.values.size(), tensor.n_rows * tensor.width);
  }
  return tensor;
}

Result<Column> booleans(const Tensor& tensor, size_t k) {
  std::vector<uint8_t> out(tensor.n_rows);
  for (size_t i = 0; i < out.size(); ++i) {
    const auto value = tensor.values[i * tensor.width + k];
    bool truth = false;
    if (value.get(truth)) return tensor.misfit(i * tensor.width + k, "not a");
    out[i] = truth;
  }
  return Column{"", Type::boolean, std::move(out), {}};
}

Result<Column> integers(const Tensor& tensor, size_t k) {
  std::vector<int64_t> out(tensor.n_rows);
  for (size_t i = 0; i < out.size(); ++i) {
    const size_t at = i * tensor.width + k;
    double number = 0;
    if (tensor.values[at].get(out[i])) {
      const bool whole = !tensor.values[at].get(number) && number == std::floor(number);
      if (!whole || std::abs(number) >= 0x1p63) return tensor.misfit(at, "not an");
      out[i] = static_cast<int64_t>(number);
    }
    const auto value = static_cast<double>(out[i]);
    if (value < tensor.datatype->low || value > tensor.datatype->high) {
      return tensor.misfit(at, "out of the range of");
    }
  }
  return Column{"", Type::int64, std::move(out), {}};
}

template <typename Float>
Result<Column> floats(const Tensor& tensor, size_t k, Type type) {
  std::vector<Float> out(tensor.n_rows);
  std::vector<uint8_t> valid(tensor.n_rows, 1);
  for (size_t i = 0; i < out.size(); ++i) {
    const size_t at = i * tensor.width + k;
    double number = std::numeric_limits<double>::quiet_NaN();
    if (tensor.values[at].is_null()) {
      valid[i] = 0;
    } else if (tensor.values[at].get(number)) {
      return tensor.misfit(at, "not an");
    }
    out[i] = static_cast<Float>(number);
  }
  const bool whole = std::ranges::count(valid, 0) == 0;
  return Column{"", type, std::move(out), whole ? std::vector<uint8_t>() : std::move(valid)};
}

/// Texts, or what the model's column makes of them: dates, base64.
Result<Column> texts(const Tensor& tensor, size_t k, const ColumnSpec* spec) {
  ColumnSpec as{std::string(tensor.name), ColumnType::string, false};
  if (spec != nullptr && (spec->type == ColumnType::binary || spec->type == ColumnType::datetime)) {
    as = *spec;
  }
  ColumnBuilder builder(as);
  for (size_t i = 0; i < tensor.n_rows; ++i) {
    const size_t at = i * tensor.width + k;
    std::string_view text;
    if (tensor.values[at].is_null()) {
      TRY(builder.add({}));
      continue;
    }
    if (tensor.values[at].get(text)) return tensor.misfit(at, "not a text of");
    TRY(builder.add(text));
  }
  return builder.finish();
}

Result<Column> column_of(const Tensor& tensor, size_t k, const ColumnSpec* spec) {
  switch (tensor.datatype->type) {
    case Type::boolean: return booleans(tensor, k);
    case Type::int64: return integers(tensor, k);
    case Type::float32: return floats<float>(tensor, k, Type::float32);
    case Type::float64: return floats<double>(tensor, k, Type::float64);
    default: return texts(tensor, k, spec);
  }
}

const ColumnSpec* spec_named(const Signature& signature, std::string_view name) {
  const auto found = std::ranges::find(signature.inputs, name, &ColumnSpec::name);
  return found == signature.inputs.end() ? nullptr : &*found;
}

/// A tensor as a column of that shape.
Result<Column> tensor_column(Tensor tensor, const ColumnSpec* spec) {
  auto shape = std::move(tensor.shape);
  tensor.n_rows *= tensor.width;
  tensor.width = 1;
  auto column = TRY(column_of(tensor, 0, spec));
  if (column.type != Type::float64 && column.type != Type::float32 && column.n_missing() > 0) {
    return refused("input '{}' has missing values", tensor.name);
  }
  column.valid.clear();  // a missing number is NaN
  column.shape = std::move(shape);
  return column;
}

/// Whether the tensor stays one: it has more than two dimensions, or the model takes it so.
bool stays_tensor(const Tensor& tensor, const ColumnSpec* spec) {
  if (tensor.shape.size() != 1) return !tensor.shape.empty();
  return spec && spec->tensor && spec->tensor->shape.size() > 1;
}

/// One tensor with all the model's columns beside each other.
Result<void> add_columns(const Tensor& tensor, const Signature& signature, data::Batch& rows) {
  const auto& inputs = signature.inputs;
  if (!inputs.empty() && inputs.size() != tensor.width) {
    return refused("input '{}' has {} columns; the model takes {}", tensor.name, tensor.width,
                   inputs.size());
  }
  for (size_t k = 0; k < tensor.width; ++k) {
    const ColumnSpec* spec = inputs.empty() ? nullptr : &inputs[k];
    auto column = TRY(column_of(tensor, k, spec));
    column.name = spec == nullptr ? std::to_string(k) : spec->name;
    rows.columns.push_back(std::move(column));
  }
  return {};
}

Result<data::Batch> rows_of(const std::vector<Tensor>& tensors, const Signature& signature) {
  data::Batch rows;
  rows.n_rows = tensors.front().n_rows;
  const bool alone = tensors.size() == 1;
  const auto* first_spec = spec_named(signature, tensors.front().name);
  const bool is_tensor = stays_tensor(tensors.front(), first_spec);
  if (alone && !is_tensor && (tensors.front().width != 1 || !first_spec)) {
    TRY(add_columns(tensors.front(), signature, rows));
    return rows;
  }
  for (const auto& tensor : tensors) {
    const auto* spec = spec_named(signature, tensor.name);
    const bool whole = stays_tensor(tensor, spec);
    if (tensor.width != 1 && !whole) {
      return refused("input '{}' has {} columns; beside other inputs it may have one", tensor.name,
                     tensor.width);
    }
    if (tensor.n_rows != rows.n_rows) {
      return refused("input '{}' has {} rows where '{}' has {}", tensor.name, tensor.n_rows,
                     tensors.front().name, rows.n_rows);
    }
    if (rows.find(tensor.name)) return refused("input '{}' is there twice", tensor.name);
    auto column = whole ? tensor_column(tensor, spec) : column_of(tensor, 0, spec);
    if (!column.ok()) return column.error();
    column->name = tensor.name;
    rows.columns.push_back(std::move(column).value());
  }
  return rows;
}

/// The request's own parameters, which a model's are among.
Result<JsonObject> params_of(dom::object root) {
  dom::object params;
  if (root["parameters"].get(params)) return JsonObject();
  const auto json = TRY(parse_json(simdjson::minify(params)));
  return json.get_object();
}

Result<InferenceRequest> read_object(dom::object root, const Signature& signature) {
  InferenceRequest request;
  std::string_view id;
  if (!root["id"].get(id)) request.id = id;
  dom::array inputs;
  if (root["inputs"].get(inputs)) return refused("the request has no list 'inputs'");
  std::vector<Tensor> tensors;
  for (const auto input : inputs) {
    auto tensor = TRY(read_tensor(input));
    tensors.push_back(std::move(tensor));
  }
  if (tensors.empty() || tensors.front().n_rows == 0) return refused("the request has no rows");
  dom::array outputs;
  if (!root["outputs"].get(outputs)) {
    for (const auto output : outputs) {
      std::string_view name;
      if (output["name"].get(name)) return refused("each of 'outputs' needs a 'name'");
      request.outputs.emplace_back(name);
    }
  }
  request.rows = TRY(rows_of(tensors, signature));
  if (!signature.params.empty()) {
    const auto params = TRY(params_of(root));
    request.params = TRY(models::enforce_params(signature, params));
  }
  return request;
}

void append_cell(std::string& out, const Column& column, size_t row) {
  if (!column.is_valid(row)) {
    out += "null";
    return;
  }
  switch (column.type) {
    case Type::boolean: out += column.booleans()[row] ? "true" : "false"; break;
    case Type::int64: out += std::to_string(column.int64s()[row]); break;
    case Type::float32:
    case Type::float64: {
      const double number = column.number_at(row);
      if (std::isfinite(number)) {
        append_number(out, number);
      } else {
        out += "null";  // the protocol's JSON has no word for these
      }
      break;
    }
    case Type::timestamp: append_quoted(out, column.text_at(row)); break;
    case Type::string: append_quoted(out, column.strings()[row]); break;
    case Type::binary: append_quoted(out, base64_encode(column.strings()[row])); break;
  }
}

/// Write columns of one type as one tensor.
void append_tensor(std::string& out, std::string_view name, std::span<const Column> columns,
                   size_t n_rows) {
  out += "{\"name\": ";
  append_quoted(out, name);
  out += fmt::format(", \"shape\": [{}", n_rows);
  for (const size_t size : columns.front().shape) out += fmt::format(", {}", size);
  if (columns.size() > 1) out += fmt::format(", {}", columns.size());
  out += "]";
  out += fmt::format(", \"datatype\": \"{}\", ", datatype_of(columns.front().type));
  if (columns.front().type == Type::binary) {
    out += "\"parameters\": {\"content_type\": \"base64\"}, ";
  }
  out += "\"data\": [";
  const size_t width = columns.front().width();  // of tensors there is one
  for (size_t i = 0; i < n_rows * width; ++i) {
    for (const auto& column : columns) {
      if (out.back() != '[') out += ", ";
      append_cell(out, column, i);
    }
  }
  out += "]}";
}

}  // namespace

Result<InferenceRequest> read_inference_request(std::string_view body, const Signature& signature) {
  dom::parser parser;
  const simdjson::padded_string padded(body);
  dom::object root;
  const auto parsed = parser.parse(padded);
  if (parsed.error()) {
    return refused("the body is not valid JSON ({})", simdjson::error_message(parsed.error()));
  }
  if (parsed.get(root)) return refused("the body is not an object");
  try {
    return read_object(root, signature);
  } catch (const simdjson::simdjson_error& error) {
    return refused("the body is not valid JSON ({})", error.what());
  }
}

Result<std::string> tensors_text(const data::Batch& scores, const std::vector<std::string>& asked) {
  std::string out = "[";
  const auto append = [&](std::string_view name, std::span<const Column> columns) {
    if (!asked.empty() && std::ranges::find(asked, name) == asked.end()) return;
    if (out.size() > 1) out += ", ";
    append_tensor(out, name, columns, scores.n_rows);
  };
  const auto& columns = scores.columns;
  const bool named = std::ranges::none_of(columns, &std::string::empty, &Column::name);
  for (const auto& name : asked) {
    if (named ? scores.find(name) != nullptr : name == kUnnamedOutput) continue;
    return refused("the model gives no output '{}'", name);
  }
  if (named) {
    for (const auto& column : columns) append(column.name, {&column, 1});
  } else {
    const auto same = [&](const Column& column) { return column.type == columns.front().type; };
    check(std::ranges::all_of(columns, same), "outputs without names are of one type");
    append(kUnnamedOutput, columns);
  }
  return out + "]";
}

Json tensor_specs(const std::vector<ColumnSpec>& columns, std::string_view unnamed) {
  JsonArray out;
  const auto add = [&](std::string_view name, std::string_view datatype, JsonArray shape) {
    out.push_back(JsonObject{{"name", name}, {"datatype", datatype}, {"shape", std::move(shape)}});
  };
  const auto add_tensor = [&](std::string_view name, const TensorSpec& tensor) {
    JsonArray shape(tensor.shape.begin(), tensor.shape.end());
    add(name, datatype_of(tensor), shape.empty() ? JsonArray{-1} : std::move(shape));
  };
  const bool named = std::ranges::none_of(columns, &std::string::empty, &ColumnSpec::name);
  for (const auto& column : columns) {
    const std::string_view name = named ? std::string_view(column.name) : unnamed;
    if (column.tensor) {
      add_tensor(name, *column.tensor);
    } else if (named || columns.size() == 1) {
      add(name, datatype_of(column.type), {-1});
    } else {
      add(name, datatype_of(column.type), {-1, static_cast<int64_t>(columns.size())});
    }
    if (!named) break;
  }
  return out;
}

Json input_specs(const Signature& signature) {
  if (!signature.tensor) return tensor_specs(signature.inputs, "input-0");
  return tensor_specs({{"", ColumnType::double_, true, signature.tensor}}, "input-0");
}

}  // namespace slipway::serve
