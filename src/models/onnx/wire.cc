#include "models/onnx/wire.h"

namespace slipway::models::onnx {

std::optional<uint64_t> WireReader::varint() {
  uint64_t value = 0;
  for (size_t i = 0; i < 10 && i < rest_.size(); ++i) {
    const auto byte = static_cast<uint8_t>(rest_[i]);
    value |= static_cast<uint64_t>(byte & 0x7f) << (7 * i);
    if ((byte & 0x80) == 0) {
      rest_.remove_prefix(i + 1);
      return value;
    }
  }
  damaged_ = true;
  return std::nullopt;
}

std::optional<uint64_t> WireReader::fixed(size_t size) {
  if (rest_.size() < size) {
    damaged_ = true;
    return std::nullopt;
  }
  uint64_t value = 0;
  std::memcpy(&value, rest_.data(), size);  // little-endian, as all that we run on
  rest_.remove_prefix(size);
  return value;
}

std::optional<WireField> WireReader::next() {
  if (rest_.empty() || damaged_) return std::nullopt;
  const auto tag = varint();
  if (!tag) return std::nullopt;
  WireField field;
  field.number = static_cast<uint32_t>(*tag >> 3);
  std::optional<uint64_t> value;
  switch (*tag & 7) {
    case 0: value = varint(); break;
    case 1:
      field.kind = WireField::Kind::fixed64;
      value = fixed(8);
      break;
    case 2:
      field.kind = WireField::Kind::bytes;
      value = varint();
      if (value && *value > rest_.size()) value.reset();
      if (value) {
        field.bytes = rest_.substr(0, *value);
        rest_.remove_prefix(*value);
      }
      break;
    case 5:
      field.kind = WireField::Kind::fixed32;
      value = fixed(4);
      break;
    default: break;  // groups: nobody writes them any more
  }
  if (!value || *tag >> 3 == 0 || *tag >> 32 != 0) {
    damaged_ = true;
    return std::nullopt;
  }
  field.value = *value;
  return field;
}

bool append_integers(const WireField& field, std::vector<int64_t>& out) {
  if (field.kind == WireField::Kind::varint) {
    out.push_back(field.integer());
    return true;
  }
  if (field.kind != WireField::Kind::bytes) return false;
  const auto* at = reinterpret_cast<const uint8_t*>(field.bytes.data());
  const auto* end = at + field.bytes.size();
  while (at != end) {
    uint64_t value = 0;
    int shift = 0;
    while (at != end && (*at & 0x80) != 0 && shift < 63) {
      value |= static_cast<uint64_t>(*at++ & 0x7f) << shift;
      shift += 7;
    }
    if (at == end || (*at & 0x80) != 0) return false;
    out.push_back(static_cast<int64_t>(value | static_cast<uint64_t>(*at++) << shift));
  }
  return true;
}

namespace {

template <typename T>
bool append_fixed(const WireField& field, std::vector<T>& out) {
  if (field.kind != WireField::Kind::bytes || field.bytes.size() % sizeof(T) != 0) return false;
  const size_t begin = out.size();
  out.resize(begin + field.bytes.size() / sizeof(T));
  if (!field.bytes.empty()) {
    std::memcpy(out.data() + begin, field.bytes.data(), field.bytes.size());
  }
  return true;
}

}  // namespace

bool append_floats(const WireField& field, std::vector<float>& out) {
  if (field.kind != WireField::Kind::fixed32) return append_fixed(field, out);
  out.push_back(field.float32());
  return true;
}

bool append_doubles(const WireField& field, std::vector<double>& out) {
  if (field.kind != WireField::Kind::fixed64) return append_fixed(field, out);
  out.push_back(field.float64());
  return true;
}

void WireWriter::varint(uint64_t value) {
  while (value >= 0x80) {
    out_ += static_cast<char>(value | 0x80);
    value >>= 7;
  }
  out_ += static_cast<char>(value);
}

void WireWriter::integer(uint32_t field, int64_t value) {
  varint(uint64_t{field} << 3);
  varint(static_cast<uint64_t>(value));
}

void WireWriter::bytes(uint32_t field, std::string_view bytes) {
  varint(uint64_t{field} << 3 | 2);
  varint(bytes.size());
  out_ += bytes;
}

void WireWriter::float32(uint32_t field, float value) {
  varint(uint64_t{field} << 3 | 5);
  out_.append(reinterpret_cast<const char*>(&value), sizeof value);
}

void WireWriter::integers(uint32_t field, const std::vector<int64_t>& values) {
  WireWriter packed;
  for (const int64_t value : values) packed.varint(static_cast<uint64_t>(value));
  bytes(field, packed.out_);
}

void WireWriter::floats(uint32_t field, const std::vector<float>& values) {
  bytes(field, {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float)});
}

}  // namespace slipway::models::onnx
