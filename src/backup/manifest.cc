#include "backup/manifest.h"

#include "base/file.h"
#include "base/id.h"
#include "base/json.h"
#include "base/text.h"

namespace slipway::backup {
namespace {

constexpr int64_t kVersion = 1;
constexpr const char* kHead = "backup.json";
constexpr const char* kArtifacts = "artifacts.jsonl";

std::string artifact_lines(const Manifest& manifest) {
  std::string out;
  for (const auto& [path, file] : manifest.artifacts) {
    out += to_text(JsonObject{{"path", path},
                              {"size", file.size_bytes},
                              {"modified_ns", file.modified_ns},
                              {"sha256", file.sha256}});
    out += '\n';
  }
  return out;
}

}  // namespace

Result<void> write_manifest(const Manifest& manifest, const std::filesystem::path& folder) {
  const auto lines = artifact_lines(manifest);
  TRY(write_file(folder / kArtifacts, lines));
  JsonObject tables;
  for (const auto& [name, n_rows] : manifest.tables) tables[name] = n_rows;
  const Json head = JsonObject{{"version", kVersion},
                               {"time_ms", manifest.time_ms},
                               {"database_sha256", manifest.database_sha256},
                               {"tables", tables},
                               {"secrets_key_sha256", manifest.secrets_key_sha256},
                               {"n_artifacts", manifest.artifacts.size()},
                               {"artifacts_sha256", sha256_hex(lines)}};
  return write_file(folder / kHead, to_pretty_text(head) + "\n");
}

Result<Manifest> read_manifest(const std::filesystem::path& folder) {
  if (folder.filename().string().ends_with(".partial") ||
      !std::filesystem::exists(folder / kHead)) {
    return fail(Code::resource_does_not_exist,
                "'{}' is no whole backup: it has no backup.json, or was never finished",
                folder.string());
  }
  const auto bytes = TRY(read_file(folder / kHead));
  const auto head = TRY(parse_json(bytes));
  const auto version = TRY(integer_member(head, "version"));
  if (version > kVersion) {
    return fail(Code::not_implemented, "'{}' has version {}; this program reads up to {}",
                folder.string(), version, kVersion);
  }
  Manifest manifest;
  manifest.time_ms = TRY(integer_member(head, "time_ms"));
  manifest.database_sha256 = TRY(text_member(head, "database_sha256"));
  if (const auto* digest = find(head, "secrets_key_sha256"); digest && digest->is_string()) {
    manifest.secrets_key_sha256 = digest->get_string().c_str();
  }
  if (const auto* tables = find(head, "tables"); tables && tables->is_object()) {
    for (const auto& [name, n_rows] : tables->get_object()) {
      if (n_rows.is_int64()) manifest.tables[std::string(name)] = n_rows.get_int64();
    }
  }
  const auto lines = TRY(read_file(folder / kArtifacts));
  const auto digest = TRY(text_member(head, "artifacts_sha256"));
  if (sha256_hex(lines) != digest) {
    return fail(Code::data_loss, "'{}' is damaged: its checksum differs",
                (folder / kArtifacts).string());
  }
  for (const auto& line : split(lines, '\n')) {
    if (line.empty()) continue;
    const auto row = TRY(parse_json(line));
    auto path = TRY(text_member(row, "path"));
    BackedUpFile file;
    const auto size = TRY(integer_member(row, "size"));
    file.size_bytes = static_cast<uint64_t>(size);
    file.modified_ns = TRY(integer_member(row, "modified_ns"));
    file.sha256 = TRY(text_member(row, "sha256"));
    manifest.artifacts.emplace(std::move(path), std::move(file));
  }
  return manifest;
}

}  // namespace slipway::backup
