#include "intake/mlflow_revisions.h"

#include <algorithm>
#include <array>

namespace slipway::intake {
namespace {

// Oldest first: a database at one of these has what all before it added.
constexpr std::array<std::string_view, 50> kRevisions = {
    "97727af70f4d", "3500859a5d39", "7f2a7d5fae7d",  "2d6e25af4d3e", "acf3f17fdcc7",
    "867495a8f9d4", "5b0e9adcef9c", "4465047574b1",  "f5a4f2784254", "0584bdc529eb",
    "400f98739977", "6953534de441", "bda7b8c39065",  "cbc13b556ace", "770bee3ae1dd",
    "a1b2c3d4e5f6", "de4033877273", "1a0cddfcaa16",  "534353b11cbc", "71994744cf8e",
    "3da73c924c2f", "bf29a5ff90ea", "1bd49d398cd23", "b7c8d9e0f1a2", "5d2d30f0abce",
    "c9d4e5f6a7b8", "2c33131f4dae", "d3e4f5a6b7c8",  "d0e1f2a3b4c5", "c8d9e0f1a2b3",
    "1b5f0d9ad7c1", "e1f2a3b4c5d6", "76601a5f987d",  "c3d6457b6d8a", "a5b4c3d2e1f0",
    "ae8bbe7743c9", "7d34483879f0", "da6fb0208061",  "89d3d66ed43f", "b7e4c1a90f23",
    "a8b9c0d1e2f3", "c1d2e3f4a5b6", "c3d9e7f1a2b4",  "6f8d9c3b2a1e", "1971f2d9a75b",
    "17e22815139b", "b7e2c1a4d9f3", "75868b020152",  "dc11669786a5", ""};

size_t place_of(std::string_view revision) {
  return static_cast<size_t>(std::find(kRevisions.begin(), kRevisions.end() - 1, revision) -
                             kRevisions.begin());
}

}  // namespace

Result<MlflowTables> mlflow_tables(std::string_view revision) {
  const size_t place = place_of(revision);
  if (place + 1 == kRevisions.size()) {
    return fail(Code::not_implemented,
                "MLflow's database has the version '{}', which is none of those that MLflow 2.0 to "
                "3.17 made: bring an older one up with `mlflow db upgrade` of MLflow 3.17; for a "
                "newer one this program is too old",
                revision);
  }
  const auto since = [&](std::string_view first) { return place >= place_of(first); };
  MlflowTables tables;
  tables.has_aliases = since("3500859a5d39");
  tables.has_datasets = since("7f2a7d5fae7d");
  tables.has_storage_location = since("acf3f17fdcc7");
  tables.has_traces = since("867495a8f9d4");
  tables.has_logged_models = since("400f98739977");
  tables.has_input_steps = since("6953534de441");
  tables.has_webhooks = since("1a0cddfcaa16");
  tables.has_workspaces = since("1b5f0d9ad7c1");
  return tables;
}

}  // namespace slipway::intake
