#include "files/s3.h"

#include <arrow/filesystem/s3fs.h>

#include <cstdlib>
#include <memory>
#include <string>

#include "base/guarded.h"
#include "files/object_error.h"
#include "files/s3_direct.h"

namespace slipway::files {
namespace {

// The library is the process's: it runs from the first store to the end of the last, once. It must
// end before the process does, or it crashes there.
class S3Library {
 public:
  static Result<std::shared_ptr<const S3Library>> start() {
    static Guarded<std::weak_ptr<const S3Library>> running;
    return running.with([](auto& library) -> Result<std::shared_ptr<const S3Library>> {
      if (auto found = library.lock()) return found;
      auto options = arrow::fs::S3GlobalOptions::Defaults();
      options.install_sigpipe_handler = true;
      const auto started = arrow::fs::InitializeS3(options);
      if (!started.ok()) {
        return fail(Code::internal_error, "S3 cannot start: {}", started.message());
      }
      auto made = std::make_shared<const S3Library>();
      library = made;
      return made;
    });
  }
  S3Library() = default;
  S3Library(const S3Library&) = delete;
  S3Library& operator=(const S3Library&) = delete;
  ~S3Library() { (void)arrow::fs::FinalizeS3(); }
};

std::string environment(const char* name) {
  const auto* value = std::getenv(name);
  return value ? value : "";
}

// Where no region is set, the library would look for one at addresses that clouds alone answer at.
std::string region_of(const arrow::fs::S3Options& options) {
  if (!options.region.empty()) return options.region;
  for (const auto* name : {"AWS_REGION", "AWS_DEFAULT_REGION"}) {
    if (auto region = environment(name); !region.empty()) return region;
  }
  return "us-east-1";
}

// How clients reach the bucket: BUCKET.HOST/key, or HOST/BUCKET/key where HOST is no Amazon's.
S3Address address_of(const arrow::fs::S3Options& options, std::string_view region,
                     const std::string& bucket) {
  S3Address address;
  address.scheme = options.scheme;
  const bool own_host = !options.endpoint_override.empty();
  address.host = own_host ? options.endpoint_override : fmt::format("s3.{}.amazonaws.com", region);
  const bool dotted = bucket.find('.') != bucket.npos;  // no certificate fits such a name
  if ((own_host && !options.force_virtual_addressing) || dotted) {
    address.path = "/" + bucket;
  } else {
    address.host = bucket + "." + address.host;
  }
  address.region = region;
  return address;
}

}  // namespace

Result<ObjectPlace> open_s3(std::string_view uri) {
  const auto library = TRY(S3Library::start());
  std::string base;
  auto options = arrow::fs::S3Options::FromUri(std::string(uri), &base);
  if (!options.ok()) {
    return fail(Code::invalid_parameter_value,
                "--artifacts {}: {}; accepted: s3://BUCKET/PREFIX"
                " and the options region, scheme, endpoint_override",
                uri.substr(0, uri.find('?')), options.status().message());
  }
  if (base.empty()) {
    return fail(Code::invalid_parameter_value, "--artifacts {}: it names no bucket", uri);
  }
  const auto bucket = base.substr(0, base.find('/'));
  options->region = region_of(*options);
  options->background_writes = false;  // its queue has no limit
  options->connect_timeout = 5;
  options->request_timeout =
      60;  // of silence: some stores put large files together before they answer
  options->retry_strategy = arrow::fs::S3RetryStrategy::GetAwsStandardRetryStrategy(3);
  const auto title = "s3://" + bucket;
  const auto files = arrow::fs::S3FileSystem::Make(*options);
  if (!files.ok()) return object_error(files.status(), "open", bucket, title);
  ObjectPlace place;
  place.library = library;
  place.files = *files;
  place.base = base;
  place.title = title;
  const auto kept = (*files)->options();
  auto credentials = [kept] {
    return AwsCredentials{kept.GetAccessKey(), kept.GetSecretKey(), kept.GetSessionToken()};
  };
  auto address = address_of(kept, kept.region, bucket);
  address.title = title;
  const auto direct = std::make_shared<const S3Direct>(
      std::move(address), base.substr(bucket.size()), std::move(credentials));
  place.direct = direct;
  place.upload = [direct](const Path& path, const NextPiece& next) {
    return direct->upload(path, next);
  };
  return place;
}

}  // namespace slipway::files
