#include "http/router.h"

#include <algorithm>
#include <optional>

#include "base/text.h"

namespace slipway::http {
namespace {

constexpr std::string_view kRestPrefix = "<path:";

bool is_parameter(std::string_view segment) { return segment.starts_with('<'); }
bool is_rest(std::string_view segment) { return segment.starts_with(kRestPrefix); }

std::string_view parameter_name(std::string_view segment) {
  const size_t skip = is_rest(segment) ? kRestPrefix.size() : 1;
  return segment.substr(skip, segment.size() - skip - 1);
}

// How much a segment leaves open: patterns are tried in the order of these, segment by segment.
int openness(std::string_view segment) {
  if (is_rest(segment)) return 2;
  return is_parameter(segment) ? 1 : 0;
}

bool tried_before(const std::vector<std::string>& a, const std::vector<std::string>& b) {
  return std::lexicographical_compare(
      a.begin(), a.end(), b.begin(), b.end(),
      [](const auto& x, const auto& y) { return openness(x) < openness(y); });
}

// The parameters where the segments fit the pattern, nothing where they do not.
std::optional<PathParams> fit(const std::vector<std::string>& pattern,
                              const std::vector<std::string>& segments) {
  PathParams params;
  for (size_t i = 0; i < pattern.size(); ++i) {
    if (i >= segments.size()) return std::nullopt;
    if (is_rest(pattern[i])) {
      auto rest = join({segments.begin() + static_cast<ptrdiff_t>(i), segments.end()}, "/");
      if (rest.empty()) return std::nullopt;
      params.emplace(parameter_name(pattern[i]), std::move(rest));
      return params;
    }
    if (!is_parameter(pattern[i])) {
      if (pattern[i] != segments[i]) return std::nullopt;
    } else {
      if (segments[i].empty()) return std::nullopt;
      params.emplace(parameter_name(pattern[i]), segments[i]);
    }
  }
  if (pattern.size() != segments.size()) return std::nullopt;
  return params;
}

}  // namespace

void Router::add(std::string_view method, std::string_view pattern, size_t index) {
  auto segments = split(pattern, '/');
  if (std::none_of(segments.begin(), segments.end(), is_parameter)) {
    fixed_[std::string(pattern)].push_back({std::string(method), index});
    return;
  }
  for (auto& known : patterns_) {
    if (known.segments != segments) continue;
    known.methods.push_back({std::string(method), index});
    return;
  }
  const auto place = std::upper_bound(
      patterns_.begin(), patterns_.end(), segments,
      [](const auto& added, const auto& known) { return tried_before(added, known.segments); });
  patterns_.insert(place, Pattern{std::move(segments), {{std::string(method), index}}});
}

Result<size_t> Router::pick(const std::vector<Method>& methods, std::string_view method,
                            std::string_view path) {
  for (const auto& known : methods) {
    if (known.name == method) return known.index;
  }
  if (method == "HEAD") return pick(methods, "GET", path);
  std::vector<std::string> allowed;
  for (const auto& known : methods) allowed.push_back(known.name);
  return fail(Code::bad_request, "method {} is not allowed at '{}'; allowed: {}", method, path,
              join(allowed, ", "));
}

Result<Router::Match> Router::match(std::string_view method, std::string_view path) const {
  auto segments = split(path, '/');
  bool decoded_slash = false;
  for (auto& segment : segments) {
    if (segment.find('%') == segment.npos) continue;
    auto decoded = percent_decode(segment);
    if (!decoded) return fail(Code::bad_request, "the path '{}' has a broken percent code", path);
    segment = *std::move(decoded);
    decoded_slash = decoded_slash || segment.find('/') != segment.npos;
  }
  std::optional<Error> other_method;  // a less fixed pattern may still have this method
  const auto found = decoded_slash ? fixed_.end() : fixed_.find(join(segments, "/"));
  if (found != fixed_.end()) {
    const auto index = pick(found->second, method, path);
    if (index.ok()) return Match{*index, {}};
    other_method = index.error();
  }
  for (const auto& pattern : patterns_) {
    auto params = fit(pattern.segments, segments);
    if (!params) continue;
    const auto index = pick(pattern.methods, method, path);
    if (index.ok()) return Match{*index, *std::move(params)};
    if (!other_method) other_method = index.error();
  }
  if (other_method) return *std::move(other_method);
  return fail(Code::endpoint_not_found, "nothing is served at '{}'", path);
}

}  // namespace slipway::http
