#include "data/arrow_status.h"

#include <arrow/status.h>
#include <arrow/util/io_util.h>

#include <string>

#include "base/file.h"

namespace slipway::data {

Error arrow_error(const arrow::Status& status, std::string_view what) {
  // Arrow appends the place in its source where a status was made; users have no use for it
  std::string reason = status.message();
  if (const auto end = reason.find("\n/"); end != std::string::npos) reason.resize(end);
  const bool ours = status.IsOutOfMemory() || status.IsUnknownError();
  return fail(ours ? Code::internal_error : Code::invalid_parameter_value, "{}: {}", what, reason);
}

Error arrow_file_error(const arrow::Status& status, std::string_view doing,
                       const std::filesystem::path& path) {
  const int reason = arrow::internal::ErrnoFromStatus(status);
  if (reason != 0) return errno_error(reason, doing, path);
  return arrow_error(status, fmt::format("cannot {} '{}'", doing, path.string()));
}

}  // namespace slipway::data
