// models/onnx/wire.h — protobuf's wire format: the fields of one message after another, in bounds.
#pragma once
#include <bit>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace slipway::models::onnx {

/// One field of a message: a number, or bytes that may be a text, a message or packed numbers.
struct WireField {
  uint32_t number = 0;
  enum class Kind { varint, fixed64, bytes, fixed32 } kind = Kind::varint;
  uint64_t value = 0;
  std::string_view bytes;

  int64_t integer() const { return static_cast<int64_t>(value); }
  float float32() const { return std::bit_cast<float>(static_cast<uint32_t>(value)); }
  double float64() const { return std::bit_cast<double>(value); }
};

/// Reads a message. Never looks outside its bytes.
class WireReader {
 public:
  explicit WireReader(std::string_view bytes) : rest_(bytes) {}

  /// The next field; nothing at the end, or where the bytes are damaged: damaged() tells.
  std::optional<WireField> next();
  bool damaged() const { return damaged_; }

 private:
  std::optional<uint64_t> varint();
  std::optional<uint64_t> fixed(size_t size);

  std::string_view rest_;
  bool damaged_ = false;
};

/// Append a repeated field's numbers, packed or one by one. False where it is damaged.
bool append_integers(const WireField& field, std::vector<int64_t>& out);
bool append_floats(const WireField& field, std::vector<float>& out);
bool append_doubles(const WireField& field, std::vector<double>& out);

/// Writes a message.
class WireWriter {
 public:
  void integer(uint32_t field, int64_t value);
  void bytes(uint32_t field, std::string_view bytes);
  void float32(uint32_t field, float value);
  void integers(uint32_t field, const std::vector<int64_t>& values);  // packed
  void floats(uint32_t field, const std::vector<float>& values);      // packed
  const std::string& text() const { return out_; }

 private:
  void varint(uint64_t value);
  std::string out_;
};

}  // namespace slipway::models::onnx
