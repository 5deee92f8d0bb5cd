// objects/compressed.h — zlib, gzip and zip, unpacked within limits.
#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "base/result.h"

namespace slipway::objects {

enum class Wrapping { raw, zlib, gzip };

/// Unpack deflated bytes.
/// Errors   invalid_parameter_value: damaged, or more than `max_bytes` come out.
Result<std::string> inflate(std::string_view bytes, Wrapping wrapping, size_t max_bytes);

/// The files of a zip archive that lies in memory.
class ZipArchive {
 public:
  /// Read the list of files.
  /// Errors   invalid_parameter_value: not a zip, damaged, or of a kind not read (zip64,
  /// encrypted). Source   PKWARE's APPNOTE.TXT 6.3.10, sections 4.3.7, 4.3.12 and 4.3.16.
  static Result<ZipArchive> open(std::string_view bytes);

  bool has(std::string_view name) const { return entries_.contains(name); }

  /// Unpack a file. What is unpacked from one archive is 2 GiB together at most.
  /// Errors   resource_does_not_exist: no such file; invalid_parameter_value: damaged, another
  ///          compression than deflate, or over the limit.
  Result<std::string> read(std::string_view name);

 private:
  struct Entry {
    size_t offset = 0;  // of the local header
    size_t packed = 0;
    size_t size = 0;
    uint32_t crc = 0;
    uint16_t method = 0;
  };

  std::string_view bytes_;
  std::map<std::string, Entry, std::less<>> entries_;
  size_t left_ = size_t{2} << 30;
};

}  // namespace slipway::objects
