#include "files/path.h"

#include <algorithm>

#include "base/text.h"

namespace slipway::files {
namespace {

constexpr size_t kMaxBytes = 2048;
constexpr size_t kMaxSegmentBytes = 255;
constexpr size_t kMaxSegments = 64;

bool is_scheme(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '+' ||
         c == '-' || c == '.';
}

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }

// "C:", "file:" and "x://" at the start: what other programs take as an absolute address.
bool names_a_root(std::string_view text) {
  const auto colon = text.find(':');
  if (colon == text.npos || colon == 0) return false;
  if (!std::all_of(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(colon), is_scheme)) {
    return false;
  }
  return colon == 1 || lower(text.substr(0, colon)) == "file" ||
         text.substr(colon).starts_with("://");
}

// What is wrong with the text, or nothing.
std::string_view fault(std::string_view text) {
  if (text.starts_with('/')) return "it must be relative";
  if (text.find('\\') != text.npos) return "a backslash is not allowed";
  if (std::any_of(text.begin(), text.end(), is_control)) {
    return "control characters are not allowed";
  }
  if (!is_utf8(text)) return "it must be UTF-8";
  if (names_a_root(text)) return "a drive or a scheme is not allowed";
  for (const auto& segment : split(text, '/')) {
    if (segment == "..") return "'..' is not allowed";
    if (segment.size() > kMaxSegmentBytes) return "a name may have at most 255 bytes";
  }
  return {};
}

// Decode the %XX codes there are and leave broken ones, as a careless reader would.
std::string decoded_where_possible(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    const auto code = text[i] == '%' ? percent_decode(text.substr(i, 3)) : std::nullopt;
    if (code && code->size() == 1) i += 2;
    out += code && code->size() == 1 ? code->front() : text[i];
  }
  return out;
}

// Someone further down the line may decode once more than we do.
std::string_view fault_when_decoded(std::string text) {
  while (true) {
    if (const auto found = fault(text); !found.empty()) return found;
    if (text.find("%00") != text.npos) return "control characters are not allowed";
    auto decoded = decoded_where_possible(text);
    if (decoded == text) return {};
    text = std::move(decoded);
  }
}

std::string printable(std::string_view text) {
  std::string out;
  for (const char c : text.substr(0, 200)) out += is_control(c) ? '?' : c;
  return is_utf8(out) ? out : percent_encode(out, Slash::keep);
}

}  // namespace

Result<Path> Path::parse(std::string_view text) {
  if (text.size() > kMaxBytes) {
    return fail(Code::invalid_parameter_value,
                "Invalid path: it has {} bytes, at most {} are allowed", text.size(), kMaxBytes);
  }
  if (const auto found = fault_when_decoded(std::string(text)); !found.empty()) {
    return fail(Code::invalid_parameter_value, "Invalid path '{}': {}", printable(text), found);
  }
  std::vector<std::string> kept;
  for (auto& segment : split(text, '/')) {
    if (!segment.empty() && segment != ".") kept.push_back(std::move(segment));
  }
  if (kept.size() > kMaxSegments) {
    return fail(Code::invalid_parameter_value,
                "Invalid path '{}': it has {} folders, at most {} are allowed", printable(text),
                kept.size(), kMaxSegments);
  }
  return Path(join(kept, "/"));
}

std::string Path::name() const {
  const auto slash = text_.rfind('/');
  return slash == text_.npos ? text_ : text_.substr(slash + 1);
}

Path Path::parent() const {
  const auto slash = text_.rfind('/');
  return slash == text_.npos ? Path() : Path(text_.substr(0, slash));
}

std::vector<std::string> Path::segments() const { return split(text_, '/'); }

Result<Path> Path::below(std::string_view text) const {
  auto rest = TRY(parse(text));
  if (rest.is_root()) return *this;
  if (is_root()) return rest;
  return parse(text_ + "/" + rest.text_);
}

bool Path::is_within(const Path& folder) const {
  return folder.is_root() || text_ == folder.text_ || text_.starts_with(folder.text_ + "/");
}

}  // namespace slipway::files
