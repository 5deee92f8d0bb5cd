#include "objects/compressed.h"

#include <zlib.h>

#include <algorithm>

namespace slipway::objects {
namespace {

constexpr size_t kMaxEntries = 1'000'000;

Error damaged(std::string_view what) {
  return fail(Code::invalid_parameter_value, "zip: {}", what);
}

uint32_t number(std::string_view bytes, size_t at, size_t n) {
  uint32_t value = 0;
  for (size_t i = 0; i < n; ++i) {
    value |= uint32_t{static_cast<uint8_t>(bytes[at + i])} << 8 * i;
  }
  return value;
}

}  // namespace

Result<std::string> inflate(std::string_view bytes, Wrapping wrapping, size_t max_bytes) {
  z_stream stream{};
  const int bits = wrapping == Wrapping::raw ? -15 : wrapping == Wrapping::gzip ? 31 : 15;
  if (inflateInit2(&stream, bits) != Z_OK) return fail(Code::internal_error, "zlib cannot start");
  std::string out;
  std::string piece(size_t{1} << 18, '\0');
  size_t at = 0;
  int status = Z_OK;
  while (status == Z_OK && out.size() <= max_bytes) {
    if (stream.avail_in == 0 && at < bytes.size()) {
      const size_t n = std::min<size_t>(bytes.size() - at, 1u << 30);
      stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data() + at));
      stream.avail_in = static_cast<uInt>(n);
      at += n;
    }
    stream.next_out = reinterpret_cast<Bytef*>(piece.data());
    stream.avail_out = static_cast<uInt>(piece.size());
    status = ::inflate(&stream, Z_NO_FLUSH);
    out.append(piece.data(), piece.size() - stream.avail_out);
  }
  inflateEnd(&stream);
  if (out.size() > max_bytes) {
    return fail(Code::invalid_parameter_value, "compressed data: more than {} bytes come out",
                max_bytes);
  }
  if (status != Z_STREAM_END) {
    return fail(Code::invalid_parameter_value, "compressed data: damaged or cut off");
  }
  return out;
}

Result<ZipArchive> ZipArchive::open(std::string_view bytes) {
  constexpr size_t kEndSize = 22;
  if (bytes.size() < kEndSize) return damaged("the file is too short");
  const size_t tail = bytes.size() > 65557 ? bytes.size() - 65557 : 0;
  const auto end = bytes.rfind(std::string_view("PK\5\6", 4));
  if (end == bytes.npos || end < tail || end + kEndSize > bytes.size()) {
    return damaged("the list of files is missing");
  }
  const size_t n_entries = number(bytes, end + 10, 2);
  size_t at = number(bytes, end + 16, 4);
  ZipArchive archive;
  archive.bytes_ = bytes;
  for (size_t i = 0; i < n_entries && i < kMaxEntries; ++i) {
    if (at > bytes.size() || bytes.size() - at < 46 ||
        bytes.substr(at, 4) != std::string_view("PK\1\2", 4)) {
      return damaged("the list of files is damaged");
    }
    const size_t name_size = number(bytes, at + 28, 2);
    const size_t skipped = number(bytes, at + 30, 2) + number(bytes, at + 32, 2);
    if (bytes.size() - at - 46 < name_size) return damaged("a file's name is cut off");
    Entry entry{number(bytes, at + 42, 4), number(bytes, at + 20, 4), number(bytes, at + 24, 4),
                number(bytes, at + 16, 4), static_cast<uint16_t>(number(bytes, at + 10, 2))};
    if ((number(bytes, at + 8, 2) & 1) != 0) return damaged("its files are encrypted");
    if (entry.size == 0xFFFFFFFF || entry.packed == 0xFFFFFFFF) {
      return damaged("a file of 4 GiB or more");
    }
    archive.entries_[std::string(bytes.substr(at + 46, name_size))] = entry;
    at += 46 + name_size + skipped;
  }
  return archive;
}

Result<std::string> ZipArchive::read(std::string_view name) {
  const auto found = entries_.find(name);
  if (found == entries_.end()) {
    return fail(Code::resource_does_not_exist, "zip: there is no file '{}'", name.substr(0, 200));
  }
  const Entry& entry = found->second;
  if (entry.size > left_) return damaged("more than 2 GiB are packed in it");
  if (entry.offset > bytes_.size() || bytes_.size() - entry.offset < 30 ||
      bytes_.substr(entry.offset, 4) != std::string_view("PK\3\4", 4)) {
    return damaged("a file is not where the list says");
  }
  const size_t begin = entry.offset + 30 + number(bytes_, entry.offset + 26, 2) +
                       number(bytes_, entry.offset + 28, 2);
  if (begin > bytes_.size() || bytes_.size() - begin < entry.packed) {
    return damaged("a file is cut off");
  }
  const auto packed = bytes_.substr(begin, entry.packed);
  std::string out;
  if (entry.method == 0) {
    out = packed;
  } else if (entry.method == 8) {
    out = TRY(inflate(packed, Wrapping::raw, entry.size));
  } else {
    return damaged("a compression that is not read (deflate is)");
  }
  if (out.size() != entry.size) return damaged("a file has another size than the list says");
  const auto crc = crc32_z(0, reinterpret_cast<const Bytef*>(out.data()), out.size());
  if (crc != entry.crc) return damaged("a file's checksum is wrong");
  left_ -= out.size();
  return out;
}

}  // namespace slipway::objects
