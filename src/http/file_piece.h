// http/file_piece.h — part of an open file, for bodies that pass through memory.
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>

#include "base/result.h"

namespace slipway::http {

/// Fill `out` from `offset` on; gives how many bytes there were, fewer only at the file's end.
/// Errors   internal_error: the file cannot be read.
Result<size_t> read_piece(int fd, uint64_t offset, std::span<char> out);

}  // namespace slipway::http
