#include "files/open_artifacts.h"

#include <string>

#include "files/local_store.h"

namespace slipway::files {

Result<std::unique_ptr<ArtifactStore>> open_artifacts(std::string_view where,
                                                      const std::filesystem::path& data_dir) {
  if (where.find("://") != where.npos) {
    return fail(Code::not_implemented, "--artifacts {}: only a local folder can be used yet",
                where);
  }
  const auto folder = where.empty() ? data_dir / "artifacts" : std::filesystem::path(where);
  std::unique_ptr<ArtifactStore> store = TRY(LocalStore::open(folder));
  return store;
}

}  // namespace slipway::files
