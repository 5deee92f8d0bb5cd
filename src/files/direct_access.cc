#include "files/direct_access.h"

namespace slipway::files {

Result<void> check_upload(const Path& path, int64_t n_parts, int64_t max_parts) {
  if (path.is_root()) {
    return fail(Code::invalid_parameter_value, "Invalid path '': it must name a file");
  }
  if (n_parts < 1 || n_parts > max_parts) {
    return fail(Code::invalid_parameter_value, "num_parts is {}; accepted: 1 to {}", n_parts,
                max_parts);
  }
  return {};
}

}  // namespace slipway::files
