// intake/meta_file.h — the small files of an mlruns folder: meta.yaml, and one value a file.
#pragma once
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "store/values.h"

namespace slipway::intake {

/// The plain members of a meta.yaml, and those of its member `tags` as `tags/KEY`.
class MetaFile {
 public:
  /// Errors   as read_file; data_loss: it is no YAML mapping.
  static Result<MetaFile> read(const std::filesystem::path& path);

  /// A member's text; "" where it is missing or null.
  std::string text(std::string_view name) const;
  std::optional<std::string> maybe_text(std::string_view name) const;
  int64_t integer(std::string_view name) const;
  std::optional<int64_t> maybe_integer(std::string_view name) const;
  std::vector<store::Tag> tags() const;

 private:
  std::map<std::string, std::string, std::less<>> members_;
};

/// The folders in a folder, by name; none where it is missing.
std::vector<std::filesystem::path> folders_in(const std::filesystem::path& folder);

/// The files in a folder and below, as (path below it with '/', where), by name: a metric named
/// `a/b` is the file `b` in the folder `a`.
std::vector<std::pair<std::string, std::filesystem::path>> files_below(
    const std::filesystem::path& folder);

/// One key and value a file, as tags and params are kept. Errors as read_file.
Result<std::vector<store::Tag>> values_in(const std::filesystem::path& folder);

}  // namespace slipway::intake
