// enforce() of models/signature.h.
#include <algorithm>
#include <cmath>
#include <limits>

#include "base/text.h"
#include "models/signature.h"

namespace slipway::models {
namespace {

using data::Column;
using data::Type;

// numpy's name of a type, which is what MLflow's messages say.
std::string_view numpy_name(Type type) {
  switch (type) {
    case Type::boolean: return "bool";
    case Type::int64: return "int64";
    case Type::float32: return "float32";
    case Type::float64: return "float64";
    case Type::string: return "str";
    case Type::binary: return "bytes";
    case Type::timestamp: return "datetime64[ns]";
  }
  return "object";
}

std::string_view numpy_name(ColumnType type) {
  constexpr std::string_view kNames[] = {"bool",    "int32", "int64", "float32",
                                         "float64", "str",   "bytes", "datetime64[ns]"};
  return kNames[static_cast<int>(type)];
}

Error incompatible(const Column& column, const ColumnSpec& spec, std::string_view why = "") {
  return fail(Code::invalid_parameter_value,
              "Incompatible input types for column {}. Can not safely convert {} to {}.{}{}",
              spec.name, numpy_name(column.type), numpy_name(spec.type), why.empty() ? "" : " ",
              why);
}

Result<Column> to_floats(const Column& column, const ColumnSpec& spec) {
  const bool is_double = spec.type == ColumnType::double_;
  constexpr int64_t kExact = int64_t{1} << 53;  // beyond, doubles skip whole numbers
  if (column.type == Type::int64) {
    for (size_t i = 0; i < column.size(); ++i) {
      const int64_t value = column.int64s()[i];
      if (value < -kExact || value > kExact) {
        return incompatible(column, spec, fmt::format("Row {} has {}.", i, value));
      }
    }
  }
  std::vector<double> doubles(is_double ? column.size() : 0);
  std::vector<float> floats(is_double ? 0 : column.size());
  for (size_t i = 0; i < column.size(); ++i) {
    const double value = column.number_at(i);
    is_double ? doubles[i] = value : floats[i] = static_cast<float>(value);
  }
  Column out{spec.name, is_double ? Type::float64 : Type::float32, {}, column.valid};
  if (is_double) {
    out.values = std::move(doubles);
  } else {
    out.values = std::move(floats);
  }
  return out;
}

// Whole numbers cannot be missing: pandas turns such columns into floats, and MLflow refuses those.
Result<Column> to_integers(const Column& column, const ColumnSpec& spec) {
  const bool is_int32 = spec.type == ColumnType::integer;
  const double low = is_int32 ? -0x1p31 : -0x1p63;
  std::vector<int64_t> values(column.size());
  for (size_t i = 0; i < values.size(); ++i) {
    const double value = column.number_at(i);
    if (!column.is_valid(i) || std::isnan(value)) {
      return incompatible(column, spec,
                          fmt::format("Row {} has no value. Columns of whole numbers cannot have "
                                      "missing values; declare the column as double.",
                                      i));
    }
    if (value != std::floor(value) || value < low || value >= -low) {
      return incompatible(column, spec, fmt::format("Row {} has {}.", i, value));
    }
    values[i] = column.type == Type::int64 ? column.int64s()[i] : static_cast<int64_t>(value);
  }
  return Column{spec.name, Type::int64, std::move(values), {}};
}

// A column without a single value may have been read as any type.
Column all_missing(const ColumnSpec& spec, size_t n) {
  Column out{spec.name, Type::float64, {}, std::vector<uint8_t>(n, 0)};
  switch (spec.type) {
    case ColumnType::float_:
      out.type = Type::float32;
      out.values = std::vector<float>(n, std::numeric_limits<float>::quiet_NaN());
      break;
    case ColumnType::double_:
      out.values = std::vector<double>(n, std::numeric_limits<double>::quiet_NaN());
      break;
    case ColumnType::boolean:
      out.type = Type::boolean;
      out.values = std::vector<uint8_t>(n, 0);
      break;
    case ColumnType::integer:
    case ColumnType::long_:
    case ColumnType::datetime:
      out.type = spec.type == ColumnType::datetime ? Type::timestamp : Type::int64;
      out.values = std::vector<int64_t>(n, 0);
      break;
    case ColumnType::string:
    case ColumnType::binary: {
      data::Strings texts;
      for (size_t i = 0; i < n; ++i) texts.push_back("");
      out.type = spec.type == ColumnType::string ? Type::string : Type::binary;
      out.values = std::move(texts);
      break;
    }
  }
  return out;
}

Result<Column> converted(const Column& column, const ColumnSpec& spec) {
  if (!column.shape.empty()) {
    return incompatible(column, spec, "Its values are lists where single values are taken.");
  }
  const bool is_integer = spec.type == ColumnType::long_ || spec.type == ColumnType::integer;
  const bool is_number =
      column.type == Type::int64 || column.type == Type::float32 || column.type == Type::float64;
  if (is_integer && is_number) return to_integers(column, spec);
  if (column.size() > 0 && column.n_missing() == column.size() && !is_integer) {
    return all_missing(spec, column.size());
  }
  if (column_type(column.type) == spec.type) {
    Column copy = column;
    copy.name = spec.name;
    return copy;
  }
  const bool is_float = spec.type == ColumnType::double_ || spec.type == ColumnType::float_;
  if (is_float && is_number) return to_floats(column, spec);
  return incompatible(column, spec);
}

// "['a', 'b']", as Python writes a list.
std::string python_list(const std::vector<std::string>& names) {
  return names.empty() ? "[]" : "['" + join(names, "', '") + "']";
}

Result<void> require_names(const Signature& signature, const data::Batch& rows) {
  std::vector<std::string> missing;
  std::vector<std::string> extra;
  for (const auto& spec : signature.inputs) {
    if (spec.required && rows.find(spec.name) == nullptr) missing.push_back(spec.name);
  }
  if (missing.empty()) return {};
  for (const auto& column : rows.columns) {
    if (std::ranges::find(signature.inputs, column.name, &ColumnSpec::name) ==
        signature.inputs.end()) {
      extra.push_back(column.name);
    }
  }
  return fail(
      Code::invalid_parameter_value, "Model is missing inputs {}.{}", python_list(missing),
      extra.empty() ? "" : " Note that there were extra inputs: " + python_list(extra) + ".");
}

}  // namespace

Result<data::Batch> enforce(const Signature& signature, const data::Batch& rows) {
  data::Batch out;
  out.n_rows = rows.n_rows;
  const bool named = std::ranges::none_of(signature.inputs, &std::string::empty, &ColumnSpec::name);
  if (named) {
    TRY(require_names(signature, rows));
  } else if (rows.columns.size() < signature.inputs.size()) {
    return fail(Code::invalid_parameter_value,
                "Model inference is missing inputs. The model signature declares {} inputs but the "
                "provided value only has {} inputs. Note: the inputs were not named in the "
                "signature so we can only verify their count.",
                signature.inputs.size(), rows.columns.size());
  }
  for (size_t i = 0; i < signature.inputs.size(); ++i) {
    const auto& spec = signature.inputs[i];
    const Column* column = named ? rows.find(spec.name) : &rows.columns[i];
    if (column == nullptr) continue;  // optional
    auto ready = TRY(converted(*column, spec));
    out.columns.push_back(std::move(ready));
  }
  return out;
}

}  // namespace slipway::models
