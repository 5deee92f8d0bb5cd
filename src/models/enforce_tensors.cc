// enforce_tensors() of models/signature.h.
#include <algorithm>
#include <cmath>
#include <limits>

#include "base/text.h"
#include "models/signature.h"

namespace slipway::models {
namespace {

using data::Column;
using data::Type;

// "(-1, 28, 28)", as Python writes a tuple.
std::string tuple_text(const std::vector<int64_t>& sizes) {
  std::vector<std::string> texts;
  for (const int64_t size : sizes) texts.push_back(std::to_string(size));
  return texts.size() == 1 ? "(" + texts[0] + ",)" : "(" + join(texts, ", ") + ")";
}

std::vector<int64_t> shape_of(const Column& column) {
  std::vector<int64_t> shape{static_cast<int64_t>(column.size())};
  shape.insert(shape.end(), column.shape.begin(), column.shape.end());
  return shape;
}

bool fits(const std::vector<int64_t>& shape, const TensorSpec& spec) {
  if (spec.shape.empty()) return true;
  return std::ranges::equal(shape, spec.shape,
                            [](int64_t is, int64_t may) { return may == -1 || may == is; });
}

// The spec's shape behind the rows, where rows of `width` values can have it; else nothing.
std::optional<std::vector<size_t>> reshaped(size_t width, const TensorSpec& spec) {
  std::vector<size_t> shape;
  size_t known = 1;
  size_t* open = nullptr;
  for (size_t i = 1; i < spec.shape.size(); ++i) {
    shape.push_back(spec.shape[i] < 0 ? 0 : static_cast<size_t>(spec.shape[i]));
    if (shape.back() > 0) known *= shape.back();
  }
  for (size_t& size : shape) {
    if (size > 0) continue;
    if (open != nullptr) return std::nullopt;
    open = &size;
  }
  if (open != nullptr && known > 0 && width % known == 0 && width > 0) *open = width / known;
  size_t n_values = 1;
  for (const size_t size : shape) n_values *= size;
  return n_values == width ? std::optional(shape) : std::nullopt;
}

Error misfit(std::string_view name, size_t at, double value, const TensorSpec& spec) {
  return fail(Code::invalid_parameter_value, "input '{}', value {}: {} is no {}", name, at, value,
              spec.dtype);
}

double number(const Column::Values& values, size_t i) {
  return std::visit(
      [i](const auto& list) -> double {
        if constexpr (std::is_same_v<std::decay_t<decltype(list)>, data::Strings>) {
          return std::numeric_limits<double>::quiet_NaN();
        } else {
          return static_cast<double>(list[i]);
        }
      },
      values);
}

struct Range {
  std::string_view dtype;
  double low;
  double high;
};
constexpr Range kRanges[] = {{"int8", -0x1p7, 0x1p7 - 1},    {"int16", -0x1p15, 0x1p15 - 1},
                             {"int32", -0x1p31, 0x1p31 - 1}, {"uint8", 0, 0x1p8 - 1},
                             {"uint16", 0, 0x1p16 - 1},      {"uint32", 0, 0x1p32 - 1},
                             {"uint64", 0, 0x1p63},          {"int64", -0x1p63, 0x1p63}};

Result<Column::Values> integers(const Column& column, const TensorSpec& spec) {
  const auto* range = std::ranges::find(kRanges, std::string_view(spec.dtype), &Range::dtype);
  check(range != std::end(kRanges), "a whole number's dtype has a range");
  const auto* same = std::get_if<std::vector<int64_t>>(&column.values);
  std::vector<int64_t> out(column.n_values());
  for (size_t i = 0; i < out.size(); ++i) {
    const double value = number(column.values, i);
    if (value != std::floor(value) || value < range->low || value > range->high ||
        (!same && value >= 0x1p63)) {
      return misfit(column.name, i, value, spec);
    }
    out[i] = same ? (*same)[i] : static_cast<int64_t>(value);
  }
  return Column::Values(std::move(out));
}

template <typename T>
Column::Values numbers(const Column& column) {
  std::vector<T> out(column.n_values());
  for (size_t i = 0; i < out.size(); ++i) out[i] = static_cast<T>(number(column.values, i));
  return out;
}

Result<Column> cast(Column column, const TensorSpec& spec) {
  const Type type = spec.type();
  const bool is_text = type == Type::string || type == Type::binary;
  const bool has_text = std::holds_alternative<data::Strings>(column.values);
  if (column.n_missing() > 0 && type != Type::float64 && type != Type::float32) {
    return fail(Code::invalid_parameter_value, "input '{}': a {} cannot be missing", column.name,
                spec.dtype);
  }
  if (is_text != has_text || (type == Type::boolean && column.type != Type::boolean)) {
    return fail(Code::invalid_parameter_value, "dtype of input {} does not match expected dtype {}",
                type_name(column.type), spec.dtype);
  }
  if (!is_text && column.type != type) {
    switch (type) {
      case Type::int64: column.values = TRY(integers(column, spec)); break;
      case Type::float32: column.values = numbers<float>(column); break;
      case Type::float64: column.values = numbers<double>(column); break;
      default: break;
    }
  } else if (type == Type::int64) {
    TRY(integers(column, spec));
  }
  column.type = type;
  column.valid.clear();  // a missing number is NaN
  return column;
}

Result<Column> enforced(Column column, const TensorSpec& spec) {
  if (!fits(shape_of(column), spec)) {
    const auto shape = reshaped(column.width(), spec);
    const bool rows_fit = spec.shape.empty() || spec.shape[0] == -1 ||
                          spec.shape[0] == static_cast<int64_t>(column.size());
    if (!shape || !rows_fit) {
      return fail(Code::invalid_parameter_value,
                  "Shape of input {} does not match expected shape {}.",
                  tuple_text(shape_of(column)), tuple_text(spec.shape));
    }
    column.shape = *shape;
  }
  return cast(std::move(column), spec);
}

// Single values beside each other, as rows of one tensor.
Result<Column> stacked(const data::Batch& rows) {
  Column out{"",
             Type::float64,
             std::vector<double>(rows.n_rows * rows.columns.size()),
             {},
             {rows.columns.size()}};
  auto& values = std::get<std::vector<double>>(out.values);
  for (size_t k = 0; k < rows.columns.size(); ++k) {
    const auto& column = rows.columns[k];
    if (!column.is_numeric() || !column.shape.empty()) {
      return fail(Code::invalid_parameter_value,
                  "column '{}' is no column of single numbers, which the model's tensor is made of",
                  column.name);
    }
    for (size_t i = 0; i < rows.n_rows; ++i) {
      values[i * rows.columns.size() + k] = column.number_at(i);
    }
  }
  return out;
}

}  // namespace

Result<data::Batch> enforce_tensors(const Signature& signature, const data::Batch& rows) {
  data::Batch out;
  out.n_rows = rows.n_rows;
  if (signature.tensor) {
    if (rows.columns.empty()) {
      return fail(Code::invalid_parameter_value, "Model is missing inputs: the request has none.");
    }
    Column all = rows.columns[0];
    if (rows.columns.size() > 1) all = TRY(stacked(rows));
    all.name.clear();
    auto column = TRY(enforced(std::move(all), *signature.tensor));
    out.columns.push_back(std::move(column));
    return out;
  }
  std::vector<std::string> missing;
  for (const auto& spec : signature.inputs) {
    const Column* column = rows.find(spec.name);
    if (column == nullptr) {
      if (spec.required) missing.push_back(spec.name);
      continue;
    }
    if (!spec.tensor) {
      out.columns.push_back(*column);
      continue;
    }
    auto ready = TRY(enforced(*column, *spec.tensor));
    out.columns.push_back(std::move(ready));
  }
  if (missing.empty()) return out;
  return fail(Code::invalid_parameter_value, "Model is missing inputs ['{}'].",
              join(missing, "', '"));
}

}  // namespace slipway::models
