// objects/read.h — a saved object of any kind we read, told apart by its first bytes.
#pragma once
#include <string_view>

#include "base/result.h"
#include "objects/object.h"

namespace slipway::objects {

/// Read a skops file, or a pickle (also cloudpickle's and joblib's, plain or zlib- or
/// gzip-compressed).
///
/// Errors   as read_skops and read_pickle; not_implemented: another compression, named.
Result<Graph> read_saved_object(std::string_view bytes);

}  // namespace slipway::objects
