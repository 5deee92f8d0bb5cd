// files/azure.h — Azure Blob Storage as a place for artifacts.
#pragma once
#include <string_view>

#include "base/result.h"
#include "files/object_store.h"

namespace slipway::files {

/// Connect to `abfs://CONTAINER@ACCOUNT.dfs.core.windows.net/PREFIX?OPTIONS`, `wasbs://…` as MLflow
/// writes it, or `abfs://ACCOUNT@HOST:PORT/CONTAINER/PREFIX?enable_tls=false`; options are Arrow's.
///
/// Credentials: AZURE_STORAGE_CONNECTION_STRING, AZURE_STORAGE_ACCESS_KEY or
/// AZURE_STORAGE_SAS_TOKEN, else what Azure's own tools ask. Only with the account's key can
/// addresses be signed for clients; with neither key nor token a blob that is being written shows
/// as an empty one until it is whole.
/// Errors   invalid_parameter_value: an option or the key is wrong.
Result<ObjectPlace> open_azure(std::string_view uri);

}  // namespace slipway::files
