// http/router.h — finds the route that a method and a path belong to.
#pragma once
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace slipway::http {

/// Values of a pattern's parameters, percent-decoded once.
using PathParams = std::map<std::string, std::string, std::less<>>;

/// Patterns such as `/api/2.0/mlflow/logged-models/<model_id>/tags/<tag_key>`; `<path:rest>` as the
/// last segment takes everything that is left, slashes too. Fixed segments win over parameters.
class Router {
 public:
  /// `index` is what match() gives back for this method and pattern.
  void add(std::string_view method, std::string_view pattern, size_t index);

  struct Match {
    size_t index = 0;
    PathParams params;
  };

  /// Find the route of a request; `path` is still percent-encoded, and each segment is decoded
  /// once, after the cut at '/'.
  /// Errors   endpoint_not_found: no pattern fits; bad_request: one fits, but not with this method
  ///          (405), or a percent code is broken; the message tells which.
  Result<Match> match(std::string_view method, std::string_view path) const;

 private:
  struct Entry {
    std::string method;
    std::vector<std::string> segments;
    size_t index;
  };
  std::vector<Entry> entries_;                        // those with parameters
  std::map<std::string, size_t, std::less<>> fixed_;  // "GET /health" → index
};

}  // namespace slipway::http
