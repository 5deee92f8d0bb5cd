#include "objects/array.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

#include "base/text.h"
#include "objects/object.h"

namespace slipway::objects {
namespace {

static_assert(std::endian::native == std::endian::little);

constexpr size_t kMaxElements = size_t{1} << 40;
constexpr size_t kMaxItemBytes = 1u << 20;

template <typename T>
T load(const char* at) {
  T value;
  std::memcpy(&value, at, sizeof(T));
  return value;
}

double half(uint16_t bits) {
  const int exponent = bits >> 10 & 31;
  const double fraction = bits & 1023;
  const double sign = bits >> 15 ? -1 : 1;
  if (exponent == 31) {
    return fraction != 0 ? std::numeric_limits<double>::quiet_NaN()
                         : sign * std::numeric_limits<double>::infinity();
  }
  return exponent == 0 ? sign * std::ldexp(fraction, -24)
                       : sign * std::ldexp(1024 + fraction, exponent - 25);
}

// A number as what numpy's kind and size say; false where they say it is none.
bool number_at(char kind, size_t size, const char* at, double& out) {
  switch (kind) {
    case 'b': out = *at != 0; return size == 1;
    case 'f':
      if (size == 8) out = load<double>(at);
      if (size == 4) out = load<float>(at);
      if (size == 2) out = half(load<uint16_t>(at));
      return size == 8 || size == 4 || size == 2;
    case 'i':
      if (size == 8) out = static_cast<double>(load<int64_t>(at));
      if (size == 4) out = load<int32_t>(at);
      if (size == 2) out = load<int16_t>(at);
      if (size == 1) out = load<int8_t>(at);
      return true;
    case 'u':
      if (size == 8) out = static_cast<double>(load<uint64_t>(at));
      if (size == 4) out = load<uint32_t>(at);
      if (size == 2) out = load<uint16_t>(at);
      if (size == 1) out = load<uint8_t>(at);
      return true;
    default: return false;
  }
}

bool integer_at(char kind, size_t size, const char* at, int64_t& out) {
  double number = 0;
  if ((kind == 'i' || kind == 'u') && size == 8) {
    out = load<int64_t>(at);
    return kind == 'i' || out >= 0;
  }
  if (kind == 'f' || !number_at(kind, size, at, number)) return false;
  out = static_cast<int64_t>(number);
  return true;
}

Error not_numbers(const Array& array) {
  return fail(Code::invalid_parameter_value, "an array of numbers is wanted, this is of type {}{}",
              array.dtype.kind, array.dtype.size);
}

// Bytes that are swapped as a unit: an element, or each character of a U.
size_t unit(char kind, size_t size) {
  if (kind == 'U') return 4;
  return kind == 'c' ? size / 2 : kind == 'S' || kind == 'V' ? 1 : size;
}

void swap_units(char* at, size_t size, size_t width) {
  for (size_t i = 0; width > 1 && i + width <= size; i += width) {
    std::reverse(at + i, at + i + width);
  }
}

void to_our_order(DType& dtype, std::string& bytes) {
  if (dtype.big_endian) {
    swap_units(bytes.data(), bytes.size(), unit(dtype.kind, dtype.size));
    dtype.big_endian = false;
  }
  for (auto& field : dtype.fields) {
    if (!field.big_endian) continue;
    for (size_t at = 0; at + dtype.size <= bytes.size(); at += dtype.size) {
      swap_units(bytes.data() + at + field.offset, field.size, unit(field.kind, field.size));
    }
    field.big_endian = false;
  }
}

// Calls move(to, from) for each element of a Fortran array, `to` its place in C order.
template <typename Move>
void each_transposed(const std::vector<size_t>& shape, size_t count, Move move) {
  std::vector<size_t> index(shape.size(), 0);
  std::vector<size_t> strides(shape.size(), 1);
  for (size_t d = 1; d < shape.size(); ++d) strides[d] = strides[d - 1] * shape[d - 1];
  size_t from = 0;
  for (size_t to = 0; to < count; ++to) {
    move(to, from);
    for (size_t d = shape.size(); d-- > 0;) {
      from += strides[d];
      if (++index[d] < shape[d]) break;
      from -= strides[d] * shape[d];
      index[d] = 0;
    }
  }
}

Result<const DType::Field*> find_field(const Array& array, std::string_view name) {
  for (const auto& field : array.dtype.fields) {
    if (field.name == name) return &field;
  }
  return fail(Code::invalid_parameter_value, "an array has no field '{}'", name);
}

void append_utf8(std::string& out, uint32_t c) {
  if (c < 0x80) {
    out += static_cast<char>(c);
  } else if (c < 0x800) {
    out += static_cast<char>(0xC0 | c >> 6);
    out += static_cast<char>(0x80 | (c & 63));
  } else if (c < 0x10000) {
    out += static_cast<char>(0xE0 | c >> 12);
    out += static_cast<char>(0x80 | (c >> 6 & 63));
    out += static_cast<char>(0x80 | (c & 63));
  } else if (c < 0x110000) {
    out += static_cast<char>(0xF0 | c >> 18);
    out += static_cast<char>(0x80 | (c >> 12 & 63));
    out += static_cast<char>(0x80 | (c >> 6 & 63));
    out += static_cast<char>(0x80 | (c & 63));
  }
}

}  // namespace

Result<DType> parse_dtype(std::string_view text) {
  const auto unknown = [&] {
    return fail(Code::invalid_parameter_value, "numpy type '{}' is not read", text);
  };
  DType dtype;
  auto rest = text;
  if (!rest.empty() && std::string_view("<>|=").find(rest[0]) != std::string_view::npos) {
    dtype.big_endian = rest[0] == '>';
    rest.remove_prefix(1);
  }
  if (rest == "?") rest = "b1";
  if (rest.empty() || std::string_view("biufcSUOVMm").find(rest[0]) == std::string_view::npos) {
    return unknown();
  }
  dtype.kind = rest[0];
  rest.remove_prefix(1);
  rest = rest.substr(0, rest.find('['));  // the unit of a time
  const auto size = rest.empty() && dtype.kind == 'O' ? 8 : to_integer(rest).value_or(-1);
  if (size < 0 || static_cast<size_t>(size) > kMaxItemBytes) return unknown();
  dtype.size = static_cast<size_t>(size) * (dtype.kind == 'U' ? 4 : 1);
  const auto is = [&](std::string_view kinds) { return kinds.find(dtype.kind) != kinds.npos; };
  const bool power = size == 1 || size == 2 || size == 4 || size == 8;
  if (is("iu") && !power) return unknown();
  if (is("f") && (!power || size == 1) && size != 16) return unknown();
  if ((is("b") && size != 1) || (is("Mm") && size != 8)) return unknown();
  if (is("c") && size != 8 && size != 16) return unknown();
  return dtype;
}

size_t Array::size() const {
  size_t n = 1;
  for (const auto extent : shape) n *= extent;
  return n;
}

Result<size_t> count_elements(const std::vector<size_t>& shape) {
  size_t n = 1;
  for (const auto extent : shape) {
    if (extent > kMaxElements || (extent > 0 && n > kMaxElements / extent)) {
      return fail(Code::invalid_parameter_value, "an array of more than {} elements", kMaxElements);
    }
    n *= extent;
  }
  if (shape.size() > 32) {
    return fail(Code::invalid_parameter_value, "an array of {} dimensions", shape.size());
  }
  return n;
}

Result<Array> make_array(DType dtype, std::vector<size_t> shape, Order order,
                         std::string_view bytes) {
  const auto count = TRY(count_elements(shape));
  if (dtype.kind == 'O') {
    return fail(Code::invalid_parameter_value, "an array of objects has no bytes");
  }
  if (dtype.size != 0 ? bytes.size() / dtype.size != count || bytes.size() % dtype.size != 0
                      : !bytes.empty()) {
    return fail(Code::invalid_parameter_value,
                "an array has {} bytes where its shape and type need {}", bytes.size(),
                static_cast<double>(count) * static_cast<double>(dtype.size));
  }
  Array array{std::move(dtype), std::move(shape), {}, {}};
  const bool transposed = order == Order::fortran && array.shape.size() > 1 && array.dtype.size > 0;
  if (!transposed) {
    array.bytes = bytes;
  } else {
    array.bytes.resize(bytes.size());
    const size_t size = array.dtype.size;
    each_transposed(array.shape, count, [&](size_t to, size_t from) {
      std::memcpy(array.bytes.data() + to * size, bytes.data() + from * size, size);
    });
  }
  to_our_order(array.dtype, array.bytes);
  return array;
}

Result<Array> make_object_array(std::vector<size_t> shape, Order order,
                                std::vector<const Object*> objects) {
  const auto count = TRY(count_elements(shape));
  if (objects.size() != count) {
    return fail(Code::invalid_parameter_value, "an array has {} objects where its shape needs {}",
                objects.size(), count);
  }
  Array array{{'O', 8, false, {}}, std::move(shape), {}, {}};
  if (order == Order::c || array.shape.size() < 2) {
    array.objects = std::move(objects);
    return array;
  }
  array.objects.resize(count);
  each_transposed(array.shape, count,
                  [&](size_t to, size_t from) { array.objects[to] = objects[from]; });
  return array;
}

Result<std::vector<double>> numbers(const Array& array) {
  std::vector<double> out(array.dtype.kind == 'O' ? array.objects.size() : array.size());
  for (size_t i = 0; i < out.size(); ++i) {
    if (array.dtype.kind == 'O') {
      const auto number = number_of(*array.objects[i]);
      if (!number) return not_numbers(array);
      out[i] = *number;
    } else if (!number_at(array.dtype.kind, array.dtype.size,
                          array.bytes.data() + i * array.dtype.size, out[i])) {
      return not_numbers(array);
    }
  }
  return out;
}

Result<std::vector<int64_t>> integers(const Array& array) {
  std::vector<int64_t> out(array.dtype.kind == 'O' ? array.objects.size() : array.size());
  for (size_t i = 0; i < out.size(); ++i) {
    if (array.dtype.kind == 'O') {
      const auto* object = array.objects[i];
      if (object->kind != Kind::integer && object->kind != Kind::boolean) return not_numbers(array);
      out[i] = object->integer;
    } else if (!integer_at(array.dtype.kind, array.dtype.size,
                           array.bytes.data() + i * array.dtype.size, out[i])) {
      return not_numbers(array);
    }
  }
  return out;
}

Result<std::vector<double>> field_numbers(const Array& array, std::string_view field) {
  const auto* found = TRY(find_field(array, field));
  std::vector<double> out(array.size());
  for (size_t i = 0; i < out.size(); ++i) {
    const char* at = array.bytes.data() + i * array.dtype.size + found->offset;
    if (!number_at(found->kind, found->size, at, out[i])) return not_numbers(array);
  }
  return out;
}

Result<std::vector<int64_t>> field_integers(const Array& array, std::string_view field) {
  const auto* found = TRY(find_field(array, field));
  std::vector<int64_t> out(array.size());
  for (size_t i = 0; i < out.size(); ++i) {
    const char* at = array.bytes.data() + i * array.dtype.size + found->offset;
    if (!integer_at(found->kind, found->size, at, out[i])) return not_numbers(array);
  }
  return out;
}

bool has_field(const Array& array, std::string_view field) {
  return std::ranges::find(array.dtype.fields, field, &DType::Field::name) !=
         array.dtype.fields.end();
}

std::string text_at(const Array& array, size_t i) {
  const std::string_view item =
      std::string_view(array.bytes).substr(i * array.dtype.size, array.dtype.size);
  std::string out;
  if (array.dtype.kind == 'S') {
    out = item;
  } else {
    for (size_t at = 0; at + 4 <= item.size(); at += 4) {
      append_utf8(out, load<uint32_t>(item.data() + at));
    }
  }
  while (!out.empty() && out.back() == '\0') out.pop_back();
  return out;
}

}  // namespace slipway::objects
