// cli/password.h — passwords that a command is given, never as an argument that others could see.
#pragma once
#include <string>
#include <string_view>

#include "base/result.h"

namespace slipway::cli {

/// Read a password: from `file` where one is named (`-`: standard input), else from
/// $SLIPWAY_PASSWORD, else by asking for it on a terminal, unseen; twice where it is a new one. One
/// line, without its end. Errors   invalid_parameter_value: none is given, or the two differ; as
/// read_file.
enum class Ask { once, twice };
Result<std::string> read_password(const std::string& file, std::string_view prompt, Ask ask);

}  // namespace slipway::cli
