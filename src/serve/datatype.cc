#include "serve/datatype.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

namespace slipway::serve {
namespace {

using data::Column;
using data::Type;
using models::ColumnType;

static_assert(std::endian::native == std::endian::little);

constexpr Datatype kDatatypes[] = {
    {"BOOL", Type::boolean, 1},
    {"INT8", Type::int64, 1, -0x1p7, 0x1p7 - 1},
    {"INT16", Type::int64, 2, -0x1p15, 0x1p15 - 1},
    {"INT32", Type::int64, 4, -0x1p31, 0x1p31 - 1},
    {"INT64", Type::int64, 8, -0x1p63, 0x1p63},
    {"UINT8", Type::int64, 1, 0, 0x1p8 - 1},
    {"UINT16", Type::int64, 2, 0, 0x1p16 - 1},
    {"UINT32", Type::int64, 4, 0, 0x1p32 - 1},
    {"UINT64", Type::int64, 8, 0, 0x1p63},
    {"FP16", Type::float32, 2},
    {"FP32", Type::float32, 4},
    {"FP64", Type::float64, 8},
    {"BYTES", Type::string, 0},
};

template <typename T>
T value_at(std::string_view bytes, size_t i) {
  T value;
  std::memcpy(&value, bytes.data() + i * sizeof(T), sizeof(T));
  return value;
}

/// A half by its sign, exponent of 5 bits and fraction of 10.
float half_to_float(uint16_t half) {
  const float sign = (half & 0x8000u) != 0 ? -1.0f : 1.0f;
  const int exponent = (half >> 10) & 0x1f;
  const auto fraction = static_cast<float>(half & 0x3ffu);
  if (exponent == 0) return sign * std::ldexp(fraction, -24);
  if (exponent < 31) return sign * std::ldexp(1024.0f + fraction, exponent - 25);
  return fraction == 0 ? sign * INFINITY : NAN;
}

template <typename Out, typename In>
std::vector<Out> values_as(std::string_view bytes, size_t n_values) {
  std::vector<Out> out(n_values);
  for (size_t i = 0; i < n_values; ++i) out[i] = static_cast<Out>(value_at<In>(bytes, i));
  return out;
}

std::vector<int64_t> integers(const Datatype& datatype, std::string_view bytes, size_t n) {
  const bool is_signed = datatype.low < 0;
  switch (datatype.n_bytes) {
    case 1:
      return is_signed ? values_as<int64_t, int8_t>(bytes, n)
                       : values_as<int64_t, uint8_t>(bytes, n);
    case 2:
      return is_signed ? values_as<int64_t, int16_t>(bytes, n)
                       : values_as<int64_t, uint16_t>(bytes, n);
    case 4:
      return is_signed ? values_as<int64_t, int32_t>(bytes, n)
                       : values_as<int64_t, uint32_t>(bytes, n);
    default: return values_as<int64_t, int64_t>(bytes, n);
  }
}

Error wrong_size(std::string_view tensor, const Datatype& datatype, std::string_view bytes,
                 size_t n_values) {
  return fail(Code::invalid_parameter_value, "input '{}' has {} bytes where its shape has {} of {}",
              tensor, bytes.size(), n_values, datatype.name);
}

Result<Column> texts_from_bytes(std::string_view tensor, const Datatype& datatype,
                                std::string_view bytes, size_t n_values) {
  if (n_values > bytes.size() / sizeof(uint32_t)) {
    return wrong_size(tensor, datatype, bytes, n_values);
  }
  data::Strings texts;
  texts.reserve(n_values);
  std::string_view rest = bytes;
  for (size_t i = 0; i < n_values; ++i) {
    if (rest.size() < sizeof(uint32_t)) return wrong_size(tensor, datatype, bytes, n_values);
    const auto length = value_at<uint32_t>(rest, 0);
    rest.remove_prefix(sizeof length);
    if (rest.size() < length) return wrong_size(tensor, datatype, bytes, n_values);
    texts.push_back(rest.substr(0, length));
    rest.remove_prefix(length);
  }
  if (!rest.empty()) return wrong_size(tensor, datatype, bytes, n_values);
  return Column{"", Type::string, std::move(texts), {}};
}

template <typename T>
void append_bytes(std::string& out, T value) {
  out.append(reinterpret_cast<const char*>(&value), sizeof value);
}

}  // namespace

std::span<const Datatype> datatypes() { return kDatatypes; }

const Datatype* datatype_named(std::string_view name) {
  const auto* found = std::ranges::find(kDatatypes, name, &Datatype::name);
  return found == std::end(kDatatypes) ? nullptr : found;
}

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

std::string_view datatype_of(const models::TensorSpec& tensor) {
  constexpr std::pair<std::string_view, std::string_view> kNames[] = {
      {"float16", "FP16"},  {"float32", "FP32"},  {"float64", "FP64"},  {"int8", "INT8"},
      {"int16", "INT16"},   {"int32", "INT32"},   {"int64", "INT64"},   {"uint8", "UINT8"},
      {"uint16", "UINT16"}, {"uint32", "UINT32"}, {"uint64", "UINT64"}, {"bool", "BOOL"}};
  for (const auto& [dtype, name] : kNames) {
    if (dtype == tensor.dtype) return name;
  }
  return "BYTES";
}

Result<Column> column_from_bytes(std::string_view tensor, const Datatype& datatype,
                                 std::string_view bytes, size_t n_values) {
  if (datatype.n_bytes == 0) return texts_from_bytes(tensor, datatype, bytes, n_values);
  if (bytes.size() != n_values * datatype.n_bytes) {
    return wrong_size(tensor, datatype, bytes, n_values);
  }
  Column column{"", datatype.type, {}, {}};
  switch (datatype.type) {
    case Type::boolean: {
      auto& truths = column.values.emplace<std::vector<uint8_t>>(n_values);
      for (size_t i = 0; i < n_values; ++i) truths[i] = bytes[i] != 0;
      break;
    }
    case Type::int64: column.values = integers(datatype, bytes, n_values); break;
    case Type::float32:
      if (datatype.n_bytes == sizeof(float)) {
        column.values = values_as<float, float>(bytes, n_values);
      } else {
        auto& floats = column.values.emplace<std::vector<float>>(n_values);
        for (size_t i = 0; i < n_values; ++i)
          floats[i] = half_to_float(value_at<uint16_t>(bytes, i));
      }
      break;
    default: column.values = values_as<double, double>(bytes, n_values); break;
  }
  return column;
}

void append_value_bytes(std::string& out, const Column& column, size_t i) {
  switch (column.type) {
    case Type::boolean: out += static_cast<char>(column.booleans()[i]); return;
    case Type::int64: append_bytes(out, column.int64s()[i]); return;
    case Type::float32: append_bytes(out, column.float32s()[i]); return;
    case Type::float64: append_bytes(out, column.float64s()[i]); return;
    case Type::timestamp:
    case Type::string:
    case Type::binary: break;
  }
  const std::string text = column.is_valid(i) ? column.text_at(i) : "";
  append_bytes(out, static_cast<uint32_t>(text.size()));
  out += text;
}

}  // namespace slipway::serve
