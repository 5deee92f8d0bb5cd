#include "intake/meta_file.h"

#include <yaml-cpp/yaml.h>

#include <algorithm>

#include "base/file.h"
#include "base/text.h"

namespace slipway::intake {

namespace fs = std::filesystem;

Result<MetaFile> MetaFile::read(const fs::path& path) {
  const auto bytes = TRY(read_file(path));
  MetaFile out;
  try {
    const auto root = YAML::Load(bytes);
    if (!root.IsMap()) return fail(Code::data_loss, "'{}' is no YAML mapping", path.string());
    for (const auto& member : root) {
      const auto name = member.first.as<std::string>();
      if (member.second.IsScalar()) out.members_[name] = member.second.as<std::string>();
      if (name != "tags" || !member.second.IsMap()) continue;
      for (const auto& tag : member.second) {
        out.members_["tags/" + tag.first.as<std::string>()] = tag.second.as<std::string>();
      }
    }
  } catch (const YAML::Exception& error) {
    return fail(Code::data_loss, "'{}' cannot be read: {}", path.string(), error.what());
  }
  return out;
}

std::optional<std::string> MetaFile::maybe_text(std::string_view name) const {
  const auto found = members_.find(name);
  if (found == members_.end()) return std::nullopt;
  return found->second;
}

std::string MetaFile::text(std::string_view name) const { return maybe_text(name).value_or(""); }

std::optional<int64_t> MetaFile::maybe_integer(std::string_view name) const {
  return to_integer(text(name));
}

int64_t MetaFile::integer(std::string_view name) const { return maybe_integer(name).value_or(0); }

std::vector<store::Tag> MetaFile::tags() const {
  std::vector<store::Tag> out;
  for (const auto& [name, value] : members_) {
    if (name.starts_with("tags/")) out.push_back({name.substr(5), value});
  }
  return out;
}

std::vector<fs::path> folders_in(const fs::path& folder) {
  std::vector<fs::path> out;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    if (entry.is_directory(error)) out.push_back(entry.path());
  }
  std::sort(out.begin(), out.end());
  return out;
}

std::vector<std::pair<std::string, fs::path>> files_below(const fs::path& folder) {
  std::vector<std::pair<std::string, fs::path>> out;
  std::error_code error;
  for (const auto& entry : fs::recursive_directory_iterator(folder, error)) {
    if (!entry.is_regular_file(error)) continue;
    out.emplace_back(entry.path().lexically_relative(folder).generic_string(), entry.path());
  }
  std::sort(out.begin(), out.end());
  return out;
}

Result<std::vector<store::Tag>> values_in(const fs::path& folder) {
  std::vector<store::Tag> out;
  for (const auto& [key, path] : files_below(folder)) {
    std::string value = TRY(read_file(path));
    out.push_back({key, std::move(value)});
  }
  return out;
}

}  // namespace slipway::intake
