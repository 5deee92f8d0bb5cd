#include "models/folder.h"

#include <algorithm>

#include "base/file.h"

namespace slipway::models {

namespace fs = std::filesystem;

Result<std::string> read_model_file(const fs::path& folder, std::string_view path,
                                    size_t max_bytes) {
  const auto outside = [&] {
    return fail(Code::invalid_parameter_value, "model file '{}' lies outside the model's folder",
                path);
  };
  const fs::path relative{path};
  const bool climbs = std::ranges::find(relative, "..") != relative.end();
  if (path.empty() || path.find('\0') != path.npos || relative.is_absolute() || climbs) {
    return outside();
  }
  std::error_code error;
  const fs::path root = fs::canonical(folder, error);
  if (error) return errno_error(error.value(), "open", folder);
  const fs::path real = fs::canonical(root / relative, error);
  if (error) return errno_error(error.value(), "open", root / relative);
  const auto [end, rest] = std::ranges::mismatch(root, real);
  if (end != root.end()) return outside();
  if (!fs::is_regular_file(real, error)) {  // a pipe would be waited for
    return fail(Code::invalid_parameter_value, "model file '{}' is not a file", path);
  }
  return read_file(real, max_bytes);
}

Result<std::map<std::string, std::string>> read_model_files(const fs::path& folder,
                                                            std::string_view path,
                                                            size_t max_bytes) {
  constexpr size_t kMaxFiles = 100'000;
  const fs::path root = folder / fs::path{path};
  std::map<std::string, std::string> files;
  std::error_code error;
  fs::recursive_directory_iterator entry(root, error);
  for (; !error && entry != fs::recursive_directory_iterator(); entry.increment(error)) {
    if (entry.depth() > 64) return fail(Code::invalid_parameter_value, "folders too deep");
    const auto name = entry->path().filename().string();
    if (name.starts_with('.') || !entry->is_regular_file()) continue;
    const auto relative = fs::relative(entry->path(), folder, error).generic_string();
    auto bytes = TRY(read_model_file(folder, relative, max_bytes));
    max_bytes -= std::min(max_bytes, bytes.size());
    files.emplace(entry->path().lexically_relative(root).generic_string(), std::move(bytes));
    if (files.size() > kMaxFiles) {
      return fail(Code::invalid_parameter_value, "more than {} files in '{}'", kMaxFiles, path);
    }
  }
  if (error) return errno_error(error.value(), "read", root);
  return files;
}

}  // namespace slipway::models
