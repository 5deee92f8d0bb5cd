// files/azure_blobs.h — an Azure container by its REST interface: writing blobs, signed addresses.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "files/direct_access.h"
#include "files/object_store.h"
#include "http/message.h"

namespace slipway::files {

/// Where a container answers, and what opens it: the account's key or, without one, a token.
struct AzureAccount {
  std::string name;
  std::string key;    // base64
  std::string token;  // a shared access signature: a query
  std::string url;    // of the blob service, with a final '/'
  std::string container;
  std::string prefix;  // before every path: "" or "/a/b"
};

class AzureBlobs : public DirectAccess {
 public:
  explicit AzureBlobs(AzureAccount account) : account_(std::move(account)) {}

  /// Write one blob; it appears whole.
  /// Errors   of `next`; as object_answer_error() and http::Client::send().
  Result<void> upload(const Path& path, const NextPiece& next) const;

  Result<PartedUpload> create_upload(const Path& path, int64_t n_parts) const override;
  Result<void> complete_upload(const Path& path, std::string_view upload_id,
                               const std::vector<UploadedPart>& parts) const override;
  /// Nothing to do: Azure drops blocks that no list names after a week.
  Result<void> abort_upload(const Path& path, std::string_view upload_id) const override;
  Result<SignedAddress> download_address(const Path& path, int64_t seconds) const override;
  Result<SignedAddress> upload_address(const Path& path, int64_t seconds) const override;

 private:
  std::string blob(const Path& path) const;
  /// The path and query of a blob's address that allows `permissions` on it.
  Result<std::string> target(const Path& path, std::string_view permissions, int64_t seconds,
                             std::string_view more_query, std::string_view disposition) const;
  Result<std::string> address(const Path& path, std::string_view permissions, int64_t seconds,
                              std::string_view more_query, std::string_view disposition) const;
  Result<void> put(const Path& path, std::string_view query, http::Headers headers,
                   std::string body) const;
  Result<void> put_block_list(const Path& path, const std::vector<std::string>& blocks) const;

  AzureAccount account_;
};

}  // namespace slipway::files
