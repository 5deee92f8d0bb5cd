// objects/pickle.h — Python's pickles and joblib's files, read by a machine that calls nothing.
#pragma once
#include <string_view>

#include "base/result.h"
#include "objects/object.h"

namespace slipway::objects {

/// Read a pickle of protocol 0 to 5, with joblib's arrays between its opcodes where there are any.
/// Classes become instances with their state; numpy's arrays, types and scalars become values.
///
/// bytes    the file, not compressed; it may be let go afterwards.
/// Errors   permission_denied: a class or function that is not allowed, named;
///          invalid_parameter_value: damaged, or larger than its size can explain; says where.
/// Source   Python 3.11 pickletools; numpy 1.19 to 2.4, joblib 0.10 to 1.6, as observed.
Result<Graph> read_pickle(std::string_view bytes);

}  // namespace slipway::objects
