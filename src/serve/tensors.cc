#include "serve/tensors.h"

#include <simdjson.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include "base/text.h"
#include "serve/cell.h"
#include "serve/datatype.h"

namespace slipway::serve {
namespace {

namespace dom = simdjson::dom;
using data::Column;
using data::Type;
using models::ColumnSpec;
using models::ColumnType;
using models::Signature;

constexpr size_t kMaxValues = 1u << 26;  // of one tensor: a 16 MB body cannot hold more
constexpr size_t kMaxDimensions = 16;

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
  std::optional<std::string_view> bytes = {};  // instead of `values`, from behind the JSON

  Error misfit(size_t at, std::string_view why) const {
    return refused("input '{}', value {}: {} is {} {}", name, at,
                   std::string(simdjson::minify(values[at])).substr(0, 80), why, datatype->name);
  }
};

Result<const Datatype*> find_datatype(std::string_view tensor, dom::object object) {
  std::string_view name;
  if (object["datatype"].get(name)) return refused("input '{}' has no 'datatype'", tensor);
  if (const auto* found = datatype_named(name)) return found;
  std::vector<std::string> names;
  for (const auto& datatype : datatypes()) names.emplace_back(datatype.name);
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

/// Read one input; what lies behind the JSON is taken from the front of `binary`.
Result<Tensor> read_tensor(dom::element element, std::string_view& binary) {
  dom::object object;
  Tensor tensor;
  if (element.get(object) || object["name"].get(tensor.name)) {
    return refused("'inputs' must be a list of objects, each with a 'name'");
  }
  tensor.datatype = TRY(find_datatype(tensor.name, object));
  TRY(read_shape(object, tensor));
  uint64_t n_bytes = 0;
  if (!object["parameters"]["binary_data_size"].get(n_bytes)) {
    if (n_bytes > binary.size()) {
      return refused("input '{}' has {} bytes, of which {} were sent", tensor.name, n_bytes,
                     binary.size());
    }
    tensor.bytes = binary.substr(0, n_bytes);
    binary.remove_prefix(n_bytes);
    return tensor;
  }
  dom::array data;
  if (object["data"].get(data)) {
    return refused("input '{}' has neither a list 'data' nor 'binary_data_size'", tensor.name);
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

/// The k-th value of each row, from bytes.
Result<Column> from_bytes(const Tensor& tensor, size_t k, const ColumnSpec* spec) {
  auto all = TRY(column_from_bytes(tensor.name, *tensor.datatype, *tensor.bytes,
                                   tensor.n_rows * tensor.width));
  data::Batch values{{std::move(all)}, tensor.n_rows * tensor.width};
  if (tensor.width > 1) {
    std::vector<size_t> rows(tensor.n_rows);
    for (size_t i = 0; i < rows.size(); ++i) rows[i] = i * tensor.width + k;
    values = values.take(rows);
  }
  auto& column = values.columns[0];
  if (spec == nullptr || column.type != Type::string) return std::move(column);
  if (spec->type == ColumnType::binary) column.type = Type::binary;
  if (spec->type != ColumnType::datetime) return std::move(column);
  ColumnBuilder builder(*spec);
  for (size_t i = 0; i < tensor.n_rows; ++i) TRY(builder.add(column.strings()[i]));
  return builder.finish();
}

Result<Column> column_of(const Tensor& tensor, size_t k, const ColumnSpec* spec) {
  if (tensor.bytes) return from_bytes(tensor, k, spec);
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

Result<InferenceRequest> read_object(dom::object root, std::string_view binary,
                                     const Signature& signature) {
  InferenceRequest request;
  std::string_view id;
  if (!root["id"].get(id)) request.id = id;
  dom::array inputs;
  if (root["inputs"].get(inputs)) return refused("the request has no list 'inputs'");
  std::vector<Tensor> tensors;
  for (const auto input : inputs) {
    auto tensor = TRY(read_tensor(input, binary));
    tensors.push_back(std::move(tensor));
  }
  if (tensors.empty() || tensors.front().n_rows == 0) return refused("the request has no rows");
  if (!binary.empty()) {
    return refused("{} bytes behind the JSON belong to no input's 'binary_data_size'",
                   binary.size());
  }
  bool all_binary = false;
  if (!root["parameters"]["binary_data_output"].get(all_binary)) request.binary = all_binary;
  dom::array outputs;
  if (!root["outputs"].get(outputs)) {
    for (const auto output : outputs) {
      std::string_view name;
      if (output["name"].get(name)) return refused("each of 'outputs' needs a 'name'");
      bool is_binary = request.binary;
      if (output["parameters"]["binary_data"].get(is_binary)) is_binary = request.binary;
      request.outputs.push_back({std::string(name), is_binary});
    }
  }
  request.rows = TRY(rows_of(tensors, signature));
  if (!signature.params.empty()) {
    const auto params = TRY(params_of(root));
    request.params = TRY(models::enforce_params(signature, params));
  }
  return request;
}

}  // namespace

Result<InferenceRequest> read_inference_request(std::string_view body, size_t n_json,
                                                const Signature& signature) {
  if (n_json > body.size()) {
    return refused("Inference-Header-Content-Length is {} where the body has {} bytes", n_json,
                   body.size());
  }
  dom::parser parser;
  const simdjson::padded_string padded(body.substr(0, n_json));
  dom::object root;
  const auto parsed = parser.parse(padded);
  if (parsed.error()) {
    return refused("the body is not valid JSON ({})", simdjson::error_message(parsed.error()));
  }
  if (parsed.get(root)) return refused("the body is not an object");
  try {
    return read_object(root, body.substr(n_json), signature);
  } catch (const simdjson::simdjson_error& error) {
    return refused("the body is not valid JSON ({})", error.what());
  }
}

}  // namespace slipway::serve
