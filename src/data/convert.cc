#include "data/convert.h"

#include <arrow/api.h>
#include <arrow/compute/cast.h>

#include <limits>

#include "data/arrow_status.h"

namespace slipway::data {
namespace {

// The one Arrow type per type of ours from which values are copied out.
std::shared_ptr<arrow::DataType> plain_type(Type type) {
  if (type == Type::string) return arrow::large_utf8();
  if (type == Type::binary) return arrow::large_binary();
  if (type == Type::timestamp) return arrow::timestamp(arrow::TimeUnit::MICRO);
  return arrow_type(type);
}

Result<std::shared_ptr<arrow::ChunkedArray>> cast(const std::string& name,
                                                  const std::shared_ptr<arrow::ChunkedArray>& from,
                                                  const std::shared_ptr<arrow::DataType>& to) {
  if (from->type()->Equals(*to)) return from;
  arrow::compute::CastOptions options(/*safe=*/true);
  options.allow_time_truncate = true;  // nanoseconds
  options.allow_decimal_truncate = true;
  options.allow_invalid_utf8 = false;
  const auto what = fmt::format("column '{}' ({})", name, from->type()->ToString());
  const auto cast = TRY(taken_from(arrow::compute::Cast(arrow::Datum(from), to, options), what));
  return cast.chunked_array();
}

template <typename Array, typename Value>
void copy_numbers(const arrow::ChunkedArray& chunks, Value missing, std::vector<Value>& out) {
  out.reserve(static_cast<size_t>(chunks.length()));
  for (const auto& chunk : chunks.chunks()) {
    const auto& array = static_cast<const Array&>(*chunk);
    if (array.null_count() == 0) {
      out.insert(out.end(), array.raw_values(), array.raw_values() + array.length());
      continue;
    }
    for (int64_t i = 0; i < array.length(); ++i) {
      out.push_back(array.IsValid(i) ? array.Value(i) : missing);
    }
  }
}

std::vector<uint8_t> copied_booleans(const arrow::ChunkedArray& chunks) {
  std::vector<uint8_t> out;
  out.reserve(static_cast<size_t>(chunks.length()));
  for (const auto& chunk : chunks.chunks()) {
    const auto& array = static_cast<const arrow::BooleanArray&>(*chunk);
    for (int64_t i = 0; i < array.length(); ++i) out.push_back(array.IsValid(i) && array.Value(i));
  }
  return out;
}

Strings copied_strings(const arrow::ChunkedArray& chunks) {
  Strings out;
  out.reserve(static_cast<size_t>(chunks.length()));
  for (const auto& chunk : chunks.chunks()) {
    const auto& array = static_cast<const arrow::LargeBinaryArray&>(*chunk);
    for (int64_t i = 0; i < array.length(); ++i) {
      out.push_back(array.IsValid(i) ? array.GetView(i) : std::string_view());
    }
  }
  return out;
}

std::vector<uint8_t> copied_validity(const arrow::ChunkedArray& chunks) {
  std::vector<uint8_t> out;
  if (chunks.null_count() == 0) return out;
  out.reserve(static_cast<size_t>(chunks.length()));
  for (const auto& chunk : chunks.chunks()) {
    for (int64_t i = 0; i < chunk->length(); ++i) out.push_back(chunk->IsValid(i));
  }
  return out;
}

template <typename Builder>
arrow::Result<std::shared_ptr<arrow::Array>> strings_to_arrow(Builder& builder,
                                                              const Column& column) {
  const auto& strings = column.strings();
  ARROW_RETURN_NOT_OK(builder.Reserve(static_cast<int64_t>(strings.size())));
  for (size_t i = 0; i < strings.size(); ++i) {
    ARROW_RETURN_NOT_OK(column.is_valid(i) ? builder.Append(strings[i]) : builder.AppendNull());
  }
  return builder.Finish();
}

template <typename Builder, typename Value>
arrow::Result<std::shared_ptr<arrow::Array>> numbers_to_arrow(Builder&& builder,
                                                              const std::vector<Value>& values,
                                                              const std::vector<uint8_t>& valid) {
  ARROW_RETURN_NOT_OK(builder.AppendValues(values.data(), static_cast<int64_t>(values.size()),
                                           valid.empty() ? nullptr : valid.data()));
  return builder.Finish();
}

arrow::Result<std::shared_ptr<arrow::Array>> array_from(const Column& column) {
  auto* pool = arrow::default_memory_pool();
  switch (column.type) {
    case Type::boolean:
      return numbers_to_arrow(arrow::BooleanBuilder(), column.booleans(), column.valid);
    case Type::int64: return numbers_to_arrow(arrow::Int64Builder(), column.int64s(), column.valid);
    case Type::float32:
      return numbers_to_arrow(arrow::FloatBuilder(), column.float32s(), column.valid);
    case Type::float64:
      return numbers_to_arrow(arrow::DoubleBuilder(), column.float64s(), column.valid);
    case Type::timestamp:
      return numbers_to_arrow(arrow::TimestampBuilder(arrow_type(Type::timestamp), pool),
                              column.int64s(), column.valid);
    case Type::string: {
      // 32-bit offsets hold 2 GiB; a column that may not fit takes the large type
      size_t n_bytes = 0;
      for (size_t i = 0; i < column.size(); ++i) n_bytes += column.strings()[i].size();
      if (n_bytes < static_cast<size_t>(std::numeric_limits<int32_t>::max())) {
        arrow::StringBuilder builder;
        return strings_to_arrow(builder, column);
      }
      arrow::LargeStringBuilder builder;
      return strings_to_arrow(builder, column);
    }
    case Type::binary: break;
  }
  arrow::LargeBinaryBuilder builder;
  return strings_to_arrow(builder, column);
}

}  // namespace

std::optional<Type> our_type(const arrow::DataType& type) {
  switch (type.id()) {
    case arrow::Type::BOOL: return Type::boolean;
    case arrow::Type::INT8:
    case arrow::Type::INT16:
    case arrow::Type::INT32:
    case arrow::Type::INT64:
    case arrow::Type::UINT8:
    case arrow::Type::UINT16:
    case arrow::Type::UINT32:
    case arrow::Type::UINT64: return Type::int64;
    case arrow::Type::HALF_FLOAT:
    case arrow::Type::FLOAT: return Type::float32;
    case arrow::Type::NA:
    case arrow::Type::DOUBLE:
    case arrow::Type::DECIMAL32:
    case arrow::Type::DECIMAL64:
    case arrow::Type::DECIMAL128:
    case arrow::Type::DECIMAL256: return Type::float64;
    case arrow::Type::DATE32:
    case arrow::Type::DATE64:
    case arrow::Type::TIMESTAMP: return Type::timestamp;
    case arrow::Type::STRING:
    case arrow::Type::LARGE_STRING:
    case arrow::Type::STRING_VIEW: return Type::string;
    case arrow::Type::BINARY:
    case arrow::Type::LARGE_BINARY:
    case arrow::Type::BINARY_VIEW:
    case arrow::Type::FIXED_SIZE_BINARY: return Type::binary;
    case arrow::Type::DICTIONARY:
      return our_type(*static_cast<const arrow::DictionaryType&>(type).value_type());
    default: return std::nullopt;
  }
}

std::shared_ptr<arrow::DataType> arrow_type(Type type) {
  switch (type) {
    case Type::boolean: return arrow::boolean();
    case Type::int64: return arrow::int64();
    case Type::float32: return arrow::float32();
    case Type::float64: return arrow::float64();
    case Type::string: return arrow::utf8();
    case Type::binary: return arrow::binary();
    case Type::timestamp: break;
  }
  return arrow::timestamp(arrow::TimeUnit::MICRO, "UTC");
}

Result<Column> column_from_arrow(const std::string& name,
                                 const std::shared_ptr<arrow::ChunkedArray>& values) {
  const auto type = our_type(*values->type());
  if (!type) {
    return fail(Code::invalid_parameter_value,
                "column '{}' is {}, which cannot be read here; accepted: boolean, integers, "
                "floats, decimals, strings, binary, dates, timestamps, and dictionaries of these",
                name, values->type()->ToString());
  }
  auto plain = values;
  if (plain->type()->id() == arrow::Type::DICTIONARY) {
    const auto& dictionary = static_cast<const arrow::DictionaryType&>(*plain->type());
    plain = TRY(cast(name, plain, dictionary.value_type()));
  }
  plain = TRY(cast(name, plain, plain_type(*type)));

  Column out{name, *type, {}, copied_validity(*plain)};
  switch (*type) {
    case Type::boolean: out.values = copied_booleans(*plain); break;
    case Type::int64:
      copy_numbers<arrow::Int64Array>(*plain, int64_t{0},
                                      out.values.emplace<std::vector<int64_t>>());
      break;
    case Type::timestamp:
      copy_numbers<arrow::TimestampArray>(*plain, int64_t{0},
                                          out.values.emplace<std::vector<int64_t>>());
      break;
    case Type::float32:
      copy_numbers<arrow::FloatArray>(*plain, std::numeric_limits<float>::quiet_NaN(),
                                      out.values.emplace<std::vector<float>>());
      break;
    case Type::float64:
      copy_numbers<arrow::DoubleArray>(*plain, std::numeric_limits<double>::quiet_NaN(),
                                       out.values.emplace<std::vector<double>>());
      break;
    case Type::string:
    case Type::binary: out.values = copied_strings(*plain); break;
  }
  return out;
}

Result<std::shared_ptr<arrow::ChunkedArray>> column_to_arrow(const Column& column) {
  auto array = TRY(taken_from(array_from(column), fmt::format("column '{}'", column.name)));
  return std::make_shared<arrow::ChunkedArray>(std::move(array));
}

}  // namespace slipway::data
