// api/authorize.h — decides whether a request's caller may do what its route does.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "api/call.h"
#include "api/route.h"
#include "api/workspace.h"
#include "base/result.h"

namespace slipway::api {

/// Check that the caller has what the route needs on everything that the request names: each
/// experiment, run, logged model, artifact path, registered model or endpoint, wherever it is named
/// (the path, the query, the body, lists). A thing that does not exist is refused like one that may
/// not be seen; on a server without users nothing is refused.
///
/// Errors   permission_denied; invalid_parameter_value: the request names nothing.
/// Source   which route needs what: as observed on mlflow 3.17.2 with its basic-auth app; stages
///          need more, see docs/access.md.
Result<void> authorize(Call& call, Needs needs, Workspace& workspace);

/// The same as far as the head alone tells, before a body is taken.
Result<void> authorize_head(Call& call, Needs needs, Workspace& workspace);

/// Keep those experiments that the caller may read.
std::vector<std::string> readable_experiments(const Principal& principal,
                                              const std::vector<std::string>& experiment_ids);

}  // namespace slipway::api
