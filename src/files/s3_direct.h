// files/s3_direct.h — an S3 bucket by its REST interface: writing objects, signed addresses.
#pragma once
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "files/aws_signature.h"
#include "files/direct_access.h"
#include "files/object_store.h"
#include "http/client.h"
#include "http/message.h"

namespace slipway::files {

/// Where a bucket answers.
struct S3Address {
  std::string scheme;  // http or https
  std::string host;    // with its port where that is not the scheme's own
  std::string path;    // before every key: "" or "/BUCKET"
  std::string region;
  std::string title;  // for messages, such as s3://bucket
};

class S3Direct : public DirectAccess {
 public:
  /// prefix       before every path: "" or "/a/b"
  /// credentials  asked at every signature, since they may be lent for hours only
  S3Direct(S3Address address, std::string prefix, std::function<AwsCredentials()> credentials);

  /// Write one object; it appears whole, and after an error not at all: Arrow's stream completes an
  /// upload of which a part failed when it cannot abort it, and leaves its parts when its last one
  /// fails. What the store stumbles over is tried three times.
  /// Errors   of `next`; as object_answer_error() and http::Client::send().
  Result<void> upload(const Path& path, const NextPiece& next) const;

  Result<PartedUpload> create_upload(const Path& path, int64_t n_parts) const override;
  Result<void> complete_upload(const Path& path, std::string_view upload_id,
                               const std::vector<UploadedPart>& parts) const override;
  Result<void> abort_upload(const Path& path, std::string_view upload_id) const override;
  Result<SignedAddress> download_address(const Path& path, int64_t seconds) const override;
  Result<SignedAddress> upload_address(const Path& path, int64_t seconds) const override;

 private:
  using Query = std::vector<std::pair<std::string, std::string>>;
  AwsRequest request(std::string_view method, const Path& path, Query query) const;
  std::string sign(const AwsRequest& request, int64_t seconds) const;
  Result<std::unique_ptr<http::Client>> connect() const;
  Result<http::Response> call(http::Client& client, std::string_view method, const Path& path,
                              const Query& query, std::string body) const;
  Error refusal(const http::Response& answer, const Path& path) const;
  Result<std::string> call_once(std::string_view method, const Path& path, const Query& query,
                                std::string body) const;
  Result<void> upload_parts(http::Client& client, const Path& path, const std::string& upload_id,
                            std::string first, const NextPiece& next) const;

  S3Address address_;
  std::string prefix_;
  std::function<AwsCredentials()> credentials_;
};

/// Give the text of the first `<name>…</name>` of an XML answer, its entities decoded; "" where
/// there is none.
std::string xml_text(std::string_view xml, std::string_view name);

/// Write text so that XML takes it as text.
std::string xml_escaped(std::string_view text);

}  // namespace slipway::files
