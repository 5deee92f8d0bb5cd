// api/artifact_owner.h — tells whose files lie at a place among the server's own artifacts.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "store/store.h"

namespace slipway::api {

/// Give the path that an `mlflow-artifacts:` address names, with its host dropped, or nothing for
/// an address of another kind. Not checked.
std::optional<std::string> own_artifact_path(std::string_view uri);

/// Give the id of the experiment that the artifact at `path` belongs to: its first segment where
/// that is a number, else the experiment whose files are kept highest above it; "" where no
/// experiment's are. Errors as files::Path::parse.
Result<std::string> owner_of_artifact(std::string_view path, store::Store& store);

/// Give the experiments whose files lie at, above or below an address where a new experiment's are
/// to be kept; "" among them where that is the root of all. None for an address elsewhere.
Result<std::vector<std::string>> owners_around(std::string_view uri, store::Store& store);

}  // namespace slipway::api
