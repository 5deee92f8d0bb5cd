// objects/skops.h — skops files: a zip of a JSON tree of objects and numpy's arrays.
#pragma once
#include <string_view>

#include "base/result.h"
#include "objects/object.h"

namespace slipway::objects {

/// Read a skops file of any protocol to 3; the graph is as read_pickle() gives it.
///
/// Errors   permission_denied: a class or function that is not allowed, named;
///          not_implemented: a kind of node that is not read, named;
///          invalid_parameter_value: damaged; says what.
/// Source   skops 0.16.0 (skops.io), as observed.
Result<Graph> read_skops(std::string_view bytes);

}  // namespace slipway::objects
