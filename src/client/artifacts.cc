#include "client/artifacts.h"

#include <algorithm>

#include "base/file.h"
#include "base/text.h"
#include "client/fields.h"
#include "client/logged_models.h"
#include "client/registry.h"
#include "client/tracking.h"

namespace slipway::client {
namespace {

namespace fs = std::filesystem;
constexpr std::string_view kScheme = "mlflow-artifacts:";
constexpr std::string_view kProxy = "/api/2.0/mlflow-artifacts/artifacts";
constexpr std::string_view kFileForms =
    "accepted: runs:/RUN_ID, runs:/RUN_ID/PATH, models:/NAME/VERSION, models:/NAME/STAGE, "
    "models:/NAME@ALIAS, models:/m-ID, and each of models:/ with /PATH behind it";
constexpr std::string_view kForms =
    "accepted: models:/NAME/VERSION, models:/NAME/STAGE, models:/NAME@ALIAS, "
    "models:/NAME/latest, models:/m-ID, runs:/RUN_ID/PATH, or a folder";

// The path behind the server's artifact proxy that an artifact address names.
Result<std::string> proxied_path(std::string_view uri) {
  if (!uri.starts_with(kScheme)) {
    return fail(Code::not_implemented,
                "the files are at '{}', not behind this server ({}/…): fetch them from there", uri,
                kScheme);
  }
  auto path = uri.substr(kScheme.size());
  while (path.starts_with('/')) path.remove_prefix(1);
  return std::string(path);
}

std::string below(std::string_view folder, std::string_view name) {
  if (folder.empty() || name.empty()) return std::string(folder) + std::string(name);
  return fmt::format("{}/{}", folder, name);
}

std::string proxy_route(std::string_view path) {
  return fmt::format("{}/{}", kProxy, percent_encode(path, Slash::keep));
}

// A name that a server sent may not lead out of the folder it is written to.
Result<void> require_plain(std::string_view name) {
  const bool plain = !name.empty() && name != "." && name != ".." &&
                     name.find_first_of(std::string_view("/\\\0", 3)) == name.npos;
  if (plain) return {};
  return fail(Code::data_loss, "the server lists a file with the name '{}'", name);
}

Result<size_t> download_folder(Server& server, const std::string& path, const fs::path& to) {
  const auto listing = TRY(server.get(kProxy, {{"path", path}}));
  size_t n_files = 0;
  for (const auto& item : items(listing, "files")) {
    const auto name = text_or(item, "path");
    TRY(require_plain(name));
    if (is_true(item, "is_dir")) {
      TRY(make_folder(to / name));
      const auto n_below = TRY(download_folder(server, below(path, name), to / name));
      n_files += n_below;
      continue;
    }
    TRY(server.get_file(proxy_route(below(path, name)), to / name));
    ++n_files;
  }
  return n_files;
}

// The artifact address behind a runs:/ or models:/ one.
Result<std::string> model_artifact_uri(Server& server, const ModelUri& uri) {
  if (uri.kind == ModelUri::Kind::run) {
    const auto run = TRY(get_run(server, uri.name));
    return below(run.artifact_uri, uri.place);
  }
  if (uri.kind == ModelUri::Kind::logged) {
    const auto model = TRY(get_logged_model(server, uri.name));
    return model.artifact_uri;
  }
  std::string version = uri.place;
  if (uri.kind == ModelUri::Kind::alias) {
    const auto named = TRY(version_by_alias(server, uri.name, uri.place));
    version = named.version;
  } else if (uri.kind == ModelUri::Kind::stage) {
    const auto newest = TRY(newest_version(server, uri.name, uri.place));
    version = newest.version;
  }
  return download_uri(server, uri.name, version);
}

bool is_logged_model(std::string_view name) {
  return name.size() == 34 && name.starts_with("m-") &&
         name.find_first_not_of("0123456789abcdef", 2) == name.npos;
}

// Where `models:/…` ends and a path inside the model begins: at the end where there is no path.
size_t end_of_model(std::string_view uri, size_t name_at) {
  const auto slash = uri.find('/', name_at);
  const auto name = uri.substr(name_at, slash - name_at);
  const bool is_whole = name.find('@') != name.npos || is_logged_model(name);
  return is_whole || slash == uri.npos ? slash : uri.find('/', slash + 1);
}

// The path behind the server's artifact proxy of what a runs:/ or models:/ address names.
Result<std::string> path_of_files(Server& server, std::string_view uri) {
  const auto colon = uri.find(":/");
  const auto scheme = uri.substr(0, colon == uri.npos ? 0 : colon);
  const auto name_at = uri.find_first_not_of('/', colon == uri.npos ? 0 : colon + 1);
  if ((scheme != "runs" && scheme != "models") || name_at == uri.npos) {
    return fail(Code::invalid_parameter_value, "'{}' is no address of files on a server; {}", uri,
                kFileForms);
  }
  const bool is_run = scheme == "runs";
  const auto end = is_run ? uri.find('/', name_at) : end_of_model(uri, name_at);
  const auto inside = end == uri.npos ? std::string_view() : uri.substr(end + 1);
  std::string address;
  if (is_run) {
    const auto run = TRY(get_run(server, uri.substr(name_at, end - name_at)));
    address = run.artifact_uri;
  } else {
    const auto model = TRY(parse_model_uri(uri.substr(0, end)));
    address = TRY(model_artifact_uri(server, model));
  }
  const auto path = TRY(proxied_path(address));
  return below(path, inside);
}

std::vector<FileInfo> files_of(const Json& answer) {
  std::vector<FileInfo> files;
  for (const auto& item : items(answer, "files")) {
    files.push_back(
        {text_or(item, "path"), is_true(item, "is_dir"), integer_or(item, "file_size")});
  }
  return files;
}

}  // namespace

Result<std::vector<FileInfo>> list_artifacts(Server& server, std::string_view run_id,
                                             std::string_view path) {
  Query query{{"run_id", std::string(run_id)}};
  if (!path.empty()) query.emplace_back("path", path);
  const auto got = TRY(server.get("/api/2.0/mlflow/artifacts/list", query));
  return files_of(got);
}

Result<std::vector<FileInfo>> list_files(Server& server, std::string_view uri) {
  const auto path = TRY(path_of_files(server, uri));
  const auto got = TRY(server.get(kProxy, {{"path", path}}));
  return files_of(got);
}

Result<void> delete_artifact(Server& server, std::string_view run_id, std::string_view path) {
  while (path.ends_with('/')) path.remove_suffix(1);
  const auto run = TRY(get_run(server, run_id));
  const auto root = TRY(proxied_path(run.artifact_uri));
  // the server deletes what is not there without a word
  const auto slash = path.rfind('/');
  const auto folder = slash == path.npos ? std::string_view() : path.substr(0, slash);
  const auto beside = TRY(list_artifacts(server, run_id, folder));
  const bool there = std::ranges::any_of(beside, [&](const auto& it) { return it.path == path; });
  if (!there) {
    return fail(Code::resource_does_not_exist, "the run '{}' has no artifact '{}'", run_id, path);
  }
  TRY(server.send("DELETE", proxy_route(below(root, path)), JsonObject()));
  return {};
}

Result<void> upload(Server& server, std::string_view run_id, const fs::path& from,
                    std::string_view path) {
  const auto run = TRY(get_run(server, run_id));
  return upload_to(server, run.artifact_uri, from, path);
}

Result<void> upload_to(Server& server, std::string_view artifact_uri, const fs::path& from,
                       std::string_view path) {
  const auto root = TRY(proxied_path(artifact_uri));
  const auto target = below(root, path);
  std::error_code error;
  if (!fs::is_directory(from, error)) {
    if (!fs::exists(from, error)) return errno_error(ENOENT, "upload", from);
    return server.put_file(proxy_route(below(target, from.filename().string())), from);
  }
  std::vector<fs::path> files;
  for (fs::recursive_directory_iterator each(from, error), end; !error && each != end;
       each.increment(error)) {
    if (each->is_regular_file(error)) files.push_back(each->path());
  }
  if (error) return errno_error(error.value(), "read the folder", from);
  std::ranges::sort(files);
  for (const auto& file : files) {
    const auto name = file.lexically_relative(from).generic_string();
    TRY(server.put_file(proxy_route(below(target, name)), file));
  }
  return {};
}

Result<void> download_file(Server& server, std::string_view run_id, std::string_view path,
                           const fs::path& to) {
  const auto run = TRY(get_run(server, run_id));
  const auto root = TRY(proxied_path(run.artifact_uri));
  return server.get_file(proxy_route(below(root, path)), to);
}

Result<ModelUri> parse_model_uri(std::string_view uri) {
  const auto wrong = [&] {
    return fail(Code::invalid_parameter_value, "'{}' is no address of a model; {}", uri, kForms);
  };
  const auto colon = uri.find(":/");
  if (colon == uri.npos) return ModelUri{ModelUri::Kind::folder, std::string(uri), ""};
  auto rest = uri.substr(colon + 2);
  while (rest.starts_with('/')) rest.remove_prefix(1);
  const auto scheme = uri.substr(0, colon);
  const auto slash = rest.find('/');
  if (scheme == "runs") {
    if (slash == rest.npos || slash == 0 || slash + 1 == rest.size()) return wrong();
    return ModelUri{ModelUri::Kind::run, std::string(rest.substr(0, slash)),
                    std::string(rest.substr(slash + 1))};
  }
  if (scheme != "models") return wrong();
  if (slash == rest.npos && rest.starts_with("m-") && rest.find('@') == rest.npos) {
    return ModelUri{ModelUri::Kind::logged, std::string(rest), ""};
  }
  const auto at = rest.find('@');
  if (at != rest.npos) {
    if (at == 0 || at + 1 == rest.size()) return wrong();
    return ModelUri{ModelUri::Kind::alias, std::string(rest.substr(0, at)),
                    std::string(rest.substr(at + 1))};
  }
  if (slash == rest.npos || slash == 0 || slash + 1 == rest.size()) return wrong();
  const auto place = rest.substr(slash + 1);
  const bool digits = place.find_first_not_of("0123456789") == place.npos;
  return ModelUri{digits ? ModelUri::Kind::version : ModelUri::Kind::stage,
                  std::string(rest.substr(0, slash)), std::string(place)};
}

Result<LocalModel> fetch_model(Server& server, std::string_view uri) {
  const auto cut = TRY(parse_model_uri(uri));
  std::error_code ignored;
  if (cut.kind == ModelUri::Kind::folder) {
    if (fs::is_directory(cut.name, ignored)) return LocalModel{cut.name, std::nullopt};
    return errno_error(ENOENT, "find the model folder", cut.name);
  }
  auto fetched = TRY(TemporaryFolder::make());
  TRY(download(server, uri, fetched.path()));
  auto folder = fetched.path();
  return LocalModel{std::move(folder), std::move(fetched)};
}

Result<void> download(Server& server, std::string_view uri, const fs::path& to) {
  const auto path = TRY(path_of_files(server, uri));
  TRY(make_folder(to));
  const auto n_files = TRY(download_folder(server, path, to));
  if (n_files > 0) return {};
  // no folder of that name: then a single file
  return server.get_file(proxy_route(path), to / fs::path(path).filename());
}

}  // namespace slipway::client
