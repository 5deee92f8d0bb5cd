// store/run_names.h — names for runs and models that were given none.
#pragma once
#include <string>

namespace slipway::store {

/// Invent a name such as `nimble-otter-417`.
std::string invented_name();

}  // namespace slipway::store
