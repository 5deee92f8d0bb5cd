#include "intake/artifacts.h"

#include "base/file.h"
#include "base/id.h"
#include "base/log.h"
#include "base/text.h"

namespace slipway::intake {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kProxied = "mlflow-artifacts:";
constexpr std::string_view kFile = "file:";

bool is_local(std::string_view uri) { return uri.starts_with(kFile) || uri.find(':') == uri.npos; }

// The path within mlflow-artifacts:, without the host that an address may name.
std::string proxied_path(std::string_view uri) {
  auto path = uri.substr(kProxied.size());
  if (path.starts_with("//")) {
    path.remove_prefix(2);
    path.remove_prefix(std::min(path.find('/'), path.size()));
  }
  while (path.starts_with('/')) path.remove_prefix(1);
  return std::string(path);
}

fs::path local_path(std::string_view uri) {
  if (!uri.starts_with(kFile)) return uri;
  uri.remove_prefix(kFile.size());
  while (uri.starts_with("//")) uri.remove_prefix(1);
  return percent_decode(uri).value_or(std::string(uri));
}

}  // namespace

std::string address_from_now_on(const std::string& uri, const std::string& own) {
  if (uri.starts_with(kProxied)) return "mlflow-artifacts:/" + proxied_path(uri);
  return is_local(uri) ? "mlflow-artifacts:/" + own : uri;
}

Result<std::string> ArtifactTaker::take(const std::string& uri, const std::string& own) {
  const auto address = address_from_now_on(uri, own);
  if (uri.starts_with(kProxied)) {
    if (root_.empty()) {
      counts_.n_unreachable += 1;
    } else {
      const auto path = proxied_path(uri);
      TRY(copy_folder(root_ / path, path));
    }
  } else if (is_local(uri)) {
    const auto folder = local_path(uri);
    // a run without files has no folder; where even the experiment has none, it is elsewhere
    const bool is_here = fs::exists(folder) || fs::exists(folder.parent_path().parent_path());
    counts_.n_unreachable += is_here ? 0 : 1;
    TRY(copy_folder(folder, own));
  } else {
    counts_.n_elsewhere += 1;
  }
  return address;
}

Result<void> ArtifactTaker::copy_folder(const fs::path& from, std::string_view to) {
  std::error_code error;
  if (!fs::is_directory(from, error)) return {};
  fs::recursive_directory_iterator entries(from, error);
  for (; !error && entries != fs::recursive_directory_iterator(); entries.increment(error)) {
    if (entries->is_symlink() || !entries->is_regular_file()) continue;
    counts_.n_source_files += 1;
    const auto below = entries->path().lexically_relative(from).generic_string();
    const auto path = files::Path::parse(std::string(to) + "/" + below);
    if (path.ok()) {
      TRY(copy_file(entries->path(), *path));
    } else {
      log(Level::warning, "'{}' was not copied: {}", entries->path().string(),
          path.error().message);
    }
  }
  if (error) return errno_error(error.value(), "listing", from);
  return {};
}

Result<void> ArtifactTaker::copy_file(const fs::path& from, const files::Path& to) {
  std::error_code error;
  const auto size = fs::file_size(from, error);
  if (error) return errno_error(error.value(), "reading", from);
  const auto held = store_.read(to);
  if (!held.ok() || held->size_bytes != size) {
    const auto spooled = store_.spool_folder() / ("import-" + random_hex(8));
    fs::copy_file(from, spooled, error);
    if (error) return errno_error(error.value(), "copying", from);
    TRY(store_.put_file(to, spooled));
    fs::remove(spooled, error);
  }
  counts_.n_files += 1;
  counts_.n_bytes += size;
  return {};
}

}  // namespace slipway::intake
