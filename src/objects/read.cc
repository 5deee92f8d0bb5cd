#include "objects/read.h"

#include "objects/compressed.h"
#include "objects/pickle.h"
#include "objects/skops.h"

namespace slipway::objects {
namespace {

constexpr size_t kMaxUnpacked = size_t{2} << 30;

Error not_unpacked(std::string_view compression) {
  return fail(Code::not_implemented,
              "the file is compressed by {}; read are plain files, zlib and gzip", compression);
}

}  // namespace

Result<Graph> read_saved_object(std::string_view bytes) {
  if (bytes.starts_with("PK\3\4")) return read_skops(bytes);
  if (bytes.starts_with("BZh")) return not_unpacked("bz2");
  if (bytes.starts_with("\xFD"
                        "7zXZ")) {
    return not_unpacked("xz");
  }
  if (bytes.starts_with(std::string_view("\x5D\0\0", 3))) return not_unpacked("lzma");
  if (bytes.starts_with("\x04\x22\x4D\x18")) return not_unpacked("lz4");
  const bool gzip = bytes.starts_with("\x1F\x8B");
  if (gzip || bytes.starts_with("\x78")) {
    const auto plain = TRY(inflate(bytes, gzip ? Wrapping::gzip : Wrapping::zlib, kMaxUnpacked));
    return read_pickle(plain);
  }
  return read_pickle(bytes);
}

}  // namespace slipway::objects
