// objects/allowed.h — which classes and functions a saved object may name.
#pragma once
#include <string>
#include <string_view>

#include "base/result.h"

namespace slipway::objects {

/// Give "module.name" of a class or function that a file names, its module as today's Python spells
/// it. Being allowed means only that a value may bear the name: nothing is imported or called.
///
/// Errors   permission_denied: not on the list; the message names it.
Result<std::string> allowed_name(std::string_view module, std::string_view name);

}  // namespace slipway::objects
