// files/direct_access.h — signed addresses by which clients reach an object store themselves.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "files/path.h"

namespace slipway::files {

/// An address that anyone may use until it expires, and the headers they must send with it.
struct SignedAddress {
  std::string url;
  std::vector<std::pair<std::string, std::string>> headers;
};

/// An upload in parts: part n (from 1) goes to parts[n - 1] by PUT.
struct PartedUpload {
  std::string upload_id;
  std::vector<SignedAddress> parts;
};

/// One part as the client uploaded it. `etag` is what the store answered to its PUT.
struct UploadedPart {
  int64_t number = 0;  // from 1
  std::string etag;
  std::string url;
};

/// Lets clients move bytes to and from an object store without passing them through the server. The
/// caller has checked the paths and what the client may do. Safe from any thread.
class DirectAccess {
 public:
  virtual ~DirectAccess() = default;

  /// Begin an upload; nothing shows at `path` before complete_upload().
  /// Errors   invalid_parameter_value: too few or many parts, or the path is the root;
  ///          permission_denied, temporarily_unavailable: the store refuses or does not answer.
  virtual Result<PartedUpload> create_upload(const Path& path, int64_t n_parts) const = 0;

  /// Make the file of its parts, in the order of their numbers. Errors also
  /// resource_does_not_exist: no such upload.
  virtual Result<void> complete_upload(const Path& path, std::string_view upload_id,
                                       const std::vector<UploadedPart>& parts) const = 0;

  /// Forget an upload and its parts.
  virtual Result<void> abort_upload(const Path& path, std::string_view upload_id) const = 0;

  /// Sign a GET that works for `seconds`; it is not checked that the file is there.
  virtual Result<SignedAddress> download_address(const Path& path, int64_t seconds) const = 0;

  /// Sign a PUT of the whole file that works for `seconds`.
  virtual Result<SignedAddress> upload_address(const Path& path, int64_t seconds) const = 0;
};

/// Check what create_upload() is asked for. Errors as there.
Result<void> check_upload(const Path& path, int64_t n_parts, int64_t max_parts);

}  // namespace slipway::files
