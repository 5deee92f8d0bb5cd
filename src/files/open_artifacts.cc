#include "files/open_artifacts.h"

#include <string>
#include <vector>

#include "base/text.h"
#include "files/azure.h"
#include "files/local_store.h"
#include "files/object_store.h"
#include "files/s3.h"

namespace slipway::files {
namespace {

struct Kind {
  std::string_view scheme;
  Result<ObjectPlace> (*open)(std::string_view uri);
};

constexpr Kind kKinds[] = {{"s3", open_s3},
                           {"abfs", open_azure},
                           {"abfss", open_azure},
                           {"wasb", open_azure},
                           {"wasbs", open_azure}};

// Take the option that is ours, direct=on|off, out of an address.
Result<bool> take_direct(std::string& uri) {
  const auto mark = uri.find('?');
  if (mark == uri.npos) return true;
  bool direct = true;
  std::vector<std::string> kept;
  for (auto& option : split(std::string_view(uri).substr(mark + 1), '&')) {
    if (!option.starts_with("direct=")) {
      kept.push_back(std::move(option));
    } else if (option == "direct=on" || option == "direct=off") {
      direct = option == "direct=on";
    } else {
      return fail(Code::invalid_parameter_value,
                  "--artifacts: '{}'; accepted: direct=on, direct=off", option);
    }
  }
  uri.resize(mark);
  if (!kept.empty()) uri += "?" + join(kept, "&");
  return direct;
}

}  // namespace

Result<std::unique_ptr<ArtifactStore>> open_artifacts(std::string_view where,
                                                      const std::filesystem::path& data_dir) {
  const auto end = where.find("://");
  if (end == where.npos) {
    const auto folder = where.empty() ? data_dir / "artifacts" : std::filesystem::path(where);
    std::unique_ptr<ArtifactStore> store = TRY(LocalStore::open(folder));
    return store;
  }
  for (const auto& kind : kKinds) {
    if (kind.scheme != where.substr(0, end)) continue;
    std::string uri(where);
    const bool direct = TRY(take_direct(uri));
    auto place = TRY(kind.open(uri));
    if (!direct) place.direct.reset();
    std::unique_ptr<ArtifactStore> store = TRY(ObjectStore::open(
        std::move(place), data_dir / "artifact-spool", data_dir / "artifact-cache"));
    return store;
  }
  return fail(Code::invalid_parameter_value,
              "--artifacts: '{}' is no kind of store; accepted: a folder, s3://, abfs://, wasbs://",
              where.substr(0, end));
}

}  // namespace slipway::files
