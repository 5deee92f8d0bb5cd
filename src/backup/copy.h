// backup/copy.h — copies one file and gives its checksum.
#pragma once
#include <filesystem>
#include <optional>

#include "backup/manifest.h"
#include "base/result.h"

namespace slipway::backup {

/// Copy a file's content as it is when opened, durably, and say what was copied; nothing where
/// `from` is gone. Errors as errno_error.
Result<std::optional<BackedUpFile>> copy_whole(const std::filesystem::path& from,
                                               const std::filesystem::path& to);

/// Give a file's checksum. Errors as errno_error.
Result<std::string> sha256_of(const std::filesystem::path& path);

}  // namespace slipway::backup
