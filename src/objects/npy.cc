#include "objects/npy.h"

#include <cstdint>
#include <optional>

#include "base/text.h"

namespace slipway::objects {
namespace {

constexpr size_t kMaxHeader = 1u << 20;

Error damaged(std::string_view what) {
  return fail(Code::invalid_parameter_value, "npy: {}", what);
}

// Reads the few of Python's literals that headers are made of.
struct Header {
  std::string_view rest;

  char peek() {
    rest = trim(rest);
    return rest.empty() ? '\0' : rest[0];
  }
  bool take(char c) {
    if (peek() != c) return false;
    rest.remove_prefix(1);
    return true;
  }
  std::optional<std::string_view> quoted() {
    const char quote = peek();
    if (quote != '\'' && quote != '"') return {};
    const auto end = rest.find(quote, 1);
    if (end == rest.npos) return {};
    const auto text = rest.substr(1, end - 1);
    rest.remove_prefix(end + 1);
    return text;
  }
  std::string_view word() {
    peek();
    size_t n = 0;
    while (n < rest.size() && (std::isalnum(static_cast<unsigned char>(rest[n])) != 0)) ++n;
    const auto text = rest.substr(0, n);
    rest.remove_prefix(n);
    return text;
  }
};

Result<std::vector<size_t>> read_shape(Header& header) {
  std::vector<size_t> shape;
  if (!header.take('(')) return damaged("the shape is not a tuple");
  while (!header.take(')')) {
    const auto extent = to_integer(header.word());
    if (!extent || *extent < 0) return damaged("the shape has a part that is not a count");
    shape.push_back(static_cast<size_t>(*extent));
    if (!header.take(',') && header.peek() != ')') return damaged("the shape does not end");
  }
  return shape;
}

// [('name', '<f8'), ('', '|V7'), …]
Result<DType> read_structure(Header& header) {
  DType dtype{'V', 0, false, {}};
  while (!header.take(']')) {
    if (!header.take('(')) return damaged("a field is not a tuple");
    const auto name = header.quoted();
    const bool comma = header.take(',');
    const auto type = header.quoted();
    if (!name || !comma || !type) return damaged("a field is not a name and a simple type");
    const auto of_field = TRY(parse_dtype(*type));
    if (of_field.kind == 'O') return damaged("a field holds objects");
    if (!name->empty()) {
      dtype.fields.push_back(
          {std::string(*name), dtype.size, of_field.kind, of_field.size, of_field.big_endian});
    }
    dtype.size += of_field.size;
    header.take(',');
    if (!header.take(')')) return damaged("a field has a shape, which is not read");
    header.take(',');
    if (header.peek() == '\0') return damaged("the header does not end");
  }
  return dtype;
}

Result<DType> read_dtype(Header& header) {
  if (header.take('[')) return read_structure(header);
  const auto text = header.quoted();
  if (!text) return damaged("the type is not a text");
  return parse_dtype(*text);
}

}  // namespace

Result<Array> read_npy(std::string_view bytes) {
  constexpr std::string_view kMagic("\x93NUMPY", 6);
  if (bytes.size() < 10 || !bytes.starts_with(kMagic)) return damaged("not a .npy file");
  const int version = bytes[6];
  const size_t length_size = version == 1 ? 2 : 4;
  if (version < 1 || version > 3) return damaged("its format is newer than 3.0");
  if (bytes.size() < 8 + length_size) return damaged("it ends in its header");
  size_t length = 0;
  for (size_t i = 0; i < length_size; ++i) {
    length |= static_cast<size_t>(static_cast<uint8_t>(bytes[8 + i])) << 8 * i;
  }
  const size_t begin = 8 + length_size;
  if (length > kMaxHeader || length > bytes.size() - begin) return damaged("it ends in its header");
  Header header{bytes.substr(begin, length)};
  std::optional<DType> dtype;
  std::optional<std::vector<size_t>> shape;
  auto order = Order::c;
  if (!header.take('{')) return damaged("the header is not a dict");
  while (!header.take('}')) {
    const auto key = header.quoted();
    if (!key || !header.take(':')) return damaged("the header is not a dict");
    if (*key == "descr") {
      dtype = TRY(read_dtype(header));
    } else if (*key == "shape") {
      shape = TRY(read_shape(header));
    } else if (*key == "fortran_order") {
      order = header.word() == "True" ? Order::fortran : Order::c;
    } else {
      return damaged("the header has an unknown key");
    }
    header.take(',');
  }
  if (!dtype || !shape) return damaged("the header lacks the type or the shape");
  const auto count = TRY(count_elements(*shape));
  const size_t n_bytes = bytes.size() - begin - length;
  if (dtype->size > 0 && count > n_bytes / dtype->size) return damaged("it ends in its values");
  return make_array(std::move(*dtype), std::move(*shape), order,
                    bytes.substr(begin + length, count * dtype->size));
}

}  // namespace slipway::objects
