// files/azure_signature.h — addresses signed as Azure Blob Storage asks for (service SAS).
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace slipway::files {

/// What a blob's shared access signature says.
struct BlobGrant {
  std::string account;
  std::string container;
  std::string blob;              // as it is, not percent-encoded
  std::string_view permissions;  // letters in Azure's order: r read, c create, w write
  int64_t expiry_ms = 0;
  std::string content_disposition;  // that a GET shall answer with; empty: the blob's own
};

/// Give the query that grants this: `sv=…&…&sig=…`.
///
/// account_key  base64, as Azure shows it
/// Errors       invalid_parameter_value: the key is not base64.
/// Source       "Create a service SAS", Azure Storage REST API, version 2021-12-02; Azurite checks
///              it in the tests.
Result<std::string> azure_signed_query(const BlobGrant& grant, std::string_view account_key);

}  // namespace slipway::files
