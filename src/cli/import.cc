#include "intake/import.h"

#include <filesystem>

#include "cli/command_list.h"
#include "files/open_artifacts.h"
#include "intake/mlflow_database.h"
#include "intake/mlflow_folder.h"
#include "process/signals.h"

namespace slipway::cli {
namespace {

Result<std::unique_ptr<intake::Source>> open_source(const std::string& from) {
  if (std::filesystem::is_directory(from)) return intake::open_mlflow_folder(from);
  return intake::open_mlflow_database(from);
}

void print_notes(const intake::ImportReport& report) {
  if (report.n_runs_before > 0) {
    print_line(fmt::format("{} runs had been imported before",
                           grouped(static_cast<uint64_t>(report.n_runs_before))));
  }
  for (const auto& [kind, n] : report.left_out) {
    print_line(fmt::format("not imported: {} {}", grouped(static_cast<uint64_t>(n)), kind));
  }
  const auto& artifacts = report.artifacts;
  if (artifacts.n_elsewhere > 0) {
    print_line(fmt::format("{} artifact addresses (s3://… and the like) stay as they are",
                           grouped(static_cast<uint64_t>(artifacts.n_elsewhere))));
  }
  if (report.admins_only) {
    print_line(
        "only admins see what was imported: the same command with --owner USER or --readers "
        "GROUP lets others");
  }
  if (artifacts.n_unreachable > 0) {
    print_line(
        fmt::format("the files of {} artifact addresses cannot be reached from here: name their "
                    "folder with --artifacts-root",
                    grouped(static_cast<uint64_t>(artifacts.n_unreachable))));
  }
}

// An import beside a server of the same folder would write behind its back.
Result<std::unique_ptr<store::Store>> open_store(const std::string& data_dir,
                                                 const std::string& db) {
  auto opened = store::Store::open(data_dir, db);
  if (opened.ok() || opened.error().code != Code::resource_conflict) return opened;
  return fail(
      Code::resource_conflict,
      "{}. Stop it, import, and start it again; only over PostgreSQL (--db) may servers run "
      "meanwhile",
      opened.error().message);
}

}  // namespace

Result<int> import_mlflow(Invocation& call) {
  std::string from;
  std::string data_dir = "slipway-data";
  std::string db = "embedded";
  std::string artifacts_at;
  std::string artifacts_root;
  Format format = Format::table;
  Flags flags(call);
  flags.positional(from, "FROM", "sqlite:///FILE, postgresql://…, or an mlruns folder");
  flags.text(data_dir, "--data-dir",
             "Folder of the Slipway server, which must not run unless --db is PostgreSQL");
  flags.text(db, "--db", "Where that server keeps its database, as of `server`");
  flags.text(artifacts_at, "--artifacts", "Where that server keeps artifacts, as of `server`");
  flags.text(artifacts_root, "--artifacts-root",
             "Folder that mlflow-artifacts:/ stands for: the MLflow server's "
             "--artifacts-destination");
  intake::ImportOptions options;
  flags.text(options.owner, "--owner",
             "User who gets `manage` on all that is imported; else admins alone see it");
  flags.text(options.readers, "--readers", "Group that gets `read` on all that is imported");
  flags.format(format);
  TRY(flags.parse());
  process::install_interrupt();
  const auto source = TRY(open_source(from));
  const auto store = TRY(open_store(data_dir, db));
  const auto artifacts = TRY(files::open_artifacts(artifacts_at, data_dir));
  options.artifacts_root = artifacts_root;
  options.on_progress = [](int64_t, int64_t) { return !process::interrupted(); };
  const Stopwatch watch;
  const auto report = TRY(intake::import_all(*source, *store, *artifacts, options));
  Listing listing{{{"kind"}, {"source", true}, {"here", true}, {"check"}}, {}};
  for (const auto& row : report.rows) {
    listing.rows.push_back({row.kind, std::to_string(row.n_source), std::to_string(row.n_here),
                            row.n_source == row.n_here ? "equal" : "DIFFERENT"});
  }
  print(listing, format);
  if (format == Format::table) {
    print_notes(report);
    print_line(fmt::format("imported in {:.1f} s", watch.seconds()));
  }
  if (report.is_whole()) return 0;
  return fail(Code::data_loss, "the two sides differ: see the rows marked DIFFERENT");
}

}  // namespace slipway::cli
