// files/open_artifacts.h — the table of places that can keep artifacts, chosen by address.
#pragma once
#include <filesystem>
#include <memory>
#include <string_view>

#include "files/artifact_store.h"

namespace slipway::files {

/// Open the store at `where`: a folder, or an object store's address (`s3://BUCKET/PREFIX?OPTIONS`,
/// `abfs://CONTAINER@ACCOUNT.dfs.core.windows.net/PREFIX`, `wasbs://…`). Nothing of an object store
/// is loaded or started unless its address is given.
///
/// Of an object store, clients get signed addresses to go there themselves, unless the option
/// `direct=off` is given (where they cannot reach it).
///
/// where     empty: the folder `artifacts` of `data_dir`
/// data_dir  has room for bodies on their way and for copies of models that are served
/// Errors    invalid_parameter_value: no such kind of address, or one of its options is wrong;
///           as LocalStore::open(); permission_denied, resource_does_not_exist: the object store
///           refuses us or has no such bucket or container.
Result<std::unique_ptr<ArtifactStore>> open_artifacts(std::string_view where,
                                                      const std::filesystem::path& data_dir);

}  // namespace slipway::files
