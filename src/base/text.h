// base/text.h — small questions about strings: split, trim, numbers, base64, percent codes.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace slipway {

/// Cut at every `separator`; "a,,b" gives three parts and "" gives none.
std::vector<std::string> split(std::string_view text, char separator);

/// Put `parts` together with `separator` between them.
std::string join(const std::vector<std::string>& parts, std::string_view separator);

/// Drop blanks, tabs and line ends at both ends.
std::string_view trim(std::string_view text);

/// Lower-case the ASCII letters.
std::string lower(std::string_view text);

/// Read the whole text as a number; nothing else may stand in it. "nan" and "inf" are numbers.
std::optional<double> to_number(std::string_view text);

/// Read the whole text as a decimal 64-bit integer.
std::optional<int64_t> to_integer(std::string_view text);

/// Encode bytes as base64 with padding (RFC 4648, section 4).
std::string base64_encode(std::string_view bytes);

/// Decode base64; nothing where `text` is not base64.
std::optional<std::string> base64_decode(std::string_view text);

/// Decode %XX once; nothing where a code is broken or decodes to NUL. `+` stays `+`.
std::optional<std::string> percent_decode(std::string_view text);

/// Encode all but letters, digits and `-._~` (and `/` where `keep_slash`) as %XX.
enum class Slash { encode, keep };
std::string percent_encode(std::string_view text, Slash slash = Slash::encode);

/// Tell whether the bytes are well-formed UTF-8.
bool is_utf8(std::string_view bytes);

}  // namespace slipway
