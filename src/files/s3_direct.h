// files/s3_direct.h — clients' own way to an S3 bucket: signed addresses, uploads in parts.
#pragma once
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "files/aws_signature.h"
#include "files/direct_access.h"
#include "http/message.h"

namespace slipway::files {

/// Where a bucket answers.
struct S3Address {
  std::string scheme;  // http or https
  std::string host;    // with its port where that is not the scheme's own
  std::string path;    // before every key: "" or "/BUCKET"
  std::string region;
};

class S3Direct : public DirectAccess {
 public:
  /// prefix       before every path: "" or "/a/b"
  /// credentials  asked at every signature, since they may be lent for hours only
  S3Direct(S3Address address, std::string prefix, std::function<AwsCredentials()> credentials);

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
  Result<std::string> call(std::string_view method, const Path& path, Query query,
                           std::string body) const;

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
