#include "models/onnx/feed.h"

#include <algorithm>
#include <cmath>

namespace slipway::models::onnx {
namespace {

// Writes a column's values at `out`, a row every `step` values.
template <typename T>
Result<void> copy_numbers(const data::Column& column, T* out, size_t step) {
  if (!column.is_numeric() || column.type == data::Type::timestamp) {
    return fail(Code::invalid_parameter_value, "column '{}' is {}; the model takes numbers",
                column.name, data::type_name(column.type));
  }
  const size_t width = column.width();
  const size_t n_rows = column.size();
  for (size_t row = 0; row < n_rows; ++row) {
    if (!column.is_valid(row)) {
      if constexpr (std::is_floating_point_v<T>) {
        std::fill_n(out + row * step, width, std::numeric_limits<T>::quiet_NaN());
        continue;
      }
      return fail(Code::invalid_parameter_value,
                  "column '{}', row {}: the value is missing, and the model takes whole numbers",
                  column.name, row);
    }
  }
  std::visit(
      [&](const auto& values) {
        if constexpr (!std::is_same_v<std::decay_t<decltype(values)>, data::Strings>) {
          for (size_t row = 0; row < n_rows; ++row) {
            if (!column.is_valid(row)) continue;
            for (size_t k = 0; k < width; ++k) {
              out[row * step + k] = cast<T>(values[row * width + k]);
            }
          }
        }
      },
      column.values);
  return {};
}

Result<void> copy_texts(const data::Column& column, std::string* out, size_t step) {
  if (column.type != data::Type::string) {
    return fail(Code::invalid_parameter_value, "column '{}' is {}; the model takes texts",
                column.name, data::type_name(column.type));
  }
  const size_t width = column.width();
  for (size_t row = 0; row < column.size(); ++row) {
    for (size_t k = 0; k < width; ++k) {
      out[row * step + k] = column.is_valid(row) ? column.strings()[row * width + k] : "";
    }
  }
  return {};
}

template <typename T>
Result<Tensor::Values> side_by_side(const std::vector<const data::Column*>& columns, size_t n_rows,
                                    size_t width) {
  std::vector<T> out(n_rows * width);
  size_t at = 0;
  for (const auto* column : columns) {
    if constexpr (std::is_same_v<T, std::string>) {
      TRY(copy_texts(*column, out.data() + at, width));
    } else {
      TRY(copy_numbers<T>(*column, out.data() + at, width));
    }
    at += column->width();
  }
  return Tensor::Values(std::move(out));
}

Result<Tensor::Values> values_of(Element element, const std::vector<const data::Column*>& columns,
                                 size_t n_rows, size_t width) {
  switch (element) {
    case Element::float32: return side_by_side<float>(columns, n_rows, width);
    case Element::float64: return side_by_side<double>(columns, n_rows, width);
    case Element::int64: return side_by_side<int64_t>(columns, n_rows, width);
    case Element::int32: return side_by_side<int32_t>(columns, n_rows, width);
    case Element::boolean: return side_by_side<uint8_t>(columns, n_rows, width);
    case Element::string: return side_by_side<std::string>(columns, n_rows, width);
    default: break;
  }
  return fail(Code::not_implemented, "inputs of {} are not fed", element_name(element));
}

Result<Tensor> tensor_for(const Port& port, const std::vector<const data::Column*>& columns,
                          size_t n_rows) {
  Shape shape{static_cast<int64_t>(n_rows)};
  size_t width = 0;
  for (const auto* column : columns) width += column->width();
  const bool one_tensor = columns.size() == 1 && !columns[0]->shape.empty();
  if (one_tensor) {
    for (const size_t size : columns[0]->shape) shape.push_back(static_cast<int64_t>(size));
  } else if (width != 1 || !port.shape || port.shape->size() != 1) {
    shape.push_back(static_cast<int64_t>(width));
  }
  const auto& wanted = port.shape;
  if (wanted && wanted->size() == 2 && (*wanted)[1] >= 0 && shape.size() == 2 &&
      (*wanted)[1] != shape[1]) {
    return fail(Code::invalid_parameter_value, "the model takes {} columns, the rows have {}",
                (*wanted)[1], shape[1]);
  }
  TRY(count(shape));
  auto values = TRY(values_of(port.element, columns, n_rows, width));
  return Tensor{std::move(shape), std::move(values)};
}

data::Column column_of(const Tensor& tensor) {
  data::Column out;
  switch (tensor.element()) {
    case Element::float32:
      out.type = data::Type::float32;
      out.values = *tensor.as<float>();
      break;
    case Element::float64: out.values = *tensor.as<double>(); break;
    case Element::boolean:
      out.type = data::Type::boolean;
      out.values = *tensor.as<uint8_t>();
      break;
    case Element::string: {
      data::Strings texts;
      for (const auto& text : *tensor.as<std::string>()) texts.push_back(text);
      out.type = data::Type::string;
      out.values = std::move(texts);
      break;
    }
    default: out.type = data::Type::int64; out.values = numbers<int64_t>(tensor);
  }
  return out;
}

}  // namespace

Result<std::vector<Tensor>> feed(const std::vector<Port>& inputs, const data::Batch& rows) {
  std::vector<Tensor> out;
  if (inputs.size() == 1) {
    std::vector<const data::Column*> all;
    for (const auto& column : rows.columns) all.push_back(&column);
    auto tensor = TRY(tensor_for(inputs[0], all, rows.n_rows));
    out.push_back(std::move(tensor));
    return out;
  }
  for (const auto& port : inputs) {
    const auto* column = TRY(rows.column(port.name));
    auto tensor = TRY(tensor_for(port, {column}, rows.n_rows));
    out.push_back(std::move(tensor));
  }
  return out;
}

Result<data::Batch> columns_of(const std::vector<Port>& outputs, std::vector<Tensor> tensors,
                               size_t n_rows) {
  data::Batch out;
  out.n_rows = n_rows;
  for (size_t k = 0; k < outputs.size(); ++k) {
    const auto& shape = tensors[k].shape;
    if (shape.empty() || shape[0] != static_cast<int64_t>(n_rows)) {
      return fail(Code::internal_error, "output '{}' has the shape {} for {} rows", outputs[k].name,
                  shape_text(shape), n_rows);
    }
    auto column = column_of(tensors[k]);
    column.name = outputs[k].name;
    size_t width = 1;
    for (size_t d = 1; d < shape.size(); ++d) {
      column.shape.push_back(static_cast<size_t>(shape[d]));
      width *= static_cast<size_t>(shape[d]);
    }
    if (width == 0) return fail(Code::internal_error, "output '{}' is empty", outputs[k].name);
    if (width == 1) column.shape.clear();
    const auto& keys = outputs[k].keys;
    if (!keys.empty() && keys.size() != width) {
      return fail(Code::internal_error, "output '{}' has {} values for {} keys", outputs[k].name,
                  width, keys.size());
    }
    if (!keys.empty()) column.shape = {width};
    column.keys = keys;
    out.columns.push_back(std::move(column));
  }
  return out;
}

}  // namespace slipway::models::onnx
