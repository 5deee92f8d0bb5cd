// serve/payload_files.h — the files of a payload log: parts of a day, and days that are over.
#pragma once
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "serve/payload_log.h"

namespace slipway::serve {

/// Write payloads of one day as its next part, whole or not at all.
/// day      its folder, "…/date=2026-11-23"; made if it is not there.
/// Errors   as errno_error.
Result<void> write_part(const std::filesystem::path& day, const std::vector<Payload>& payloads);

/// Make one file of the parts of a day. Parts that an earlier call, cut off, had already taken over
/// go; a second call does nothing.
/// Errors   as errno_error, or a part is damaged: all parts stay.
Result<void> join_parts(const std::filesystem::path& day);

/// Join the parts of every day in the folder before `today` ("2026-11-23").
void join_days_before(const std::filesystem::path& folder, std::string_view today);

}  // namespace slipway::serve
