#include "backup/backup.h"

#include "cli/command_list.h"
#include "db/address.h"

namespace slipway::cli {
namespace {

Json report_json(const std::filesystem::path& folder, const backup::Manifest& manifest) {
  uint64_t n_bytes = 0;
  for (const auto& [path, file] : manifest.artifacts) n_bytes += file.size_bytes;
  JsonObject tables;
  for (const auto& [name, n_rows] : manifest.tables) tables[name] = n_rows;
  return JsonObject{{"backup", folder.string()},
                    {"tables", tables},
                    {"artifacts", manifest.artifacts.size()},
                    {"artifact_bytes", n_bytes}};
}

std::string summary(const backup::Manifest& manifest) {
  if (manifest.database_sha256.empty()) {
    return fmt::format("{} artifacts, no database", grouped(manifest.artifacts.size()));
  }
  const auto runs = manifest.tables.find("runs");
  const auto n_runs = runs == manifest.tables.end() ? 0 : static_cast<uint64_t>(runs->second);
  return fmt::format("{} runs, {} artifacts", grouped(n_runs), grouped(manifest.artifacts.size()));
}

}  // namespace

Result<int> backup_folder(Invocation& call) {
  std::string to;
  std::string data_dir = "slipway-data";
  std::string db = "embedded";
  std::string artifacts;
  int64_t n_kept = 0;
  Format format = Format::table;
  Flags flags(call);
  flags.positional(to, "TO", "Folder that gets a folder for each backup");
  flags.text(data_dir, "--data-dir", "Folder of the server, which may run");
  flags.text(db, "--db", "As of `server`; of a PostgreSQL database only the artifacts are copied");
  flags.text(artifacts, "--artifacts", "Folder of the artifacts, as of `server`");
  flags.integer(n_kept, "--keep", "Backups to keep; older ones go, 0 keeps all", 0, 100'000);
  flags.format(format);
  TRY(flags.parse());
  if (artifacts.find("://") != artifacts.npos) {
    return fail(Code::not_implemented,
                "artifacts in an object store are backed up by the store itself, such as by "
                "versions of its bucket; leave --artifacts out to copy the database alone");
  }
  const bool apart = db::names_a_server(db);
  const auto included = apart ? backup::Database::left_out : backup::Database::included;
  const auto report = TRY(backup::make_backup({data_dir, artifacts, included, n_kept}, to));
  if (format == Format::json) {
    print(report_json(report.folder, report.manifest));
    return 0;
  }
  print_line(fmt::format("{}: {} ({} unchanged since the last backup)", report.folder.string(),
                         summary(report.manifest), report.n_linked));
  if (apart) print_line("the database is not part of it: copy it by pg_dump before this");
  if (report.n_removed > 0) print_line(fmt::format("removed {} older ones", report.n_removed));
  return 0;
}

Result<int> restore_folder(Invocation& call) {
  std::string from;
  std::string data_dir;
  Format format = Format::table;
  Flags flags(call);
  flags.positional(from, "FROM", "A backup, or the folder of several: then the newest");
  flags.text(data_dir, "--data-dir", "Folder to put it into: a new or an empty one",
             Need::required);
  flags.format(format);
  TRY(flags.parse());
  const auto report = TRY(backup::restore_backup(from, data_dir));
  if (format == Format::json) {
    print(report_json(report.folder, report.manifest));
    return 0;
  }
  print_line(fmt::format("{}: {}, all checked, are in {}", report.folder.string(),
                         summary(report.manifest), data_dir));
  return 0;
}

}  // namespace slipway::cli
