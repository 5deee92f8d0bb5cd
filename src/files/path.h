// files/path.h — the name of a stored file or folder, made safe in this one place.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace slipway::files {

/// A relative path in canonical form: segments joined by '/', none of them empty, "." or "..";
/// the root is "". Whatever holds a Path may open it below its root without looking again.
class Path {
 public:
  /// The root.
  Path() = default;

  /// Check and canonicalise `text`, which is already percent-decoded once.
  ///
  /// Doubled and final slashes and "." go; "..", a leading slash, a backslash, a drive or scheme
  /// (`C:`, `file:`, `x://`), control characters, and text that is not UTF-8 are refused, and so is
  /// whatever would be one of these after further percent-decoding.
  /// Errors   invalid_parameter_value: the message quotes the text and says what is wrong.
  static Result<Path> parse(std::string_view text);

  const std::string& text() const { return text_; }
  bool is_root() const { return text_.empty(); }
  /// The last segment; "" of the root.
  std::string name() const;
  /// All but the last segment.
  Path parent() const;
  std::vector<std::string> segments() const;
  /// The path of `text` below this one. Errors as parse().
  Result<Path> below(std::string_view text) const;
  /// True where this is `folder` or lies in it.
  bool is_within(const Path& folder) const;

  bool operator==(const Path&) const = default;

 private:
  explicit Path(std::string text) : text_(std::move(text)) {}
  std::string text_;
};

}  // namespace slipway::files
