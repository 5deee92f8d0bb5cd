#include "store/run_inputs.h"

#include "base/json.h"
#include "store/limits.h"
#include "store/rows.h"
#include "store/run_rows.h"

namespace slipway::store {
namespace {

constexpr int kModelInput = 0;
constexpr int kModelOutput = 1;

Result<void> check_dataset(const DatasetInput& input) {
  const Dataset& dataset = input.dataset;
  TRY(check_length(dataset.name, 500, "name"));
  TRY(check_length(dataset.digest, 36, "digest"));
  TRY(check_length(dataset.source, 65'535, "source"));
  TRY(check_length(dataset.schema, 1'048'575, "schema"));
  TRY(check_length(dataset.profile, 16'777'215, "profile"));
  for (const Tag& tag : input.tags) {
    TRY(check_length(tag.key, 255, "key"));
    TRY(check_length(tag.value, 500, "value"));
  }
  return {};
}

Result<int64_t> intern_dataset(db::Connection& conn, int64_t experiment_key,
                               const Dataset& dataset) {
  const auto held = TRY(conn.integer(
      "SELECT dataset_key FROM datasets WHERE experiment_id = ? AND name = ? AND digest = ?",
      experiment_key, dataset.name, dataset.digest));
  if (held) return *held;
  return conn.insert(
      "INSERT INTO datasets (experiment_id, name, digest, source_type, source, schema, profile)"
      " VALUES (?, ?, ?, ?, ?, ?, ?) RETURNING dataset_key",
      experiment_key, dataset.name, dataset.digest, dataset.source_type, dataset.source,
      dataset.schema, dataset.profile);
}

Result<void> log_dataset(db::Connection& conn, const RunRow& run, const DatasetInput& input) {
  const int64_t dataset_key = TRY(intern_dataset(conn, run.experiment_key, input.dataset));
  TRY(
      conn.exec("INSERT INTO run_datasets (run_key, dataset_key) VALUES (?, ?)"
                " ON CONFLICT DO NOTHING",
                run.key, dataset_key));
  if (conn.changes() == 0) return {};
  for (const Tag& tag : input.tags) {
    TRY(
        conn.exec("INSERT INTO run_dataset_tags (run_key, dataset_key, key, value)"
                  " VALUES (?, ?, ?, ?) ON CONFLICT (run_key, dataset_key, key)"
                  " DO UPDATE SET value = excluded.value",
                  run.key, dataset_key, tag.key, tag.value));
  }
  return {};
}

Result<void> log_model(db::Connection& conn, const RunRow& run, int direction,
                       const ModelOutput& model) {
  const auto known =
      TRY(conn.integer("SELECT 1 FROM logged_models WHERE model_id = ?", model.model_id));
  if (!known) {
    return fail(Code::resource_does_not_exist, "Logged model with ID '{}' not found.",
                model.model_id);
  }
  return conn.exec(
      "INSERT INTO run_models (run_key, direction, model_id, step) VALUES (?, ?, ?, ?)"
      " ON CONFLICT (run_key, direction, model_id) DO UPDATE SET step = excluded.step",
      run.key, direction, model.model_id, model.step);
}

Result<void> load_datasets(db::Connection& conn, const PageKeys& page, std::vector<Run>& runs) {
  constexpr std::string_view kSql =
      "SELECT rd.run_key, rd.dataset_key, d.name, d.digest, d.source_type, d.source, d.schema,"
      " d.profile FROM run_datasets rd JOIN datasets d ON d.dataset_key = rd.dataset_key"
      " WHERE rd.run_key IN (SELECT value FROM json_each(?))";
  constexpr std::string_view kTags =
      "SELECT key, value FROM run_dataset_tags WHERE run_key = ? AND dataset_key = ?";
  return conn.for_each(
      kSql,
      [&](const db::Row& row) {
        DatasetInput input;
        input.dataset = {row.text(2), row.text(3), row.text(4),
                         row.text(5), row.text(6), row.text(7)};
        auto read = conn.for_each(
            kTags, [&](const db::Row& tag) { input.tags.push_back({tag.text(0), tag.text(1)}); },
            row.integer(0), row.integer(1));
        runs[page.place(row.integer(0))].dataset_inputs.push_back(std::move(input));
        return read;
      },
      page.list());
}

}  // namespace

Result<void> load_inputs(db::Connection& conn, const std::vector<int64_t>& keys,
                         std::vector<Run>& runs) {
  const PageKeys page(keys);
  TRY(load_datasets(conn, page, runs));
  return conn.for_each(
      "SELECT run_key, direction, model_id, step FROM run_models"
      " WHERE run_key IN (SELECT value FROM json_each(?))",
      [&](const db::Row& row) {
        Run& run = runs[page.place(row.integer(0))];
        if (row.integer(1) == kModelInput) {
          run.model_inputs.push_back(row.text(2));
        } else {
          run.model_outputs.push_back({row.text(2), row.integer(3)});
        }
      },
      page.list());
}

Result<void> log_inputs(db::Connection& conn, std::string_view run_id,
                        const std::vector<DatasetInput>& datasets,
                        const std::vector<std::string>& model_ids) {
  TRY(check_run_id(run_id));
  for (const DatasetInput& input : datasets) TRY(check_dataset(input));
  const RunRow run = TRY(active_run(conn, run_id));
  for (const DatasetInput& input : datasets) TRY(log_dataset(conn, run, input));
  for (const std::string& model_id : model_ids) {
    TRY(log_model(conn, run, kModelInput, {model_id, 0}));
  }
  return {};
}

Result<void> log_outputs(db::Connection& conn, std::string_view run_id,
                         const std::vector<ModelOutput>& models) {
  const RunRow run = TRY(active_run(conn, run_id));
  for (const ModelOutput& model : models) TRY(log_model(conn, run, kModelOutput, model));
  return {};
}

Result<std::vector<DatasetSummary>> search_datasets(
    db::Connection& conn, const std::vector<std::string>& experiment_ids) {
  constexpr size_t kMaxExperiments = 20;
  if (experiment_ids.size() > kMaxExperiments) {
    return fail(Code::invalid_parameter_value,
                "SearchDatasets request cannot specify more than {} experiment_ids. Received {} "
                "experiment_ids.",
                kMaxExperiments, experiment_ids.size());
  }
  std::vector<DatasetSummary> out;
  constexpr size_t kMaxRows = 1000;
  for (const std::string& experiment_id : experiment_ids) {
    const int64_t key = TRY(experiment_key(experiment_id));
    TRY(conn.for_each(
        "SELECT DISTINCT d.name, d.digest, coalesce(t.value, '') FROM datasets d"
        " JOIN run_datasets rd ON rd.dataset_key = d.dataset_key"
        " LEFT JOIN run_dataset_tags t ON t.run_key = rd.run_key"
        " AND t.dataset_key = rd.dataset_key AND t.key = 'mlflow.data.context'"
        " WHERE d.experiment_id = ? ORDER BY 1, 2, 3 LIMIT 1000",
        [&](const db::Row& row) {
          if (out.size() == kMaxRows) return;
          out.push_back({std::to_string(key), row.text(0), row.text(1), row.text(2)});
        },
        key));
  }
  return out;
}

}  // namespace slipway::store
