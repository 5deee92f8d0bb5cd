#include "intake/mlflow_folder.h"

#include <algorithm>
#include <fstream>
#include <limits>

#include "base/text.h"
#include "intake/meta_file.h"

namespace slipway::intake {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kMeta = "meta.yaml";
constexpr std::string_view kTrash = ".trash";
constexpr std::string_view kModels = "models";

store::LifecycleStage stage_of(const MetaFile& meta) {
  return meta.text("lifecycle_stage") == "deleted" ? store::LifecycleStage::deleted
                                                   : store::LifecycleStage::active;
}

bool has_meta(const fs::path& folder) { return fs::exists(folder / kMeta); }

// One line of a metric's file: `TIMESTAMP VALUE [STEP [NAME DIGEST]]`; of a logged model's:
// `TIMESTAMP VALUE STEP RUN_ID [NAME DIGEST]`.
Result<store::Metric> parse_point(const std::string& key, std::string_view line, bool of_model,
                                  const fs::path& path) {
  const auto parts = split(trim(line), ' ');
  const auto time = to_integer(parts[0]);
  const auto value = parts.size() > 1 ? to_number(parts[1]) : std::nullopt;
  const auto step = parts.size() > 2 ? to_integer(parts[2]) : 0;
  if (!time || !value || !step || (of_model && parts.size() < 4)) {
    return fail(Code::data_loss, "'{}' has a line that is no metric point: '{}'", path.string(),
                line);
  }
  store::Metric point;
  point.key = key;
  point.timestamp_ms = *time;
  point.value = *value;
  point.step = *step;
  if (of_model) point.run_id = parts[3];
  const size_t named = of_model ? 4 : 3;
  if (parts.size() == named + 2) {
    point.dataset_name = parts[named];
    point.dataset_digest = parts[named + 1];
  }
  return point;
}

std::vector<store::Param> as_params(std::vector<store::Tag> values) {
  std::vector<store::Param> out;
  for (auto& value : values) out.push_back({std::move(value.key), std::move(value.value)});
  return out;
}

class MlflowFolder : public Source {
 public:
  explicit MlflowFolder(fs::path root) : root_(std::move(root)) {}

  Result<void> experiments(const Each<const store::Experiment&>& each) override;
  Result<void> logged_models(const Each<const SourceModel&>& each) override;
  Result<void> runs(const Each<std::vector<store::ImportedRun>&>& each) override;
  Result<void> points(const std::string& run_id,
                      const Each<const std::vector<store::Metric>&>& each) override;
  Result<void> registered_models(const Each<const SourceRegisteredModel&>& each) override;
  Result<store::ImportCounts> counts() override;
  Result<std::vector<std::pair<std::string, int64_t>>> left_out() override;

 private:
  std::vector<fs::path> experiment_folders() const;
  std::vector<fs::path> run_folders(const fs::path& experiment) const;
  std::vector<fs::path> registry_folders() const;
  Result<store::ImportedRun> read_run(const fs::path& experiment, const fs::path& folder);
  Result<void> read_inputs(const fs::path& experiment, const fs::path& folder, store::Run& run);
  Result<SourceModel> read_model(const fs::path& folder);
  Result<SourceRegisteredModel> read_registered(const fs::path& folder);

  fs::path root_;
  std::map<std::string, fs::path> run_folders_;  // of the page that was handed out last
};

// Deleted ones lie in .trash until MLflow's own gc.
std::vector<fs::path> MlflowFolder::experiment_folders() const {
  std::vector<fs::path> out;
  for (const auto& parent : {root_, root_ / kTrash}) {
    for (const auto& folder : folders_in(parent)) {
      const auto name = folder.filename().string();
      if (name != kTrash && name != kModels && has_meta(folder)) out.push_back(folder);
    }
  }
  return out;
}

std::vector<fs::path> MlflowFolder::run_folders(const fs::path& experiment) const {
  std::vector<fs::path> out;
  for (const auto& folder : folders_in(experiment)) {
    const auto name = folder.filename().string();
    if (name != kModels && name != "datasets" && name != "traces" && has_meta(folder)) {
      out.push_back(folder);
    }
  }
  return out;
}

std::vector<fs::path> MlflowFolder::registry_folders() const {
  std::vector<fs::path> out;
  for (const auto& folder : folders_in(root_ / kModels)) {
    if (has_meta(folder)) out.push_back(folder);
  }
  return out;
}

Result<void> MlflowFolder::experiments(const Each<const store::Experiment&>& each) {
  for (const auto& folder : experiment_folders()) {
    const auto meta = TRY(MetaFile::read(folder / kMeta));
    store::Experiment experiment;
    experiment.experiment_id = meta.text("experiment_id");
    experiment.name = meta.text("name");
    experiment.artifact_location = meta.text("artifact_location");
    experiment.lifecycle_stage = stage_of(meta);
    experiment.creation_time_ms = meta.integer("creation_time");
    experiment.last_update_time_ms = meta.integer("last_update_time");
    experiment.tags = TRY(values_in(folder / "tags"));
    TRY(each(experiment));
  }
  return {};
}

Result<void> MlflowFolder::runs(const Each<std::vector<store::ImportedRun>&>& each) {
  constexpr size_t kPage = 200;
  for (const auto& experiment : experiment_folders()) {
    const auto folders = run_folders(experiment);
    for (size_t first = 0; first < folders.size(); first += kPage) {
      std::vector<store::ImportedRun> page;
      run_folders_.clear();
      for (size_t i = first; i < std::min(folders.size(), first + kPage); ++i) {
        auto imported = TRY(read_run(experiment, folders[i]));
        run_folders_[imported.run.info.run_id] = folders[i];
        page.push_back(std::move(imported));
      }
      TRY(each(page));
    }
  }
  return {};
}

Result<store::ImportedRun> MlflowFolder::read_run(const fs::path& experiment,
                                                  const fs::path& folder) {
  const auto meta = TRY(MetaFile::read(folder / kMeta));
  store::ImportedRun imported;
  auto& info = imported.run.info;
  info.run_id = meta.maybe_text("run_id").value_or(meta.text("run_uuid"));
  info.run_name = meta.text("run_name");
  info.experiment_id = meta.text("experiment_id");
  info.user_id = meta.text("user_id");
  const auto status = meta.integer("status");
  info.status = static_cast<store::RunStatus>(std::clamp<int64_t>(status, 1, 5));
  info.start_time_ms = meta.integer("start_time");
  info.end_time_ms = meta.maybe_integer("end_time");
  info.artifact_uri = meta.text("artifact_uri");
  info.lifecycle_stage = stage_of(meta);
  imported.deleted_time_ms = meta.maybe_integer("deleted_time");
  auto params = TRY(values_in(folder / "params"));
  imported.run.params = as_params(std::move(params));
  imported.run.tags = TRY(values_in(folder / "tags"));
  TRY(read_inputs(experiment, folder, imported.run));
  return imported;
}

Result<void> MlflowFolder::read_inputs(const fs::path& experiment, const fs::path& folder,
                                       store::Run& run) {
  for (const auto& input : folders_in(folder / "inputs")) {
    const auto meta = TRY(MetaFile::read(input / kMeta));
    const auto id = meta.text("source_id");
    if (meta.text("source_type") != "DATASET") {
      run.model_inputs.push_back(id);
      continue;
    }
    const auto dataset = TRY(MetaFile::read(experiment / "datasets" / id / kMeta));
    run.dataset_inputs.push_back(
        {{dataset.text("name"), dataset.text("digest"), dataset.text("source_type"),
          dataset.text("source"), dataset.text("schema"), dataset.text("profile")},
         meta.tags()});
  }
  for (const auto& output : folders_in(folder / "outputs")) {
    const auto meta = TRY(MetaFile::read(output / kMeta));
    run.model_outputs.push_back({meta.text("source_id"), meta.integer("step")});
  }
  return {};
}

Result<void> MlflowFolder::points(const std::string& run_id,
                                  const Each<const std::vector<store::Metric>&>& each) {
  const auto found = run_folders_.find(run_id);
  check(found != run_folders_.end(), "points are asked of a run of the last page");
  std::vector<store::Metric> points;
  for (const auto& [key, path] : files_below(found->second / "metrics")) {
    std::ifstream lines(path);
    for (std::string line; std::getline(lines, line);) {
      if (line.empty()) continue;
      auto point = TRY(parse_point(key, line, false, path));
      points.push_back(std::move(point));
      if (points.size() < kPointsAtOnce) continue;
      TRY(each(points));
      points.clear();
    }
  }
  return points.empty() ? Result<void>() : each(points);
}

Result<void> MlflowFolder::logged_models(const Each<const SourceModel&>& each) {
  for (const auto& experiment : experiment_folders()) {
    for (const auto& folder : folders_in(experiment / kModels)) {
      if (!has_meta(folder)) continue;
      const auto found = TRY(read_model(folder));
      TRY(each(found));
    }
  }
  return {};
}

Result<SourceModel> MlflowFolder::read_model(const fs::path& folder) {
  const auto meta = TRY(MetaFile::read(folder / kMeta));
  SourceModel found;
  found.stage = stage_of(meta);
  auto& model = found.model;
  model.model_id = meta.text("model_id");
  model.experiment_id = meta.text("experiment_id");
  model.name = meta.text("name");
  model.artifact_uri = meta.text("artifact_location");
  model.creation_timestamp_ms = meta.integer("creation_timestamp");
  model.last_updated_timestamp_ms = meta.integer("last_updated_timestamp");
  model.status = static_cast<store::LoggedModelStatus>(meta.integer("status"));
  model.status_message = meta.text("status_message");
  model.model_type = meta.text("model_type");
  model.source_run_id = meta.text("source_run_id");
  auto params = TRY(values_in(folder / "params"));
  model.params = as_params(std::move(params));
  model.tags = TRY(values_in(folder / "tags"));
  for (const auto& [key, path] : files_below(folder / "metrics")) {
    std::ifstream lines(path);
    for (std::string line; std::getline(lines, line);) {
      if (line.empty()) continue;
      auto point = TRY(parse_point(key, line, true, path));
      model.metrics.push_back(std::move(point));
    }
  }
  return found;
}

Result<void> MlflowFolder::registered_models(const Each<const SourceRegisteredModel&>& each) {
  for (const auto& folder : registry_folders()) {
    const auto found = TRY(read_registered(folder));
    TRY(each(found));
  }
  return {};
}

Result<SourceRegisteredModel> MlflowFolder::read_registered(const fs::path& folder) {
  const auto meta = TRY(MetaFile::read(folder / kMeta));
  SourceRegisteredModel found;
  auto& model = found.model;
  model.name = meta.text("name");
  model.creation_timestamp_ms = meta.integer("creation_timestamp");
  model.last_updated_timestamp_ms = meta.integer("last_updated_timestamp");
  model.description = meta.maybe_text("description");
  model.tags = TRY(values_in(folder / "tags"));
  const auto aliases = TRY(values_in(folder / "aliases"));
  for (const auto& alias : aliases) {
    model.aliases.push_back({alias.key, to_integer(trim(alias.value)).value_or(0)});
  }
  for (const auto& version_folder : folders_in(folder)) {
    if (!version_folder.filename().string().starts_with("version-") || !has_meta(version_folder)) {
      continue;
    }
    const auto info = TRY(MetaFile::read(version_folder / kMeta));
    found.last_version = std::max(found.last_version, info.integer("version"));
    if (info.text("current_stage") == "Deleted_Internal") continue;  // only keeps the number
    auto& imported = found.versions.emplace_back();
    auto& version = imported.version;
    version.name = model.name;
    version.version = info.integer("version");
    version.creation_timestamp_ms = info.integer("creation_timestamp");
    version.last_updated_timestamp_ms = info.integer("last_updated_timestamp");
    version.description = info.maybe_text("description");
    version.user_id = info.text("user_id");
    version.current_stage = info.maybe_text("current_stage").value_or("None");
    version.source = info.text("source");
    version.run_id = info.text("run_id");
    version.run_link = info.text("run_link");
    version.status = info.text("status") == "READY" || info.text("status").empty()
                         ? store::VersionStatus::ready
                         : store::VersionStatus::pending_registration;
    version.status_message = info.text("status_message");
    version.tags = TRY(values_in(version_folder / "tags"));
    imported.storage_location = info.maybe_text("storage_location").value_or(version.source);
  }
  return found;
}

// Points are counted as lines that differ: what was logged twice is kept once.
Result<store::ImportCounts> MlflowFolder::counts() {
  store::ImportCounts out;
  const auto n_files = [](const fs::path& folder) {
    return static_cast<int64_t>(files_below(folder).size());
  };
  for (const auto& experiment : experiment_folders()) {
    out.n_experiments += 1;
    out.n_experiment_tags += n_files(experiment / "tags");
    for (const auto& run : run_folders(experiment)) {
      out.n_runs += 1;
      out.n_params += n_files(run / "params");
      out.n_run_tags += n_files(run / "tags");
      out.n_model_links += static_cast<int64_t>(folders_in(run / "outputs").size());
      for (const auto& input : folders_in(run / "inputs")) {
        const auto meta = TRY(MetaFile::read(input / kMeta));
        (meta.text("source_type") == "DATASET" ? out.n_dataset_inputs : out.n_model_links) += 1;
      }
      for (const auto& [key, path] : files_below(run / "metrics")) {
        std::ifstream file(path);
        std::vector<std::string> lines;
        for (std::string line; std::getline(file, line);) lines.push_back(line);
        std::erase(lines, "");
        std::sort(lines.begin(), lines.end());
        out.n_points += std::unique(lines.begin(), lines.end()) - lines.begin();
      }
    }
    for (const auto& model : folders_in(experiment / kModels)) {
      if (!has_meta(model)) continue;
      const auto found = TRY(read_model(model));
      out.n_logged_models += 1;
      out.n_logged_model_data += n_files(model / "params") + n_files(model / "tags") +
                                 static_cast<int64_t>(found.model.metrics.size());
    }
  }
  for (const auto& folder : registry_folders()) {
    const auto found = TRY(read_registered(folder));
    out.n_registered_models += 1;
    out.n_versions += static_cast<int64_t>(found.versions.size());
    out.n_aliases += static_cast<int64_t>(found.model.aliases.size());
    out.n_registry_tags += n_files(folder / "tags");
    for (const auto& imported : found.versions) {
      out.n_registry_tags += static_cast<int64_t>(imported.version.tags.size());
    }
  }
  return out;
}

Result<std::vector<std::pair<std::string, int64_t>>> MlflowFolder::left_out() {
  std::vector<std::pair<std::string, int64_t>> out;
  int64_t n_traces = 0;
  for (const auto& experiment : experiment_folders()) {
    n_traces += static_cast<int64_t>(folders_in(experiment / "traces").size());
  }
  if (n_traces > 0) out.emplace_back("traces", n_traces);
  return out;
}

}  // namespace

bool is_mlflow_folder(const fs::path& folder) {
  if (has_meta(folder / "0")) return true;
  for (const auto& inner : folders_in(folder)) {
    if (has_meta(inner)) return true;
  }
  return false;
}

Result<std::unique_ptr<Source>> open_mlflow_folder(const fs::path& folder) {
  if (!is_mlflow_folder(folder)) {
    return fail(Code::invalid_parameter_value,
                "'{}' is no mlruns folder: no experiment's meta.yaml lies in it", folder.string());
  }
  return std::unique_ptr<Source>(std::make_unique<MlflowFolder>(folder));
}

}  // namespace slipway::intake
