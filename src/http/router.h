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
/// No parameter is ever empty. HEAD is answered by GET's route where it has none of its own.
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
  ///          (the message starts with "method "; answer 405), or a percent code is broken.
  Result<Match> match(std::string_view method, std::string_view path) const;

 private:
  struct Method {
    std::string name;
    size_t index;
  };
  struct Pattern {
    std::vector<std::string> segments;
    std::vector<Method> methods;
  };
  std::vector<Pattern> patterns_;  // those with parameters, the most fixed first
  std::map<std::string, std::vector<Method>, std::less<>> fixed_;  // by path

  static Result<size_t> pick(const std::vector<Method>& methods, std::string_view method,
                             std::string_view path);
};

}  // namespace slipway::http
