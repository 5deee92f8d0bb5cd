// api/wire.h — the store's objects as MLflow's JSON.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "files/artifact_store.h"
#include "store/experiments.h"
#include "store/logged_models.h"
#include "store/metrics.h"
#include "store/model_versions.h"
#include "store/registry.h"
#include "store/roles.h"
#include "store/runs.h"
#include "store/tokens.h"

namespace slipway::api {

// Lists that are empty and values that are unset are left out, as protobuf's JSON does it.
// Source   field names and order as observed on mlflow 3.17.2.
JsonObject to_json(const store::Experiment& experiment);
JsonObject to_json(const store::Metric& metric);
JsonObject to_json(const store::LoggedModel& model);
JsonObject to_json(const store::ModelVersion& version);
JsonObject to_json(const store::RegisteredModel& model);
JsonObject to_json(const store::Grant& grant);
JsonObject to_json(const store::Role& role);
JsonObject to_json(const store::TokenInfo& token);
JsonObject to_json(const files::Entry& entry, std::string_view folder);

/// Make {`key`: [items…]}, {} where there are none, with `next_page_token` where it is not empty.
template <typename T>
JsonObject list_json(std::string_view key, const std::vector<T>& items,
                     std::string_view next_page_token = {}) {
  JsonObject out;
  if (!items.empty()) {
    JsonArray list;
    list.reserve(items.size());
    for (const auto& item : items) list.push_back(to_json(item));
    out[{key.data(), key.size()}] = std::move(list);
  }
  if (!next_page_token.empty()) {
    out["next_page_token"] =
        boost::json::string_view(next_page_token.data(), next_page_token.size());
  }
  return out;
}

/// Whether a run without outputs has an empty object of them; the one just created has not.
enum class EmptyOutputs { shown, left_out };

/// Append a run as JSON text: runs come by the thousand, so no tree is built for them.
void append_run(std::string& out, const store::Run& run,
                EmptyOutputs empty_outputs = EmptyOutputs::shown);
void append_run_info(std::string& out, const store::RunInfo& info);

/// Append a metric point as to_json() writes it.
void append_metric(std::string& out, const store::Metric& metric);

}  // namespace slipway::api
