// What answers and descriptions say of tensors: the other half of serve/tensors.h.
#include <algorithm>
#include <cmath>
#include <span>

#include "base/text.h"
#include "serve/datatype.h"
#include "serve/tensors.h"

namespace slipway::serve {
namespace {

using data::Column;
using data::Type;
using models::ColumnSpec;
using models::ColumnType;

constexpr std::string_view kUnnamedOutput = "output-1";

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

/// Write columns of one type as one tensor, as JSON or with its values among the bytes.
void append_tensor(Tensors& out, std::string_view name, std::span<const Column> columns,
                   size_t n_rows, bool is_binary) {
  auto& text = out.text;
  const auto& first = columns.front();
  text += "{\"name\": ";
  append_quoted(text, name);
  text += fmt::format(", \"shape\": [{}", n_rows);
  for (const size_t size : first.shape) text += fmt::format(", {}", size);
  if (columns.size() > 1) text += fmt::format(", {}", columns.size());
  text += fmt::format("], \"datatype\": \"{}\", ", datatype_of(first.type));
  const size_t n_values = n_rows * first.width();  // of each column; of tensors there is one
  const size_t begin = out.bytes.size();
  if (is_binary) {
    for (size_t i = 0; i < n_values; ++i) {
      for (const auto& column : columns) append_value_bytes(out.bytes, column, i);
    }
    text += fmt::format("\"parameters\": {{\"binary_data_size\": {}}}}}", out.bytes.size() - begin);
    return;
  }
  if (first.type == Type::binary) text += "\"parameters\": {\"content_type\": \"base64\"}, ";
  text += "\"data\": [";
  for (size_t i = 0; i < n_values; ++i) {
    for (const auto& column : columns) {
      if (text.back() != '[') text += ", ";
      append_cell(text, column, i);
    }
  }
  text += "]}";
}

}  // namespace

Result<Tensors> write_tensors(const data::Batch& scores, const InferenceRequest& request) {
  Tensors out{"[", ""};
  const auto& asked = request.outputs;
  const auto append = [&](std::string_view name, std::span<const Column> columns) {
    const auto wanted = std::ranges::find(asked, name, &AskedOutput::name);
    if (!asked.empty() && wanted == asked.end()) return;
    if (out.text.size() > 1) out.text += ", ";
    append_tensor(out, name, columns, scores.n_rows,
                  asked.empty() ? request.binary : wanted->is_binary);
  };
  const auto& columns = scores.columns;
  const bool named = std::ranges::none_of(columns, &std::string::empty, &Column::name);
  for (const auto& output : asked) {
    if (named ? scores.find(output.name) != nullptr : output.name == kUnnamedOutput) continue;
    return fail(Code::invalid_parameter_value, "the model gives no output '{}'", output.name);
  }
  if (named) {
    for (const auto& column : columns) append(column.name, {&column, 1});
  } else {
    const auto same = [&](const Column& column) { return column.type == columns.front().type; };
    check(std::ranges::all_of(columns, same), "outputs without names are of one type");
    append(kUnnamedOutput, columns);
  }
  out.text += "]";
  return out;
}

Json tensor_specs(const std::vector<ColumnSpec>& columns, std::string_view unnamed) {
  JsonArray out;
  const auto add = [&](std::string_view name, std::string_view datatype, JsonArray shape) {
    out.push_back(JsonObject{{"name", name}, {"datatype", datatype}, {"shape", std::move(shape)}});
  };
  const auto add_tensor = [&](std::string_view name, const models::TensorSpec& tensor) {
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

Json input_specs(const models::Signature& signature) {
  if (!signature.tensor) return tensor_specs(signature.inputs, "input-0");
  return tensor_specs({{"", ColumnType::double_, true, signature.tensor}}, "input-0");
}

}  // namespace slipway::serve
