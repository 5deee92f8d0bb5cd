// base/python.h — how Python names what we hold, for messages that are to read as MLflow's.
#pragma once
#include <string_view>

#include "base/json.h"

namespace slipway {

/// Python's name of the type that a JSON value is read as, such as "NoneType" or "dict".
std::string_view python_type(const Json& value);

}  // namespace slipway
