// objects/npy.h — numpy's .npy: a header in Python's spelling, then the bytes of one array.
#pragma once
#include <string_view>

#include "base/result.h"
#include "objects/array.h"

namespace slipway::objects {

/// Read a .npy of format 1, 2 or 3; arrays of objects (which are pickles) are refused.
/// Errors   invalid_parameter_value: damaged; says what.
/// Source   numpy.lib.format of numpy 2.4, "Format Version 1.0" to "3.0".
Result<Array> read_npy(std::string_view bytes);

}  // namespace slipway::objects
