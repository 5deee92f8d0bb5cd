#include "client/artifacts.h"

#include <filesystem>

#include "cli/command_list.h"
#include "cli/connect.h"

namespace slipway::cli {

Result<int> artifacts_list(Invocation& call) {
  std::string of;
  std::string path;
  Format format = Format::table;
  Flags flags(call);
  flags.positional(of, "OF", "Id of a run, or an address such as models:/NAME/VERSION");
  flags.positional(path, "PATH", "Folder among a run's artifacts [the top]", Need::optional);
  auto server = TRY(connect(flags, format));
  const bool is_address = of.find(":/") != of.npos;
  if (is_address && !path.empty()) {
    return flags.reject(fmt::format("the folder belongs into the address: {}/{}", of, path));
  }
  const auto files =
      TRY(is_address ? client::list_files(server, of) : client::list_artifacts(server, of, path));
  Listing listing{{{"path"}, {"kind"}, {"bytes", true}}, {}};
  for (const auto& file : files) {
    listing.rows.push_back({file.path, file.is_dir ? "folder" : "file",
                            file.is_dir ? "" : std::to_string(file.size_bytes)});
  }
  print(listing, format);
  return 0;
}

Result<int> artifacts_download(Invocation& call) {
  std::string uri;
  std::string folder;
  Flags flags(call);
  flags.positional(uri, "ADDRESS", "runs:/RUN_ID, runs:/RUN_ID/PATH or models:/NAME/STAGE");
  flags.positional(folder, "FOLDER", "Where to put the files");
  auto server = TRY(connect(flags));
  TRY(client::download(server, uri, folder));
  print_line("written to " + folder);
  return 0;
}

Result<int> artifacts_upload(Invocation& call) {
  std::string run_id;
  std::string from;
  std::string path;
  Flags flags(call);
  flags.positional(run_id, "RUN_ID", "Id of the run");
  flags.positional(from, "FILE", "A file, or a folder with all in it");
  flags.positional(path, "PATH", "Folder among the run's artifacts [the top]", Need::optional);
  auto server = TRY(connect(flags));
  TRY(client::upload(server, run_id, from, path));
  return 0;
}

Result<int> artifacts_delete(Invocation& call) {
  std::string run_id;
  std::string path;
  Flags flags(call);
  flags.positional(run_id, "RUN_ID", "Id of the run");
  flags.positional(path, "PATH", "A file among its artifacts, or a folder with all in it");
  auto server = TRY(connect(flags));
  TRY(client::delete_artifact(server, run_id, path));
  return 0;
}

}  // namespace slipway::cli
